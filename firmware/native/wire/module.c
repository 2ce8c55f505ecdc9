// Module wire_core: the reader and the tables for Python. firmware/wire/README.md describes the API.

#include <string.h>

#include "py/objlist.h"
#include "py/objstr.h"
#include "py/runtime.h"

#include "firmware/native/wire/wire.h"

typedef struct {
    mp_obj_base_t base;
    mp_obj_t arena;
    mp_obj_t pending_id;
    mp_obj_t slots; // of the message, a list that is used again
    uint16_t pending_action;
    wire_reader_t core;
} reader_t;

// A declared array of a message, and a walk over one.
typedef struct {
    mp_obj_base_t base;
    reader_t *reader;
    uint16_t at, end, count, node;
} records_t;

typedef struct {
    mp_obj_base_t base;
    reader_t *reader;
    mp_obj_t slots; // of the records, a list that is used again
    uint16_t at, end, node;
} walk_t;

static const mp_obj_type_t records_type;
static const mp_obj_type_t walk_type;

// Longer ones stay where they are: a heap with cars that charge may have no room for them in one piece.
#define LONGEST_BYTES (200)

static mp_obj_t text_object(const uint8_t *text, size_t length) {
    return length > LONGEST_BYTES ? mp_obj_new_memoryview('B', length, (void *)text) : mp_obj_new_bytes(text, length);
}

static mp_obj_t value_object(reader_t *self, const wire_value_t *value) {
    records_t *records;
    switch (value->tag) {
        case TAG_STRING:
            return text_object(self->core.arena + value->at, value->end - value->at);
        case TAG_BOOLEAN:
            return mp_obj_new_bool(value->number);
        case TAG_ARRAY:
            records = mp_obj_malloc(records_t, &records_type);
            records->reader = self;
            records->at = value->at;
            records->end = value->end;
            records->count = value->count;
            records->node = value->node;
            return MP_OBJ_FROM_PTR(records);
    }
    return mp_obj_new_int(value->number);
}

// Fills the list with the slots of a record or message at arena[*at:end].
static void decode(reader_t *self, uint16_t *at, uint16_t end, unsigned node, mp_obj_t slots) {
    mp_obj_list_t *list = MP_OBJ_TO_PTR(slots);
    size_t n = wire_slots(node);
    wire_value_t value;
    while (list->len < n) {
        mp_obj_list_append(slots, mp_const_none);
    }
    for (size_t i = 0; i < list->len; i++) {
        list->items[i] = i < n ? mp_const_none : MP_OBJ_NULL;
    }
    mp_obj_list_set_len(slots, n);
    while (wire_value(&self->core, at, end, &value)) {
        if (value.slot < n) {
            list->items[value.slot] = value_object(self, &value);
        }
        if (value.tag == TAG_NUMBER && value.slot + 1u < n) {
            list->items[value.slot + 1] = MP_OBJ_NEW_SMALL_INT(value.decimals);
        }
    }
}

static mp_obj_t new_walk(reader_t *self, unsigned at, unsigned end, unsigned node) {
    walk_t *walk = mp_obj_malloc(walk_t, &walk_type);
    walk->reader = self;
    walk->slots = MP_OBJ_NULL;
    walk->at = at;
    walk->end = end;
    walk->node = node;
    return MP_OBJ_FROM_PTR(walk);
}

static mp_obj_t walk_next(mp_obj_t self_in) {
    walk_t *self = MP_OBJ_TO_PTR(self_in);
    wire_value_t value;
    if (self->at >= self->end) {
        return MP_OBJ_STOP_ITERATION;
    }
    if (wire_is_scalar(self->node)) {
        return wire_value(&self->reader->core, &self->at, self->end, &value) ? value_object(self->reader, &value)
                                                                             : MP_OBJ_STOP_ITERATION;
    }
    if (self->slots == MP_OBJ_NULL) {
        self->slots = mp_obj_new_list(0, NULL);
    }
    decode(self->reader, &self->at, self->end, self->node, self->slots);
    return self->slots;
}

static MP_DEFINE_CONST_OBJ_TYPE(walk_type, MP_QSTR_iterator, MP_TYPE_FLAG_ITER_IS_ITERNEXT, iter, walk_next);

