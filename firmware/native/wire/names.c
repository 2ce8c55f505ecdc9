// Wire names: each is stored once, as pieces (tools/schema/README.md), and known by its number elsewhere.

#include "firmware/native/wire/reader.h"

static unsigned codes_of(unsigned i) {
    return (wire_lengths[i / 2] >> i % 2 * 4 & 15) + 1;
}

// -> the first code of a name; *end: behind its last one
static const uint8_t *codes(unsigned id, const uint8_t **end) {
    unsigned name = id - 1;
    unsigned i = name / NAME_EVERY;
    const uint8_t *at = &wire_codes[wire_starts[i]];
    for (i *= NAME_EVERY; i < name; i++) {
        at += codes_of(i);
    }
    *end = at + codes_of(name);
    return at;
}

// -> the letters of a code; *end: behind the last one
static const uint8_t *piece(unsigned code, const uint8_t **end) {
    unsigned where = wire_pieces[code];
    const uint8_t *at = &wire_letters[where & 4095];
    *end = at + (where >> 12) + 1;
    return at;
}

size_t wire_name(unsigned id, uint8_t text[NAME_MOST]) {
    const uint8_t *end, *last;
    size_t n = 0;
    for (const uint8_t *at = codes(id, &end); at < end; at++) {
        for (const uint8_t *c = piece(*at, &last); c < last; c++) {
            text[n++] = *c;
        }
    }
    return n;
}

// How many letters a name and text[:n] share; *next: the name's letter behind them, 0: that was all of the name.
static size_t shared(unsigned id, const uint8_t *text, size_t n, unsigned *next) {
    const uint8_t *end, *last;
    size_t i = 0;
    for (const uint8_t *at = codes(id, &end); at < end; at++) {
        for (const uint8_t *c = piece(*at, &last); c < last; c++, i++) {
            if (i == n || text[i] != *c) {
                *next = *c;
                return i;
            }
        }
    }
    *next = 0;
    return i;
}

size_t wire_begins_with(unsigned id, const uint8_t *text, size_t n) {
    unsigned c;
    size_t length = shared(id, text, n, &c);
    return c == 0 ? length : 0;
}

bool wire_is_name(unsigned id, const uint8_t *text, size_t n) {
    return n != 0 && wire_begins_with(id, text, n) == n;
}

// Each section is sorted.
unsigned wire_find(const uint8_t *text, size_t n, unsigned section) {
    unsigned low = section;
    unsigned high = section == 1 ? FIRST_ACTION : section == FIRST_ACTION ? FIRST_OTHER : LAST_NAME + 1;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        unsigned c;
        size_t i = shared(middle, text, n, &c);
        if (c == 0 && i == n) {
            return middle;
        }
        if (i == n || c > text[i]) {
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
