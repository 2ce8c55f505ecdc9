// Pilot, contactor, lock and faults. See sim.h.

#include "sim.h"

#include <string.h>

#include "control.h"
#include "port.h"

sim_t sim;
static unsigned untold; // connectors that are

static bool offers(uint16_t permille) {
    return permille != SIM_PWM_OFF && permille != SIM_PWM_STEADY;
}

bool sim_wants_current(const sim_connector_t *connector) {
    return connector->plug.pilot == PILOT_C || connector->plug.pilot == PILOT_D;
}

sim_evse_t *sim_evse(int64_t evse) {
    return evse >= 1 && evse <= sim.evses ? &sim.evse[evse - 1] : NULL;
}

sim_connector_t *sim_connector(int64_t evse, int64_t connector) {
    sim_evse_t *e = sim_evse(evse);
    return e && connector >= 1 && connector <= e->connectors ? &e->connector[connector - 1] : NULL;
}

void sim_init(const uint8_t *connectors, uint8_t evses) {
    memset(&sim, 0, sizeof(sim));
    untold = 0;
    sim.evses = evses;
    sim.network_up = true;
    for (int e = 0; e < evses; e++) {
        sim.evse[e].connectors = connectors[e];
        sim.evse[e].meter.power_w = SIM_NOT_SET;
        sim.evse[e].meter.rate_w = SIM_NOT_SET;
        sim.evse[e].rating_ma = 32000;
        sim.evse[e].celsius = 25;
        for (int c = 0; c < connectors[e]; c++) {
            sim_connector_t *connector = &sim.evse[e].connector[c];
            connector->pwm = SIM_PWM_STEADY;
            connector->current_ma = 16000;
            connector->phases = SIM_PHASES_MAX;
            connector->obeys = true;
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
    sim.connected = false;
    for (uint8_t e = 1; e <= sim.evses; e++) {
        sim_meter_count(e);
        sim.evse[e - 1].transaction[0] = 0;
        for (uint8_t c = 1; c <= sim.evse[e - 1].connectors; c++) {
            sim_connector_t *connector = sim_connector(e, c);
            sim_set_pwm(e, c, SIM_PWM_STEADY);
            connector->told = connector->plug; // it reads them when it starts
            connector->untold = false;
            connector->commanded = false;
            move_contacts(e, c);
        }
    }
    untold = 0;
    sim_events_clear();
    control_firmware_restarted();
}

static bool push_plug(uint8_t evse, uint8_t number, sim_plug_t plug) {
    sim_event_t event = {
        .kind = EVENT_PILOT, .evse = evse, .connector = number, .value = plug.pilot, .number = plug.cable_ma,
    };
    return sim_event_push(&event);
}

static void tell(uint8_t evse, uint8_t number) {
    sim_connector_t *connector = sim_connector(evse, number);
    if (connector->untold && push_plug(evse, number, connector->plug)) {
        connector->untold = false;
        untold--;
    }
}

void sim_quit(void) {
    sim.quit_due = true;
    sim_tell();
}

void sim_tell(void) {
    sim_event_t quit = {.kind = EVENT_QUIT};
    sim.quit_due = sim.quit_due && !sim_event_push(&quit);
    for (uint8_t e = 1; untold > 0 && e <= sim.evses; e++) {
        for (uint8_t c = 1; c <= sim.evse[e - 1].connectors; c++) {
            tell(e, c);
        }
    }
}

static bool set_plug(uint8_t evse, uint8_t number, sim_plug_t plug) {
    sim_connector_t *connector = sim_connector(evse, number);
    if (plug.pilot == connector->plug.pilot && plug.cable_ma == connector->plug.cable_ma) {
        return true;
    }
    // Untold: there was no room, and there is none before the firmware takes an event.
    if (connector->untold || !push_plug(evse, number, plug)) {
        return false;
    }
    sim_meter_count(evse);
    connector->plug = plug;
    return true;
}

bool sim_plug(uint8_t evse, uint8_t number, uint16_t cable_ma) {
    return set_plug(evse, number, (sim_plug_t) {PILOT_B, cable_ma});
}

bool sim_set_pilot(uint8_t evse, uint8_t number, uint8_t pilot) {
    sim_connector_t *connector = sim_connector(evse, number);
    sim_plug_t plug = {pilot, connector->plug.cable_ma};
    if (pilot == PILOT_A) {
        plug.cable_ma = 0;
    } else if (pilot <= PILOT_D && plug.cable_ma == 0) {
        plug.cable_ma = SIM_CABLE_MA;
    }
    if (!set_plug(evse, number, plug)) {
        return false;
    }
    connector->obeys = connector->obeys || pilot == PILOT_A;
    return true;
}

void sim_set_draw(uint8_t evse, uint8_t number, uint32_t current_ma, uint8_t phases, bool obeys) {
    sim_meter_count(evse);
    sim_connector_t *connector = sim_connector(evse, number);
    connector->current_ma = current_ma;
    connector->phases = phases;
    connector->obeys = obeys;
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

uint32_t sim_set_relay(uint8_t evse, uint8_t number, bool on) {
    sim_connector_t *connector = sim_connector(evse, number);
    uint32_t load_ma = sim_drawn_ma(connector, 1);
    connector->commanded = on;
    move_contacts(evse, number);
    return connector->closed ? 0 : load_ma;
}

void sim_set_lock(uint8_t evse, uint8_t number, bool on) {
    sim_connector_t *connector = sim_connector(evse, number);
    if (!has_fault(connector, "ConnectorLockFailure")) {
        connector->locked = on;
    }
}

void sim_set_pwm(uint8_t evse, uint8_t number, uint16_t permille) {
    sim_connector_t *connector = sim_connector(evse, number);
    bool taken_away = offers(connector->pwm) && !offers(permille);
    sim_meter_count(evse);
    connector->pwm = permille;
    if (taken_away && connector->obeys && sim_wants_current(connector)) {
        connector->plug.pilot = PILOT_B;
        connector->untold = true;
        untold++;
        tell(evse, number);
    }
}

uint32_t sim_proximity_ma(uint8_t evse, uint8_t number) {
    uint16_t cable_ma = sim_connector(evse, number)->told.cable_ma;
    return sim.fixed_cable ? sim_evse(evse)->rating_ma : cable_ma;
}

const char *sim_fault(uint8_t evse, uint8_t number) {
    sim_connector_t *connector = sim_connector(evse, number);
    return connector->faults[0][0] ? connector->faults[0] : NULL;
}

bool sim_has(int64_t capability) {
    switch (capability) {
        case CAPABILITY_SIGNING_METER:
            return sim.meters_sign;
        case CAPABILITY_LOCK:
            return !sim.fixed_cable;
        case CAPABILITY_DISPLAY:
        case CAPABILITY_READER:
        case CAPABILITY_TEMPERATURE_SENSOR:
            return true;
        default:
            return false;
    }
}
