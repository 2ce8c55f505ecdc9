"""Turn what builds functions and classes at import into constants of the module's table.

MAKE_FUNCTION k, or LOAD_BUILD_CLASS ... CALL_FUNCTION, followed by STORE_NAME, becomes
LOAD_CONST_OBJ n: entry n of the module's table of constants is then a function object, or a type,
in ROM.
"""

from dataclasses import dataclass, field

from tools.rom_objects.content import Content, Instruction, Module, Scope

KINDS = {
    "MP_CODE_BYTECODE": ("mp_type_fun_bc", "mp_type_gen_wrap"),
}
# A class that has one of these wants what objtype.c keeps to itself: it stays as it is.
_PLAIN_SPECIALS = {
    "__init__", "__iter__", "__next__", "__call__", "__getattr__", "__str__", "__enter__",
    "__exit__", "__aenter__", "__aexit__", "__anext__", "__aiter__", "__await__",
}  # fmt: skip

# Parents in C that a class may have.
_NATIVE = {
    name: f"mp_type_{name}" for name in ("BaseException", "Exception", "OSError", "ValueError")
}


@dataclass
class Function:
    scope: Scope
    defaults: list[str]  # C expressions of mp_rom_obj_t


@dataclass
class Property:
    getter: Function


Member = Function | Property | str  # what a class has: a str is the C expression of a constant


@dataclass
class Class:
    module: Module
    name: str
    scope: Scope
    entries: list[tuple[str, Member]]  # attribute, and what it is
    parent: "Class | None" = None
    native: str = ""  # C name of a parent that is MicroPython's own

    @property
    def symbol(self) -> str:
        return f"rom_type_{self.scope.name}"

    @property
    def has_properties(self) -> bool:
        """Of its own or inherited."""
        own = any(isinstance(value, Property) for _, value in self.entries)
        return own or (self.parent is not None and self.parent.has_properties)

    @property
    def is_native(self) -> bool:
        """It has a parent in C, if only its parent's."""
        return bool(self.native) or (self.parent is not None and self.parent.is_native)

    def has(self, attribute: str) -> bool:
        if any(name == attribute for name, _ in self.entries):
            return True
        return self.parent is not None and self.parent.has(attribute)


@dataclass
class Plan:
    """What is converted in one module: instructions, and what takes their place."""

    module: Module
    replaced: list[tuple[list[Instruction], "Function | Class"]] = field(default_factory=list)


def _child(scope: Scope, module: Module, instruction: Instruction) -> Scope | None:
    index = int(instruction.argument)
    if index >= len(scope.children):
        return None
    return module.scopes.get(scope.children[index])


def name_of(instruction: Instruction) -> str:
    """The name that an instruction is about."""
    return instruction.argument.strip("'")


def constant(instruction: Instruction, module: Module) -> str | None:
    """The C expression for a constant that an instruction loads."""
    match instruction.name:
        case "LOAD_CONST_OBJ":
            return module.table[int(instruction.argument)]
        case "LOAD_CONST_SMALL_INT":
            return f"MP_ROM_INT({instruction.argument})"
        case "LOAD_CONST_NONE":
            return "MP_ROM_NONE"
        case "LOAD_CONST_FALSE":
            return "MP_ROM_FALSE"
        case "LOAD_CONST_TRUE":
            return "MP_ROM_TRUE"
    return None


def _defaults(before: list[Instruction], module: Module) -> tuple[int, list[str]] | None:
    """Of `LOAD_CONST... BUILD_TUPLE n, LOAD_NULL` before MAKE_FUNCTION_DEFARGS: length, values."""
    if len(before) < 3 or before[-1].name != "LOAD_NULL" or before[-2].name != "BUILD_TUPLE":
        return None
    count = int(before[-2].argument)
    values = [constant(i, module) for i in before[-2 - count : -2]]
    if len(values) != count or any(v is None for v in values):
        return None
    return count + 2, [v for v in values if v]


def _function(
    body: list[Instruction], at: int, scope: Scope, module: Module
) -> tuple[int, Function] | None:
    """A function made by the instruction `at`: the first instruction of it, and the function."""
    instruction = body[at]
    if instruction.name not in ("MAKE_FUNCTION", "MAKE_FUNCTION_DEFARGS"):
        return None
    child = _child(scope, module, instruction)
    if child is None or child.kind not in KINDS:
        return None
    if instruction.name == "MAKE_FUNCTION":
        return at, Function(child, [])
    found = _defaults(body[:at], module)
    return None if found is None else (at - found[0], Function(child, found[1]))


def _entries(scope: Scope, module: Module) -> list[tuple[str, Member]] | None:
    """What a class body defines; None: more than functions and constants."""
    body = scope.body()
    skeleton = ["LOAD_NAME", "STORE_NAME", "LOAD_CONST_STRING", "STORE_NAME"]
    if [i.name for i in body[:4]] != skeleton or [i.name for i in body[-2:]] != [
        "LOAD_CONST_NONE",
        "RETURN_VALUE",
    ]:
        return None
    entries: list[tuple[str, Member]] = []
    start = 4
    for at in range(4, len(body) - 2):
        if body[at].name != "STORE_NAME":
            continue
        value = _value(body, start, at - 1, scope, module)
        name = name_of(body[at])
        if value is None or (name.startswith("__") and name not in _PLAIN_SPECIALS):
            return None
        entries.append((name, value))
        start = at + 1
    return entries if start == len(body) - 2 else None


