#!/usr/bin/env python3
r"""Turn the declaration of components and variables into ROM tables and constants.

    python tools/device_model/compile.py \
        --declarations firmware/device_model/variables.txt --out build/gen/tables \
        [--extension boards/unix/extension.py]

Writes <out>/variables.py (constants, one a variable: its offset in RECORDS),
<out>/variable_format.py (constants of the record's layout) and <out>/device_model.py (STRINGS,
COMPONENTS, RECORDS as bytes). The formats are described in firmware/device_model/README.md.
An extension (boards/README.md) declares in its docstring, from the first line that begins with
`component` or `define` on, what a charger has beyond these, or otherwise.
"""

import argparse
import ast
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

LEVELS = ("station", "evse", "connector")
TYPES = (
    "string",
    "decimal",
    "integer",
    "dateTime",
    "boolean",
    "OptionList",
    "SequenceList",
    "MemberList",
)
LISTS = TYPES[5:]
ACCESS = ("ro", "rw", "wo")
FLAGS = {"reboot": 0x20, "live": 0x40, "volatile": 0x80}
# Optional fields of a record, in the order of their bits and of their places.
FIELDS = ("instance", "default", "min", "max", "values", "unit", "from", "attributes")
ATTRIBUTES = ("Actual", "Target", "MinSet", "MaxSet")
NUMBER = re.compile(r"-?\d{1,9}(\.\d{1,9})?$")
VARIABLE = re.compile(r"([A-Za-z0-9]+)(?:\(([A-Za-z0-9]+)\))?$")


class DeclarationError(Exception):
    """The declaration file has a mistake; the message names file and line."""


@dataclass
class Variable:
    name: str
    instance: str | None
    type: str
    access: str
    flags: set = field(default_factory=set)
    fields: dict = field(default_factory=dict)


@dataclass
class Component:
    name: str
    instance: str
    level: str
    variables: list = field(default_factory=list)


def snake(name):
    """UPPER_SNAKE of a name: EVConnectionTimeOut -> EV_CONNECTION_TIME_OUT."""
    name = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name)
    name = re.sub(r"([A-Z])([A-Z][a-z])", r"\1_\2", name)
    return re.sub(r"[^A-Za-z0-9]+", "_", name).upper()


def parse(text, origin="variables"):
    """Components of a declaration.

    Raises:
        DeclarationError: with file and line.
    """
    components, defines = [], {}
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split("#", 1)[0].split()
        if not words:
            continue
        try:
            if words[0] == "define":
                defines["$" + words[1]] = words[2]
            elif words[0] == "component":
                components.append(_component(words))
            else:
                components[-1].variables.append(_variable(words, defines))
        except (DeclarationError, ValueError, KeyError, IndexError) as e:
            raise DeclarationError(f"{origin}:{number}: {e}: {line.strip()}") from e
    return components


def extension(text, origin="extension.py"):
    """Components that an extension declares.

    Raises:
        DeclarationError: with file and line.
    """
    try:
        tree = ast.parse(text)
    except SyntaxError as e:
        raise DeclarationError(f"{origin}:{e.lineno}: {e.msg}") from e
    lines = (ast.get_docstring(tree, clean=False) or "").splitlines()
    declared = False
    for i, line in enumerate(lines):
        declared = declared or line.split()[:1] in (["component"], ["define"])
        if not declared:
            lines[i] = ""
    return parse("\n".join(lines), origin)  # the docstring begins in line 1: so numbers are right


def merge(components, more):
    """Put the components of an extension to those of the firmware: a variable that is declared in
    both is what the extension says, new ones follow.
    """
    for added in more:
        known = [c for c in components if _place(c) == _place(added)]
        if not known:
            components.append(added)
            continue
        variables = known[0].variables
        for variable in added.variables:
            key = (variable.name, variable.instance)
            at = [i for i, v in enumerate(variables) if (v.name, v.instance) == key]
            if at:
                variables[at[0]] = variable
            else:
                variables.append(variable)
    return components


def _place(component):
    return component.name, component.instance, component.level


def _component(words):
    options = dict(word.split("=", 1) for word in words[2:])
    component = Component(words[1], options.pop("instance", ""), options.pop("level", "station"))
    if options or component.level not in LEVELS:
        raise DeclarationError("unknown option or level")
    return component


def _variable(words, defines):
    match = VARIABLE.match(words[0])
    if not match or words[1] not in TYPES or words[2] not in ACCESS:
        raise DeclarationError("expected NAME TYPE ro|rw|wo")
    variable = Variable(match[1], match[2], words[1], words[2])
    if variable.instance:
        variable.fields["instance"] = variable.instance
    for word in words[3:]:
        if word in FLAGS:
            variable.flags.add(word)
            continue
        key, value = word.split("=", 1)
        if key not in FIELDS or key in variable.fields:
            raise DeclarationError(f"unknown or repeated key {key}")
        variable.fields[key] = defines.get(value, value) if value.startswith("$") else value
    _check(variable)
    return variable


def _check(variable):
    fields = variable.fields
    for key in ("min", "max"):
        if key in fields and not NUMBER.match(fields[key]):
            raise DeclarationError(f"{key} is no number")
    if (variable.type in LISTS) != ("values" in fields):
        raise DeclarationError("lists have values=, others have not")
    if variable.type == "string" and "max" not in fields:
        raise DeclarationError("a string needs max=, the station's heap is bounded")
    default = fields.get("default", "")
    if default and not _valid(variable, default):
        raise DeclarationError("default is not of the declared type")
    if not set(fields.get("attributes", "Actual").split(",")) <= set(ATTRIBUTES):
        raise DeclarationError("unknown attribute")


