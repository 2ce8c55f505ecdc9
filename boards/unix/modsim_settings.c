// `_sim`: storage and settings. See boards/simulated/micropython/modsim.c.

#include <string.h>

#include "py/objstr.h"
#include "py/runtime.h"
#include "py/mperrno.h"
#include "extmod/vfs.h"

#include "boards/simulated/micropython/modsim.h"
#include "boards/unix/options.h"
#include "boards/unix/overrides.h"
#include "boards/unix/station.h"

#ifndef PILOTWIRE_PROGSIZE
#define PILOTWIRE_PROGSIZE 32 // bytes; littlefs reads and writes, and so buffers, in such units
#endif

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
