#include "firmware/native/json_out/json_out.h"

#include <string.h>

// Modes: what comes next.
enum {
    M_NONE, // there is no message, or it could not be written
    M_HEAD,
    M_BODY,
    M_FIELDS,
    M_PIECES,
    M_DETAILS,
    M_END,
};

// For what is called from several places: with -Os, GCC would put it into each of them.
#define APART __attribute__((noinline))

// A step of the first pass ends after as many bytes, where an item of an array or a piece counts as ITEM.
enum { STEP = 2048, ITEM = 128 };

// ---- what is to be copied next

// Room for n more bytes of text.
static uint8_t *room(json_out_t *o, size_t n) {
    if (sizeof(o->text) - o->n < n) {
        json_out_refuse();
    }
    return o->text + o->n;
}

static void put(json_out_t *o, uint8_t c) {
    *room(o, 1) = c;
    o->n++;
}

static void put_text(json_out_t *o, const char *text) {
    while (*text != 0) {
        put(o, *text++);
    }
}

static void put_name(json_out_t *o, unsigned id) {
    if (id - 1 >= LAST_NAME) {
        json_out_refuse();
    }
    put(o, '"');
    o->n += wire_name(id, room(o, NAME_MOST));
    put(o, '"');
}

static void take_source(json_out_t *o, const void *source) {
    o->source = source;
    o->source_from = 0;
}

static void put_string(json_out_t *o, const void *text) {
    o->quote = '"';
    put(o, '"');
    take_source(o, text);
}

static void put_escaped(json_out_t *o, uint8_t c) {
    put(o, '\\');
    if (c < ' ') {
        put_text(o, c < 16 ? "u000" : "u001");
        c = "0123456789abcdef"[c & 15];
    }
    put(o, c);
}

// ---- into the buffer

static bool is_full(const json_out_t *o) {
    return !o->counting && o->at == o->size;
}

// Copies text[i:n], up to what has to be escaped or until the buffer is full. -> where in it that is
static APART uint32_t copy(json_out_t *o, const uint8_t *text, uint32_t i, uint32_t n, bool escaped) {
    uint8_t *buffer = o->buffer;
    uint32_t size = o->size;
    uint32_t at = o->at;
    if (o->counting && at >= size && !escaped && i < n) {
        at += n - i;
        i = n;
    }
    for (; i < n; i++) {
        uint8_t c = text[i];
        if (escaped && (c < ' ' || c == '"' || c == '\\')) {
            break;
        }
        if (at < size) {
            buffer[at] = c;
        } else if (!o->counting) {
            break;
        }
        at++;
    }
    o->at = at;
    return i;
}

// The source: its bytes. If it has none, the message has ended.
static const uint8_t *source(json_out_t *o, size_t *n) {
    unsigned mode = o->mode;
    o->mode = M_NONE;
    const uint8_t *text = json_out_text(o->source, n);
    o->mode = mode;
    return text;
}

// Copies what has been prepared. -> all of it
static bool flush(json_out_t *o) {
    for (;;) {
        o->from = copy(o, o->text, o->from, o->n, false);
        if (o->from < o->n) {
            return false;
        }
        o->from = o->n = 0;
        if (o->source == NULL) {
            return true;
        }
        size_t n;
        const uint8_t *text = source(o, &n);
        o->source_from = copy(o, text, o->source_from, n, o->quote != 0);
        if (o->source_from < n) {
            if (is_full(o)) {
                return false;
            }
            put_escaped(o, text[o->source_from++]);
        } else {
            o->source = NULL;
            if (o->quote != 0 && o->mode != M_PIECES) {
                put(o, '"');
            }
        }
    }
}

// ---- the walk

static const void *next(json_out_t *o, const void *items) {
    o->items++;
    return json_out_next(items);
}

static json_out_object_t *innermost(json_out_t *o) {
    if (o->depth - 1u >= JSON_OUT_DEEPEST) {
        json_out_refuse();
    }
    return &o->objects[o->depth - 1];
}

