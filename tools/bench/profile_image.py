"""The functions of a chip's image, of C and of Python, by address; the lines of their bytecode."""

import ast
import re
import struct
import subprocess
from bisect import bisect_right
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tools.image_size import part_of_object

FLASH = 0x08000000  # where the flash of the Cortex-M3 is
LOOP_NAME = "mp_execute_bytecode"
_COLLECT = "gc_collect"

# Kinds of functions, as profile_plugin.c has them.
PYTHON, C, HANDLER, LOOP, COLLECTION = "b", "c", "h", "l", "g"

_KINDS = {LOOP_NAME: LOOP, _COLLECT: COLLECTION}
_VECTORS = struct.Struct("<97I")
_CODE = "fun_data_"
_SYMBOL = re.compile(r"^ *\d+: ([0-9a-f]+) +(\w+) (\w+) +\w+ +\w+ +\w+ (\S+)$", re.M)
_SCOPE = re.compile(r"^// frozen bytecode for file (\S+), scope (\S+)$", re.M)
_PLACED = re.compile(r"^ \.text\S*\s+0x([0-9a-f]+)\s+0x[0-9a-f]+\s+(\S.*)$", re.M)


class Function(NamedTuple):
    """A function of the image.

    `name`: of Python with its file, "link/link.py:90 Link.run"; `part`: of C, the part of the
    image that it belongs to (tools/image_size.py).
    """

    kind: str
    address: int
    size: int
    name: str
    part: str = ""


def flash(image: Path) -> bytes:
    """What the image puts into the chip's flash, from FLASH on."""
    command = ["arm-none-eabi-objcopy", "-O", "binary", "-j", ".text", str(image), "/dev/stdout"]
    return subprocess.run(command, check=True, capture_output=True).stdout


def functions(image: Path, content: bytes, port: Path, frozen: Path) -> list[Function]:
    """All functions by rising address.

    Args:
        content: what flash() gives.
        port: the folder that the port was built in (firmware.map, frozen_content.c).
        frozen: the folder of the Python sources that were frozen in.
    """
    command = ["readelf", "-sW", str(image)]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    handlers = {word & ~1 for word in _VECTORS.unpack_from(content)[2:]}  # behind stack and reset
    names = python_names((port / "frozen_content.c").read_text(encoding="utf-8"), frozen)
    part = _parts(port)
    found: dict[int, Function] = {}
    for value, size, kind, name in _SYMBOL.findall(text):
        address = int(value, 16)
        if name.startswith(_CODE):
            scope = name.removeprefix(_CODE)
            function = Function(PYTHON, address, int(size, 0), names.get(scope, scope))
        elif kind == "FUNC":
            address &= ~1  # Thumb
            kind = HANDLER if address in handlers else _KINDS.get(name, C)
            function = Function(kind, address, int(size, 0), name, part(address))
        else:
            continue
        inside = FLASH <= address < FLASH + len(content)
        if inside and (address not in found or found[address].size < function.size):
            found[address] = function
    return _with_sizes([found[address] for address in sorted(found)], FLASH + len(content))


def _with_sizes(ordered: list[Function], end: int) -> list[Function]:
    """No function reaches into the next; one of the assembler's, without a size, up to it."""
    ends = [function.address for function in ordered[1:]] + [end]
    return [
        function._replace(size=min(function.size or end, behind - function.address))
        for function, behind in zip(ordered, ends, strict=True)
    ]


def _parts(port: Path) -> Callable[[int], str]:
    """-> function: the part of the image at an address."""
    text = (port / "firmware.map").read_text(encoding="utf-8")
    placed = sorted((int(address, 16), origin) for address, origin in _PLACED.findall(text))
    addresses = [address for address, _ in placed]

    def part(address: int) -> str:
        at = bisect_right(addresses, address)
        return part_of_object(placed[at - 1][1], port) if at > 0 else ""

    return part


def python_names(content: str, frozen: Path) -> dict[str, str]:
    """Names of the scopes of frozen_content.c: "file.py:line Class.function"."""
    names: dict[str, str] = {}
    known: dict[str, dict[str, str]] = {}
    for file, scope in _SCOPE.findall(content):
        if file not in known:
            source = frozen / file
            known[file] = _in_file(source.read_text(encoding="utf-8")) if source.exists() else {}
        end = scope.removeprefix(re.sub(r"\W", "_", file.removesuffix(".py")) + "_")
        function = known[file].get(end) or " " + re.sub("_lt_(.*?)_gt_", r"<\1>", end)
        names[scope] = file + function
    return names


def _in_file(source: str) -> dict[str, str]:
    """Functions by the ends of their scopes' names: ":line Class.function"."""
    found: dict[str, str] = {}

    def walk(node: ast.AST, above: tuple[str, ...]) -> None:
        for child in ast.iter_child_nodes(node):
            inner = above
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                inner = (*above, child.name)
                found["_".join(inner)] = f":{child.lineno} {'.'.join(inner)}"
            walk(child, inner)

    walk(ast.parse(source), ())
    return found


def line_at(code: bytes, at: int) -> int:
    """The line that the byte at offset `at` of a function belongs to; 0: it does not say.

    py/bc.h, MP_BC_PRELUDE_SIG_DECODE_INTO and what follows there; a 0 stands for all names
    (tools/names/prelude.py).
    """
    names, position = _signature(code)
    info = cells = shift = 0
    while True:
        value = code[position]
        info |= (value & 0x7E) >> 1 << 6 * shift
        cells |= (value & 1) << shift
        shift += 1
        position += 1
        if not value & 0x80:
            break
    end = position + info
    left = at - end - cells
    for _ in range(1 if code[position] == 0 else names):
        while code[position] & 0x80:
            position += 1
        position += 1
    line = 1 if position < end else 0
    while position < end:
        value = code[position]
        if value & 0x80:
            skipped, more = value & 0xF, (value << 4 & 0x700) | code[position + 1]
            position += 2
        else:
            skipped, more = value & 0x1F, value >> 5
            position += 1
        if left < skipped:
            break
        left -= skipped
        line += more
    return line


def _signature(code: bytes) -> tuple[int, int]:
    """How many names the prelude has, the function's and its arguments'; where it goes on."""
    arguments, at = code[0] & 3, 0
    while code[at] & 0x80:
        arguments |= (code[at + 1] & 4) << at
        arguments += (code[at + 1] & 8) >> 3 << at  # those after the star
        at += 1
    return 1 + arguments, at + 1