def _value(
    body: list[Instruction], start: int, last: int, scope: Scope, module: Module
) -> Member | None:
    """What the instructions start..last of a class body leave to be stored."""
    is_property = body[last].name == "CALL_FUNCTION" and name_of(body[start]) == "property"
    found = _function(body, last - is_property, scope, module)
    if found is not None:
        first, made = found
        if is_property:
            return Property(made) if first == start + 1 else None
        return made if first == start else None
    return constant(body[last], module) if start == last else None


def _bases(body: list[Instruction]) -> list[Instruction]:
    """The instructions that load the parents of classes."""
    found = []
    for at, instruction in enumerate(body):
        if instruction.name == "LOAD_BUILD_CLASS":
            start = end = at + 3  # behind MAKE_FUNCTION and the class's name
            while body[end].name != "CALL_FUNCTION":
                end += 1
            found += [i for i in body[start:end] if i.name == "LOAD_NAME"]
    return found


class Converter:
    """Finds all that can be converted in a Content."""

    def __init__(self, content: Content) -> None:
        self._content = content
        self.plans = {m.name: Plan(m) for m in content.modules}
        self._by_dotted = {m.dotted: m for m in content.modules}
        self._classes: dict[tuple[str, str], Class] = {}  # by module and name
        self.imports: dict[tuple[str, str], tuple[str, str]] = {}
        for module in content.modules:
            self._read_imports(module)
        # A package gets its modules as names, which nobody can count, and main.py is executed
        # as __main__: they stay as they are.
        modules = [m for m in content.modules if not m.is_package and m.file != "main.py"]
        for module in modules:
            self._find(module, self._find_function)
        changed = True
        while changed:  # a class can only be converted after its parent
            before = len(self._classes)
            for module in modules:
                self._find(module, self._find_class)
            changed = len(self._classes) > before
        self._drop_parents_of_others()

    def _read_imports(self, module: Module) -> None:
        source = ""
        name = ""
        for i in module.body.body():
            if i.name == "IMPORT_NAME":
                source = name_of(i)
            elif i.name == "IMPORT_FROM":
                name = name_of(i)
            elif i.name == "STORE_NAME" and name:
                if source in self._by_dotted:
                    self.imports[module.name, name_of(i)] = (self._by_dotted[source].name, name)
                name = ""

    def _find(self, module: Module, find) -> None:
        scope = module.body
        body = scope.body()
        for at in range(1, len(body)):
            if body[at].name == "STORE_NAME":
                find(module, scope, body, at)

    def _find_function(
        self, module: Module, scope: Scope, body: list[Instruction], at: int
    ) -> None:
        found = _function(body, at - 1, scope, module)
        if found is not None:
            self.plans[module.name].replaced.append((body[found[0] : at], found[1]))

    def _find_class(self, module: Module, scope: Scope, body: list[Instruction], at: int) -> None:
        name = name_of(body[at])
        if (module.name, name) in self._classes or body[at - 1].name != "CALL_FUNCTION":
            return
        count = int(body[at - 1].argument)
        start = at - 2 - count
        parts = body[start : at - 1]
        if start < 0 or count not in (2, 3) or [i.name for i in parts[:3]] != [
            "LOAD_BUILD_CLASS", "MAKE_FUNCTION", "LOAD_CONST_STRING"]:  # fmt: skip
            return
        child = _child(scope, module, parts[1])
        entries = (
            None if child is None or child.kind != "MP_CODE_BYTECODE" else _entries(child, module)
        )
        if entries is None or child is None:
            return
        made = Class(module, name, child, entries)
        if count == 3:
            base = name_of(parts[3])
            key = self.imports.get((module.name, base), (module.name, base))
            if parts[3].name != "LOAD_NAME":
                return
            made.native = "" if self._is_stored(module, base) else _NATIVE.get(base, "")
            if not made.native and key not in self._classes:
                return
            made.parent = self._classes.get(key)
            if made.is_native and made.has("__init__"):
                return  # it would want super()
        self._classes[module.name, name] = made
        self.plans[module.name].replaced.append((body[start:at], made))

    def _is_stored(self, module: Module, name: str) -> bool:
        return any(i.name == "STORE_NAME" and name_of(i) == name for i in module.body.body())

    def _drop_parents_of_others(self) -> None:
        """A class made at run time writes to its parent: such a parent stays on the heap, and so
        do its others.
        """
        again = True
        while again:
            again = False
            for module in self._content.modules:
                for i in _bases(module.body.body()):
                    again |= self._drop_if_parent(module, i)

    def _drop_if_parent(self, module: Module, load: Instruction) -> bool:
        name = name_of(load)
        key = self.imports.get((module.name, name), (module.name, name))
        found = self._classes.get(key)
        if found is None or self.is_converted(module, load):
            return False
        del self._classes[key]
        plan = self.plans[found.module.name]
        plan.replaced = [r for r in plan.replaced if r[1] is not found]
        return True

    def is_converted(self, module: Module, instruction: Instruction) -> bool:
        return any(instruction in range_ for range_, _ in self.plans[module.name].replaced)
