#!/usr/bin/env python3
r"""Turn the declarations of components and variables into ROM tables and constants.

    python tools/device_model/compile.py --declarations firmware/*/variables.txt \
        --blocks firmware/blocks --out build/gen/tables [--extension boards/unix/extension.py]

Writes into <out> variables.py (constants, one a variable: its offset in RECORDS),
variable_format.py (constants of the record's layout), extension.py (EXTENSION, 1: there is a class
Extension; and what it is like) and device_model.inc (STRINGS, COMPONENTS, RECORDS, for C; for
tests the same in device_model.py). The formats are described in firmware/device_model/README.md.
Blocks declare in the section [variables]
of their block.txt; a component may be spread over several: its variables are put together, those
of --declarations first, device_model/ before all, then those of the blocks by name. An extension
(boards/README.md) declares in its docstring, from the first line that begins with `component` or
`define` on, what a charger has beyond these, or otherwise.
"""

import argparse
import ast
import difflib
import re
import shlex
import sys
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from tools import no_floats  # noqa: E402
from tools.blocks import declaration  # noqa: E402
from tools.blocks.declaration import DeclarationError  # noqa: E402
from tools.inline import Source, read_constants  # noqa: E402

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
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
FLAGS = {"reboot": 0x20, "live": 0x40, "volatile": 0x80}
# Optional fields of a record, in the order of their bits and of their places.
FIELDS = ("instance", "default", "min", "max", "values", "unit", "from", "attributes")
MORE_VALUES = "max"  # the field that has the conditional members of a list
ATTRIBUTES = ("Actual", "Target", "MinSet", "MaxSet")
NUMBER = re.compile(r"-?\d{1,9}(\.\d{1,9})?")
COUNT = re.compile(r"\d{1,9}")
DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
# identifierString of at most 50 characters (NotifyReportRequest), but what the constants need
NAME = re.compile(r"[A-Za-z][A-Za-z0-9*\-_=:+|@.]{0,49}")
INSTANCE = re.compile(r"[A-Za-z0-9*\-_=:+|@.]{1,50}")
VARIABLE = re.compile(r"([^()]+)(?:\(([^()]+)\))?")
MEMBER = re.compile(r"(.*?)(?:\((\w+)=(.*)\))?")  # of a list of values: NAME(when=CAPABILITY)
CAPABILITIES = ROOT / "firmware/hal/capabilities.py"
LONGEST_WRITTEN = 1000  # attributeValue of SetVariables
LONGEST_READ = 2500  # ... of GetVariables and NotifyReport
LONGEST_LIST = 1000  # valuesList
LONGEST_UNIT = 16
# Of a number that is declared without: nothing is refused but for a limit that is told.
LIMITS = {"min": "-999999999", "max": "999999999"}
# Where `from` may take a value: attributes of the board, and its options (firmware/hal/README.md).
FROM = (
    *(".firmware_version", ".model", ".phases", ".serial_number", ".vendor_name"),
    *("csms_url", "evses", "id", "ocpp_version", "password", "security_profile", "storage"),
)
# Of the class Extension: how many arguments each may take, with self.
METHODS = {
    "__init__": (3, 4),
    "read": (4,),
    "changed": (4,),
    "event": (2,),
    "data_transfer": (4,),
    "data_transfer_answered": (3,),
}
KEYWORDS = ("component", "define")


@dataclass
class Variable:
    name: str
    instance: str | None
    type: str
    access: str
    flags: set = field(default_factory=set)
    fields: dict = field(default_factory=dict)
    when: str | None = None  # the capability that the board needs for it
    members: dict = field(default_factory=dict)  # of a list: NAME -> the capability, or None
    where: str = ""  # path:line


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


@cache
def capabilities():
    """What hal/ names that a board may have or not: signing_meter -> 1."""
    path = PurePosixPath("hal/capabilities.py")
    numbers = read_constants(Source(CAPABILITIES, path, CAPABILITIES.read_text()))
    return {name.lower(): number for name, number in numbers.items()}


def _capability(name):
    if name not in capabilities():
        known = ", ".join(sorted(capabilities()))
        raise DeclarationError(f"when={name}: no such capability; a board may have {known}")
    return name


