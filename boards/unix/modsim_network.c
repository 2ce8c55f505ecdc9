// `_sim`: TCP connections as MicroPython streams. See modsim.c.

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "py/runtime.h"
#include "py/stream.h"

#include "boards/simulated/port.h"
#include "boards/simulated/sim.h"
#include "boards/simulated/micropython/modsim.h"
#include "boards/unix/station.h"

typedef struct {
    mp_obj_base_t base;
    int connection; // -1: closed
} connection_obj_t;

// True, and *errcode set, when the connection is of no use any more.
static bool broken(const connection_obj_t *self, int *errcode) {
    *errcode = network_error(self->connection);
    return *errcode != 0;
}

static mp_uint_t connection_read(mp_obj_t self_in, void *buffer, mp_uint_t size, int *errcode) {
    connection_obj_t *self = MP_OBJ_TO_PTR(self_in);
    if (broken(self, errcode)) {
        return MP_STREAM_ERROR;
    }
    ssize_t n = recv(network_fd(self->connection), buffer, size, 0);
    if (n < 0) {
        *errcode = errno == EINTR ? EAGAIN : errno;
        return MP_STREAM_ERROR;
    }
    return (mp_uint_t)n;
}

static mp_uint_t connection_write(mp_obj_t self_in, const void *buffer, mp_uint_t size, int *errcode) {
    connection_obj_t *self = MP_OBJ_TO_PTR(self_in);
    if (broken(self, errcode)) {
        return MP_STREAM_ERROR;
    }
    ssize_t n = send(network_fd(self->connection), buffer, size, MSG_NOSIGNAL);
    if (n < 0) {
        *errcode = errno == EINTR ? EAGAIN : errno;
        return MP_STREAM_ERROR;
    }
    return (mp_uint_t)n;
}

static mp_uint_t connection_ioctl(mp_obj_t self_in, mp_uint_t request, uintptr_t arg, int *errcode) {
    connection_obj_t *self = MP_OBJ_TO_PTR(self_in);
    int fd = network_fd(self->connection);
    switch (request) {
        case MP_STREAM_CLOSE:
            network_close(self->connection);
            self->connection = -1;
            return 0;
        case MP_STREAM_GET_FILENO:
            if (fd >= 0) {
                return (mp_uint_t)fd;
            }
            break;
        case MP_STREAM_POLL: {
            // Only asked by the TLS socket above it, which has no file descriptor of its own.
            struct pollfd one = {.fd = fd, .events = (short)(arg & (POLLIN | POLLOUT))};
            return fd < 0 ? MP_STREAM_POLL_NVAL : poll(&one, 1, 0) > 0 ? (mp_uint_t)one.revents : 0;
        }
        default:
            break;
    }
    *errcode = MP_EINVAL;
    return MP_STREAM_ERROR;
}

// error() -> errno for which the connection is of no use any more, or 0.
static mp_obj_t connection_error(mp_obj_t self_in) {
    connection_obj_t *self = MP_OBJ_TO_PTR(self_in);
    return MP_OBJ_NEW_SMALL_INT(network_error(self->connection));
}
static MP_DEFINE_CONST_FUN_OBJ_1(connection_error_obj, connection_error);

static const mp_rom_map_elem_t connection_table[] = {
    { MP_ROM_QSTR(MP_QSTR_readinto), MP_ROM_PTR(&mp_stream_readinto_obj) },
    { MP_ROM_QSTR(MP_QSTR_write), MP_ROM_PTR(&mp_stream_write1_obj) },
    { MP_ROM_QSTR(MP_QSTR_close), MP_ROM_PTR(&mp_stream_close_obj) },
    { MP_ROM_QSTR(MP_QSTR___del__), MP_ROM_PTR(&mp_stream_close_obj) },
    { MP_ROM_QSTR(MP_QSTR_error), MP_ROM_PTR(&connection_error_obj) },
};
static MP_DEFINE_CONST_DICT(connection_dict, connection_table);
static const mp_stream_p_t connection_protocol = {
    .read = connection_read,
    .write = connection_write,
    .ioctl = connection_ioctl,
};
static MP_DEFINE_CONST_OBJ_TYPE(connection_type, MP_QSTR_Connection, MP_TYPE_FLAG_NONE,
    protocol, &connection_protocol, locals_dict, &connection_dict);

