#!/usr/bin/env python3
"""Compiles the OCPP schemas and the blocks' messages into ROM tables (byte by byte: README.md).

    python tools/schema/compile.py --blocks build/gen/product.json --sources firmware boards \
        --out build/gen/tables

The output depends on nothing but these inputs: the same bytes on every machine.
"""

import argparse
import os
import re
import struct
import sys
from pathlib import Path

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(1, str(Path(__file__).resolve().parents[2]))

from declarations import DeclarationError, Node, parse
from pieces import EVERY, Pieces, PiecesError
from schemas import CUSTOM_DATA, SchemaError, Schemas
from slots import write as write_slots
from wanted import of_messages, of_sources

from tools.blocks.declaration import read_all

LIMIT = 16000  # bytes of ROM for all tables together
MAX_DEPTH = 12  # frames of the reader
MAX_FIELDS = 30  # bits of an object's "seen" mask
MAX_SLOTS = 31  # 5 bits of a tag in the arena
KINDS = ("any", "object", "array", "string", "enum", "time", "integer", "number", "boolean")
ERROR_CODES = """
    FormatViolation GenericError InternalError MessageTypeNotSupported NotImplemented NotSupported
    OccurrenceConstraintViolation PropertyConstraintViolation ProtocolError RpcFrameworkError
    SecurityError TypeConstraintViolation
""".split()
UNDECLARED = 255
HEADER = "made by tools/schema/compile.py; do not edit"


class Table:
    """Numbers for things that are equal, in the order they were first seen."""

    def __init__(self):
        self.index = {}

    def number(self, key):
        return self.index.setdefault(key, len(self.index))


class Names:
    """Name ids: properties from 1 (they fit a byte), actions, all others; each part sorted.

    Args:
        schemas: Schemas.
        extra: further names.
        actions: those whose messages are there.
        wanted: names of properties and values that get an id.
        constants: ... and constants of such names.
    """

    def __init__(self, schemas, extra, actions, wanted, constants):
        every = [sorted(schemas.properties), sorted(schemas.actions)]
        others = set(schemas.values) | set(ERROR_CODES) | set(extra)
        every.append(sorted(others.difference(*every)))
        # Of all that there could be: what a name's constant is depends on no other.
        self._constant = _constants(name for part in every for name in part)
        asked = {name for name, constant in self._constant.items() if constant in constants}
        wanted = {*wanted, *ERROR_CODES, *extra, *asked}
        properties = sorted(wanted & schemas.properties)
        actions = sorted(actions)
        rest = wanted.difference(properties, actions)
        self.all = properties + actions + sorted(rest)
        self.first_action = 1 + len(properties)
        self.first_other = self.first_action + len(actions)
        self.id = {name: n for n, name in enumerate(self.all, 1)}
        if self.first_action > 256 or not all(n.isascii() and len(n) < 64 for n in self.all):
            raise SchemaError("more than 255 property names, or one that is long or not ASCII")

    def constants(self):
        """NAME -> id."""
        return {self._constant[name]: number for name, number in self.id.items()}


def _constants(names):
    """name -> constant. Where a value has the constant already, a field's gets _FIELD."""
    result = {}
    for name in reversed(list(names)):
        constant = upper_snake(name)
        while constant in result:
            constant += "_FIELD"
        result[constant] = name
    return {name: constant for constant, name in result.items()}


def upper_snake(name):
    """EVConnected -> EV_CONNECTED, Energy.Active.Net -> ENERGY_ACTIVE_NET, L1-N -> L1_N."""
    text = re.sub(r"[^A-Za-z0-9]+", "_", name)
    text = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", text)
    text = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", text).upper()
    return text if text[0].isalpha() else "N_" + text


