"""What the firmware uses of MicroPython's builtins, modules and str methods is in the images.

boards/emulated/vm_names.c and vm_types.c have shorter tables than MicroPython's own, which the
unix build has: a name that is missing in them would be found on the chip only.
"""

import ast
import builtins
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TABLES = "\n".join(
    (ROOT / "boards/emulated" / f"{name}.c").read_text() for name in ("vm_names", "vm_types")
)
TREE = Path((ROOT / "build/stamps/tree").read_text().strip())  # that the build took
ASYNCIO = TREE / "extmod/asyncio"
SOURCES = [
    *sorted((ROOT / "firmware").rglob("*.py")),
    ROOT / "boards/emulated/board.py",
    *sorted((ROOT / "boards/simulated/micropython").glob("*.py")),
    *(path for name in ("core", "event") if (path := ASYNCIO / f"{name}.py").exists()),
]
MODULES = {name: name for name in ("binascii", "gc", "sys", "time", "micropython")}
MODULES["select"] = "select_module"
# Where methods are looked for that are called by their type, which checks no self.
TYPES = {"str", "bytes", "bytearray", "list", "dict", "tuple", "int", "memoryview"}
BY_TYPE = {"from_bytes"}
OF_THE_COMPILER = {"const", "viper", "native", "asm_thumb"}
# boards/emulated/manifest.py leaves these files of asyncio out.
NO_ASYNCIO = {"wait_for", "wait_for_ms", "gather", "Lock", "open_connection", "start_server"}
NOT_A_BUILTIN = {"__name__"}
# asyncio's own handler of exceptions in tasks writes there; the images have no such streams.
NO_STREAMS = {"stderr"}


def table(name: str) -> set[str]:
    """The names in one table of vm_names.c or vm_types.c."""
    body = re.search(rf"mp_rom_map_elem_t {name}\[\] = {{(.*?)\n}};", TABLES, re.S)
    assert body, f"no table {name}"
    return set(re.findall(r"(?:NAME\(|MP_QSTR_)(\w+)", body[1]))


def defined(trees: list[ast.AST]) -> set[str]:
    """Names that the firmware itself gives to methods and attributes."""
    names: set[str] = set()
    for node in (node for tree in trees for node in ast.walk(tree)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Attribute | ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.attr if isinstance(node, ast.Attribute) else node.id)
    return names


METHODS = {
    "str": set(dir(str)) | set(dir(bytes)),
    "list": set(dir(list)),
    "dict": set(dir(dict)),
    "property": {"getter", "setter", "deleter"},
}


def missing(tree: ast.AST, own: set[str]) -> set[str]:
    """Names that one source uses and no table has; `own`: what the firmware defines."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and hasattr(builtins, node.id):
            if node.id not in table("builtins") | own | NOT_A_BUILTIN:
                found.add(node.id)
        elif isinstance(node, ast.Attribute):
            found |= missing_attribute(node, own)
        elif isinstance(node, ast.ClassDef) and len(node.bases) > 1:
            found.add(f"{node.name}: two parents")
        elif isinstance(node, ast.ImportFrom) and node.module in MODULES:
            names = {alias.name for alias in node.names} - OF_THE_COMPILER
            found |= {f"{node.module}.{name}" for name in names - table(MODULES[node.module])}
    return found


def missing_attribute(node: ast.Attribute, own: set[str]) -> set[str]:
    owner = node.value.id if isinstance(node.value, ast.Name) else ""
    if owner == "asyncio" and node.attr in NO_ASYNCIO:
        return {f"asyncio.{node.attr}"}
    if owner in MODULES:
        known = table(MODULES[owner]) | OF_THE_COMPILER | NO_STREAMS
        return set() if node.attr in known else {f"{owner}.{node.attr}"}
    if owner in TYPES - own and node.attr not in BY_TYPE:
        return {f"{owner}.{node.attr} by its type"}
    there = table("text") | table("list") | table("dict") | set(dir(int)) | set(dir(tuple)) | own
    owners = [kind for kind, names in METHODS.items() if node.attr in names - there]
    return {f"{kind}.{node.attr}" for kind in owners[:1]}


def test_the_images_have_every_name_that_the_firmware_uses():
    trees = {path: ast.parse(path.read_text()) for path in SOURCES}
    own = defined(list(trees.values()))
    faults = {
        str(path): sorted(names) for path, tree in trees.items() if (names := missing(tree, own))
    }
    assert not faults, f"add to boards/emulated/vm_names.c or vm_types.c, or do without: {faults}"


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("x = sorted(y)", "sorted"),
        ("x = y.replace(b'a', b'b')", "str.replace"),
        ("y.sort()", "list.sort"),
        ("for key, value in y.items(): pass", "dict.items"),
        ("import gc\ngc.threshold(1)", "gc.threshold"),
        ("asyncio.gather(x)", "asyncio.gather"),
        ("from time import sleep_us", "time.sleep_us"),
        ("select.select(x)", "select.select"),
        ("list.append(x, 1)", "list.append by its type"),
        ("class A:\n    @y.setter\n    def y(self, z):\n        pass", "property.setter"),
        ("class A(x, z):\n    pass", "A: two parents"),
    ],
)
def test_a_name_that_is_missing_is_found(source, name):
    assert missing(ast.parse(source), set()) == {name}
