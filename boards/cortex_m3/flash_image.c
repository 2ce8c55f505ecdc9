#include "flash_image.h"

#include "py/mperrno.h"
#include "py/runtime.h"

#include "semihosting.h"

#define BLOCK_SIZE (4096)
#define BLOCKS (128)

// As in extmod/vfs.h
#define IOCTL_BLOCK_COUNT (4)
#define IOCTL_BLOCK_SIZE (5)
#define IOCTL_BLOCK_ERASE (6)

typedef struct {
    mp_obj_base_t base;
    int file;
} flash_image_t;

static void erase(int file, mp_int_t block) {
    uint8_t blank[64];
    memset(blank, 0xff, sizeof(blank));
    for (size_t offset = 0; offset < BLOCK_SIZE; offset += sizeof(blank)) {
        if (!semihosting_write_at(file, block * BLOCK_SIZE + offset, blank, sizeof(blank))) {
            mp_raise_OSError(MP_EIO);
        }
    }
}

// FlashImage(path): opens the image; a missing one is created, blank.
static mp_obj_t flash_image_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    mp_arg_check_num(n_args, n_kw, 1, 1, false);
    const char *path = mp_obj_str_get_str(args[0]);
    int file = semihosting_open(path, SEMIHOSTING_READ_WRITE);
    if (file < 0) {
        file = semihosting_open(path, SEMIHOSTING_CREATE);
    }
    if (file < 0) {
        mp_raise_OSError(MP_ENOENT);
    }
    for (long block = semihosting_length(file) / BLOCK_SIZE; block < BLOCKS; block++) {
        erase(file, block);
    }
    flash_image_t *self = mp_obj_malloc(flash_image_t, type);
    self->file = file;
    return MP_OBJ_FROM_PTR(self);
}

static size_t place(size_t n_args, const mp_obj_t *args) {
    mp_int_t offset = n_args == 4 ? mp_obj_get_int(args[3]) : 0;
    return mp_obj_get_int(args[1]) * BLOCK_SIZE + offset;
}

static mp_obj_t flash_image_read(size_t n_args, const mp_obj_t *args) {
    flash_image_t *self = MP_OBJ_TO_PTR(args[0]);
    mp_buffer_info_t buffer;
    mp_get_buffer_raise(args[2], &buffer, MP_BUFFER_WRITE);
    bool read = semihosting_read_at(self->file, place(n_args, args), buffer.buf, buffer.len);
    return MP_OBJ_NEW_SMALL_INT(read ? 0 : -MP_EIO);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(flash_image_read_obj, 3, 4, flash_image_read);

static mp_obj_t flash_image_write(size_t n_args, const mp_obj_t *args) {
    flash_image_t *self = MP_OBJ_TO_PTR(args[0]);
    mp_buffer_info_t buffer;
    mp_get_buffer_raise(args[2], &buffer, MP_BUFFER_READ);
    if (n_args == 3) {
        erase(self->file, mp_obj_get_int(args[1])); // the plain interface does not erase by itself
    }
    bool written = semihosting_write_at(self->file, place(n_args, args), buffer.buf, buffer.len);
    return MP_OBJ_NEW_SMALL_INT(written ? 0 : -MP_EIO);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(flash_image_write_obj, 3, 4, flash_image_write);

static mp_obj_t flash_image_ioctl(mp_obj_t self_in, mp_obj_t operation, mp_obj_t argument) {
    flash_image_t *self = MP_OBJ_TO_PTR(self_in);
    switch (mp_obj_get_int(operation)) {
        case IOCTL_BLOCK_COUNT:
            return MP_OBJ_NEW_SMALL_INT(BLOCKS);
        case IOCTL_BLOCK_SIZE:
            return MP_OBJ_NEW_SMALL_INT(BLOCK_SIZE);
        case IOCTL_BLOCK_ERASE:
            erase(self->file, mp_obj_get_int(argument));
            return MP_OBJ_NEW_SMALL_INT(0);
        default: // starting, ending and syncing need nothing: writes go to the file at once
            return MP_OBJ_NEW_SMALL_INT(0);
    }
}
static MP_DEFINE_CONST_FUN_OBJ_3(flash_image_ioctl_obj, flash_image_ioctl);

static const mp_rom_map_elem_t flash_image_locals[] = {
    { MP_ROM_QSTR(MP_QSTR_readblocks), MP_ROM_PTR(&flash_image_read_obj) },
    { MP_ROM_QSTR(MP_QSTR_writeblocks), MP_ROM_PTR(&flash_image_write_obj) },
    { MP_ROM_QSTR(MP_QSTR_ioctl), MP_ROM_PTR(&flash_image_ioctl_obj) },
};
static MP_DEFINE_CONST_DICT(flash_image_dict, flash_image_locals);

MP_DEFINE_CONST_OBJ_TYPE(flash_image_type, MP_QSTR_FlashImage, MP_TYPE_FLAG_NONE,
    make_new, flash_image_make_new, locals_dict, &flash_image_dict);
