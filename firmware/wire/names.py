"""Wire names: each is stored once, in ROM, and known by its number elsewhere (tables.names)."""

import micropython
from tables.layout import FIRST_ACTION, FIRST_OTHER, LAST_NAME
from tables.schema import INDEX, NAMES


def name(name_id):
    """The wire name (bytes) of a name id, 1 and up."""
    at = 2 * name_id
    start = INDEX[at] | INDEX[at + 1] << 8
    return NAMES[start : INDEX[at + 2] | INDEX[at + 3] << 8]


def name_id(text):
    """The number of a wire name given as bytes; 0: unknown."""
    n = len(text)
    return find(text, 0, n, FIRST_OTHER) or find(text, 0, n, FIRST_ACTION) or find(text, 0, n, 1)


@micropython.viper
def find(text, at: int, n: int, first: int) -> int:
    """Binary search for text[at:at+n] in the section of names from `first` on; 0: not there."""
    t = ptr8(text)
    names = ptr8(NAMES)
    index = ptr8(INDEX)
    low = first
    high = LAST_NAME + 1
    if first == 1:
        high = FIRST_ACTION
    elif first == FIRST_ACTION:
        high = FIRST_OTHER
    while low < high:
        middle = (low + high) >> 1
        p = 2 * middle
        start = index[p] | (index[p + 1] << 8)
        length = (index[p + 2] | (index[p + 3] << 8)) - start
        j = 0
        while j < n and j < length and t[at + j] == names[start + j]:
            j += 1
        if j == n:
            if j == length:
                return middle
            high = middle
        elif j == length or names[start + j] < t[at + j]:
            low = middle + 1
        else:
            high = middle
    return 0
