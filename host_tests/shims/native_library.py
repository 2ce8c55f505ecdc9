"""firmware/native as shared libraries of the host, for host_tests/shims: the bare C, by ctypes."""

import ctypes
import functools
import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

_FLAGS = (
    "-std=c99 -g -O1 -Wall -Wextra -Werror -fPIC -shared "
    "-fsanitize=undefined -fno-sanitize-recover"
).split()


@functools.cache
def load(folder):
    """The C of firmware/native/<folder>, but for its module for MicroPython (module.c)."""
    sources = sorted((ROOT / "firmware/native" / folder).glob("*.[ch]"))
    output = ROOT / "build/host_tests" / f"{folder}.so"
    newest = max(source.stat().st_mtime for source in sources)
    if not output.exists() or output.stat().st_mtime < newest:
        output.parent.mkdir(parents=True, exist_ok=True)
        new = output.with_suffix(f".{os.getpid()}")
        code = [source for source in sources if source.suffix == ".c" and source.stem != "module"]
        command = ["cc", *_FLAGS, f"-I{ROOT}", "-o", new, *code]
        subprocess.run(command, check=True)
        new.rename(output)
    return ctypes.CDLL(str(output))


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
