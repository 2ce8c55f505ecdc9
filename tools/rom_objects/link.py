"""Find what the globals of modules are, and which modules need no execution at import.

A module whose body only imports and defines, and whose globals never change, is *static*: all of
it is known at build time. What else a body does is done at import, as ever. A static module still
*needs* the others that it imports: their bodies are executed when it is imported.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from tools.rom_objects.body import Imported, Length, Reader, Value, pointer
from tools.rom_objects.content import Content, Instruction, Module, Scope
from tools.rom_objects.convert import Converter, name_of

_REGISTERED = re.compile(r"MP_REGISTER(?:_EXTENSIBLE)?_MODULE\(MP_QSTR_(\w+), (\w+)\)")
_ENTRY = re.compile(r"\{ ?MP_ROM_QSTR\(MP_QSTR_(\w+)\), MP_ROM_PTR\(&(\w+)\) ?\}")
_DEFINED = re.compile(r"\{ MP_ROM_QSTR\(MP_QSTR_(\w+)\), MP_ROM_PTR\(&(\w+)\) \}")
# These want to be told of their import (MICROPY_MODULE_BUILTIN_INIT).
_WITH_INIT = {"bluetooth", "network", "random"}
_MAIN = "main"  # executed as __main__, too
# Executed by the compiler, whatever asks for it at run time: nobody misses it.
_COMPILE_TIME = {"const"}
_LOADS = {"LOAD_GLOBAL", "LOAD_NAME"}
_CHANGES = {"STORE_GLOBAL", "DELETE_GLOBAL", "DELETE_NAME"}


def c_modules(build: Path, native: Path) -> dict[str, str]:
    """C names of modules in C, and of what our own have, under `module.name`.

    Args:
        build: where the build has its genhdr/.
        native: the folder of folders with our own module.c; whose objects are not static if their
            names begin with that of the module.
    """
    found: dict[str, str] = {}
    for file, pattern in (("moduledefs.h", _DEFINED), ("qstr.i.last", _REGISTERED)):
        path = build / "genhdr" / file
        if path.exists():
            found |= dict(pattern.findall(path.read_text(errors="replace")))
    found = {name: c_name for name, c_name in found.items() if name not in _WITH_INIT}
    for path in sorted(native.glob("*/module.c")):
        text = path.read_text()
        for module, _ in _REGISTERED.findall(text):
            for name, c_name in _ENTRY.findall(text):
                if module in found and c_name.startswith(module + "_"):
                    found[f"{module}.{name}"] = c_name
    return found


def instructions(scopes: list[Scope]) -> Iterator[tuple[Scope, Instruction]]:
    for scope in scopes:
        for instruction in scope.body():
            yield scope, instruction


class Linker:
    """What is known of the modules of a Content.

    Args:
        built_in: modules in C and their C names, as c_modules() has them
        closed: there are no modules in files
    """

    def __init__(
        self,
        content: Content,
        converter: Converter,
        built_in: dict[str, str],
        closed: bool = False,
    ) -> None:
        self._lengths = content.lengths
        self.modules = {m.dotted: m for m in content.modules}
        self._built_in = built_in
        self._converter = converter
        self.packages = self._namespaces()
        names = {*self.modules, *self.packages, *built_in}
        self.bodies = {m.dotted: Reader(m, converter, names, closed).body for m in content.modules}
        self.c_objects_used: dict[str, str] = {}  # C names, and base or module: what they are
        self._attributes = set()
        self._imported_names = set()
        for module in content.modules:
            for _, i in instructions(list(module.scopes.values())):
                if i.name in ("LOAD_ATTR", "LOAD_METHOD"):
                    self._attributes.add(name_of(i))
                elif i.name == "IMPORT_FROM":
                    self._imported_names.add(name_of(i))
        self._changing = {m.dotted: self._changed_inside(m) for m in content.modules}
        for module in content.modules:
            for scope in module.scopes.values():
                self._find_changes_outside(module, scope)
        self.static = {m.dotted for m in content.modules if self._is_static(m)}

    def _namespaces(self) -> dict[str, list[str]]:
        """Packages without a module of their own, and the last names of what they hold."""
        packages: dict[str, list[str]] = {}
        for dotted in self.modules:
            parts = dotted.split(".")
            for n in range(len(parts) - 1, 0, -1):
                package = ".".join(parts[:n])
                held = packages.setdefault(package, [])
                if parts[n] not in held:
                    held.append(parts[n])
        return {p: held for p, held in packages.items() if p not in self.modules}

    def value(self, dotted: str, name: str, seen: frozenset = frozenset()) -> str | None:
        """The C expression of a global; None: it changes, or it isn't known at build time."""
        if (dotted, name) in seen:
            return None
        if dotted in self.packages:
            held = name in self.packages[dotted]
            return self._module_value(f"{dotted}.{name}") if held else None
        if dotted in self._built_in:
            return self._module_value(f"{dotted}.{name}")
        stores = self.bodies[dotted].stores.get(name, []) if dotted in self.bodies else []
        if len(stores) == 1 and name not in self._changing[dotted]:
            return self._resolve(stores[0], seen | {(dotted, name)})
        if not stores and f"{dotted}.{name}" in self.modules:
            return self._module_value(f"{dotted}.{name}")  # a module of a package
        return None

    def _resolve(self, value: Value, seen: frozenset) -> str | None:
        if isinstance(value, Length):
            length = self._lengths.get((self._resolve(value.of, seen) or "")[12:-1])
            return None if length is None else f"MP_ROM_INT({length})"
        if not isinstance(value, Imported):
            return value if value != "len" else None
        if value.name:
            return self.value(value.module, value.name, seen)
        return self._module_value(value.module)

    def _module_value(self, dotted: str) -> str | None:
        if dotted in self.modules:
            return pointer(context(self.modules[dotted].name))
        if dotted in self.packages:
            return pointer(context(dotted.replace(".", "_")))
        if dotted in self._built_in:
            self.c_objects_used[self._built_in[dotted]] = "base" if "." in dotted else "module"
            return pointer(self._built_in[dotted])
        return None

    def module_of(self, dotted: str, name: str) -> str:
        """The module that a global of a module is; empty: none."""
        stores = self.bodies[dotted].stores.get(name, [])
        found = ""
        for value in stores:
            if isinstance(value, Imported):
                found = f"{value.module}.{value.name}" if value.name else value.module
        return found if found in self.modules else ""

    def _changed_inside(self, module: Module) -> set[str]:
        return {name_of(i) for _, i in instructions(module.functions) if i.name in _CHANGES}

    def _find_changes_outside(self, module: Module, scope: Scope) -> None:
        """`module.name = value`, whether the module is a global, a local or an attribute."""
        body = scope.body()
        local: dict[str, str] = {}  # number of a local variable: last name of a module in it
        for at, i in enumerate(body):
            if i.name == "STORE_FAST" and body[at - 1].name in ("IMPORT_FROM", "IMPORT_NAME"):
                local[i.argument] = name_of(body[at - 1]).rpartition(".")[2]
            if i.name != "STORE_ATTR":
                continue
            before = body[at - 1]
            if before.name == "ROT_TWO":  # `module.name += value`
                pair = [n for n in range(at - 2) if body[n + 1].name == "DUP_TOP"]
                before = body[pair[-1]] if pair else before
            if before.name in _LOADS:
                owner = self.module_of(module.dotted, name_of(before)).rpartition(".")[2]
            elif before.name == "LOAD_ATTR":
                owner = name_of(before)
            else:
                owner = local.get(before.argument, "") if before.name == "LOAD_FAST" else ""
            for dotted in self.modules:
                same = owner and dotted.rpartition(".")[2] == owner
                if same and name_of(i) in self.bodies[dotted].stores:
                    self._changing[dotted].add(name_of(i))

    def _is_static(self, module: Module) -> bool:
        body = self.bodies[module.dotted]
        if module.is_package or module.dotted == _MAIN or not body.plain:
            return False
        if self._changing[module.dotted]:
            return False
        if any(not self._exists(name) for name in body.imports):
            return False
        return all(
            self.value(module.dotted, name) is not None or not self.is_wanted(module, name)
            for name in body.stores
        )

    def _exists(self, dotted: str) -> bool:
        return dotted in self.modules or dotted in self.packages or dotted in self._built_in

    def is_wanted(self, module: Module, name: str) -> bool:
        """Somebody may look a global up by its name."""
        if name in _COMPILE_TIME:
            return False
        if module.has_machine_code or name in self._attributes:
            return True
        if any(i.name in _LOADS and name_of(i) == name for _, i in instructions(module.functions)):
            return True
        return name in self._imported_names and any(
            self.module_of_import(m, name) == module.dotted for m in self.modules.values()
        )

    def module_of_import(self, module: Module, name: str) -> str:
        """The module from which another one imports a name; empty: it doesn't."""
        source = ""
        for _, i in instructions(list(module.scopes.values())):
            if i.name == "IMPORT_NAME":
                source = name_of(i)
            elif i.name == "IMPORT_FROM" and name_of(i) == name and source in self.modules:
                return source
        return ""

    def needs(self, dotted: str) -> list[str]:
        """The modules with something to execute that must be imported before a static one is in
        use, in their order.
        """
        found: list[str] = []
        self._add_needs(dotted, found, set())
        return found

    def _add_needs(self, dotted: str, found: list[str], seen: set[str]) -> None:
        seen.add(dotted)
        wanted = self.bodies[dotted].imports if dotted in self.bodies else []
        parents = [dotted.rsplit(".", n)[0] for n in range(dotted.count("."), 0, -1)]
        for name in [*parents, *wanted]:
            if name in seen or name not in self.modules:
                continue
            if name in self.static:
                self._add_needs(name, found, seen)
            elif name not in found:
                found.append(name)


def context(name: str) -> str:
    """The C name of a module's object; `name` is as in C names."""
    return f"rom_context_{name}"
