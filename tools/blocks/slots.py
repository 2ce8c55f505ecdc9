"""Slots of messages by name (firmware/blocks/README.md): the build puts their places in.

    from tables.messages import ResetRequest, ResetResponse

tools/schema makes `tables.messages` of what the blocks declare: a Slots for each message that is
declared, and for each data type of OCPP. Under CPython they do what they say. `place` makes
numbers and tuples of them, for the copy of the firmware that is frozen: on the charger a name
costs nothing, and is not there.
"""

import ast
from collections.abc import Iterable
from typing import Any, TypeGuard

from tools.inline import FreezeError, Meanings, Source, absolute, check, parse

_DECIMALS = "_decimals"
_ONLY_NAMES = "write `from %s import NAME`: only names can be put in place"
_BY_POSITION = (
    "slots by position, which change with block.txt; name them:"
    " a, b = reader.unpack(NAME.field, NAME.field), or reader.unpack()[NAME.field]"
)


class SlotError(AttributeError):
    """A name that is none; str() says what is wrong, and what would be right."""


class Slots:
    """The slots of a message, or of a record or object within.

    Its attributes are the fields, besides SLOTS; so all others begin with _.

    Args:
        name: of the message or data type.
        where: it is declared, path:line.
        paths: of the fields, in the order of their slots: the fields' names from the message or
            record on, joined by _; a number has two, the second with _decimals behind. None:
            it is declared in several places, with different fields.
    """

    def __init__(self, name: str, where: str, paths: str | None):
        self._name = name
        self._where = where
        self._paths = None if paths is None else paths.split()

    def __repr__(self) -> str:
        return self._name

    def _known(self) -> list[str]:
        """The paths. Raises SlotError: it has none that can be relied on."""
        if self._paths is None:
            raise SlotError(
                f"{self} has different fields at {self._where}; declare it alike everywhere"
            )
        return self._paths

    def _slot(self, path: str) -> int | slice:
        """The place of a field; of an object that is no array, those of all its fields."""
        paths = self._known()
        if path in paths:
            return paths.index(path)
        inside = [i for i, other in enumerate(paths) if other.startswith(path + "_")]
        if not inside:
            fields = " ".join(paths) or "none"
            raise SlotError(f"{self} has no field {path}; there are {fields} ({self._where})")
        return slice(inside[0], inside[-1] + 1)

    def _places(self, names: Iterable[str]) -> list[int]:
        """The slots of the fields, which are no objects.

        Raises:
            SlotError: one is no such field, or there twice.
        """
        names = list(names)
        found = []
        for name in names:
            place = self._slot(name)
            if isinstance(place, slice):
                fields = " ".join(self._known()[place])
                raise SlotError(f"{self}: {name} is an object; name its fields, {fields}")
            if place in found:
                raise SlotError(f"{self}: {name} is there twice; once will do")
            found.append(place)
        return found

    def _made(self, names: Iterable[str]) -> list[int]:
        """The slots of a message that is made of these fields.

        Raises:
            SlotError: as _places(); or half a number is missing.
        """
        names = list(names)
        for name in names:
            whole = name.removesuffix(_DECIMALS)
            if whole + _DECIMALS in self._known() and not {whole, whole + _DECIMALS} <= {*names}:
                raise SlotError(
                    f"{self}: {whole} is a number; give {whole} and {whole}{_DECIMALS}"
                )
        return self._places(names)

    def __getattr__(self, path: str) -> int | slice:
        if path.startswith("__"):
            raise AttributeError(path)
        return self._slot(path)

    @property
    def SLOTS(self) -> int:
        """How many there are."""
        return len(self._known())

    def __call__(self, **values: Any) -> tuple[Any, ...]:
        slots = dict(zip(self._made(values), values.values(), strict=True))
        return tuple(slots.get(i) for i in range(max(slots, default=-1) + 1))

    def __or__(self, other: "Slots") -> "Slots":
        """For code that has to do with either: the fields that both have at the same place."""
        return _Either(self, other)


class _Either(Slots):
    def __init__(self, one: Slots, other: Slots):
        alike = [path for path in one._known() if path in other._known()]
        super().__init__(f"{one} | {other}", f"{one._where}, {other._where}", " ".join(alike))
        self._both = one, other

    def _slot(self, path: str) -> int | slice:
        one, other = (each._slot(path) for each in self._both)
        if one != other:
            raise SlotError(
                f"{path} is not at the same place in {self}; declare it so ({self._where})"
            )
        return one

    @property
    def SLOTS(self) -> int:
        return max(each.SLOTS for each in self._both)


