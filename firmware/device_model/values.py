"""Values that differ from ROM, packed: some bytes each, nothing for the others.

An entry: variable (2 x 7 bits), EVSE, connector, attribute, mutability, length of the value
(2 x 7 bits), value. C goes through the entries (native/catalogue).

Entries lie in pieces, for a heap that has no more than that in one. A position is the number of
the piece, times 256, and the place in it.
"""

from catalogue_core import find_entry
from micropython import const

_HEAD = const(8)
_KEY = const(5)
SAME = const(3)  # mutability as in ROM
_NO_VALUE = const(0x10)
_PIECE = const(224)  # bytes of entries in a piece; a longer entry has a piece of its own
_LONG = const(200)


class Values:
    """Changed values by handle (DeviceModel.locate) and attribute.

    Attributes:
        data: the pieces, a list; neither it nor a piece is ever altered, a change makes new ones,
            so whoever keeps it has a snapshot.
    """

    def __init__(self):
        self.data = []

    def find(self, handle, attribute):
        """Position of an entry, or -1."""
        return find_entry(self.data, handle, attribute)

    def size(self):
        """Bytes of all entries."""
        size = 0
        for piece in self.data:
            size += len(piece)
        return size

    def entries(self):
        """Generator: the positions of all entries."""
        for number, piece in enumerate(self.data):
            at = 0
            while at < len(piece):
                yield number << 8 | at
                at = _end(piece, at)

    def value(self, at):
        """Value of the entry at `at`, a long one as memoryview; None when only its mutability
        differs.
        """
        piece = self.data[at >> 8]
        at &= 0xFF
        if piece[at + 5] & _NO_VALUE:
            return None
        value = memoryview(piece)[at + _HEAD : _end(piece, at)]
        return value if len(value) > _LONG else bytes(value)

    def mutability(self, at):
        """Mutability of the entry at `at`; None: as in ROM."""
        mutability = self.data[at >> 8][(at & 0xFF) + 5] & 0x0F
        return None if mutability == SAME else mutability

    def key(self, at):
        """Of the entry at `at`: its variable (2 x 7 bits), EVSE, connector, attribute; bytes."""
        piece = self.data[at >> 8]
        at &= 0xFF
        return bytes(piece[at : at + _KEY])

    def put(self, handle, attribute, value, mutability=SAME):
        """Add an entry or replace it. `value`: UTF-8, below 16 kB, or None."""
        at = self.find(handle, attribute)
        size = 0
        if value is None:
            mutability |= _NO_VALUE
            value = b""
        else:
            size = len(value)
        entry = bytearray(_HEAD + size)
        entry[0] = handle >> 7 & 0x7F
        entry[1] = handle & 0x7F
        entry[2] = handle >> 16 & 0x7F
        entry[3] = handle >> 23
        entry[4] = attribute
        entry[5] = mutability
        entry[6] = size >> 7
        entry[7] = size & 0x7F
        entry[_HEAD:] = value
        pieces = []
        for number, piece in enumerate(self.data):
            if number == at >> 8:
                start = at & 0xFF
                piece = piece[:start] + piece[_end(piece, start) :]
            if entry and len(piece) + len(entry) <= _PIECE:
                piece = piece + entry
                entry = b""
            if piece:
                pieces.append(piece)
        if entry:
            pieces.append(entry)
        self.data = pieces


def _end(piece, at):
    """Where the entry ends."""
    return at + _HEAD + (piece[at + 6] << 7 | piece[at + 7])
