// Modules, functions and classes that cost no heap: what tools/rom_objects has written is brought to life here.
//
// MicroPython's import asks rom_import() first (mp_builtin___import__ is a port's to define). Three functions of the VM
// are wrapped at link time, nothing is patched:
//   gc_collect_start    a dictionary of rom_globals is not on the heap, but what it holds is
//   gc_init             a new heap: nothing of the last one is held any more
//   gc_free             a dictionary that outgrows its place moves to the heap; its place is not the heap's
// Functions that never change are short objects in a port whose flash has a known place (rom_fun_t).
//
// Such a dictionary has room for exactly the names that the module's code stores; more are for who tries things out.

#include <string.h>

#include "py/builtin.h"
#include "py/emitglue.h"
#include "py/frozenmod.h"
#include "py/gc.h"
#include "py/objmodule.h"
#include "py/runtime.h"

#include "firmware/native/rom_objects.h"

// Bytes of the longest full name of a module, and its end.
#define NAME_SIZE (64)

mp_obj_t rom_import(size_t n_args, const mp_obj_t *args);
void __real_gc_collect_start(void);
void __wrap_gc_collect_start(void);
void __real_gc_free(void *ptr);
void __wrap_gc_free(void *ptr);
void __real_gc_init(void *start, void *end);
void __wrap_gc_init(void *start, void *end);

// objtype.c keeps these to itself: they are taken from a class made for this purpose.
static mp_make_new_fun_t instance_make_new;
static mp_attr_fun_t instance_attr;
static mp_print_fun_t instance_print;

mp_obj_t rom_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    return instance_make_new(type, n_args, n_kw, args);
}

void rom_attr(mp_obj_t self_in, qstr attr, mp_obj_t *dest) {
    instance_attr(self_in, attr, dest);
}

void rom_print(const mp_print_t *print, mp_obj_t self_in, mp_print_kind_t kind) {
    instance_print(print, self_in, kind);
}

static void learn(void) {
    mp_obj_type_t *type = MP_OBJ_TO_PTR(mp_obj_new_type(MP_QSTR_object, mp_const_empty_tuple, mp_obj_new_dict(0)));
    instance_make_new = MP_OBJ_TYPE_GET_SLOT(type, make_new);
    instance_attr = MP_OBJ_TYPE_GET_SLOT(type, attr);
    instance_print = MP_OBJ_TYPE_GET_SLOT(type, print);
}

#ifdef ROM_FLASH_START

// Larger states of functions are on the heap, as those of objfun.c.
#define STATE_ON_STACK (11 * sizeof(mp_uint_t))

// What a call has in its frame, which is on the stack once for each function that is being executed: so every word counts. The
// VM looks at no type, and at no functions inside where there are none: in their places stands what else the call needs.
typedef union {
    mp_obj_fun_bc_t function;
    struct {
        const mp_obj_fun_bc_t *self; // this, or where the function itself lies
        const mp_module_context_t *context;
        void *on_heap;
        const byte *bytecode;
    };
} call_t;
_Static_assert(offsetof(call_t, on_heap) == offsetof(mp_obj_fun_bc_t, child_table), "two views of the same words");
_Static_assert(offsetof(call_t, bytecode) == offsetof(mp_obj_fun_bc_t, bytecode), "two views of the same words");

// Takes memory from the heap for a function that holds much. The result: how many values it holds, and in its lower half how
// many bytes on the stack it wants, if none from the heap.
static MP_NOINLINE size_t begin(call_t *call, mp_obj_t function) {
    mp_cstack_check();
    call->self = MP_OBJ_TO_PTR(function);
    if (call->self->base.type == &rom_type_fun) {
        uintptr_t place = ((rom_fun_t *)call->self)->place - (uintptr_t)ROM_FLASH_START;
        size_t module = place >> ROM_FLASH_BITS;
        call->self = &call->function;
        call->context = module < rom_static_contexts_count ? &rom_static_contexts[module]
            : &rom_contexts[module - rom_static_contexts_count];
        call->bytecode = (const byte *)ROM_FLASH_START + (place & ((1 << ROM_FLASH_BITS) - 1));
    }
    const byte *ip = call->self->bytecode;
    MP_BC_PRELUDE_SIG_DECODE(ip);
    size_t size = n_state * sizeof(mp_obj_t) + n_exc_stack * sizeof(mp_exc_stack_t);
    call->on_heap = NULL;
    if (size > STATE_ON_STACK) {
        call->on_heap = m_new_obj_var_maybe(mp_code_state_t, state, byte, size);
    }
    return n_state << 16 | (call->on_heap == NULL ? offsetof(mp_code_state_t, state) + size : 0);
}

