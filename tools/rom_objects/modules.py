"""Write the objects and dictionaries of modules, and the table by which import finds them."""

from tools.rom_objects.body import pointer
from tools.rom_objects.content import Content, Module
from tools.rom_objects.convert import name_of
from tools.rom_objects.link import Linker, context, instructions
from tools.rom_objects.resolve import Names, Resolver


class Registry:
    def __init__(self, content: Content, linker: Linker, resolver: Resolver, closed: bool) -> None:
        self._content = content
        self._linker = linker
        self._resolver = resolver
        self._closed = closed
        self.sizes: dict[
            str, int
        ] = {}  # names in the dictionary of each module that has one in RAM
        self._static = [m for m in content.modules if m.dotted in linker.static]
        self._objects: dict[str, list[str]] = {}  # of static modules, by their C names
        self._executed = [m for m in content.modules if m.dotted not in linker.static]
        self._listed = self._executed_names() + self._static_names()

    def number(self, name: str) -> int:
        """The number of a module in functions, by the C name of its object."""
        return [context(m.name) for m in self._static + self._executed].index(name)

    def _executed_names(self) -> list[str]:
        return [m.dotted for m in self._executed]

    def _static_names(self) -> list[str]:
        """Of static modules and packages, those that can be imported at run time."""
        names = [
            *self._linker.packages,
            *(n for n in self._linker.modules if n in self._linker.static),
        ]
        if not self._closed:
            return names
        wanted = set()
        for name in self._resolver.import_names:
            parts = name.split(".")
            wanted |= {".".join(parts[:n]) for n in range(1, len(parts) + 1)}
            wanted |= {f"{name}.{member}" for member in self._resolver.imported}
        # `__import__(name)` is how a package with a module of its own may get its modules.
        packages = tuple(m.dotted + "." for m in self._executed if m.is_package)
        return [n for n in names if n in wanted or n.startswith(packages)]

    def package_names(self, package: Module) -> set[str]:
        """What the dictionary of a package gets besides what its body stores by name."""
        inside = [m for m in self._content.modules if m.dotted.startswith(package.dotted + ".")]
        names = {"__path__", *(m.dotted.rpartition(".")[2] for m in inside)}
        starred = ""
        for _, i in instructions([package.body]):
            if i.name == "IMPORT_NAME":
                starred = f"{package.dotted}.{name_of(i)}"
            elif i.name == "IMPORT_STAR" and starred in self._linker.bodies:
                stores = self._linker.bodies[starred].stores
                names |= {name for name in stores if not name.startswith("_")}
        return names

    def head(self) -> list[str]:
        """Declarations."""
        lines = [f"mp_module_context_t rom_contexts[{len(self._executed) or 1}];"]
        for at, module in enumerate(self._executed):
            lines.append(f"#define {context(module.name)} rom_contexts[{at}]")
        for dotted in self._linker.packages:
            lines.append(f"static const mp_obj_module_t {context(dotted.replace('.', '_'))};")
        lines.append(f"const mp_module_context_t rom_static_contexts[{len(self._static) or 1}];")
        for at, module in enumerate(self._static):
            lines.append(f"#define {context(module.name)} rom_static_contexts[{at}]")
        lines.append("static const mp_obj_dict_t rom_no_names __attribute__((unused)) = {")
        lines.append("    { &mp_type_dict }, { 1, 1, 1, 0, 0, NULL } };")
        for name, kind in sorted(self._linker.c_objects_used.items()):
            lines.append(f"extern const mp_obj_{kind}_t {name};")
        return lines

    def needless_lines(self) -> set[int]:
        """Of the tables of frozen files: MicroPython's own import sees only those that it may
        have to execute as __main__.
        """
        needless = set()
        for module in self._content.modules:
            if module.is_package or module.file == "main.py":
                continue
            for line in (f'    "{module.file}\\0"', f"    &frozen_module_{module.name},"):
                if line in self._content.lines:
                    needless.add(self._content.lines.index(line))
        return needless

    def module(self, module: Module, names: Names) -> list[str]:
        """The dictionary of a static module; tail() has its object."""
        listed = self._resolver.listed(module, names)
        lines = self._dictionary(module.name, module.dotted, listed)
        table = f"(mp_obj_t *)&const_obj_table_data_{module.name}"
        if not module.table and not names.table:
            table = "NULL"
        self._objects[module.name] = [
            "{",
            f"    .module = {self._object(module.name, listed)},",
            "    .constants = {",
            f"        .qstr_table = (qstr_short_t *)&const_qstr_table_data_{module.name},",
            f"        .obj_table = {table},",
            "    },",
            "},",
        ]
        return [*lines, ""]

    def _object(self, name: str, listed: dict[str, str]) -> str:
        globals_ = f"rom_names_{name}" if listed or not self._closed else "rom_no_names"
        return f"{{ {{ &mp_type_module }}, (mp_obj_dict_t *)&{globals_} }}"

    def _dictionary(self, name: str, dotted: str, listed: dict[str, str]) -> list[str]:
        rows = [f"    {{ MP_ROM_QSTR(MP_QSTR_{n}), {value} }}," for n, value in listed.items()]
        if not self._closed:
            rows.insert(
                0, f"    {{ MP_ROM_QSTR(MP_QSTR___name__), {pointer(f'rom_dotted_{name}')} }},"
            )
        if not rows:
            return []
        head = []
        if not self._closed:
            text = f'{{ &mp_type_str }}, 0, {len(dotted)}, (const byte *)"{dotted}"'
            head.append(f"static const mp_obj_str_t rom_dotted_{name} = {{ {text} }};")
        return [
            *head,
            f"static const mp_rom_map_elem_t rom_names_{name}_table[] = {{",
            *rows,
            "};",
            f"static MP_DEFINE_CONST_DICT(rom_names_{name}, rom_names_{name}_table);",
        ]

    def tail(self) -> list[str]:
        """Packages, the table for import, and the dictionaries in RAM."""
        lines = [""]
        for dotted, held in self._linker.packages.items():
            name = dotted.replace(".", "_")
            listed = {
                n: self._linker.value(dotted, n) or ""
                for n in held
                if not self._closed or self._resolver.is_attribute(n)
            }
            lines += self._dictionary(name, dotted, listed)
            value = self._object(name, listed)
            lines.append(f"static const mp_obj_module_t {context(name)} = {value};")
        count = len(self._static)
        lines.append(f"const size_t rom_static_contexts_count = {count};")
        lines.append(f"const mp_module_context_t rom_static_contexts[{count or 1}] = {{")
        for module in self._static:
            lines += self._objects[module.name]
        lines.append("};")
        needs, rows = self._rows()
        lines += [
            *needs,
            "const rom_module_t rom_modules[] = {",
            *rows,
            "    { NULL, NULL, { NULL } },",
            "};",
        ]
        lines.append(f"const size_t rom_modules_count = {len(rows)};")
        return [*lines, *self._dictionaries(), ""]

    def _rows(self) -> tuple[list[str], list[str]]:
        """Lists of needs, each once, and the rows of rom_modules."""
        lists: dict[tuple[int, ...], str] = {}
        definitions = []
        rows = []
        for dotted in self._listed:
            if dotted in self._linker.modules and dotted not in self._linker.static:
                more = f".body = &frozen_module_{self._linker.modules[dotted].name}"
            else:
                needed = tuple(self._listed.index(n) for n in self._linker.needs(dotted))
                if needed and needed not in lists:
                    lists[needed] = f"rom_needs_{len(lists)}"
                    numbers = ", ".join(str(n) for n in (len(needed), *needed))
                    definitions.append(
                        f"static const uint8_t {lists[needed]}[] = {{ {numbers} }};"
                    )
                more = f".needs = {lists[needed]}" if needed else ".needs = NULL"
            name = (
                self._linker.modules[dotted].name
                if dotted in self._linker.modules
                else dotted.replace(".", "_")
            )
            rows.append(f'    {{ "{dotted}", &{context(name)}, {{ {more} }} }},')
        return definitions, rows

    def _dictionaries(self) -> list[str]:
        sizes = [self.sizes[m.name] for m in self._executed]
        starts = [sum(sizes[:i]) for i in range(len(sizes) + 1)]
        numbers = ", ".join(str(s) for s in starts)
        return [
            f"const size_t rom_contexts_count = {len(sizes)};",
            f"mp_obj_dict_t rom_globals[{len(sizes) or 1}];",
            f"mp_map_elem_t rom_globals_tables[{starts[-1] or 1}];",
            f"const uint16_t rom_globals_start[] = {{ {numbers} }};",
        ]
