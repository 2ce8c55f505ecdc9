"""Values that differ from ROM, packed: some bytes each, nothing for the others.

An entry: 0xFF, variable (2 x 7 bits), EVSE, connector, attribute, mutability, length of the value
(2 x 7 bits), value. All but the marker is below 0x80 or UTF-8, so 0xFF marks the start of an entry
and nothing else, and one `find` looks an entry up.
"""

from micropython import const

_HEAD = const(9)
_KEY = const(6)
_MARK = const(0xFF)
SAME = const(3)  # mutability as in ROM
_NO_VALUE = const(0x10)


class Values:
    """Changed values by variable, EVSE, connector and attribute.

    Attributes:
        data: all entries; replaced at each change, never altered, so whoever keeps it has a
            snapshot.
    """

    def __init__(self):
        self.data = bytearray()
        self._key = bytearray(_KEY)
        self._key[0] = _MARK

    def find(self, variable, evse, connector, attribute):
        """Position of an entry, or -1."""
        key = self._key
        key[1] = variable >> 7
        key[2] = variable & 0x7F
        key[3] = evse
        key[4] = connector
        key[5] = attribute
        return self.data.find(key)

    def value(self, at):
        """Value of the entry at `at`; None when only its mutability differs."""
        data = self.data
        if data[at + 6] & _NO_VALUE:
            return None
        return bytes(data[at + _HEAD : self.next(at)])

    def mutability(self, at):
        """Mutability of the entry at `at`; None: as in ROM."""
        mutability = self.data[at + 6] & 0x0F
        return None if mutability == SAME else mutability

    def next(self, at):
        """Position of the following entry; at the end the length of `data`."""
        return at + _HEAD + (self.data[at + 7] << 7 | self.data[at + 8])

    def variable(self, at):
        return self.data[at + 1] << 7 | self.data[at + 2]

    def place(self, at):
        """(EVSE, connector, attribute) of the entry at `at`."""
        return self.data[at + 3], self.data[at + 4], self.data[at + 5]

    def put(self, variable, evse, connector, attribute, value, mutability=SAME):
        """Add an entry or replace it. `value`: UTF-8, below 16 kB, or None."""
        at = self.find(variable, evse, connector, attribute)
        data = self.data
        end = at
        if at < 0:
            at = end = len(data)
        else:
            end = self.next(at)
        size = 0
        if value is None:
            mutability |= _NO_VALUE
            value = b""
        else:
            size = len(value)
        new = bytearray(len(data) - (end - at) + _HEAD + size)
        new[:at] = memoryview(data)[:at]
        new[at : at + _KEY] = self._key
        new[at + 6] = mutability
        new[at + 7] = size >> 7
        new[at + 8] = size & 0x7F
        new[at + _HEAD : at + _HEAD + size] = value
        new[at + _HEAD + size :] = memoryview(data)[end:]
        self.data = new
