// The simulated charger's hardware: portable C, no allocation, no floats, nothing of an operating system.
//
// Two sides look at it: the control protocol (control.h), which plays the driver, the car and the weather, and the
// firmware's board, which plays the microcontroller's pins. Every function expects the caller to hold port_lock().

#ifndef PILOTWIRE_SIMULATED_SIM_H
#define PILOTWIRE_SIMULATED_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifndef SIM_EVSES_MAX
#define SIM_EVSES_MAX 16
#endif
#ifndef SIM_CONNECTORS_MAX
#define SIM_CONNECTORS_MAX 4 // of one EVSE
#endif
#define SIM_FAULTS_MAX 6 // at a time, of one connector
#define SIM_FAULT_SIZE 41 // bytes of a fault's name with its NUL
#define SIM_VOLTAGE_DV 2300 // between each phase and neutral, in 0.1 V
#define SIM_PHASES_MAX 3

#define SIM_PWM_OFF 0
#define SIM_PWM_STEADY 1000

enum { PILOT_A, PILOT_B, PILOT_C, PILOT_D, PILOT_E, PILOT_F };

#define SIM_RATING_A_MIN 6  // what a pilot can offer (IEC 61851-1)
#define SIM_RATING_A_MAX 80
#define SIM_SUPPLY_A_MAX 10000
#define SIM_CABLE_MA 32000 // of a cable of which nothing is said

// What is plugged in, as the pilot and the proximity contact tell it.
typedef struct {
    uint8_t pilot;      // what the car does to the control pilot: PILOT_A to PILOT_F
    uint16_t cable_ma;  // what the cable's coding says; 0: no cable
} sim_plug_t;

typedef struct {
    sim_plug_t plug;    // as it is
    sim_plug_t told;    // what the firmware has been told of it: it is shown every change, in order
    bool untold;        // the car has let go (pilot B), and there was no room for the event
    bool obeys;         // the car: it draws what is offered at most, and lets go when nothing is
    bool commanded;     // the firmware's output to the contactor
    bool closed;        // the contactor's contacts, and so its feedback
    bool locked;
    uint8_t phases;     // that the car uses
    uint16_t pwm;       // permille
    uint32_t current_ma; // that the car wants, per phase
    char faults[SIM_FAULTS_MAX][SIM_FAULT_SIZE]; // an empty name is a free place
    char status[24];    // as the firmware shows it
} sim_connector_t;

#define SIM_NOT_SET (-1)
#define SIM_SIGNED_TEXTS 2
#define SIM_SIGNED_SIZE 2602 // bytes of signedMeterData or publicKey with its NUL: more than OCPP allows
#define SIM_SIGNED_METHOD_SIZE 62

typedef struct {
    uint64_t mwh;       // the register
    uint64_t rest;      // what is still missing to the next mWh, in mW * ms
    uint64_t until_ms;  // station time up to which the register has counted
    int32_t power_w;    // overrides what the car draws, or SIM_NOT_SET
    int32_t rate_w;     // the register counts at this rate, or SIM_NOT_SET
    bool signs;         // it signs its readings now
    char signed_text[SIM_SIGNED_TEXTS][SIM_SIGNED_SIZE]; // what it signs, as it is sent: signedMeterData, publicKey
    char signed_method[SIM_SIGNED_TEXTS][SIM_SIGNED_METHOD_SIZE]; // signingMethod, encodingMethod
} sim_meter_t;

typedef struct {
    uint8_t connectors;
    sim_connector_t connector[SIM_CONNECTORS_MAX];
    sim_meter_t meter;
    uint32_t rating_ma;   // of each of its outlets, per phase
    int16_t celsius;      // at its outlets
    char transaction[40]; // empty: none
} sim_evse_t;

typedef struct {
    uint8_t evses;
    bool fixed_cable;     // the cables are fixed to the station, of its rating
    uint32_t supply_ma;   // rated current of the grid connection, per phase; 0: not limited
    bool quit_due;        // the firmware is still to be told
    bool network_up;
    bool meters_sign;     // the meters are such that can sign: one has done so since the process started
    bool connected;       // to the CSMS, as the firmware shows it
    sim_evse_t evse[SIM_EVSES_MAX];
} sim_t;

extern sim_t sim;

// ---- both sides

// EVSEs and connectors count from 1. NULL: there is none of that number.
sim_evse_t *sim_evse(int64_t evse);
sim_connector_t *sim_connector(int64_t evse, int64_t connector);
// Power on: `connectors[i]` of each EVSE, no car anywhere, all outputs at rest; outlets of 32 A, a supply without limit.
void sim_init(const uint8_t *connectors, uint8_t evses);
// The microcontroller restarts: its outputs fall to rest; car, faults, lock and meter stay as they are. (A car that obeys
// lets go: nothing is offered any more.)
void sim_firmware_restarts(void);

// ---- the control side. False: the firmware has not taken earlier events; nothing has changed.