class Declared:
    """Components that several files declare together."""

    def __init__(self):
        self.components = []  # in the order in which they are first named
        self._defines = {}  # $NAME -> (its values, path:line), visible to all files
        self._known = {}  # a variable's place -> path:line

    def take(self, lines, origin, shared=False):
        """Take in a file.

        Args:
            lines: (number, text) of each.
            shared: its defines are there for the files after it, too.

        Raises:
            DeclarationError: with file and line.
        """
        component, when, defines = None, None, dict(self._defines)
        for number, line in lines:
            where = f"{origin}:{number}"
            try:
                words = shlex.split(line, comments=True)
                if words[:1] == ["define"]:
                    _define(words, defines, where)
                elif words[:1] == ["component"]:
                    named, when = _component(words)
                    component = self._component(named)
                elif words:
                    self._variable(component, when, words, defines, where)
            except (DeclarationError, ValueError) as e:
                raise DeclarationError(f"{where}: {e}: {line.strip()}") from e
        if shared:
            self._defines = defines

    def _component(self, named):
        for component in self.components:
            if _place(component) == _place(named):
                return component
        self.components.append(named)
        return named

    def _variable(self, component, when, words, defines, where):
        if component is None:
            raise DeclarationError("a variable needs a component before it")
        variable = _variable(words, {name: values for name, (values, _) in defines.items()})
        if when and variable.when:
            raise DeclarationError(f"its component is there when={when} only; leave one out")
        variable.when = variable.when or when
        variable.where = where
        place = (*_place(component), variable.name, variable.instance)
        other = self._known.setdefault(place, where)
        if other != where:
            raise DeclarationError(f"declared twice; it is at {other} already, leave one out")
        component.variables.append(variable)


def _define(words, defines, where):
    if len(words) != 3:
        raise DeclarationError("expected define NAME VALUES")
    name = "$" + words[1]
    if name in defines:
        raise DeclarationError(f"defined twice; it is at {defines[name][1]} already, rename one")
    _members(words[2])
    defines[name] = words[2], where


def parse(text, origin="variables"):
    """Components of a declaration.

    Raises:
        DeclarationError: with file and line.
    """
    declared = Declared()
    declared.take(enumerate(text.splitlines(), 1), origin)
    return declared.components


def read(tables, blocks):
    """Components of the firmware: those of the files `tables`, then of the folder `blocks`.

    Raises:
        DeclarationError: with file and line.
    """
    declared = Declared()
    for table in sorted(tables, key=lambda path: (path.parent.name != "device_model", path)):
        declared.take(declaration.lines(table), table, shared=True)
    for block in declaration.read_all(blocks):
        declared.take(block.sections.get("variables", ()), block.path)
    return declared.components


def extension(text, origin="extension.py"):
    """(components that an extension declares, its class Extension or None).

    Raises:
        DeclarationError: with file and line.
    """
    try:
        tree = ast.parse(text)
    except SyntaxError as e:
        raise DeclarationError(f"{origin}:{e.lineno}: {e.msg}") from e
    _check_floats(tree, origin)
    _check_place(tree, origin)
    lines = (ast.get_docstring(tree, clean=False) or "").splitlines()
    before = tree.body[0].lineno - 1 if lines else 0  # comments above the docstring
    declared = False
    for i, line in enumerate(lines):
        declared = declared or line.split()[:1] in [[word] for word in KEYWORDS]
        if not declared:
            _check_prose(line, f"{origin}:{before + i + 1}")
            lines[i] = ""
    return parse("\n" * before + "\n".join(lines), origin), _class(tree, origin)


def _check_prose(line, where):
    """A line before the first declaration that was meant as one would be left out in silence."""
    words = line.split()
    wanted = difflib.get_close_matches(words[0].lower() if words else "", KEYWORDS, 1, 0.75)
    rest = words[2:]
    if wanted and len(words) > 1:
        options = all("=" in word for word in rest)
        if options if wanted == ["component"] else len(rest) == 1:
            raise DeclarationError(f"{where}: {words[0]}: meant as {wanted[0]}?: {line.strip()}")
    if len(words) > 2 and words[1] in TYPES and words[2] in ACCESS:
        raise DeclarationError(f"{where}: a variable needs a component before it: {line.strip()}")


def _check_place(tree, origin):
    """Declarations in a text that is not the docstring would be left out in silence."""
    for node in tree.body[1:]:
        value = getattr(node, "value", None)
        if isinstance(node, ast.Expr) and isinstance(getattr(value, "value", None), str):
            for i, line in enumerate(value.value.splitlines()):
                if line.split()[:1] in [[word] for word in KEYWORDS]:
                    raise DeclarationError(
                        f"{origin}:{node.lineno + i}: declarations stand in the docstring, "
                        f"the first statement of the file: {line.strip()}"
                    )