static mp_obj_t records_iter(mp_obj_t self_in, mp_obj_iter_buf_t *unused) {
    records_t *self = MP_OBJ_TO_PTR(self_in);
    (void)unused;
    return new_walk(self->reader, self->at, self->end, self->node);
}

static mp_obj_t records_unary_op(mp_unary_op_t op, mp_obj_t self_in) {
    records_t *self = MP_OBJ_TO_PTR(self_in);
    return op == MP_UNARY_OP_LEN ? MP_OBJ_NEW_SMALL_INT(self->count) : MP_OBJ_NULL;
}

static MP_DEFINE_CONST_OBJ_TYPE(records_type, MP_QSTR_records, MP_TYPE_FLAG_NONE,
    unary_op, records_unary_op, iter, records_iter);

static mp_obj_t reader_start(mp_obj_t self_in) {
    reader_t *self = MP_OBJ_TO_PTR(self_in);
    wire_start(&self->core, self->pending_id == mp_const_none ? 0 : self->pending_action);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(reader_start_obj, reader_start);

static mp_obj_t reader_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    mp_arg_check_num(n_args, n_kw, 1, 1, false);
    mp_buffer_info_t arena;
    reader_t *self = mp_obj_malloc(reader_t, type);
    mp_get_buffer_raise(args[0], &arena, MP_BUFFER_RW);
    self->arena = args[0];
    self->pending_id = mp_const_none;
    self->pending_action = 0;
    self->slots = mp_obj_new_list(0, NULL);
    if (!wire_init(&self->core, arena.buf, arena.len)) {
        mp_raise_ValueError(MP_ERROR_TEXT("arena: 512 to 65535 bytes"));
    }
    return MP_OBJ_FROM_PTR(self);
}

