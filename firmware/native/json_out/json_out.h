// Copies the pieces of a message that leaves into the transmit buffer: no memory of its own, no MicroPython.
#ifndef PILOTWIRE_JSON_OUT_H
#define PILOTWIRE_JSON_OUT_H

#include <stdint.h>

// The piece that is under way, and the buffer; words of firmware/wire/constants.py.
typedef struct {
    uint32_t from, to; // what of the source is still to be copied
    uint32_t at; // bytes in the buffer; in the first pass, bytes so far
    uint32_t size; // of the buffer: 8 at least
    uint32_t begun; // what stands before the piece is written; the caller clears it before a message
} json_out_t;

// `around`: what is around a piece, and which part of its source it is.
enum {
    JSON_OUT_QUOTED = 1, // quotes, and what is between them is escaped
    JSON_OUT_COUNTING = 2, // the first pass: nothing is written
    JSON_OUT_COMMA = 4, // a comma before it
    JSON_OUT_COLON = 8, // a colon after it
    JSON_OUT_LENGTH = 8, // 8 bits from here on: its bytes, 0: all of the source
    JSON_OUT_FROM = 16, // from here on: where in the source it begins
};

// Bytes that the source of a piece must have.
static inline uint32_t json_out_least(unsigned around) {
    return (around >> JSON_OUT_FROM) + (around >> JSON_OUT_LENGTH & 0xFF);
}

// Copy what the buffer has room for. Returns: 1 the whole piece; 0 empty the buffer first, then come again with the same.
int json_out_copy(json_out_t *o, uint8_t *buffer, const uint8_t *source, uint32_t length, unsigned around);

#endif
