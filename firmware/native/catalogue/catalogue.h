// The ROM tables of the device model (firmware/device_model/README.md: the format), and values that differ from them.
// Nothing here takes memory or knows MicroPython: module.c does that. Whatever number comes in, no access leaves a table.
#ifndef PILOTWIRE_CATALOGUE_H
#define PILOTWIRE_CATALOGUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CATALOGUE_COMPONENT = 7 }; // bytes of a component

typedef struct {
    const uint8_t *strings;
    const uint8_t *components;
    const uint8_t *records;
    uint32_t strings_size;
    uint32_t components_size;
    uint32_t records_size;
} catalogue_t;

// A name as it is asked for.
typedef struct {
    const uint8_t *text;
    size_t n;
} catalogue_name_t;

// The text at this offset, NULL: there is none.
const uint8_t *catalogue_text(const catalogue_t *c, uint32_t ref, size_t *n);
// Offset of a text, whatever its case, but rather of one that is spelt the same; -1: no such text.
int32_t catalogue_find(const catalogue_t *c, const catalogue_name_t *name);

// A variable's record, or what the tables have of a component; NULL: there is none.
const uint8_t *catalogue_record(const catalogue_t *c, uint32_t variable);
const uint8_t *catalogue_head(const catalogue_t *c, uint32_t component);
// 16 bits.
uint32_t catalogue_word(const uint8_t *at);
// The 16 bits of an optional field of a record, -1: it is not there.
int32_t catalogue_field(const uint8_t *record, unsigned field);

// The first variable of a component; behind the last component: where the records end.
uint32_t catalogue_first(const catalogue_t *c, uint32_t component);
uint32_t catalogue_component_of(const catalogue_t *c, uint32_t variable);
// -1: there is none. Names are compared without regard to case.
int32_t catalogue_find_component(const catalogue_t *c, const catalogue_name_t *name, const catalogue_name_t *instance, unsigned level);
int32_t catalogue_find_variable(
    const catalogue_t *c, uint32_t component, const catalogue_name_t *name, const catalogue_name_t *instance);

// A variable at a place is variable | EVSE << 16 | connector << 23. That which follows in a report, behind 0 the first; 0:
// that was the last. connectors: of the EVSE in `handle`.
uint32_t catalogue_following(const catalogue_t *c, uint32_t handle, unsigned evses, unsigned connectors);
unsigned catalogue_evse(uint32_t handle);

enum { CATALOGUE_KEY = 5, CATALOGUE_ENTRY = 8 }; // bytes; of an entry without its value
void catalogue_key(uint32_t handle, unsigned attribute, uint8_t key[CATALOGUE_KEY]);
// Where in a piece of firmware/device_model/values.py the entry of this key is, -1: nowhere.
int32_t catalogue_entry(const uint8_t *piece, size_t n, const uint8_t key[CATALOGUE_KEY]);

#endif
