"""Let functions name objects in ROM directly, instead of by a look-up in their module.

LOAD_GLOBAL of a function or class that is in ROM becomes LOAD_CONST_OBJ, of the same length. A
name that nobody looks up any more then needs no place in the module's dictionary: what was
imported from elsewhere, and
functions and classes that begin with an underscore.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from tools.rom_objects.content import Content, Instruction, Module, Scope
from tools.rom_objects.convert import Class, Converter, Function, Plan, name_of

_LOAD_CONST_OBJ = 0x23


def symbol(made: Function | Class) -> str:
    """The C name of an object."""
    return made.symbol if isinstance(made, Class) else f"rom_fun_{made.scope.name}"


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

    table: list[str]  # objects for the module's table of constants, behind its own
    loads: list[tuple[Instruction, int]] = field(
        default_factory=list
    )  # and the index that takes its place
    dropped: set[str] = field(default_factory=set)


class Resolver:
    def __init__(self, content: Content, converter: Converter) -> None:
        self._content = content
        self._converter = converter
        self._own = {name: self._defined(plan) for name, plan in converter.plans.items()}
        self._imported_by_others = set(converter.imports.values())
        self._attributes = {
            name_of(instruction)
            for module in content.modules
            for _, instruction in _instructions(module)
            if instruction.name in ("LOAD_ATTR", "LOAD_METHOD")
        }

    def names(self, plan: Plan) -> Names:
        """Resolve the names of a module."""
        module = plan.module
        own = self._own[module.name]
        found = dict(own)
        for (importer, name), (source, original) in self._converter.imports.items():
            if (
                importer == module.name
                and original in self._own[source]
                and self._stored_once(module, name)
            ):
                found[name] = self._own[source][original]
        names = Names([symbol(made) for _, made in plan.replaced])
        kept = self._load_all(module, found, names)
        if any(scope.kind != "MP_CODE_BYTECODE" for scope in module.scopes.values()):
            return names  # what machine code looks up is not to be seen here
        for name in found.keys() - kept:
            if name not in own or self._is_private(module, name):
                names.dropped.add(name)
        return names

    def stored_globals(self, module: Module) -> set[str]:
        """Names that the functions of a module store in it."""
        return {name_of(i) for _, i in _instructions(module) if i.name == "STORE_GLOBAL"}

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

    def _load_all(
        self, module: Module, found: dict[str, Function | Class], names: Names
    ) -> set[str]:
        """Replace what can be; the names that are still looked up."""
        kept = set()
        for _, instruction in _instructions(module):
            name = name_of(instruction)
            if name not in found:
                continue
            if instruction.name == "LOAD_GLOBAL":
                if not self._load(module, names, instruction, symbol(found[name])):
                    kept.add(name)
            elif (
                instruction.name == "LOAD_NAME"
                and not self._converter.is_converted(module, instruction)
                or instruction.name in ("STORE_GLOBAL", "DELETE_GLOBAL", "DELETE_NAME")
            ):
                kept.add(name)
        return kept

    def _load(self, module: Module, names: Names, instruction: Instruction, wanted: str) -> bool:
        if wanted not in names.table:
            names.table.append(wanted)
        index = module.table_size + names.table.index(wanted)
        if len(load(index)) > len(instruction.code):
            return False
        names.loads.append((instruction, index))
        return True

    def _defined(self, plan: Plan) -> dict[str, Function | Class]:
        """The functions and classes in ROM of a module that are stored to once, by name."""
        body = self._converter.module_scope(plan.module).body()
        defined = {}
        for instructions, made in plan.replaced:
            store = body[body.index(instructions[-1]) + 1]
            name = name_of(store)
            if store.name == "STORE_NAME" and self._stored_once(plan.module, name):
                defined[name] = made
        return defined

    def _stored_once(self, module: Module, name: str) -> bool:
        body = self._converter.module_scope(module).body()
        stores = sum(i.name == "STORE_NAME" and name_of(i) == name for i in body)
        return stores == 1 and not any(
            i.name in ("STORE_GLOBAL", "DELETE_GLOBAL") and name_of(i) == name
            for _, i in _instructions(module)
        )


def _instructions(module: Module) -> Iterator[tuple[Scope, Instruction]]:
    for scope in module.scopes.values():
        for instruction in scope.body():
            yield scope, instruction
