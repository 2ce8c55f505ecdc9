// Pilot, contactor, lock and faults. See sim.h.

#include "sim.h"

#include <string.h>

#include "control.h"
#include "port.h"

sim_t sim;

sim_evse_t *sim_evse(int64_t evse) {
    return evse >= 1 && evse <= sim.evses ? &sim.evse[evse - 1] : NULL;
}

sim_connector_t *sim_connector(int64_t evse, int64_t connector) {
    sim_evse_t *e = sim_evse(evse);
    return e && connector >= 1 && connector <= e->connectors ? &e->connector[connector - 1] : NULL;
}

void sim_init(const uint8_t *connectors, uint8_t evses) {
    memset(&sim, 0, sizeof(sim));
    sim.evses = evses;
    sim.network_up = true;
    for (int e = 0; e < evses; e++) {
        sim.evse[e].connectors = connectors[e];
        sim.evse[e].meter.power_w = SIM_NOT_SET;
        sim.evse[e].meter.rate_w = SIM_NOT_SET;
        for (int c = 0; c < connectors[e]; c++) {
            sim_connector_t *connector = &sim.evse[e].connector[c];
            connector->pwm = SIM_PWM_STEADY;
            connector->current_ma = 16000;
            connector->phases = SIM_PHASES_MAX;
            strcpy(connector->status, "Unavailable");
        }
    }
}

static bool has_fault(const sim_connector_t *connector, const char *name) {
    for (int i = 0; i < SIM_FAULTS_MAX; i++) {
        if (strcmp(connector->faults[i], name) == 0) {
            return true;
        }
    }
    return false;
}

// The contacts follow the coil, but welded ones never open again.
static void move_contacts(uint8_t evse, uint8_t number) {
    sim_connector_t *connector = sim_connector(evse, number);
    bool closed = connector->commanded || (connector->closed && has_fault(connector, "WeldedContact"));
    if (closed != connector->closed) {
        sim_meter_count(evse);
        connector->closed = closed;
        control_relay_moved(evse, number, closed);
    }
}

void sim_firmware_restarts(void) {
    sim_events_clear();
    sim.connected = false;
    for (uint8_t e = 1; e <= sim.evses; e++) {
        sim_meter_count(e);
        sim.evse[e - 1].transaction[0] = 0;
        for (uint8_t c = 1; c <= sim.evse[e - 1].connectors; c++) {
            sim_connector_t *connector = sim_connector(e, c);
            connector->pilot_told = connector->pilot;
            connector->pwm = SIM_PWM_STEADY;
            connector->commanded = false;
            move_contacts(e, c);
        }
    }
    control_firmware_restarted();
}

bool sim_set_pilot(uint8_t evse, uint8_t number, uint8_t pilot) {
    sim_connector_t *connector = sim_connector(evse, number);
    if (connector->pilot == pilot) {
        return true;
    }
    sim_event_t event = {.kind = EVENT_PILOT, .evse = evse, .connector = number, .value = pilot};
    if (!sim_event_push(&event)) {
        return false;
    }
    sim_meter_count(evse);
    connector->pilot = pilot;
    return true;
}

void sim_set_draw(uint8_t evse, uint8_t number, uint32_t current_ma, uint8_t phases) {
    sim_meter_count(evse);
    sim_connector_t *connector = sim_connector(evse, number);
    connector->current_ma = current_ma;
    connector->phases = phases;
}

sim_fault_result_t sim_set_fault(uint8_t evse, uint8_t number, const char *name, bool set) {
    sim_connector_t *connector = sim_connector(evse, number);
    int place = -1, space = -1;
    for (int i = SIM_FAULTS_MAX - 1; i >= 0; i--) {
        if (connector->faults[i][0] == 0) {
            space = i;
        } else if (strcmp(connector->faults[i], name) == 0) {
            place = i;
        }
    }
    if (set == (place >= 0)) {
        return FAULT_TAKEN;
    }
    if (set && space < 0) {
        return FAULT_TOO_MANY;
    }
    sim_event_t event = {.kind = EVENT_FAULT, .evse = evse, .connector = number};
    if (!sim_event_push(&event)) {
        return FAULT_NO_ROOM;
    }
    if (set) {
        strncpy(connector->faults[space], name, SIM_FAULT_SIZE - 1);
    } else {
        connector->faults[place][0] = 0;
        // The oldest stays first.
        for (int i = place; i + 1 < SIM_FAULTS_MAX; i++) {
            memcpy(connector->faults[i], connector->faults[i + 1], SIM_FAULT_SIZE);
        }
        connector->faults[SIM_FAULTS_MAX - 1][0] = 0;
    }
    move_contacts(evse, number);
    return FAULT_TAKEN;
}

void sim_set_relay(uint8_t evse, uint8_t number, bool on) {
    sim_connector(evse, number)->commanded = on;
    move_contacts(evse, number);
}

void sim_set_lock(uint8_t evse, uint8_t number, bool on) {
    sim_connector_t *connector = sim_connector(evse, number);
    if (!has_fault(connector, "ConnectorLockFailure")) {
        connector->locked = on;
    }
}

void sim_set_pwm(uint8_t evse, uint8_t number, uint16_t permille) {
    sim_meter_count(evse);
    sim_connector(evse, number)->pwm = permille;
}

const char *sim_fault(uint8_t evse, uint8_t number) {
    sim_connector_t *connector = sim_connector(evse, number);
    return connector->faults[0][0] ? connector->faults[0] : NULL;
}
