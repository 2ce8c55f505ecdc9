// The module trace_core: where in the firmware an exception was raised, for the log (firmware/hal/log.py).

#include "py/objexcept.h"
#include "py/runtime.h"

#define FRAMES (4) // the innermost ones: of these the line that is to be mended is one

// where(exception) -> str: file:line of the innermost frames, "extension.py:12 < station.py:345". Empty: there was no memory
// to note them in.
static mp_obj_t where(mp_obj_t exception) {
    size_t count, *values; // file, line, function of each frame
    mp_obj_exception_get_traceback(exception, &count, &values);
    vstr_t text;
    vstr_init(&text, 64);
    for (size_t i = 0; i < count && i < 3 * FRAMES; i += 3) {
        vstr_printf(&text, &" < %q:%u"[i ? 0 : 3], (qstr)values[i], (unsigned)values[i + 1]);
    }
    return mp_obj_new_str_from_vstr(&text);
}
MP_DEFINE_CONST_FUN_OBJ_1(trace_core_where_obj, where);

static const mp_rom_map_elem_t globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR_where), MP_ROM_PTR(&trace_core_where_obj)},
};
static MP_DEFINE_CONST_DICT(globals, globals_table);

const mp_obj_module_t trace_core_module = {{&mp_type_module}, (mp_obj_dict_t *)&globals};

MP_REGISTER_MODULE(MP_QSTR_trace_core, trace_core_module);
