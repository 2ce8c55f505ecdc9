"""E02.FR.14, J01.FR.21, J02.FR.21: what meters have signed, in flash until it has been sent.

A record of up to some kB stands in a file of its own (firmware/storage/README.md: `signed0`); a
reading has its reference: the number of the file, and whether the meter's key goes along.
"""

from micropython import const

from charging.records import signatures
from hal import log
from hal.errors import StorageError

KEY = const(0x20)  # in a reference: with publicKey
_FILES = const(30)  # with the blocks of most flash chips 4 kB each
_ALL = const(0x3FFFFFFF)
_PIECE = const(64)
_LONGEST = const(2500)  # signedMeterData
_LONGEST_METHOD = const(50)


class Signatures:
    """The files. One that no reading refers to any more is overwritten when its turn comes.

    Args:
        charging: Charging; its partners know who refers to files.
        store: Store.
    """

    def __init__(self, charging, store):
        self._charging = charging
        self._store = store
        self._free = 0  # bit mask of files that nobody referred to when it was looked up

    def keep(self, evse):
        """Have the meter of an EVSE (id) sign, and keep what it gives.

        Returns:
            A reference; None: it does not sign now, or there is no room (logged).
        """
        try:
            record = self._charging.board.meter(evse).signed()
            if record is None:
                raise StorageError("the meter does not sign")
            data, method, encoding = record
            if len(data) > _LONGEST or max(len(method), len(encoding)) > _LONGEST_METHOD:
                raise StorageError("longer than OCPP allows")
            number = self._number()
            self._store.write_from("signed%d" % number, _parts(evse, data, method, encoding))
        except (StorageError, MemoryError) as e:
            log.error("evse %d: a reading goes unsigned: %s", evse, e)
            return None
        self._free &= ~(1 << number)
        return number

    def fields(self, reference):
        """signedMeterData (a generator of pieces), signingMethod, encodingMethod and publicKey of
        a reading; None: lost (logged).
        """
        file = "signed%d" % (reference & ~KEY)
        try:
            for _ in self._store.records(file):
                pass  # to the end, which finds damage
            records = self._store.records(file)
            meter = self._charging.board.meter(next(records)[0])
            method = next(records)
            key = meter.public_key() if reference & KEY else b""
            return records, method, next(records), key
        except (StorageError, StopIteration):
            log.error("%s is lost: a reading goes unsigned", file)
            return None

    def _number(self):
        """Of a free file. Raises StorageError: there is none."""
        for _ in range(2):
            if not self._free:
                self._free = _ALL
                self._charging.partners.readings(self._refers)
            for number in range(_FILES):
                if self._free >> number & 1:
                    return number
            self._charging.partners.thin()
        raise StorageError("no room for signatures")

    def _refers(self, data, at):
        """Readings are kept: `data` from `at` on."""
        for place in signatures(data, at):
            self._free &= ~(1 << (data[place] & ~KEY))


def _parts(evse, data, *methods):
    """A record's file, see Store.records()."""
    yield bytes((1, evse))
    for method in methods:
        yield bytes((len(method),))
        yield method
    for at in range(0, len(data), _PIECE):
        piece = data[at : at + _PIECE]
        yield bytes((len(piece),))
        yield piece
