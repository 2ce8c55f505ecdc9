"""The emulated charger as the firmware's board (contract: firmware/hal/README.md).

Its hardware is simulated in C (module `_sim`); the way to the CSMS is a serial-to-Ethernet module.
"""

from asyncio import core

import _sim
import hw

from charger import Charger, Stream
from hal.errors import LinkError


class _Stream(Stream):
    _waits_first = True  # a CSMS that never stops leaves the others their turn


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
            a Stream.

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


class Board(Charger):
    """The emulated charger. There is one; take it once, at boot."""

    def __init__(self):
        Charger.__init__(self, _Network())