// As objfun.c calls its functions, and for those of its kind, too.
mp_obj_t rom_fun_call(mp_obj_t self, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    call_t call;
    size_t size = begin(&call, self);
    mp_code_state_t *state = (size & 0xffff) > 0 ? alloca(size & 0xffff) : call.on_heap;
    state->fun_bc = (mp_obj_fun_bc_t *)call.self;
    state->n_state = size >> 16;
    mp_setup_code_state(state, n_args, n_kw, args);
    state->old_globals = mp_globals_get();
    mp_globals_set(call.self->context->module.globals);
    mp_vm_return_kind_t kind = mp_execute_bytecode(state, MP_OBJ_NULL);
    mp_globals_set(state->old_globals);
    mp_obj_t result = kind == MP_VM_RETURN_NORMAL ? *state->sp : state->state[0];
    if (call.on_heap != NULL) {
        gc_free(call.on_heap);
    }
    if (kind == MP_VM_RETURN_NORMAL) {
        return result;
    }
    nlr_raise(result);
}

MP_DEFINE_CONST_OBJ_TYPE(rom_type_fun, MP_QSTR_function, MP_TYPE_FLAG_BINDS_SELF, call, rom_fun_call);

#endif

static const rom_module_t *find(const char *name) {
    for (const rom_module_t *module = rom_modules; module < rom_modules + rom_modules_count; module++) {
        if (strcmp(module->name, name) == 0) {
            return module;
        }
    }
    return NULL;
}

static mp_map_t *loaded(void) {
    return &MP_STATE_VM(mp_loaded_modules_dict).map;
}

static void execute(mp_module_context_t *context, const mp_frozen_module_t *body) {
    context->constants = body->constants;
    mp_obj_dict_t *globals = mp_globals_get();
    mp_obj_dict_t *locals = mp_locals_get();
    mp_globals_set(context->module.globals);
    mp_locals_set(context->module.globals);
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        mp_call_function_0(mp_make_function_from_proto_fun(body->proto_fun, context, NULL));
        nlr_pop();
        mp_globals_set(globals);
        mp_locals_set(locals);
        return;
    }
    mp_globals_set(globals);
    mp_locals_set(locals);
    mp_map_lookup(loaded(), mp_obj_dict_get(MP_OBJ_FROM_PTR(context->module.globals), MP_OBJ_NEW_QSTR(MP_QSTR___name__)),
        MP_MAP_LOOKUP_REMOVE_IF_FOUND);
    nlr_jump(nlr.ret_val);
}

static bool is_package(const rom_module_t *package) {
    size_t length = strlen(package->name);
    for (const rom_module_t *module = rom_modules; module < rom_modules + rom_modules_count; module++) {
        if (strncmp(module->name, package->name, length) == 0 && module->name[length] == '.') {
            return true;
        }
    }
    return false;
}

static void load(const rom_module_t *module, mp_obj_t name) {
    mp_module_context_t *context = (mp_module_context_t *)module->object;
    size_t i = context - rom_contexts;
    mp_obj_dict_t *globals = &rom_globals[i];
    globals->base.type = &mp_type_dict;
    mp_map_init_fixed_table(&globals->map, 0, NULL);
    globals->map.is_fixed = globals->map.is_ordered = 0;
    globals->map.alloc = rom_globals_start[i + 1] - rom_globals_start[i];
    globals->map.table = &rom_globals_tables[rom_globals_start[i]];
    memset(globals->map.table, 0, globals->map.alloc * sizeof(mp_map_elem_t));
    mp_obj_dict_store(MP_OBJ_FROM_PTR(globals), MP_OBJ_NEW_QSTR(MP_QSTR___name__), name);
    if (is_package(module)) {
        mp_obj_dict_store(MP_OBJ_FROM_PTR(globals), MP_OBJ_NEW_QSTR(MP_QSTR___path__), MP_OBJ_NEW_QSTR(MP_QSTR__dot_frozen));
    }
    context->module.base.type = &mp_type_module;
    context->module.globals = globals;
    mp_map_lookup(loaded(), name, MP_MAP_LOOKUP_ADD_IF_NOT_FOUND)->value = MP_OBJ_FROM_PTR(context);
    execute(context, module->body);
}

// The module object; its body and the bodies that it needs have been executed.
static mp_obj_t import_module(const rom_module_t *module) {
    if (instance_make_new == NULL) {
        learn();
    }
    size_t length = strlen(module->name);
    const mp_module_context_t *context = module->object;
    bool is_static = context < rom_contexts || context >= &rom_contexts[rom_contexts_count];
    qstr name = is_static ? qstr_find_strn(module->name, length) : qstr_from_strn(module->name, length);
    mp_map_elem_t *elem = name == MP_QSTRnull ? NULL : mp_map_lookup(loaded(), MP_OBJ_NEW_QSTR(name), MP_MAP_LOOKUP);
    if (elem != NULL) {
        return elem->value;
    }
    if (is_static) {
        for (size_t i = 0; module->needs != NULL && i < module->needs[0]; i++) {
            import_module(&rom_modules[module->needs[i + 1]]);
        }
    }
    // A package whose dictionary isn't in ROM gets its modules as attributes.
    mp_obj_t package = MP_OBJ_NULL;
    const char *last = strrchr(module->name, '.');
    if (last != NULL) {
        char parent[NAME_SIZE];
        memcpy(parent, module->name, last - module->name);
        parent[last - module->name] = 0;
        const rom_module_t *found = find(parent);
        package = found == NULL ? MP_OBJ_NULL : import_module(found);
    }
    if (!is_static) {
        load(module, MP_OBJ_NEW_QSTR(name));
    }
    if (package != MP_OBJ_NULL && !((mp_obj_module_t *)MP_OBJ_TO_PTR(package))->globals->map.is_fixed) {
        mp_store_attr(package, qstr_from_str(last + 1), MP_OBJ_FROM_PTR(context));
    }
    return MP_OBJ_FROM_PTR(context);
}