// feed(buf, start, end)
static mp_obj_t reader_feed(size_t n_args, const mp_obj_t *args) {
    reader_t *self = MP_OBJ_TO_PTR(args[0]);
    mp_int_t start = mp_obj_get_int(args[2]);
    mp_int_t end = mp_obj_get_int(args[3]);
    mp_buffer_info_t buf;
    (void)n_args;
    mp_get_buffer_raise(args[1], &buf, MP_BUFFER_READ);
    if (start < 0 || end > (mp_int_t)buf.len) {
        mp_raise_ValueError(MP_ERROR_TEXT("feed: outside of the buffer"));
    }
    if (start < end) {
        wire_feed(&self->core, (const uint8_t *)buf.buf + start, end - start);
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(reader_feed_obj, 4, 4, reader_feed);

static mp_obj_t reader_finish(mp_obj_t self_in) {
    reader_t *self = MP_OBJ_TO_PTR(self_in);
    mp_buffer_info_t expected = { .buf = NULL, .len = 0 };
    if (self->pending_id != mp_const_none) {
        mp_get_buffer_raise(self->pending_id, &expected, MP_BUFFER_READ);
    }
    return MP_OBJ_NEW_SMALL_INT(wire_finish(&self->core, expected.buf, expected.len));
}
static MP_DEFINE_CONST_FUN_OBJ_1(reader_finish_obj, reader_finish);

static mp_obj_t reader_unpack(mp_obj_t self_in) {
    reader_t *self = MP_OBJ_TO_PTR(self_in);
    const wire_reader_t *core = &self->core;
    uint16_t at = 0, end = 0;
    unsigned node;
    if (core->message == WIRE_CALLERROR) {
        mp_obj_t texts[] = { MP_OBJ_NEW_SMALL_INT(core->action), text_object(wire_text(core), core->text) };
        return mp_obj_new_list(2, texts);
    }
    node = wire_fields(core, &at, &end);
    if (node == 0) {
        return mp_obj_new_list(0, NULL);
    }
    decode(self, &at, end, node, self->slots);
    return self->slots;
}
static MP_DEFINE_CONST_FUN_OBJ_1(reader_unpack_obj, reader_unpack);

// The array in a slot of the message; one without elements if it has none there.
static wire_value_t find_array(mp_obj_t self_in, mp_obj_t slot) {
    reader_t *self = MP_OBJ_TO_PTR(self_in);
    wire_value_t array;
    if (!wire_array(&self->core, mp_obj_get_int(slot), &array)) {
        array = (wire_value_t) { .at = 0 };
    }
    return array;
}

static mp_obj_t reader_each(mp_obj_t self_in, mp_obj_t slot) {
    wire_value_t array = find_array(self_in, slot);
    return new_walk(MP_OBJ_TO_PTR(self_in), array.at, array.end, array.node);
}
static MP_DEFINE_CONST_FUN_OBJ_2(reader_each_obj, reader_each);

static mp_obj_t reader_count(mp_obj_t self_in, mp_obj_t slot) {
    return MP_OBJ_NEW_SMALL_INT(find_array(self_in, slot).count);
}
static MP_DEFINE_CONST_FUN_OBJ_2(reader_count_obj, reader_count);

static mp_obj_t detail(const wire_reader_t *core) {
    char text[WIRE_DETAIL_MOST + 1];
    size_t n = wire_detail(core, text);
    return mp_obj_new_bytes((const byte *)text, n);
}

static mp_obj_t attribute(const reader_t *self, qstr name) {
    const wire_reader_t *core = &self->core;
    switch (name) {
        case MP_QSTR_size:
            return mp_obj_new_int(core->size);
        case MP_QSTR_stop_early:
            return mp_obj_new_bool(wire_is_certain(core));
        case MP_QSTR_bad_utf8:
            return mp_obj_new_bool(core->bad_utf8);
        case MP_QSTR_kind:
            return MP_OBJ_NEW_SMALL_INT(core->message);
        case MP_QSTR_message_id:
            return core->id < 0 ? mp_const_none : mp_obj_new_bytes(wire_id(core), core->id);
        case MP_QSTR_action:
            return MP_OBJ_NEW_SMALL_INT(core->action);
        case MP_QSTR_error:
            return MP_OBJ_NEW_SMALL_INT(wire_error_code(core));
        case MP_QSTR_detail:
            return detail(core);
        case MP_QSTR_pending_id:
            return self->pending_id;
        case MP_QSTR_pending_action:
            return MP_OBJ_NEW_SMALL_INT(self->pending_action);
    }
    return MP_OBJ_NULL;
}

static void reader_attr(mp_obj_t self_in, qstr name, mp_obj_t *dest) {
    reader_t *self = MP_OBJ_TO_PTR(self_in);
    if (dest[0] == MP_OBJ_NULL) {
        dest[0] = attribute(self, name);
        dest[1] = dest[0] == MP_OBJ_NULL ? MP_OBJ_SENTINEL : MP_OBJ_NULL; // a method is looked up
    } else if (dest[1] != MP_OBJ_NULL && name == MP_QSTR_pending_id) {
        self->pending_id = dest[1];
        dest[0] = MP_OBJ_NULL;
    } else if (dest[1] != MP_OBJ_NULL && name == MP_QSTR_pending_action) {
        self->pending_action = mp_obj_get_int(dest[1]);
        dest[0] = MP_OBJ_NULL;
    }
}

static const mp_rom_map_elem_t reader_locals_table[] = {
    { MP_ROM_QSTR(MP_QSTR_start), MP_ROM_PTR(&reader_start_obj) },
    { MP_ROM_QSTR(MP_QSTR_feed), MP_ROM_PTR(&reader_feed_obj) },
    { MP_ROM_QSTR(MP_QSTR_finish), MP_ROM_PTR(&reader_finish_obj) },
    { MP_ROM_QSTR(MP_QSTR_unpack), MP_ROM_PTR(&reader_unpack_obj) },
    { MP_ROM_QSTR(MP_QSTR_each), MP_ROM_PTR(&reader_each_obj) },
    { MP_ROM_QSTR(MP_QSTR_count), MP_ROM_PTR(&reader_count_obj) },
};
static MP_DEFINE_CONST_DICT(reader_locals, reader_locals_table);

MP_DEFINE_CONST_OBJ_TYPE(wire_core_reader_type, MP_QSTR_MessageReader, MP_TYPE_FLAG_NONE,
    make_new, reader_make_new, attr, reader_attr, locals_dict, &reader_locals);

// name(id) -> bytes: a wire name.
static mp_obj_t name(mp_obj_t id_in) {
    mp_int_t id = mp_obj_get_int(id_in);
    uint8_t text[NAME_MOST];
    if (id < 1 || id > LAST_NAME) {
        mp_raise_ValueError(MP_ERROR_TEXT("name: no such id"));
    }
    return mp_obj_new_bytes(text, wire_name(id, text));
}
MP_DEFINE_CONST_FUN_OBJ_1(wire_core_name_obj, name);

// name_id(text) -> int: the id of a wire name, 0: unknown.
static mp_obj_t name_id(mp_obj_t text_in) {
    mp_buffer_info_t text;
    mp_get_buffer_raise(text_in, &text, MP_BUFFER_READ);
    return MP_OBJ_NEW_SMALL_INT(wire_name_id(text.buf, text.len));
}
MP_DEFINE_CONST_FUN_OBJ_1(wire_core_name_id_obj, name_id);

// is_utf8(text) -> bool: str takes surrogates, overlong forms and what is beyond U+10FFFF.
static mp_obj_t is_utf8(mp_obj_t text_in) {
    mp_buffer_info_t text;
    wire_utf8_t state = { .more = 0 };
    mp_get_buffer_raise(text_in, &text, MP_BUFFER_READ);
    return mp_obj_new_bool(wire_utf8(&state, text.buf, text.len) && state.more == 0);
}
MP_DEFINE_CONST_FUN_OBJ_1(wire_core_is_utf8_obj, is_utf8);

// is_time(text) -> bool: a date-time, RFC 3339.
static mp_obj_t is_time(mp_obj_t text_in) {
    mp_buffer_info_t text;
    int32_t since_2020;
    mp_get_buffer_raise(text_in, &text, MP_BUFFER_READ);
    return mp_obj_new_bool(wire_read_time(text.buf, text.len, &since_2020));
}
MP_DEFINE_CONST_FUN_OBJ_1(wire_core_is_time_obj, is_time);

static uint8_t *room(mp_obj_t buffer_in, size_t n) {
    mp_buffer_info_t buffer;
    mp_get_buffer_raise(buffer_in, &buffer, MP_BUFFER_WRITE);
    if (buffer.len < n) {
        mp_raise_ValueError(MP_ERROR_TEXT("buffer too small"));
    }
    return buffer.buf;
}

// write_time(buffer, seconds since 2020) -> length: date-time, 1984 to 2088.
static mp_obj_t write_time(mp_obj_t buffer, mp_obj_t seconds) {
    return MP_OBJ_NEW_SMALL_INT(wire_write_time(room(buffer, WIRE_TIME_LENGTH), mp_obj_get_int(seconds)));
}
MP_DEFINE_CONST_FUN_OBJ_2(wire_core_write_time_obj, write_time);

static const mp_rom_map_elem_t globals_table[] = {
    { MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_wire_core) },
    { MP_ROM_QSTR(MP_QSTR_MessageReader), MP_ROM_PTR(&wire_core_reader_type) },
    { MP_ROM_QSTR(MP_QSTR_name), MP_ROM_PTR(&wire_core_name_obj) },
    { MP_ROM_QSTR(MP_QSTR_name_id), MP_ROM_PTR(&wire_core_name_id_obj) },
    { MP_ROM_QSTR(MP_QSTR_is_utf8), MP_ROM_PTR(&wire_core_is_utf8_obj) },
    { MP_ROM_QSTR(MP_QSTR_is_time), MP_ROM_PTR(&wire_core_is_time_obj) },
    { MP_ROM_QSTR(MP_QSTR_write_time), MP_ROM_PTR(&wire_core_write_time_obj) },
};
static MP_DEFINE_CONST_DICT(globals, globals_table);

const mp_obj_module_t wire_core_module = {
    .base = { &mp_type_module },
    .globals = (mp_obj_dict_t *)&globals,
};
MP_REGISTER_MODULE(MP_QSTR_wire_core, wire_core_module);