def _check_floats(tree, origin):
    for line, what in no_floats.floats(tree):
        raise DeclarationError(
            f"{origin}:{line}: {what}: there are no floats on the charger; count in smaller "
            'units (mA, mWh), divide by //, write a decimal as bytes: b"12.5"'
        )


def _class(tree, origin):
    """The class Extension, None: there is none.

    Raises:
        DeclarationError: a method that would never be called, or not with these arguments.
    """
    found = None
    for node in tree.body:
        if not isinstance(node, ast.ClassDef):
            continue
        if node.name == "Extension":
            found = node
        elif difflib.get_close_matches(node.name, ["Extension"], 1, 0.8):
            raise DeclarationError(f"{origin}:{node.lineno}: {node.name}: meant as Extension?")
    if found is not None:
        _check_methods(found, origin)
    return found


def _check_methods(found, origin):
    methods = {n.name: n for n in found.body if isinstance(n, FUNCTIONS)}
    if "__init__" not in methods:
        raise DeclarationError(f"{origin}:{found.lineno}: Extension has no __init__()")
    for name, method in methods.items():
        where = f"{origin}:{method.lineno}: {name}()"
        if name in METHODS:
            _check_arguments(method, where, METHODS[name])
        elif name[0] != "_" and (near := difflib.get_close_matches(name, METHODS, 1, 0.7)):
            raise DeclarationError(
                f"{where}: meant as {near[0]}()? The name of a method of your own begins with _"
            )


def _check_arguments(method, where, counts):
    if not isinstance(method, ast.FunctionDef):
        raise DeclarationError(f"{where} is called, not awaited: def, without async")
    if any(isinstance(n, ast.Yield | ast.YieldFrom) for n in ast.walk(method)):
        raise DeclarationError(f"{where} is called, no generator: return, not yield")
    given = method.args
    least = len(given.args) - len(given.defaults)
    if given.vararg is None and not any(least <= count <= len(given.args) for count in counts):
        wanted = " or ".join(str(count) for count in counts)
        raise DeclarationError(f"{where} takes {wanted} arguments, with self")


def extension_constants(found):
    """Constants of tables.extension, by what _class() has found."""
    lines, arguments = dict.fromkeys(METHODS, 0), 0
    for node in found.body if found else ():
        if isinstance(node, ast.FunctionDef) and node.name in METHODS:
            lines[node.name] = node.lineno
            if node.name == "__init__":
                arguments = 9 if node.args.vararg else len(node.args.args)
    return {
        "EXTENSION": int(found is not None),
        "TAKES_FIRMWARE": int(arguments > METHODS["__init__"][0]),
        "LINE_OF_READ": lines["read"],
        "LINE_OF_DATA_TRANSFER": lines["data_transfer"],
    }


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
                try:
                    _check_redeclared(added, variables[at[0]], variable)
                except DeclarationError as e:
                    raise DeclarationError(f"{variable.where}: {e}") from e
                variables[at[0]] = variable
            else:
                variables.append(variable)
    return components


