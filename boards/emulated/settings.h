// The charger's settings: a file on the host, lines of `name=value`, in the value %XX for control characters and `%`.
// QEMU's command line names it; without one there are none.
#ifndef EMULATED_SETTINGS_H
#define EMULATED_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void settings_open(void);

// Looks for the next line `name=` from `*offset` on. If there is one: copies what fits of its decoded value to `value`
// (not terminated), its whole length to `*length`, and moves `*offset` past the line.
bool settings_next(const char *name, size_t *offset, char *value, size_t size, size_t *length);

// The first one as a string, cut if it is longer; empty if there is none. Returns `value`.
const char *settings_text(const char *name, char *value, size_t size);

// As a number, digits only.
uint32_t settings_number(const char *name, uint32_t otherwise);

#endif
