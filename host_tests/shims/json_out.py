"""firmware/native/json_out/module.c for CPython, around the same C."""

from native_library import load, readable, writable

_c = load("json_out")
_STATE = 20  # bytes of json_out_t


def copy(state, buffer, source, around):
    return _c.json_out_copy(
        writable(state, _STATE),
        writable(buffer, state[3]),
        readable(source, state[1]),
        around,
    )
