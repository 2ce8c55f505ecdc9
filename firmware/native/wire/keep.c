// What is accepted, into the arena (its format: firmware/wire/README.md).

#include <string.h>

#include "firmware/native/wire/reader.h"

enum { ARRAY_HEAD = 7 };

static void put_16(uint8_t *to, unsigned value) {
    to[0] = value;
    to[1] = value >> 8;
}

wire_error_t wire_keep(wire_reader_t *r, unsigned tag, int32_t value, unsigned decimals) {
    uint8_t *to = r->arena + r->w;
    unsigned size = tag == TAG_NUMBER ? 6 : tag == TAG_INT ? 5 : 3;
    if (r->store == 0) {
        return E_NONE;
    }
    if (r->w + size > r->capacity) {
        return E_SPACE;
    }
    to[0] = (r->store - 1) << 3 | tag;
    put_16(to + 1, value);
    if (size > 3) {
        put_16(to + 3, (uint32_t)value >> 16);
    }
    if (size > 5) {
        to[5] = decimals;
    }
    r->w += size;
    return E_NONE;
}

static wire_error_t text_head(wire_reader_t *r, uint32_t n) {
    uint8_t *to = r->arena + r->w;
    if (n > (uint32_t)r->capacity || r->w + HEAD + n > r->capacity) {
        return E_SPACE;
    }
    to[0] = (r->store - 1) << 3 | TAG_STRING;
    put_16(to + 1, n);
    return E_NONE;
}

// The string has been gathered where it belongs.
wire_error_t wire_keep_string(wire_reader_t *r) {
    if (r->store == 0) {
        return E_NONE;
    }
    if (text_head(r, r->n) != E_NONE) {
        return E_SPACE;
    }
    r->w += HEAD + r->n;
    return E_NONE;
}

wire_error_t wire_keep_raw(wire_reader_t *r) {
    uint32_t n = r->at - r->raw_from;
    if (n > (uint32_t)r->capacity || text_head(r, r->raw_length + n) != E_NONE) {
        return E_SPACE;
    }
    memcpy(wire_gathered(r) + r->raw_length, r->buf + r->raw_from, n);
    r->raw_length += n;
    return E_NONE;
}

wire_error_t wire_end_raw(wire_reader_t *r) {
    wire_error_t error = wire_keep_raw(r);
    if (error == E_NONE) {
        r->w += HEAD + r->raw_length;
        r->raw = RAW_NONE;
        r->raw_length = 0;
    }
    return error;
}

wire_error_t wire_begin_array(wire_reader_t *r, uint16_t *mark) {
    uint8_t *to = r->arena + r->w;
    if (r->w + ARRAY_HEAD > r->capacity) {
        return E_SPACE;
    }
    to[0] = (r->store - 1) << 3 | TAG_ARRAY;
    put_16(to + 5, r->child);
    *mark = r->w;
    r->w += ARRAY_HEAD;
    return E_NONE;
}

void wire_end_array(wire_reader_t *r, const wire_frame_t *array) {
    if (array->mark != 0) {
        put_16(r->arena + array->mark + 1, r->w - array->mark - ARRAY_HEAD);
        put_16(r->arena + array->mark + 3, array->seen);
    }
}

wire_error_t wire_end_item(wire_reader_t *r) {
    if (r->w == r->capacity) {
        return E_SPACE;
    }
    r->arena[r->w++] = TAG_END;
    return E_NONE;
}
