// The module websocket_core: frames.h and upgrade.h for firmware/wire/websocket.py and handshake.py. State lies in the
// callers' arrays; an argument that does not fit is a ValueError.

#include <string.h>

#include "py/runtime.h"

#include "firmware/native/websocket/faults.h"
#include "firmware/native/websocket/frames.h"
#include "firmware/native/websocket/upgrade.h"

#define PRINTABLE_MOST (100)

static mp_buffer_info_t buffer(mp_obj_t object, size_t least, mp_uint_t flags) {
    mp_buffer_info_t info;
    mp_get_buffer_raise(object, &info, flags);
    if (info.len < least) {
        mp_raise_ValueError(NULL);
    }
    return info;
}

static void *words(mp_obj_t state, size_t size) {
    return buffer(state, size, MP_BUFFER_WRITE).buf;
}

// buf[start:end]; both are arguments.
static uint8_t *slice(mp_obj_t buf, const mp_obj_t *range, uint8_t **end, mp_uint_t flags) {
    size_t from = mp_obj_get_int(range[0]), to = mp_obj_get_int(range[1]);
    uint8_t *bytes = buffer(buf, to, flags).buf;
    if (from > to) {
        mp_raise_ValueError(NULL);
    }
    *end = bytes + to;
    return bytes + from;
}

// open(state, most)
static mp_obj_t core_open(mp_obj_t state, mp_obj_t most) {
    websocket_open(words(state, sizeof(websocket_t)), mp_obj_get_int(most));
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_2(websocket_core_open_obj, core_open);

// next(state, rx, control) -> event, or minus the code to close with
static mp_obj_t core_next(mp_obj_t state, mp_obj_t rx, mp_obj_t control) {
    websocket_t *w = words(state, sizeof(*w));
    const uint8_t *bytes = buffer(rx, w->stop, MP_BUFFER_READ).buf;
    mp_buffer_info_t room = buffer(control, 0, MP_BUFFER_WRITE);
    return MP_OBJ_NEW_SMALL_INT(websocket_next(w, bytes, room.buf, room.len));
}
MP_DEFINE_CONST_FUN_OBJ_3(websocket_core_next_obj, core_next);

// header(state, buf, end, opcode, length, key) -> where in buf it begins
static mp_obj_t core_header(size_t n, const mp_obj_t *args) {
    (void)n;
    size_t end = mp_obj_get_int(args[2]);
    uint8_t *buf = buffer(args[1], end, MP_BUFFER_WRITE).buf;
    uint32_t length = mp_obj_get_int(args[4]);
    const uint8_t *key = buffer(args[5], 4, MP_BUFFER_READ).buf;
    if (end < (length < 126 ? 6 : WEBSOCKET_HEADER)) {
        mp_raise_ValueError(NULL);
    }
    size_t size = websocket_header(words(args[0], sizeof(websocket_t)), buf + end, mp_obj_get_int(args[3]), length, key);
    return MP_OBJ_NEW_SMALL_INT(end - size);
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(websocket_core_header_obj, 6, 6, core_header);

// mask(state, buf, start, end)
static mp_obj_t core_mask(size_t n, const mp_obj_t *args) {
    (void)n;
    uint8_t *end;
    uint8_t *from = slice(args[1], args + 2, &end, MP_BUFFER_WRITE);
    websocket_mask(words(args[0], sizeof(websocket_t)), from, end);
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(websocket_core_mask_obj, 4, 4, core_mask);

// digest(key) -> bytes
static mp_obj_t core_digest(mp_obj_t key) {
    uint8_t digest[20];
    upgrade_digest(buffer(key, 24, MP_BUFFER_READ).buf, digest);
    return mp_obj_new_bytes(digest, sizeof(digest));
}
MP_DEFINE_CONST_FUN_OBJ_1(websocket_core_digest_obj, core_digest);

// answer(state, line, buf, start, end) -> index behind the answer, 0: more is needed, or minus a fault. Nothing, [0:0]: the connection has ended
static mp_obj_t core_answer(size_t n, const mp_obj_t *args) {
    (void)n;
    upgrade_t *u = words(args[0], sizeof(*u));
    mp_buffer_info_t line = buffer(args[1], u->kept, MP_BUFFER_WRITE);
    uint8_t *end;
    const uint8_t *at = slice(args[2], args + 3, &end, MP_BUFFER_READ);
    int result = upgrade_feed(u, line.buf, line.len, &at, end);
    return MP_OBJ_NEW_SMALL_INT(result > 0 ? mp_obj_get_int(args[4]) - (end - at) : result);
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(websocket_core_answer_obj, 5, 5, core_answer);

// fault(number) -> str
static mp_obj_t core_fault(mp_obj_t number) {
    size_t fault = mp_obj_get_int(number);
    const char *text = websocket_faults[fault < FAULTS ? fault : 0];
    return mp_obj_new_str(text, strlen(text));
}
MP_DEFINE_CONST_FUN_OBJ_1(websocket_core_fault_obj, core_fault);

// printable(bytes) -> str: at most PRINTABLE_MOST characters, for a line of the log
static mp_obj_t core_printable(mp_obj_t text) {
    mp_buffer_info_t info = buffer(text, 0, MP_BUFFER_READ);
    if (info.len > PRINTABLE_MOST) {
        info.len = PRINTABLE_MOST;
    }
    vstr_t result;
    vstr_init_len(&result, info.len);
    for (size_t i = 0; i < info.len; i++) {
        result.buf[i] = printable(((const uint8_t *)info.buf)[i]);
    }
    return mp_obj_new_str_from_vstr(&result);
}
MP_DEFINE_CONST_FUN_OBJ_1(websocket_core_printable_obj, core_printable);

static const mp_rom_map_elem_t globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR_open), MP_ROM_PTR(&websocket_core_open_obj)},
    {MP_ROM_QSTR(MP_QSTR_next), MP_ROM_PTR(&websocket_core_next_obj)},
    {MP_ROM_QSTR(MP_QSTR_header), MP_ROM_PTR(&websocket_core_header_obj)},
    {MP_ROM_QSTR(MP_QSTR_mask), MP_ROM_PTR(&websocket_core_mask_obj)},
    {MP_ROM_QSTR(MP_QSTR_digest), MP_ROM_PTR(&websocket_core_digest_obj)},
    {MP_ROM_QSTR(MP_QSTR_answer), MP_ROM_PTR(&websocket_core_answer_obj)},
    {MP_ROM_QSTR(MP_QSTR_printable), MP_ROM_PTR(&websocket_core_printable_obj)},
    {MP_ROM_QSTR(MP_QSTR_fault), MP_ROM_PTR(&websocket_core_fault_obj)},
};
static MP_DEFINE_CONST_DICT(globals, globals_table);

const mp_obj_module_t websocket_core_module = {{&mp_type_module}, (mp_obj_dict_t *)&globals};

MP_REGISTER_MODULE(MP_QSTR_websocket_core, websocket_core_module);