Messages = dict[str, Slots]


def read_messages(source: Source) -> Messages:
    """The names of a module like tables.messages."""
    module: dict[str, Any] = {}
    exec(compile(source.text, str(source.path), "exec"), module)  # the build has made it
    return {name: value for name, value in module.items() if isinstance(value, Slots)}


def place(source: Source, messages: dict[str, Messages]) -> Source:
    """The source with numbers and tuples in place of names; lines keep their numbers.

    Args:
        messages: of each module like tables.messages what it has.

    Raises:
        FreezeError: it names slots that are not there, or takes them by position.
    """
    tree = parse(source)
    places = _Places(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            places.take(node, messages)
    places.visit(tree)
    text = places.put(0, len(places.text)).decode()
    check(source, text)
    return source._replace(text=text)


class _Places(Meanings):
    """Puts slots in place in what it visits; refuses what gives their names another meaning."""

    what = "the name of a message"

    def __init__(self, source: Source):
        self.messages: Messages = {}  # by their names here
        super().__init__(source, self.messages, set())
        self.text = source.text.encode()
        self.changes: list[tuple[int, int, str]] = []  # from, to, what stands there then
        self.starts = [0]  # of the lines
        for line in self.text.split(b"\n"):
            self.starts.append(self.starts[-1] + len(line) + 1)

    def wrong(self, node: Any, problem: object) -> FreezeError:
        return FreezeError(self.source.path, node.lineno, str(problem))

    # ---- text

    def span(self, node: Any) -> tuple[int, int]:
        return (
            self.starts[node.lineno - 1] + node.col_offset,
            self.starts[node.end_lineno - 1] + node.end_col_offset,
        )

    def put(self, start: int, end: int) -> bytes:
        """The text in this range, with the changes."""
        parts = []
        for first, last, new in sorted(self.changes):
            if start <= first and last <= end:
                parts += [self.text[start:first], new.encode()]
                start = last
        return b"".join([*parts, self.text[start:end]])

    def new(self, node: ast.AST) -> str:
        """The new text of a part of what is to be changed as a whole."""
        outer, self.changes = self.changes, []
        self.visit(node)
        text = self.put(*self.span(node)).decode()
        self.changes = outer
        return f"({text})" if isinstance(node, ast.Yield | ast.YieldFrom | ast.NamedExpr) else text

    def change(self, node: Any, text: str) -> None:
        self.changes.append((*self.span(node), text))

    def lines(self, node: Any, text: str = "") -> str:
        """The line ends that the node has and `text` has not."""
        start, end = self.span(node)
        return "\n" * (self.text.count(b"\n", start, end) - text.count("\n"))

    # ---- imports

    def take(self, node: ast.Import | ast.ImportFrom, messages: dict[str, Messages]) -> None:
        """Names of messages that are imported."""
        module = absolute(self.source, node) if isinstance(node, ast.ImportFrom) else ""
        for alias in node.names:
            whole = f"{module}.{alias.name}".lstrip(".")
            if whole in messages:
                raise self.wrong(node, _ONLY_NAMES % whole)
        if module not in messages:
            return
        for alias in node.names:
            message = self.known(node, messages[module], alias.name)
            self.messages[alias.asname or alias.name] = message
        self.removed.add((node.lineno, node.col_offset))
        self.change(node, "pass" + self.lines(node))

    def known(self, node: ast.AST, messages: Messages, name: str) -> Slots:
        if name not in messages:
            known = " ".join(sorted(each for each, slots in messages.items() if slots._where))
            raise self.wrong(node, f"{name} is in no [messages] of a block.txt; there are {known}")
        try:
            messages[name]._known()
        except SlotError as error:
            raise self.wrong(node, error) from None
        return messages[name]

    # ---- what names messages and slots

    def message(self, node: ast.AST) -> Slots | None:
        """What NAME, or NAME | NAME, is; None: it is something else."""
        if isinstance(node, ast.Name) and not self.in_format_string:
            return self.messages.get(node.id)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            one, other = self.message(node.left), self.message(node.right)
            return one | other if one and other else None
        return None

    def field(self, node: ast.AST) -> tuple[Slots, str] | None:
        """Message and field of NAME.field; None: it is something else."""
        message = self.message(node.value) if isinstance(node, ast.Attribute) else None
        return (message, node.attr) if message and isinstance(node, ast.Attribute) else None

    def slot(self, node: ast.AST) -> int | slice | None:
        """The place of NAME.field; None: it is something else."""
        field = self.field(node)
        try:
            return getattr(*field) if field else None
        except SlotError as error:
            raise self.wrong(node, error) from None

    def visit_Name(self, node: ast.Name) -> None:
        super().visit_Name(node)
        self.refuse(node.id, node.lineno, "NAME(field=...) makes slots, NAME.field is one's place")

    def visit_Attribute(self, node: ast.Attribute) -> None:
        slot = self.slot(node)
        if slot is None:
            self.generic_visit(node)
        elif not isinstance(node.ctx, ast.Load):
            raise self.wrong(node, f"{node.attr} is a place; it can't be assigned to or deleted")
        elif isinstance(slot, slice):
            raise self.wrong(
                node, f"{node.attr} is an object; its slots are slots[NAME.{node.attr}]"
            )
        else:
            self.change(node, str(slot))

    # ---- slots that are taken

    def visit_Subscript(self, node: ast.Subscript) -> None:
        all_slots = _is_unpack(node.value)
        if all_slots and (isinstance(node.slice, ast.Slice) or _is_number(node.slice)):
            raise self.wrong(node, _BY_POSITION)
        slot = self.slot(node.slice)
        field = self.field(node.slice)
        if not isinstance(slot, slice) or not field:
            self.generic_visit(node)
            return
        self.visit(node.value)
        start = str(slot.start or "")
        stop = "" if all_slots and slot.stop == field[0].SLOTS else str(slot.stop)
        index = f"[{start}:{stop}]" if start or stop else ""  # of all that there are
        self.changes.append((self.span(node.value)[1], self.span(node)[1], index))

    def visit_Assign(self, node: ast.Assign) -> None:
        target, call = node.targets[0], node.value
        if not _is_unpack(call):
            self.generic_visit(node)
        elif not call.args:
            if isinstance(target, ast.Tuple | ast.List):
                raise self.wrong(node, _BY_POSITION)
            self.generic_visit(node)
        else:
            self.unpack(node, target, call)

    def unpack(self, node: ast.Assign, target: Any, call: ast.Call) -> None:
        """a, b = reader.unpack(NAME.a, NAME.b): the targets in the order of the slots."""
        fields = [field for each in call.args if (field := self.field(each))]
        if not fields:
            self.generic_visit(node)
            return
        targets = getattr(target, "elts", ())
        if len(node.targets) > 1 or not len(targets) == len(fields) == len(call.args):
            raise self.wrong(node, _BY_POSITION)
        message = fields[0][0]
        try:
            if len({str(each) for each, _ in fields}) > 1:
                raise SlotError(f"unpack() names fields of one message, here {message}")
            slots = message._places(name for _, name in fields)
        except SlotError as error:
            raise self.wrong(node, error) from None
        named = {slot: self.new(each) for slot, each in zip(slots, targets, strict=True)}
        text = ", ".join(named.get(slot, "_") for slot in range(message.SLOTS))
        text += "," * (message.SLOTS == 1)
        lines = self.lines(target, text)
        self.change(target, f"({text}{lines})" if lines else text)
        self.change(call, f"{self.new(call.func)}({self.lines(call, self.new(call.func))})")

    # ---- slots that are made

    def visit_Call(self, node: ast.Call) -> None:
        message = self.message(node.func)
        if message is None:
            if _is_unpack(node) and any(self.field(each) for each in node.args):
                raise self.wrong(node, _BY_POSITION)
            self.generic_visit(node)
            return
        if node.args or any(keyword.arg is None for keyword in node.keywords):
            raise self.wrong(node, f"{message} takes fields by name: {message}(field=...)")
        try:
            slots = message._made(str(keyword.arg) for keyword in node.keywords)
        except SlotError as error:
            raise self.wrong(node, error) from None
        values = {
            slot: self.new(each.value) for slot, each in zip(slots, node.keywords, strict=True)
        }
        parts = [values.get(slot, "None") for slot in range(max(slots, default=-1) + 1)]
        text = ", ".join(parts) + "," * (len(parts) == 1)
        self.change(node, f"({text}{self.lines(node, text)})")


def _is_unpack(node: ast.AST) -> TypeGuard[ast.Call]:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "unpack"
    )


def _is_number(node: ast.AST) -> bool:
    sign = ast.USub | ast.UAdd
    inner = node.operand if isinstance(node, ast.UnaryOp) and isinstance(node.op, sign) else node
    return isinstance(inner, ast.Constant)