def _check_redeclared(component, old, new):
    """The firmware relies on the type and the limits of its own variables, and a secret stays one.
    What the extension does not limit keeps its limits, and its conditions. Only the maker knows
    how much power it has.
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
    new.when = new.when or old.when
    for member, when in new.members.items():
        new.members[member] = when or old.members.get(member)
    _check(new)


def _place(component):
    return component.name, component.instance, component.level


def _component(words):
    options = dict(word.partition("=")[::2] for word in words[2:])
    name = words[1] if len(words) > 1 else ""
    component = Component(name, options.pop("instance", ""), options.pop("level", "station"))
    when = options.pop("when", None)
    if options or component.level not in LEVELS:
        wanted = "component NAME [instance=X] [level=station|evse|connector] [when=CAPABILITY]"
        raise DeclarationError(f"expected {wanted}")
    _check_names(component.name, component.instance)
    return component, None if when is None else _capability(when)


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
        if not equals or key not in (*FIELDS, "when") or key in variable.fields:
            raise DeclarationError(f'unknown or repeated {word} (a text with spaces: "...")')
        if value.startswith("$") and value not in defines:
            raise DeclarationError(f"{value} is not defined")
        variable.fields[key] = defines.get(value, value)
    if "when" in variable.fields:
        variable.when = _capability(variable.fields.pop("when"))
    if "values" in variable.fields:
        variable.members = _members(variable.fields["values"])
    _check(variable)
    return variable


def _members(values):
    """Members of a list of values: NAME -> the capability that the board needs, or None."""
    members = {}
    for member in values.split(","):
        name, key, value = MEMBER.fullmatch(member).groups()
        if key and key != "when":
            raise DeclarationError(f"{member}: a condition is NAME(when=CAPABILITY)")
        if not name or name in members:
            raise DeclarationError("values: members are there once, none is empty")
        members[name] = key and _capability(value)
    return members


def _check(variable):
    fields = variable.fields
    _check_limits(variable)
    if (variable.type in LISTS) != ("values" in fields):
        raise DeclarationError("lists have values=, others have not")
    if len(",".join(variable.members)) > LONGEST_LIST:
        raise DeclarationError("values: all members together have at most 1,000 characters")
    if variable.members and all(variable.members.values()):
        raise DeclarationError("values: one member is always there; when= is of variables, too")
    if len(fields.get("unit", "")) > LONGEST_UNIT:
        raise DeclarationError(f"a unit has at most {LONGEST_UNIT} characters")
    default = fields.get("default", "")
    for member in default.split(",") if variable.type in LISTS else ():
        if variable.members.get(member):
            raise DeclarationError(f"default: {member} is not always there; leave it out")
    if default and not _valid(variable, default):
        raise DeclarationError("default is not of the declared type, or not within the limits")
    if fields.get("from", FROM[0]) not in FROM:
        raise DeclarationError(f"from: the board has no such value; it has {', '.join(FROM)}")
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
        if variable.type == "integer" and "." in fields.get(key, ""):
            raise DeclarationError(f"{key} of an integer is a whole number")
    if Decimal(fields.get("min", "-1e9")) > Decimal(fields.get("max", "1e9")):
        raise DeclarationError("min is above max")
    if variable.type in LISTS and "max" in fields:
        raise DeclarationError("max: a list has no most of members but that of its values")
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
        known = set(variable.members)
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


def texts(variable):
    """The optional fields of a variable, as the ROM has them."""
    fields = {**(LIMITS if variable.type in NUMBERS else {}), **variable.fields}
    if variable.when:
        fields.setdefault("attributes", "Actual")
    groups = {}
    for name, when in variable.members.items():
        groups.setdefault(when, []).append(name)
    if groups:
        fields["values"] = ",".join(groups.pop(None))
    if groups:
        parts = (f"{chr(capabilities()[when])},{','.join(m)}" for when, m in groups.items())
        fields[MORE_VALUES] = "\0".join(parts)
    return fields


def record(variable, strings):
    """The ROM record of a variable; see the README for its layout."""
    kind = TYPES.index(variable.type) | ACCESS.index(variable.access) << 3
    for flag in variable.flags:
        kind |= FLAGS[flag]
    extras, tail = 0, b""
    fields = texts(variable)
    for bit, key in enumerate(FIELDS):
        value = fields.get(key)
        if value is None:
            continue
        extras |= 1 << bit
        if key == "attributes":
            mask = sum(1 << ATTRIBUTES.index(a) for a in value.split(","))
            tail += bytes([mask, capabilities().get(variable.when, 0)])
        else:
            tail += strings.add(value)
    body = strings.add(variable.name) + bytes([kind, extras]) + tail
    return bytes([len(body) + 1]) + body


def constant(component, variable):
    parts = (component.name, component.instance, variable.name, variable.instance or "")
    return "_".join(snake(part) for part in parts if part)


def _ordered(component):
    """Its variables; what is always there first: a component is there when its first one is."""
    variables = sorted(component.variables, key=lambda v: v.when is not None)
    if variables[0].when and len({v.when for v in variables}) > 1:
        wrong = f"all variables of {component.name} have conditions, and not the same"
        right = "give it one that is always there, as Available"
        raise DeclarationError(f"{variables[-1].where}: {wrong}; {right}")
    return variables


def tables(components):
    """(constants: name -> offset, STRINGS, COMPONENTS, RECORDS)."""
    strings, heads, records = Strings(), bytearray(), bytearray(b"\0")
    constants, places = {}, {}
    for component in components:
        if not component.variables:
            continue
        heads += strings.add(component.name) + strings.add(component.instance)
        heads += bytes([LEVELS.index(component.level)]) + len(records).to_bytes(2, "little")
        for variable in _ordered(component):
            name = constant(component, variable)
            if name in constants:
                name += "_" + component.level.upper()
            if name in constants:
                wrong = f"{name} is the constant of another, at {places[name]}; rename one"
                raise DeclarationError(f"{variable.where}: {wrong}")
            places[name] = variable.where
            constants[name] = len(records)
            records += record(variable, strings)
    # 14 bits: key of a changed value in RAM (firmware/device_model/values.py).
    if len(records) >= 1 << 14 or len(strings.blob) >= 1 << 16:
        raise DeclarationError("the tables are too large for their offsets")
    return constants, bytes(strings.blob), bytes(heads), bytes(records)


def literal(name, blob):
    lines = [f"    {blob[i : i + 24]!r}" for i in range(0, len(blob), 24)]
    return f"{name} = (\n" + "\n".join(lines) + "\n)\n"


def c_literal(name, blob):
    numbers = [str(byte) for byte in blob]
    lines = ["    " + ",".join(numbers[i : i + 24]) + "," for i in range(0, len(numbers), 24)]
    return f"static const uint8_t {name}[] = {{\n" + "\n".join(lines) + "\n};\n"


def layout():
    """Constants of the format: what stands in a record, by name."""
    constants = {"TYPE_" + snake(name): i for i, name in enumerate(TYPES)}
    constants.update(KIND_TYPE=0x07, KIND_MUTABILITY=0x18, MUTABILITY_SHIFT=3)
    constants.update(READ_ONLY=0, READ_WRITE=1, WRITE_ONLY=2)
    constants.update({"FLAG_" + name.upper(): bit for name, bit in FLAGS.items()})
    constants.update({"FIELD_" + name.upper(): 1 << i for i, name in enumerate(FIELDS)})
    constants["FIELD_MORE_VALUES"] = 1 << FIELDS.index(MORE_VALUES)
    constants.update({"LEVEL_" + name.upper(): i for i, name in enumerate(LEVELS)})
    return constants


def constants_module(title, constants, comments=None):
    lines = ["# constants", f'"""{title} Generated."""', ""]
    for name, value in constants.items():
        comment = (comments or {}).get(name)
        lines.append(f"{name} = {value}" + (f"  # {comment}" if comment else ""))
    return "\n".join(lines) + "\n"


def _variables(components):
    """In the order of the records."""
    return [v for component in components if component.variables for v in _ordered(component)]


def _live(variable):
    """For tools/blocks/joins.py: whether it is marked live, and where, if nothing else gives it a
    value.
    """
    if "live" not in variable.flags:
        return None
    own = variable.where.rpartition(":")[0].endswith(".py")  # Extension.read is asked
    valued = own or {"default", "from"} & set(variable.fields)
    return "live" if valued else f"live: {variable.where}"


def write(out, components, extension_class=None):
    """Write the modules into folder `out`; the sizes of the tables."""
    constants, strings, heads, records = tables(components)
    out.mkdir(parents=True, exist_ok=True)
    title = "Variables of the device model: offsets in RECORDS."
    live = dict(zip(constants, map(_live, _variables(components)), strict=True))
    _replace(out / "variables.py", constants_module(title, constants, live))
    title = "Layout of the device model's records."
    _replace(out / "variable_format.py", constants_module(title, layout()))
    title = "Whether the charger has an extension (boards/README.md), and what it is like."
    its = extension_constants(extension_class)
    _replace(out / "extension.py", constants_module(title, its))
    text = '"""ROM tables of the device model, see firmware/device_model. Generated."""\n\n'
    blobs = (("STRINGS", strings), ("COMPONENTS", heads), ("RECORDS", records))
    _replace(out / "device_model.py", text + "".join(literal(*item) for item in blobs))
    text = "// ROM tables of the device model, see firmware/device_model. Generated.\n\n"
    _replace(out / "device_model.inc", text + "".join(c_literal(*item) for item in blobs))
    return len(constants), len(strings), len(heads), len(records)


def _replace(path, text):
    """Leave an unchanged file alone: make then has nothing to do."""
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    files = {"type": Path, "nargs": "+", "required": True, "help": "variables.txt of the rooms"}
    parser.add_argument("--declarations", **files)
    parser.add_argument("--blocks", type=Path, required=True, help="firmware/blocks")
    parser.add_argument("--extension", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    try:
        components = read(options.declarations, options.blocks)
        extension_class = None
        if options.extension:
            text = options.extension.read_text()
            more, extension_class = extension(text, str(options.extension))
            components = merge(components, more)
        count, strings, heads, records = write(options.out, components, extension_class)
    except (DeclarationError, OSError) as e:
        sys.exit(f"compile.py: {e}")
    total = strings + heads + records
    print(
        f"device model: {count} variables, {len(components)} components, {total} B of ROM "
        f"(texts {strings}, components {heads}, records {records})"
    )


if __name__ == "__main__":
    main()
