"""Read what the body of a module does at import: what it imports, and what its globals are."""

import re
from dataclasses import dataclass, field

from tools.rom_objects.content import Instruction, Module
from tools.rom_objects.convert import Class, Converter, Function, constant, name_of


def symbol(made: Function | Class) -> str:
    """The C name of an object."""
    return made.symbol if isinstance(made, Class) else f"rom_fun_{made.scope.name}"


def pointer(name: str) -> str:
    """The C expression of mp_rom_obj_t for an object."""
    return f"MP_ROM_PTR(&{name})"


@dataclass
class Imported:
    """A name that comes from elsewhere: a module, or what a module has by that name."""

    module: str  # dotted
    name: str = ""


@dataclass
class Length:
    """The length of a constant."""

    of: "Value"


# A C expression, or what it takes to find it; None: not known.
Value = str | Imported | Length | None


@dataclass
class Body:
    """What the body of a module does."""

    plain: bool = True  # nothing but import and define
    stores: dict[str, list[Value]] = field(default_factory=dict)
    imports: list[str] = field(default_factory=list)  # dotted, in their order


class Reader:
    """Follows a body from its first instruction to its last."""

    def __init__(
        self, module: Module, converter: Converter, names: set[str], missing: bool
    ) -> None:
        """names: the modules there are; missing: what is not among them can't be imported."""
        self.body = Body()
        self._module = module
        self._names = names  # dotted, of all frozen modules
        self._stack: list[Value | tuple[str, ...]] = []
        replaced = converter.plans[module.name].replaced
        made = {part[0].line: symbol(m) for part, m in replaced}
        inside = {i.line for part, _ in replaced for i in part}
        body = _straight(module, names) if missing else module.body.body()
        jumps = any("JUMP" in i.name or "SETUP" in i.name for i in body)
        for instruction in body:
            if instruction.line in made:
                self._stack.append(pointer(made[instruction.line]))
            elif instruction.line not in inside:
                self._take(instruction)
        if jumps:  # a value may come from elsewhere than it seems
            for values in self.body.stores.values():
                values[:] = [v if is_made(v) else None for v in values]

    def _take(self, i: Instruction) -> None:
        value = constant(i, self._module)
        if value is not None:
            self._stack.append(value)
        elif i.name == "LOAD_CONST_STRING":
            self._stack.append(f"MP_ROM_QSTR({qstr_of(i, self._module)})")
        elif i.name == "LOAD_NAME":
            self._stack.append(self._loaded(name_of(i)))
        elif i.name in ("IMPORT_NAME", "IMPORT_FROM"):
            self._import(i)
        elif not self._take_from_stack(i) and i.name != "RETURN_VALUE":
            self._other(i)

    def _take_from_stack(self, i: Instruction) -> bool:
        """An instruction that takes something that is known; False: this isn't one."""
        if i.name == "BUILD_TUPLE" and len(self._stack) >= int(i.argument):
            count = int(i.argument)
            parts = tuple(str(v) for v in self._stack[len(self._stack) - count :])
            del self._stack[len(self._stack) - count :]
            self._stack.append(parts)
        elif i.name == "STORE_NAME" and self._stack:
            self.body.stores.setdefault(name_of(i), []).append(self._pop())
        elif i.name == "CALL_FUNCTION" and self._stack[-2:-1] == ["len"] and i.argument == "1":
            argument = self._pop()
            self._stack[-1] = Length(argument)
        elif i.name == "POP_TOP" and self._stack:
            self._stack.pop()
        else:
            return False
        return True

    def _pop(self) -> Value:
        value = self._stack.pop()
        return None if isinstance(value, tuple) else value

    def _other(self, i: Instruction) -> None:
        self.body.plain = False
        self._stack.clear()
        if i.name in ("STORE_NAME", "STORE_GLOBAL"):
            self.body.stores.setdefault(name_of(i), []).append(None)

    def _loaded(self, name: str) -> Value:
        stored = self.body.stores.get(name, [])
        if name == "len" and not stored:
            return name
        return stored[0] if len(stored) == 1 else None

    def _import(self, i: Instruction) -> None:
        if i.name == "IMPORT_FROM":
            source = self._stack[-1] if self._stack else None
            if isinstance(source, Imported):
                if f"{source.module}.{name_of(i)}" in self._names:
                    self.body.imports.append(f"{source.module}.{name_of(i)}")
                self._stack.append(Imported(source.module, name_of(i)))
            else:
                self._other(i)
            return
        if len(self._stack) < 2:
            self._other(i)
            return
        wanted = self._stack.pop()
        level = int(re.sub(r"\D", "", str(self._stack.pop())) or 0)
        name = absolute(self._module, level, name_of(i))
        self.body.imports.append(name)
        self._stack.append(Imported(name if wanted != "MP_ROM_NONE" else name.split(".")[0]))


# What follows the imports of `try: from x import y`, `except ImportError:`.
_EXCEPT = ["POP_EXCEPT_JUMP", "DUP_TOP", "LOAD_NAME", "BINARY_OP", "POP_JUMP_IF_FALSE", "POP_TOP"]


def _straight(module: Module, names: set[str]) -> list[Instruction]:
    """A body's instructions, with what will happen in the place of attempts to import."""
    body = module.body.body()
    out: list[Instruction] = []
    at = 0
    while at < len(body):
        end = _attempt(body, at)
        if end is None:
            out.append(body[at])
            at += 1
            continue
        handler = next(n for n in range(at, end) if body[n].name == "POP_EXCEPT_JUMP")
        imports = [name_of(i) for i in body[at:handler] if i.name == "IMPORT_NAME"]
        if all(name in names for name in imports):
            out += body[at + 1 : handler]
        else:
            out += body[handler + len(_EXCEPT) : end - 2]
        at = end
    return out


def _attempt(body: list[Instruction], at: int) -> int | None:
    """The end of `try: from x import y`, `except ImportError: ...` that begins at `at`."""
    if body[at].name != "SETUP_EXCEPT":
        return None
    inside = {"LOAD_CONST_SMALL_INT", "LOAD_CONST_STRING", "BUILD_TUPLE", "LOAD_CONST_NONE",
              "IMPORT_NAME", "IMPORT_FROM", "STORE_NAME", "POP_TOP"}  # fmt: skip
    handler = at + 1
    while handler < len(body) and body[handler].name in inside:
        handler += 1
    parts = body[handler : handler + len(_EXCEPT)]
    if [i.name for i in parts] != _EXCEPT or name_of(parts[2]) != "ImportError":
        return None
    end = handler + len(_EXCEPT)
    while end < len(body) and "JUMP" not in body[end].name and "SETUP" not in body[end].name:
        end += 1
    if [i.name for i in body[end : end + 2]] != ["POP_EXCEPT_JUMP", "END_FINALLY"]:
        return None
    return end + 2


def absolute(module: Module, level: int, name: str) -> str:
    """The full name of what `module` imports."""
    if not level:
        return name
    package = module.dotted.split(".")
    package = package[: len(package) - level + module.is_package]
    return ".".join([*package, *([name] if name else [])])


def qstr_of(instruction: Instruction, module: Module) -> str:
    index = 0
    for byte in instruction.code[1:]:
        index = index << 7 | int(byte, 16) & 0x7F
    return module.qstrs[index]


def is_made(value: Value) -> bool:
    return isinstance(value, str) and value.startswith(
        ("MP_ROM_PTR(&rom_fun", "MP_ROM_PTR(&rom_type")
    )
