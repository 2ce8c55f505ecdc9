"""What frozen_content.c says of names, and frozen_content.c with other names.

mpy-tool.py comments every instruction with its name; that, and the names of its C objects, is all
that is relied on (as in tools/rom_objects, which has been at work here before).
"""

import re
from dataclasses import dataclass, field

from tools.names.micropython import Name, text_of
from tools.names.prelude import PreludeError, without_names
from tools.names.shared import REACH, joined
from tools.names.sources import NamesError

_MODULE = re.compile(r"^// frozen module (\w+)$")
_FILE = re.compile(r"^// - frozen file name: (\S+)$")
_NATIVE = "// frozen native code for file "
_CODE = re.compile(r"^    ((?:0x[0-9a-f]{2},)+) // (names:|[A-Z_]+\b)(.*)$")
_PRELUDE = re.compile(r"^    ((?:0x[0-9a-f]{2},)+) // prelude$")
_DATA = re.compile(r"^(static const byte fun_data_\w+)\[(\d+)\](.*)$")
_TABLE = re.compile(r"^static const qstr_short_t const_qstr_table_data_(\w+)\[(\d+)\] = \{$")
_OBJECTS = re.compile(r"^static const mp_rom_obj_t const_obj_table_data_(\w+)\[(\d+)\] = \{$")
_TEXT = re.compile(
    r"^static const mp_obj_str_t (\w+) ="
    r' \{\{&mp_type_str\}, \d+, \d+, \(const byte\*\)("[^"]*")\};$'
)
_KEY = re.compile(r"\{ MP_ROM_QSTR\((\w+)\), ")
_VALUE = re.compile(r"MP_ROM_QSTR\((\w+)\)")
_IDENTIFIER = re.compile(r"\bMP_QSTR_\w+")
# Opcodes with a name (py/bc0.h): 0x10 LOAD_CONST_STRING to 0x1c IMPORT_FROM.
_FIRST, _LAST = 0x10, 0x1C
_LOAD_CONST_STRING = 0x10
_LOAD_CONST_OBJ = 0x23


def djb2(text: bytes) -> int:
    """The hash of a text, of one byte (qstr_compute_hash())."""
    value = 5381
    for byte in text:
        value = (value * 33) ^ byte
    return value & 0xFF or 1


def decoded(code: list[str]) -> tuple[int, int]:
    """A number as bytecode writes it, and of how many bytes it is."""
    value = 0
    for size, byte in enumerate(code, 1):
        value = value << 7 | int(byte, 16) & 0x7F
        if int(byte, 16) < 0x80:
            return value, size
    raise ValueError(code)


def encoded(value: int, size: int) -> list[str]:
    """A number as bytecode writes it, in `size` bytes."""
    groups: list[int] = []
    for _ in range(size):
        groups.append(value & 0x7F | (0x80 if groups else 0))
        value >>= 7
    assert value == 0
    return [f"0x{group:02x}" for group in reversed(groups)]


@dataclass
class _Module:
    """Lines of one frozen module."""

    name: str
    file: str = ""
    is_native: bool = False
    code: list[int] = field(default_factory=list)  # lines of instructions with names
    heads: list[int] = field(default_factory=list)  # lines of functions' and arguments' names
    table_at: int = -1  # line of the head of its table of names
    table: list[str] = field(default_factory=list)
    loads: list[int] = field(default_factory=list)  # lines of instructions with constants
    objects_at: int = -1  # line of the head of its table of constants
    objects: list[str] = field(default_factory=list)


