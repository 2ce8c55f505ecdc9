// What the parts of the reader share.
#ifndef PILOTWIRE_READER_H
#define PILOTWIRE_READER_H

#include "firmware/native/wire/wire.h"

enum {
    HEAD = 3,   // a token's text is gathered at arena[w + HEAD], where a kept string belongs
    SHORT = 64, // of a key, an enum value or a date-time as much is gathered
    GUARD = 80, // room for that behind the last record
};

// Modes: what the scanner expects next.
enum {
    M_DEAD, // nothing: the outcome is certain
    M_START,
    M_VALUE,
    M_VALUE_OR_CLOSE,
    M_KEY,
    M_KEY_OR_CLOSE,
    M_COLON,
    M_AFTER, // comma or closing bracket
    M_END, // white space
    M_STRING, // from here on: in the middle of a token
    M_DIGITS,
    M_WORD, // true, false, null
    M_UNUSUAL, // in a string: what is no plain ASCII; below: in the middle of that
    M_LETTER, // the letter of an escape
    M_HEX,
    M_LOW, // the backslash of a low surrogate
    M_LOW_U, // ... its u
    M_UTF8,
};

// How a value or element ended.
typedef enum {
    TOKEN_STRING,
    TOKEN_NUMBER,
    TOKEN_FALSE,
    TOKEN_TRUE,
    TOKEN_NULL,
    TOKEN_OPEN, // a bracket opens where an element of the message is expected
    TOKEN_END, // the message has ended
} wire_token_t;

// A kind beside those of the table: an element of the message itself.
enum { KIND_ENVELOPE = 9 };

// A value kept as text: expected, begun.
enum { RAW_NONE, RAW_EXPECTED, RAW_BEGUN };

enum {
    FLAG_NEGATIVE = 1,
    FLAG_INEXACT = 2, // digits other than 0 were dropped
    FLAG_ROUND = 4, // ... and the first of them is 5 or more
    FLAG_DROPPED = 8,
    FLAG_EXPONENT_NEGATIVE = 16,
};

static inline uint8_t *wire_gathered(const wire_reader_t *r) {
    return r->arena + r->w + HEAD;
}

// The string that is being read is a date-time.
static inline bool wire_in_time(const wire_reader_t *r) {
    return r->kind == KIND_TIME && !r->is_key;
}

// walk.c: keys, values and brackets against the tables.
bool wire_key_in_place(wire_reader_t *r, wire_error_t *error);
wire_error_t wire_key(wire_reader_t *r);
wire_error_t wire_leaf(wire_reader_t *r, wire_token_t token);
wire_error_t wire_string(wire_reader_t *r);
wire_error_t wire_open(wire_reader_t *r, bool is_array);
wire_error_t wire_close(wire_reader_t *r);

// envelope.c: an element of the message ended, or opens and is not the payload.
wire_error_t wire_envelope(wire_reader_t *r, wire_token_t token);

// keep.c: what is accepted, into the arena if it is to be kept.
wire_error_t wire_keep(wire_reader_t *r, unsigned tag, int32_t value, unsigned decimals);
wire_error_t wire_keep_string(wire_reader_t *r);
wire_error_t wire_keep_raw(wire_reader_t *r); // what has been scanned of a value that is kept as text
wire_error_t wire_end_raw(wire_reader_t *r);
wire_error_t wire_begin_array(wire_reader_t *r, uint16_t *mark);
void wire_end_array(wire_reader_t *r, const wire_frame_t *array);
wire_error_t wire_end_item(wire_reader_t *r);

// text.c, number.c, date_time.c
wire_error_t wire_unusual(wire_reader_t *r); // escapes and UTF-8, from r->at on
wire_error_t wire_word(wire_reader_t *r, wire_token_t *token);
void wire_skip(wire_reader_t *r); // the outcome is certain
void wire_begin_number(wire_reader_t *r);
wire_error_t wire_digits(wire_reader_t *r);
wire_error_t wire_normalize(wire_number_t *number);
wire_error_t wire_number(wire_reader_t *r);
bool wire_is_surplus(const wire_reader_t *r, uint8_t c); // of a string: need not be gathered
wire_error_t wire_time(wire_reader_t *r);

// names.c. The length of a name that text[:n] begins with, else 0; whether it is the text.
size_t wire_begins_with(unsigned id, const uint8_t *text, size_t n);
bool wire_is_name(unsigned id, const uint8_t *text, size_t n);

#endif
