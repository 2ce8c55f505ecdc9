// Module json_out: MessageWriter. firmware/wire/message.py describes it.

#include "py/runtime.h"

#include "firmware/native/json_out/json_out.h"

typedef struct {
    mp_obj_base_t base;
    mp_obj_t buffer;
    json_out_t core;
} writer_t;

// ---- what the writer asks of its objects

static const void *known(mp_obj_t object) {
    return object == mp_const_none ? NULL : object; // MP_OBJ_STOP_ITERATION is NULL, too
}

const void *json_out_slot(const void *slots, unsigned slot) {
    size_t n;
    mp_obj_t *items;
    mp_obj_get_array((mp_obj_t)slots, &n, &items);
    return slot < n ? known(items[slot]) : NULL;
}

const void *json_out_iterate(const void *object) {
    return mp_getiter((mp_obj_t)object, NULL);
}

const void *json_out_next(const void *items) {
    return known(mp_iternext((mp_obj_t)items));
}

int32_t json_out_integer(const void *object) {
    return mp_obj_get_int((mp_obj_t)object);
}

bool json_out_true(const void *object) {
    return mp_obj_is_true((mp_obj_t)object);
}

int json_out_sort(const void *object) {
    if (mp_obj_is_int((mp_obj_t)object)) {
        return JSON_OUT_NAME;
    }
    if (mp_obj_is_type((mp_obj_t)object, &mp_type_gen_instance) || mp_obj_is_type((mp_obj_t)object, &mp_type_tuple)) {
        return JSON_OUT_PIECES;
    }
    return JSON_OUT_TEXT;
}

const uint8_t *json_out_text(const void *object, size_t *n) {
    mp_buffer_info_t text;
    mp_get_buffer_raise((mp_obj_t)object, &text, MP_BUFFER_READ);
    *n = text.len;
    return text.buf;
}

void json_out_refuse(void) {
    mp_raise_ValueError(NULL);
}

// ---- MessageWriter

static mp_obj_t writer_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    mp_arg_check_num(n_args, n_kw, 1, 1, false);
    mp_buffer_info_t buffer;
    writer_t *self = mp_obj_malloc(writer_t, type);
    mp_get_buffer_raise(args[0], &buffer, MP_BUFFER_RW);
    self->buffer = args[0];
    if (!json_out_init(&self->core, buffer.buf, buffer.len)) {
        mp_raise_ValueError(MP_ERROR_TEXT("transmit buffer: 64 bytes at least"));
    }
    return MP_OBJ_FROM_PTR(self);
}

static mp_obj_t begin(const mp_obj_t *args, unsigned message, mp_obj_t slots) {
    writer_t *self = MP_OBJ_TO_PTR(args[0]);
    if (!json_out_begin(&self->core, message, args[1], mp_obj_get_int(args[2]), slots)) {
        mp_raise_ValueError(MP_ERROR_TEXT("not declared"));
    }
    return mp_const_none;
}

static mp_obj_t writer_call(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    return begin(args, WIRE_CALL, args[3]);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(writer_call_obj, 4, 4, writer_call);

static mp_obj_t writer_result(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    return begin(args, WIRE_CALLRESULT, args[3]);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(writer_result_obj, 4, 4, writer_result);

static mp_obj_t writer_error(size_t n_args, const mp_obj_t *args) {
    return begin(args, WIRE_CALLERROR, n_args > 3 ? args[3] : mp_const_empty_bytes);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(writer_error_obj, 3, 4, writer_error);

static mp_obj_t writer_count(mp_obj_t self_in) {
    writer_t *self = MP_OBJ_TO_PTR(self_in);
    return MP_OBJ_NEW_SMALL_INT(json_out_count(&self->core));
}
static MP_DEFINE_CONST_FUN_OBJ_1(writer_count_obj, writer_count);

static mp_obj_t writer_fill(mp_obj_t self_in) {
    writer_t *self = MP_OBJ_TO_PTR(self_in);
    return MP_OBJ_NEW_SMALL_INT(json_out_fill(&self->core));
}
static MP_DEFINE_CONST_FUN_OBJ_1(writer_fill_obj, writer_fill);

static const mp_rom_map_elem_t writer_locals_table[] = {
    { MP_ROM_QSTR(MP_QSTR_call), MP_ROM_PTR(&writer_call_obj) },
    { MP_ROM_QSTR(MP_QSTR_result), MP_ROM_PTR(&writer_result_obj) },
    { MP_ROM_QSTR(MP_QSTR_error), MP_ROM_PTR(&writer_error_obj) },
    { MP_ROM_QSTR(MP_QSTR_count), MP_ROM_PTR(&writer_count_obj) },
    { MP_ROM_QSTR(MP_QSTR_fill), MP_ROM_PTR(&writer_fill_obj) },
};
static MP_DEFINE_CONST_DICT(writer_locals, writer_locals_table);

MP_DEFINE_CONST_OBJ_TYPE(json_out_writer_type, MP_QSTR_MessageWriter, MP_TYPE_FLAG_NONE,
    make_new, writer_make_new, locals_dict, &writer_locals);

static const mp_rom_map_elem_t globals_table[] = {
    { MP_ROM_QSTR(MP_QSTR_MessageWriter), MP_ROM_PTR(&json_out_writer_type) },
};
static MP_DEFINE_CONST_DICT(globals, globals_table);

const mp_obj_module_t json_out_module = { { &mp_type_module }, (mp_obj_dict_t *)&globals };

MP_REGISTER_MODULE(MP_QSTR_json_out, json_out_module);