class Content:
    """The text of frozen_content.c.

    Attributes:
        names: what mpy-tool.py has added to MicroPython's names.
        modules: in the order of the file.
    """

    def __init__(self, text: str, path: object = "frozen_content.c") -> None:
        self.path = path
        self._array: list[str] = []  # names_of_modules
        self._objects: list[str] = []  # constants_of_modules
        self._read(text)

    def _read(self, text: str) -> None:
        self.lines = text.split("\n")
        self.names: list[Name] = []
        self.modules: list[_Module] = []
        self._pool: range = range(0)  # lines that the new tables take the place of
        self._read_pool()
        for at in range(self._pool.stop, len(self.lines)):
            self._take(at, self.lines[at])

    def _read_pool(self) -> None:
        lines = self.lines
        first = self._line("enum {", 0) if "enum {" in lines else -1
        hashes = self._line("const qstr_hash_t mp_qstr_frozen_const_hashes[] = {", 0)
        pool = self._line("const qstr_pool_t mp_qstr_frozen_const_pool = {", hashes)
        texts = self._line("    {", pool) + 1
        end = self._line("};", pool)
        for at in range(texts, self._line("    },", texts)):
            number = at - texts
            identifier = lines[first + 1 + number].split()[0].rstrip(",")
            hash_ = int(lines[hashes + 1 + number].strip(" ,"))
            self.names.append(Name(identifier, hash_, text_of(lines[at].strip(" ,"))))
        self._pool = range(first if first >= 0 else hashes, end + 1)

    def _line(self, wanted: str, start: int) -> int:
        try:
            return self.lines.index(wanted, start)
        except ValueError:
            raise NamesError(self.path, start + 1, f"no line {wanted!r} behind here") from None

    def _take(self, at: int, line: str) -> None:
        if match := _MODULE.match(line):
            self.modules.append(_Module(match[1]))
        if not self.modules:
            return
        module = self.modules[-1]
        if match := _FILE.match(line):
            module.file = match[1]
        elif line.startswith(_NATIVE):
            module.is_native = True
        elif match := _CODE.match(line):
            self._take_code(module, at, match)
        elif match := _TABLE.match(line):
            module.table_at = at
            module.table = self._entries(at, int(match[2]))
        elif match := _OBJECTS.match(line):
            module.objects_at = at
            module.objects = self._entries(at, int(match[2]))

    def _take_code(self, module: _Module, at: int, match: re.Match[str]) -> None:
        opcode = int(match[1][:4], 16)
        if match[2] == "names:":
            module.heads.append(at)
        elif _FIRST <= opcode <= _LAST:
            module.code.append(at)
        elif opcode == _LOAD_CONST_OBJ:
            module.loads.append(at)

    def _entries(self, head: int, count: int) -> list[str]:
        return [line.strip().removesuffix(",") for line in self.lines[head + 1 : head + 1 + count]]

    def _bytes(self, at: int) -> list[str]:
        match = _CODE.match(self.lines[at])
        assert match
        return match[1].rstrip(",").split(",")

    def _write_bytes(self, at: int, code: list[str]) -> None:
        match = _CODE.match(self.lines[at])
        assert match
        self.lines[at] = f"    {','.join(code)}, // {match[2]}{match[3]}"

    def strings(self) -> set[str]:
        """Identifiers of names that stand as a value in the program: texts, and as mpy-tool.py
        has it also keywords of calls, and what is imported.
        """
        found = set()
        for module in self.modules:
            for at in module.code:
                code = self._bytes(at)
                if int(code[0], 16) == _LOAD_CONST_STRING:
                    found.add(module.table[decoded(code[1:])[0]])
        for line in self.lines[self._pool.stop :]:
            if "MP_ROM_QSTR(" in line:
                found.update(_VALUE.findall(_KEY.sub("", line)))
            if match := re.match(r"^ +\.name = (MP_QSTR_\w+),", line):
                found.add(match[1])  # of a class
        return found

    def used(self) -> set[str]:
        """Identifiers of all names."""
        found = set(self._array).union(*map(_IDENTIFIER.findall, self._objects))
        for line in self.lines[self._pool.stop :]:
            found.update(_IDENTIFIER.findall(line))
        return found

    def share_texts(self, taken: list[Name]) -> list[Name]:
        """Make string objects, of 16 bytes and a text each, into names; the new ones."""
        known = {name.text: name.identifier for name in taken}
        new: list[Name] = []
        objects = {}
        kept = []
        for at, line in enumerate(self.lines):
            match = _TEXT.match(line)
            if match is None or b"\0" in (text := text_of(match[2])):
                kept.append(at)
                continue
            if text not in known:
                known[text] = f"MP_QSTR_text_{len(new)}_"
                new.append(Name(known[text], djb2(text), text))
            objects[match[1]] = known[text]
        reference = re.compile(r"MP_ROM_PTR\(&(const_obj_\w+)\)")

        def as_name(match: re.Match[str]) -> str:
            name = objects.get(match[1])
            return f"MP_ROM_QSTR({name})" if name else match[0]

        self._read("\n".join(reference.sub(as_name, self.lines[at]) for at in kept))
        return new

    def shrink_tables(self, keywords: set[str], modules: dict[str, str]) -> None:
        """Let files and functions go by their module's name, at the head of each table, leave
        out the names of arguments, take out of the tables what nobody names any more, and put
        them into one array.

        Args:
            keywords: identifiers of arguments that calls name.
            modules: by file the identifier of its module's name.
        """
        for module in self.modules:
            if module.table:
                module.table[0] = modules[module.file]
                self.lines[module.table_at + 1] = f"    {module.table[0]},"
            if module.is_native or not module.table:
                continue  # machine code may use any entry
            for at in module.heads:
                self._rename_head(module, at, keywords)
            self._shrink(module)
        self._join_tables()
        for module in self.modules:
            if module.is_native or not module.table:
                continue
            others = [i for i, n in enumerate(module.table[:REACH]) if n not in keywords]
            for at in module.heads:
                self._shorten_head(at, max(others, default=0))

    def _shorten_head(self, at: int, other: int) -> None:
        """Take the names that nobody looks up out of a function's head, which may shorten it."""
        data, prelude = _DATA.match(self.lines[at - 2]), _PRELUDE.match(self.lines[at - 1])
        if data is None or prelude is None:
            raise NamesError(self.path, at + 1, "no head of a function before its names")
        old = [int(byte, 16) for byte in prelude[1].rstrip(",").split(",")]
        code = self._bytes(at)
        names, start = [], 0
        for _, size in _numbers(code):
            names.append([int(byte, 16) for byte in code[start : start + size]])
            start += size
        try:
            new, short = without_names(old, names, other)
        except PreludeError as error:
            raise NamesError(self.path, at, f"a function's head: {error}") from None
        size = int(data[2]) + len(new) + len(short) - len(old) - len(code)
        self.lines[at - 2] = f"{data[1]}[{size}]{data[3]}"
        self.lines[at - 1] = f"    {''.join(f'0x{byte:02x},' for byte in new)} // prelude"
        self._write_bytes(at, [f"0x{byte:02x}" for byte in short])

    def _rename_head(self, module: _Module, at: int, keywords: set[str]) -> None:
        rest = self._bytes(at)
        code: list[str] = []
        while rest:
            index, size = decoded(rest)
            if not code or module.table[index] not in keywords:
                index = 0
            code += encoded(index, size)
            rest = rest[size:]
        self._write_bytes(at, code)

    def _shrink(self, module: _Module) -> None:
        used = {0}
        for at in module.heads:
            used |= {index for index, _ in _numbers(self._bytes(at))}
        used |= {decoded(self._bytes(at)[1:])[0] for at in module.code}
        self._renumber(module, {old: index for index, old in enumerate(sorted(used))})
        head = module.table_at
        self.lines[head] = re.sub(r"\[\d+\]", f"[{len(used)}]", self.lines[head])
        for index in range(len(module.table)):
            if index not in used:
                self.lines[head + 1 + index] = ""
        module.table = [module.table[index] for index in sorted(used)]

    def _renumber(self, module: _Module, new: dict[int, int]) -> None:
        """Give names other numbers: `new` by the old ones, and no longer in bytecode."""
        for at in module.heads:
            code = [c for i, size in _numbers(self._bytes(at)) for c in encoded(new[i], size)]
            self._write_bytes(at, code)
        self._renumber_code(module.code, new)

    def _renumber_code(self, lines: list[int], new: dict[int, int]) -> None:
        for at in lines:
            code = self._bytes(at)
            index, size = decoded(code[1:])
            code[1 : 1 + size] = encoded(new[index], size)
            self._write_bytes(at, code)

    def _join_tables(self) -> None:
        """Put the tables of modules into one array; each goes on to the end of it.

        Those stay as they are that machine code uses, or that are too long.
        """
        modules = [m for m in self.modules if m.table and not m.is_native]
        modules = [m for m in modules if len(m.table) <= REACH]
        array, places = joined({module.name: module.table for module in modules}, 1)
        for module in modules:
            table = array[places[module.name] :]
            self._renumber(module, {0: 0} | {
                old: table.index(name) for old, name in enumerate(module.table) if old
            })
            module.table = table
            place = f"names_of_modules[{places[module.name]}]"
            self._cut(module.table_at, f"#define const_qstr_table_data_{module.name} {place}")
        self._array = array

    def join_constants(self) -> None:
        """Put the tables of constants of modules into one array, as those of names."""
        modules = [m for m in self.modules if m.objects and not m.is_native]
        modules = [m for m in modules if len(m.objects) <= REACH]
        array, places = joined({module.name: module.objects for module in modules})
        for module in modules:
            table = array[places[module.name] :]
            self._renumber_code(
                module.loads, {old: table.index(entry) for old, entry in enumerate(module.objects)}
            )
            place = f"constants_of_modules[{places[module.name]}]"
            self._cut(module.objects_at, f"#define const_obj_table_data_{module.name} {place}")
        self._objects = array

    def _cut(self, head: int, instead: str) -> None:
        """Take out a definition."""
        for at in range(head, self.lines.index("};", head) + 1):
            self.lines[at] = ""
        self.lines[head] = instead

    def with_names(self, tables: list[str]) -> str:
        """The text, with `tables` in the place of mpy-tool.py's."""
        before, after = self.lines[: self._pool.start], self.lines[self._pool.stop :]
        if self._array:
            names = f"static const qstr_short_t names_of_modules[{len(self._array)}]"
            tables = [*tables, f"{names} = {{", *(f"    {name}," for name in self._array), "};"]
        if self._objects:
            objects = f"static const mp_rom_obj_t constants_of_modules[{len(self._objects)}]"
            tables = [*tables, f"{objects};"]
            after = [*after, f"{objects} = {{", *(f"    {o}," for o in self._objects), "};", ""]
        return "\n".join([*before, *tables, *after])


def _numbers(code: list[str]) -> list[tuple[int, int]]:
    """Numbers one behind the other, each with its size in bytes."""
    numbers = []
    while code:
        numbers.append(decoded(code))
        code = code[numbers[-1][1] :]
    return numbers
