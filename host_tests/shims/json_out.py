"""firmware/native/json_out/module.c for CPython, around the same C."""

from native_library import load, readable, writable
from wire_core import name

_c = load("json_out")
_STATE = 20  # bytes of json_out_t
_TO, _SIZE, _BEGUN = 1, 3, 4


def copy(state, buffer, source, around):
    if isinstance(source, int):
        source = name(source)
    least = max((around >> 16) + (around >> 8 & 0xFF), state[_TO] if state[_BEGUN] else 0)
    return _c.json_out_copy(
        writable(state, _STATE),
        writable(buffer, state[_SIZE]),
        readable(source, least),
        len(source),
        around,
    )
