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

bool wire_array(const wire_reader_t *r, unsigned slot, wire_value_t *array) {
    uint16_t at = 0, end = 0;
    wire_fields(r, &at, &end);
    while (wire_value(r, &at, end, array)) {
        if (array->tag == TAG_ARRAY && array->slot == slot) {
            return true;
        }
    }
    return false;
}
