// Parameters of the commands: what is missing or wrong is said together with what would be right. See control.h.

#include "control.h"

#include <string.h>

#include "sim.h"

bool control_need_room(control_request_t *request) {
    if (!sim_event_room()) {
        control_fail(request, "the firmware has not taken the earlier events yet; try again later");
        return false;
    }
    return true;
}

bool control_number(control_request_t *request, const char *name, unsigned decimals, int64_t lowest, int64_t highest,
    int64_t *value, bool *given) {
    json_t item = json_member(request->request, name);
    *given = item.text != NULL && !json_is_null(item);
    if (!*given) {
        return true;
    }
    int64_t unit = 1;
    for (unsigned i = 0; i < decimals; i++) {
        unit *= 10;
    }
    bool good = decimals == 0 ? json_whole(item, lowest, highest, value) :
        json_scaled(item, decimals, value) && *value >= lowest && *value <= highest;
    if (!good) {
        // The limits are shown in the parameter's own unit; only a factor has a limit below one of it.
        control_fail(request, "%s: not a %snumber %s %d to %d", name, decimals == 0 ? "whole " : "",
            lowest % unit ? "above" : "from", (int)(lowest / unit), (int)(highest / unit));
    }
    return good;
}

bool control_evse(control_request_t *request, uint8_t *evse, bool zero_is_all) {
    int64_t number = 0;
    bool given;
    if (!control_number(request, "evse", 0, zero_is_all ? 0 : 1, sim.evses, &number, &given)) {
        return false;
    }
    if (!given && !zero_is_all) {
        control_fail(request, "evse: missing; give a number from 1 to %d", sim.evses);
        return false;
    }
    *evse = (uint8_t)number;
    return true;
}

bool control_connector(control_request_t *request, uint8_t *evse, uint8_t *connector) {
    if (!control_evse(request, evse, false)) {
        return false;
    }
    int64_t number = 1;
    bool given;
    int most = sim_evse(*evse)->connectors;
    if (!control_number(request, "connector", 0, 1, most, &number, &given)) {
        return false;
    }
    if (!given && most > 1) {
        control_fail(request, "connector: missing; EVSE %d has connectors 1 to %d", *evse, most);
        return false;
    }
    *connector = (uint8_t)number;
    return true;
}

bool control_text(control_request_t *request, const char *name, bool optional, char *text, size_t size, int *length) {
    json_t item = json_member(request->request, name);
    *length = -1;
    if (!item.text || json_is_null(item)) {
        if (!optional) {
            control_fail(request, "%s: missing; give a string", name);
        }
        return optional;
    }
    *length = json_string(item, text, size);
    if (*length == JSON_NOT_A_STRING) {
        control_fail(request, "%s: not a string", name);
    } else if (*length == JSON_TOO_LONG) {
        control_fail(request, "%s: longer than %u bytes", name, (unsigned)(size - 1));
    } else if (*length == JSON_LONE_SURROGATE) {
        control_fail(request, "%s: half of a surrogate pair, which is no character", name);
    }
    return *length >= 0;
}

bool control_flag(control_request_t *request, const char *name, const bool *otherwise, bool *value) {
    json_t item = json_member(request->request, name);
    bool given = item.text && !json_is_null(item);
    if (!given && otherwise) {
        *value = *otherwise;
        return true;
    }
    if (!json_bool(item, value)) {
        control_fail(request, "%s: %s; give true or false", name, given ? "neither true nor false" : "missing");
        return false;
    }
    return true;
}
