// Messages that leave: a walk over the declaration of a message (tools/schema) and the objects in its slots, in two
// passes, first to count, then to send from one buffer. firmware/wire/README.md describes it.
//
// Nothing here allocates, recurses or knows MicroPython: module.c does that.
#ifndef PILOTWIRE_JSON_OUT_H
#define PILOTWIRE_JSON_OUT_H

#include "firmware/native/wire/wire.h"

enum {
    JSON_OUT_LEAST = 64,  // bytes of the buffer
    JSON_OUT_DEEPEST = 8, // objects within each other; no message of OCPP 2.0.1 has more
};

// An object that is open; the first is the payload. Or an array of scalars.
typedef struct {
    uint16_t node; // its declaration in the table
    uint8_t left;  // its fields that are still to be looked at
    uint8_t base;  // slot of its first leaf
    const void *slots;
    const void *records; // of a record or scalar: what those that follow come from; NULL: it is the field of an object
} json_out_object_t;

// A message that is being written may stop at any byte: all that has to be known then. Objects of the caller's are
// only held here.
typedef struct {
    uint32_t mode; // what comes next: M_* of json_out.c
    uint32_t depth; // objects that are open
    uint32_t comma; // 1: one stands before the next field
    uint32_t counting; // 1: the first pass: what goes beyond the buffer is not written
    uint32_t quote; // of the source: it is in quotes, and escaped; 0: it is not
    uint32_t n; // bytes of text, which is copied before the source,
    uint32_t from; // ... from there on
    uint32_t source_from; // of the source: from there on
    uint32_t message; // its kind: WIRE_CALL, WIRE_CALLRESULT or WIRE_CALLERROR
    uint32_t name; // name id of the action, or of an error's code
    uint32_t node; // of the payload
    uint32_t size; // of the buffer
    uint32_t at; // bytes in it; in the first pass, bytes so far
    uint32_t length; // of the message, 0: it is not known yet
    uint32_t sent; // bytes of it that were handed out
    uint32_t items; // drawn from arrays and texts in a step of the first pass
    uint8_t *buffer;
    const void *id;
    const void *slots; // of an error: its description
    const void *source; // text that is to be copied then; NULL: none
    const void *pieces; // what the rest of a text comes from
    json_out_object_t objects[JSON_OUT_DEEPEST];
    uint8_t text[2 * NAME_MOST + 12]; // a field's name and value, with what is around them
} json_out_t;

// The buffer must stay where it is. False: it is too small.
bool json_out_init(json_out_t *o, uint8_t *buffer, size_t size);
// The next message; name: of its action, or of an error's code. False: no block declares that it sends it.
bool json_out_begin(json_out_t *o, unsigned message, const void *id, unsigned name, const void *slots);
// A step of the first pass. -> bytes of the message, 0: come again.
uint32_t json_out_count(json_out_t *o);
// The next part of the message, in the buffer. -> its bytes, 0: the message is not the one that was counted.
uint32_t json_out_fill(json_out_t *o);

// What the caller knows of its objects. All of it may leave by longjmp, which ends the message.
const void *json_out_slot(const void *slots, unsigned slot); // NULL: nothing is there
const void *json_out_iterate(const void *object);
const void *json_out_next(const void *items); // NULL: that was all
int32_t json_out_integer(const void *object);
bool json_out_true(const void *object);
enum { JSON_OUT_TEXT, JSON_OUT_NAME, JSON_OUT_PIECES };
int json_out_sort(const void *object); // of what stands for a string: a text, a name id, or pieces to iterate over
const uint8_t *json_out_text(const void *object, size_t *n);
__attribute__((noreturn)) void json_out_refuse(void); // the message can't be written

#endif
