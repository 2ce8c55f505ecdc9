// Commands that play the driver, the car and the hardware's moods. See control.h.

#include <string.h>

#include "control.h"
#include "port.h"
#include "sim.h"

#define CURRENT_MAX_MA 1000000
#define CELSIUS_MIN (-50)
#define CELSIUS_MAX 150
#define POWER_MAX_W 4000000
#define ENERGY_MAX_WH 1000000000 // a small int of the firmware holds it

static void plug(control_request_t *request) {
    static const uint8_t CODINGS[] = {13, 20, 32, 63}; // IEC 61851-1, table B.2
    uint8_t evse, connector;
    int64_t cable = SIM_CABLE_MA / 1000;
    bool given;
    json_t wanted = json_member(request->request, "cable");
    if (!control_connector(request, &evse, &connector)) {
        return;
    }
    given = wanted.text && !json_is_null(wanted);
    if (given && (!json_whole(wanted, 0, UINT8_MAX, &cable) || !memchr(CODINGS, (int)cable, sizeof(CODINGS)))) {
        control_fail(request, "cable: no coding of a cable; give 13, 20, 32 or 63 (A)");
        return;
    }
    if (!sim_plug(evse, connector, (uint16_t)(cable * 1000))) {
        control_need_room(request);
    }
}

static void unplug(control_request_t *request) {
    uint8_t evse, connector;
    if (control_connector(request, &evse, &connector) && !sim_set_pilot(evse, connector, PILOT_A)) {
        control_need_room(request);
    }
}

static void ev(control_request_t *request) {
    uint8_t evse, number;
    char state[2];
    int length;
    if (!control_connector(request, &evse, &number)) {
        return;
    }
    const sim_connector_t *connector = sim_connector(evse, number);
    int64_t current = connector->current_ma, phases = connector->phases;
    bool current_given, phases_given;
    json_t wanted = json_member(request->request, "state");
    length = json_string(wanted, state, sizeof(state));
    if (wanted.text && (length != 1 || state[0] < 'A' || state[0] > 'F')) {
        control_fail(request, "state: not one of \"A\" to \"F\"");
        return;
    }
    if (!control_number(request, "current", 3, 0, CURRENT_MAX_MA, &current, &current_given)
        || !control_number(request, "phases", 0, 1, SIM_PHASES_MAX, &phases, &phases_given)) {
        return;
    }
    json_t obedience = json_member(request->request, "obeys");
    bool obeys_given = obedience.text && !json_is_null(obedience), obeys = true;
    if (obeys_given && !control_flag(request, "obeys", NULL, &obeys)) {
        return;
    }
    if (!wanted.text && !current_given && !phases_given && !obeys_given) {
        control_fail(request, "state: missing; give \"A\" to \"F\", or current, phases or obeys");
        return;
    }
    if (wanted.text && !sim_set_pilot(evse, number, (uint8_t)(state[0] - 'A'))) {
        control_need_room(request);
        return;
    }
    sim_set_draw(evse, number, (uint32_t)current, (uint8_t)phases, obeys);
}

static void temperature(control_request_t *request) {
    uint8_t evse;
    int64_t celsius = 0;
    bool given;
    if (!control_evse(request, &evse, false)
        || !control_number(request, "celsius", 0, CELSIUS_MIN, CELSIUS_MAX, &celsius, &given)) {
        return;
    }
    if (!given) {
        control_fail(request, "celsius: missing; give a whole number from %d to %d", CELSIUS_MIN, CELSIUS_MAX);
        return;
    }
    sim_evse(evse)->celsius = (int16_t)celsius;
}

