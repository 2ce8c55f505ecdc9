// DataTransfer through the control protocol, both ways. See control.h.

#include <string.h>

#include "control.h"
#include "port.h"
#include "sim.h"

#define NAME_MAX_BYTES 256 // of vendorId, messageId and status: the firmware answers what is too long for OCPP

// Hook events that wait for a `reply`.
static struct {
    bool waits;
    uint32_t seq;
} hooks[CONTROL_HOOKS_MAX];

void control_data_transfer(control_request_t *request) {
    static char vendor[NAME_MAX_BYTES], message[NAME_MAX_BYTES];
    int vendor_length, message_length;
    if (!control_text(request, "vendorId", false, vendor, sizeof(vendor), &vendor_length)
        || !control_text(request, "messageId", true, message, sizeof(message), &message_length)) {
        return;
    }
    json_t data = json_member(request->request, "data");
    sim_event_t event = {
        .kind = EVENT_DATA_TRANSFER,
        .text = {vendor, message_length < 0 ? NULL : message, data.text},
        .length = {(uint16_t)vendor_length, (uint16_t)message_length, (uint16_t)data.length},
    };
    control_defer(request, &event, CONTROL_TRANSFER_S, "the CSMS has not answered in time");
}

void control_transfer_done(uint32_t seq, const char *status, size_t status_length, const char *data, size_t data_length,
    const char *error, size_t error_length) {
    json_out_t out;
    if (!control_start_deferred(seq, &out, error == NULL)) {
        return;
    }
    json_put(&out, error ? ",\"error\":" : ",\"status\":");
    json_put_string(&out, error ? error : status, error ? error_length : status_length);
    if (!error && data) {
        json_put(&out, ",\"data\":");
        json_put_raw(&out, data, data_length);
    }
    control_send_deferred(seq, &out);
}

void control_firmware_restarted(void) {
    control_deferred_restarted();
    memset(hooks, 0, sizeof(hooks));
}

bool control_hook(uint32_t seq, const char *vendor, size_t vendor_length, const char *message, size_t message_length,
    const char *data, size_t data_length) {
    bool somebody = false;
    for (int i = 0; i < CONTROL_CLIENTS_MAX; i++) {
        somebody |= control_clients[i] && (control_clients[i]->hooks & HOOK_DATA_TRANSFER);
    }
    int place = 0;
    while (place < CONTROL_HOOKS_MAX && hooks[place].waits) {
        place++;
    }
    if (!somebody || place == CONTROL_HOOKS_MAX) {
        return false;
    }
    json_out_t out;
    control_start_line(&out);
    json_put(&out, "{\"event\":\"data_transfer\",\"seq\":");
    json_put_number(&out, seq);
    json_put(&out, ",\"vendorId\":");
    json_put_string(&out, vendor, vendor_length);
    if (message) {
        json_put(&out, ",\"messageId\":");
        json_put_string(&out, message, message_length);
    }
    if (data) {
        json_put(&out, ",\"data\":");
        json_put_raw(&out, data, data_length);
    }
    json_put(&out, "}");
    if (out.full) {
        return false;
    }
    hooks[place].waits = true;
    hooks[place].seq = seq;
    control_send_event(HOOK_DATA_TRANSFER, &out);
    return true;
}

static bool hook_reply(uint32_t seq, const char *status, size_t status_length, json_t data) {
    sim_event_t event = {
        .kind = EVENT_HOOK_REPLY,
        .number = seq,
        .text = {status, data.text, NULL},
        .length = {(uint16_t)status_length, (uint16_t)data.length, 0},
    };
    return sim_event_push(&event);
}

void control_reply(control_request_t *request) {
    int64_t seq;
    bool given;
    json_t result = json_member(request->request, "result");
    if (!control_number(request, "seq", 0, 0, 0x3fffffff, &seq, &given)) {
        return;
    }
    int place = 0;
    while (place < CONTROL_HOOKS_MAX && !(given && hooks[place].waits && hooks[place].seq == seq)) {
        place++;
    }
    if (place == CONTROL_HOOKS_MAX) {
        control_fail(request, "seq: %s", given ? "nothing of that number waits for a reply" : "missing; give that of the event");
        return;
    }
    char status[NAME_MAX_BYTES];
    int length = json_is_object(result) ? json_string(json_member(result, "status"), status, sizeof(status)) : JSON_NOT_A_STRING;
    if (length < 0) {
        control_fail(request, "result: give {\"status\": \"Accepted\", \"data\": ...}, data only if there is any");
        return;
    }
    if (!hook_reply((uint32_t)seq, status, (size_t)length, json_member(result, "data"))) {
        control_need_room(request);
        return;
    }
    hooks[place].waits = false;
}

// When nobody is left who could reply, the CSMS gets its answer all the same.
void control_hook_turned_off(void) {
    for (int i = 0; i < CONTROL_CLIENTS_MAX; i++) {
        if (control_clients[i] && (control_clients[i]->hooks & HOOK_DATA_TRANSFER)) {
            return;
        }
    }
    for (int i = 0; i < CONTROL_HOOKS_MAX; i++) {
        if (hooks[i].waits) {
            hooks[i].waits = false;
            hook_reply(hooks[i].seq, "Rejected", 8, (json_t) {NULL, 0});
        }
    }
}

void control_close(control_client_t *client) {
    for (int i = 0; i < CONTROL_CLIENTS_MAX; i++) {
        if (control_clients[i] == client) {
            control_clients[i] = NULL;
        }
    }
    control_deferred_closed(client);
    control_hook_turned_off();
}