// A scalar. -> what comes next
static int scalar(json_out_t *o, unsigned kind, const void *value, const void *decimals) {
    int sort;
    switch (kind) {
        case KIND_BOOLEAN:
            put_text(o, json_out_true(value) ? "true" : "false");
            return M_FIELDS;
        case KIND_INTEGER:
        case KIND_NUMBER: {
            uint32_t places = decimals != NULL ? json_out_integer(decimals) : 0;
            if (places > WIRE_DECIMALS_MOST) {
                json_out_refuse();
            }
            o->n += wire_write_number(room(o, WIRE_NUMBER_MOST), json_out_integer(value), places);
            return M_FIELDS;
        }
        case KIND_TIME:
            put(o, '"');
            o->n += wire_write_time(room(o, WIRE_TIME_LENGTH), json_out_integer(value));
            put(o, '"');
            return M_FIELDS;
    }
    sort = json_out_sort(value);
    if (sort == JSON_OUT_NAME) {
        put_name(o, json_out_integer(value));
        return M_FIELDS;
    }
    o->quote = 0;
    if (kind != KIND_ANY) {
        o->quote = '"';
        put(o, '"');
    }
    if (sort == JSON_OUT_PIECES) {
        o->pieces = json_out_iterate(value);
        return M_PIECES;
    }
    take_source(o, value);
    return M_FIELDS;
}

// The innermost object begins, or a further item of its array. -> what comes next
static int begin(json_out_t *o, const void *slots) {
    json_out_object_t *object = innermost(o);
    object->slots = slots;
    object->left = 0;
    if (object->records != NULL && wire_is_scalar(object->node)) {
        return scalar(o, wire_table[object->node + 1] >> 8, slots, NULL);
    }
    object->left = wire_table[object->node] & 255;
    o->comma = false;
    put(o, '{');
    return M_FIELDS;
}

static int open(json_out_t *o, unsigned node, unsigned base, const void *slots, const void *records) {
    json_out_object_t *object;
    o->depth++;
    object = innermost(o);
    object->node = node;
    object->base = base;
    object->records = records;
    return begin(o, slots);
}

// The innermost object has no further field. -> what comes next
static int close(json_out_t *o) {
    json_out_object_t *object = innermost(o);
    if (object->records == NULL || !wire_is_scalar(object->node)) {
        put(o, '}');
    }
    if (object->records != NULL) {
        const void *item = next(o, object->records);
        if (item != NULL) {
            put(o, ',');
            return begin(o, item);
        }
        put(o, ']');
    }
    o->comma = true;
    o->depth--;
    if (o->depth != 0) {
        return M_FIELDS;
    }
    put(o, ']');
    return M_END;
}

// Whether an object has any field: its leaves are in a row.
static bool any(const void *slots, unsigned base, unsigned node) {
    for (unsigned i = 0; i < wire_slots(node); i++) {
        if (json_out_slot(slots, base + i) != NULL) {
            return true;
        }
    }
    return false;
}

// The next field that is there, or the end of the innermost object. -> what comes next
static int field(json_out_t *o) {
    json_out_object_t *object = innermost(o);
    while (object->left != 0) {
        const void *slots = object->slots;
        const uint16_t *entry = &wire_table[object->node + 1 + 2 * ((wire_table[object->node] & 255) - object->left)];
        unsigned kind = entry[0] >> 8;
        unsigned slot = object->base + (entry[1] & 255);
        unsigned node = 0;
        const void *value;
        const void *records = NULL;
        object->left--;
        if (kind == KIND_OBJECT || kind == KIND_ARRAY) {
            node = wire_table[AT_NODE_INDEX + (entry[1] >> 8)];
        }
        if (kind == KIND_OBJECT) {
            value = any(slots, slot, node) ? slots : NULL;
        } else {
            value = json_out_slot(slots, slot);
        }
        if (kind == KIND_ARRAY && value != NULL) {
            records = json_out_iterate(value);
            value = next(o, records);
        }
        if (value == NULL) {
            continue;
        }
        if (o->comma) {
            put(o, ',');
        }
        o->comma = true;
        put_name(o, entry[0] & 255);
        put(o, ':');
        if (kind == KIND_ARRAY) {
            put(o, '[');
            slot = 0;
        }
        if (node != 0) {
            return open(o, node, slot, value, records);
        }
        return scalar(o, kind, value, kind == KIND_NUMBER ? json_out_slot(slots, slot + 1) : NULL);
    }
    return close(o);
}

