// What has happened and the firmware has not taken yet: a ring of bytes, oldest first. See sim.h.
//
// A record is a header (sim_event_t without its texts), then each text: two bytes of length, its bytes.
// Records do not wrap around the end: what does not fit there starts at 0 again.

#include "sim.h"

#include <string.h>

#include "port.h"

typedef struct {
    uint16_t size; // of the whole record; 0: the ring goes on at its start
    uint8_t kind, evse, connector, value;
    uint32_t number;
    uint16_t length[SIM_EVENT_TEXTS];
} record_t;

static _Alignas(record_t) char ring[SIM_EVENTS_SIZE];
static size_t head, tail, used; // head: the oldest record
static bool clock_waits;        // one CLOCK event says it all

static size_t padded(size_t size) {
    return (size + _Alignof(record_t) - 1) / _Alignof(record_t) * _Alignof(record_t);
}

// Makes room for a record of `size` bytes at `tail`.
static bool make_room(size_t size) {
    if (used == 0) {
        head = tail = 0;
    }
    if (tail == SIM_EVENTS_SIZE) {
        tail = 0;
    }
    size_t at_end = tail >= head && !(used > 0 && tail == head) ? SIM_EVENTS_SIZE - tail : 0;
    if (at_end > 0) {
        if (size <= at_end) {
            return true;
        }
        if (size > head) {
            return false;
        }
        if (at_end >= sizeof(uint16_t)) {
            ((record_t *)(void *)(ring + tail))->size = 0;
        }
        used += at_end;
        tail = 0;
    }
    return size <= head - tail;
}

bool sim_event_push(const sim_event_t *event) {
    if (event->kind == EVENT_CLOCK && clock_waits) {
        port_wake();
        return true;
    }
    size_t size = sizeof(record_t);
    for (int i = 0; i < SIM_EVENT_TEXTS; i++) {
        size += event->text[i] && event->length[i] != SIM_ABSENT ? event->length[i] : 0;
    }
    size = padded(size);
    if (size > UINT16_MAX || !make_room(size)) {
        return false;
    }
    record_t *record = (record_t *)(void *)(ring + tail);
    record->size = (uint16_t)size;
    record->kind = event->kind;
    record->evse = event->evse;
    record->connector = event->connector;
    record->value = event->value;
    record->number = event->number;
    char *at = (char *)(record + 1);
    for (int i = 0; i < SIM_EVENT_TEXTS; i++) {
        record->length[i] = event->text[i] ? event->length[i] : SIM_ABSENT;
        if (record->length[i] != SIM_ABSENT) {
            memcpy(at, event->text[i], record->length[i]);
            at += record->length[i];
        }
    }
    tail += size;
    used += size;
    clock_waits |= event->kind == EVENT_CLOCK;
    port_wake();
    return true;
}

bool sim_event_room(void) {
    return make_room(padded(sizeof(record_t)));
}

// The oldest record, past the gap at the end of the ring.
static record_t *oldest(void) {
    if (used == 0) {
        return NULL;
    }
    size_t at_end = SIM_EVENTS_SIZE - head;
    if (at_end < sizeof(record_t) || ((record_t *)(void *)(ring + head))->size == 0) {
        used -= at_end;
        head = 0;
    }
    return used > 0 ? (record_t *)(void *)(ring + head) : NULL;
}

bool sim_event_peek(sim_event_t *event) {
    record_t *record = oldest();
    if (record == NULL) {
        return false;
    }
    event->kind = record->kind;
    event->evse = record->evse;
    event->connector = record->connector;
    event->value = record->value;
    event->number = record->number;
    const char *at = (const char *)(record + 1);
    for (int i = 0; i < SIM_EVENT_TEXTS; i++) {
        event->length[i] = record->length[i];
        event->text[i] = record->length[i] == SIM_ABSENT ? NULL : at;
        at += record->length[i] == SIM_ABSENT ? 0 : record->length[i];
    }
    return true;
}

void sim_event_take(void) {
    record_t *record = oldest();
    if (record == NULL) {
        return;
    }
    if (record->kind == EVENT_PILOT) {
        sim_plug_t told = {record->value, (uint16_t)record->number};
        sim_connector(record->evse, record->connector)->told = told;
    } else if (record->kind == EVENT_CLOCK) {
        clock_waits = false;
    }
    head += record->size;
    used -= record->size;
    if (head == SIM_EVENTS_SIZE) {
        head = 0;
    }
    sim_tell();
}

void sim_events_clear(void) {
    head = tail = used = 0;
    clock_waits = false;
}
