"""What the boards with simulated hardware share: events, streams (contract: firmware/hal)."""

from asyncio import core

import _sim
from tables.product import FIRMWARE_VERSION, PHASES, VENDOR_NAME

from hal import log
from hal.errors import LinkError


class Events:
    """What happens to the station. `get()` never blocks."""

    get = staticmethod(_sim.event)

    async def wait(self):
        """Until there is an event to get. For one task only."""
        while not _sim.event_waits():
            yield core._io_queue.queue_read(_sim.event_source)


class Stream:
    """A connection that is open. One task may read while another one writes; nobody else.

    Args:
        stream: what bytes go to and come from, without blocking; it is waited for, too.
    """

    _waits_first = False  # True: waits for bytes also where some may be there already

    def __init__(self, stream):
        self._stream = self._waits_for = stream

    async def readinto(self, buf):
        """Read what is there, at most len(buf) bytes; wait for the first one.

        Returns:
            number of bytes; 0: the other side has closed.

        Raises:
            LinkError.
        """
        waits = self._waits_first
        while True:
            if waits:
                yield core._io_queue.queue_read(self._waits_for)
            waits = True
            try:
                n = self._stream.readinto(buf)
            except (OSError, ValueError) as error:
                raise self._failed(error)
            if n is not None:
                return n

    async def write(self, buf):
        """Write all of `buf`. After an error, or when it was cancelled, only close() is left.

        Raises:
            LinkError; TlsError in the handshake.
        """
        at = 0
        view = memoryview(buf)
        while at < len(view):
            try:
                n = self._stream.write(view[at:] if at else view)
            except (OSError, ValueError) as error:
                raise self._failed(error)
            if n:
                at += n
            else:
                yield core._io_queue.queue_write(self._waits_for)

    def _failed(self, error):
        """The exception that tells an error of the stream."""
        return LinkError(_sim.error_text(error.errno))

    def close(self):
        """Close it; a second time is fine."""
        self._stream.close()


class Charger:
    """What a Board has besides its network: the product's; the rest it passes on to `_sim`."""

    vendor_name = VENDOR_NAME
    firmware_version = FIRMWARE_VERSION
    phases = PHASES

    def __init__(self, network):
        log.sink = _sim.log
        self.connectors = _sim.connectors()
        self.supply_ma = _sim.supply_ma()
        self.events = Events()
        self.network = network
        self.boot_reason = _sim.boot_reason()
        self.serial_number = _sim.serial_number()

    def __getattr__(self, name):
        return getattr(_sim, name)