class Compiler:
    def __init__(self, schemas, declarations, extra, constants, complete):
        self.schemas = schemas
        self.complete = complete
        actions = schemas.actions if complete else {d.action for d in declarations}
        self.declared = {(d.direction, d.message) for d in declarations}
        wanted = of_messages(declarations, schemas)
        if complete:
            wanted |= schemas.properties | schemas.values
        self.names = Names(schemas, extra, actions, wanted, constants)
        self.types = Table()
        self.nodes = Table()
        self.objects = b""
        self.enums = b""
        self.enum_at = {}
        self.entries = []  # of TYPES: kind, a byte, 16 bits
        self.node_bytes = []
        self.type_number(("any",))
        self.custom = self.type_number(schemas.custom_data)
        self.node_number(Node())
        self.actions = b"".join(self.action(a, declarations) for a in sorted(actions))

    def type_number(self, value):
        if value in self.types.index:
            return self.types.index[value]
        kind = value[0]
        a, b = 0, 0
        if kind == "object":
            a, b = int(value[1].free), self.object(value[1])
        elif kind == "array":
            if value[1][0] == "string":
                raise SchemaError("an array of strings")  # the scanner keeps strings by itself
            a, b = self.type_number(value[1]), value[2]
        elif kind == "string":
            b = value[1]
        elif kind == "enum":
            a, b = len(value[1]), self.enum(value[1])
        elif kind in ("integer", "number"):
            if not isinstance(value[1], bool):
                raise SchemaError("a received number with limits %s" % (value[1],))
            a = int(value[1])
        number = self.types.number(value)
        self.entries.append((kind, a, b))
        assert len(self.entries) == len(self.types.index) <= 256
        return number

    def object(self, shape):
        """[fields (+128: others are welcome), required ones, then name and type of each].

        The required ones come first.
        """
        fields = sorted(shape.fields.items(), key=lambda f: not f[1][1])
        if len(fields) > MAX_FIELDS:
            raise SchemaError("an object with %d fields" % len(fields))
        required = sum(1 for _, (_, needed) in fields if needed)
        data = bytes((len(fields) | shape.free << 7, required))
        for name, (value, _) in fields:
            data += bytes((self.names.id[name], self.type_number(value)))
        at = len(self.objects)
        self.objects += data
        return at

    def enum(self, values):
        data = b"".join(struct.pack("<H", self.names.id[v]) for v in values)
        if data not in self.enum_at:
            self.enum_at[data] = len(self.enums)
            self.enums += data
        return self.enum_at[data]

    def node_number(self, node):
        """[entries, slots, then name, kind, slot, child of each]."""
        key = node.key()
        if key in self.nodes.index:
            return self.nodes.index[key]
        data = bytes((len(node.entries), node.slots))
        for name, kind, slot, child in node.entries:
            name_id = self.names.id[name] if name else 0
            number = self.node_number(child) if child else 0
            data += bytes((name_id, KINDS.index(kind), slot, number))
        number = self.nodes.number(key)
        assert number < UNDECLARED
        self.node_bytes.append(data)
        return number

    def action(self, action, declarations):
        """[type of the request, of the response (0: it is not received), 4 nodes]."""
        types = []
        nodes = []
        for direction in ("receive", "send"):
            for suffix in ("Request", "Response"):
                message = action + suffix
                found = [
                    d for d in declarations if d.message == message and d.direction == direction
                ]
                missing = 0 if direction == "receive" else UNDECLARED
                nodes.append(self.node_number(found[0].node) if found else missing)
                if found and direction == "receive" and found[0].node.slots > MAX_SLOTS:
                    raise DeclarationError("%s: more than %d slots" % (found[0].where, MAX_SLOTS))
        for suffix in ("Request", "Response"):
            message = action + suffix
            received = self.schemas.station_receives(message) and (
                self.complete or ("receive", message) in self.declared
            )
            types.append(self.type_number(self.schemas.types[message]) if received else 0)
            if received and depth(self.schemas.types[message]) > MAX_DEPTH:
                raise SchemaError("%s: nested deeper than %d" % (message, MAX_DEPTH))
        return bytes(types + nodes)

    def sections(self):
        """The parts of TABLE, in order; it is addressed in units of 16 bits throughout."""
        at = {"object": 2 * len(self.entries)}
        at["enum"] = at["object"] + len(self.objects) // 2
        types = b""
        for kind, a, b in self.entries:
            if kind in at:
                b = at[kind] + b // 2
            types += struct.pack("<BBH", KINDS.index(kind), a, b)
        nodes = at["enum"] + (len(self.enums) + len(self.actions)) // 2 + len(self.node_bytes)
        index = b""
        for data in self.node_bytes:
            index += struct.pack("<H", nodes)
            nodes += len(data) // 2
        return [
            ("types", types),
            ("objects", self.objects),
            ("enums", self.enums),
            ("actions", self.actions),
            ("node_index", index),
            ("nodes", b"".join(self.node_bytes)),
        ]

    def layout(self, sections):
        result = {"KIND_" + kind.upper(): n for n, kind in enumerate(KINDS)}
        at = 0
        for name, data in sections:
            result["AT_" + name.upper()] = at // 2
            at += len(data)
        result["CUSTOM_DATA_ID"] = self.names.id[CUSTOM_DATA]
        result["CUSTOM_TYPE"] = self.custom
        result["FIRST_ACTION"] = self.names.first_action
        result["FIRST_OTHER"] = self.names.first_other
        result["LAST_NAME"] = len(self.names.all)
        result["MAX_DEPTH"] = MAX_DEPTH
        result["UNDECLARED"] = UNDECLARED
        return result


