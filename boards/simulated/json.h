// A small JSON reader and writer for the control protocol: no allocation, no floats, bounded depth.
// A value is a slice of the text that holds it; nothing is copied until it is asked for.

#ifndef PILOTWIRE_SIMULATED_JSON_H
#define PILOTWIRE_SIMULATED_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JSON_DEPTH_MAX 16

typedef struct {
    const char *text; // NULL: no such value
    size_t length;
} json_t;

// Checks that `text` is exactly one JSON value (RFC 8259, UTF-8 included) and trims the white space around it.
// `wrong_at` gets the offset of the first byte that is wrong.
bool json_parse(const char *text, size_t length, json_t *value, size_t *wrong_at);

bool json_is_object(json_t value);
bool json_is_array(json_t value);
bool json_is_string(json_t value);
bool json_is_null(json_t value);

// The member `name` (ASCII) of an object; .text is NULL when there is none. A later duplicate loses.
json_t json_member(json_t object, const char *name);

// Walks over an object or an array: start with `*rest = 0`; false at the end. `name` is the undecoded key, or may be NULL.
bool json_next(json_t container, size_t *rest, json_t *name, json_t *item);

// Decodes a string into UTF-8 with a closing NUL, which is not counted. Returns its length in bytes,
// JSON_NOT_A_STRING, JSON_TOO_LONG, or JSON_LONE_SURROGATE.
int json_string(json_t value, char *buffer, size_t size);
#define JSON_NOT_A_STRING (-1)
#define JSON_TOO_LONG (-2)
#define JSON_LONE_SURROGATE (-3)

// A number times 10**decimals, rounded half away from zero. False: not a number, or out of 64 bits.
bool json_scaled(json_t value, unsigned decimals, int64_t *result);
// A whole number within lowest..highest.
bool json_whole(json_t value, int64_t lowest, int64_t highest, int64_t *result);
bool json_bool(json_t value, bool *result);

// Length of the UTF-8 sequence at `at`; 0 when it is none (overlong forms and surrogates are none).
unsigned json_utf8_length(const unsigned char *at, const unsigned char *end);
// Value of four hexadecimal digits, -1 when they are none.
int json_hex4(const char *at, const char *end);

// Output into a buffer that the caller gives. What does not fit is dropped and `full` is set.
typedef struct {
    char *buffer;
    size_t size;
    size_t length;
    bool full;
} json_out_t;

void json_put(json_out_t *out, const char *text);
void json_put_raw(json_out_t *out, const char *text, size_t length); // a JSON value as it came, kept on one line
void json_put_string(json_out_t *out, const char *text, size_t length); // quoted and escaped; bad UTF-8 becomes '?'
void json_put_text(json_out_t *out, const char *text);
void json_put_number(json_out_t *out, int64_t number);

#endif
