// `_sim`: clock, storage, settings, restart. See modsim.c.

#include <string.h>

#include "py/objstr.h"
#include "py/runtime.h"
#include "py/mperrno.h"
#include "py/mphal.h"
#include "extmod/vfs.h"

#include "boards/simulated/port.h"
#include "boards/simulated/sim.h"
#include "boards/unix/modsim.h"
#include "boards/unix/options.h"
#include "boards/unix/overrides.h"
#include "boards/unix/station.h"

#ifndef PILOTWIRE_PROGSIZE
#define PILOTWIRE_PROGSIZE 32 // bytes; littlefs reads and writes, and so buffers, in such units
#endif

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

// ---- storage: a block device for littlefs

// The part of the flash that a call is about; raises OSError when it is not all within it.
static uint8_t *flash_at(size_t n_args, const mp_obj_t *args, mp_buffer_info_t *buffer, mp_uint_t flags) {
    mp_int_t block = mp_obj_get_int(args[0]);
    mp_int_t offset = n_args > 2 ? mp_obj_get_int(args[2]) : 0;
    mp_get_buffer_raise(args[1], buffer, flags);
    if (block < 0 || block >= FLASH_BLOCKS || offset < 0 || offset > FLASH_BLOCK
        || buffer->len > (size_t)(FLASH_BLOCKS - block) * FLASH_BLOCK - (size_t)offset) {
        mp_raise_OSError(MP_EIO);
    }
    return storage_flash + (size_t)block * FLASH_BLOCK + (size_t)offset;
}

