// Commands that ask about the station, turn its clock, and talk to the CSMS through it. See control.h.

#include <string.h>

#include "control.h"
#include "port.h"
#include "sim.h"

static const struct {
    const char *name;
    uint32_t bit;
} HOOKS[] = {
    {"log", HOOK_LOG},
    {"status", HOOK_STATUS},
    {"relay", HOOK_RELAY},
    {"display", HOOK_DISPLAY},
    {"data_transfer", HOOK_DATA_TRANSFER},
};
#define HOOK_COUNT (sizeof(HOOKS) / sizeof(HOOKS[0]))

static void put_member(json_out_t *out, const char *name, bool first) {
    json_put(out, first ? "\"" : ",\"");
    json_put(out, name);
    json_put(out, "\":");
}

static void put_bool(json_out_t *out, const char *name, bool value) {
    put_member(out, name, false);
    json_put(out, value ? "true" : "false");
}

static void put_commands(json_out_t *out, const control_command_t *command, bool *first) {
    for (; command->name; command++) {
        json_put(out, *first ? "" : ",");
        json_put_text(out, command->name);
        *first = false;
    }
}

static void capabilities(control_request_t *request) {
    json_out_t *out = &request->out;
    bool first = true;
    json_put(out, ",\"commands\":[");
    put_commands(out, control_hardware_commands, &first);
    put_commands(out, control_station_commands, &first);
    json_put(out, "],\"events\":[");
    for (size_t i = 0; i + 1 < HOOK_COUNT; i++) {
        json_put(out, i == 0 ? "" : ",");
        json_put_text(out, HOOKS[i].name);
    }
    json_put(out, "],\"hooks\":[\"data_transfer\"],\"ocpp\":[\"ocpp2.0.1\"]");
}

static void put_connector(json_out_t *out, uint8_t number, const sim_connector_t *connector) {
    char pilot[2] = {(char)('A' + connector->plug.pilot), 0};
    json_put(out, number == 1 ? "{\"id\":" : ",{\"id\":");
    json_put_number(out, number);
    put_member(out, "status", false);
    json_put_text(out, connector->status);
    put_member(out, "cp", false);
    json_put_text(out, pilot);
    put_member(out, "pwm", false);
    json_put_number(out, connector->pwm / 10);
    json_put(out, ".");
    json_put_number(out, connector->pwm % 10);
    put_bool(out, "relay", connector->closed);
    put_bool(out, "locked", connector->locked);
    json_put(out, "}");
}

static void state(control_request_t *request) {
    json_out_t *out = &request->out;
    put_bool(out, "connected", sim.connected);
    json_put(out, ",\"evses\":[");
    for (uint8_t e = 1; e <= sim.evses; e++) {
        const sim_evse_t *evse = sim_evse(e);
        json_put(out, e == 1 ? "{\"id\":" : ",{\"id\":");
        json_put_number(out, e);
        json_put(out, ",\"connectors\":[");
        for (uint8_t c = 1; c <= evse->connectors; c++) {
            put_connector(out, c, &evse->connector[c - 1]);
        }
        json_put(out, "],\"transactionId\":");
        if (evse->transaction[0]) {
            json_put_text(out, evse->transaction);
        } else {
            json_put(out, "null");
        }
        put_member(out, "energy_wh", false);
        json_put_number(out, (int64_t)(sim_meter_mwh(e) / 1000));
        json_put(out, "}");
    }
    json_put(out, "]");
}

static void clock_(control_request_t *request) {
    int64_t advance = 0, factor = 0;
    bool advance_given, factor_given;
    if (!control_number(request, "advance_s", 3, 0, SIM_ADVANCE_MAX_MS, &advance, &advance_given)
        || !control_number(request, "factor", 3, 1, SIM_FACTOR_MAX, &factor, &factor_given)) {
        return;
    }
    if (factor_given) {
        sim_set_factor((uint32_t)factor);
    }
    if (advance_given && advance > 0) {
        sim_advance((uint64_t)advance);
    }
    json_out_t *out = &request->out;
    char stamp[SIM_STAMP_SIZE];
    sim_stamp(sim_utc_us() + (int64_t)sim_advance_left_ms() * 1000, stamp);
    put_member(out, "time", false);
    json_put_text(out, stamp);
    put_member(out, "factor", false);
    json_put_number(out, sim_factor() / SIM_FACTOR_ONE);
    uint32_t rest = sim_factor() % SIM_FACTOR_ONE;
    if (rest) {
        char digits[] = {'.', (char)('0' + rest / 100), (char)('0' + rest / 10 % 10), (char)('0' + rest % 10), 0};
        json_put(out, digits);
    }
}

static void heap(control_request_t *request) {
    sim_event_t event = {.kind = EVENT_HEAP};
    control_defer(request, &event, CONTROL_HEAP_S, "the firmware has not answered in time: it is busy, or starting");
}

void control_heap_done(uint32_t seq, uint32_t used, uint32_t unused) {
    json_out_t out;
    if (control_start_deferred(seq, &out, true)) {
        put_member(&out, "used", false);
        json_put_number(&out, used);
        put_member(&out, "free", false);
        json_put_number(&out, unused);
        control_send_deferred(seq, &out);
    }
}

static void hook(control_request_t *request) {
    char name[24];
    int length;
    bool on;
    if (!control_text(request, "name", false, name, sizeof(name), &length) || !control_flag(request, "on", NULL, &on)) {
        return;
    }
    for (size_t i = 0; i < HOOK_COUNT; i++) {
        if (strcmp(HOOKS[i].name, name) == 0) {
            if (on) {
                request->client->hooks |= HOOKS[i].bit;
            } else {
                request->client->hooks &= ~HOOKS[i].bit;
                control_hook_turned_off();
            }
            return;
        }
    }
    control_fail(request, "name: not one of log, status, relay, display, data_transfer");
}

void control_relay_moved(uint8_t evse, uint8_t connector, bool closed) {
    json_out_t out;
    control_start_event(&out, "relay", evse, connector);
    put_bool(&out, "relay", closed);
    json_put(&out, "}");
    control_send_event(HOOK_RELAY, &out);
}

void control_status(uint8_t evse, uint8_t connector, const char *status) {
    json_out_t out;
    control_start_event(&out, "status", evse, connector);
    put_member(&out, "status", false);
    json_put_text(&out, status);
    json_put(&out, "}");
    control_send_event(HOOK_STATUS, &out);
}

void control_display(uint8_t evse, const char *text, size_t length) {
    json_out_t out;
    control_start_event(&out, "display", evse, 0);
    put_member(&out, "text", false);
    json_put_string(&out, text, length);
    json_put(&out, "}");
    control_send_event(HOOK_DISPLAY, &out);
}

void control_log(const char *level, const char *text, size_t length) {
    json_out_t out;
    char stamp[SIM_STAMP_SIZE];
    sim_stamp(sim_utc_us(), stamp);
    control_start_event(&out, "log", 0, 0);
    put_member(&out, "time", false);
    json_put_text(&out, stamp);
    put_member(&out, "level", false);
    json_put_text(&out, level);
    put_member(&out, "text", false);
    json_put_string(&out, text, length);
    json_put(&out, "}");
    control_send_event(HOOK_LOG, &out);
}

const control_command_t control_station_commands[] = {
    {"capabilities", capabilities},
    {"state", state},
    {"clock", clock_},
    {"heap", heap},
    {"data_transfer", control_data_transfer},
    {"hook", hook},
    {"reply", control_reply},
    {NULL, NULL},
};