// Prepares what comes next in text and source, which are empty. Until it has succeeded there is no message.
static void step(json_out_t *o) {
    unsigned mode = o->mode;
    o->mode = M_NONE;
    switch (mode) {
        case M_HEAD:
            put(o, '[');
            put(o, '0' + o->message);
            put(o, ',');
            put_string(o, o->id);
            mode = M_BODY;
            break;
        case M_BODY:
            put(o, ',');
            if (o->message != WIRE_CALLRESULT) {
                put_name(o, o->name);
                put(o, ',');
            }
            if (o->message == WIRE_CALLERROR) {
                put_string(o, o->slots);
                mode = M_DETAILS;
            } else {
                mode = open(o, o->node, 0, o->slots, NULL);
            }
            break;
        case M_FIELDS:
            mode = field(o);
            break;
        case M_PIECES:
            take_source(o, next(o, o->pieces));
            if (o->source == NULL) {
                if (o->quote != 0) {
                    put(o, '"');
                }
                mode = M_FIELDS;
            }
            break;
        case M_DETAILS:
            put_text(o, ",{}]");
            mode = M_END;
            break;
        default:
            json_out_refuse();
    }
    o->mode = mode;
}

// From the beginning; nothing of the caller's is held for what was under way.
static APART void rewind(json_out_t *o, unsigned mode) {
    memset(o->objects, 0, sizeof(o->objects));
    o->source = o->pieces = NULL;
    o->n = o->from = o->depth = o->at = 0;
    o->counting = true;
    o->mode = mode;
}

bool json_out_init(json_out_t *o, uint8_t *buffer, size_t size) {
    memset(o, 0, sizeof(*o));
    o->buffer = buffer;
    o->size = size;
    return size >= JSON_OUT_LEAST;
}

bool json_out_begin(json_out_t *o, unsigned message, const void *id, unsigned name, const void *slots) {
    rewind(o, M_NONE);
    o->length = o->sent = 0;
    if (message != WIRE_CALLERROR) {
        unsigned number = UNDECLARED;
        if (name >= FIRST_ACTION && name < FIRST_OTHER) {
            number = wire_table[AT_ACTIONS + 3 * (name - FIRST_ACTION) + 2] >> 8 * (message - WIRE_CALL) & 255;
        }
        if (number == UNDECLARED) {
            return false;
        }
        o->node = wire_table[AT_NODE_INDEX + number];
    }
    o->mode = M_HEAD;
    o->message = message;
    o->name = name;
    o->id = id;
    o->slots = slots;
    return true;
}

uint32_t json_out_count(json_out_t *o) {
    uint32_t most = o->at + STEP;
    if (o->length != 0) {
        return o->length;
    }
    o->items = 0;
    do {
        step(o);
        flush(o);
    } while (o->mode != M_END && o->at + ITEM * o->items < most);
    if (o->mode == M_END) {
        o->length = o->at;
        if (o->at > o->size) { // else all of it is in the buffer, and needs no second pass
            rewind(o, M_HEAD);
            o->counting = false;
        }
    }
    return o->length;
}

uint32_t json_out_fill(json_out_t *o) {
    bool all = true;
    uint32_t n;
    if (!o->counting) {
        o->at = 0;
        while ((all = flush(o)) && o->mode != M_END) {
            step(o);
        }
    }
    n = o->at;
    all = all && o->mode == M_END;
    o->sent += n;
    if (o->sent > o->length || all != (o->sent == o->length)) {
        n = 0;
    }
    if (all || n == 0) {
        rewind(o, M_NONE);
        o->id = o->slots = NULL;
    }
    return n;
}
