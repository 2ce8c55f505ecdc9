// The serial-to-Ethernet module as MicroPython streams: `hw.connect(host, port)`.

#include "py/mperrno.h"
#include "py/runtime.h"
#include "py/stream.h"

#include "boards/simulated/port.h"
#include "boards/simulated/sim.h"
#include "boards/simulated/micropython/modsim.h"

#include "serial_ethernet.h"

// The module has one connection at a time; an object of an earlier one finds that it is closed.
typedef struct {
    mp_obj_base_t base;
    uint8_t number;
} connection_t;

static uint8_t latest; // number of the connection that the module has, 0: none

static serial_ethernet_state_t state_of(mp_obj_t self_in) {
    connection_t *self = MP_OBJ_TO_PTR(self_in);
    return self->number == latest ? serial_ethernet_state() : SERIAL_ETHERNET_CLOSED;
}

static int error_of(serial_ethernet_state_t state) {
    switch (state) {
        case SERIAL_ETHERNET_NO_NAME:
            return MP_ENOENT;
        case SERIAL_ETHERNET_REFUSED:
            return MP_ECONNREFUSED;
        case SERIAL_ETHERNET_TIMEOUT:
            return MP_ETIMEDOUT;
        case SERIAL_ETHERNET_CLOSED:
            return MP_ECONNRESET;
        default:
            return 0;
    }
}

static mp_uint_t connection_read(mp_obj_t self, void *buffer, mp_uint_t size, int *error) {
    serial_ethernet_state_t state = state_of(self); // before reading: its last bytes come before its end
    if (((connection_t *)MP_OBJ_TO_PTR(self))->number != latest) {
        return 0;
    }
    size_t count = serial_ethernet_read(buffer, size);
    if (count > 0 || state == SERIAL_ETHERNET_CLOSED) {
        return count;
    }
    *error = state == SERIAL_ETHERNET_OPEN ? MP_EAGAIN : error_of(state);
    return MP_STREAM_ERROR;
}

static mp_uint_t connection_write(mp_obj_t self, const void *buffer, mp_uint_t size, int *error) {
    *error = error_of(state_of(self));
    if (*error == 0 && serial_ethernet_held()) {
        *error = MP_EAGAIN;
    }
    if (*error != 0) {
        return MP_STREAM_ERROR;
    }
    if (size > SERIAL_ETHERNET_MORE) {
        size = SERIAL_ETHERNET_MORE;
    }
    serial_ethernet_write(buffer, size);
    return size;
}

// Readable: there are bytes, or there is an end to be seen. Writable: connecting has come to an end, good or bad, and
// the module takes data.
static mp_uint_t connection_poll(mp_obj_t self, mp_uint_t flags) {
    serial_ethernet_state_t state = state_of(self);
    if (state == SERIAL_ETHERNET_CONNECTING) {
        return 0;
    }
    bool readable = state != SERIAL_ETHERNET_OPEN || serial_ethernet_available() > 0;
    bool writable = state != SERIAL_ETHERNET_OPEN || !serial_ethernet_held();
    return flags & ((writable ? MP_STREAM_POLL_WR : 0) | (readable ? MP_STREAM_POLL_RD : 0));
}

static mp_uint_t connection_ioctl(mp_obj_t self_in, mp_uint_t request, uintptr_t argument, int *error) {
    connection_t *self = MP_OBJ_TO_PTR(self_in);
    switch (request) {
        case MP_STREAM_POLL:
            return connection_poll(self_in, argument);
        case MP_STREAM_CLOSE:
            if (self->number == latest) {
                serial_ethernet_close();
                latest = 0;
            }
            return 0;
        default:
            *error = MP_EINVAL;
            return MP_STREAM_ERROR;
    }
}

// error() -> errno for which the connection is of no use any more, or 0.
static mp_obj_t connection_error(mp_obj_t self) {
    return MP_OBJ_NEW_SMALL_INT(error_of(state_of(self)));
}
static MP_DEFINE_CONST_FUN_OBJ_1(connection_error_obj, connection_error);

static const mp_rom_map_elem_t connection_table[] = {
    { MP_ROM_QSTR(MP_QSTR_readinto), MP_ROM_PTR(&mp_stream_readinto_obj) },
    { MP_ROM_QSTR(MP_QSTR_write), MP_ROM_PTR(&mp_stream_write1_obj) },
    { MP_ROM_QSTR(MP_QSTR_close), MP_ROM_PTR(&mp_stream_close_obj) },
    { MP_ROM_QSTR(MP_QSTR_error), MP_ROM_PTR(&connection_error_obj) },
};
static MP_DEFINE_CONST_DICT(connection_dict, connection_table);
static const mp_stream_p_t connection_protocol = {
    .read = connection_read, .write = connection_write, .ioctl = connection_ioctl,
};
static MP_DEFINE_CONST_OBJ_TYPE(connection_type, MP_QSTR_Connection, MP_TYPE_FLAG_NONE,
    protocol, &connection_protocol, locals_dict, &connection_dict);

// connect(host, port) -> Connection that is being made.
static mp_obj_t connect(mp_obj_t host, mp_obj_t port) {
    modsim_text_t name = modsim_text(host);
    connection_t *self = mp_obj_malloc(connection_t, &connection_type);
    port_lock();
    bool up = sim.network_up;
    port_unlock();
    if (!up) {
        mp_raise_OSError(MP_EHOSTUNREACH);
    }
    self->number = latest = serial_ethernet_connect(name.text, name.length, mp_obj_get_int(port));
    return MP_OBJ_FROM_PTR(self);
}
MP_DEFINE_CONST_FUN_OBJ_2(network_connect_obj, connect);

static mp_obj_t error_text(mp_obj_t code) {
    const char *text;
    switch (mp_obj_get_int(code)) {
        case MP_ENOENT:
            text = "the name is not known";
            break;
        case MP_ECONNREFUSED:
            text = "refused";
            break;
        case MP_ETIMEDOUT:
            text = "no answer, or no route";
            break;
        case MP_ECONNRESET:
            text = "closed by the other side";
            break;
        case MP_EHOSTUNREACH:
            text = "the network is down";
            break;
        default:
            text = "failed";
            break;
    }
    return mp_obj_new_str_from_cstr(text);
}
MP_DEFINE_CONST_FUN_OBJ_1(modsim_error_text_obj, error_text);
