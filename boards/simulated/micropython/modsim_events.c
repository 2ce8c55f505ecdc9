// `_sim`: what happens to the station, and what it shows. See modsim.c.

#include <string.h>

#include "py/objtuple.h"
#include "py/runtime.h"
#include "py/stream.h"

#include "boards/simulated/control.h"
#include "boards/simulated/micropython/modsim.h"
#include "boards/simulated/micropython/station.h"
#include "boards/simulated/port.h"
#include "boards/simulated/sim.h"

modsim_text_t modsim_text(mp_obj_t object) {
    modsim_text_t result = {NULL, 0};
    if (object != mp_const_none) {
        mp_buffer_info_t buffer;
        mp_get_buffer_raise(object, &buffer, MP_BUFFER_READ);
        result.text = buffer.buf ? buffer.buf : "";
        result.length = buffer.len;
    }
    return result;
}

// ---- events.get()

#define PIECE (240u)      // bytes: the longest text in one piece (firmware/hal/README.md)
#define LONGEST_TOKEN (64u) // what is longer than OCPP's 36 characters is of no use

static mp_obj_t text_of(const sim_event_t *event, int index) {
    return event->text[index] ? mp_obj_new_bytes((const byte *)event->text[index], event->length[index]) : mp_const_none;
}

// A long text in pieces, as the heap has them.
static mp_obj_t data_of(const sim_event_t *event, int index) {
    const byte *at = (const byte *)event->text[index];
    size_t left = event->length[index];
    if (at == NULL || left <= PIECE) {
        return text_of(event, index);
    }
    mp_obj_tuple_t *pieces = MP_OBJ_TO_PTR(mp_obj_new_tuple((left + PIECE - 1) / PIECE, NULL));
    for (size_t i = 0; i < pieces->len; i++, at += PIECE, left -= PIECE) {
        pieces->items[i] = mp_obj_new_bytes(at, left < PIECE ? left : PIECE);
    }
    return MP_OBJ_FROM_PTR(pieces);
}

static mp_obj_t token_of(const sim_event_t *event) {
    size_t length = event->length[0];
    return mp_obj_new_bytes((const byte *)event->text[0], length < LONGEST_TOKEN ? length : LONGEST_TOKEN);
}

static mp_obj_t tuple_of(const sim_event_t *event) {
    mp_obj_t items[5] = {MP_OBJ_NEW_SMALL_INT(event->kind)};
    size_t count = 1;
    switch (event->kind) {
        case EVENT_PILOT:
        case EVENT_FAULT:
            items[count++] = MP_OBJ_NEW_SMALL_INT(event->evse);
            items[count++] = MP_OBJ_NEW_SMALL_INT(event->connector);
            break;
        case EVENT_TOKEN:
            items[count++] = MP_OBJ_NEW_SMALL_INT(event->number);
            items[count++] = token_of(event);
            items[count++] = text_of(event, 1);
            break;
        case EVENT_NETWORK:
            items[count++] = mp_obj_new_bool(event->value);
            break;
        case EVENT_HEAP:
            items[count++] = MP_OBJ_NEW_SMALL_INT(event->number);
            break;
        case EVENT_DATA_TRANSFER:
        case EVENT_HOOK_REPLY:
            items[count++] = MP_OBJ_NEW_SMALL_INT(event->number);
            for (int last = event->kind == EVENT_DATA_TRANSFER ? 2 : 1, i = 0; i <= last; i++) {
                items[count++] = i < last ? text_of(event, i) : data_of(event, i);
            }
            break;
        default:
            break;
    }
    return mp_obj_new_tuple(count, items);
}

// False: there is none.
static bool peek(sim_event_t *event) {
    port_lock();
    bool any = sim_event_peek(event);
    if (!any) {
        platform_event_settled();
    }
    port_unlock();
    return any;
}

static mp_obj_t modsim_event(void);

// A DataTransfer that the firmware has no memory for ends as refused, not with a restart.
static mp_obj_t refuse(const sim_event_t *event) {
    static const char why[] = "data: too long for the memory of the station";
    mp_obj_t tuple = mp_const_none;
    platform_log(LEVEL_WARNING, why, sizeof(why) - 1);
    if (event->kind == EVENT_HOOK_REPLY) {
        sim_event_t rejected = {.kind = event->kind, .number = event->number, .text = {"Rejected"}, .length = {8}};
        tuple = tuple_of(&rejected);
    }
    port_lock();
    if (event->kind == EVENT_DATA_TRANSFER) {
        control_transfer_done(event->number, NULL, 0, NULL, 0, why, sizeof(why) - 1);
    }
    sim_event_take();
    port_unlock();
    return tuple == mp_const_none ? modsim_event() : tuple;
}

static mp_obj_t modsim_event(void) {
    sim_event_t event;
    if (!peek(&event)) {
        return mp_const_none;
    }
    // Nobody else takes events, and the oldest stays where it is: it is not lost when memory runs out here.
    mp_obj_t tuple;
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        tuple = tuple_of(&event);
        nlr_pop();
    } else if (event.kind == EVENT_DATA_TRANSFER || (event.kind == EVENT_HOOK_REPLY && event.text[1])) {
        return refuse(&event);
    } else {
        nlr_jump(nlr.ret_val);
    }
    port_lock();
    sim_event_take();
    port_unlock();
    return tuple;
}
MP_DEFINE_CONST_FUN_OBJ_0(modsim_event_obj, modsim_event);

static bool any_event(void) {
    sim_event_t event;
    return peek(&event);
}

static mp_obj_t modsim_event_waits(void) {
    return mp_obj_new_bool(any_event());
}
MP_DEFINE_CONST_FUN_OBJ_0(modsim_event_waits_obj, modsim_event_waits);

