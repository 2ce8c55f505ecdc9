// Module `_sim`, the part that depends on the platform: clock, settings, restart, log (the rest: boards/unix/modsim.c).

#include <string.h>

#include "py/mphal.h"
#include "py/runtime.h"

#include "boards/simulated/port.h"
#include "boards/simulated/sim.h"
// What takes a fixed number of arguments over there takes none here.
#define modsim_lookup_obj modsim_lookup_unix_obj
#define modsim_trusted_obj modsim_trusted_unix_obj
#define modsim_own_certificate_obj modsim_own_certificate_unix_obj
#include "boards/unix/modsim.h"
#undef modsim_lookup_obj
#undef modsim_trusted_obj
#undef modsim_own_certificate_obj

#include "platform.h"
#include "settings.h"

// ---- clock

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

// ---- settings

// The next value of a setting from *offset on as bytes, or MP_OBJ_NULL.
static mp_obj_t next_setting(const char *name, size_t *offset) {
    size_t start = *offset, length;
    if (!settings_next(name, offset, NULL, 0, &length)) {
        return MP_OBJ_NULL;
    }
    vstr_t value;
    vstr_init_len(&value, length);
    settings_next(name, &start, value.buf, length, &length);
    return mp_obj_new_bytes_from_vstr(&value);
}

static mp_obj_t modsim_option(mp_obj_t name) {
    char text[24];
    size_t offset = 0;
    modsim_text_t wanted = modsim_text(name);
    if (wanted.length >= sizeof(text)) {
        return mp_const_none;
    }
    memcpy(text, wanted.text, wanted.length);
    text[wanted.length] = 0;
    mp_obj_t value = next_setting(text, &offset);
    return value == MP_OBJ_NULL ? mp_const_none : value;
}
MP_DEFINE_CONST_FUN_OBJ_1(modsim_option_obj, modsim_option);

// Fields are separated by 0x1f; each is empty (absent), `=` and a text, or `#` and a number.
#define SEPARATOR (0x1f)
#define FIELDS (9) // component ... mutability

typedef struct {
    mp_obj_base_t base;
    size_t offset;
} overrides_t;

static mp_obj_t override_field(const char *text, size_t length) {
    if (length == 0) {
        return mp_const_none;
    }
    if (text[0] == '#') {
        mp_int_t number = 0;
        for (size_t i = 1; i < length; i++) {
            number = number * 10 + text[i] - '0';
        }
        return MP_OBJ_NEW_SMALL_INT(number);
    }
    return mp_obj_new_bytes((const byte *)text + 1, length - 1);
}

static mp_obj_t overrides_next(mp_obj_t self_in) {
    overrides_t *self = MP_OBJ_TO_PTR(self_in);
    mp_obj_t line = next_setting("override", &self->offset);
    if (line == MP_OBJ_NULL) {
        return MP_OBJ_STOP_ITERATION;
    }
    modsim_text_t rest = modsim_text(line);
    mp_obj_t items[FIELDS];
    for (int i = 0; i < FIELDS; i++) {
        const char *end = memchr(rest.text, SEPARATOR, rest.length);
        size_t length = end == NULL ? rest.length : (size_t)(end - rest.text);
        items[i] = override_field(rest.text, length);
        size_t step = end == NULL ? length : length + 1;
        rest.text += step;
        rest.length -= step;
    }
    return mp_obj_new_tuple(FIELDS, items);
}

static MP_DEFINE_CONST_OBJ_TYPE(overrides_type, MP_QSTR_Overrides, MP_TYPE_FLAG_ITER_IS_ITERNEXT, iter, overrides_next);

static mp_obj_t modsim_overrides(void) {
    overrides_t *self = mp_obj_malloc(overrides_t, &overrides_type);
    self->offset = 0;
    return MP_OBJ_FROM_PTR(self);
}
MP_DEFINE_CONST_FUN_OBJ_0(modsim_overrides_obj, modsim_overrides);

// ---- the rest

static mp_obj_t modsim_random(mp_obj_t count) {
    vstr_t bytes;
    vstr_init_len(&bytes, (size_t)mp_obj_get_int(count));
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

// Different for each station: its identity, as far as OCPP's 25 characters go.
static mp_obj_t modsim_serial_number(void) {
    char id[26];
    settings_text("id", id, sizeof(id));
    return mp_obj_new_bytes((const byte *)id, strlen(id));
}
MP_DEFINE_CONST_FUN_OBJ_0(modsim_serial_number_obj, modsim_serial_number);

static mp_obj_t modsim_log(mp_obj_t level, mp_obj_t text_in) {
    modsim_text_t text = modsim_text(text_in);
    platform_log(mp_obj_get_int(level), text.text ? text.text : "", text.length);
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_2(modsim_log_obj, modsim_log);

// Of no use on this board: its module looks names up (network.c), and this image has no TLS.
static mp_obj_t absent(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    (void)args;
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_VAR(modsim_lookup_obj, 0, absent);
MP_DEFINE_CONST_FUN_OBJ_VAR(modsim_trusted_obj, 0, absent);
MP_DEFINE_CONST_FUN_OBJ_VAR(modsim_own_certificate_obj, 0, absent);
