#include "firmware/native/json_out/json_out.h"

#include <stddef.h>

// One byte, in the second pass into the buffer. The caller has looked whether there is room.
static void put(json_out_t *o, uint8_t *buffer, uint8_t c) {
    if (buffer != NULL) {
        buffer[o->at] = c;
    }
    o->at++;
}

static void put_escaped(json_out_t *o, uint8_t *buffer, uint8_t c) {
    put(o, buffer, '\\');
    if (c >= ' ') {
        put(o, buffer, c);
        return;
    }
    put(o, buffer, 'u');
    put(o, buffer, '0');
    put(o, buffer, '0');
    put(o, buffer, '0' + (c >> 4));
    put(o, buffer, "0123456789abcdef"[c & 15]);
}

int json_out_copy(json_out_t *o, uint8_t *buffer, const uint8_t *source, uint32_t length, unsigned around) {
    uint32_t size = o->size;
    int quoted = around & JSON_OUT_QUOTED;
    if (around & JSON_OUT_COUNTING) {
        buffer = NULL;
        size = UINT32_MAX;
    }
    if (!o->begun) {
        if (size - o->at < 2) {
            return 0;
        }
        unsigned part = around >> JSON_OUT_LENGTH & 0xFF;
        o->from = around >> JSON_OUT_FROM;
        o->to = part != 0 ? o->from + part : length;
        if (around & JSON_OUT_COMMA) {
            put(o, buffer, ',');
        }
        if (quoted) {
            put(o, buffer, '"');
        }
        o->begun = 1;
    }
    for (; o->from < o->to; o->from++) {
        uint8_t c = source[o->from];
        int plain = !quoted || (c >= ' ' && c != '"' && c != '\\');
        if (size - o->at < (plain ? 1 : c < ' ' ? 6 : 2)) {
            return 0;
        }
        if (plain) {
            put(o, buffer, c);
        } else {
            put_escaped(o, buffer, c);
        }
    }
    if (size - o->at < 2 && (around & (JSON_OUT_QUOTED | JSON_OUT_COLON))) {
        return 0;
    }
    if (quoted) {
        put(o, buffer, '"');
    }
    if (around & JSON_OUT_COLON) {
        put(o, buffer, ':');
    }
    o->begun = 0;
    return 1;
}