static mp_obj_t storage_readblocks(size_t n_args, const mp_obj_t *args) {
    mp_buffer_info_t buffer;
    const uint8_t *flash = flash_at(n_args, args, &buffer, MP_BUFFER_WRITE);
    memcpy(buffer.buf, flash, buffer.len);
    return MP_OBJ_NEW_SMALL_INT(0);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(storage_readblocks_obj, 2, 3, storage_readblocks);

static mp_obj_t storage_writeblocks(size_t n_args, const mp_obj_t *args) {
    mp_buffer_info_t buffer;
    uint8_t *flash = flash_at(n_args, args, &buffer, MP_BUFFER_READ);
    memcpy(flash, buffer.buf, buffer.len);
    return MP_OBJ_NEW_SMALL_INT(0);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(storage_writeblocks_obj, 2, 3, storage_writeblocks);

static mp_obj_t storage_ioctl(mp_obj_t op_in, mp_obj_t arg_in) {
    switch (mp_obj_get_int(op_in)) {
        case MP_BLOCKDEV_IOCTL_INIT:
        case MP_BLOCKDEV_IOCTL_DEINIT:
        case MP_BLOCKDEV_IOCTL_SYNC:
            return MP_OBJ_NEW_SMALL_INT(0);
        case MP_BLOCKDEV_IOCTL_BLOCK_COUNT:
            return MP_OBJ_NEW_SMALL_INT(FLASH_BLOCKS);
        case MP_BLOCKDEV_IOCTL_BLOCK_SIZE:
            return MP_OBJ_NEW_SMALL_INT(FLASH_BLOCK);
        case MP_BLOCKDEV_IOCTL_BLOCK_ERASE: {
            mp_int_t block = mp_obj_get_int(arg_in);
            if (block < 0 || block >= FLASH_BLOCKS) {
                mp_raise_OSError(MP_EIO);
            }
            memset(storage_flash + (size_t)block * FLASH_BLOCK, 0xff, FLASH_BLOCK);
            return MP_OBJ_NEW_SMALL_INT(0);
        }
        default:
            return mp_const_none;
    }
}
static MP_DEFINE_CONST_FUN_OBJ_2(storage_ioctl_obj, storage_ioctl);

static const mp_rom_map_elem_t storage_table[] = {
    { MP_ROM_QSTR(MP_QSTR_readblocks), MP_ROM_PTR(&storage_readblocks_obj) },
    { MP_ROM_QSTR(MP_QSTR_writeblocks), MP_ROM_PTR(&storage_writeblocks_obj) },
    { MP_ROM_QSTR(MP_QSTR_ioctl), MP_ROM_PTR(&storage_ioctl_obj) },
    { MP_ROM_QSTR(MP_QSTR_readsize), MP_ROM_INT(PILOTWIRE_PROGSIZE) },
    { MP_ROM_QSTR(MP_QSTR_progsize), MP_ROM_INT(PILOTWIRE_PROGSIZE) },
    { MP_ROM_QSTR(MP_QSTR_lookahead), MP_ROM_INT(FLASH_BLOCKS / 8) },
    { MP_ROM_QSTR(MP_QSTR_blocks), MP_ROM_INT(FLASH_BLOCKS) },
    { MP_ROM_QSTR(MP_QSTR_blocksize), MP_ROM_INT(FLASH_BLOCK) },
};
static MP_DEFINE_CONST_DICT(storage_dict, storage_table);
const mp_obj_module_t modsim_storage = { .base = { &mp_type_module }, .globals = (mp_obj_dict_t *)&storage_dict };

// ---- settings

static mp_obj_t bytes_of(const char *text) {
    return text ? mp_obj_new_bytes((const byte *)text, strlen(text)) : mp_const_none;
}

static mp_obj_t modsim_option(mp_obj_t name_in) {
    modsim_text_t name = modsim_text(name_in);
    const option_t *option = name.text ? option_find(name.text, name.length) : NULL;
    return option ? bytes_of(option->value) : mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_1(modsim_option_obj, modsim_option);

typedef struct {
    mp_obj_base_t base;
    size_t rest;
} overrides_obj_t;

static mp_obj_t override_field(json_t value) {
    static char text[2501];
    int64_t number;
    if (!value.text) {
        return mp_const_none;
    }
    if (!json_is_string(value)) {
        json_whole(value, 0, 255, &number);
        return MP_OBJ_NEW_SMALL_INT((mp_int_t)number);
    }
    int length = json_string(value, text, sizeof(text));
    return mp_obj_new_bytes((const byte *)text, (size_t)length);
}

static mp_obj_t overrides_iternext(mp_obj_t self_in) {
    overrides_obj_t *self = MP_OBJ_TO_PTR(self_in);
    // component, component_instance, evse, connector, variable, instance, attribute, value, mutability
    json_t fields[OVERRIDE_FIELDS];
    mp_obj_t items[OVERRIDE_FIELDS];
    if (!overrides_next(&self->rest, fields)) {
        return MP_OBJ_STOP_ITERATION;
    }
    for (int i = 0; i < OVERRIDE_FIELDS; i++) {
        items[i] = override_field(fields[i]);
    }
    return mp_obj_new_tuple(OVERRIDE_FIELDS, items);
}

static MP_DEFINE_CONST_OBJ_TYPE(overrides_type, MP_QSTR_Overrides, MP_TYPE_FLAG_ITER_IS_ITERNEXT, iter, overrides_iternext);

static mp_obj_t modsim_overrides(void) {
    overrides_obj_t *self = mp_obj_malloc(overrides_obj_t, &overrides_type);
    self->rest = 0;
    return MP_OBJ_FROM_PTR(self);
}
MP_DEFINE_CONST_FUN_OBJ_0(modsim_overrides_obj, modsim_overrides);

// ---- the rest

static mp_obj_t modsim_random(mp_obj_t count_in) {
    vstr_t bytes;
    vstr_init_len(&bytes, (size_t)mp_obj_get_int(count_in));
    mp_hal_get_random(bytes.len, bytes.buf);
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
    return bytes_of(station_boot_reason());
}
MP_DEFINE_CONST_FUN_OBJ_0(modsim_boot_reason_obj, modsim_boot_reason);

// Different for each station: its identity, as far as OCPP's 25 characters go.
static mp_obj_t modsim_serial_number(void) {
    const char *id = options[OPTION_ID].value;
    size_t length = strlen(id) < 25 ? strlen(id) : 25;
    while (length > 0 && length < strlen(id) && (id[length] & 0xc0) == 0x80) {
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
