// Commands whose reply comes from the firmware: each puts an event into its queue and waits. See control.h.

#include <string.h>

#include "control.h"
#include "port.h"
#include "sim.h"

static struct {
    control_client_t *client; // NULL: this place is free
    uint32_t seq;
    uint64_t until_us;
    const char *too_late;
    size_t id_length;
    char id[CONTROL_ID_MAX];
} waiting[CONTROL_DEFERRED_MAX];
static uint32_t last_seq;

void control_defer(control_request_t *request, sim_event_t *event, unsigned seconds, const char *too_late) {
    int place = 0;
    while (place < CONTROL_DEFERRED_MAX && waiting[place].client) {
        place++;
    }
    if (place == CONTROL_DEFERRED_MAX) {
        control_fail(request, "%d commands wait for the firmware already", CONTROL_DEFERRED_MAX);
        return;
    }
    event->number = (last_seq + 1) & 0x3fffffff; // a small int of the firmware
    if (!sim_event_push(event)) {
        control_need_room(request);
        return;
    }
    last_seq = event->number;
    waiting[place].client = request->client;
    waiting[place].seq = event->number;
    waiting[place].until_us = port_now_us() + seconds * 1000000ull;
    waiting[place].too_late = too_late;
    waiting[place].id_length = request->id.text ? request->id.length : 4;
    memcpy(waiting[place].id, request->id.text ? request->id.text : "null", waiting[place].id_length);
    request->deferred = true;
}

static int find(uint32_t seq) {
    int place = 0;
    while (place < CONTROL_DEFERRED_MAX && !(waiting[place].client && waiting[place].seq == seq)) {
        place++;
    }
    return place;
}

bool control_start_deferred(uint32_t seq, json_out_t *out, bool ok) {
    int place = find(seq);
    if (place == CONTROL_DEFERRED_MAX) {
        return false;
    }
    control_start_reply(out, waiting[place].id, waiting[place].id_length, ok);
    return true;
}

static void give_up(int place, const char *error) {
    json_out_t out;
    control_start_reply(&out, waiting[place].id, waiting[place].id_length, false);
    json_put(&out, ",\"error\":");
    json_put_text(&out, error);
    control_send_deferred(waiting[place].seq, &out);
}

void control_send_deferred(uint32_t seq, json_out_t *out) {
    int place = find(seq);
    json_put(out, "}");
    if (out->full) {
        give_up(place, "the answer is too long to be passed on");
        return;
    }
    control_client_t *client = waiting[place].client;
    waiting[place].client = NULL;
    control_send_line(client, out);
}

void control_tick(void) {
    uint64_t now = port_now_us();
    for (int i = 0; i < CONTROL_DEFERRED_MAX; i++) {
        if (waiting[i].client && now > waiting[i].until_us) {
            give_up(i, waiting[i].too_late);
        }
    }
}

void control_deferred_restarted(void) {
    for (int i = 0; i < CONTROL_DEFERRED_MAX; i++) {
        if (waiting[i].client) {
            give_up(i, "the station has restarted before it had the answer");
        }
    }
}

void control_deferred_closed(const control_client_t *client) {
    for (int i = 0; i < CONTROL_DEFERRED_MAX; i++) {
        if (waiting[i].client == client) {
            waiting[i].client = NULL;
        }
    }
}
