"""boards/simulated as a shared library of the host, for tests of the bare C code."""

import ctypes
import functools
import pathlib
import subprocess
import tempfile

from tools.csms.charger import ROOT

_FLAGS = (
    "-std=c99 -g -O1 -Wall -Wextra -Werror -fPIC -shared "
    "-fsanitize=undefined -fno-sanitize-recover"
).split()


class Slice(ctypes.Structure):
    """json_t"""

    _fields_ = [("text", ctypes.POINTER(ctypes.c_char)), ("length", ctypes.c_size_t)]


class Event(ctypes.Structure):
    """sim_event_t"""

    _fields_ = [
        ("kind", ctypes.c_uint8),
        ("evse", ctypes.c_uint8),
        ("connector", ctypes.c_uint8),
        ("value", ctypes.c_uint8),
        ("number", ctypes.c_uint32),
        ("text", ctypes.c_char_p * 3),
        ("length", ctypes.c_uint16 * 3),
    ]


@functools.cache
def load(*defines):
    """The library, built with `defines` (as "SIM_EVENTS_SIZE=200")."""
    sources = [
        *sorted((ROOT / "boards/simulated").glob("*.c")),
        ROOT / "host_tests/simulated_port.c",
    ]
    macros = [f"-D{define}" for define in defines]
    with tempfile.TemporaryDirectory(prefix="simulated") as folder:
        output = str(pathlib.Path(folder) / "simulated.so")
        subprocess.run(["gcc", *_FLAGS, *macros, f"-I{ROOT}", "-o", output, *sources], check=True)
        library = ctypes.CDLL(output)
    library.sim_ticks_us.restype = ctypes.c_uint64
    library.sim_utc_us.restype = ctypes.c_int64
    library.sim_meter_mwh.restype = ctypes.c_uint64
    for name in (
        "json_parse",
        "json_scaled",
        "sim_event_push",
        "sim_event_peek",
        "sim_parse_stamp",
    ):
        getattr(library, name).restype = ctypes.c_bool
    return library
