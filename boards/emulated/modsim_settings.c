// `_sim`: settings. See boards/simulated/micropython/modsim.c.

#include <string.h>

#include "py/runtime.h"

#include "boards/simulated/micropython/modsim.h"

#include "settings.h"

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
