// `_sim`: clock, restart, watchdog, identity, log. See modsim.c.

#include <string.h>

#include "py/mphal.h"
#include "py/runtime.h"

#include "boards/simulated/micropython/modsim.h"
#include "boards/simulated/micropython/station.h"
#include "boards/simulated/port.h"
#include "boards/simulated/sim.h"

#define SERIAL_NUMBER_MAX (25) // characters of OCPP's field

static mp_obj_t clock_utc(void) {
    port_lock();
    int64_t us = sim_utc_us();
    port_unlock();
    return mp_obj_new_int((mp_int_t)(us / 1000000));
}
static MP_DEFINE_CONST_FUN_OBJ_0(clock_utc_obj, clock_utc);

static mp_obj_t clock_set_utc(mp_obj_t seconds_in) {
    int64_t seconds = mp_obj_get_int(seconds_in);
    port_lock();
    sim_set_utc(seconds * 1000000);
    port_unlock();
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(clock_set_utc_obj, clock_set_utc);

static const mp_rom_map_elem_t clock_table[] = {
    { MP_ROM_QSTR(MP_QSTR_utc), MP_ROM_PTR(&clock_utc_obj) },
    { MP_ROM_QSTR(MP_QSTR_set_utc), MP_ROM_PTR(&clock_set_utc_obj) },
};
static MP_DEFINE_CONST_DICT(clock_dict, clock_table);
const mp_obj_module_t modsim_clock = { .base = { &mp_type_module }, .globals = (mp_obj_dict_t *)&clock_dict };

static mp_obj_t modsim_random(mp_obj_t count_in) {
    vstr_t bytes;
    vstr_init_len(&bytes, (size_t)mp_obj_get_int(count_in));
    mp_hal_get_random(bytes.len, (uint8_t *)bytes.buf);
    return mp_obj_new_bytes_from_vstr(&bytes);
}
MP_DEFINE_CONST_FUN_OBJ_1(modsim_random_obj, modsim_random);

static mp_obj_t modsim_restart(mp_obj_t reason_in) {
    modsim_text_t reason = modsim_text(reason_in);
    station_restart(reason.text ? reason.text : "Unknown", reason.text ? reason.length : 7);
}
MP_DEFINE_CONST_FUN_OBJ_1(modsim_restart_obj, modsim_restart);

static mp_obj_t modsim_watchdog(void) {
    station_watchdog_fed();
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_0(modsim_watchdog_obj, modsim_watchdog);

static mp_obj_t modsim_boot_reason(void) {
    const char *reason = station_boot_reason();
    return mp_obj_new_bytes((const byte *)reason, strlen(reason));
}
MP_DEFINE_CONST_FUN_OBJ_0(modsim_boot_reason_obj, modsim_boot_reason);

// Different for each station: its identity, as far as OCPP's field goes.
static mp_obj_t modsim_serial_number(void) {
    char id[SERIAL_NUMBER_MAX + 1];
    size_t whole = platform_id(id, sizeof(id));
    size_t length = whole < SERIAL_NUMBER_MAX ? whole : SERIAL_NUMBER_MAX;
    while (length > 0 && length < whole && (id[length] & 0xc0) == 0x80) {
        length--; // not in the middle of a character
    }
    return mp_obj_new_bytes((const byte *)id, length);
}
MP_DEFINE_CONST_FUN_OBJ_0(modsim_serial_number_obj, modsim_serial_number);

static mp_obj_t modsim_log(mp_obj_t level_in, mp_obj_t text_in) {
    modsim_text_t text = modsim_text(text_in);
    platform_log(mp_obj_get_int(level_in), text.text ? text.text : "", text.length);
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_2(modsim_log_obj, modsim_log);

static mp_obj_t modsim_network_up(void) {
    port_lock();
    bool up = sim.network_up;
    port_unlock();
    return mp_obj_new_bool(up);
}
MP_DEFINE_CONST_FUN_OBJ_0(modsim_network_up_obj, modsim_network_up);
