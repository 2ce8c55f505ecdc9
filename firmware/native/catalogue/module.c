// Module catalogue_core: the ROM tables of the device model. firmware/device_model/catalogue.py describes it.

#include "py/objstr.h"
#include "py/runtime.h"

#include "firmware/native/catalogue/catalogue.h"
#include "tables/device_model.inc"

static const catalogue_t tables = {
    STRINGS, COMPONENTS, RECORDS, sizeof(STRINGS), sizeof(COMPONENTS), sizeof(RECORDS),
};

enum { FIELD_INSTANCE = 1, FIELD_ATTRIBUTES = 128 }; // tables.variable_format

static const void *there(const void *found) {
    if (found == NULL) {
        mp_raise_type(&mp_type_IndexError);
    }
    return found;
}

static const uint8_t *record(mp_obj_t variable) {
    return there(catalogue_record(&tables, mp_obj_get_int(variable)));
}

static const uint8_t *head(mp_obj_t component) {
    return there(catalogue_head(&tables, mp_obj_get_int(component)));
}

static catalogue_name_t name_of(mp_obj_t object) {
    mp_buffer_info_t text;
    mp_get_buffer_raise(object, &text, MP_BUFFER_READ);
    return (catalogue_name_t) { text.buf, text.len };
}

// bytes whose text stays in ROM.
static mp_obj_t text_at(uint32_t ref) {
    size_t n;
    const uint8_t *text = there(catalogue_text(&tables, ref, &n));
    mp_obj_str_t *bytes = mp_obj_malloc(mp_obj_str_t, &mp_type_bytes);
    bytes->hash = 0;
    bytes->len = n;
    bytes->data = text;
    return MP_OBJ_FROM_PTR(bytes);
}

static mp_obj_t string(mp_obj_t ref) {
    return text_at(mp_obj_get_int(ref));
}
MP_DEFINE_CONST_FUN_OBJ_1(catalogue_core_string_obj, string);

static mp_obj_t find(mp_obj_t name) {
    catalogue_name_t asked = name_of(name);
    return MP_OBJ_NEW_SMALL_INT(catalogue_find(&tables, &asked));
}
MP_DEFINE_CONST_FUN_OBJ_1(catalogue_core_find_obj, find);

static mp_obj_t kind(mp_obj_t variable) {
    return MP_OBJ_NEW_SMALL_INT(record(variable)[3]);
}
MP_DEFINE_CONST_FUN_OBJ_1(catalogue_core_kind_obj, kind);

static mp_obj_t text(mp_obj_t variable, mp_obj_t field) {
    int32_t ref = catalogue_field(record(variable), mp_obj_get_int(field));
    return ref < 0 ? mp_const_none : text_at(ref);
}
MP_DEFINE_CONST_FUN_OBJ_2(catalogue_core_text_obj, text);

static mp_obj_t attributes(mp_obj_t variable) {
    int32_t mask = catalogue_field(record(variable), FIELD_ATTRIBUTES);
    return MP_OBJ_NEW_SMALL_INT(mask < 0 ? 1 : mask);
}
MP_DEFINE_CONST_FUN_OBJ_1(catalogue_core_attributes_obj, attributes);

static mp_obj_t ref(mp_obj_t variable) {
    return MP_OBJ_NEW_SMALL_INT(catalogue_word(record(variable) + 1));
}
MP_DEFINE_CONST_FUN_OBJ_1(catalogue_core_ref_obj, ref);

static mp_obj_t instance_ref(mp_obj_t variable) {
    int32_t ref = catalogue_field(record(variable), FIELD_INSTANCE);
    return MP_OBJ_NEW_SMALL_INT(ref < 0 ? 0 : ref);
}
MP_DEFINE_CONST_FUN_OBJ_1(catalogue_core_instance_ref_obj, instance_ref);

static mp_obj_t name(mp_obj_t variable) {
    return text_at(catalogue_word(record(variable) + 1));
}
MP_DEFINE_CONST_FUN_OBJ_1(catalogue_core_name_obj, name);

static mp_obj_t component_of(mp_obj_t variable) {
    return MP_OBJ_NEW_SMALL_INT(catalogue_component_of(&tables, mp_obj_get_int(variable)));
}
MP_DEFINE_CONST_FUN_OBJ_1(catalogue_core_component_of_obj, component_of);

