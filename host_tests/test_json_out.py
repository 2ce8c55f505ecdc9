"""firmware/native/json_out under AddressSanitizer and UndefinedBehaviorSanitizer, in a process of
its own (json_out_host.c), over tables in which every message that a station may send is declared
with all its fields.
"""

import json
import random
import re
import subprocess

import pytest
from conftest import ROOT
from messages import SCHEMAS, Maker, decimal, parse, seconds, split_message, valid
from test_json_writer import project, times_as_seconds
from test_schema import compile_tables
from wire_library import sanitized_writer

from tools.blocks.declaration import read_all

EACH = 40  # messages of a kind, and as many with wrong objects
SIZES = (64, 65, 100, 511, 4096, 1 << 16)
SENT = sorted(message for message in SCHEMAS.raw if SCHEMAS.station_sends(message))


def declaration(shape):
    """All fields of an object, as a block declares them."""
    return " ".join(name + _type(value) for name, (value, _) in shape.fields.items())


def _type(value):
    kind = value[0]
    if kind == "any":
        return ":raw"
    if kind == "object":
        return "{%s}" % declaration(value[1])
    if kind == "array":
        return "[%s]" % (declaration(value[1][1]) if value[1][0] == "object" else "")
    return ""


@pytest.fixture(scope="module")
def declared(tmp_path_factory):
    """(program, declarations by message)"""
    folder = tmp_path_factory.mktemp("json_out")
    lines = ["send %s: %s" % (m, declaration(SCHEMAS.types[m][1])) for m in SENT]
    lines += ["receive %s:" % m for m in SCHEMAS.raw if SCHEMAS.station_receives(m)]
    done = compile_tables(folder, "--complete", everything="\n".join(lines))
    assert done.returncode == 0, done.stderr
    (folder / "out").rename(folder / "tables")
    found, _ = parse(read_all(folder / "blocks"), SCHEMAS)
    return sanitized_writer(folder), {d.message: d.node for d in found if d.direction == "send"}


def objects(node, value):
    """The slots of an object or record, as json_out_host.c reads them: (sort, what is in it)."""
    found = []
    for name, kind, _, child in node.entries:
        field = value.get(name)
        if kind == "object":
            found += objects(child, field or {})
        elif kind == "number":
            found += [("-",)] * 2 if field is None else [("i", n) for n in decimal(field)]
        elif kind == "any":
            found.append(("t", json.dumps(field).encode()) if name in value else ("-",))
        elif field is None:
            found.append(("-",))
        elif kind == "array":
            found.append(("[", [_item(child, v) for v in field]))
        else:
            found.append(_leaf(kind, field))
    return found


def _item(node, value):
    name, kind, *_ = node.entries[0]
    return ("(", objects(node, value)) if name else _leaf(kind, value)


def _leaf(kind, value):
    if kind == "boolean":
        return ("+",) if value else ("!",)
    if kind == "enum":
        return ("n", value.encode())
    if kind == "string":
        return ("t", value.encode())
    return ("i", seconds(value) if kind == "time" else value)


def text(value):
    sort, *more = value
    if sort in "([":
        return sort + "".join(map(text, more[0])) + ")]"["([".index(sort)]
    if sort == "o":
        return sort + text(more[0])
    if sort == "e":
        return "%s%d%s%s" % (sort, more[0], text(("t", b"inner")), text(("(", [])))
    if sort == "t":
        return "t%s;" % more[0].hex()
    if sort == "n":
        return "n%s;" % more[0].decode()
    return "%s%d;" % (sort, more[0]) if more else sort


