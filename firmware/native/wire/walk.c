// The schema walk: keys, values and brackets against the tables (tools/schema/README.md has their format).

#include "firmware/native/wire/reader.h"

enum {
    DEEPEST = 30, // levels in customData or other free JSON
    CUSTOM_DATA_BIT = 30, // in `seen`, behind those of the object's fields
    COUNT = 127, // fields of an object; the bit above: others are welcome
    IS_FREE = 128,
};

static wire_frame_t *innermost(wire_reader_t *r) {
    return &r->frames[r->frame];
}

// The value that is expected is of this type.
static void expect(wire_reader_t *r, unsigned type, unsigned store, unsigned child) {
    r->type = type;
    r->kind = wire_table[type] & 255;
    r->store = store;
    r->child = child;
}

// A field's key was read: what its value must be, and where it is kept.
static wire_error_t field(wire_reader_t *r, wire_frame_t *object, unsigned name, unsigned bit, unsigned type) {
    const uint16_t *entry = &wire_table[object->node];
    unsigned entries = object->node != 0 ? *entry & 255 : 0;
    object->name = name;
    if (object->seen >> bit & 1) {
        return E_TWICE;
    }
    object->seen |= 1u << bit;
    expect(r, type, 0, 0);
    for (entry++; entries != 0; entries--, entry += 2) {
        if ((entry[0] & 255) == name) {
            unsigned child = entry[1] >> 8;
            r->store = object->store + (entry[1] & 255);
            if (child != 0) {
                r->child = wire_table[AT_NODE_INDEX + child];
            } else if (r->kind == KIND_ANY) {
                r->raw = RAW_EXPECTED;
            }
            break;
        }
    }
    return E_NONE;
}

static wire_error_t declared_field(wire_reader_t *r, wire_frame_t *object, unsigned bit) {
    unsigned entry = wire_table[object->type + 1 + bit];
    object->next = bit + 1;
    return field(r, object, entry & 255, bit, entry >> 8 << 1);
}

// A key begins. If it is the one that mostly follows, and all of it is here, it is taken in at once.
bool wire_key_in_place(wire_reader_t *r, wire_error_t *error) {
    wire_frame_t *object = innermost(r);
    unsigned count = wire_table[object->type] & COUNT;
    unsigned bit = object->next < count ? object->next : 0;
    size_t most = r->end - r->at;
    size_t n;
    if (count == 0) {
        return false;
    }
    n = wire_begins_with(wire_table[object->type + 1 + bit] & 255, r->buf + r->at, most);
    if (n == 0 || n == most || r->buf[r->at + n] != '"') {
        return false;
    }
    r->at += n + 1;
    *error = declared_field(r, object, bit);
    return true;
}

// A key has been gathered.
wire_error_t wire_key(wire_reader_t *r) {
    wire_frame_t *object = innermost(r);
    unsigned head = wire_table[object->type];
    unsigned count = head & COUNT;
    unsigned bit = object->next;
    unsigned tries;
    for (tries = count; tries != 0; tries--, bit++) {
        if (bit >= count) {
            bit = 0;
        }
        if (wire_is_name(wire_table[object->type + 1 + bit] & 255, wire_gathered(r), r->n)) {
            return declared_field(r, object, bit);
        }
    }
    if (head & IS_FREE) { // customData itself
        r->kind = KIND_ANY;
        r->store = r->child = 0;
        return E_NONE;
    }
    if (!wire_is_name(CUSTOM_DATA_ID, wire_gathered(r), r->n)) { // which may be in every object
        return E_UNKNOWN_FIELD;
    }
    return field(r, object, CUSTOM_DATA_ID, CUSTOM_DATA_BIT, CUSTOM_TYPE << 1);
}

// An element of an array of the schema begins or has ended.
static wire_error_t count_item(wire_frame_t *array) {
    array->seen++;
    return array->next != 0 && array->seen > array->next ? E_MANY : E_NONE;
}

static wire_error_t enum_value(wire_reader_t *r) {
    const uint16_t *value = &wire_table[wire_table[r->type + 1]];
    unsigned tries = wire_table[r->type] >> 8;
    for (; tries != 0; tries--, value++) {
        if (wire_is_name(*value, wire_gathered(r), r->n)) {
            return wire_keep(r, TAG_SHORT, *value, 0);
        }
    }
    return E_VALUE;
}

