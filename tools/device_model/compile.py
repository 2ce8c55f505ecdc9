#!/usr/bin/env python3
r"""Turn the declaration of components and variables into ROM tables and constants.

    python tools/device_model/compile.py \
        --declarations firmware/device_model/variables.txt --out build/gen/tables \
        [--extension boards/unix/extension.py]

Writes into <out> variables.py (constants, one a variable: its offset in RECORDS),
variable_format.py (constants of the record's layout), extension.py (EXTENSION, 1: there is a
class Extension) and device_model.py (STRINGS, COMPONENTS, RECORDS as bytes). The formats are
described in firmware/device_model/README.md. An extension (boards/README.md) declares in its
docstring, from the first line that begins with `component` or `define` on, what a charger has
beyond these, or otherwise.
"""

import argparse
import ast
import re
import shlex
import sys
from dataclasses import dataclass, field
from decimal import Decimal
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
NUMBERS = ("integer", "decimal")
ACCESS = ("ro", "rw", "wo")
COMPUTED = ("max", "live")
FLAGS = {"reboot": 0x20, "live": 0x40, "volatile": 0x80}
# Optional fields of a record, in the order of their bits and of their places.
FIELDS = ("instance", "default", "min", "max", "values", "unit", "from", "attributes")
ATTRIBUTES = ("Actual", "Target", "MinSet", "MaxSet")
NUMBER = re.compile(r"-?\d{1,9}(\.\d{1,9})?")
COUNT = re.compile(r"\d{1,9}")
DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
# identifierString of at most 50 characters (NotifyReportRequest), but what the constants need
NAME = re.compile(r"[A-Za-z][A-Za-z0-9*\-_=:+|@.]{0,49}")
INSTANCE = re.compile(r"[A-Za-z0-9*\-_=:+|@.]{1,50}")
VARIABLE = re.compile(r"([^()]+)(?:\(([^()]+)\))?")
LONGEST_WRITTEN = 1000  # attributeValue of SetVariables
LONGEST_READ = 2500  # ... of GetVariables and NotifyReport
LONGEST_LIST = 1000  # valuesList
LONGEST_UNIT = 16
# Of a number that is declared without: nothing is refused but for a limit that is told.
LIMITS = {"min": "-999999999", "max": "999999999"}
METHODS = {"__init__": 3, "read": 4, "changed": 4, "data_transfer": 4}  # with self


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
    components, defines, known = [], {}, set()
    for number, line in enumerate(text.splitlines(), 1):
        try:
            words = shlex.split(line, comments=True)
            if words:
                _declare(words, components, defines, known)
        except (DeclarationError, ValueError) as e:
            raise DeclarationError(f"{origin}:{number}: {e}: {line.strip()}") from e
    return components


def _declare(words, components, defines, known):
    """Take in the words of a line."""
    if words[0] == "define":
        if len(words) != 3:
            raise DeclarationError("expected define NAME VALUES")
        defines["$" + words[1]] = words[2]
    elif words[0] == "component":
        components.append(_component(words))
    elif not components:
        raise DeclarationError("a variable needs a component before it")
    else:
        variable = _variable(words, defines)
        place = (*_place(components[-1]), variable.name, variable.instance)
        if place in known:
            raise DeclarationError("declared twice")
        known.add(place)
        components[-1].variables.append(variable)


