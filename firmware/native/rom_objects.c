// Modules, functions and classes that cost no heap: what tools/rom_objects has written is brought to life here.
//
// Four functions of the VM are wrapped at link time, nothing is patched:
//   mp_obj_new_module   a module with objects in ROM gets its context from a table, at an address known to the linker
//   gc_collect_start    such a module is not on the heap, but what it holds is
//   gc_init             a new heap: nothing of the last one is held any more
//   gc_free             a dictionary that outgrows its place moves to the heap; its place is not the heap's
//
// A module's dictionary has room for exactly the names that its code stores; more are for who tries things out.

#include <string.h>

#include "py/gc.h"
#include "py/objmodule.h"
#include "py/runtime.h"

#include "firmware/native/rom_objects.h"

mp_obj_t __real_mp_obj_new_module(qstr name);
mp_obj_t __wrap_mp_obj_new_module(qstr name);
void __real_gc_collect_start(void);
void __wrap_gc_collect_start(void);
void __real_gc_free(void *ptr);
void __wrap_gc_free(void *ptr);
void __real_gc_init(void *start, void *end);
void __wrap_gc_init(void *start, void *end);

// objtype.c keeps these two to itself: they are taken from a class made for this purpose.
static mp_make_new_fun_t instance_make_new;
static mp_attr_fun_t instance_attr;

mp_obj_t rom_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    return instance_make_new(type, n_args, n_kw, args);
}

void rom_attr(mp_obj_t self_in, qstr attr, mp_obj_t *dest) {
    instance_attr(self_in, attr, dest);
}

static void learn(void) {
    mp_obj_type_t *type = MP_OBJ_TO_PTR(mp_obj_new_type(MP_QSTR_object, mp_const_empty_tuple, mp_obj_new_dict(0)));
    instance_make_new = MP_OBJ_TYPE_GET_SLOT(type, make_new);
    instance_attr = MP_OBJ_TYPE_GET_SLOT(type, attr);
}

mp_obj_t __wrap_mp_obj_new_module(qstr name) {
    size_t i = 0;
    while (i < rom_contexts_count && strcmp(rom_contexts_names[i], qstr_str(name)) != 0) {
        i++;
    }
    mp_map_t *loaded = &MP_STATE_VM(mp_loaded_modules_dict).map;
    if (i == rom_contexts_count || mp_map_lookup(loaded, MP_OBJ_NEW_QSTR(name), MP_MAP_LOOKUP) != NULL) {
        return __real_mp_obj_new_module(name);
    }
    if (instance_make_new == NULL) {
        learn();
    }
    mp_module_context_t *context = &rom_contexts[i];
    mp_obj_dict_t *globals = &rom_globals[i];
    globals->base.type = &mp_type_dict;
    mp_map_init_fixed_table(&globals->map, 0, NULL);
    globals->map.is_fixed = globals->map.is_ordered = 0;
    globals->map.alloc = rom_globals_start[i + 1] - rom_globals_start[i];
    globals->map.table = &rom_globals_tables[rom_globals_start[i]];
    memset(globals->map.table, 0, globals->map.alloc * sizeof(mp_map_elem_t));
    context->module.globals = globals;
    mp_obj_dict_store(MP_OBJ_FROM_PTR(globals), MP_OBJ_NEW_QSTR(MP_QSTR___name__), MP_OBJ_NEW_QSTR(name));
    context->module.base.type = &mp_type_module;
    mp_map_lookup(loaded, MP_OBJ_NEW_QSTR(name), MP_MAP_LOOKUP_ADD_IF_NOT_FOUND)->value = MP_OBJ_FROM_PTR(context);
    return MP_OBJ_FROM_PTR(context);
}

void __wrap_gc_collect_start(void) {
    __real_gc_collect_start();
    gc_collect_root((void **)rom_globals, rom_contexts_count * sizeof(rom_globals[0]) / sizeof(void *));
    gc_collect_root((void **)rom_globals_tables, 2 * rom_globals_start[rom_contexts_count]);
}

void __wrap_gc_free(void *ptr) {
    mp_map_elem_t *place = ptr;
    if (place < rom_globals_tables || place >= &rom_globals_tables[rom_globals_start[rom_contexts_count]]) {
        __real_gc_free(ptr);
    }
}

void __wrap_gc_init(void *start, void *end) {
    memset(rom_globals, 0, rom_contexts_count * sizeof(rom_globals[0]));
    memset(rom_globals_tables, 0, rom_globals_start[rom_contexts_count] * sizeof(rom_globals_tables[0]));
    __real_gc_init(start, end);
}
