"""firmware/native/wire and json_out built for this host: as a library for wire_core.py and
json_out.py, and as programs under the sanitizers (wire_host.c, json_out_host.c). All are in
build/host_tests, made anew when a source changed.
"""

import ctypes
import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
OUT = ROOT / "build" / "host_tests"
_FOLDERS = [ROOT / "firmware" / "native" / name for name in ("wire", "json_out")]
# Those of complete_tables.py, if nothing else is asked for.
_TABLES = pathlib.Path(os.environ.get("WIRE_TABLES", OUT / "gen"))
_HOSTS = [ROOT / "host_tests" / name for name in ("wire_host.c", "json_out_host.c")]
_CORE = sorted(s for f in _FOLDERS for s in f.glob("*.c") if s.name != "module.c")
_SOURCES = [*_CORE, *_HOSTS]
_HEADERS = [header for folder in _FOLDERS for header in folder.glob("*.h")]
_FLAGS = "-std=c99 -g -O1 -Wall -Wextra -Werror -fno-sanitize-recover=all".split()


def _build(name, *flags, tables=_TABLES, out=OUT):
    made_from = [*_SOURCES, *_HEADERS, *(tables / "tables").glob("*.[hi]*"), __file__]
    target = out / (name if out in (tables, tables.parent) else f"{tables.name}_{name}")
    newest = max(os.stat(source).st_mtime for source in made_from)
    if not target.exists() or target.stat().st_mtime < newest:
        out.mkdir(parents=True, exist_ok=True)
        unfinished = out / f"{name}.{os.getpid()}"
        command = ["gcc", *_FLAGS, *flags, f"-I{ROOT}", f"-I{tables}", "-o", unfinished]
        subprocess.run([*command, *_SOURCES], check=True)
        os.replace(unfinished, target)
    return target


class Value(ctypes.Structure):
    """wire_value_t"""

    _fields_ = [
        ("tag", ctypes.c_uint8),
        ("slot", ctypes.c_uint8),
        ("decimals", ctypes.c_uint8),
        ("number", ctypes.c_int32),
        ("at", ctypes.c_uint16),
        ("end", ctypes.c_uint16),
        ("count", ctypes.c_uint16),
        ("node", ctypes.c_uint16),
    ]


def load():
    """The library; what is undefined in C ends the program."""
    library = ctypes.CDLL(_build("wire_core.so", "-shared", "-fPIC", "-fsanitize=undefined"))
    for name in ("wire_init", "wire_value", "wire_array", "wire_is_scalar", "wire_utf8"):
        getattr(library, name).restype = ctypes.c_bool
    for name in ("wire_id", "wire_text"):
        getattr(library, name).restype = ctypes.c_void_p
    numbers = ("wire_detail", "wire_name", "wire_write_number", "wire_write_time")
    for name in (*numbers, "host_reader_size", "host_json_out_size"):
        getattr(library, name).restype = ctypes.c_size_t
    for name in ("json_out_init", "json_out_begin"):
        getattr(library, name).restype = ctypes.c_bool
    for name in ("host_json_out_count", "host_json_out_fill"):
        getattr(library, name).restype = ctypes.c_int64
    return library


def sanitized_program():
    """The program of wire_host.c; addresses out of bounds and what is undefined end it."""
    return _build("wire_host", "-DWIRE_HOST_MAIN", "-fsanitize=address,undefined")


def sanitized_writer(folder):
    """The same of json_out_host.c, made in `folder` with the tables of folder/tables."""
    flags = ("-DJSON_OUT_HOST_MAIN", "-fsanitize=address,undefined")
    return _build("json_out_host", *flags, tables=folder, out=folder)
