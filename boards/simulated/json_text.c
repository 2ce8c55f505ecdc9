// Strings of the JSON reader, and its writer. See json.h.

#include "json.h"

#include <string.h>

static unsigned utf8_encode(uint32_t code, char *to) {
    if (code < 0x80) {
        to[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        to[0] = (char)(0xc0 | code >> 6);
        to[1] = (char)(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        to[0] = (char)(0xe0 | code >> 12);
        to[1] = (char)(0x80 | (code >> 6 & 0x3f));
        to[2] = (char)(0x80 | (code & 0x3f));
        return 3;
    }
    to[0] = (char)(0xf0 | code >> 18);
    to[1] = (char)(0x80 | (code >> 12 & 0x3f));
    to[2] = (char)(0x80 | (code >> 6 & 0x3f));
    to[3] = (char)(0x80 | (code & 0x3f));
    return 4;
}

// Decodes the escape at *at into `to`; its length in UTF-8, 0 for a lone surrogate.
static unsigned decode_escape(const char **at, const char *end, char *to) {
    static const char from[] = "\"\\/bfnrt";
    static const char into[] = "\"\\/\b\f\n\r\t";
    char kind = (*at)[1];
    if (kind != 'u') {
        to[0] = into[strchr(from, kind) - from];
        *at += 2;
        return 1;
    }
    uint32_t code = (uint32_t)json_hex4(*at + 2, end);
    *at += 6;
    if (code >= 0xdc00 && code < 0xe000) {
        return 0;
    }
    if (code >= 0xd800 && code < 0xdc00) {
        int low = end - *at >= 6 && (*at)[0] == '\\' && (*at)[1] == 'u' ? json_hex4(*at + 2, end) : -1;
        if (low < 0xdc00 || low > 0xdfff) {
            return 0;
        }
        *at += 6;
        code = 0x10000 + ((code - 0xd800) << 10) + ((uint32_t)low - 0xdc00);
    }
    return utf8_encode(code, to);
}

int json_string(json_t value, char *buffer, size_t size) {
    if (!json_is_string(value)) {
        return JSON_NOT_A_STRING;
    }
    const char *at = value.text + 1;
    const char *end = value.text + value.length - 1;
    size_t used = 0;
    while (at < end) {
        char piece[4];
        unsigned n = 1;
        if (*at == '\\') {
            n = decode_escape(&at, end, piece);
            if (n == 0) {
                return JSON_LONE_SURROGATE;
            }
        } else {
            piece[0] = *at++;
        }
        if (used + n >= size) {
            return JSON_TOO_LONG;
        }
        memcpy(buffer + used, piece, n);
        used += n;
    }
    buffer[used] = 0;
    return (int)used;
}

static void put_bytes(json_out_t *out, const char *text, size_t length) {
    if (length > out->size - out->length) {
        out->full = true;
        return;
    }
    memcpy(out->buffer + out->length, text, length);
    out->length += length;
}

void json_put(json_out_t *out, const char *text) {
    put_bytes(out, text, strlen(text));
}

void json_put_raw(json_out_t *out, const char *text, size_t length) {
    size_t start = out->length;
    put_bytes(out, text, length);
    for (size_t i = start; i < out->length; i++) {
        if (out->buffer[i] == '\n' || out->buffer[i] == '\r') {
            out->buffer[i] = ' '; // only ever between tokens: inside strings they are escaped
        }
    }
}

void json_put_string(json_out_t *out, const char *text, size_t length) {
    static const char hex[] = "0123456789abcdef";
    put_bytes(out, "\"", 1);
    for (size_t i = 0; i < length; i++) {
        unsigned char ch = (unsigned char)text[i];
        if (ch == '"' || ch == '\\') {
            char escape[2] = {'\\', (char)ch};
            put_bytes(out, escape, 2);
        } else if (ch < 0x20 || ch == 0x7f) {
            char escape[6] = {'\\', 'u', '0', '0', hex[ch >> 4], hex[ch & 15]};
            put_bytes(out, escape, 6);
        } else {
            unsigned n = json_utf8_length((const unsigned char *)&text[i], (const unsigned char *)text + length);
            put_bytes(out, n == 0 ? "?" : &text[i], n == 0 ? 1 : n);
            i += n == 0 ? 0 : n - 1;
        }
    }
    put_bytes(out, "\"", 1);
}

void json_put_text(json_out_t *out, const char *text) {
    json_put_string(out, text, strlen(text));
}

void json_put_number(json_out_t *out, int64_t number) {
    char text[24];
    char *at = text + sizeof(text);
    uint64_t rest = number < 0 ? (uint64_t)-number : (uint64_t)number;
    do {
        *--at = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest != 0);
    if (number < 0) {
        *--at = '-';
    }
    put_bytes(out, at, (size_t)(text + sizeof(text) - at));
}
