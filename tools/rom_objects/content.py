"""Read what mpy-tool.py has written: the modules, scopes and tables of frozen_content.c.

mpy-tool.py comments every instruction with its name and argument; that, and the names of its C
objects, is all that is relied on. What does not look as expected is left alone, and its objects
stay on the heap.
"""

import re
from dataclasses import dataclass, field

_MODULE = re.compile(r"^// frozen module (\w+)$")
_FILE = re.compile(r"^// - frozen file name: (\S+)$")
_SCOPE = re.compile(r"^static const byte fun_data_(\w+)\[(\d+)\].* = \{$")
_BYTES = re.compile(r"^    ((?:0x[0-9a-f]{2},)+) // ?(.*)$")
_CHILDREN = re.compile(r"^static const mp_raw_code_t \*const children_(\w+)\[\] = \{$")
_CHILD = re.compile(r"^    \(const mp_raw_code_t \*\)&proto_fun_(\w+),$")
_PROTO = re.compile(r"^static const mp_raw_code_truncated_t proto_fun_(\w+) = \{$")
_TABLE = re.compile(r"^static const mp_rom_obj_t const_obj_table_data_(\w+)\[(\d+)\] = \{$")
_QSTRS = re.compile(r"^static const qstr_short_t const_qstr_table_data_(\w+)\[(\d+)\] = \{$")
_CONSTANT = re.compile(r"^static const (\w+) (const_obj_\w+) = ")
_LENGTH = re.compile(r" = \{\{&mp_type_(?:bytes|str)\}, \d+, (\d+), ")
_GENERATOR = re.compile(r"^\s*\.is_generator = 1,$")
_KIND = re.compile(r"^\s*\.kind = (\w+),$")


@dataclass
class Instruction:
    """One instruction, or a part of the prelude (then `name` is empty)."""

    line: int
    code: list[str]
    name: str = ""
    argument: str = ""


@dataclass
class Scope:
    """A function, a class body or a module body."""

    name: str
    first: int  # line of its head
    last: int = 0  # line of its closing brace
    instructions: list[Instruction] = field(default_factory=list)
    children: list[str] = field(default_factory=list)  # names of scopes
    children_at: int = 0  # line of the first of them
    kind: str = "MP_CODE_BYTECODE"
    generator: bool = False

    def body(self) -> list[Instruction]:
        return [i for i in self.instructions if i.name]


@dataclass
class Module:
    name: str  # as in C names
    first: int
    file: str = ""
    scopes: dict[str, Scope] = field(default_factory=dict)
    table_at: int = 0  # line of the head of its table of constants
    table: list[str] = field(default_factory=list)  # its entries, C expressions
    qstrs: list[str] = field(default_factory=list)  # its table of names, MP_QSTR_...

    @property
    def table_size(self) -> int:
        return len(self.table)

    @property
    def dotted(self) -> str:
        """Its name for import."""
        return self.file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @property
    def is_package(self) -> bool:
        return self.file.endswith("__init__.py")

    @property
    def body(self) -> Scope:
        """What is executed at import."""
        return self.scopes[f"{self.name}__lt_module_gt_"]

    @property
    def functions(self) -> list[Scope]:
        """All scopes but the body."""
        return [scope for scope in self.scopes.values() if scope is not self.body]

    @property
    def has_machine_code(self) -> bool:
        return any(scope.kind != "MP_CODE_BYTECODE" for scope in self.scopes.values())


class Content:
    """The text of frozen_content.c, and what is in it."""

    def __init__(self, text: str) -> None:
        self.lines = text.split("\n")
        self.modules: list[Module] = []
        self.constants: dict[str, str] = {}  # C type of each constant object, by its C name
        self.lengths: dict[str, int] = {}  # of those that are bytes or str
        self._scope: Scope | None = None
        for number, line in enumerate(self.lines):
            self._take(number, line)

    def _take(self, number: int, line: str) -> None:
        if match := _MODULE.match(line):
            self.modules.append(Module(match[1], number))
        elif self.modules:
            self._take_in_module(self.modules[-1], number, line)

    def _take_in_module(self, module: Module, number: int, line: str) -> None:
        if match := _FILE.match(line):
            module.file = match[1]
        elif match := _SCOPE.match(line):
            self._scope = module.scopes[match[1]] = Scope(match[1], number)
        elif (match := _BYTES.match(line)) and self._scope and not self._scope.last:
            name, _, argument = match[2].partition(" ")
            named = name.isupper() and name.replace("_", "").isalnum()
            code = match[1].rstrip(",").split(",")
            self._scope.instructions.append(
                Instruction(number, code, name if named else "", argument if named else "")
            )
        elif line == "};" and self._scope and not self._scope.last:
            self._scope.last = number
        elif (match := _CHILDREN.match(line)) and match[1] in module.scopes:
            self._scope = module.scopes[match[1]]
            self._scope.children_at = number + 1
        elif (match := _CHILD.match(line)) and self._scope:
            self._scope.children.append(match[1])
        elif (match := _PROTO.match(line)) and match[1] in module.scopes:
            self._scope = module.scopes[match[1]]
        elif not self._take_table(module, number, line):
            self._take_attribute(line)

    def _take_table(self, module: Module, number: int, line: str) -> bool:
        if match := _TABLE.match(line):
            module.table_at = number
            module.table = self._entries(number, int(match[2]))
        elif match := _QSTRS.match(line):
            module.qstrs = self._entries(number, int(match[2]))
        elif match := _CONSTANT.match(line):
            self.constants[match[2]] = match[1]
            if length := _LENGTH.search(line):
                self.lengths[match[2]] = int(length[1])
        return match is not None

    def _entries(self, head: int, count: int) -> list[str]:
        return [e.strip().removesuffix(",") for e in self.lines[head + 1 : head + 1 + count]]

    def _take_attribute(self, line: str) -> None:
        if self._scope is None:
            return
        if _GENERATOR.match(line):
            self._scope.generator = True
        elif match := _KIND.match(line):
            self._scope.kind = match[1]
