"""Which names get an id: those of the messages that blocks declare, and those that sources import.

The name of a message that is not declared is nowhere: whoever sends it hears NotImplemented.
"""

import ast
import re

from schemas import CUSTOM_DATA

_IN_C = re.compile(r"\bNAME_([A-Z0-9_]+)")


def of_messages(declarations, schemas):
    """Names of fields and values: all of a message that is received, of one that is sent those
    that are declared.
    """
    names = {CUSTOM_DATA, *_received(schemas.custom_data)}
    for declaration in declarations:
        value = schemas.types[declaration.message]
        if declaration.direction == "receive":
            names.update(_received(value))
        else:
            names.update(_sent(declaration.node, value))
    return names


def _received(value):
    if value[0] == "object":
        for name, (field, _) in value[1].fields.items():
            yield name
            yield from _received(field)
    elif value[0] == "array":
        yield from _received(value[1])
    elif value[0] == "enum":
        yield from value[1]


def _sent(node, value):
    if value[0] == "array":
        value = value[1]
    if value[0] == "object":
        for name, _, _, child in node.entries:
            yield name
            yield from _sent(child, value[1].fields[name][0])
    elif value[0] == "enum":
        yield from value[1]


def of_sources(folders, blocks, root):
    """Constants of tables.names that Python files import, and NAME_... of C files.

    Args:
        folders: with sources.
        blocks: names of the blocks that are there.
        root: the folder of blocks; what lies in the folder of another block counts not.
    """
    constants = set()
    for folder in folders:
        for path in sorted(folder.rglob("*.py")):
            of_block = root in path.parents and path.relative_to(root).parts[0]
            if not of_block or of_block.endswith(".py") or of_block in blocks:
                constants.update(_imported(path))
        for path in sorted(folder.rglob("*.c")):
            constants.update(_IN_C.findall(path.read_text(encoding="utf-8")))
    return constants


def _imported(path):
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (SyntaxError, UnicodeDecodeError):
        return  # tools/freeze.py tells
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "tables.names":
            yield from (alias.name for alias in node.names)
