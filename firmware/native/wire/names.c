// Wire names: each is stored once, and known by its number elsewhere.

#include <string.h>

#include "firmware/native/wire/reader.h"

const uint8_t *wire_name(unsigned id, size_t *length) {
    *length = wire_index[id + 1] - wire_index[id];
    return &wire_names[wire_index[id]];
}

bool wire_is_name(unsigned id, const uint8_t *text, size_t n) {
    size_t length;
    const uint8_t *name = wire_name(id, &length);
    return length == n && memcmp(name, text, n) == 0;
}

// Each section is sorted. No more is read of a long text than a name has.
unsigned wire_find(const uint8_t *text, size_t n, unsigned section) {
    unsigned low = section;
    unsigned high = section == 1 ? FIRST_ACTION : section == FIRST_ACTION ? FIRST_OTHER : LAST_NAME + 1;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        size_t length;
        const uint8_t *name = wire_name(middle, &length);
        int order = memcmp(name, text, length < n ? length : n);
        if (order == 0) {
            if (length == n) {
                return middle;
            }
            order = length < n ? -1 : 1;
        }
        if (order > 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return 0;
}

unsigned wire_name_id(const uint8_t *text, size_t n) {
    unsigned id = wire_find(text, n, FIRST_OTHER);
    id = id != 0 ? id : wire_find(text, n, FIRST_ACTION);
    return id != 0 ? id : wire_find(text, n, 1);
}
