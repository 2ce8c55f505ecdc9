"""The emulated charger as the firmware's board (contract: firmware/hal/README.md).

Its hardware is simulated in C (module `_sim`); the way to the CSMS is a serial-to-Ethernet module.
"""

from asyncio import core

import _sim
import hw

from hal import log
from hal.errors import LinkError


class _Events:
    """What happens to the station. `get()` never blocks."""

    get = staticmethod(_sim.event)

    async def wait(self):
        """Until there is an event to get. For one task only."""
        while not _sim.event_waits():
            yield core._io_queue.queue_read(hw.events)


class _Stream:
    """A connection that is open. One task may read while another one writes; nobody else."""

    def __init__(self, connection):
        self._connection = connection

    async def readinto(self, buf):
        """Read what is there, at most len(buf) bytes; wait for the first one.

        Returns:
            number of bytes; 0: the other side has closed.

        Raises:
            LinkError.
        """
        while True:
            # Also when there is something: a CSMS that never stops leaves the others their turn.
            yield core._io_queue.queue_read(self._connection)
            try:
                n = self._connection.readinto(buf)
            except OSError as error:
                raise LinkError(_sim.error_text(error.errno))
            if n is not None:
                return n

    async def write(self, buf):
        """Write all of `buf`. After a LinkError, or when cancelled, the stream is of no more use.

        Raises:
            LinkError.
        """
        at = 0
        view = memoryview(buf)
        while at < len(view):
            try:
                n = self._connection.write(view[at:] if at else view)
            except OSError as error:
                raise LinkError(_sim.error_text(error.errno))
            if n:
                at += n
            else:
                yield core._io_queue.queue_write(self._connection)

    def close(self):
        """Close it; a second time is fine."""
        self._connection.close()


class _Network:
    @property
    def up(self):
        """False while the cable is out."""
        return _sim.network_up()

    async def connect(self, host, port, tls):
        """Let the module connect to a host.

        Args:
            host: bytes, name or address. port: 1 to 65535.
            tls: None: this image has no TLS.

        Returns:
            a _Stream.

        Raises:
            LinkError: no such name, refused, no route.
        """
        if tls is not None:
            raise LinkError("this image has no TLS: take a ws:// URL")
        connection = None
        try:
            connection = hw.connect(host, port)
            yield core._io_queue.queue_write(connection)
            code = connection.error()
            if code:
                raise LinkError(_sim.error_text(code))
            stream = _Stream(connection)
            connection = None  # the stream's from now on
            return stream
        except OSError as error:
            raise LinkError(_sim.error_text(error.errno))
        finally:
            if connection:
                connection.close()


class Board:
    """The emulated charger. There is one; take it once, at boot."""

    vendor_name = b"Pilotwire"
    model = hw.model

    def __init__(self):
        log.sink = _sim.log
        self.connectors = _sim.connectors()
        self.events = _Events()
        self.network = _Network()
        self.boot_reason = _sim.boot_reason()
        self.serial_number = _sim.serial_number()

    def __getattr__(self, name):
        return getattr(_sim, name)
