// Names (MicroPython's qstrs) of an image, as tools/names writes them into frozen_content.c.
//
// A name is a number. From 0 on:
//   names of MicroPython        0 .. vm - 1; some without a text
//   names without a text        vm .. anonymous_end - 1; those that begin with an underscore end at private_end
//   texts of the frozen code    anonymous_end .. end - 1
//   names that came up since    end ..
//
// Every name of MicroPython and every text has an entry in the tables below: its index is its number, less the names
// without a text that come before.
#ifndef PILOTWIRE_NAMES_H
#define PILOTWIRE_NAMES_H

#include <stdint.h>

typedef struct {
    uint16_t vm;
    uint16_t private_end;
    uint16_t anonymous_end;
    uint16_t end;
} names_t;

// Where every 16th text starts is in names_starts.
#define NAMES_STEP 16

extern const names_t names;
extern const uint8_t names_hashes[]; // of each entry; 0: it has no text, but "_" if it begins with that
extern const uint16_t names_starts[];
extern const char names_texts[];

#endif
