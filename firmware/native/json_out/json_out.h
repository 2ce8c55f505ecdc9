// Copies the pieces of a message that leaves into the transmit buffer: no memory of its own, no MicroPython.
#ifndef PILOTWIRE_JSON_OUT_H
#define PILOTWIRE_JSON_OUT_H

#include <stdint.h>

// One piece, and the buffer; words set by the caller (firmware/wire/constants.py).
typedef struct {
    uint32_t from, to; // what of the source is still to be copied
    uint32_t at; // bytes in the buffer; in the first pass, bytes so far
    uint32_t size; // of the buffer: 8 at least
    uint32_t begun; // what stands before the piece is written
} json_out_t;

// `around`: what is around a piece.
enum {
    JSON_OUT_QUOTED = 1, // quotes, and what is between them is escaped
    JSON_OUT_COUNTING = 2, // the first pass: nothing is written
    JSON_OUT_COMMA = 4, // a comma before it
    JSON_OUT_COLON = 8, // a colon after it
};

// Copy what the buffer has room for. Returns: 1 the whole piece; 0 empty the buffer first.
int json_out_copy(json_out_t *o, uint8_t *buffer, const uint8_t *source, unsigned around);

#endif
