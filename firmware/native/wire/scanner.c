// The scanner: RFC 8259 in any split, one pass, no look-ahead. It hands keys, values and brackets to the schema walk;
// the first error ends it.

#include <string.h>

#include "firmware/native/wire/reader.h"

static bool expects_value(const wire_reader_t *r) {
    return r->mode == M_VALUE || r->mode == M_VALUE_OR_CLOSE;
}

static bool is_plain(uint8_t c) {
    return (uint8_t)(c - 32) < 96 && c != '"' && c != '\\';
}

// A value other than a bracket has ended.
static wire_error_t value(wire_reader_t *r, wire_token_t token) {
    r->mode = M_AFTER;
    if (r->free != 0) {
        return E_NONE;
    }
    return r->frame == 0 ? wire_envelope(r, token) : wire_leaf(r, token);
}

static void begin_raw(wire_reader_t *r) {
    if (r->raw == RAW_EXPECTED) {
        r->raw = RAW_BEGUN;
        r->raw_from = r->at - 1;
    }
}

static wire_error_t quote(wire_reader_t *r) {
    r->n = 0;
    r->continued = 0;
    r->limit = 0;
    if (expects_value(r)) {
        begin_raw(r);
        r->is_key = false;
        if (r->raw == RAW_NONE && r->free == 0 && (r->store != 0 || r->kind > KIND_STRING)) {
            r->limit = r->capacity + SHORT - r->w;
        }
    } else if (r->mode == M_KEY || r->mode == M_KEY_OR_CLOSE) {
        wire_error_t error;
        r->is_key = true;
        if (r->free == 0) {
            if (wire_key_in_place(r, &error)) {
                r->mode = M_COLON;
                return error;
            }
            r->limit = SHORT;
        }
    } else {
        return E_SYNTAX;
    }
    r->mode = M_STRING;
    return E_NONE;
}

static wire_error_t closing(wire_reader_t *r, bool is_array) {
    if ((r->mode != M_AFTER && r->mode != M_VALUE_OR_CLOSE && r->mode != M_KEY_OR_CLOSE) || r->in_array != is_array) {
        return E_SYNTAX;
    }
    if (r->frame == 0 && r->free == 0) {
        r->mode = M_END;
        return wire_envelope(r, TOKEN_END);
    }
    r->mode = M_AFTER;
    return wire_close(r);
}

// A number, or a word: the character has not been taken in. Most numbers are short integers: done at once.
static wire_error_t literal(wire_reader_t *r) {
    const uint8_t *p = r->buf + r->at;
    const uint8_t *end = r->buf + r->end;
    if (*p > '9') {
        r->mode = M_WORD;
        r->literal = *p == 't' ? 6 : *p == 'n' ? 11 : 0;
        return E_NONE;
    }
    r->mode = M_DIGITS;
    wire_begin_number(r);
    if (*p > '0') {
        uint32_t n = 0;
        while (p < end && n < 100000000 && *p >= '0' && *p <= '9') {
            n = n * 10 + *p++ - '0';
        }
        if (p < end && (*p == ',' || *p == '}' || *p == ']')) {
            r->at = p - r->buf;
            r->number.mantissa = n;
            return value(r, TOKEN_NUMBER);
        }
    }
    return E_NONE;
}

// A character outside of tokens.
static wire_error_t structure(wire_reader_t *r) {
    uint8_t c = r->buf[r->at++];
    switch (c) {
        case ' ':
        case '\n':
        case '\r':
        case '\t':
            return E_NONE;
        case '"':
            return quote(r);
        case ',':
            if (r->mode != M_AFTER) {
                return E_SYNTAX;
            }
            r->mode = r->in_array ? M_VALUE : M_KEY;
            return E_NONE;
        case '}':
        case ']':
            return closing(r, c == ']');
    }
    if (c == ':' && r->mode == M_COLON) {
        r->mode = M_VALUE;
        return E_NONE;
    }
    if (c == '[' && r->mode == M_START) {
        r->mode = M_VALUE_OR_CLOSE;
        return E_NONE;
    }
    if (c < 32 || c > 127) {
        r->at -= c > 127; // it still has to be UTF-8
        return E_SYNTAX;
    }
    if (!expects_value(r)) {
        return E_SYNTAX;
    }
    begin_raw(r);
    if (c == '{' || c == '[') {
        r->mode = c == '[' ? M_VALUE_OR_CLOSE : M_KEY_OR_CLOSE;
        return wire_open(r, c == '[');
    }
    r->at--;
    return literal(r);
}