class Mischief:
    """Puts wrong objects into slots and arrays."""

    def __init__(self, rnd):
        self.rnd = rnd
        self.twice = True  # the message is the same whenever it is written

    def change(self, value):
        places = []

        def walk(items):
            for i, item in enumerate(items):
                places.append((items, i))
                if item[0] in "([":
                    walk(item[1])

        walk(value[1])
        for _ in range(self.rnd.randrange(1, 5)):
            if places:
                items, i = self.rnd.choice(places)
                if i < len(items):
                    items[i : i + 1] = self.instead(items[i])
        return value

    def instead(self, item):
        rnd = self.rnd
        change = rnd.randrange(12)
        if change == 0:
            return []
        if change == 1:
            return [item] * rnd.randrange(2, 40)
        if change == 2:
            self.twice = False
            return [rnd.choice((("o", item), ("e", rnd.randrange(5)))), item]
        if change == 3:
            return [item, ("x",)]
        if change == 4:
            pieces = [("t", rnd.randbytes(rnd.randrange(90))) for _ in range(rnd.randrange(9))]
            return [("(", pieces)]
        if change == 5 and item[0] in "([":
            return [("[(".replace(item[0], ""), item[1])]
        number = rnd.choice((0, -1, 18, 19, 255, 65536, 2**31 - 1, -(2**31), 2**31, 2**62))
        return [
            rnd.choice(
                (
                    ("-",),
                    ("+",),
                    ("i", number),
                    ("n", b"nothing"),
                    ("t", rnd.randbytes(rnd.randrange(300))),
                    ("t", b'\\"\x00\x1f' * rnd.randrange(200)),
                    ("[", []),
                    ("(", [("(", [item])]),
                )
            )
        ]


def run(program, lines):
    done = subprocess.run(
        [program], input="\n".join(lines) + "\n", capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    outcomes = [line.split(" ") for line in done.stdout.splitlines()]
    assert len(outcomes) == len(lines)
    return [(bytes.fromhex(message), outcome) for message, outcome in outcomes]


def line(size, message, slots):
    action, is_request = split_message(message)
    return "%d %d %s t6964; %s" % (size, 2 if is_request else 3, action, text(slots))


def test_every_message_with_any_of_its_fields(declared):
    program, nodes = declared
    make = Maker(random.Random(5))
    messages = [(message, make.payload(message)) for message in SENT for _ in range(EACH)]
    lines = [
        line(make.rnd.choice(SIZES), message, ("(", objects(nodes[message], payload)))
        for message, payload in messages
    ]
    for (message, payload), (written, outcome) in zip(messages, run(program, lines), strict=True):
        assert outcome == "sent"
        action, is_request = split_message(message)
        found = json.loads(written)
        assert found[:-1] == ([2, "id", action] if is_request else [3, "id"])
        assert valid(message, found[-1]) == valid(message, payload)  # Maker knows no maximum
        times_as_seconds(nodes[message], found[-1])
        assert found[-1] == project(nodes[message], payload)


@pytest.mark.parametrize("seed", [1, 20250301])
def test_no_object_leads_out_of_bounds_or_to_what_is_undefined(declared, seed):
    program, nodes = declared
    rnd = random.Random(seed)
    make = Maker(rnd)
    lines, twice = [], []
    for message in SENT:
        for _ in range(EACH):
            mischief = Mischief(rnd)
            slots = mischief.change(("(", objects(nodes[message], make.payload(message))))
            twice.append(mischief.twice)
            lines += [line(size, message, slots) for size in (rnd.choice(SIZES[:3]), SIZES[-1])]
    outcomes = run(program, lines)
    pairs = list(zip(outcomes[::2], outcomes[1::2], twice, strict=True))
    for small, large, same in pairs:
        assert small[1] in ("sent", "refused") or not same
        assert small == large or not same  # one pass or two
    found = [outcome for _, outcome in outcomes]
    assert {"sent", "refused", "differs"} == set(found)
    assert min(found.count("sent"), found.count("refused")) > 400


def test_no_message_has_more_objects_within_each_other_than_there_is_room_for(declared):
    def deepest(node):
        return 1 + max((deepest(child) for *_, child in node.entries if child), default=0)

    header = (ROOT / "firmware/native/json_out/json_out.h").read_text()
    room = int(re.search(r"JSON_OUT_DEEPEST = (\d+)", header)[1])
    assert max(map(deepest, declared[1].values())) <= room


def test_errors(declared):
    program, _ = declared
    lines = [
        "%d 4 %s t%s; %s" % (size, code, b"id".hex(), text(("t", b"\x00" * n)))
        for size in (64, 128)
        for n in (0, 1, 5, 100)
        for code in ("InternalError", "NotImplemented")
    ]
    for asked, (written, outcome) in zip(lines, run(program, lines), strict=True):
        code = asked.split()[2]
        n = len(asked.split()[4][1:-1]) // 2
        assert outcome == "sent"
        assert json.loads(written) == [4, "id", code, "\0" * n, {}]


def test_the_sanitizers_are_there(declared):
    program, _ = declared
    symbols = subprocess.run(["nm", program], capture_output=True, text=True, check=True).stdout
    assert "__asan_init" in symbols
    assert "__ubsan_handle" in symbols
