"""Write frozen_content.c anew, with the objects that convert.py and link.py have found."""

import re
from collections import Counter

from tools.rom_objects.body import pointer, symbol
from tools.rom_objects.content import Content, Instruction, Module, Scope
from tools.rom_objects.convert import (
    KINDS,
    Class,
    Converter,
    Function,
    Plan,
    Property,
    name_of,
)
from tools.rom_objects.link import Linker, context
from tools.rom_objects.modules import Registry
from tools.rom_objects.resolve import Names, Resolver, load

_PROTO = "static const mp_raw_code_truncated_t proto_fun_%s = {"
_FROZEN = "static const mp_frozen_module_t frozen_module_%s = {"
_CHILDREN = "static const mp_raw_code_t *const children_%s[] = {"
_SLOTS = (
    ("__call__", "call", "mp_obj_instance_call"),
    ("__iter__", "iter", "mp_obj_instance_getiter"),
)
_HEAD = """\
//
// Modules, functions and classes in ROM (tools/rom_objects)
//
#include "py/objfun.h"
#include "firmware/native/rom_objects.h"
"""


def _type(made: Function | Class, closed: bool) -> str:
    if isinstance(made, Class):
        inherits = made.parent is not None or bool(made.native)
        count = sum(made.has(special) for special, _, _ in _SLOTS) + made.is_native + inherits
        return f"rom_type{3 + count}_t"
    if made.defaults:
        return f"rom_fun{len(made.defaults)}_t"
    return "rom_fun_t" if closed and _is_short(made) else "mp_obj_fun_bc_t"


def _is_short(made: Function) -> bool:
    """It has nothing but bytecode and its module (rom_fun_t)."""
    return not (made.defaults or made.scope.children or made.scope.generator)


