// Functions and classes of the frozen firmware, in ROM. tools/rom_objects writes them into frozen_content.c.
#ifndef PILOTWIRE_ROM_OBJECTS_H
#define PILOTWIRE_ROM_OBJECTS_H

#include "py/bc.h"
#include "py/obj.h"
#include "py/objfun.h"
#include "py/objtype.h"

// A class. It has the slots that a class of ours needs: make_new, attr, locals_dict, and of call, iter and parent
// those that it uses. (objtype.c gives each class ten.)
typedef struct {
    mp_obj_base_t base;
    uint16_t flags;
    uint16_t name;
    uint8_t slot_index_make_new;
    uint8_t slot_index_print;
    uint8_t slot_index_call;
    uint8_t slot_index_unary_op;
    uint8_t slot_index_binary_op;
    uint8_t slot_index_attr;
    uint8_t slot_index_subscr;
    uint8_t slot_index_iter;
    uint8_t slot_index_buffer;
    uint8_t slot_index_protocol;
    uint8_t slot_index_parent;
    uint8_t slot_index_locals_dict;
    const void *slots[6];
} rom_type_t;

#define ROM_TYPE_FLAGS (MP_TYPE_FLAG_INSTANCE_TYPE | MP_TYPE_FLAG_ITER_IS_GETITER)

// What MP_TYPE_FLAG_HAS_SPECIAL_ACCESSORS is for: attributes that are properties are called.
#define ROM_TYPE_PROPERTIES MP_TYPE_FLAG_HAS_SPECIAL_ACCESSORS

// A property, as objproperty.c has it: getter, setter, deleter.
typedef struct {
    mp_obj_base_t base;
    mp_rom_obj_t proxy[3];
} rom_property_t;

// Functions with default values.
typedef struct { mp_obj_fun_bc_t fun; mp_rom_obj_t defaults[1]; } rom_fun1_t;
typedef struct { mp_obj_fun_bc_t fun; mp_rom_obj_t defaults[2]; } rom_fun2_t;
typedef struct { mp_obj_fun_bc_t fun; mp_rom_obj_t defaults[3]; } rom_fun3_t;
typedef struct { mp_obj_fun_bc_t fun; mp_rom_obj_t defaults[4]; } rom_fun4_t;
typedef struct { mp_obj_fun_bc_t fun; mp_rom_obj_t defaults[5]; } rom_fun5_t;

// The modules whose functions are in ROM: a function names its module's context, which must not move.
extern mp_module_context_t rom_contexts[];
extern const size_t rom_contexts_count;
extern const char *const rom_contexts_names[];
extern mp_obj_dict_t rom_globals[]; // their dictionaries, and where the tables of these are
extern mp_map_elem_t rom_globals_tables[];
extern const uint16_t rom_globals_start[];

mp_obj_t rom_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args);
void rom_attr(mp_obj_t self_in, qstr attr, mp_obj_t *dest);

#endif