// The EVSEs of a swipe as a bit mask, bit 0 for EVSE 1; 0: any.
static bool swipe_evses(control_request_t *request, uint32_t *mask) {
    json_t list = json_member(request->request, "evses");
    *mask = 0;
    if (!list.text || json_is_null(list)) {
        uint8_t evse;
        if (!control_evse(request, &evse, true)) {
            return false;
        }
        *mask = evse ? 1u << (evse - 1) : 0;
        return true;
    }
    json_t item;
    size_t rest = 0;
    int64_t evse;
    bool good = json_is_array(list);
    while (good && json_next(list, &rest, NULL, &item)) {
        good = json_whole(item, 1, sim.evses, &evse);
        *mask |= good ? 1u << (evse - 1) : 0;
    }
    if (!good) {
        control_fail(request, "evses: not an array of numbers from 1 to %d", sim.evses);
    }
    return good;
}

static const char *const TOKEN_TYPES[] = {
    "Central", "eMAID", "ISO14443", "ISO15693", "KeyCode", "Local", "MacAddress", "NoAuthorization",
};

static bool known_token_type(const char *type) {
    for (size_t i = 0; i < sizeof(TOKEN_TYPES) / sizeof(TOKEN_TYPES[0]); i++) {
        if (strcmp(TOKEN_TYPES[i], type) == 0) {
            return true;
        }
    }
    return false;
}

static void swipe(control_request_t *request) {
    static char token[1024];
    char type[24];
    int token_length, type_length;
    sim_event_t event = {.kind = EVENT_TOKEN};
    if (!control_text(request, "token", false, token, sizeof(token), &token_length)
        || !control_text(request, "type", true, type, sizeof(type), &type_length)
        || !swipe_evses(request, &event.number)) {
        return;
    }
    if (type_length < 0) {
        strcpy(type, "ISO14443");
    } else if (!known_token_type(type)) {
        control_fail(request, "type: not one of Central, eMAID, ISO14443, ISO15693, KeyCode, Local, MacAddress, NoAuthorization");
        return;
    }
    event.text[0] = token;
    event.length[0] = (uint16_t)token_length;
    event.text[1] = type;
    event.length[1] = (uint16_t)strlen(type);
    if (!sim_event_push(&event)) {
        control_fail(request, "the reader is busy: the firmware has not taken the earlier cards yet");
    }
}

static void fault(control_request_t *request) {
    uint8_t evse, connector;
    char name[SIM_FAULT_SIZE];
    int length;
    bool yes = true, set;
    if (!control_connector(request, &evse, &connector)
        || !control_text(request, "error", false, name, sizeof(name), &length)
        || !control_flag(request, "set", &yes, &set)) {
        return;
    }
    if (length == 0 || strlen(name) != (size_t)length) {
        control_fail(request, "error: empty; give a name such as GroundFailure");
        return;
    }
    switch (sim_set_fault(evse, connector, name, set)) {
        case FAULT_TAKEN:
            break;
        case FAULT_NO_ROOM:
            control_need_room(request);
            break;
        case FAULT_TOO_MANY:
            control_fail(request, "error: the connector has %d faults already; take one away with \"set\": false", SIM_FAULTS_MAX);
            break;
    }
}

static void network(control_request_t *request) {
    bool up;
    if (!control_flag(request, "up", NULL, &up)) {
        return;
    }
    sim_event_t event = {.kind = EVENT_NETWORK, .value = up};
    if (!sim_event_push(&event)) {
        control_need_room(request);
        return;
    }
    sim.network_up = up;
    port_network(up);
}

// power_w and rate_w: a number from now on, null: no longer.
static bool override(control_request_t *request, const char *name, int32_t *setting, bool *given) {
    json_t item = json_member(request->request, name);
    if (json_is_null(item)) {
        *setting = SIM_NOT_SET;
        *given = true;
        return true;
    }
    int64_t value = 0;
    if (!control_number(request, name, 0, 0, POWER_MAX_W, &value, given)) {
        return false;
    }
    *setting = (int32_t)value;
    return true;
}

