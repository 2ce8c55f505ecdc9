// The module `_sim`: the simulated hardware as the firmware's board sees it (board.py, firmware/hal/README.md).
// Its objects live in C, so that what only simulates hardware costs next to no heap.
// Arguments are read before the lock is taken: an exception must not leave it locked.

#include <string.h>

#include "py/objmodule.h"
#include "py/objstr.h"
#include "py/objtuple.h"
#include "py/runtime.h"
#include "py/stream.h"

#include "boards/simulated/control.h"
#include "boards/simulated/json.h"
#include "boards/simulated/micropython/modsim.h"
#include "boards/simulated/micropython/station.h"
#include "boards/simulated/port.h"
#include "boards/simulated/sim.h"

// ---- connectors and meters: one static object for each, made when it is first asked for

typedef struct {
    mp_obj_base_t base;
    uint8_t evse, connector;
} place_obj_t;

static place_obj_t connector_objects[SIM_EVSES_MAX][SIM_CONNECTORS_MAX];
static place_obj_t meter_objects[SIM_EVSES_MAX + 1];

static mp_obj_t connector_pilot(mp_obj_t self_in) {
    place_obj_t *self = MP_OBJ_TO_PTR(self_in);
    port_lock();
    int pilot = sim_connector(self->evse, self->connector)->told.pilot;
    port_unlock();
    return MP_OBJ_NEW_SMALL_INT(pilot);
}
static MP_DEFINE_CONST_FUN_OBJ_1(connector_pilot_obj, connector_pilot);