static wire_error_t string_value(wire_reader_t *r) {
    unsigned most = wire_table[r->type + 1]; // characters
    if (most != 0 && r->n - r->continued > most) {
        return E_LONG;
    }
    return wire_keep_string(r);
}

// A value other than a bracket has ended.
wire_error_t wire_leaf(wire_reader_t *r, wire_token_t token) {
    if (r->kind == KIND_ANY) {
        return r->raw != RAW_NONE ? wire_end_raw(r) : E_NONE;
    }
    if (r->in_array && count_item(innermost(r)) != E_NONE) {
        return E_MANY;
    }
    if (token == TOKEN_STRING) {
        switch (r->kind) {
            case KIND_STRING:
                return string_value(r);
            case KIND_ENUM:
                return enum_value(r);
            case KIND_TIME:
                return wire_time(r);
        }
    } else if (token == TOKEN_NUMBER) {
        if (r->kind == KIND_INTEGER || r->kind == KIND_NUMBER) {
            return wire_number(r);
        }
    } else if (r->kind == KIND_BOOLEAN && token != TOKEN_NULL) {
        return wire_keep(r, TAG_BOOLEAN, token == TOKEN_TRUE, 0);
    }
    return E_TYPE;
}

wire_error_t wire_open(wire_reader_t *r, bool is_array) {
    wire_frame_t *frame = innermost(r);
    unsigned type = r->type;
    uint16_t mark = 0;
    wire_error_t error = E_NONE;
    if (r->free == 0 && r->kind == KIND_ENVELOPE) {
        error = wire_envelope(r, TOKEN_OPEN);
        if (error != E_NONE) {
            return error;
        }
    }
    if (r->free != 0 || r->kind == KIND_ANY) {
        if (r->free == DEEPEST) {
            return E_DEEP;
        }
        r->free++;
        r->bits = r->bits << 1 | is_array;
        r->in_array = is_array;
        return E_NONE;
    }
    if (r->kind != (is_array ? KIND_ARRAY : KIND_OBJECT)) {
        return r->frame == 0 ? E_PAYLOAD : E_TYPE;
    }
    if (r->in_array && r->frame != 0) {
        if (count_item(frame) != E_NONE) {
            return E_MANY;
        }
        mark = r->store != 0;
    }
    if (r->frame == MAX_DEPTH) { // the compiler refuses such schemas
        return E_DEEP;
    }
    r->frame++;
    frame++;
    r->in_array = frame->is_array = is_array;
    frame->seen = 0;
    frame->node = r->child;
    frame->name = 0;
    if (is_array) {
        frame->next = wire_table[type + 1];
        frame->type = wire_table[type] >> 8 << 1;
        mark = 0;
        if (r->store != 0) {
            error = wire_begin_array(r, &mark);
            r->store = 1; // the items' leaves are numbered from 0
        }
        expect(r, frame->type, r->store, r->child);
    } else {
        frame->type = wire_table[type + 1];
        frame->next = 0;
    }
    frame->store = r->store;
    frame->mark = mark;
    return error;
}

static wire_error_t close_free(wire_reader_t *r) {
    r->free--;
    r->bits >>= 1;
    if (r->free != 0) {
        r->in_array = r->bits & 1;
        return E_NONE;
    }
    r->in_array = innermost(r)->is_array;
    return r->raw != RAW_NONE ? wire_end_raw(r) : E_NONE;
}

// A bracket closes; the scanner has seen that it is of the right sort.
wire_error_t wire_close(wire_reader_t *r) {
    wire_frame_t *frame = innermost(r);
    if (r->free != 0) {
        return close_free(r);
    }
    if (frame->is_array) {
        if (frame->seen == 0) {
            return E_FEW;
        }
        wire_end_array(r, frame);
    } else {
        uint32_t required = (1u << (wire_table[frame->type] >> 8)) - 1;
        if ((frame->seen & required) != required) {
            return E_MISSING;
        }
        if (frame->mark != 0 && wire_end_item(r) != E_NONE) {
            return E_SPACE;
        }
    }
    r->frame--;
    frame--;
    r->in_array = frame->is_array;
    if (r->frame == 0) { // this was the payload
        r->kind = KIND_ENVELOPE;
        r->position++;
    } else if (frame->is_array) {
        expect(r, frame->type, frame->store, frame->node);
    }
    return E_NONE;
}
