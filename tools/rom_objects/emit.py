"""Write frozen_content.c anew, with the objects that convert.py has found."""

from tools.rom_objects.content import Content, Instruction, Module, Scope
from tools.rom_objects.convert import _KINDS, _LOAD_CONST_OBJ, Class, Converter, Function, Plan

_PROTO = "static const mp_raw_code_truncated_t proto_fun_%s = {"
_HEAD = """\
//
// Functions and classes in ROM (tools/rom_objects)
//
#include "py/objfun.h"
#include "firmware/native/rom_objects.h"
"""


def _vuint(value: int) -> list[str]:
    groups = [value & 0x7F]
    while value := value >> 7:
        groups.append(value & 0x7F | 0x80)
    return [f"0x{g:02x}" for g in reversed(groups)]


class Emitter:
    def __init__(self, content: Content) -> None:
        self._content = content
        self._plans = Converter(content).plans
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
        return [*lines, ""]

    def _tail(self) -> list[str]:
        lines = ["", f"const size_t rom_contexts_count = {len(self._contexts)};"]
        lines.append("const char *const rom_contexts_names[] = {")
        lines += [f'    "{m.dotted}",' for m in self._contexts]
        return [*lines, "    NULL,", "};", ""]

    def _module(self, plan: Plan) -> None:
        module = plan.module
        scope = module.scopes[f"{module.name}__lt_module_gt_"]
        objects: list[str] = []
        index = module.table_size
        for instructions, made in plan.replaced:
            self._replace(scope, instructions, index)
            objects.append(made.symbol if isinstance(made, Class) else f"rom_fun_{made.scope.name}")
            index += 1
        self._resize(scope)
        definitions: list[str] = []
        context = f"rom_contexts[{self._contexts.index(module)}]"
        for _, made in plan.replaced:
            if isinstance(made, Class):
                self._class(made, context, definitions)
            else:
                self._function(made, context, definitions)
            self._orphan(made.scope, scope)
        self._table(module, objects, definitions)

    def _replace(self, scope: Scope, instructions: list[Instruction], index: int) -> None:
        code = ",".join([f"0x{_LOAD_CONST_OBJ:02x}", *_vuint(index)])
        self._put[instructions[0].line] = [f"    {code}, // LOAD_CONST_OBJ {index}, in ROM"]
        self._cut |= {i.line for i in instructions}

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
        kind = _KINDS[scope.kind][scope.generator]
        children = f"(void *)&children_{scope.name}" if scope.children else "NULL"
        head = f"{{ &{kind} }}, &{context}, {children}, fun_data_{scope.name}"
        name = f"rom_fun_{scope.name}"
        if made.defaults:
            out.append(f"static const rom_fun{len(made.defaults)}_t {name} = {{ {{ {head} }},")
            out.append(f"    {{ {', '.join(made.defaults)} }} }};")
        else:
            out.append(f"static const mp_obj_fun_bc_t {name} = {{ {head} }};")

    def _class(self, made: Class, context: str, out: list[str]) -> None:
        self.classes += 1
        rows = []
        for name, value in made.entries:
            if isinstance(value, Function):
                self._function(value, context, out)
                value = f"MP_ROM_PTR(&rom_fun_{value.scope.name})"
            rows.append(f"    {{ MP_ROM_QSTR(MP_QSTR_{name}), {value} }},")
        table = f"rom_locals_{made.scope.name}"
        out += [f"static const mp_rom_map_elem_t {table}_table[] = {{", *rows, "};"]
        out.append(f"static MP_DEFINE_CONST_DICT({table}, {table}_table);")
        slots = ["rom_make_new", "rom_attr", f"&{table}"]
        indices = [".slot_index_make_new = 1", ".slot_index_attr = 2", ".slot_index_locals_dict = 3"]
        for special, slot, function in (
            ("__call__", "call", "mp_obj_instance_call"), ("__iter__", "iter", "mp_obj_instance_getiter")):  # fmt: skip
            if made.has(special):
                slots.append(function)
                indices.append(f".slot_index_{slot} = {len(slots)}")
        if made.parent:
            slots.append(f"&{made.parent.symbol}")
            indices.append(f".slot_index_parent = {len(slots)}")
        out.append(f"static const rom_type_t {made.symbol} = {{ .base = {{ &mp_type_type }}, .flags = ROM_TYPE_FLAGS,")
        out.append(f"    .name = MP_QSTR_{made.name}, {', '.join(indices)},")
        out.append(f"    .slots = {{ {', '.join('(void *)' + s for s in slots)} }} }};")
        # Nobody executes the class body any more.
        self._cut |= set(range(made.scope.first, made.scope.last + 1))
        self._cut_object(f"static const mp_raw_code_t *const children_{made.scope.name}[] = {{", made.scope)

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
            self._put[module.table_at] = [*definitions, f"static const mp_rom_obj_t {name}[{size}] = {{"]
            end = lines.index("};", module.table_at)
            self._put[end] = entries
            return
        at = lines.index(f"static const mp_frozen_module_t frozen_module_{module.name} = {{")
        self._put[at] = [*definitions, f"static const mp_rom_obj_t {name}[{size}] = {{", *entries, "};", ""]
        none = lines.index("        .obj_table = NULL,", at)
        self._cut.add(none)
        self._put[none] = [f"        .obj_table = (mp_obj_t *)&{name},"]
