"""Let functions name objects in ROM directly, instead of by a look-up in their module.

LOAD_GLOBAL of what link.py knows becomes LOAD_CONST_OBJ, of the same length. A name that nobody
looks up any more then needs no place in the module's dictionary: what was imported from
elsewhere, and functions and classes that begin with an underscore; in a static module of an image
that executes no scripts (`closed`) every such name.
"""

from dataclasses import dataclass, field

from tools.rom_objects.body import is_made, pointer, symbol
from tools.rom_objects.content import Content, Instruction, Module
from tools.rom_objects.convert import Converter, Plan, name_of
from tools.rom_objects.link import Linker, instructions

_LOAD_CONST_OBJ = 0x23


def vuint(value: int, size: int = 1) -> list[str]:
    """A number as MicroPython's bytecode writes it, in at least `size` bytes."""
    groups = [value & 0x7F]
    while (value := value >> 7) or len(groups) < size:
        groups.append(value & 0x7F | 0x80)
    return [f"0x{g:02x}" for g in reversed(groups)]


def load(index: int, size: int = 1) -> list[str]:
    """LOAD_CONST_OBJ, its index in at least `size` bytes."""
    return [f"0x{_LOAD_CONST_OBJ:02x}", *vuint(index, size)]


@dataclass
class Names:
    """What becomes of the names of one module."""

    table: list[str]  # entries for the module's table of constants, behind its own
    loads: list[tuple[Instruction, int]] = field(
        default_factory=list
    )  # and the index that takes its place
    kept: set[str] = field(default_factory=set)  # looked up by the module's own functions
    dropped: set[str] = field(default_factory=set)


class Resolver:
    def __init__(
        self, content: Content, converter: Converter, linker: Linker, closed: bool
    ) -> None:
        self._converter = converter
        self._linker = linker
        self._closed = closed
        # What is left to be executed.
        scopes = [s for m in content.modules for s in m.functions]
        for module in content.modules:
            if module.dotted not in linker.static:
                scopes.append(module.body)
        left = [i for _, i in instructions(scopes)]
        self._attributes = {name_of(i) for i in left if i.name in ("LOAD_ATTR", "LOAD_METHOD")}
        self.imported = {name_of(i) for i in left if i.name == "IMPORT_FROM"}
        self.import_names = {name_of(i) for i in left if i.name == "IMPORT_NAME"}
        self._imported_by_others = set(converter.imports.values())

    def names(self, plan: Plan) -> Names:
        """Resolve the names of a module."""
        module = plan.module
        static = module.dotted in self._linker.static
        names = Names([] if static else [pointer(symbol(made)) for _, made in plan.replaced])
        values = {
            name: value
            for name in self._linker.bodies[module.dotted].stores
            if (value := self._linker.value(module.dotted, name)) is not None
        }
        self._load_all(module, values, names)
        if module.has_machine_code:
            return names  # what machine code looks up is not to be seen here
        own = {symbol(made) for _, made in plan.replaced}
        for name in values.keys() - names.kept:
            mine = values[name].removeprefix("MP_ROM_PTR(&").removesuffix(")") in own
            if is_made(values[name]) and (not mine or self._is_private(module, name)):
                names.dropped.add(name)
        return names

    def listed(self, module: Module, names: Names) -> dict[str, str]:
        """The globals of a static module that somebody may look up, and their values."""
        found = {}
        for name in self._linker.bodies[module.dotted].stores:
            value = self._linker.value(module.dotted, name)
            if value is None or name in names.dropped:
                continue
            wanted = (
                not self._closed
                or module.has_machine_code
                or name in names.kept
                or self.is_attribute(name)
            )
            if wanted:
                found[name] = value
        return found

    def is_attribute(self, name: str) -> bool:
        """Some code asks a module or another object for a name."""
        return name in self._attributes or name in self.imported

    def stored_globals(self, module: Module) -> set[str]:
        """Names that the functions of a module store in it."""
        scopes = list(module.scopes.values())
        return {name_of(i) for _, i in instructions(scopes) if i.name == "STORE_GLOBAL"}

    def _is_private(self, module: Module, name: str) -> bool:
        """Nobody else can want it: it begins with one underscore, and no module has or imports
        that name.
        """
        return (
            name.startswith("_")
            and not name.startswith("__")
            and name not in self._attributes
            and (module.name, name) not in self._imported_by_others
        )

    def _load_all(self, module: Module, values: dict[str, str], names: Names) -> None:
        """Replace what can be; note the names that are still looked up."""
        static = module.dotted in self._linker.static
        for scope, instruction in instructions(list(module.scopes.values())):
            name = name_of(instruction)
            if name not in values or (static and scope is module.body):
                continue
            if instruction.name == "LOAD_GLOBAL":
                if not self._load(module, names, instruction, values[name]):
                    names.kept.add(name)
            elif (
                instruction.name == "LOAD_NAME"
                and not self._converter.is_converted(module, instruction)
                or instruction.name in ("STORE_GLOBAL", "DELETE_GLOBAL", "DELETE_NAME")
            ):
                names.kept.add(name)

    def _load(self, module: Module, names: Names, instruction: Instruction, wanted: str) -> bool:
        table = [*module.table, *names.table]
        index = table.index(wanted) if wanted in table else len(table)
        if len(load(index)) > len(instruction.code):
            return False
        if index == len(table):
            names.table.append(wanted)
        names.loads.append((instruction, index))
        return True
