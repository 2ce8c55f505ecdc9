// What the firmware can name of MicroPython's builtins, methods of str and bytes, and modules: shorter than MicroPython's own
// tables, which mpconfig_common.h has made weak. What no table names, the linker leaves out of the image.
//
// host_tests/test_vm_names.py says so when the firmware uses a name that is missing here; at run time it is a NameError, an
// AttributeError or an ImportError, as anywhere in Python.
#define VM_NAMES_HERE

#include "py/builtin.h"
#include "py/objarray.h"
#include "py/objstr.h"
#include "py/objtype.h"
#include "py/runtime.h"
#include "py/stream.h"

#include "firmware/native/rom_objects.h"

#define NAME(name, object) { MP_ROM_QSTR(MP_QSTR_##name), MP_ROM_PTR(&object) }
#define MODULE(module, table) \
    static MP_DEFINE_CONST_DICT(module##_globals, table); \
    const mp_obj_module_t module = { .base = { &mp_type_module }, .globals = (mp_obj_dict_t *)&module##_globals }

extern const mp_obj_module_t mp_module_binascii;

// For asyncio, which tells of a task that failed while nobody waited for it: to sys.stderr, where there is one. It goes into the
// log, as what sys.print_exception() prints.
static mp_obj_t print(size_t n, const mp_obj_t *objects, mp_map_t *keywords) {
    (void)keywords;
    for (size_t i = 0; i < n; i++) {
        mp_obj_print_helper(&mp_plat_print, objects[i], PRINT_STR);
        mp_print_str(&mp_plat_print, i + 1 < n ? " " : "\n");
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_KW(print_obj, 0, print);

static const mp_rom_map_elem_t builtins[] = {
    NAME(__build_class__, mp_builtin___build_class___obj),
    NAME(__import__, mp_builtin___import___obj),

    NAME(bool, mp_type_bool),
    NAME(bytearray, mp_type_bytearray),
    NAME(bytes, mp_type_bytes),
    NAME(dict, mp_type_dict),
    NAME(enumerate, mp_type_enumerate),
    NAME(int, mp_type_int),
    NAME(list, mp_type_list),
    NAME(memoryview, mp_type_memoryview),
    NAME(object, mp_type_object),
    NAME(property, mp_type_property),
    NAME(range, mp_type_range),
    NAME(slice, mp_type_slice),
    NAME(staticmethod, mp_type_staticmethod),
    NAME(str, mp_type_str),
    NAME(super, mp_type_super),
    NAME(tuple, mp_type_tuple),
    NAME(type, mp_type_type),
    NAME(zip, mp_type_zip),

    NAME(abs, mp_builtin_abs_obj),
    NAME(all, mp_builtin_all_obj),
    NAME(any, mp_builtin_any_obj),
    NAME(callable, mp_builtin_callable_obj),
    NAME(delattr, mp_builtin_delattr_obj),
    NAME(getattr, mp_builtin_getattr_obj),
    NAME(globals, mp_builtin_globals_obj),
    NAME(hasattr, mp_builtin_hasattr_obj),
    NAME(id, mp_builtin_id_obj),
    NAME(isinstance, mp_builtin_isinstance_obj),
    NAME(iter, mp_builtin_iter_obj),
    NAME(len, mp_builtin_len_obj),
    NAME(max, mp_builtin_max_obj),
    NAME(min, mp_builtin_min_obj),
    NAME(next, mp_builtin_next_obj),
    NAME(print, print_obj),
    NAME(repr, mp_builtin_repr_obj),
    NAME(setattr, mp_builtin_setattr_obj),

    NAME(AttributeError, mp_type_AttributeError),
    NAME(BaseException, mp_type_BaseException),
    NAME(Exception, mp_type_Exception),
    NAME(GeneratorExit, mp_type_GeneratorExit),
    NAME(ImportError, mp_type_ImportError),
    NAME(IndexError, mp_type_IndexError),
    NAME(KeyError, mp_type_KeyError),
    NAME(MemoryError, mp_type_MemoryError),
    NAME(OSError, mp_type_OSError),
    NAME(OverflowError, mp_type_OverflowError),
    NAME(RuntimeError, mp_type_RuntimeError),
    NAME(StopIteration, mp_type_StopIteration),
    NAME(TypeError, mp_type_TypeError),
    NAME(UnicodeError, mp_type_ValueError), // str is not checked here; what is, is a ValueError
    NAME(ValueError, mp_type_ValueError),
};
MP_DEFINE_CONST_DICT(mp_module_builtins_globals, builtins);

MP_DECLARE_CONST_FUN_OBJ_2(str_join_obj);
MP_DECLARE_CONST_FUN_OBJ_1(str_isalpha_obj);
MP_DECLARE_CONST_FUN_OBJ_1(str_isdigit_obj);
MP_DECLARE_CONST_FUN_OBJ_1(str_lower_obj);
MP_DECLARE_CONST_FUN_OBJ_1(str_upper_obj);
MP_DECLARE_CONST_FUN_OBJ_2(str_partition_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(str_endswith_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(str_find_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(str_index_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(str_lstrip_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(str_rfind_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(str_rstrip_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(str_split_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(str_startswith_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(str_strip_obj);

// Of bytearray and array.array (the first ones), bytearray, bytes and str.
#define ARRAY_NAMES (2)
static const mp_rom_map_elem_t text[] = {
    NAME(append, mp_obj_array_append_obj),
    NAME(extend, mp_obj_array_extend_obj),
    NAME(endswith, str_endswith_obj),
    NAME(find, str_find_obj),
    NAME(index, str_index_obj),
    NAME(isalpha, str_isalpha_obj),
    NAME(isdigit, str_isdigit_obj),
    NAME(join, str_join_obj),
    NAME(lower, str_lower_obj),
    NAME(lstrip, str_lstrip_obj),
    NAME(partition, str_partition_obj),
    NAME(rfind, str_rfind_obj),
    NAME(rstrip, str_rstrip_obj),
    NAME(split, str_split_obj),
    NAME(startswith, str_startswith_obj),
    NAME(strip, str_strip_obj),
    NAME(upper, str_upper_obj),
};
MP_DEFINE_CONST_DICT_WITH_SIZE(mp_obj_array_locals_dict, text, ARRAY_NAMES);
MP_DEFINE_CONST_DICT(mp_obj_bytearray_locals_dict, text);
MP_DEFINE_CONST_DICT_WITH_SIZE(mp_obj_bytes_locals_dict, text + ARRAY_NAMES, MP_ARRAY_SIZE(text) - ARRAY_NAMES);
extern const mp_obj_dict_t mp_obj_str_locals_dict __attribute__((alias("mp_obj_bytes_locals_dict")));

MP_DECLARE_CONST_FUN_OBJ_0(gc_collect_obj);
MP_DECLARE_CONST_FUN_OBJ_0(gc_mem_alloc_obj);
MP_DECLARE_CONST_FUN_OBJ_0(gc_mem_free_obj);
static const mp_rom_map_elem_t gc[] = {
    NAME(collect, gc_collect_obj),
    NAME(mem_alloc, gc_mem_alloc_obj),
    NAME(mem_free, gc_mem_free_obj),
};
MODULE(mp_module_gc, gc);

static const mp_rom_map_elem_t micropython[] = {
    NAME(const, mp_identity_obj),
};
MODULE(mp_module_micropython, micropython);

MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(mp_sys_print_exception_obj);
static const MP_DEFINE_STR_OBJ(platform, MICROPY_PY_SYS_PLATFORM);
static const mp_rom_map_elem_t sys[] = {
    NAME(modules, MP_STATE_VM(mp_loaded_modules_dict)),
    NAME(platform, platform),
    NAME(print_exception, mp_sys_print_exception_obj),
    { MP_ROM_QSTR(MP_QSTR_stderr), MP_ROM_NONE },
};
MODULE(mp_module_sys, sys);

MP_DECLARE_CONST_FUN_OBJ_0(mp_time_ticks_ms_obj);
MP_DECLARE_CONST_FUN_OBJ_0(mp_time_ticks_us_obj);
MP_DECLARE_CONST_FUN_OBJ_2(mp_time_ticks_add_obj);
MP_DECLARE_CONST_FUN_OBJ_2(mp_time_ticks_diff_obj);
static const mp_rom_map_elem_t time[] = {
    NAME(ticks_add, mp_time_ticks_add_obj),
    NAME(ticks_diff, mp_time_ticks_diff_obj),
    NAME(ticks_ms, mp_time_ticks_ms_obj),
    NAME(ticks_us, mp_time_ticks_us_obj),
};
MODULE(mp_module_time, time);

// Functions in RAM, and those in ROM with default values, are called as the others in ROM are (firmware/native/rom_objects.c).
MP_DEFINE_CONST_OBJ_TYPE(mp_type_fun_bc, MP_QSTR_function, MP_TYPE_FLAG_BINDS_SELF, call, rom_fun_call);
