// Module `hw`: what this board has, for board.py and for measurements.
//
//     hw.network            the serial-to-Ethernet module: a non-blocking stream; .connect(host, port), .state(), .close()
//     hw.FlashImage(path)   block device in an image file of the host
//     hw.log(text)          one line into the log
//     hw.facts()            (static RAM, heap size, heap in use after a collection, stack used: bytes each,
//                           instructions executed, instructions' time slept: thousands each)

#include <string.h>

#include "py/gc.h"
#include "py/mperrno.h"
#include "py/runtime.h"
#include "py/stream.h"

#include "clock.h"
#include "flash_image.h"
#include "memory.h"
#include "semihosting.h"
#include "serial_ethernet.h"

// ---- hw.network

static mp_uint_t network_read(mp_obj_t self, void *buffer, mp_uint_t size, int *error) {
    serial_ethernet_state_t state = serial_ethernet_state(); // before reading: its last bytes come before its end
    size_t count = serial_ethernet_read(buffer, size);
    if (count == 0 && state == SERIAL_ETHERNET_OPEN) {
        *error = MP_EAGAIN;
        return MP_STREAM_ERROR;
    }
    return count;
}

static mp_uint_t network_write(mp_obj_t self, const void *buffer, mp_uint_t size, int *error) {
    if (serial_ethernet_state() != SERIAL_ETHERNET_OPEN) {
        *error = MP_ECONNRESET;
        return MP_STREAM_ERROR;
    }
    if (serial_ethernet_held()) {
        *error = MP_EAGAIN;
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
static mp_uint_t network_ioctl(mp_obj_t self, mp_uint_t request, uintptr_t argument, int *error) {
    serial_ethernet_state_t state = serial_ethernet_state();
    if (request == MP_STREAM_POLL) {
        if (state == SERIAL_ETHERNET_CONNECTING) {
            return 0;
        }
        bool readable = state != SERIAL_ETHERNET_OPEN || serial_ethernet_available() > 0;
        bool writable = state != SERIAL_ETHERNET_OPEN || !serial_ethernet_held();
        return argument & ((writable ? MP_STREAM_POLL_WR : 0) | (readable ? MP_STREAM_POLL_RD : 0));
    }
    if (request == MP_STREAM_CLOSE) {
        serial_ethernet_close();
        return 0;
    }
    *error = MP_EINVAL;
    return MP_STREAM_ERROR;
}

static mp_obj_t network_connect(mp_obj_t self, mp_obj_t host, mp_obj_t port) {
    size_t length;
    const char *name = mp_obj_str_get_data(host, &length);
    serial_ethernet_connect(name, length, mp_obj_get_int(port));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_3(network_connect_obj, network_connect);

static mp_obj_t network_state(mp_obj_t self) {
    return MP_OBJ_NEW_SMALL_INT(serial_ethernet_state());
}
static MP_DEFINE_CONST_FUN_OBJ_1(network_state_obj, network_state);

static const mp_rom_map_elem_t network_locals[] = {
    { MP_ROM_QSTR(MP_QSTR_connect), MP_ROM_PTR(&network_connect_obj) },
    { MP_ROM_QSTR(MP_QSTR_state), MP_ROM_PTR(&network_state_obj) },
    { MP_ROM_QSTR(MP_QSTR_readinto), MP_ROM_PTR(&mp_stream_readinto_obj) },
    { MP_ROM_QSTR(MP_QSTR_write), MP_ROM_PTR(&mp_stream_write_obj) },
    { MP_ROM_QSTR(MP_QSTR_close), MP_ROM_PTR(&mp_stream_close_obj) },
};
static MP_DEFINE_CONST_DICT(network_dict, network_locals);

static const mp_stream_p_t network_protocol = {
    .read = network_read, .write = network_write, .ioctl = network_ioctl,
};
static MP_DEFINE_CONST_OBJ_TYPE(network_type, MP_QSTR_network, MP_TYPE_FLAG_NONE,
    protocol, &network_protocol, locals_dict, &network_dict);
static const mp_obj_base_t network_object = { &network_type };

// ---- functions

static mp_obj_t hw_log(mp_obj_t text) {
    size_t length;
    const char *data = mp_obj_str_get_data(text, &length);
    semihosting_log(data, length);
    semihosting_log("\n", 1);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(hw_log_obj, hw_log);

static mp_obj_t hw_facts(void) {
    gc_collect();
    gc_info_t heap;
    gc_info(&heap);
    uint64_t slept = clock_cycles_asleep();
    mp_obj_t facts[] = {
        MP_OBJ_NEW_SMALL_INT(MEMORY_STATIC),
        MP_OBJ_NEW_SMALL_INT(heap.total),
        MP_OBJ_NEW_SMALL_INT(heap.used),
        MP_OBJ_NEW_SMALL_INT(memory_stack_used()),
        mp_obj_new_int_from_ull(clock_instructions(clock_cycles() - slept)),
        mp_obj_new_int_from_ull(clock_instructions(slept)),
    };
    return mp_obj_new_tuple(MP_ARRAY_SIZE(facts), facts);
}
static MP_DEFINE_CONST_FUN_OBJ_0(hw_facts_obj, hw_facts);

static const mp_rom_map_elem_t hw_globals[] = {
    { MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_hw) },
    { MP_ROM_QSTR(MP_QSTR_network), MP_ROM_PTR(&network_object) },
    { MP_ROM_QSTR(MP_QSTR_FlashImage), MP_ROM_PTR(&flash_image_type) },
    { MP_ROM_QSTR(MP_QSTR_log), MP_ROM_PTR(&hw_log_obj) },
    { MP_ROM_QSTR(MP_QSTR_facts), MP_ROM_PTR(&hw_facts_obj) },
};
static MP_DEFINE_CONST_DICT(hw_globals_dict, hw_globals);

const mp_obj_module_t hw_module = { .base = { &mp_type_module }, .globals = (mp_obj_dict_t *)&hw_globals_dict };
MP_REGISTER_MODULE(MP_QSTR_hw, hw_module);