def extension(text, origin="extension.py"):
    """(components that an extension declares, whether it has the class Extension).

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
    before = tree.body[0].lineno - 1 if lines else 0  # comments above the docstring
    return parse("\n" * before + "\n".join(lines), origin), _has_class(tree, origin)


def _has_class(tree, origin):
    """Whether there is the class, and then with all its methods."""
    found = False
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name == "Extension":
            found = True
            methods = {n.name: n for n in node.body if isinstance(n, ast.FunctionDef)}
            for name, count in METHODS.items():
                if name not in methods:
                    raise DeclarationError(f"{origin}:{node.lineno}: Extension has no {name}()")
                arguments = methods[name].args
                if len(arguments.args) != count and not arguments.vararg:
                    line = methods[name].lineno
                    raise DeclarationError(
                        f"{origin}:{line}: {name}() takes {count} arguments, with self"
                    )
    return found


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
                _check_redeclared(added, variables[at[0]], variable)
                variables[at[0]] = variable
            else:
                variables.append(variable)
    return components


def _check_redeclared(component, old, new):
    """The firmware relies on the type and the limits of its own variables, and a secret stays one.
    What the extension does not limit keeps its limits. Only the maker knows how much power it has.
    """
    name = f"{component.name}.{new.name}"
    if new.type != old.type:
        raise DeclarationError(f"extension: {name} of the firmware stays of type {old.type}")
    if old.access == "wo" and new.access != "wo":
        raise DeclarationError(f"extension: {name} stays wo, a secret")
    if new.type in ("integer", "string"):
        for key in {"min", "max"} & set(old.fields):
            limit = old.fields[key]
            given = Decimal(new.fields.setdefault(key, limit))
            if given > Decimal(limit) if key == "max" else given < Decimal(limit):
                wrong = f"{name} has {key}={limit}: no more than that works"
                raise DeclarationError(f"extension: {wrong}")
        _check(new)


def _place(component):
    return component.name, component.instance, component.level


def _component(words):
    options = dict(word.partition("=")[::2] for word in words[2:])
    name = words[1] if len(words) > 1 else ""
    component = Component(name, options.pop("instance", ""), options.pop("level", "station"))
    if options or component.level not in LEVELS:
        wanted = "component NAME [instance=X] [level=station|evse|connector]"
        raise DeclarationError(f"expected {wanted}")
    _check_names(component.name, component.instance)
    return component


def _check_names(name, instance):
    if not NAME.fullmatch(name):
        raise DeclarationError(f"{name!r} is no name")
    if instance and not INSTANCE.fullmatch(instance):
        raise DeclarationError(f"{instance!r} is no instance")


def _variable(words, defines):
    match = VARIABLE.fullmatch(words[0])
    if not match or len(words) < 3 or words[1] not in TYPES or words[2] not in ACCESS:
        raise DeclarationError(f"expected NAME TYPE ro|rw|wo; a type is one of {', '.join(TYPES)}")
    variable = Variable(match[1], match[2], words[1], words[2])
    _check_names(variable.name, variable.instance)
    if variable.instance:
        variable.fields["instance"] = variable.instance
    for word in words[3:]:
        if word in FLAGS:
            variable.flags.add(word)
            continue
        key, equals, value = word.partition("=")
        if not equals or key not in FIELDS or key in variable.fields:
            raise DeclarationError(f'unknown or repeated {word} (a text with spaces: "...")')
        if value.startswith("$") and value not in defines:
            raise DeclarationError(f"{value} is not defined")
        variable.fields[key] = defines.get(value, value)
    _check(variable)
    return variable


def _check(variable):
    fields = variable.fields
    _check_limits(variable)
    if (variable.type in LISTS) != ("values" in fields):
        raise DeclarationError("lists have values=, others have not")
    values = fields.get("values", "x")
    members = values.split(",")
    if "" in members or len(set(members)) < len(members) or len(values) > LONGEST_LIST:
        raise DeclarationError("values: members are there once, none is empty, 1,000 characters")
    if len(fields.get("unit", "")) > LONGEST_UNIT:
        raise DeclarationError(f"a unit has at most {LONGEST_UNIT} characters")
    default = fields.get("default", "")
    if default and not _valid(variable, default):
        raise DeclarationError("default is not of the declared type, or not within the limits")
    if not set(fields.get("attributes", "Actual").split(",")) <= set(ATTRIBUTES):
        raise DeclarationError("unknown attribute")


def _numbers(variable):
    """The fields without a maximum that the station computes (max=live)."""
    return {key: value for key, value in variable.fields.items() if (key, value) != COMPUTED}


def _check_limits(variable):
    fields = _numbers(variable)
    number = variable.type in NUMBERS
    if fields != variable.fields and not (number and "live" in variable.flags):
        raise DeclarationError("max=live: only of a number that is itself live")
    for key in ("min", "max"):
        if key in fields and not (NUMBER if number else COUNT).fullmatch(fields[key]):
            raise DeclarationError(f"{key} is no number, or has over 9 digits on a side")
    if Decimal(fields.get("min", "-1e9")) > Decimal(fields.get("max", "1e9")):
        raise DeclarationError("min is above max")
    if variable.type == "string":
        most = LONGEST_READ if variable.access == "ro" else LONGEST_WRITTEN
        if "max" not in fields or int(fields["max"]) > most:
            raise DeclarationError(f"a string needs max=, at most {most}: the heap is bounded")


def _valid(variable, value):
    fields = _numbers(variable)
    if variable.type in NUMBERS:
        if not NUMBER.fullmatch(value) or (variable.type == "integer" and "." in value):
            return False
        limits = {**LIMITS, **fields}
        return Decimal(limits["min"]) <= Decimal(value) <= Decimal(limits["max"])
    if variable.type == "boolean":
        return value in ("true", "false")
    if variable.type == "dateTime":
        return bool(DATE_TIME.fullmatch(value))
    if variable.type in LISTS:
        members = value.split(",")
        least = int(fields.get("min", "0"))
        right = len(members) == 1 if variable.type == "OptionList" else len(members) >= least
        known = set(fields["values"].split(","))
        return right and set(members) <= known and len(set(members)) == len(members)
    return int(fields.get("min", "0")) <= len(value) <= int(fields["max"])


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
    fields = {**(LIMITS if variable.type in NUMBERS else {}), **variable.fields}
    for bit, key in enumerate(FIELDS):
        if key not in fields:
            continue
        extras |= 1 << bit
        if key == "attributes":
            mask = sum(1 << ATTRIBUTES.index(a) for a in fields[key].split(","))
            tail += mask.to_bytes(2, "little")
        else:
            tail += strings.add(fields[key])
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


def write(out, components, has_extension):
    """Write the modules into folder `out`; the sizes of the tables."""
    constants, strings, heads, records = tables(components)
    out.mkdir(parents=True, exist_ok=True)
    title = "Variables of the device model: offsets in RECORDS."
    _replace(out / "variables.py", constants_module(title, constants))
    title = "Layout of the device model's records."
    _replace(out / "variable_format.py", constants_module(title, layout()))
    title = "Whether the charger has an extension (boards/README.md)."
    _replace(out / "extension.py", constants_module(title, {"EXTENSION": int(has_extension)}))
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
        has_extension = False
        if options.extension:
            text = options.extension.read_text()
            more, has_extension = extension(text, str(options.extension))
            components = merge(components, more)
        count, strings, heads, records = write(options.out, components, has_extension)
    except (DeclarationError, OSError) as e:
        sys.exit(f"compile.py: {e}")
    total = strings + heads + records
    print(
        f"device model: {count} variables, {len(components)} components, {total} B of ROM "
        f"(texts {strings}, components {heads}, records {records})"
    )


if __name__ == "__main__":
    main()