static mp_obj_t connector_set_pwm(mp_obj_t self_in, mp_obj_t permille_in) {
    place_obj_t *self = MP_OBJ_TO_PTR(self_in);
    mp_int_t permille = mp_obj_get_int(permille_in);
    if (permille != SIM_PWM_OFF && permille != 50 && permille != SIM_PWM_STEADY && (permille < 100 || permille > 960)) {
        mp_raise_ValueError(MP_ERROR_TEXT("pwm"));
    }
    port_lock();
    sim_set_pwm(self->evse, self->connector, (uint16_t)permille);
    port_unlock();
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(connector_set_pwm_obj, connector_set_pwm);

static mp_obj_t connector_relay(mp_obj_t self_in, mp_obj_t on_in) {
    place_obj_t *self = MP_OBJ_TO_PTR(self_in);
    bool on = mp_obj_is_true(on_in);
    port_lock();
    uint32_t broken_ma = sim_set_relay(self->evse, self->connector, on);
    port_unlock();
    if (broken_ma > 0) {
        char text[80];
        json_out_t out = {text, sizeof(text), 0, false};
        json_put(&out, "evse ");
        json_put_number(&out, self->evse);
        json_put(&out, " connector ");
        json_put_number(&out, self->connector);
        json_put(&out, ": the contactor opens under load, mA: ");
        json_put_number(&out, broken_ma);
        platform_log(LEVEL_WARNING, text, out.length);
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(connector_relay_obj, connector_relay);

static mp_obj_t connector_relay_closed(mp_obj_t self_in) {
    place_obj_t *self = MP_OBJ_TO_PTR(self_in);
    port_lock();
    bool closed = sim_connector(self->evse, self->connector)->closed;
    port_unlock();
    return mp_obj_new_bool(closed);
}
static MP_DEFINE_CONST_FUN_OBJ_1(connector_relay_closed_obj, connector_relay_closed);

static mp_obj_t connector_lock(mp_obj_t self_in, mp_obj_t on_in) {
    place_obj_t *self = MP_OBJ_TO_PTR(self_in);
    bool on = mp_obj_is_true(on_in);
    port_lock();
    sim_set_lock(self->evse, self->connector, on);
    port_unlock();
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(connector_lock_obj, connector_lock);

static mp_obj_t connector_locked(mp_obj_t self_in) {
    place_obj_t *self = MP_OBJ_TO_PTR(self_in);
    port_lock();
    bool locked = sim_connector(self->evse, self->connector)->locked;
    port_unlock();
    return mp_obj_new_bool(locked);
}
static MP_DEFINE_CONST_FUN_OBJ_1(connector_locked_obj, connector_locked);

static mp_obj_t connector_fault(mp_obj_t self_in) {
    place_obj_t *self = MP_OBJ_TO_PTR(self_in);
    char name[SIM_FAULT_SIZE];
    port_lock();
    const char *fault = sim_fault(self->evse, self->connector);
    strcpy(name, fault ? fault : "");
    port_unlock();
    return name[0] ? mp_obj_new_bytes((const byte *)name, strlen(name)) : mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(connector_fault_obj, connector_fault);

static mp_obj_t connector_proximity_ma(mp_obj_t self_in) {
    place_obj_t *self = MP_OBJ_TO_PTR(self_in);
    port_lock();
    uint32_t ma = sim_proximity_ma(self->evse, self->connector);
    port_unlock();
    return ma ? MP_OBJ_NEW_SMALL_INT((mp_int_t)ma) : mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(connector_proximity_ma_obj, connector_proximity_ma);

static mp_obj_t connector_celsius(mp_obj_t self_in) {
    place_obj_t *self = MP_OBJ_TO_PTR(self_in);
    port_lock();
    int celsius = sim_evse(self->evse)->celsius;
    port_unlock();
    return MP_OBJ_NEW_SMALL_INT(celsius);
}
static MP_DEFINE_CONST_FUN_OBJ_1(connector_celsius_obj, connector_celsius);

// Attributes that are settings; the methods are in the table.
static void connector_attr(mp_obj_t self_in, qstr name, mp_obj_t *dest) {
    place_obj_t *self = MP_OBJ_TO_PTR(self_in);
    if (dest[0] != MP_OBJ_NULL) {
        return; // neither stored nor deleted
    }
    if (name == MP_QSTR_rating_ma) {
        dest[0] = MP_OBJ_NEW_SMALL_INT((mp_int_t)sim_evse(self->evse)->rating_ma);
    } else if (name == MP_QSTR_detachable) {
        dest[0] = mp_obj_new_bool(!sim.fixed_cable);
    } else {
        dest[1] = MP_OBJ_SENTINEL;
    }
}

static const mp_rom_map_elem_t connector_table[] = {
    { MP_ROM_QSTR(MP_QSTR_pilot), MP_ROM_PTR(&connector_pilot_obj) },
    { MP_ROM_QSTR(MP_QSTR_set_pwm), MP_ROM_PTR(&connector_set_pwm_obj) },
    { MP_ROM_QSTR(MP_QSTR_relay), MP_ROM_PTR(&connector_relay_obj) },
    { MP_ROM_QSTR(MP_QSTR_relay_closed), MP_ROM_PTR(&connector_relay_closed_obj) },
    { MP_ROM_QSTR(MP_QSTR_lock), MP_ROM_PTR(&connector_lock_obj) },
    { MP_ROM_QSTR(MP_QSTR_locked), MP_ROM_PTR(&connector_locked_obj) },
    { MP_ROM_QSTR(MP_QSTR_fault), MP_ROM_PTR(&connector_fault_obj) },
    { MP_ROM_QSTR(MP_QSTR_proximity_ma), MP_ROM_PTR(&connector_proximity_ma_obj) },
    { MP_ROM_QSTR(MP_QSTR_celsius), MP_ROM_PTR(&connector_celsius_obj) },
};
static MP_DEFINE_CONST_DICT(connector_dict, connector_table);
static MP_DEFINE_CONST_OBJ_TYPE(
    connector_type, MP_QSTR_Connector, MP_TYPE_FLAG_NONE, attr, connector_attr, locals_dict, &connector_dict
);

static mp_obj_t sim_connector_(mp_obj_t evse_in, mp_obj_t connector_in) {
    mp_int_t evse = mp_obj_get_int(evse_in), connector = mp_obj_get_int(connector_in);
    if (sim_connector(evse, connector) == NULL) {
        mp_raise_ValueError(MP_ERROR_TEXT("no such connector"));
    }
    place_obj_t *object = &connector_objects[evse - 1][connector - 1];
    *object = (place_obj_t) {{&connector_type}, (uint8_t)evse, (uint8_t)connector};
    return MP_OBJ_FROM_PTR(object);
}
static MP_DEFINE_CONST_FUN_OBJ_2(sim_connector_obj, sim_connector_);

// A reading of one meter; of the main meter (EVSE 0) the sum of all of them.
static uint64_t read_meter(mp_obj_t self_in, uint64_t (*read)(uint8_t evse, uint8_t phase), mp_int_t phase) {
    place_obj_t *self = MP_OBJ_TO_PTR(self_in);
    if (phase < 0 || phase > SIM_PHASES_MAX) {
        mp_raise_ValueError(MP_ERROR_TEXT("phase"));
    }
    uint64_t sum = 0;
    port_lock();
    for (uint8_t evse = 1; evse <= sim.evses; evse++) {
        sum += self->evse == 0 || self->evse == evse ? read(evse, (uint8_t)phase) : 0;
    }
    port_unlock();
    return sum;
}

static uint64_t read_energy(uint8_t evse, uint8_t phase) {
    (void)phase;
    return sim_meter_mwh(evse);
}

static uint64_t read_power(uint8_t evse, uint8_t phase) {
    (void)phase;
    return sim_power_mw(evse);
}

static uint64_t read_current(uint8_t evse, uint8_t phase) {
    return sim_current_ma(evse, phase);
}

static mp_obj_t meter_energy_wh(mp_obj_t self_in) {
    return mp_obj_new_int((mp_int_t)(read_meter(self_in, read_energy, 0) / 1000));
}
static MP_DEFINE_CONST_FUN_OBJ_1(meter_energy_wh_obj, meter_energy_wh);

static mp_obj_t meter_power_w(mp_obj_t self_in) {
    return mp_obj_new_int((mp_int_t)((read_meter(self_in, read_power, 0) + 500) / 1000));
}
static MP_DEFINE_CONST_FUN_OBJ_1(meter_power_w_obj, meter_power_w);

static mp_obj_t meter_current_ma(mp_obj_t self_in, mp_obj_t phase_in) {
    return mp_obj_new_int((mp_int_t)read_meter(self_in, read_current, mp_obj_get_int(phase_in)));
}
static MP_DEFINE_CONST_FUN_OBJ_2(meter_current_ma_obj, meter_current_ma);

static mp_obj_t meter_voltage_dv(mp_obj_t self_in, mp_obj_t phase_in) {
    (void)self_in;
    (void)phase_in;
    return MP_OBJ_NEW_SMALL_INT(SIM_VOLTAGE_DV);
}
static MP_DEFINE_CONST_FUN_OBJ_2(meter_voltage_dv_obj, meter_voltage_dv);

static mp_obj_t meter_phases(mp_obj_t self_in) {
    place_obj_t *self = MP_OBJ_TO_PTR(self_in);
    uint8_t most = 0;
    port_lock();
    for (uint8_t evse = 1; evse <= sim.evses; evse++) {
        uint8_t phases = self->evse == 0 || self->evse == evse ? sim_phases(evse) : 0;
        most = phases > most ? phases : most;
    }
    port_unlock();
    return MP_OBJ_NEW_SMALL_INT(most);
}
static MP_DEFINE_CONST_FUN_OBJ_1(meter_phases_obj, meter_phases);

// What the firmware was given last; the control side may change its own at any time.
static char signed_data[SIM_SIGNED_SIZE], public_key[SIM_SIGNED_SIZE];
static char signed_method[SIM_SIGNED_TEXTS][SIM_SIGNED_METHOD_SIZE];

static mp_obj_t lent(char *text) {
    return mp_obj_new_memoryview('B', strlen(text), text);
}

static mp_obj_t meter_signed(mp_obj_t self_in) {
    place_obj_t *self = MP_OBJ_TO_PTR(self_in);
    bool signs = false;
    port_lock();
    if (self->evse != 0) {
        const sim_meter_t *meter = &sim_evse(self->evse)->meter;
        signs = meter->signs;
        strcpy(signed_data, meter->signed_text[0]);
        memcpy(signed_method, meter->signed_method, sizeof(signed_method));
    }
    port_unlock();
    if (!signs) {
        return mp_const_none;
    }
    mp_obj_t items[] = {lent(signed_data), lent(signed_method[0]), lent(signed_method[1])};
    return mp_obj_new_tuple(MP_ARRAY_SIZE(items), items);
}
static MP_DEFINE_CONST_FUN_OBJ_1(meter_signed_obj, meter_signed);

static mp_obj_t meter_public_key(mp_obj_t self_in) {
    place_obj_t *self = MP_OBJ_TO_PTR(self_in);
    port_lock();
    strcpy(public_key, self->evse == 0 ? "" : sim_evse(self->evse)->meter.signed_text[1]);
    port_unlock();
    return lent(public_key);
}
static MP_DEFINE_CONST_FUN_OBJ_1(meter_public_key_obj, meter_public_key);

static const mp_rom_map_elem_t meter_table[] = {
    { MP_ROM_QSTR(MP_QSTR_energy_wh), MP_ROM_PTR(&meter_energy_wh_obj) },
    { MP_ROM_QSTR(MP_QSTR_power_w), MP_ROM_PTR(&meter_power_w_obj) },
    { MP_ROM_QSTR(MP_QSTR_current_ma), MP_ROM_PTR(&meter_current_ma_obj) },
    { MP_ROM_QSTR(MP_QSTR_voltage_dv), MP_ROM_PTR(&meter_voltage_dv_obj) },
    { MP_ROM_QSTR(MP_QSTR_phases), MP_ROM_PTR(&meter_phases_obj) },
    { MP_ROM_QSTR(MP_QSTR_signed), MP_ROM_PTR(&meter_signed_obj) },
    { MP_ROM_QSTR(MP_QSTR_public_key), MP_ROM_PTR(&meter_public_key_obj) },
};
static MP_DEFINE_CONST_DICT(meter_dict, meter_table);
static MP_DEFINE_CONST_OBJ_TYPE(meter_type, MP_QSTR_Meter, MP_TYPE_FLAG_NONE, locals_dict, &meter_dict);

static mp_obj_t sim_meter_(mp_obj_t evse_in) {
    mp_int_t evse = mp_obj_get_int(evse_in);
    if (evse != 0 && sim_evse(evse) == NULL) {
        mp_raise_ValueError(MP_ERROR_TEXT("no such EVSE"));
    }
    meter_objects[evse] = (place_obj_t) {{&meter_type}, (uint8_t)evse, 0};
    return MP_OBJ_FROM_PTR(&meter_objects[evse]);
}
static MP_DEFINE_CONST_FUN_OBJ_1(sim_meter_obj, sim_meter_);

// Its EVSEs and connectors are all alike.
static mp_obj_t sim_has_(mp_obj_t capability_in, mp_obj_t evse_in, mp_obj_t connector_in) {
    (void)evse_in;
    (void)connector_in;
    mp_int_t capability = mp_obj_get_int(capability_in);
    port_lock();
    bool has = sim_has(capability);
    port_unlock();
    return mp_obj_new_bool(has);
}
static MP_DEFINE_CONST_FUN_OBJ_3(sim_has_obj, sim_has_);

static mp_obj_t sim_connectors(void) {
    mp_obj_t items[SIM_EVSES_MAX];
    for (int e = 0; e < sim.evses; e++) {
        items[e] = MP_OBJ_NEW_SMALL_INT(sim.evse[e].connectors);
    }
    return mp_obj_new_tuple(sim.evses, items);
}
static MP_DEFINE_CONST_FUN_OBJ_0(sim_connectors_obj, sim_connectors);

static mp_obj_t sim_supply_ma(void) {
    return MP_OBJ_NEW_SMALL_INT((mp_int_t)sim.supply_ma);
}
static MP_DEFINE_CONST_FUN_OBJ_0(sim_supply_ma_obj, sim_supply_ma);

// ---- the module

#ifndef PILOTWIRE_VERSION
#define PILOTWIRE_VERSION "0.1.0"
#endif
static const mp_obj_str_t firmware_version_obj = {
    { &mp_type_bytes }, 0, sizeof(PILOTWIRE_VERSION) - 1, (const byte *)PILOTWIRE_VERSION,
};

static const mp_rom_map_elem_t sim_table[] = {
    { MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR__sim) },
    { MP_ROM_QSTR(MP_QSTR_connectors), MP_ROM_PTR(&sim_connectors_obj) },
    { MP_ROM_QSTR(MP_QSTR_connector), MP_ROM_PTR(&sim_connector_obj) },
    { MP_ROM_QSTR(MP_QSTR_meter), MP_ROM_PTR(&sim_meter_obj) },
    { MP_ROM_QSTR(MP_QSTR_phases), MP_ROM_INT(SIM_PHASES_MAX) },
    { MP_ROM_QSTR(MP_QSTR_supply_ma), MP_ROM_PTR(&sim_supply_ma_obj) },
    { MP_ROM_QSTR(MP_QSTR_has), MP_ROM_PTR(&sim_has_obj) },
    { MP_ROM_QSTR(MP_QSTR_event), MP_ROM_PTR(&modsim_event_obj) },
    { MP_ROM_QSTR(MP_QSTR_event_waits), MP_ROM_PTR(&modsim_event_waits_obj) },
    { MP_ROM_QSTR(MP_QSTR_event_source), MP_ROM_PTR(&modsim_event_source) },
    { MP_ROM_QSTR(MP_QSTR_hook), MP_ROM_PTR(&modsim_hook_obj) },
    { MP_ROM_QSTR(MP_QSTR_data_transfer_reply), MP_ROM_PTR(&modsim_data_transfer_reply_obj) },
    { MP_ROM_QSTR(MP_QSTR_heap_reply), MP_ROM_PTR(&modsim_heap_reply_obj) },
    { MP_ROM_QSTR(MP_QSTR_clock), MP_ROM_PTR(&modsim_clock) },
    { MP_ROM_QSTR(MP_QSTR_storage), MP_ROM_PTR(&modsim_storage) },
    { MP_ROM_QSTR(MP_QSTR_indicator), MP_ROM_PTR(&modsim_indicator) },
    { MP_ROM_QSTR(MP_QSTR_network_up), MP_ROM_PTR(&modsim_network_up_obj) },
    #if MODSIM_HOST
    { MP_ROM_QSTR(MP_QSTR_lookup), MP_ROM_PTR(&modsim_lookup_obj) },
    { MP_ROM_QSTR(MP_QSTR_trusted), MP_ROM_PTR(&modsim_trusted_obj) },
    { MP_ROM_QSTR(MP_QSTR_own_certificate), MP_ROM_PTR(&modsim_own_certificate_obj) },
    #endif
    { MP_ROM_QSTR(MP_QSTR_error_text), MP_ROM_PTR(&modsim_error_text_obj) },
    { MP_ROM_QSTR(MP_QSTR_firmware_version), MP_ROM_PTR(&firmware_version_obj) },
    { MP_ROM_QSTR(MP_QSTR_option), MP_ROM_PTR(&modsim_option_obj) },
    { MP_ROM_QSTR(MP_QSTR_overrides), MP_ROM_PTR(&modsim_overrides_obj) },
    { MP_ROM_QSTR(MP_QSTR_random), MP_ROM_PTR(&modsim_random_obj) },
    { MP_ROM_QSTR(MP_QSTR_restart), MP_ROM_PTR(&modsim_restart_obj) },
    { MP_ROM_QSTR(MP_QSTR_watchdog), MP_ROM_PTR(&modsim_watchdog_obj) },
    { MP_ROM_QSTR(MP_QSTR_boot_reason), MP_ROM_PTR(&modsim_boot_reason_obj) },
    { MP_ROM_QSTR(MP_QSTR_serial_number), MP_ROM_PTR(&modsim_serial_number_obj) },
    { MP_ROM_QSTR(MP_QSTR_log), MP_ROM_PTR(&modsim_log_obj) },
};
static MP_DEFINE_CONST_DICT(sim_dict, sim_table);

const mp_obj_module_t modsim_module = {
    .base = { &mp_type_module },
    .globals = (mp_obj_dict_t *)&sim_dict,
};
MP_REGISTER_MODULE(MP_QSTR__sim, modsim_module);
