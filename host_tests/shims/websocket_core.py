"""firmware/native/websocket/module.c for CPython, around the same C."""

import ctypes

from native_library import load, readable, writable

_c = load("websocket")
_c.websocket_header.restype = ctypes.c_size_t
_FAULTS = (ctypes.c_char_p * 24).in_dll(_c, "websocket_faults")

WEBSOCKET_T = 60  # sizes of the structures
UPGRADE_T = 38
_HEADER = 14
_PRINTABLE_MOST = 100


def open(state, most):
    _c.websocket_open(writable(state, WEBSOCKET_T), ctypes.c_uint32(most))


def next(state, rx, control):
    room = ctypes.c_size_t(len(control))
    memory = writable(control, 0)
    return _c.websocket_next(writable(state, WEBSOCKET_T), readable(rx, state[3]), memory, room)


def header(state, buf, end, opcode, length, key):
    if end < (6 if length < 126 else _HEADER):
        raise ValueError
    at = ctypes.byref(writable(buf, end), end)
    size = _c.websocket_header(
        writable(state, WEBSOCKET_T), at, opcode, ctypes.c_uint32(length), readable(key, 4)
    )
    return end - size


def mask(state, buf, start, end):
    if start > end:
        raise ValueError
    memory = writable(buf, end)
    _c.websocket_mask(
        writable(state, WEBSOCKET_T), ctypes.byref(memory, start), ctypes.byref(memory, end)
    )


def digest(key):
    found = (ctypes.c_ubyte * 20)()
    _c.upgrade_digest(readable(key, 24), found)
    return bytes(found)


def answer(state, line, buf, start, end):
    if start > end:
        raise ValueError
    room = len(line)
    memory = readable(buf, end)
    base = ctypes.addressof(memory)
    at = ctypes.c_void_p(base + start)
    result = _c.upgrade_feed(
        writable(state, UPGRADE_T),
        writable(line, 0),
        ctypes.c_size_t(room),
        ctypes.byref(at),
        ctypes.c_void_p(base + end),
    )
    return at.value - base if result > 0 else result


def printable(text):
    return "".join(chr(_c.printable(c)) for c in bytes(text)[:_PRINTABLE_MOST])


def fault(number):
    return _FAULTS[number].decode()
