"""Writes tables/messages.py: what the slots of messages are called, for code that names them.

The form is that of tools/blocks/slots.py. There is a name for each message that the blocks
declare, and for each data type of OCPP: of one that is in declared messages, the slots that it
has there; of any other, which nobody can send, all its fields.
"""

import os

_FIRST = "# messages"
_HEADER = '"""Made by tools/schema/slots.py; do not edit."""'


def paths(node, before=""):
    """The names of a node's slots, in their order."""
    found = []
    for name, kind, _, child in node.entries:
        if kind == "object":
            found += paths(child, f"{before}{name}_")
        else:
            found += _leaf(before + name, kind)
    return found


def _leaf(path, kind):
    return [path, path + "_decimals"] if kind == "number" else [path]


def _type_of(schema):
    """The data type of a field or of an array's elements; None: it has no name."""
    schema = schema.get("items", schema)
    return schema["$ref"].rsplit("/", 1)[1] if "$ref" in schema else None


def _declared(node, schema, definitions):
    """(data type, node) of all objects and records within a node."""
    for name, _, _, child in node.entries:
        if child and child.entries[0][0]:
            data_type = _type_of(schema["properties"][name])
            yield data_type, child
            yield from _declared(child, definitions[data_type], definitions)


def _all_fields(schema, definitions, before=""):
    """The names of slots of a data type with all its fields."""
    found = []
    for name, field in schema["properties"].items():
        within = definitions.get(_type_of(field), {})
        if name == "customData":
            continue
        if "properties" in within and "items" not in field:
            found += _all_fields(within, definitions, f"{before}{name}_")
        else:
            found += _leaf(before + name, field.get("type"))
    return found


def slots(declarations, schemas):
    """{name: (where it is declared, its slots' names)}; None in place of them: in several places,
    with different ones.
    """
    found = {}
    for declaration in declarations:
        schema = schemas.raw[declaration.message]
        named = [(declaration.message, declaration.node)]
        named += _declared(declaration.node, schema, schema.get("definitions", {}))
        for name, node in named:
            found.setdefault(name, []).append((declaration.where, paths(node)))
    result = {name: _alike(places) for name, places in found.items()}
    for schema in schemas.raw.values():
        definitions = schema.get("definitions", {})
        for name, definition in definitions.items():
            if "properties" in definition and name != "CustomDataType":
                result.setdefault(name, ("", _all_fields(definition, definitions)))
    return dict(sorted(result.items()))


def _alike(places):
    """Of (where, names) in several places: all the places, the names or None."""
    names = places[0][1]
    where = ", ".join(dict.fromkeys(where for where, _ in places))
    return where, names if all(each == names for _, each in places) else None


def write(out, declarations, schemas):
    """Writes messages.py into the folder `out`."""
    with open(os.path.join(out, "messages.py"), "w", encoding="utf-8", newline="\n") as file:
        file.write(f"{_FIRST}\n{_HEADER}\n\nfrom tools.blocks.slots import Slots\n\n")
        for name, (where, fields) in slots(declarations, schemas).items():
            text = None if fields is None else " ".join(fields)
            file.write(f"{name} = Slots({name!r}, {where!r}, {text!r})\n")