class Emitter:
    """Args:
    built_in: modules in C and their C names
    closed: nobody but the firmware looks for a name in a module: the image executes no scripts
    """

    def __init__(self, content: Content, built_in: dict[str, str], closed: bool = False) -> None:
        self._content = content
        self._closed = closed
        self._converter = Converter(content)
        self._linker = Linker(content, self._converter, built_in, closed)
        self._plans = self._converter.plans
        self._resolver = Resolver(content, self._converter, self._linker, closed)
        self._registry = Registry(content, self._linker, self._resolver, closed)
        self._cut: set[int] = set()  # lines that go
        self._put: dict[int, list[str]] = {}  # lines that come before a line, or in its place
        self.functions = self.classes = 0
        self._classes: Counter[str] = Counter()  # by name
        self.static = len(self._linker.static)

    def lines(self) -> list[str]:
        for plan in self._plans.values():
            self._module(plan)
        self._cut |= self._registry.needless_lines()
        out = []
        for number, line in enumerate(self._content.lines):
            if self._content.modules and number == self._content.modules[0].first:
                out += self._head()
            out += self._put.get(number, [])
            if number not in self._cut:
                out.append(line)
        if not self._content.modules:
            out += self._head()
        return [*out, *self._registry.tail()]

    def _head(self) -> list[str]:
        lines = [*_HEAD.split("\n"), *self._registry.head()]
        for plan in self._plans.values():
            for _, made in plan.replaced:
                lines.append(f"static const {_type(made, self._closed)} {symbol(made)};")
        # Constants of one module that others have in their tables.
        used = "\n".join(line for put in self._put.values() for line in put)
        for name in sorted(set(re.findall(r"const_obj_\w+", used))):
            if name in self._content.constants:
                lines.append(f"static const {self._content.constants[name]} {name};")
        return [*lines, ""]

    def _module(self, plan: Plan) -> None:
        module = plan.module
        static = module.dotted in self._linker.static
        names = self._resolver.names(plan)
        for instruction, index in names.loads:
            self._replace([instruction], load(index, len(instruction.code) - 1))
        if static:
            self._cut_body(module)
        else:
            self._shorten_body(plan, names)
        definitions: list[str] = []
        for _, made in plan.replaced:
            if isinstance(made, Class):
                self._class(made, context(module.name), definitions)
            else:
                self._function(made, context(module.name), definitions)
            self._orphan(made.scope, module.body, static)
        self._table(module, names.table, definitions)
        if static:
            at = self._cut_lines(_FROZEN % module.name)
            self._put[at] = [*self._put.get(at, []), *self._registry.module(module, names)]

    def _cut_body(self, module: Module) -> None:
        body = module.body
        self._cut |= set(range(body.first, body.last + 1))
        self._cut_object(_CHILDREN % body.name, body)
        self._cut_object(_PROTO % body.name, body)

    def _shorten_body(self, plan: Plan, names: Names) -> None:
        table = [*plan.module.table, *names.table]
        for instructions, made in plan.replaced:
            self._replace(instructions, load(table.index(pointer(symbol(made)))))
        self._drop(plan.module, plan.module.body, names)
        self._resize(plan.module.body)

    def _replace(self, instructions: list[Instruction], code: list[str]) -> None:
        self._put[instructions[0].line] = [f"    {','.join(code)}, // LOAD_CONST_OBJ, in ROM"]
        self._cut |= {i.line for i in instructions}

    def _drop(self, module: Module, scope: Scope, names: Names) -> None:
        """Take out the stores of names that nobody looks up, each with the instruction that loads
        the value.
        """
        body = scope.body()
        stored = {"__name__"} | self._resolver.stored_globals(module)
        if module.is_package:
            stored |= self._registry.package_names(module)
        for at, instruction in enumerate(body):
            if instruction.name != "STORE_NAME":
                continue
            if name_of(instruction) not in names.dropped:
                stored.add(name_of(instruction))
                continue
            before = at - 1
            while body[before].line in self._cut and body[before].line not in self._put:
                before -= 1  # to the line where LOAD_CONST_OBJ stands
            self._put.pop(body[before].line, None)
            self._cut |= {body[before].line, instruction.line}
        self._registry.sizes[module.name] = len(stored)

    def _resize(self, scope: Scope) -> None:
        size = 0
        for i in scope.instructions:
            put = self._put.get(i.line)
            size += put[0].split("//")[0].count("0x") if put else 0
            size += 0 if i.line in self._cut else len(i.code)
        self._cut.add(scope.first)
        self._put[scope.first] = [f"static const byte fun_data_{scope.name}[{size}] = {{"]
        # The length is told once more, where only a compiler on the device looks.

    def _function(self, made: Function, context: str, out: list[str]) -> None:
        self.functions += 1
        scope = made.scope
        if scope.kind != "MP_CODE_BYTECODE" or scope.children:
            self._cut_object(_PROTO % scope.name, scope)
        head = f"static const {_type(made, self._closed)} rom_fun_{scope.name} = {{ "
        if self._closed and _is_short(made):
            place = f"ROM_PLACE(fun_data_{scope.name}, {self._registry.number(context)})"
            out.append(f"{head}{{ &rom_type_fun }}, {place} }};")
            return
        kind = KINDS[scope.kind][scope.generator]
        children = f"(void *)&children_{scope.name}" if scope.children else "NULL"
        body = f"{{ &{kind} }}, &{context}, {children}, fun_data_{scope.name}"
        if made.defaults:
            body = f"{{ {body} }}, {{ {', '.join(made.defaults)} }}"
        out.append(f"{head}{body} }};")

    def _member(self, value: Function | Property | str, context: str, out: list[str]) -> str:
        """The C expression for a member of a class."""
        if isinstance(value, str):
            return value
        function = value.getter if isinstance(value, Property) else value
        self._function(function, context, out)
        name = function.scope.name
        if function is value:
            return f"MP_ROM_PTR(&rom_fun_{name})"
        proxy = f"{{ MP_ROM_PTR(&rom_fun_{name}), MP_ROM_NONE, MP_ROM_NONE }}"
        head = f"static const rom_property_t rom_property_{name}"
        out.append(f"{head} = {{ {{ &mp_type_property }}, {proxy} }};")
        return f"MP_ROM_PTR(&rom_property_{name})"

    def _class(self, made: Class, context: str, out: list[str]) -> None:
        self.classes += 1
        rows = []
        for name, value in made.entries:
            rows.append(
                f"    {{ MP_ROM_QSTR(MP_QSTR_{name}), {self._member(value, context, out)} }},"
            )
        table = f"rom_locals_{made.scope.name}"
        out += [f"static const mp_rom_map_elem_t {table}_table[] = {{", *rows, "};"]
        out.append(f"static MP_DEFINE_CONST_DICT({table}, {table}_table);")
        slots = ["rom_make_new", "rom_attr", f"&{table}"]
        indices = [
            ".slot_index_make_new = 1",
            ".slot_index_attr = 2",
            ".slot_index_locals_dict = 3",
        ]
        for special, slot, function in _SLOTS:
            if made.has(special):
                slots.append(function)
                indices.append(f".slot_index_{slot} = {len(slots)}")
        if made.is_native:
            slots.append("rom_print")
            indices.append(f".slot_index_print = {len(slots)}")
        parent = made.parent.symbol if made.parent else made.native
        if parent:
            slots.append(f"&{parent}")
            indices.append(f".slot_index_parent = {len(slots)}")
        flags = "ROM_TYPE_FLAGS" + (" | ROM_TYPE_PROPERTIES" if made.has_properties else "")
        if namesakes := self._classes[made.name]:
            flags += f" | ROM_TYPE_NAMESAKE({namesakes})"
        self._classes[made.name] += 1
        out.append(f"static const {_type(made, self._closed)} {made.symbol} = {{")
        out.append(f"    .base = {{ &mp_type_type }}, .flags = {flags},")
        out.append(f"    .name = MP_QSTR_{made.name}, {', '.join(indices)},")
        out.append(f"    .slots = {{ {', '.join('(void *)' + s for s in slots)} }} }};")
        # Nobody executes the class body any more.
        self._cut |= set(range(made.scope.first, made.scope.last + 1))
        self._cut_object(_CHILDREN % made.scope.name, made.scope)

    def _orphan(self, scope: Scope, parent: Scope, parent_is_cut: bool) -> None:
        """Nobody makes an object out of this one any more."""
        self._cut_object(_PROTO % scope.name, scope)
        if not parent_is_cut:
            at = parent.children_at + parent.children.index(scope.name)
            self._cut.add(at)
            self._put[at] = ["    NULL,"]

    def _cut_object(self, head: str, scope: Scope) -> None:
        if head in self._content.lines[scope.first :]:
            self._cut_lines(head)

    def _cut_lines(self, head: str) -> int:
        """Cut a definition; the line of its head."""
        lines = self._content.lines
        at = lines.index(head)
        self._cut |= set(range(at, lines.index("};", at) + 1))
        return at

    def _table(self, module: Module, entries: list[str], definitions: list[str]) -> None:
        lines = self._content.lines
        size = module.table_size + len(entries)
        rows = [f"    {entry}," for entry in entries]
        name = f"const_obj_table_data_{module.name}"
        if module.table_at:
            self._cut.add(module.table_at)
            self._put[module.table_at] = [
                *definitions,
                f"static const mp_rom_obj_t {name}[{size}] = {{",
            ]
            self._put[lines.index("};", module.table_at)] = rows
            return
        at = lines.index(_FROZEN % module.name)
        self._put[at] = definitions
        if not entries:
            return
        self._put[at] = [
            *definitions,
            f"static const mp_rom_obj_t {name}[{size}] = {{",
            *rows,
            "};",
            "",
        ]
        if module.dotted in self._linker.static:
            return
        none = lines.index("        .obj_table = NULL,", at)
        self._cut.add(none)
        self._put[none] = [f"        .obj_table = (mp_obj_t *)&{name},"]
