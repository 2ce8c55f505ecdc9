#include "platform.h"

#include <string.h>

#include "boards/simulated/control.h"
#include "boards/simulated/port.h"
#include "boards/simulated/sim.h"

#include "clock.h"
#include "control_port.h"
#include "facts.h"
#include "lockstep.h"
#include "semihosting.h"
#include "serial_ethernet.h"
#include "settings.h"
#include "trials.h"
#include "tables/product.h"

#define EPOCH_2020 (1577836800ll)
#define EXIT_POWER_CUT (3)
#define JUMP_PAUSE_MS (100u) // of real time between the days of a long jump, for a peer to answer what a day asks for

// ---- time

// The simulation keeps station time in microseconds and 64 bits. The firmware asks for milliseconds all the time, so as long
// as the clock runs at its natural pace they are the chip's own and an offset.
static volatile bool accelerated;
static volatile uint32_t ticks_offset;

uint64_t port_now_us(void) {
    return clock_us();
}

static volatile bool jumping; // a jump of more than a day has not come to its end
static volatile uint32_t next_jump_ms;

// The clock's pace or offset may have changed.
void port_wake(void) {
    bool more = sim_advance_left_ms() > 0;
    if (more && !jumping) {
        next_jump_ms = clock_ms() + JUMP_PAUSE_MS;
    }
    jumping = more;
    accelerated = sim_factor() != SIM_FACTOR_ONE;
    ticks_offset = (uint32_t)(sim_ticks_us() / 1000) - clock_ms();
    clock_wake();
}

bool platform_clock_jumps(void) {
    if (!jumping || (int32_t)(clock_ms() - next_jump_ms) < 0) {
        return false;
    }
    next_jump_ms = clock_ms() + JUMP_PAUSE_MS;
    port_lock();
    bool jumps = sim_advance_step();
    port_unlock();
    return jumps;
}

uint32_t platform_ticks_ms(void) {
    if (!accelerated) {
        return clock_ms() + ticks_offset;
    }
    port_lock();
    uint32_t ms = (uint32_t)(sim_ticks_us() / 1000);
    port_unlock();
    return ms;
}

// ---- log

static const char *const LEVELS[] = { "DEBUG", "INFO", "WARNING", "ERROR" };

void platform_log(int level, const char *text, size_t length) {
    char line[SIM_STAMP_SIZE + 12];
    const char *name = LEVELS[level < LEVEL_DEBUG ? LEVEL_DEBUG : level > LEVEL_ERROR ? LEVEL_ERROR : level];
    port_lock();
    sim_stamp(sim_utc_us(), line);
    control_log(name, text, length);
    strcat(strcat(strcat(line, " "), name), " ");
    semihosting_log(line, strlen(line));
    semihosting_log(text, length);
    semihosting_log("\n", 1);
    port_unlock();
}

// ---- what survives a power cut besides the flash: the meters' registers, in the format of the unix board

static int meter_file = -1;
static const char METER_MAGIC[8] = "PWMETER1";

static size_t meter_place(uint8_t evse) {
    return sizeof(METER_MAGIC) + (evse - 1u) * sizeof(uint64_t);
}

static void load_meters(void) {
    char magic[sizeof(METER_MAGIC)];
    meter_file = platform_open_in_storage("meter");
    if (meter_file < 0) {
        return;
    }
    bool valid = semihosting_read_at(meter_file, 0, magic, sizeof(magic)) && memcmp(magic, METER_MAGIC, sizeof(magic)) == 0;
    if (!valid) {
        semihosting_write_at(meter_file, 0, METER_MAGIC, sizeof(METER_MAGIC));
    }
    for (uint8_t evse = 1; evse <= sim.evses; evse++) {
        uint64_t mwh;
        if (valid && semihosting_read_at(meter_file, meter_place(evse), &mwh, sizeof(mwh))) {
            sim.evse[evse - 1].meter.mwh = mwh;
        } else {
            port_meter(evse, 0);
        }
    }
}

void port_meter(uint8_t evse, uint64_t mwh) {
    if (meter_file >= 0) {
        semihosting_write_at(meter_file, meter_place(evse), &mwh, sizeof(mwh));
    }
}

// ---- the rest of what the simulation needs

void port_network(bool up) {
    if (!up) {
        serial_ethernet_lose();
    }
}

void platform_save_meters(void) {
    for (uint8_t evse = 1; evse <= sim.evses; evse++) {
        sim_meter_count(evse);
    }
}

void port_power_cut(void) {
    platform_save_meters();
    semihosting_exit(EXIT_POWER_CUT);
}

// The event loop asks for events at each turn, and sleeps in board_wait() until something has come.
int platform_event_fd = -1;

void platform_event_settled(void) {
}

void platform_loop_turns(void) {
    facts_turn();
    trials_run();
}

size_t platform_id(char *id, size_t size) {
    size_t offset = 0, length = 0;
    settings_next("id", &offset, id, size, &length);
    return length;
}

void platform_tick(void) {
    control_tick();
    station_check_watchdog();
}

static uint8_t read_evses(uint8_t *connectors) {
    char list[40];
    uint8_t evses = 0;
    for (const char *at = settings_text("evses", list, sizeof(list)); *at != 0 && evses < SIM_EVSES_MAX; at++) {
        if (*at >= '1' && *at <= '0' + SIM_CONNECTORS_MAX) {
            connectors[evses++] = (uint8_t)(*at - '0');
        }
    }
    return evses;
}

// The bridge has checked them: `rating` is one number, or one for each EVSE.
static void read_installation(void) {
    char list[40];
    const char *at = settings_text("rating", list, sizeof(list));
    for (uint8_t e = 0; e < sim.evses && *at != 0; e++) {
        const char *from = at;
        uint32_t rating_a = 0;
        for (; *at >= '0' && *at <= '9'; at++) {
            rating_a = rating_a * 10 + (uint32_t)(*at - '0');
        }
        sim.evse[e].rating_ma = rating_a * 1000;
        at = *at == ',' ? at + 1 : from;
    }
    sim.supply_ma = settings_number("supply", 0) * 1000;
    sim.fixed_cable = settings_number("fixed_cable", 0) != 0;
    sim.phases = PRODUCT_PHASES;
}

void platform_start(void) {
    char reason[24];
    uint8_t connectors[SIM_EVSES_MAX] = { 1, 1 };
    settings_open();
    lockstep_start();
    sim_clock_init((settings_number("utc", semihosting_time()) - EPOCH_2020) * 1000000);
    uint8_t evses = read_evses(connectors);
    sim_init(connectors, evses > 0 ? evses : 2);
    read_installation();
    load_meters();
    port_wake();
    settings_text("boot_reason", reason, sizeof(reason));
    if (reason[0] != 0) {
        station_set_boot_reason(reason, strlen(reason));
    }
    serial_ethernet_start();
    control_port_start();
}
