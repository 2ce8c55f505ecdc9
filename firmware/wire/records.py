"""Reads accepted fields back from the arena (its format: README.md)."""

from micropython import const
from tables.layout import AT_NODE_INDEX, KIND_ARRAY, KIND_OBJECT
from tables.schema import TABLE

from wire.constants import (
    TAG_ARRAY,
    TAG_END,
    TAG_NUMBER,
    TAG_SHORT,
    TAG_STRING,
)

_ARRAY_HEAD = const(7)


class Array:
    """A declared array: iterates over its records (one list, used again) or over its scalars."""

    def __init__(self, view, at):
        self._view = view
        self._at = at

    def __len__(self):
        return self._view[self._at + 3] | self._view[self._at + 4] << 8

    def __iter__(self):
        view = self._view
        at = self._at
        end = _end_of(view, at)
        node = 2 * (view[at + 5] | view[at + 6] << 8)
        at += _ARRAY_HEAD
        slots = []
        scalars = TABLE[node + 2] == 0  # its one entry has no name
        while at < end:
            if scalars:
                yield _value(view, at)
                at = _end_of(view, at)
            else:
                at = decode(view, at, end, node, slots)
                yield slots


def node_at(number):
    """Where in TABLE the node `number` is."""
    at = 2 * (AT_NODE_INDEX + number)
    return 2 * (TABLE[at] | TABLE[at + 1] << 8)


def decode(view, at, end, node, slots):
    """Fills `slots` from the leaves at view[at:end], up to an end mark; -> where it stopped."""
    n = TABLE[node + 1]
    while len(slots) > n:
        slots.pop()
    for i in range(len(slots)):
        slots[i] = None
    while len(slots) < n:
        slots.append(None)
    while at < end:
        tag = view[at]
        if tag == TAG_END:
            return at + 1
        slot = tag >> 3
        slots[slot] = _value(view, at)
        at = _end_of(view, at)
        if tag & 7 == TAG_NUMBER:
            slots[slot + 1] = view[at - 1]
    return at


def _end_of(view, at):
    tag = view[at] & 7
    if tag == TAG_STRING:
        return at + 3 + (view[at + 1] | view[at + 2] << 8)
    if tag == TAG_ARRAY:
        return at + _ARRAY_HEAD + (view[at + 1] | view[at + 2] << 8)
    return at + (3 if tag >= TAG_SHORT else 5 + tag)


def _value(view, at):
    tag = view[at] & 7
    if tag == TAG_STRING:
        return bytes(view[at + 3 : _end_of(view, at)])
    if tag == TAG_ARRAY:
        return Array(view, at)
    low = view[at + 1] | view[at + 2] << 8
    if tag == TAG_SHORT:
        return low
    if tag > TAG_SHORT:
        return low != 0
    high = view[at + 3] | view[at + 4] << 8
    return (high - 0x10000 if high & 0x8000 else high) << 16 | low


def array_at(view, at, end, node, k):
    """The k-th array of a declaration as Array; None: absent."""
    slot = _slot_of_array(node, 0, k)
    while at < end:
        if view[at] == slot << 3 | TAG_ARRAY:
            return Array(view, at)
        at = _end_of(view, at)
    return None


def _slot_of_array(node, base, k):
    """The slot of the k-th array; if there are fewer, -1 less how many are still to be counted."""
    at = node + 2
    for _ in range(TABLE[node]):
        kind = TABLE[at + 1]
        if kind == KIND_ARRAY:
            if k == 0:
                return base + TABLE[at + 2]
            k -= 1
        elif kind == KIND_OBJECT:
            slot = _slot_of_array(node_at(TABLE[at + 3]), base + TABLE[at + 2], k)
            if slot >= 0:
                return slot
            k = -1 - slot
        at += 4
    return -1 - k
