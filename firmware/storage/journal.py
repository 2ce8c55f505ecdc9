"""Transaction messages that wait for the CSMS, oldest first: a bounded queue in RAM.

The contract is that of a journal in flash: what `append` has taken leaves by `drop_first` only, in
order, or is thinned out when room runs short and it may be (J02.FR.12, J02.FR.13), which is
logged.
"""

from micropython import const

from hal import log
from hal.errors import StorageError

_FILE = "journal"
# An entry: length of the record (14 bits, little-endian) with the two bits below; the record.
_HEAD = const(2)
_DROPPABLE = const(0x80)
_THINNED = const(0x40)  # while thinning: this one goes


class Journal:
    """The queue. A record's first byte is the length of the transaction id that follows it."""

    def __init__(self, capacity=2048):
        """
        Args:
            capacity: bytes, 2 of them go with each record; up to 16383.
        """
        self._buffer = bytearray(capacity)
        self._end = 0
        self.old = 0  # bytes, from the first record on, that waited when `mark` was called
        self._full = False

    def save(self, store):
        """Keep what waits, for `load` after an orderly restart (B12.FR.05)."""
        try:
            if self._end:
                store.write(_FILE, memoryview(self._buffer)[: self._end])
            else:
                store.remove(_FILE)
        except StorageError as e:
            log.error("journal: %d transaction events are lost: %s", self.count(), e)

    def load(self, store):
        """Take up what `save` has kept."""
        kept = store.read(_FILE)
        if kept:
            if len(kept) <= len(self._buffer):
                self._buffer[: len(kept)] = kept
                self._end = len(kept)
                log.info("journal: %d transaction events from before the restart", self.count())
            self._forget(store)

    def _forget(self, store):
        try:
            store.remove(_FILE)
        except StorageError as e:
            log.error("journal: transaction events may be sent twice: %s", e)

    def append(self, record, droppable, more=None):
        """Queue a record.

        Args:
            record: bytes, its beginning.
            more: list or tuple of bytes, the rest of it; None: there is none.
            droppable: the record may be thinned out when room runs short: an intermediate Updated
                event.

        Returns:
            True: it is kept. False: there is no room for it even after thinning, which is logged.
        """
        size = len(record)
        for piece in more or ():
            size += len(piece)
        need = _HEAD + size
        while self._end + need > len(self._buffer):
            if not self.thin():
                self._report_full(droppable)
                return False
        self._full = False
        at = self._end
        need += at
        self._buffer[at] = size & 0xFF
        self._buffer[at + 1] = size >> 8 | (_DROPPABLE if droppable else 0)
        at += _HEAD
        self._buffer[at : at + len(record)] = record
        at += len(record)
        for piece in more or ():
            self._buffer[at : at + len(piece)] = piece
            at += len(piece)
        self._end = need
        return True

    def first(self):
        """The oldest record, a memoryview that stays as it is until `drop_first`, or None."""
        if not self._end:
            return None
        return memoryview(self._buffer)[_HEAD : self._next(0)]

    def drop_first(self):
        """Forget the oldest record: the CSMS has it, or its attempts are used up (E13)."""
        if self._end:
            self._cut(0, self._next(0))

    def mark(self):
        """All that waits now is old, until it has gone."""
        self.old = self._end

    def count(self):
        """How many records wait."""
        n = 0
        for _ in self._entries():
            n += 1
        return n

    def count_of(self, transaction_id):
        """How many records of this transaction wait."""
        n = 0
        for at in self._entries():
            if self._id(at) == transaction_id:
                n += 1
        return n

    def records(self):
        """Generator: all records that wait, memoryviews, the oldest first."""
        for at in self._entries():
            yield memoryview(self._buffer)[at + _HEAD : self._next(at)]

    def _next(self, at):
        return at + _HEAD + (self._buffer[at] | (self._buffer[at + 1] & 0x3F) << 8)

    def _entries(self):
        at = 0
        while at < self._end:
            yield at
            at = self._next(at)

    def _id(self, at):
        at += _HEAD
        return bytes(self._buffer[at + 1 : at + 1 + self._buffer[at]])

    def _cut(self, start, end):
        """Take out bytes [start, end); what is before them does not move."""
        rest = self._end - end
        view = memoryview(self._buffer)
        view[start : start + rest] = view[end : self._end]
        self._end = start + rest
        if start < self.old:
            self.old -= end - start

    def thin(self):
        """Drop every second droppable record of each transaction. Whether there was any.

        The first of all stays: it may be on its way.
        """
        dropped = 0
        for at in self._entries():
            if at and self._buffer[at + 1] & _DROPPABLE and self._parity(at):
                self._buffer[at + 1] |= _THINNED
        at = self._next(0) if self._end else 0
        while at < self._end:
            if self._buffer[at + 1] & _THINNED:
                self._cut(at, self._next(at))
                dropped += 1
            else:
                at = self._next(at)
        if dropped:
            log.warning("journal: full, %d intermediate transaction events dropped", dropped)
        return dropped > 0

    def _parity(self, last):
        """Whether `last` is the first, third ... droppable one of its transaction."""
        odd = False
        transaction_id = self._id(last)
        for at in self._entries():
            if at and self._buffer[at + 1] & _DROPPABLE and self._id(at) == transaction_id:
                odd = not odd
            if at == last:
                break
        return odd

    def _report_full(self, droppable):
        if droppable:
            log.warning("journal: full, a new intermediate transaction event is dropped")
        elif not self._full:
            # Once, not for each event: the log must not drown what it has to tell.
            self._full = True
            log.error("journal: full, transaction events are lost until the CSMS takes some")