def _valid(variable, value):
    fields = variable.fields
    if variable.type in ("integer", "decimal"):
        pattern = NUMBER if variable.type == "decimal" else re.compile(r"-?\d{1,9}$")
        low, high = float(fields.get("min", value)), float(fields.get("max", value))
        return bool(pattern.match(value)) and low <= float(value) <= high
    if variable.type == "boolean":
        return value in ("true", "false")
    if variable.type in LISTS:
        members = value.split(",")
        single = variable.type != "OptionList" or len(members) == 1
        return single and set(members) <= set(fields["values"].split(","))
    return variable.type == "dateTime" or len(value) <= int(fields["max"])


class Strings:
    """Every text of the tables once: length (one byte below 128, else two, 0x80 in the first),
    bytes.
    """

    def __init__(self):
        self.blob = bytearray(b"\0")  # offset 0: the empty string, also "none"
        self._offsets = {"": 0}

    def add(self, text):
        if text not in self._offsets:
            raw = text.encode()
            self._offsets[text] = len(self.blob)
            size = len(raw)
            self.blob += bytes([size] if size < 128 else [0x80 | size >> 8, size & 0xFF]) + raw
        return self._offsets[text].to_bytes(2, "little")


def record(variable, strings):
    """The ROM record of a variable; see the README for its layout."""
    kind = TYPES.index(variable.type) | ACCESS.index(variable.access) << 3
    for flag in variable.flags:
        kind |= FLAGS[flag]
    extras, tail = 0, b""
    for bit, key in enumerate(FIELDS):
        if key not in variable.fields:
            continue
        extras |= 1 << bit
        if key == "attributes":
            mask = sum(1 << ATTRIBUTES.index(a) for a in variable.fields[key].split(","))
            tail += mask.to_bytes(2, "little")
        else:
            tail += strings.add(variable.fields[key])
    body = strings.add(variable.name) + bytes([kind, extras]) + tail
    return bytes([len(body) + 1]) + body


def constant(component, variable):
    parts = (component.name, component.instance, variable.name, variable.instance or "")
    return "_".join(snake(part) for part in parts if part)


def tables(components):
    """(constants: name -> offset, STRINGS, COMPONENTS, RECORDS)."""
    strings, heads, records = Strings(), bytearray(), bytearray(b"\0")
    constants, places = {}, set()
    for component in components:
        heads += strings.add(component.name) + strings.add(component.instance)
        heads += bytes([LEVELS.index(component.level)]) + len(records).to_bytes(2, "little")
        for variable in component.variables:
            name = constant(component, variable)
            if name in constants:
                name += "_" + component.level.upper()
            place = (*_place(component), variable.name, variable.instance)
            if name in constants or place in places:
                raise DeclarationError(f"{name} is declared twice")
            places.add(place)
            constants[name] = len(records)
            records += record(variable, strings)
    # 14 bits: key of a changed value in RAM (firmware/device_model/values.py).
    if len(records) >= 1 << 14 or len(strings.blob) >= 1 << 16:
        raise DeclarationError("the tables are too large for their offsets")
    return constants, bytes(strings.blob), bytes(heads), bytes(records)


def literal(name, blob):
    lines = [f"    {blob[i : i + 24]!r}" for i in range(0, len(blob), 24)]
    return f"{name} = (\n" + "\n".join(lines) + "\n)\n"


def layout():
    """Constants of the format: what stands in a record, by name."""
    constants = {"TYPE_" + snake(name): i for i, name in enumerate(TYPES)}
    constants.update(KIND_TYPE=0x07, KIND_MUTABILITY=0x18, MUTABILITY_SHIFT=3)
    constants.update(READ_ONLY=0, READ_WRITE=1, WRITE_ONLY=2)
    constants.update({"FLAG_" + name.upper(): bit for name, bit in FLAGS.items()})
    constants.update({"FIELD_" + name.upper(): 1 << i for i, name in enumerate(FIELDS)})
    constants.update({"LEVEL_" + name.upper(): i for i, name in enumerate(LEVELS)})
    return constants


def constants_module(title, constants):
    lines = ["# constants", f'"""{title} Generated."""', ""]
    return "\n".join(lines + [f"{name} = {value}" for name, value in constants.items()]) + "\n"


def write(out, components):
    """Write the modules into folder `out`; the sizes of the tables."""
    constants, strings, heads, records = tables(components)
    out.mkdir(parents=True, exist_ok=True)
    title = "Variables of the device model: offsets in RECORDS."
    _replace(out / "variables.py", constants_module(title, constants))
    title = "Layout of the device model's records."
    _replace(out / "variable_format.py", constants_module(title, layout()))
    text = '"""ROM tables of the device model, see firmware/device_model. Generated."""\n\n'
    blobs = (("STRINGS", strings), ("COMPONENTS", heads), ("RECORDS", records))
    _replace(out / "device_model.py", text + "".join(literal(*item) for item in blobs))
    return len(constants), len(strings), len(heads), len(records)


def _replace(path, text):
    """Leave an unchanged file alone: make then has nothing to do."""
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--declarations", type=Path, required=True)
    parser.add_argument("--extension", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    try:
        components = parse(options.declarations.read_text(), options.declarations.name)
        if options.extension:
            text = options.extension.read_text()
            components = merge(components, extension(text, str(options.extension)))
        count, strings, heads, records = write(options.out, components)
    except (DeclarationError, OSError) as e:
        sys.exit(f"compile.py: {e}")
    total = strings + heads + records
    print(
        f"device model: {count} variables, {len(components)} components, {total} B of ROM "
        f"(texts {strings}, components {heads}, records {records})"
    )


if __name__ == "__main__":
    main()
