"""firmware/native as shared libraries of the host, for host_tests/shims: the bare C, by ctypes."""

import ctypes
import functools
import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

_FLAGS = "-std=c99 -g -O1 -Wall -Wextra -Werror -fno-sanitize-recover=all".split()


@functools.cache
def load(folder):
    """The C of firmware/native/<folder>, but for its module for MicroPython (module.c)."""
    flags = ("-fPIC", "-shared", "-fsanitize=undefined")
    return ctypes.CDLL(str(_build(folder, f"{folder}.so", flags)))


def sanitized_program(folder, host):
    """The same with the main() of host_tests/<host>; addresses out of bounds end it, too."""
    main = ROOT / "host_tests" / host
    more = (main, ROOT / "host_tests" / "hex.h")
    return _build(folder, main.stem, ("-fsanitize=address,undefined",), *more)


def _build(folder, name, flags, *more):
    sources = [*sorted((ROOT / "firmware/native" / folder).glob("*.[ch]")), *more]
    output = ROOT / "build/host_tests" / name
    newest = max(source.stat().st_mtime for source in sources)
    if not output.exists() or output.stat().st_mtime < newest:
        output.parent.mkdir(parents=True, exist_ok=True)
        new = output.with_suffix(f".{os.getpid()}")
        code = [source for source in sources if source.suffix == ".c" and source.stem != "module"]
        command = ["cc", *_FLAGS, *flags, f"-I{ROOT}", "-o", new, *code]
        subprocess.run(command, check=True)
        new.rename(output)
    return output


def readable(buffer, least):
    """`buffer` for C that only reads it; ValueError, as of MicroPython's module, if shorter."""
    view = memoryview(buffer).cast("B")
    if len(view) < least:
        raise ValueError
    return (ctypes.c_ubyte * len(view)).from_buffer_copy(view)


def writable(buffer, least):
    """`buffer` itself, for C that writes to it."""
    view = memoryview(buffer).cast("B")
    if len(view) < least:
        raise ValueError
    return (ctypes.c_ubyte * len(view)).from_buffer(view)