static mp_obj_t component_ref(size_t n_args, const mp_obj_t *args) {
    return MP_OBJ_NEW_SMALL_INT(catalogue_word(head(args[0]) + (n_args > 1 ? 2 : 0)));
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(catalogue_core_component_ref_obj, 1, 2, component_ref);

static mp_obj_t first(mp_obj_t component) {
    return MP_OBJ_NEW_SMALL_INT(catalogue_first(&tables, mp_obj_get_int(component)));
}
MP_DEFINE_CONST_FUN_OBJ_1(catalogue_core_first_obj, first);

// following(handle, connectors): the variable and place behind this one, in the order of a report; behind 0 the first; 0:
// that was the last.
static mp_obj_t following(mp_obj_t handle_in, mp_obj_t connectors_in) {
    uint32_t handle = mp_obj_get_int(handle_in);
    size_t evses;
    mp_obj_t *connectors;
    mp_obj_get_array(connectors_in, &evses, &connectors);
    size_t evse = catalogue_evse(handle);
    unsigned here = evse - 1 < evses ? mp_obj_get_int(connectors[evse - 1]) : 0;
    return MP_OBJ_NEW_SMALL_INT(catalogue_following(&tables, handle, evses, here));
}
MP_DEFINE_CONST_FUN_OBJ_2(catalogue_core_following_obj, following);

static mp_obj_t find_component(mp_obj_t name, mp_obj_t instance, mp_obj_t level) {
    catalogue_name_t asked[2] = { name_of(name), name_of(instance) };
    return MP_OBJ_NEW_SMALL_INT(catalogue_find_component(&tables, &asked[0], &asked[1], mp_obj_get_int(level)));
}
MP_DEFINE_CONST_FUN_OBJ_3(catalogue_core_find_component_obj, find_component);

static mp_obj_t find_variable(mp_obj_t component, mp_obj_t name, mp_obj_t instance) {
    catalogue_name_t asked[2] = { name_of(name), name_of(instance) };
    return MP_OBJ_NEW_SMALL_INT(
        catalogue_find_variable(&tables, mp_obj_get_int(component), &asked[0], &asked[1]));
}
MP_DEFINE_CONST_FUN_OBJ_3(catalogue_core_find_variable_obj, find_variable);

// find_entry(pieces, handle, attribute) -> position (firmware/device_model/values.py), or -1
static mp_obj_t find_entry(mp_obj_t pieces_in, mp_obj_t handle, mp_obj_t attribute) {
    uint8_t key[CATALOGUE_KEY];
    size_t n;
    mp_obj_t *pieces;
    catalogue_key(mp_obj_get_int(handle), mp_obj_get_int(attribute), key);
    mp_obj_get_array(pieces_in, &n, &pieces);
    for (size_t i = 0; i < n; i++) {
        catalogue_name_t piece = name_of(pieces[i]);
        int32_t at = catalogue_entry(piece.text, piece.n, key);
        if (at >= 0) {
            return MP_OBJ_NEW_SMALL_INT(i << 8 | at);
        }
    }
    return MP_OBJ_NEW_SMALL_INT(-1);
}
MP_DEFINE_CONST_FUN_OBJ_3(catalogue_core_find_entry_obj, find_entry);

static const mp_rom_map_elem_t globals_table[] = {
    { MP_ROM_QSTR(MP_QSTR_string), MP_ROM_PTR(&catalogue_core_string_obj) },
    { MP_ROM_QSTR(MP_QSTR_find), MP_ROM_PTR(&catalogue_core_find_obj) },
    { MP_ROM_QSTR(MP_QSTR_kind), MP_ROM_PTR(&catalogue_core_kind_obj) },
    { MP_ROM_QSTR(MP_QSTR_text), MP_ROM_PTR(&catalogue_core_text_obj) },
    { MP_ROM_QSTR(MP_QSTR_attributes), MP_ROM_PTR(&catalogue_core_attributes_obj) },
    { MP_ROM_QSTR(MP_QSTR_ref), MP_ROM_PTR(&catalogue_core_ref_obj) },
    { MP_ROM_QSTR(MP_QSTR_instance_ref), MP_ROM_PTR(&catalogue_core_instance_ref_obj) },
    { MP_ROM_QSTR(MP_QSTR_name), MP_ROM_PTR(&catalogue_core_name_obj) },
    { MP_ROM_QSTR(MP_QSTR_component_of), MP_ROM_PTR(&catalogue_core_component_of_obj) },
    { MP_ROM_QSTR(MP_QSTR_component_ref), MP_ROM_PTR(&catalogue_core_component_ref_obj) },
    { MP_ROM_QSTR(MP_QSTR_first), MP_ROM_PTR(&catalogue_core_first_obj) },
    { MP_ROM_QSTR(MP_QSTR_following), MP_ROM_PTR(&catalogue_core_following_obj) },
    { MP_ROM_QSTR(MP_QSTR_find_component), MP_ROM_PTR(&catalogue_core_find_component_obj) },
    { MP_ROM_QSTR(MP_QSTR_find_variable), MP_ROM_PTR(&catalogue_core_find_variable_obj) },
    { MP_ROM_QSTR(MP_QSTR_find_entry), MP_ROM_PTR(&catalogue_core_find_entry_obj) },
};
static MP_DEFINE_CONST_DICT(globals, globals_table);

const mp_obj_module_t catalogue_core_module = { { &mp_type_module }, (mp_obj_dict_t *)&globals };

MP_REGISTER_MODULE(MP_QSTR_catalogue_core, catalogue_core_module);
