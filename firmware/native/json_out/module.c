// The module json_out: json_out.h for firmware/wire/json_writer.py.

#include "py/runtime.h"

#include "firmware/native/json_out/json_out.h"

// copy(state, buffer, source, around) -> 1: the whole piece, 0: empty the buffer first
static mp_obj_t json_out_copy_(size_t n, const mp_obj_t *args) {
    (void)n;
    mp_buffer_info_t state, out, source;
    mp_get_buffer_raise(args[0], &state, MP_BUFFER_WRITE);
    mp_get_buffer_raise(args[1], &out, MP_BUFFER_WRITE);
    mp_get_buffer_raise(args[2], &source, MP_BUFFER_READ);
    json_out_t *o = state.buf;
    if (state.len < sizeof(*o) || out.len < o->size || source.len < o->to) {
        mp_raise_ValueError(NULL);
    }
    return MP_OBJ_NEW_SMALL_INT(json_out_copy(o, out.buf, source.buf, mp_obj_get_int(args[3])));
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(json_out_copy_obj, 4, 4, json_out_copy_);

static const mp_rom_map_elem_t globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR_copy), MP_ROM_PTR(&json_out_copy_obj)},
};
static MP_DEFINE_CONST_DICT(globals, globals_table);

const mp_obj_module_t json_out_module = {{&mp_type_module}, (mp_obj_dict_t *)&globals};

MP_REGISTER_MODULE(MP_QSTR_json_out, json_out_module);
