"""firmware/native/catalogue: what is in the ROM tables is found, and nothing outside of them."""

import itertools
import random
import subprocess

import catalogue_core
import native_library
import pytest
from tables import device_model
from test_device_model import COMPONENTS

from device_model import catalogue
from device_model.values import Values

TABLES = (device_model.STRINGS, device_model.COMPONENTS, device_model.RECORDS)


def texts():
    """(offset, text) of all that STRINGS has."""
    strings, at = device_model.STRINGS, 0
    while at < len(strings):
        size, start = strings[at], at + 1
        if size & 0x80:
            size, start = (size & 0x7F) << 8 | strings[start], start + 1
        yield at, strings[start : start + size]
        at = start + size


def test_texts_are_found_whatever_their_case():
    every = list(texts())
    assert len(every) > 100
    for at, text in every:
        assert catalogue.string(at) == text
        assert catalogue.find(text) == at
        found = catalogue.find(text.swapcase())
        assert catalogue.string(found).lower() == text.lower()
    for text in (b"NoSuchText", b"Heartbea", b"HeartbeatIntervals", b"x" * 300):
        assert catalogue.find(text) == -1


@pytest.mark.parametrize("connectors", [(1,), (2, 1), (1, 3, 2)])
def test_a_walk_meets_each_variable_at_each_place_once(connectors):
    def places(component):
        level = ("station", "evse", "connector").index(component.level)
        if not level:
            return [(0, 0)]
        evses = range(1, len(connectors) + 1)
        if level == 1:
            return [(evse, 0) for evse in evses]
        return [(e, c) for e in evses for c in range(1, connectors[e - 1] + 1)]

    expected = [
        (component.name.encode(), place, sorted(v.name.encode() for v in component.variables))
        for component in COMPONENTS
        for place in places(component)
    ]
    found = []
    handle = catalogue.following(0, connectors)
    while handle:
        variable, *place = catalogue.split(handle)
        component = catalogue.string(catalogue.component_ref(catalogue.component_of(variable)))
        found.append((component, tuple(place), catalogue.name(variable)))
        handle = catalogue.following(handle, connectors)
    grouped = itertools.groupby(found, key=lambda one: one[:2])
    assert [(*key, sorted(name for *_, name in group)) for key, group in grouped] == expected


def test_a_component_without_variables_is_passed_over(monkeypatch):
    strings = b"\0\1A\1B\1C\1X"
    heads = b"\1\0\0\0\0\1\0" + b"\3\0\0\0\1\6\0" + b"\5\0\0\0\1\6\0"
    records = b"\0" + b"\5\7\0\0\0" * 2
    monkeypatch.setattr(catalogue_core, "tables", (strings, heads, records))
    first = catalogue.following(0, (1, 1))
    second = catalogue.following(first, (1, 1))
    third = catalogue.following(second, (1, 1))
    found = [catalogue.split(handle) for handle in (first, second, third)]
    assert found == [(1, 0, 0), (6, 1, 0), (6, 2, 0)]
    assert catalogue.following(third, (1, 1)) == 0
    assert catalogue.component_of(6) == 14


def test_what_is_not_there_is_an_index_error():
    for asked in (
        lambda: catalogue.string(len(device_model.STRINGS)),
        lambda: catalogue.kind(0),
        lambda: catalogue.text(len(device_model.RECORDS), 2),
        lambda: catalogue.component_ref(len(device_model.COMPONENTS)),
    ):
        with pytest.raises(IndexError):
            asked()


def damaged(rnd, table):
    table = bytearray(table)
    for _ in range(rnd.randrange(4)):
        if table:
            table[rnd.randrange(len(table))] = rnd.choice((0, 1, 4, 5, 127, 128, 255))
    return table[: rnd.randrange(len(table) + 1)] if rnd.random() < 0.5 else table


def test_damaged_tables_lead_nowhere_else():
    program = native_library.sanitized_program("catalogue", "catalogue_host.c")
    values = Values()
    for i in range(6):
        values.put(i * 40 + 1, 0, b"v" * i)
    (piece,) = values.data
    rnd = random.Random(20250301)
    lines = [bytes(table).hex() for table in (*TABLES, piece)]
    rounds = 150
    for _ in range(rounds - 1):
        lines += [bytes(damaged(rnd, table)).hex() for table in (*TABLES, piece)]
    done = subprocess.run(
        [program], input="\n".join(lines) + "\n", capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert len(done.stdout.splitlines()) == rounds