// ---- looking up a name

typedef struct {
    mp_obj_base_t base;
    int lookup;
} lookup_obj_t;

static mp_uint_t lookup_ioctl(mp_obj_t self_in, mp_uint_t request, uintptr_t arg, int *errcode) {
    (void)arg;
    lookup_obj_t *self = MP_OBJ_TO_PTR(self_in);
    int fd = network_lookup_fd(self->lookup);
    if (request == MP_STREAM_CLOSE) {
        network_lookup_close(self->lookup);
        self->lookup = -1;
        return 0;
    }
    if (request == MP_STREAM_GET_FILENO && fd >= 0) {
        return (mp_uint_t)fd;
    }
    *errcode = MP_EINVAL;
    return MP_STREAM_ERROR;
}

// connect() -> Connection that is being made to the next address; None: there is none left.
static mp_obj_t lookup_connect(mp_obj_t self_in) {
    lookup_obj_t *self = MP_OBJ_TO_PTR(self_in);
    connection_obj_t *made = mp_obj_malloc_with_finaliser(connection_obj_t, &connection_type);
    made->connection = -1;
    int connection = network_connect(self->lookup);
    if (connection == -1) {
        return mp_const_none;
    }
    if (connection < 0) {
        mp_raise_OSError(-connection - 1);
    }
    made->connection = connection;
    return MP_OBJ_FROM_PTR(made);
}
static MP_DEFINE_CONST_FUN_OBJ_1(lookup_connect_obj, lookup_connect);

static const mp_rom_map_elem_t lookup_table[] = {
    { MP_ROM_QSTR(MP_QSTR_connect), MP_ROM_PTR(&lookup_connect_obj) },
    { MP_ROM_QSTR(MP_QSTR_close), MP_ROM_PTR(&mp_stream_close_obj) },
    { MP_ROM_QSTR(MP_QSTR___del__), MP_ROM_PTR(&mp_stream_close_obj) },
};
static MP_DEFINE_CONST_DICT(lookup_dict, lookup_table);
static const mp_stream_p_t lookup_protocol = { .ioctl = lookup_ioctl };
static MP_DEFINE_CONST_OBJ_TYPE(lookup_type, MP_QSTR_Lookup, MP_TYPE_FLAG_NONE,
    protocol, &lookup_protocol, locals_dict, &lookup_dict);

// lookup(host, port) -> Lookup, a stream that is readable once it is done.
static mp_obj_t modsim_lookup(mp_obj_t host_in, mp_obj_t port_in) {
    char host[256];
    modsim_text_t text = modsim_text(host_in);
    mp_int_t port = mp_obj_get_int(port_in);
    if (text.text == NULL || text.length >= sizeof(host) || port < 1 || port > 65535) {
        mp_raise_ValueError(MP_ERROR_TEXT("address"));
    }
    memcpy(host, text.text, text.length);
    host[text.length] = 0;
    lookup_obj_t *self = mp_obj_malloc_with_finaliser(lookup_obj_t, &lookup_type);
    self->lookup = network_lookup(host, (uint16_t)port);
    if (self->lookup < 0) {
        mp_raise_OSError(EAGAIN);
    }
    return MP_OBJ_FROM_PTR(self);
}
MP_DEFINE_CONST_FUN_OBJ_2(modsim_lookup_obj, modsim_lookup);

// error_text(errno) -> str
static mp_obj_t modsim_error_text(mp_obj_t code_in) {
    const char *text = strerror(mp_obj_get_int(code_in));
    return mp_obj_new_str(text, strlen(text));
}
MP_DEFINE_CONST_FUN_OBJ_1(modsim_error_text_obj, modsim_error_text);
