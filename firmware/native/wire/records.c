// Reads accepted fields back from the arena. What lies there may be another message by now: nothing is believed that
// would lead out of the arena or of the table.

#include "firmware/native/wire/reader.h"

static unsigned get_16(const uint8_t *from) {
    return from[0] | from[1] << 8;
}

bool wire_value(const wire_reader_t *r, uint16_t *at, uint16_t end, wire_value_t *value) {
    static const uint8_t HEADS[] = { 5, 6, 3, 7, 3, 3 }; // bytes by tag
    const uint8_t *from = r->arena + *at;
    unsigned tag;
    unsigned next;
    if (*at >= end) {
        return false;
    }
    tag = *from & 7;
    next = *at + 1;
    if (tag <= TAG_BOOLEAN) {
        next = *at + HEADS[tag];
        if (next > end) {
            return false;
        }
        value->number = get_16(from + 1);
        value->at = next;
    }
    if (tag == TAG_STRING || tag == TAG_ARRAY) {
        next += value->number;
        value->end = next;
    }
    if (tag == TAG_ARRAY) {
        value->count = get_16(from + 3);
        value->node = get_16(from + 5);
    }
    if (tag <= TAG_NUMBER) {
        value->number = (int32_t)(value->number | (uint32_t)get_16(from + 3) << 16);
        value->decimals = tag == TAG_NUMBER ? from[5] : 0;
    }
    if (next > end || (tag == TAG_ARRAY && (value->node < AT_NODES || value->node >= TABLE_LENGTH))) {
        return false;
    }
    value->tag = tag;
    value->slot = *from >> 3;
    *at = next;
    return tag <= TAG_BOOLEAN;
}

unsigned wire_fields(const wire_reader_t *r, uint16_t *at, uint16_t *end) {
    unsigned node;
    if (r->error != E_NONE || r->action < FIRST_ACTION || r->action >= FIRST_OTHER || r->id < 0 ||
        (r->message != WIRE_CALL && r->message != WIRE_CALLRESULT)) {
        return 0;
    }
    *at = HEAD + r->id;
    *end = r->w;
    node = wire_table[AT_ACTIONS + 3 * (r->action - FIRST_ACTION) + 1] >> 8 * (r->message - WIRE_CALL) & 255;
    return wire_table[AT_NODE_INDEX + node];
}

unsigned wire_slots(unsigned node) {
    return wire_table[node] >> 8;
}

bool wire_is_scalar(unsigned node) {
    return (wire_table[node + 1] & 255) == 0; // its one entry has no name
}

// The slot of the k-th array; if there are fewer, -1 less how many are still to be counted. Declarations are no deeper
// than MAX_DEPTH.
static int slot_of_array(unsigned node, int base, int k) {
    const uint16_t *entry = &wire_table[node];
    unsigned entries = *entry & 255;
    for (entry++; entries != 0; entries--, entry += 2) {
        unsigned kind = entry[0] >> 8;
        int slot = base + (entry[1] & 255);
        if (kind == KIND_ARRAY && k-- == 0) {
            return slot;
        }
        if (kind == KIND_OBJECT) {
            slot = slot_of_array(wire_table[AT_NODE_INDEX + (entry[1] >> 8)], slot, k);
            if (slot >= 0) {
                return slot;
            }
            k = -1 - slot;
        }
    }
    return -1 - k;
}

bool wire_array(const wire_reader_t *r, unsigned k, wire_value_t *array) {
    uint16_t at, end;
    unsigned node = wire_fields(r, &at, &end);
    int slot = node != 0 && k < WIRE_ARENA_MOST ? slot_of_array(node, 0, k) : -1;
    while (slot >= 0 && wire_value(r, &at, end, array)) {
        if (array->tag == TAG_ARRAY && array->slot == slot) {
            return true;
        }
    }
    return false;
}
