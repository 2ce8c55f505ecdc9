"""The rule of floors: who may import whom in firmware/ and boards/ (part of `make lint`).

    python -m tools.floors [root]

From the ground: hal and wire - storage, device_model - charging - blocks, link - station - main.
No import runs upwards, or sideways to another room; blocks do not import each other; nobody but
station and main knows a board; some modules of MicroPython belong to certain rooms. The generated
package `tables` is for everybody, and the link speaks to blocks through `blocks.port`.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from tools.findings import report, trees

FLOORS = {
    "hal": 0,
    "wire": 0,
    "storage": 1,
    "device_model": 1,
    "charging": 2,
    "blocks": 3,
    "link": 3,
    "extension_guard": 4,
    "supervisor": 4,
    "station": 4,
    "main": 5,
}
BOARD = "board"  # every module of boards/*/
SEES_BOARDS = {"station", "main"}

# What a room may take from its own floor, and from the room named.
SIDEWAYS = {
    "wire": {"hal.errors", "hal.log"},
    "link": {"blocks.port"},
    "station": {"extension_guard", "supervisor"},
}
# Modules that only some rooms may use; "" is nobody in firmware/.
RESERVED = {
    "json": set(),  # builds a tree, and takes invalid documents
    "machine": {BOARD},
    "network": {BOARD},
    "select": {BOARD},
    "socket": {BOARD},
    "tls": {BOARD},
    "_thread": {BOARD},
    "os": {BOARD, "storage"},
    "vfs": {BOARD, "storage"},
}
# wire is bytes in, bytes out.
PURE = {"wire": {"asyncio", "time", "random"}}


def imported(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of every import, also in functions; `from a import b` counts as a.b."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield node.lineno, "." * node.level + f"{node.module or ''}.{alias.name}"
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "__import__" and node.args:
            argument = node.args[0]
            name = argument.value if isinstance(argument, ast.Constant) else "?"
            yield node.lineno, str(name)


def _inside(name: str, module: str) -> bool:
    return name == module or name.startswith(module + ".")


def _between_rooms(room: str, name: str) -> str | None:
    """What is wrong when `room` imports `name`, which is another room's."""
    other = name.split(".")[0]
    if other == BOARD:
        return None if room in SEES_BOARDS else "only station and main see a board"
    if room == BOARD:
        return None if other == "hal" else "a board knows nothing but hal"
    if any(_inside(name, allowed) for allowed in SIDEWAYS.get(room, ())):
        return None
    if FLOORS[other] > FLOORS[room]:
        return f"{other} is above {room}"
    if FLOORS[other] == FLOORS[room]:
        return f"{other} is on the same floor as {room}"
    return None


def _foreign(room: str, name: str) -> str | None:
    """What is wrong when `room` imports `name`, which is MicroPython's."""
    top = name.split(".")[0]
    if top in RESERVED and room not in RESERVED[top]:
        users = " and ".join(sorted(RESERVED[top])) or "nobody"
        return f"{top} is for {users}"
    if top in PURE.get(room, ()):
        return f"{room} is pure: it is handed what {top} would tell it"
    return None


def problem(room: str, module: str, name: str, boards: set[str]) -> str | None:
    """What is wrong, if anything, when `module` of `room` imports `name`.

    Args:
        boards: names of the modules below boards/.
    """
    top = name.split(".")[0]
    if top in ("", "?"):
        return "write the full name of what is imported"
    if top == "tables":
        return None
    if top in boards:
        top, name = BOARD, f"{BOARD}.{name}"
    if top == room == "blocks":
        same = _inside(name, module) or _inside(name, "blocks.port")
        # A block may be a folder: its parts know each other.
        folder = ".".join(module.split(".")[:2])
        if same or (module.count(".") > 1 and _inside(name, folder)):
            return None
        return "blocks do not import each other"
    if top == room:
        return None
    if top == BOARD or top in FLOORS:
        return _between_rooms(room, name)
    return _foreign(room, name)


def check(root: Path) -> list[str]:
    """Every violation below `root`, as path:line: text."""
    boards = {path.stem for path in root.glob("boards/**/*.py")}
    found = []
    for where, tree in trees(root, "firmware/**/*.py", "boards/**/*.py"):
        parts = where.with_suffix("").parts
        if parts[0] == "boards":
            room, module = BOARD, f"{BOARD}.{where.stem}"
        else:
            room, module = parts[1], ".".join(parts[1:])
        if room != BOARD and room not in FLOORS:
            found.append(f"{where}:1: {room} has no floor; give it one in tools/floors.py")
            continue
        for line, name in imported(tree):
            wrong = problem(room, module, name, boards)
            if wrong:
                found.append(f"{where}:{line}: imports {name.strip('.')}: {wrong}")
    return found


if __name__ == "__main__":
    sys.exit(report(check))