// Copies a name, and makes a relative one full; false: there is no such, or it is longer than any of ours.
static bool full_name(char *to, const char *name, mp_int_t level) {
    size_t length = 0;
    if (level > 0) {
        mp_map_t *globals = &mp_globals_get()->map;
        mp_map_elem_t *own = mp_map_lookup(globals, MP_OBJ_NEW_QSTR(MP_QSTR___name__), MP_MAP_LOOKUP);
        if (own == NULL) {
            return false;
        }
        const char *from = mp_obj_str_get_data(own->value, &length);
        if (mp_map_lookup(globals, MP_OBJ_NEW_QSTR(MP_QSTR___path__), MP_MAP_LOOKUP) != NULL) {
            level--; // a package is its own
        }
        for (; level > 0 && length > 0; level -= from[length] == '.') {
            length--;
        }
        if (length == 0 || length >= NAME_SIZE) {
            return false;
        }
        memcpy(to, from, length);
        if (*name != 0) {
            to[length++] = '.';
        }
    }
    if (length + strlen(name) >= NAME_SIZE) {
        return false;
    }
    strcpy(to + length, name);
    return true;
}

// `from package import module`: what the package has as attributes it has, but their bodies may be still to execute.
static void import_members(char *name, size_t length, mp_obj_t names) {
    size_t count;
    mp_obj_t *items;
    mp_obj_tuple_get(names, &count, &items);
    for (size_t i = 0; i < count; i++) {
        const char *member = mp_obj_str_get_str(items[i]);
        if (length + 1 + strlen(member) < NAME_SIZE) {
            name[length] = '.';
            strcpy(name + length + 1, member);
            const rom_module_t *found = find(name);
            if (found != NULL) {
                import_module(found);
            }
        }
    }
}

#if MICROPY_ENABLE_COMPILER
static bool is_there(mp_obj_t folder, const char *name, size_t length, const char *ending, mp_import_stat_t kind) {
    VSTR_FIXED(path, MICROPY_ALLOC_PATH_MAX);
    const char *text = mp_obj_str_get_str(folder);
    vstr_add_str(&path, text);
    if (*text != 0) {
        vstr_add_char(&path, '/');
    }
    vstr_add_strn(&path, name, length);
    vstr_add_str(&path, ending);
    return mp_import_stat(vstr_null_terminated_str(&path)) == kind;
}
#endif

// A folder of files comes before the frozen modules in sys.path, and has a module or package of this name.
static bool is_overridden(const char *name) {
    #if MICROPY_ENABLE_COMPILER
    size_t length = strcspn(name, ".");
    size_t count;
    mp_obj_t *folders;
    mp_obj_get_array(mp_sys_path, &count, &folders);
    for (size_t i = 0; i < count && strcmp(mp_obj_str_get_str(folders[i]), ".frozen") != 0; i++) {
        if (is_there(folders[i], name, length, "", MP_IMPORT_STAT_DIR) ||
            is_there(folders[i], name, length, ".py", MP_IMPORT_STAT_FILE)) {
            return true;
        }
    }
    #else
    (void)name;
    #endif
    return false;
}

// In place of mp_builtin___import___default(), with its arguments.
mp_obj_t rom_import(size_t n_args, const mp_obj_t *args) {
    char name[NAME_SIZE];
    mp_obj_t names = n_args >= 4 ? args[3] : mp_const_none;
    mp_int_t level = n_args >= 5 ? MP_OBJ_SMALL_INT_VALUE(args[4]) : 0;
    // Names that are False ask for execution as __main__.
    if (names != mp_const_false && full_name(name, mp_obj_str_get_str(args[0]), level)) {
        const rom_module_t *found = find(name);
        if (found != NULL && !is_overridden(name)) {
            mp_obj_t module = import_module(found);
            if (mp_obj_is_type(names, &mp_type_tuple)) {
                import_members(name, strlen(name), names);
            }
            char *first = strchr(name, '.');
            if (names == mp_const_none && first != NULL) {
                *first = 0;
                found = find(name);
                return found == NULL ? module : import_module(found);
            }
            return module;
        }
    }
    return mp_builtin___import___default(n_args, args);
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
