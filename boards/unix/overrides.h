// The file of device-model factory defaults (--overrides). See README.md.

#ifndef PILOTWIRE_UNIX_OVERRIDES_H
#define PILOTWIRE_UNIX_OVERRIDES_H

#include "boards/simulated/json.h"

enum {
    OVERRIDE_COMPONENT,
    OVERRIDE_COMPONENT_INSTANCE,
    OVERRIDE_EVSE,
    OVERRIDE_CONNECTOR,
    OVERRIDE_VARIABLE,
    OVERRIDE_INSTANCE,
    OVERRIDE_ATTRIBUTE,
    OVERRIDE_VALUE,
    OVERRIDE_MUTABILITY,
    OVERRIDE_FIELDS,
};

// Reads and checks the file; ends the process with 2 when it is wrong.
void overrides_check(void);
// Walks over the entries: start with `*rest = 0`; false at the end. fields[i].text is NULL for what is absent.
bool overrides_next(size_t *rest, json_t fields[OVERRIDE_FIELDS]);

#endif
