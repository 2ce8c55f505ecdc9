"""Write frozen_content.c anew, with the objects that convert.py has found."""

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
from tools.rom_objects.resolve import Names, Resolver, load

_PROTO = "static const mp_raw_code_truncated_t proto_fun_%s = {"
_HEAD = """\
//
// Functions and classes in ROM (tools/rom_objects)
//
#include "py/objfun.h"
#include "firmware/native/rom_objects.h"
"""


def _type(made: Function) -> str:
    return f"rom_fun{len(made.defaults)}_t" if made.defaults else "mp_obj_fun_bc_t"


class Emitter:
    def __init__(self, content: Content) -> None:
        self._content = content
        self._converter = Converter(content)
        self._plans = self._converter.plans
        self._resolver = Resolver(content, self._converter)
        self._sizes: list[int] = []  # names in the dictionary of each module
        self._cut: set[int] = set()  # lines that go
        self._put: dict[int, list[str]] = {}  # lines that come before a line, or in its place
        self._contexts = [m for m in content.modules if self._plans[m.name].replaced]
        self.functions = self.classes = 0

    def text(self) -> str:
        for module in self._contexts:
            self._module(self._plans[module.name])
        out = []
        for number, line in enumerate(self._content.lines):
            if number == self._content.modules[0].first:
                out += self._head()
            out += self._put.get(number, [])
            if number not in self._cut:
                out.append(line)
        out += self._tail()
        return "\n".join(out)

    def _head(self) -> list[str]:
        lines = _HEAD.split("\n")
        lines.append(f"mp_module_context_t rom_contexts[{len(self._contexts) or 1}];")
        for plan in self._plans.values():
            for _, made in plan.replaced:
                if isinstance(made, Class):
                    lines.append(f"static const rom_type_t {made.symbol};")
                else:
                    lines.append(f"static const {_type(made)} rom_fun_{made.scope.name};")
        return [*lines, ""]

    def _tail(self) -> list[str]:
        lines = ["", f"const size_t rom_contexts_count = {len(self._contexts)};"]
        lines.append("const char *const rom_contexts_names[] = {")
        lines += [f'    "{m.dotted}",' for m in self._contexts]
        starts = [sum(self._sizes[:i]) for i in range(len(self._sizes) + 1)]
        lines += ["    NULL,", "};", f"mp_obj_dict_t rom_globals[{len(self._sizes) or 1}];"]
        lines.append(f"mp_map_elem_t rom_globals_tables[{starts[-1] or 1}];")
        numbers = ", ".join(str(s) for s in starts)
        return [*lines, f"const uint16_t rom_globals_start[] = {{ {numbers} }};", ""]

    def _module(self, plan: Plan) -> None:
        module = plan.module
        scope = self._converter.module_scope(module)
        names = self._resolver.names(plan)
        for index, (instructions, _) in enumerate(plan.replaced, module.table_size):
            self._replace(instructions, load(index))
        for instruction, index in names.loads:
            self._replace([instruction], load(index, len(instruction.code) - 1))
        self._drop(module, scope, names)
        self._resize(scope)
        definitions: list[str] = []
        context = f"rom_contexts[{self._contexts.index(module)}]"
        for _, made in plan.replaced:
            if isinstance(made, Class):
                self._class(made, context, definitions)
            else:
                self._function(made, context, definitions)
            self._orphan(made.scope, scope)
        self._table(module, names.table, definitions)

    def _replace(self, instructions: list[Instruction], code: list[str]) -> None:
        self._put[instructions[0].line] = [f"    {','.join(code)}, // LOAD_CONST_OBJ, in ROM"]
        self._cut |= {i.line for i in instructions}

    def _drop(self, module: Module, scope: Scope, names: Names) -> None:
        """Take out the stores of names that nobody looks up, each with the instruction that loads
        the value.
        """
        body = scope.body()
        stored = {"__name__"} | self._resolver.stored_globals(module)
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
        self._sizes.append(len(stored))

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
        kind = KINDS[scope.kind][scope.generator]
        children = f"(void *)&children_{scope.name}" if scope.children else "NULL"
        head = f"{{ &{kind} }}, &{context}, {children}, fun_data_{scope.name}"
        name = f"rom_fun_{scope.name}"
        if made.defaults:
            head = f"{{ {head} }}, {{ {', '.join(made.defaults)} }}"
        out.append(f"static const {_type(made)} {name} = {{ {head} }};")

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
        for special, slot, function in (
            ("__call__", "call", "mp_obj_instance_call"),
            ("__iter__", "iter", "mp_obj_instance_getiter"),
        ):
            if made.has(special):
                slots.append(function)
                indices.append(f".slot_index_{slot} = {len(slots)}")
        if made.parent:
            slots.append(f"&{made.parent.symbol}")
            indices.append(f".slot_index_parent = {len(slots)}")
        flags = "ROM_TYPE_FLAGS" + (" | ROM_TYPE_PROPERTIES" if made.has_properties else "")
        out.append(f"static const rom_type_t {made.symbol} = {{")
        out.append(f"    .base = {{ &mp_type_type }}, .flags = {flags},")
        out.append(f"    .name = MP_QSTR_{made.name}, {', '.join(indices)},")
        out.append(f"    .slots = {{ {', '.join('(void *)' + s for s in slots)} }} }};")
        # Nobody executes the class body any more.
        self._cut |= set(range(made.scope.first, made.scope.last + 1))
        self._cut_object(
            f"static const mp_raw_code_t *const children_{made.scope.name}[] = {{", made.scope
        )

    def _orphan(self, scope: Scope, parent: Scope) -> None:
        """Nobody makes an object out of this one any more."""
        self._cut_object(_PROTO % scope.name, scope)
        at = parent.children_at + parent.children.index(scope.name)
        self._cut.add(at)
        self._put[at] = ["    NULL,"]

    def _cut_object(self, head: str, scope: Scope) -> None:
        lines = self._content.lines
        try:
            at = lines.index(head, scope.first)
        except ValueError:
            return
        self._cut |= set(range(at, lines.index("};", at) + 1))

    def _table(self, module: Module, objects: list[str], definitions: list[str]) -> None:
        entries = [f"    MP_ROM_PTR(&{o})," for o in objects]
        lines = self._content.lines
        size = module.table_size + len(objects)
        name = f"const_obj_table_data_{module.name}"
        if module.table_at:
            self._cut.add(module.table_at)
            self._put[module.table_at] = [
                *definitions,
                f"static const mp_rom_obj_t {name}[{size}] = {{",
            ]
            end = lines.index("};", module.table_at)
            self._put[end] = entries
            return
        at = lines.index(f"static const mp_frozen_module_t frozen_module_{module.name} = {{")
        self._put[at] = [
            *definitions,
            f"static const mp_rom_obj_t {name}[{size}] = {{",
            *entries,
            "};",
            "",
        ]
        none = lines.index("        .obj_table = NULL,", at)
        self._cut.add(none)
        self._put[none] = [f"        .obj_table = (mp_obj_t *)&{name},"]