// signed: an object, from now on the meter's signed record of any reading; null: it fails to sign.
static bool signed_record(control_request_t *request, sim_meter_t *record, bool *given) {
    static const char *const NAMES[] = {"signedMeterData", "publicKey", "signingMethod", "encodingMethod"};
    json_t item = json_member(request->request, "signed");
    *given = item.text != NULL;
    record->signs = *given && !json_is_null(item);
    if (!record->signs) {
        return true;
    }
    if (!json_is_object(item)) {
        control_fail(request, "signed: neither an object nor null");
        return false;
    }
    for (int i = 0; i < 2 * SIM_SIGNED_TEXTS; i++) {
        bool text = i < SIM_SIGNED_TEXTS;
        size_t size = text ? SIM_SIGNED_SIZE : SIM_SIGNED_METHOD_SIZE;
        char *to = text ? record->signed_text[i] : record->signed_method[i - SIM_SIGNED_TEXTS];
        int length = json_string(json_member(item, NAMES[i]), to, size);
        if (length < 0 || strlen(to) != (size_t)length) {
            control_fail(request, "signed: %s: missing, or not a string of at most %u bytes without NUL", NAMES[i], (unsigned)(size - 1));
            return false;
        }
    }
    return true;
}

static void meter(control_request_t *request) {
    static sim_meter_t record;
    uint8_t evse;
    int64_t energy = 0, stamp = 0;
    int32_t power = 0, rate = 0;
    bool energy_given, power_given, rate_given, signed_given;
    char text[SIM_STAMP_SIZE + 8];
    int text_length;
    if (!control_evse(request, &evse, true)
        || !control_number(request, "energy_wh", 3, 0, ENERGY_MAX_WH * 1000ll, &energy, &energy_given)
        || !override(request, "power_w", &power, &power_given)
        || !override(request, "rate_w", &rate, &rate_given)
        || !signed_record(request, &record, &signed_given)
        || !control_text(request, "timestamp", true, text, sizeof(text), &text_length)) {
        return;
    }
    if (text_length >= 0 && (!energy_given || !sim_parse_stamp(text, &stamp))) {
        control_fail(request, energy_given ? "timestamp: not of the form 2026-01-31T12:00:00Z" :
            "timestamp: says when energy_wh was read; give energy_wh too");
        return;
    }
    if (!energy_given && !power_given && !rate_given && !signed_given) {
        control_fail(request, "give energy_wh, power_w or rate_w (or signed)");
        return;
    }
    for (uint8_t e = 1; e <= sim.evses; e++) {
        if (evse != 0 && e != evse) {
            continue;
        }
        sim_meter_count(e);
        sim_meter_t *m = &sim_evse(e)->meter;
        m->power_w = power_given ? power : m->power_w;
        m->rate_w = rate_given ? rate : m->rate_w;
        if (energy_given) {
            sim_meter_set(e, (uint64_t)energy);
        }
        if (signed_given) {
            m->signs = record.signs;
            sim.meters_sign = sim.meters_sign || record.signs;
        }
        if (signed_given && record.signs) {
            memcpy(m->signed_text, record.signed_text, sizeof(m->signed_text));
            memcpy(m->signed_method, record.signed_method, sizeof(m->signed_method));
        }
        if (text_length >= 0) {
            sim_meter_shift(e, (sim_utc_us() - stamp) / 1000);
        }
    }
}

static void reboot(control_request_t *request) {
    sim_event_t event = {.kind = EVENT_REBOOT};
    if (!sim_event_push(&event)) {
        control_need_room(request);
    }
}

static void power_cut(control_request_t *request) {
    (void)request;
    port_power_cut();
}

const control_command_t control_hardware_commands[] = {
    {"plug", plug},
    {"unplug", unplug},
    {"ev", ev},
    {"temperature", temperature},
    {"swipe", swipe},
    {"fault", fault},
    {"network", network},
    {"meter", meter},
    {"reboot", reboot},
    {"power_cut", power_cut},
    {NULL, NULL},
};
