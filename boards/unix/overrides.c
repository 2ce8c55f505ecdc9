// See overrides.h.

#include "boards/unix/overrides.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boards/unix/options.h"

#define FILE_MAX (1024 * 1024)
#define TEXT_MAX 2500 // OCPP 2.0.1, the longest attribute value

static const char *const NAMES[OVERRIDE_FIELDS] = {
    "component", "component_instance", "evse", "connector", "variable", "instance", "attribute", "value", "mutability",
};
static const char *const ATTRIBUTES[] = {"Actual", "Target", "MinSet", "MaxSet", NULL};
static const char *const MUTABILITIES[] = {"ReadOnly", "WriteOnly", "ReadWrite", NULL};

static json_t list;

static void wrong(int entry, const char *field, const char *why) {
    char text[300];
    snprintf(text, sizeof(text), "entry %d%s%s: %s", entry, field ? ", " : "", field ? field : "", why);
    option_wrong(OPTION_OVERRIDES, text, "give a list of {\"component\", \"variable\", \"value\": \"text\", ...}");
}

static bool one_of(const char *text, const char *const *names) {
    while (*names && strcmp(*names, text) != 0) {
        names++;
    }
    return *names != NULL;
}

static void check_field(int entry, int field, json_t item) {
    static char text[TEXT_MAX + 1];
    const char *name = NAMES[field];
    int64_t number;
    if (!item.text) {
        return;
    }
    if (field == OVERRIDE_EVSE || field == OVERRIDE_CONNECTOR) {
        if (!json_whole(item, 0, 255, &number)) {
            wrong(entry, name, "not a whole number");
        }
        return;
    }
    if (json_string(item, text, sizeof(text)) < 0) {
        wrong(entry, name, json_is_string(item) ? "longer than 2500 bytes, or half of a surrogate pair" : "not a string");
    }
    if (field == OVERRIDE_ATTRIBUTE && !one_of(text, ATTRIBUTES)) {
        wrong(entry, name, "not one of Actual, Target, MinSet, MaxSet");
    }
    if (field == OVERRIDE_MUTABILITY && !one_of(text, MUTABILITIES)) {
        wrong(entry, name, "not one of ReadOnly, WriteOnly, ReadWrite");
    }
}

static void check_entry(int entry, json_t item) {
    json_t name, member;
    char text[40];
    size_t rest = 0;
    if (!json_is_object(item)) {
        wrong(entry, NULL, "not an object");
    }
    while (json_next(item, &rest, &name, &member)) {
        int field = 0;
        if (json_string(name, text, sizeof(text)) < 0) {
            text[0] = 0;
        }
        while (field < OVERRIDE_FIELDS && strcmp(NAMES[field], text) != 0) {
            field++;
        }
        if (field == OVERRIDE_FIELDS) {
            wrong(entry, text, "no such field");
        }
        check_field(entry, field, json_is_null(member) ? (json_t) {NULL, 0} : member);
    }
}

static char *read_file(const char *path, size_t *length) {
    FILE *file = fopen(path, "rb");
    char *text = malloc(FILE_MAX + 1);
    *length = file ? fread(text, 1, FILE_MAX + 1, file) : 0;
    if (!file || ferror(file)) {
        option_wrong(OPTION_OVERRIDES, strerror(errno), "give a file that can be read");
    }
    fclose(file);
    if (*length > FILE_MAX) {
        option_wrong(OPTION_OVERRIDES, "longer than 1 MB", "give the few variables that differ from the defaults");
    }
    return text; // lives as long as the process
}

void overrides_check(void) {
    const char *path = options[OPTION_OVERRIDES].value;
    if (path == NULL) {
        return;
    }
    size_t length, wrong_at;
    char *text = read_file(path, &length);
    if (!json_parse(text, length, &list, &wrong_at)) {
        int line = 1;
        for (size_t i = 0; i < wrong_at && i < length; i++) {
            line += text[i] == '\n';
        }
        char why[60];
        snprintf(why, sizeof(why), "not JSON: line %d", line);
        option_wrong(OPTION_OVERRIDES, why, "give a list of {\"component\", \"variable\", \"value\": \"text\", ...}");
    }
    if (!json_is_array(list)) {
        option_wrong(OPTION_OVERRIDES, "not a list", "give a list of {\"component\", \"variable\", \"value\": \"text\", ...}");
    }
    json_t item;
    size_t rest = 0;
    for (int entry = 1; json_next(list, &rest, NULL, &item); entry++) {
        check_entry(entry, item);
        if (!json_member(item, "component").text || !json_member(item, "variable").text) {
            wrong(entry, NULL, "component or variable is missing");
        }
        if (!json_member(item, "value").text && !json_member(item, "mutability").text) {
            wrong(entry, NULL, "neither value nor mutability");
        }
    }
}

bool overrides_next(size_t *rest, json_t fields[OVERRIDE_FIELDS]) {
    json_t item;
    if (!list.text || !json_next(list, rest, NULL, &item)) {
        return false;
    }
    for (int i = 0; i < OVERRIDE_FIELDS; i++) {
        fields[i] = json_member(item, NAMES[i]);
        if (json_is_null(fields[i])) {
            fields[i].text = NULL;
        }
    }
    return true;
}