def depth(value):
    """Objects and arrays within each other, customData (an object in every object) among them."""
    if value[0] == "object":
        return 1 + max([depth(v) for v, _ in value[1].fields.values()] + [int(not value[1].free)])
    return 1 + depth(value[1]) if value[0] == "array" else 0


def write_module(path, first_line, lines):
    """What has not changed is left alone: make then has nothing to do."""
    text = (first_line + "\n" + "\n".join(lines) + "\n").encode("ascii")
    path = Path(path)
    if not path.exists() or path.read_bytes() != text:
        path.write_bytes(text)


def c_array(declaration, numbers):
    """A C array of numbers, 16 a line."""
    rows = [numbers[i : i + 16] for i in range(0, len(numbers), 16)]
    return [declaration + " = {", *("    %s," % ", ".join(map(str, row)) for row in rows), "};"]


def words(data):
    return [n for (n,) in struct.iter_unpack("<H", data)]


def write_header(path, comment, values):
    """The constants as a C header."""
    guard = "PILOTWIRE_TABLES_%s_H" % os.path.basename(path).split(".")[0].upper()
    lines = ["#ifndef " + guard, "#define " + guard]
    lines += ["#define %s %d" % item for item in values]
    write_module(path, comment, [*lines, "#endif"])


def write_tables(out, table, names):
    """schema.inc: the tables as C arrays, which hold no address and so stay in ROM."""
    lines = c_array("const uint16_t wire_table[TABLE_LENGTH]", words(table))
    lines += c_array("const uint8_t wire_letters[]", list(names.letters.encode()))
    lines += c_array("const uint16_t wire_pieces[]", names.places())
    lines += c_array("const uint8_t wire_codes[]", list(names.codes()))
    lines += c_array("const uint8_t wire_lengths[]", list(names.lengths()))
    lines += c_array("const uint16_t wire_starts[]", names.starts())
    write_module(os.path.join(out, "schema.inc"), "// " + HEADER, lines)


def compile_tables(blocks, out, schema_folder=None, sources=(), complete=False):
    """Writes names, layout (.py and .h), messages.py, schema.inc into `out`; -> {part: bytes}."""
    schemas = Schemas(schema_folder)
    found = read_all(blocks)
    declarations, further = parse(found, schemas)
    constants = of_sources(sources, found)
    compiler = Compiler(schemas, declarations, further, constants, complete)
    sections = compiler.sections()
    names = Pieces(compiler.names.all)
    os.makedirs(out, exist_ok=True)
    table = b"".join(data for _, data in sections)
    layout = compiler.layout(sections)
    layout["TABLE_LENGTH"] = len(table) // 2
    layout["NAME_EVERY"] = EVERY
    layout["NAME_MOST"] = max(map(len, compiler.names.all))
    tables = (("names", "NAME_", compiler.names.constants()), ("layout", "", layout))
    for file, prefix, constants in tables:
        values = sorted(constants.items(), key=lambda i: (i[1], i[0]))
        lines = ["# " + HEADER] + ["%s = %d" % item for item in values]
        write_module(os.path.join(out, file + ".py"), "# constants", lines)
        values = [(prefix + name, value) for name, value in values]
        write_header(os.path.join(out, file + ".h"), "// " + HEADER, values)
    write_tables(out, table, names)
    write_slots(out, declarations, schemas)
    if os.path.exists(os.path.join(out, "schema.py")):  # what an earlier version made
        os.remove(os.path.join(out, "schema.py"))
    sizes = dict(zip(("names", "name index"), names.size(), strict=True))
    sizes.update((name, len(data)) for name, data in sections)
    return sizes


def main():
    parser = argparse.ArgumentParser(description="OCPP schemas and blocks -> ROM tables")
    parser.add_argument("--blocks", type=Path, required=True, help="their folder, or product.json")
    parser.add_argument("--out", required=True)
    parser.add_argument(
        "--schemas", help="folder of the JSON schemas (default: those of the ocpp package)"
    )
    parser.add_argument(
        "--sources",
        type=Path,
        nargs="*",
        default=[],
        help="folders and files of what imports names",
    )
    parser.add_argument(
        "--complete", action="store_true", help="all messages and names, for tests"
    )
    options = parser.parse_args()
    try:
        sizes = compile_tables(
            options.blocks, options.out, options.schemas, options.sources, options.complete
        )
    except (DeclarationError, PiecesError, SchemaError, OSError) as error:
        sys.exit("schema compiler: %s" % error)
    total = sum(sizes.values())
    print(
        "schema tables: %d bytes of ROM (" % total
        + ", ".join("%s %d" % s for s in sizes.items())
        + ")"
    )
    if total > LIMIT:
        sys.exit("schema compiler: the tables are larger than %d bytes" % LIMIT)


if __name__ == "__main__":
    main()
