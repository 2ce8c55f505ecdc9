"""Wire names: each is stored once, in ROM, and known by its number elsewhere (tables.names)."""

import array

import micropython
from tables.layout import FIRST_ACTION, FIRST_OTHER, LAST_NAME
from tables.schema import INDEX, NAMES

from wire.constants import (
    HEAD,
    S_ARENA,
    S_INDEX,
    S_N,
    S_NAMES,
    S_W,
)


def name(name_id):
    """The wire name (bytes) of a name id, 1 and up."""
    at = 2 * name_id
    start = INDEX[at] | INDEX[at + 1] << 8
    return NAMES[start : INDEX[at + 2] | INDEX[at + 3] << 8]


def name_id(text):
    """The number of a wire name given as bytes; 0: unknown."""
    bind(_place, S_ARENA, text)
    _place[S_N] = len(text)
    return find(_place, FIRST_OTHER) or find(_place, FIRST_ACTION) or find(_place, 1)


@micropython.viper
def bind(state, i: int, buffer):
    """Keeps a buffer's address in a state array: viper reaches it without asking the object."""
    st = ptr32(state)
    st[i] = int(ptr8(buffer))


@micropython.viper
def find(state, first: int) -> int:
    """Binary search for the text in the state among the names from section `first` on; 0: none.

    The sections begin at 1, FIRST_ACTION and FIRST_OTHER.
    """
    st = ptr32(state)
    text = ptr8(st[S_ARENA])
    names = ptr8(st[S_NAMES])
    index = ptr16(st[S_INDEX])
    at = st[S_W] + HEAD
    end = at + st[S_N]
    low = first
    high = LAST_NAME + 1
    if first == 1:
        high = FIRST_ACTION
    elif first == FIRST_ACTION:
        high = FIRST_OTHER
    while low < high:
        middle = (low + high) >> 1
        start = index[middle]
        stop = index[middle + 1]
        q = at
        while start < stop and q < end:
            if names[start] != text[q]:
                break
            start += 1
            q += 1
        if start == stop and q == end:
            return middle
        if q == end or (start < stop and names[start] > text[q]):
            high = middle
        else:
            low = middle + 1
    return 0


# The part of a reader's state that find() uses, for name_id().
_place = array.array("i", bytes(4 * S_INDEX + 4))
_place[S_W] = -HEAD
bind(_place, S_NAMES, NAMES)
bind(_place, S_INDEX, INDEX)