bool sim_wants_current(const sim_connector_t *connector); // pilot state C or D
// The car's pilot state. One that comes without a cable (B to D) brings one of SIM_CABLE_MA; with state A it goes, and the
// next one obeys.
bool sim_set_pilot(uint8_t evse, uint8_t connector, uint8_t pilot);
bool sim_plug(uint8_t evse, uint8_t connector, uint16_t cable_ma); // pilot state B, with this cable
void sim_set_draw(uint8_t evse, uint8_t connector, uint32_t current_ma, uint8_t phases, bool obeys);
typedef enum { FAULT_TAKEN, FAULT_NO_ROOM, FAULT_TOO_MANY } sim_fault_result_t;
sim_fault_result_t sim_set_fault(uint8_t evse, uint8_t connector, const char *name, bool set);

void sim_quit(void); // the firmware is to say goodbye: event QUIT

// ---- the firmware's side

uint32_t sim_set_relay(uint8_t evse, uint8_t connector, bool on); // the current that its opening breaks, in mA
void sim_set_lock(uint8_t evse, uint8_t number, bool on); // stays where it is while ConnectorLockFailure is set
void sim_set_pwm(uint8_t evse, uint8_t connector, uint16_t permille);
uint32_t sim_proximity_ma(uint8_t evse, uint8_t connector); // what the cable may carry; 0: there is none
const char *sim_fault(uint8_t evse, uint8_t connector); // the oldest, or NULL

// What a charger may have or not, as in firmware/hal/capabilities.py.
enum {
    CAPABILITY_SIGNING_METER = 1, CAPABILITY_LOCK, CAPABILITY_DISPLAY, CAPABILITY_READER, CAPABILITY_RCD,
    CAPABILITY_TEMPERATURE_SENSOR,
};
bool sim_has(int64_t capability); // all EVSEs and connectors are alike

// Sends the events that there was no room for. Whenever there may be some now.
void sim_tell(void);

// ---- meter (sim_meter.c)

// Counts up to now at the power of until now. Call it before anything changes that power.
void sim_meter_count(uint8_t evse);
uint64_t sim_meter_mwh(uint8_t evse);
void sim_meter_set(uint8_t evse, uint64_t mwh);
// Takes the register for a reading of `ms` milliseconds ago (negative: in the future) and counts on from there.
void sim_meter_shift(uint8_t evse, int64_t ms);
uint32_t sim_power_mw(uint8_t evse);
uint32_t sim_current_ma(uint8_t evse, uint8_t phase);
uint32_t sim_drawn_ma(const sim_connector_t *connector, uint8_t phase); // by the car
uint8_t sim_phases(uint8_t evse); // in use, 0 to 3

// ---- clock (sim_clock.c)

#define SIM_FACTOR_ONE 1000u // the factor is kept in thousandths
#define SIM_FACTOR_MAX (10000u * SIM_FACTOR_ONE)
#define SIM_ADVANCE_MAX_MS (366ll * 24 * 3600 * 1000)

void sim_clock_init(int64_t utc_us_since_2020);
uint64_t sim_ticks_us(void);   // station time since the process started, never backwards
int64_t sim_utc_us(void);      // since 2020-01-01T00:00:00Z
void sim_set_utc(int64_t utc_us_since_2020);
void sim_set_factor(uint32_t thousandths);
uint32_t sim_factor(void);
// Jumps ahead. Ticks wrap at 2**30 ms, so a longer jump is cut into days; the rest waits for sim_advance_step().
void sim_advance(uint64_t ms);
bool sim_advance_step(void);   // jumps by the next piece; call it when the firmware has nothing to do. False: none left
uint64_t sim_advance_left_ms(void);
// "2026-01-31T12:00:00.000Z" and back; the text must be RFC 3339. `text` has room for SIM_STAMP_SIZE.
#define SIM_STAMP_SIZE 32
void sim_stamp(int64_t utc_us_since_2020, char *text);
bool sim_parse_stamp(const char *text, int64_t *utc_us_since_2020);

// ---- events for the firmware (sim_events.c), kinds as in firmware/hal/events.py

enum {
    EVENT_PILOT, EVENT_FAULT, EVENT_TOKEN, EVENT_REBOOT, EVENT_NETWORK, EVENT_DATA_TRANSFER, EVENT_HOOK_REPLY, EVENT_CLOCK,
    EVENT_HEAP, EVENT_QUIT,
};

#ifndef SIM_EVENTS_SIZE
#define SIM_EVENTS_SIZE 49152 // bytes for what the firmware has not taken yet
#endif
#define SIM_EVENT_TEXTS 3
#define SIM_ABSENT 0xffffu

typedef struct {
    uint8_t kind;
    uint8_t evse, connector;   // PILOT, FAULT
    uint8_t value;             // PILOT: the state; NETWORK: up
    uint32_t number;           // PILOT: the cable in mA; TOKEN: bit mask of EVSEs; DATA_TRANSFER, HOOK_REPLY, HEAP: seq
    const char *text[SIM_EVENT_TEXTS]; // token, type / vendorId, messageId, data / status, data
    uint16_t length[SIM_EVENT_TEXTS];  // SIM_ABSENT: None
} sim_event_t;

bool sim_event_push(const sim_event_t *event);  // false: no room
bool sim_event_room(void);                      // for one more event without texts
// Shows the oldest event without taking it; its texts live until sim_event_take().
bool sim_event_peek(sim_event_t *event);
void sim_event_take(void);
void sim_events_clear(void);

#endif
