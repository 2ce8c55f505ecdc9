"""What profile_plugin.c has counted: trees of calls, and tables of functions made from them.

An instruction belongs to the function of C that it is in, and to the innermost function of Python
that runs: what MicroPython's C does for a function of Python is that function's. Two things are
nobody's, as they come when they come: interrupts, and collections of garbage.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from tools.bench.profile_image import COLLECTION, HANDLER, LOOP_NAME, PYTHON, Function

INTERRUPTS = "(interrupts)"
COLLECTIONS = "(collections)"
BOTTOM = "(no Python)"
_ALLOCATE = "gc_alloc"


@dataclass
class Call:
    """A function as it is called from where its parent is called.

    Attributes:
        own: instructions in it, without those of its children.
        children: by name.
    """

    name: str
    function: Function | None = None
    calls: float = 0
    own: float = 0
    children: dict[str, "Call"] = field(default_factory=dict)

    def total(self) -> float:
        return self.own + sum(child.total() for child in self.children.values())

    def child(self, name: str, function: Function | None) -> "Call":
        return self.children.setdefault(name, Call(name, function))

    def add(self, other: "Call", times: float = 1) -> None:
        """Add what is in `other`, so many times; below 0 takes it off."""
        self.calls += times * other.calls
        self.own += times * other.own
        for name, child in other.children.items():
            self.child(name, child.function).add(child, times)

    @property
    def kind(self) -> str:
        return self.function.kind if self.function is not None else ""

    @property
    def c(self) -> str:
        """The function of C whose instructions are its own."""
        return LOOP_NAME if self.kind == PYTHON else self.name


class Counted(NamedTuple):
    """Of one part of the play: its calls; instructions by address of bytecode."""

    tree: Call
    code: Counter[int]


class Row(NamedTuple):
    """A function in a table: instructions, with and without those of the functions that it calls
    (counted once when it calls itself), its calls and allocations; `c`: its own by function of C.
    """

    name: str
    own: float
    inclusive: float
    calls: float
    allocations: float
    c: dict[str, float]


def read(text: Iterable[str], known: list[Function], hidden: set[int]) -> dict[int, Counted]:
    """Parts of the play by number.

    Args:
        text: lines that the plugin wrote.
        known: the functions, as the plugin got them.
        hidden: numbers of functions that do not count, with all that they call.

    Raises:
        ValueError: the plugin lost its way.
    """
    parts: dict[int, Counted] = {}
    calls: dict[int, Call] = {}  # by node; of what is hidden none
    for line in text:
        kind, *rest = line.split()
        numbers = [int(number) for number in rest]
        if kind == "lost" and numbers[0] > 0:
            raise ValueError(f"{numbers[0]} returns lead to no call that is known")
        if kind == "code":
            part, address, own = numbers
            parts[part].code[address] += own
        if kind != "node":
            continue
        node, parent, part, number, times, own = numbers
        if parent < 0:
            parts[part] = Counted(Call(BOTTOM), Counter())
            calls[node] = parts[part].tree
        elif parent in calls and number not in hidden:
            calls[node] = calls[parent].child(known[number].name, known[number])
        if node in calls:
            calls[node].calls += times
            calls[node].own += own
    return parts


def _python_name(call: Call) -> str:
    if call.kind == PYTHON:
        return call.name
    return {HANDLER: INTERRUPTS, COLLECTION: COLLECTIONS}.get(call.kind, "")


def rows(tree: Call, name_of: Callable[[Call], str]) -> list[Row]:
    """A row for each name, by instructions of its own; what has the name "" is its caller's."""
    found: dict[str, list[float]] = {}
    c: dict[str, dict[str, float]] = {}

    def walk(call: Call, name: str, above: frozenset[str]) -> float:
        new = name_of(call)
        name = new or name
        row = found.setdefault(name, [0, 0, 0, 0])
        row[0] += call.own
        row[2] += call.calls if new else 0
        row[3] += call.calls if call.name == _ALLOCATE else 0
        by_c = c.setdefault(name, {})
        by_c[call.c] = by_c.get(call.c, 0) + call.own
        inner = above | {name}
        total = call.own + sum(walk(child, name, inner) for child in call.children.values())
        if name not in above:
            row[1] += total
        return total

    walk(tree, BOTTOM, frozenset())
    found[BOTTOM][1] = found[BOTTOM][0]
    table = [
        Row(name, own, inclusive, calls, allocations, c[name])
        for name, (own, inclusive, calls, allocations) in found.items()
    ]
    return sorted(table, key=lambda row: -row.own)


def python_rows(tree: Call) -> list[Row]:
    """Functions of Python, with the C that they call."""
    return rows(tree, _python_name)


def c_rows(tree: Call) -> list[Row]:
    """Functions of C; all Python is that of the interpreter's loop."""
    return rows(tree, lambda call: call.c if call.function is not None else "")


def parts_of_image(tree: Call) -> dict[str, float]:
    """Instructions by part of the image (tools/image_size.py), most of them first."""
    found: dict[str, float] = {}

    def walk(call: Call) -> None:
        if call.function is not None:
            part = "VM" if call.kind == PYTHON else call.function.part or "other"
            found[part] = found.get(part, 0) + call.own
        for child in call.children.values():
            walk(child)

    walk(tree)
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def python_only(tree: Call) -> Call:
    """The tree without C: its instructions are those of the Python that called it."""
    found = Call(tree.name)

    def fill(into: Call, call: Call) -> None:
        into.own += call.own
        for child in call.children.values():
            name = _python_name(child)
            inner = into.child(name, child.function) if name else into
            inner.calls += child.calls if name else 0
            fill(inner, child)

    fill(found, tree)
    return found
