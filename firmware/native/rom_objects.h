// Functions and classes of the frozen firmware, in ROM. tools/rom_objects writes them into frozen_content.c.
#ifndef PILOTWIRE_ROM_OBJECTS_H
#define PILOTWIRE_ROM_OBJECTS_H

#include "py/bc.h"
#include "py/frozenmod.h"
#include "py/obj.h"
#include "py/objfun.h"
#include "py/objtype.h"

// A class. It has the slots that a class of ours needs: make_new, attr, locals_dict, and of print, call, iter and parent
// those that it uses. (objtype.c gives each class ten.)
#define ROM_TYPE(count) \
    struct { \
        mp_obj_base_t base; \
        uint16_t flags; \
        uint16_t name; \
        uint8_t slot_index_make_new; \
        uint8_t slot_index_print; \
        uint8_t slot_index_call; \
        uint8_t slot_index_unary_op; \
        uint8_t slot_index_binary_op; \
        uint8_t slot_index_attr; \
        uint8_t slot_index_subscr; \
        uint8_t slot_index_iter; \
        uint8_t slot_index_buffer; \
        uint8_t slot_index_protocol; \
        uint8_t slot_index_parent; \
        uint8_t slot_index_locals_dict; \
        const void *slots[count]; \
    }
typedef ROM_TYPE(3) rom_type3_t;
typedef ROM_TYPE(4) rom_type4_t;
typedef ROM_TYPE(5) rom_type5_t;
typedef ROM_TYPE(6) rom_type6_t;
typedef ROM_TYPE(7) rom_type7_t;

#define ROM_TYPE_FLAGS (MP_TYPE_FLAG_INSTANCE_TYPE | MP_TYPE_FLAG_ITER_IS_GETITER)

// What MP_TYPE_FLAG_HAS_SPECIAL_ACCESSORS is for: attributes that are properties are called.
#define ROM_TYPE_PROPERTIES MP_TYPE_FLAG_HAS_SPECIAL_ACCESSORS

// For the compiler, which may merge constants that are equal: a class is not another one of its name (py/obj.h ends at 0x200).
#define ROM_TYPE_NAMESAKE(number) ((number) << 10)

// A property, as objproperty.c has it: getter, setter, deleter.
typedef struct {
    mp_obj_base_t base;
    mp_rom_obj_t proxy[3];
} rom_property_t;

// A function without default values and functions inside, where the port sets ROM_FLASH_START: half as large as the virtual
// machine's own (mp_obj_fun_bc_t), which rom_objects.c makes of it on the stack while it is called. `place` is the address of
// its bytecode, plus (1 << ROM_FLASH_BITS) times its module's number: rom_static_contexts come first, then rom_contexts.
typedef struct {
    mp_obj_base_t base;
    uintptr_t place;
} rom_fun_t;

#define ROM_FLASH_BITS (20)
#define ROM_PLACE(code, module) ((uintptr_t)(code) + ((uintptr_t)(module) << ROM_FLASH_BITS))

extern const mp_obj_type_t rom_type_fun;

// Calls such a function, or a mp_obj_fun_bc_t: a port may have it in its mp_type_fun_bc.
mp_obj_t rom_fun_call(mp_obj_t self, size_t n_args, size_t n_kw, const mp_obj_t *args);

// Functions with default values.
typedef struct { mp_obj_fun_bc_t fun; mp_rom_obj_t defaults[1]; } rom_fun1_t;
typedef struct { mp_obj_fun_bc_t fun; mp_rom_obj_t defaults[2]; } rom_fun2_t;
typedef struct { mp_obj_fun_bc_t fun; mp_rom_obj_t defaults[3]; } rom_fun3_t;
typedef struct { mp_obj_fun_bc_t fun; mp_rom_obj_t defaults[4]; } rom_fun4_t;
typedef struct { mp_obj_fun_bc_t fun; mp_rom_obj_t defaults[5]; } rom_fun5_t;

// The frozen modules. A static one is in ROM, with its dictionary: its object is a mp_module_context_t (of a package
// without __init__.py a mp_obj_module_t), and importing it means to import what it needs. Of another one the body is
// executed at import; its object is in rom_contexts, at an address that the linker knows, because functions in ROM name it.
typedef struct {
    const char *name; // dotted
    const void *object;
    union {
        const uint8_t *needs;            // static: how many modules, and their places in rom_modules; or NULL
        const mp_frozen_module_t *body;  // others
    };
} rom_module_t;

extern const rom_module_t rom_modules[];
extern const size_t rom_modules_count;
extern const mp_module_context_t rom_static_contexts[]; // of packages without __init__.py there is none
extern const size_t rom_static_contexts_count;
extern mp_module_context_t rom_contexts[];
extern const size_t rom_contexts_count;
extern mp_obj_dict_t rom_globals[]; // their dictionaries, and where the tables of these are
extern mp_map_elem_t rom_globals_tables[];
extern const uint16_t rom_globals_start[];

mp_obj_t rom_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args);
void rom_attr(mp_obj_t self_in, qstr attr, mp_obj_t *dest);
void rom_print(const mp_print_t *print, mp_obj_t self_in, mp_print_kind_t kind);

#endif
