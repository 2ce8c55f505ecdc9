// The module json_out: json_out.h for firmware/wire/json_writer.py.

#include "py/runtime.h"

#include "firmware/native/json_out/json_out.h"
#include "firmware/native/wire/wire.h"

// copy(state, buffer, source, around) -> 1: the whole piece, 0: empty the buffer first. source: bytes, or a name id
static mp_obj_t json_out_copy_(size_t n, const mp_obj_t *args) {
    (void)n;
    mp_buffer_info_t state, out, source;
    uint8_t name[NAME_MOST];
    mp_int_t around = mp_obj_get_int(args[3]);
    mp_get_buffer_raise(args[0], &state, MP_BUFFER_WRITE);
    mp_get_buffer_raise(args[1], &out, MP_BUFFER_WRITE);
    if (mp_obj_is_small_int(args[2])) {
        mp_int_t id = MP_OBJ_SMALL_INT_VALUE(args[2]);
        if (id < 1 || id > LAST_NAME) {
            mp_raise_ValueError(NULL);
        }
        source.buf = name;
        source.len = wire_name(id, name);
    } else {
        mp_get_buffer_raise(args[2], &source, MP_BUFFER_READ);
    }
    json_out_t *o = state.buf;
    if (state.len < sizeof(*o) || out.len < o->size || source.len < json_out_least(around)
        || (o->begun && source.len < o->to)) {
        mp_raise_ValueError(NULL);
    }
    return MP_OBJ_NEW_SMALL_INT(json_out_copy(o, out.buf, source.buf, source.len, around));
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(json_out_copy_obj, 4, 4, json_out_copy_);

static const mp_rom_map_elem_t globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR_copy), MP_ROM_PTR(&json_out_copy_obj)},
};
static MP_DEFINE_CONST_DICT(globals, globals_table);

const mp_obj_module_t json_out_module = {{&mp_type_module}, (mp_obj_dict_t *)&globals};

MP_REGISTER_MODULE(MP_QSTR_json_out, json_out_module);
