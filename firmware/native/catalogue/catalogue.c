#include "firmware/native/catalogue/catalogue.h"

#include <string.h>

enum { RECORD = 5, LENGTH = 0, NAME = 1, PRESENT = 4 }; // of a record
enum { INSTANCE = 2, LEVEL = 4, FIRST = 5 };            // of a component; its name is at 0
enum { FIELD_INSTANCE = 1, LEVEL_STATION = 0, LEVEL_CONNECTOR = 2 }; // tables.variable_format

uint32_t catalogue_word(const uint8_t *at) {
    return at[0] | at[1] << 8;
}

const uint8_t *catalogue_text(const catalogue_t *c, uint32_t ref, size_t *n) {
    if (ref >= c->strings_size) {
        return NULL;
    }
    const uint8_t *text = c->strings + ref;
    uint32_t left = c->strings_size - ref - 1;
    uint32_t size = *text++;
    if (size & 0x80) {
        if (left == 0) {
            return NULL;
        }
        size = (size & 0x7F) << 8 | *text++;
        left--;
    }
    *n = size;
    return size <= left ? text : NULL;
}

static uint8_t lower(uint8_t c) {
    return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

static bool same(const catalogue_name_t *name, const uint8_t *text, size_t n) {
    if (n != name->n) {
        return false;
    }
    while (n > 0 && lower(text[n - 1]) == lower(name->text[n - 1])) {
        n--;
    }
    return n == 0;
}

static bool is_text(const catalogue_t *c, uint32_t ref, const catalogue_name_t *name) {
    size_t n;
    const uint8_t *text = catalogue_text(c, ref, &n);
    return text != NULL && same(name, text, n);
}

int32_t catalogue_find(const catalogue_t *c, const catalogue_name_t *name) {
    int32_t found = -1;
    size_t n;
    const uint8_t *text;
    for (uint32_t ref = 0; (text = catalogue_text(c, ref, &n)) != NULL; ref = text + n - c->strings) {
        if (same(name, text, n)) {
            if (memcmp(text, name->text, n) == 0) {
                return ref;
            }
            if (found < 0) {
                found = ref;
            }
        }
    }
    return found;
}

const uint8_t *catalogue_record(const catalogue_t *c, uint32_t variable) {
    if (variable >= c->records_size) {
        return NULL;
    }
    const uint8_t *record = c->records + variable;
    return record[LENGTH] >= RECORD && record[LENGTH] <= c->records_size - variable ? record : NULL;
}

const uint8_t *catalogue_head(const catalogue_t *c, uint32_t component) {
    return component < c->components_size && CATALOGUE_COMPONENT <= c->components_size - component
               ? c->components + component
               : NULL;
}

int32_t catalogue_field(const uint8_t *record, unsigned field) {
    unsigned at = RECORD;
    if (!(record[PRESENT] & field)) {
        return -1;
    }
    for (unsigned before = record[PRESENT] & (field - 1); before != 0; before &= before - 1) {
        at += 2;
    }
    return at + 2 <= record[LENGTH] ? (int32_t)catalogue_word(record + at) : -1;
}

uint32_t catalogue_first(const catalogue_t *c, uint32_t component) {
    const uint8_t *head = catalogue_head(c, component);
    return head != NULL ? catalogue_word(head + FIRST) : c->records_size;
}

uint32_t catalogue_component_of(const catalogue_t *c, uint32_t variable) {
    uint32_t component = 0;
    while (catalogue_first(c, component + CATALOGUE_COMPONENT) <= variable
           && component + CATALOGUE_COMPONENT < c->components_size) {
        component += CATALOGUE_COMPONENT;
    }
    return component;
}

int32_t catalogue_find_component(const catalogue_t *c, const catalogue_name_t *name, const catalogue_name_t *instance, unsigned level) {
    const uint8_t *head;
    for (uint32_t component = 0; (head = catalogue_head(c, component)) != NULL; component += CATALOGUE_COMPONENT) {
        if (head[LEVEL] == level && is_text(c, catalogue_word(head), name)
            && is_text(c, catalogue_word(head + INSTANCE), instance)) {
            return component;
        }
    }
    return -1;
}

int32_t catalogue_find_variable(
    const catalogue_t *c, uint32_t component, const catalogue_name_t *name, const catalogue_name_t *instance) {
    uint32_t end = catalogue_first(c, component + CATALOGUE_COMPONENT);
    uint32_t variable = catalogue_first(c, component);
    const uint8_t *record;
    while (variable < end && (record = catalogue_record(c, variable)) != NULL) {
        if (is_text(c, catalogue_word(record + NAME), name)) {
            int32_t ref = catalogue_field(record, FIELD_INSTANCE);
            if (is_text(c, ref < 0 ? 0 : ref, instance)) {
                return variable;
            }
        }
        variable += record[LENGTH];
    }
    return -1;
}

unsigned catalogue_evse(uint32_t handle) {
    return handle >> 16 & 0x7F;
}

uint32_t catalogue_following(const catalogue_t *c, uint32_t handle, unsigned evses, unsigned connectors) {
    uint32_t component = 0;
    unsigned evse = catalogue_evse(handle);
    unsigned connector = handle >> 23;
    if (handle != 0) {
        const uint8_t *record = catalogue_record(c, handle & 0xFFFF);
        if (record == NULL) {
            return 0;
        }
        component = catalogue_component_of(c, handle & 0xFFFF);
        handle += record[LENGTH];
        if ((handle & 0xFFFF) < catalogue_first(c, component + CATALOGUE_COMPONENT)) {
            return handle;
        }
        if (connector != 0 && connector < connectors) {
            connector++;
        } else if (evse != 0 && evse < evses) {
            evse++;
            connector = connector != 0;
        } else {
            component += CATALOGUE_COMPONENT;
            evse = 0;
        }
    }
    const uint8_t *head;
    while ((head = catalogue_head(c, component)) != NULL
           && catalogue_first(c, component) == catalogue_first(c, component + CATALOGUE_COMPONENT)) {
        component += CATALOGUE_COMPONENT; // it has no variables
        evse = 0;
    }
    if (head == NULL) {
        return 0;
    }
    if (evse == 0) {
        evse = head[LEVEL] != LEVEL_STATION;
        connector = head[LEVEL] == LEVEL_CONNECTOR;
    }
    return catalogue_word(head + FIRST) | evse << 16 | connector << 23;
}

void catalogue_key(uint32_t handle, unsigned attribute, uint8_t key[CATALOGUE_KEY]) {
    key[0] = handle >> 7 & 0x7F;
    key[1] = handle & 0x7F;
    key[2] = catalogue_evse(handle);
    key[3] = handle >> 23;
    key[4] = attribute;
}

int32_t catalogue_entry(const uint8_t *piece, size_t n, const uint8_t key[CATALOGUE_KEY]) {
    size_t at = 0;
    while (at + CATALOGUE_ENTRY <= n) {
        if (memcmp(piece + at, key, CATALOGUE_KEY) == 0) {
            return at;
        }
        at += CATALOGUE_ENTRY + ((size_t)piece[at + 6] << 7 | piece[at + 7]);
    }
    return -1;
}