// ---- a stream that is readable while there are events

static mp_uint_t source_ioctl(mp_obj_t self_in, mp_uint_t request, uintptr_t arg, int *errcode) {
    (void)self_in;
    if (request == MP_STREAM_GET_FILENO && platform_event_fd >= 0) {
        return (mp_uint_t)platform_event_fd;
    }
    if (request == MP_STREAM_POLL) {
        platform_loop_turns();
        return any_event() ? arg & MP_STREAM_POLL_RD : 0;
    }
    *errcode = MP_EINVAL;
    return MP_STREAM_ERROR;
}

static const mp_stream_p_t source_protocol = { .ioctl = source_ioctl };
static MP_DEFINE_CONST_OBJ_TYPE(source_type, MP_QSTR_EventSource, MP_TYPE_FLAG_NONE, protocol, &source_protocol);
const mp_obj_base_t modsim_event_source = { &source_type };

// ---- DataTransfer

static mp_obj_t modsim_hook(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    uint32_t seq = (uint32_t)mp_obj_get_int(args[0]);
    modsim_text_t vendor = modsim_text(args[1]), message = modsim_text(args[2]), data = modsim_text(args[3]);
    port_lock();
    bool taken = control_hook(seq, vendor.text ? vendor.text : "", vendor.length, message.text, message.length, data.text, data.length);
    port_unlock();
    return mp_obj_new_bool(taken);
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(modsim_hook_obj, 4, 4, modsim_hook);

static mp_obj_t modsim_data_transfer_reply(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    uint32_t seq = (uint32_t)mp_obj_get_int(args[0]);
    modsim_text_t status = modsim_text(args[1]), data = modsim_text(args[2]), error = modsim_text(args[3]);
    if (!status.text && !error.text) {
        error = (modsim_text_t) {"no answer", 9};
    }
    port_lock();
    control_transfer_done(seq, status.text, status.length, data.text, data.length, error.text, error.length);
    port_unlock();
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(modsim_data_transfer_reply_obj, 4, 4, modsim_data_transfer_reply);

// ---- heap

static mp_obj_t modsim_heap_reply(mp_obj_t seq_in, mp_obj_t used_in, mp_obj_t free_in) {
    uint32_t seq = (uint32_t)mp_obj_get_int(seq_in);
    uint32_t used = (uint32_t)mp_obj_get_int(used_in), unused = (uint32_t)mp_obj_get_int(free_in);
    port_lock();
    control_heap_done(seq, used, unused);
    port_unlock();
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_3(modsim_heap_reply_obj, modsim_heap_reply);

// ---- indicator

// Copies into a C string; what does not fit is cut off.
static void copy_text(char *to, size_t size, modsim_text_t from) {
    size_t length = from.length < size ? from.length : size - 1;
    memcpy(to, from.text ? from.text : "", from.text ? length : 0);
    to[from.text ? length : 0] = 0;
}

static mp_obj_t indicator_connected(mp_obj_t on_in) {
    bool on = mp_obj_is_true(on_in);
    port_lock();
    sim.connected = on;
    station_disconnected();
    port_unlock();
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(indicator_connected_obj, indicator_connected);

static mp_obj_t indicator_status(mp_obj_t evse_in, mp_obj_t connector_in, mp_obj_t name_in) {
    sim_connector_t *connector = sim_connector(mp_obj_get_int(evse_in), mp_obj_get_int(connector_in));
    modsim_text_t name = modsim_text(name_in);
    char status[sizeof(connector->status)];
    if (connector == NULL) {
        mp_raise_ValueError(MP_ERROR_TEXT("no such connector"));
    }
    copy_text(status, sizeof(status), name);
    port_lock();
    if (strcmp(status, connector->status) != 0) {
        strcpy(connector->status, status);
        control_status((uint8_t)mp_obj_get_int(evse_in), (uint8_t)mp_obj_get_int(connector_in), status);
    }
    port_unlock();
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_3(indicator_status_obj, indicator_status);

static mp_obj_t indicator_transaction(mp_obj_t evse_in, mp_obj_t id_in) {
    sim_evse_t *evse = sim_evse(mp_obj_get_int(evse_in));
    modsim_text_t id = modsim_text(id_in);
    if (evse == NULL) {
        mp_raise_ValueError(MP_ERROR_TEXT("no such EVSE"));
    }
    port_lock();
    copy_text(evse->transaction, sizeof(evse->transaction), id);
    port_unlock();
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(indicator_transaction_obj, indicator_transaction);

static mp_obj_t indicator_display(mp_obj_t evse_in, mp_obj_t text_in) {
    mp_int_t evse = mp_obj_get_int(evse_in);
    modsim_text_t text = modsim_text(text_in);
    port_lock();
    control_display((uint8_t)evse, text.text ? text.text : "", text.length);
    port_unlock();
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(indicator_display_obj, indicator_display);

static const mp_rom_map_elem_t indicator_table[] = {
    { MP_ROM_QSTR(MP_QSTR_connected), MP_ROM_PTR(&indicator_connected_obj) },
    { MP_ROM_QSTR(MP_QSTR_status), MP_ROM_PTR(&indicator_status_obj) },
    { MP_ROM_QSTR(MP_QSTR_transaction), MP_ROM_PTR(&indicator_transaction_obj) },
    { MP_ROM_QSTR(MP_QSTR_display), MP_ROM_PTR(&indicator_display_obj) },
};
static MP_DEFINE_CONST_DICT(indicator_dict, indicator_table);
const mp_obj_module_t modsim_indicator = { .base = { &mp_type_module }, .globals = (mp_obj_dict_t *)&indicator_dict };
