// For files that compile a source of MicroPython with shorter tables of names: include this before it. Its own tables stay
// unused; behind it DICT completes each of them with the names that are left.
#define NAME(name, object) { MP_ROM_QSTR(MP_QSTR_##name), MP_ROM_PTR(&object) }
#define DICT(name, names) \
    const mp_obj_dict_t name = { \
        .base = { &mp_type_dict }, \
        .map = { .all_keys_are_qstrs = 1, .is_fixed = 1, .is_ordered = 1, .used = MP_ARRAY_SIZE(names), \
                 .alloc = MP_ARRAY_SIZE(names), .table = (mp_map_elem_t *)(mp_rom_map_elem_t *)names } \
    }

#undef MP_DEFINE_CONST_DICT
#define MP_DEFINE_CONST_DICT(name, table) const mp_obj_dict_t name
#pragma GCC diagnostic ignored "-Wunused-const-variable"
