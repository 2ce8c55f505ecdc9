"""Reads what blocks declare as [messages]: which fields a block gets or sends, and in what order.

The syntax is in README.md. A declaration becomes a Node: its entries are (name, kind, slot,
child); slots of an object within count from its first leaf, of an array's items from 0.
Equal nodes are one in the tables, so `statusInfo{reasonCode additionalInfo}` costs ROM once.
"""

import re

from schemas import SchemaError, split_message

from tools.blocks.declaration import DeclarationError

_TOKEN = re.compile(r"\s*([A-Za-z0-9]+|:raw|[.{}\[\]])")


class Node:
    def __init__(self):
        self.entries = []  # (name, kind, slot, child Node or None)
        self.slots = 0

    def key(self):
        children = tuple(c.key() if c else None for _, _, _, c in self.entries)
        return (tuple(e[:3] for e in self.entries), children)


def kind_of(value):
    return value[0]


class Declaration:
    def __init__(self, direction, message, node, where):
        self.direction = direction
        self.message = message
        self.action, self.is_request = split_message(message)
        self.node = node
        self.where = where


class _Parser:
    def __init__(self, text, where, sends):
        self.where = where
        self.sends = sends
        self.tokens = []
        position = 0
        text = text.rstrip()
        while position < len(text):
            match = _TOKEN.match(text, position)
            if not match:
                raise self.error("unexpected %r" % text[position:].strip()[:20])
            self.tokens.append(match.group(1))
            position = match.end()

    def error(self, why):
        return DeclarationError("%s: %s" % (self.where, why))

    def peek(self):
        return self.tokens[0] if self.tokens else ""

    def take(self, expected=None):
        if not self.tokens or (expected and self.tokens[0] != expected):
            raise self.error(
                "expected %s, found %s" % (expected or "a name", self.peek() or "the end")
            )
        return self.tokens.pop(0)

    def fields(self, shape, path, end):
        """A list of fields up to `end`."""
        node = Node()
        while self.peek() != end:
            name = self.take()
            if not name.isalnum():
                raise self.error("expected a name, found %s" % name)
            self.field(node, shape, name, path)
        self.check_required(node, shape, path)
        return node

    def field(self, node, shape, name, path):
        path = path + name
        if name not in shape.fields:
            raise self.error(
                "%s: no such field; there are %s" % (path, " ".join(sorted(shape.fields)))
            )
        if any(name == e[0] for e in node.entries):
            raise self.error("%s: declared twice (group an object's fields in braces)" % path)
        value = shape.fields[name][0]
        kind = kind_of(value)
        slot = node.slots
        child = None
        width = 1
        if kind == "object":
            child = self.object(value[1], path)
            width = child.slots
        elif kind == "array":
            child = self.array(value[1], path)
        elif kind == "number":
            width = 2
        elif kind == "any":
            self.take(":raw")
        if self.peek() in (".", "{", "["):
            raise self.error("%s is a %s: it has no fields" % (path, kind))
        node.entries.append((name, kind, slot, child))
        node.slots += width

    def object(self, shape, path):
        if self.peek() == ".":
            self.take()
            node = Node()
            self.field(node, shape, self.take(), path + ".")
            self.check_required(node, shape, path + ".")
            return node
        if self.peek() != "{":
            raise self.error("%s is an object: name its fields, %s{...}" % (path, path))
        self.take()
        node = self.fields(shape, path + ".", "}")
        self.take("}")
        return node

    def array(self, item, path):
        if self.peek() != "[":
            raise self.error("%s is an array: %s[...]" % (path, path))
        self.take()
        kind = kind_of(item)
        if kind == "object":
            node = self.fields(item[1], path + "[].", "]")
        elif kind in ("array", "any", "number"):
            raise self.error("%s: an array of %s" % (path, kind))
        else:
            node = Node()
            node.entries.append(("", kind, 0, None))
            node.slots = 1
        self.take("]")
        return node

    def check_required(self, node, shape, path):
        if not self.sends:
            return
        declared = {e[0] for e in node.entries}
        for name, (_, required) in shape.fields.items():
            if required and name not in declared:
                raise self.error("%s%s is required by the schema and not sent" % (path, name))


def parse(blocks, schemas):
    """-> (list of Declaration, list of further names), from the [messages] of `blocks`.

    Args:
        blocks: what tools.blocks.declaration.read_all() gives.

    Raises:
        DeclarationError: a line is wrong; file:line: why.
    """
    declarations = {}
    names = []
    for block in blocks:
        for number, line in block.sections.get("messages", ()):
            where = "%s:%d" % (block.path, number)
            word, _, rest = line.partition(" ")
            if word == "names":
                names.extend(rest.split())
                continue
            found = _declaration(word, rest, where, schemas)
            other = declarations.setdefault((word, found.message), found)
            if other is not found:
                raise DeclarationError(
                    "%s: %s is declared twice; it is at %s already: one block may %s it"
                    % (where, found.message, other.where, word)
                )
    _check_pairs(declarations)
    return list(declarations.values()), names


def _check_pairs(declarations):
    """What is received is answered, and the other way round: neither works alone."""
    for (word, message), found in declarations.items():
        suffix = "Response" if found.is_request else "Request"
        other = ("send" if word == "receive" else "receive", found.action + suffix)
        if other not in declarations:
            what = (found.where, word, message, *other)
            raise DeclarationError("%s: %s %s, but nobody declares %s %s; add it" % what)


def _declaration(word, rest, where, schemas):
    """The Declaration that a line makes: its first word, the rest."""
    message, colon, fields = rest.partition(":")
    message = message.strip()
    if word not in ("receive", "send") or not colon:
        raise DeclarationError(
            "%s: expected `receive Message: ...`, `send Message: ...` or `names ...`" % where
        )
    if message not in schemas.types:
        raise DeclarationError("%s: no message %s in OCPP 2.0.1" % (where, message))
    allowed = schemas.station_receives if word == "receive" else schemas.station_sends
    if not allowed(message):
        raise DeclarationError("%s: a station does not %s %s" % (where, word, message))
    parser = _Parser(fields, where, word == "send")
    return Declaration(word, message, parser.fields(schemas.types[message][1], "", ""), where)


__all__ = ["Declaration", "DeclarationError", "Node", "SchemaError", "parse"]
