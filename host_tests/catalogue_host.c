// firmware/native/catalogue under the sanitizers: test_catalogue.py starts it with tables that are damaged, and looks
// whether anything is read that is not theirs.

#include <stdio.h>
#include <stdlib.h>

#include "firmware/native/catalogue/catalogue.h"

// A line of hexadecimal numbers, each table in memory of its own size.
static uint8_t *table(uint32_t *size) {
    static char line[1 << 18];
    unsigned byte;
    if (fgets(line, sizeof(line), stdin) == NULL) {
        exit(0);
    }
    uint32_t n = 0;
    while (sscanf(line + 2 * n, "%2x", &byte) == 1) {
        n++;
    }
    uint8_t *bytes = malloc(n);
    for (uint32_t i = 0; i < n; i++) {
        sscanf(line + 2 * i, "%2x", &byte);
        bytes[i] = byte;
    }
    *size = n;
    return bytes;
}

static unsigned long sum; // of all that was found: each byte is looked at

static void look(const uint8_t *bytes, size_t n) {
    for (size_t i = 0; bytes != NULL && i < n; i++) {
        sum += bytes[i];
    }
}

static void all_of(const catalogue_t *c, const catalogue_name_t *name, uint32_t number) {
    size_t n = 0;
    const uint8_t *found = catalogue_text(c, number, &n);
    look(found, n);
    found = catalogue_record(c, number);
    if (found != NULL) {
        look(found, *found);
        for (unsigned field = 1; field < 256; field <<= 1) {
            sum += catalogue_field(found, field);
        }
    }
    look(catalogue_head(c, number), CATALOGUE_COMPONENT);
    sum += catalogue_first(c, number) + catalogue_component_of(c, number);
    sum += catalogue_find_variable(c, number, name, name);
    sum += catalogue_following(c, number, 2, 1) + catalogue_following(c, number | 0x00810000u, 2, 2);
}

// Standard input: lines of STRINGS, COMPONENTS, RECORDS and a piece of values, again and again.
int main(void) {
    for (int round = 0;; round++) {
        catalogue_t c;
        uint32_t size;
        c.strings = table(&c.strings_size);
        c.components = table(&c.components_size);
        c.records = table(&c.records_size);
        uint8_t *piece = table(&size);
        catalogue_name_t name = { piece, size < 9 ? size : 9 };
        for (uint32_t number = 0; number < 3000; number++) {
            all_of(&c, &name, number);
        }
        all_of(&c, &name, 0xFFFF);
        all_of(&c, &name, 0x7FFFFFFF);
        all_of(&c, &name, 0xFFFFFFFF);
        sum += catalogue_find(&c, &name);
        for (unsigned level = 0; level < 4; level++) {
            sum += catalogue_find_component(&c, &name, &name, level);
        }
        uint8_t key[CATALOGUE_KEY];
        for (uint32_t handle = 0; handle < 500; handle++) {
            catalogue_key(handle * 1234567, handle & 3, key);
            sum += catalogue_entry(piece, size, key);
        }
        free((void *)c.strings);
        free((void *)c.components);
        free((void *)c.records);
        free(piece);
        printf("%d %lu\n", round, sum);
    }
}