// In a string: up to its end, or to what is no plain ASCII.
static wire_error_t string(wire_reader_t *r) {
    const uint8_t *begin = r->buf + r->at;
    const uint8_t *end = r->buf + r->end;
    const uint8_t *p = begin;
    if (*p != '"' && wire_in_time(r)) { // goes byte by byte
        r->mode = M_UNUSUAL;
        return E_NONE;
    }
    if (r->n < r->limit) {
        const uint8_t *stop = end - p > (ptrdiff_t)(r->limit - r->n) ? p + (r->limit - r->n) : end;
        uint8_t *to = wire_gathered(r) + r->n;
        while (p < stop && is_plain(*p)) {
            *to++ = *p++;
        }
    }
    while (p < end && is_plain(*p)) { // the rest is only counted
        p++;
    }
    r->n += p - begin;
    r->at = p - r->buf;
    if (p == end) {
        return E_NONE;
    }
    if (*p != '"') {
        r->mode = M_UNUSUAL;
        return E_NONE;
    }
    r->at++;
    if (r->is_key) {
        r->mode = M_COLON;
        return r->free == 0 ? wire_key(r) : E_NONE;
    }
    return value(r, TOKEN_STRING);
}

static wire_error_t step(wire_reader_t *r) {
    wire_error_t error;
    wire_token_t token = TOKEN_NUMBER;
    uint8_t mode = r->mode;
    if (mode <= M_END) {
        return structure(r);
    }
    if (mode == M_STRING) {
        return string(r);
    }
    if (mode >= M_UNUSUAL) {
        return wire_unusual(r);
    }
    error = mode == M_DIGITS ? wire_digits(r) : wire_word(r, &token);
    return error == E_NONE && r->mode == M_AFTER ? value(r, token) : error;
}

static void fail(wire_reader_t *r, wire_error_t error) {
    r->error = error;
    r->at_error = r->size - r->end + r->at;
    r->mode = M_DEAD;
}

void wire_feed(wire_reader_t *r, const uint8_t *buf, size_t n) {
    wire_error_t error = E_NONE;
    r->buf = buf;
    r->at = 0;
    r->end = n;
    r->raw_from = 0;
    r->size += n;
    while (r->at < r->end && r->mode != M_DEAD) {
        error = step(r);
        if (error != E_NONE) {
            fail(r, error);
        }
    }
    if (r->mode == M_DEAD) {
        wire_skip(r);
    } else if (r->raw == RAW_BEGUN) {
        error = wire_keep_raw(r);
        if (error != E_NONE) {
            fail(r, error);
        }
    }
    r->buf = NULL;
}

bool wire_init(wire_reader_t *r, uint8_t *arena, size_t size) {
    if (size < WIRE_ARENA_LEAST || size > WIRE_ARENA_MOST) {
        return false;
    }
    r->arena = arena;
    r->capacity = size - GUARD;
    wire_start(r, 0);
    return true;
}

void wire_start(wire_reader_t *r, unsigned pending) {
    uint8_t *arena = r->arena;
    uint16_t capacity = r->capacity;
    memset(r, 0, sizeof(*r));
    r->arena = arena;
    r->capacity = capacity;
    r->mode = M_START;
    r->kind = KIND_ENVELOPE;
    r->in_array = r->frames[0].is_array = true;
    r->id = -1;
    r->pending = pending;
}

unsigned wire_finish(wire_reader_t *r, const uint8_t *expected, size_t n) {
    if (r->utf8.more != 0) {
        r->bad_utf8 = true;
    }
    if (r->mode != M_END && r->error == E_NONE) {
        r->error = E_TRUNCATED;
        r->at_error = r->size;
    }
    r->mode = M_DEAD;
    if (r->message < WIRE_CALL || r->message > 6) {
        r->message = WIRE_BAD;
    }
    if (r->message == WIRE_CALLRESULT || r->message == WIRE_CALLERROR) {
        if (expected == NULL || r->id < 0 || (size_t)r->id != n || memcmp(wire_id(r), expected, n) != 0) {
            r->error = E_UNEXPECTED;
        }
    }
    return r->message;
}

bool wire_is_certain(const wire_reader_t *r) {
    return r->mode == M_DEAD;
}

const uint8_t *wire_id(const wire_reader_t *r) {
    return r->arena + HEAD;
}

const uint8_t *wire_text(const wire_reader_t *r) {
    return wire_gathered(r);
}
