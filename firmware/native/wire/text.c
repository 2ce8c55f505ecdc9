// What is rarer in JSON: escapes and UTF-8 (strictly: RFC 3629), words.

#include "firmware/native/wire/reader.h"

static const char ESCAPES[] = "\"\"\\\\//b\bf\fn\nr\rt\t";
static const char WORDS[] = "false\0true\0null"; // at 0, 6, 11
enum { AFTER_FALSE = 5, AFTER_TRUE = 10 };

static void put(wire_reader_t *r, unsigned byte) {
    if (wire_is_surplus(r, byte)) {
        return;
    }
    if (r->n < r->limit) {
        wire_gathered(r)[r->n] = byte;
    }
    r->n++;
}

// The first byte of a UTF-8 sequence: how many follow, and the range of the next one. False: it is none.
static bool lead(wire_utf8_t *u, uint8_t c) {
    if (c < 0xC2 || c > 0xF4) {
        return false;
    }
    u->more = c < 0xE0 ? 1 : c < 0xF0 ? 2 : 3;
    u->low = c == 0xE0 ? 0xA0 : c == 0xF0 ? 0x90 : 0x80;
    u->high = c == 0xED ? 0x9F : c == 0xF4 ? 0x8F : 0xBF; // 0xED: surrogates
    return true;
}

// A further byte of it. False: it is none.
static bool continued(wire_utf8_t *u, uint8_t c) {
    bool good = c >= u->low && c <= u->high;
    u->more--;
    u->low = 0x80;
    u->high = 0xBF;
    return good;
}

// The next byte of a text. False: it is not UTF-8.
static bool next(wire_utf8_t *u, uint8_t c) {
    return u->more != 0 ? continued(u, c) : c < 128 || lead(u, c);
}

bool wire_utf8(wire_utf8_t *u, const uint8_t *text, size_t n) {
    while (n != 0 && next(u, *text)) {
        n--;
        text++;
    }
    return n == 0;
}

static wire_error_t not_utf8(wire_reader_t *r) {
    r->bad_utf8 = true;
    return E_UTF8;
}

static void put_code_point(wire_reader_t *r, uint32_t code) {
    unsigned shift;
    if (code < 0x80) {
        put(r, code);
        return;
    }
    shift = code < 0x800 ? 6 : code < 0x10000 ? 12 : 18;
    put(r, (code < 0x800 ? 0xC0 : code < 0x10000 ? 0xE0 : 0xF0) | code >> shift);
    while (shift != 0) {
        shift -= 6;
        put(r, 0x80 | (code >> shift & 63));
        r->continued++;
    }
}

// A whole \uXXXX, into the string or kept as high surrogate.
static wire_error_t code_point(wire_reader_t *r) {
    uint32_t code = r->code;
    uint32_t high = r->high;
    bool is_low = code >= 0xDC00 && code < 0xE000;
    r->high = 0;
    if (is_low != (high != 0)) {
        return E_SURROGATE;
    }
    if (is_low) {
        code = ((high - 0xD800) << 10) + code - 0xDC00 + 0x10000;
    } else if (code >= 0xD800 && code < 0xDC00) {
        r->high = code;
        r->mode = M_LOW;
        return E_NONE;
    }
    put_code_point(r, code);
    r->mode = M_UNUSUAL;
    return E_NONE;
}

static wire_error_t hex(wire_reader_t *r, uint8_t c) {
    unsigned digit = c - '0';
    if (digit > 9) {
        digit = (c | 32) - 'a' + 10;
        if (digit < 10 || digit > 15) {
            return E_SYNTAX;
        }
    }
    r->code = r->code << 4 | digit;
    r->hex_left--;
    return r->hex_left == 0 ? code_point(r) : E_NONE;
}

static void begin_hex(wire_reader_t *r) {
    r->mode = M_HEX;
    r->hex_left = 4;
    r->code = 0;
}

static wire_error_t letter(wire_reader_t *r, uint8_t c) {
    const char *p = ESCAPES;
    if (c == 'u') {
        begin_hex(r);
        return E_NONE;
    }
    while (*p != '\0' && (uint8_t)*p != c) {
        p += 2;
    }
    if (*p == '\0') {
        return E_SYNTAX;
    }
    put(r, p[1]);
    r->mode = M_UNUSUAL;
    return E_NONE;
}

static wire_error_t first(wire_reader_t *r, uint8_t c) {
    if (c == '\\') {
        r->mode = M_LETTER;
        return E_NONE;
    }
    if (c < 32) {
        return E_CONTROL;
    }
    put(r, c);
    r->mode = M_UTF8;
    return next(&r->utf8, c) ? E_NONE : not_utf8(r);
}

static wire_error_t one(wire_reader_t *r, uint8_t c) {
    switch (r->mode) {
        case M_UNUSUAL:
            return first(r, c);
        case M_UTF8:
            put(r, c);
            r->continued++;
            if (!next(&r->utf8, c)) {
                return not_utf8(r);
            }
            if (r->utf8.more == 0) {
                r->mode = M_UNUSUAL;
            }
            return E_NONE;
        case M_HEX:
            return hex(r, c);
        case M_LETTER:
            return letter(r, c);
        case M_LOW:
            r->mode = M_LOW_U;
            return c == '\\' ? E_NONE : E_SURROGATE;
        default: // M_LOW_U
            begin_hex(r);
            return c == 'u' ? E_NONE : E_SURROGATE;
    }
}

wire_error_t wire_unusual(wire_reader_t *r) {
    for (; r->at < r->end; r->at++) {
        uint8_t c = r->buf[r->at];
        wire_error_t error;
        if (r->mode == M_UNUSUAL && c >= 32 && c < 128 && c != '\\') {
            if (c != '"' && wire_in_time(r)) {
                put(r, c);
                continue;
            }
            r->mode = M_STRING;
            break;
        }
        error = one(r, c);
        if (error != E_NONE) {
            return error; // with c still to come
        }
    }
    return E_NONE;
}

// It has to be UTF-8 all the same (RFC 6455, 8.1).
void wire_skip(wire_reader_t *r) {
    r->bad_utf8 = r->bad_utf8 || !wire_utf8(&r->utf8, r->buf + r->at, r->end - r->at);
    r->at = r->end;
}

wire_error_t wire_word(wire_reader_t *r, wire_token_t *token) {
    while (r->at < r->end && WORDS[r->literal] != '\0' && (uint8_t)WORDS[r->literal] == r->buf[r->at]) {
        r->literal++;
        r->at++;
    }
    if (WORDS[r->literal] == '\0') {
        r->mode = M_AFTER;
        *token = r->literal == AFTER_FALSE ? TOKEN_FALSE : r->literal == AFTER_TRUE ? TOKEN_TRUE : TOKEN_NULL;
    } else if (r->at < r->end) {
        return E_SYNTAX;
    }
    return E_NONE;
}
