// The charger's data flash: an image file on the host, reached by semihosting. `board.storage`, a block device for littlefs.

#include <string.h>

#include "extmod/vfs.h"
#include "py/mperrno.h"
#include "py/runtime.h"

#include "boards/simulated/micropython/modsim.h"

#include "platform.h"
#include "semihosting.h"
#include "settings.h"

#define BLOCK_SIZE (4096)
#define BLOCKS (128)
#define ERASED (0xff)
#define PROGRAM_SIZE (32) // bytes; littlefs reads and writes, and so buffers, in such units
#define IMAGE_PATH_MAX (300)

static int image = -1;

static void erase(mp_int_t block) {
    uint8_t blank[64];
    memset(blank, ERASED, sizeof(blank));
    for (size_t offset = 0; offset < BLOCK_SIZE; offset += sizeof(blank)) {
        if (!semihosting_write_at(image, (size_t)block * BLOCK_SIZE + offset, blank, sizeof(blank))) {
            mp_raise_OSError(MP_EIO);
        }
    }
}

int platform_open_in_storage(const char *name) {
    char path[IMAGE_PATH_MAX];
    settings_text("storage", path, sizeof(path) - strlen(name) - 1);
    if (path[0] == 0) {
        return -1;
    }
    strcat(strcat(path, "/"), name);
    int file = semihosting_open(path, SEMIHOSTING_READ_WRITE);
    return file >= 0 ? file : semihosting_open(path, SEMIHOSTING_CREATE);
}

// Opens the image when it is first needed; what it does not have yet is blank.
static void need_image(void) {
    if (image >= 0) {
        return;
    }
    image = platform_open_in_storage("flash.img");
    if (image < 0) {
        mp_raise_OSError(MP_ENODEV);
    }
    for (mp_int_t block = semihosting_length(image) / BLOCK_SIZE; block < BLOCKS; block++) {
        erase(block);
    }
}

static size_t place(size_t n_args, const mp_obj_t *args, size_t length) {
    mp_int_t block = mp_obj_get_int(args[0]);
    mp_int_t offset = n_args > 2 ? mp_obj_get_int(args[2]) : 0;
    need_image();
    if (block < 0 || offset < 0 || (size_t)block * BLOCK_SIZE + (size_t)offset + length > BLOCKS * BLOCK_SIZE) {
        mp_raise_OSError(MP_EIO);
    }
    return (size_t)block * BLOCK_SIZE + (size_t)offset;
}

static mp_obj_t read_blocks(size_t n_args, const mp_obj_t *args) {
    mp_buffer_info_t buffer;
    mp_get_buffer_raise(args[1], &buffer, MP_BUFFER_WRITE);
    size_t at = place(n_args, args, buffer.len);
    return MP_OBJ_NEW_SMALL_INT(semihosting_read_at(image, at, buffer.buf, buffer.len) ? 0 : -MP_EIO);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(read_blocks_obj, 2, 3, read_blocks);

static mp_obj_t write_blocks(size_t n_args, const mp_obj_t *args) {
    mp_buffer_info_t buffer;
    mp_get_buffer_raise(args[1], &buffer, MP_BUFFER_READ);
    size_t at = place(n_args, args, buffer.len);
    return MP_OBJ_NEW_SMALL_INT(semihosting_write_at(image, at, buffer.buf, buffer.len) ? 0 : -MP_EIO);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(write_blocks_obj, 2, 3, write_blocks);

static mp_obj_t control(mp_obj_t operation, mp_obj_t argument) {
    switch (mp_obj_get_int(operation)) {
        case MP_BLOCKDEV_IOCTL_BLOCK_COUNT:
            return MP_OBJ_NEW_SMALL_INT(BLOCKS);
        case MP_BLOCKDEV_IOCTL_BLOCK_SIZE:
            return MP_OBJ_NEW_SMALL_INT(BLOCK_SIZE);
        case MP_BLOCKDEV_IOCTL_BLOCK_ERASE: {
            mp_obj_t block_and_nothing[] = { argument, mp_const_empty_bytes };
            place(2, block_and_nothing, BLOCK_SIZE);
            erase(mp_obj_get_int(argument));
            return MP_OBJ_NEW_SMALL_INT(0);
        }
        default: // starting, ending and syncing need nothing: writes go to the file at once
            return MP_OBJ_NEW_SMALL_INT(0);
    }
}
static MP_DEFINE_CONST_FUN_OBJ_2(control_obj, control);

static const mp_rom_map_elem_t storage_table[] = {
    { MP_ROM_QSTR(MP_QSTR_readblocks), MP_ROM_PTR(&read_blocks_obj) },
    { MP_ROM_QSTR(MP_QSTR_writeblocks), MP_ROM_PTR(&write_blocks_obj) },
    { MP_ROM_QSTR(MP_QSTR_ioctl), MP_ROM_PTR(&control_obj) },
    { MP_ROM_QSTR(MP_QSTR_readsize), MP_ROM_INT(PROGRAM_SIZE) },
    { MP_ROM_QSTR(MP_QSTR_progsize), MP_ROM_INT(PROGRAM_SIZE) },
    { MP_ROM_QSTR(MP_QSTR_lookahead), MP_ROM_INT(BLOCKS / 8) },
    { MP_ROM_QSTR(MP_QSTR_blocks), MP_ROM_INT(BLOCKS) },
    { MP_ROM_QSTR(MP_QSTR_blocksize), MP_ROM_INT(BLOCK_SIZE) },
};
static MP_DEFINE_CONST_DICT(storage_dict, storage_table);
const mp_obj_module_t modsim_storage = { .base = { &mp_type_module }, .globals = (mp_obj_dict_t *)&storage_dict };
