// MicroPython's list, dict, range, slice and property, and modules binascii and select, without what the firmware does not use of
// them: their own sources, compiled here with shorter tables of methods. They print as <list>, <dict> ...: a log has the numbers and texts in them, one by one.
//
// host_tests/test_vm_names.py says so when the firmware uses a method that is missing here.

#include "py/builtin.h"
#include "py/obj.h"
#include "py/runtime.h"

static void print_type(const mp_print_t *print, mp_obj_t self, mp_print_kind_t kind) {
    (void)kind;
    mp_printf(print, "<%q>", (qstr)mp_obj_get_type(self)->name);
}

// The types below name what is declared here: where a ( follows, which is in the sources' own functions, they get another name.
#define PRINTED(function) \
    static void function(const mp_print_t *, mp_obj_t, mp_print_kind_t) __attribute__((alias("print_type")))
PRINTED(list_print);
PRINTED(dict_print);
PRINTED(dict_view_print);
PRINTED(range_print);
PRINTED(slice_print);
#define list_print(...) unused_list_print(__VA_ARGS__)
#define dict_print(...) unused_dict_print(__VA_ARGS__)
#define dict_view_print(...) unused_dict_view_print(__VA_ARGS__)
#define range_print(...) unused_range_print(__VA_ARGS__)
#define slice_print(...) unused_slice_print(__VA_ARGS__)

#include "boards/emulated/vm_tables.h"
#pragma GCC diagnostic ignored "-Wunused-function"
#include "py/objdict.c"
#include "py/objlist.c"
#include "py/objproperty.c" // its table stays empty: no @x.setter
#include "py/objrange.c"
#include "py/objslice.c"
#include "extmod/modbinascii.c"
#include "extmod/modselect.c"

static const mp_rom_map_elem_t list[] = {
    NAME(append, list_append_obj),
    NAME(clear, list_clear_obj),
    NAME(extend, list_extend_obj),
    NAME(pop, list_pop_obj),
    NAME(remove, list_remove_obj),
};
static DICT(list_locals_dict, list);

static const mp_rom_map_elem_t dict[] = {
    NAME(get, dict_get_obj),
    NAME(pop, dict_pop_obj),
};
static DICT(dict_locals_dict, dict);

static const mp_rom_map_elem_t binascii[] = {
    NAME(b2a_base64, mod_binascii_b2a_base64_obj),
    NAME(crc32, mod_binascii_crc32_obj),
};
static DICT(mp_module_binascii_globals, binascii);

static const mp_rom_map_elem_t poll[] = {
    NAME(register, poll_register_obj),
    NAME(unregister, poll_unregister_obj),
    NAME(modify, poll_modify_obj),
    NAME(ipoll, poll_ipoll_obj),
};
static DICT(poll_locals_dict, poll);

static const mp_rom_map_elem_t select_module[] = {
    NAME(poll, mp_select_poll_obj),
    { MP_ROM_QSTR(MP_QSTR_POLLIN), MP_ROM_INT(MP_STREAM_POLL_RD) },
    { MP_ROM_QSTR(MP_QSTR_POLLOUT), MP_ROM_INT(MP_STREAM_POLL_WR) },
    { MP_ROM_QSTR(MP_QSTR_POLLERR), MP_ROM_INT(MP_STREAM_POLL_ERR) },
    { MP_ROM_QSTR(MP_QSTR_POLLHUP), MP_ROM_INT(MP_STREAM_POLL_HUP) },
};
static DICT(mp_module_select_globals, select_module);
