"""The simulated charger as the firmware's board (contract: firmware/hal/README.md).

What needs no coroutine is in C, in the module `_sim`: `Board` passes on to it whatever it does
not have itself.
"""

import sys
from asyncio import core

import _sim

from charger import Charger, Stream
from hal.errors import LinkError, TlsError


class _TlsStream(Stream):
    """A connection with TLS on it.

    The handshake runs inside the first write, step by step: only then has the TLS layer a
    direction of its own, and is itself what is waited for. Later it is the TCP connection under
    it, which has a file descriptor.
    """

    def __init__(self, connection, tls):
        Stream.__init__(self, tls)
        self._connection = connection

    async def write(self, buf):
        await Stream.write(self, buf)
        self._waits_for = self._connection

    def _failed(self, error):
        handshake = self._waits_for is not self._connection
        self.close()
        if handshake:
            return TlsError(_reason(error))
        return LinkError(_reason(error))

    def close(self):
        """Close it; a second time is fine."""
        try:
            self._stream.close()
        except OSError:
            pass  # the TCP connection is closed all the same
        self._connection.close()


def _reason(error):
    # mbedtls gives its own text; a ValueError's text says why a certificate was refused
    if isinstance(error, OSError) and len(error.args) == 1:
        return _sim.error_text(error.errno)
    return str(error.args[-1]).strip()


class _Network:
    @property
    def up(self):
        """False while the cable is out."""
        return _sim.network_up()

    async def connect(self, host, port, tls):
        """Connect to one address of the host after the other.

        Args:
            host: bytes, name or address. port: 1 to 65535.
            tls: None, or what `board.tls()` has returned.

        Returns:
            a Stream.

        Raises:
            LinkError: no address, refused, no route.
        """
        lookup = _sim.lookup(host, port)  # in the background, which name servers may need
        try:
            yield core._io_queue.queue_read(lookup)
            why = "the name has no address, or no name server answers"
            while True:
                connection = None
                try:
                    connection = lookup.connect()
                    if connection is None:
                        raise LinkError(why)
                    yield core._io_queue.queue_write(connection)
                    code = connection.error()
                    if not code:
                        stream = _secured(connection, tls)
                        connection = None  # the stream's from now on
                        return stream
                    why = _sim.error_text(code)
                except OSError as error:
                    why = _reason(error)
                finally:
                    if connection:
                        connection.close()
        finally:
            lookup.close()


def _secured(connection, tls):
    if not tls:
        return Stream(connection)
    context, host = tls
    tls = context.wrap_socket(connection, server_hostname=host, do_handshake_on_connect=False)
    return _TlsStream(connection, tls)


class Board(Charger):
    """The simulated charger. There is one; take it once, at boot."""

    def __init__(self):
        Charger.__init__(self, _Network())

    def tls(self, profile, host):
        """Settings for one TLS connection.

        Args:
            profile: security profile; 3: with the station's own certificate.
            host: bytes, whom the server's certificate has to name.

        Raises:
            TlsError: a certificate is missing or broken.
        """
        from tls_client import context

        sys.modules.pop("tls_client", None)  # an overlay
        return context(profile == 3), host
