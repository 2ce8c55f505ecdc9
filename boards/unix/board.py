"""The simulated charger as the firmware's board (contract: firmware/hal/README.md).

What needs no coroutine is in C, in the module `_sim`: `Board` passes on to it whatever it does
not have itself.
"""

import sys
from asyncio import core

import _sim

from hal import log
from hal.errors import LinkError, TlsError


class _Events:
    """What happens to the station. `get()` never blocks."""

    get = staticmethod(_sim.event)

    async def wait(self):
        """Until there is an event to get. For one task only."""
        while not _sim.event_waits():
            yield core._io_queue.queue_read(_sim.event_source)


class _Stream:
    """A connection that is open. One task may read while another one writes; nobody else.

    With TLS the handshake runs inside the first write, step by step: only then has the TLS layer
    a direction of its own, and is itself what is waited for. Later it is the TCP connection under
    it, which has a file descriptor.
    """

    def __init__(self, connection, tls):
        self._connection = connection
        self._stream = tls or connection
        self._waits_for = self._stream

    async def readinto(self, buf):
        """Read what is there, at most len(buf) bytes; wait for the first one.

        Returns:
            number of bytes; 0: the other side has closed.

        Raises:
            LinkError.
        """
        while True:
            try:
                n = self._stream.readinto(buf)
            except (OSError, ValueError) as error:
                raise self._failed(error)
            if n is not None:
                return n
            yield core._io_queue.queue_read(self._waits_for)

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
                self._waits_for = self._connection
            else:
                yield core._io_queue.queue_write(self._waits_for)

    def _failed(self, error):
        handshake = self._waits_for is not self._connection
        self.close()
        if handshake:
            return TlsError(_reason(error))
        return LinkError(_reason(error))

    def close(self):
        """Close it; a second time is fine."""
        if self._stream is not self._connection:
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
            a _Stream.

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
    if tls:
        context, host = tls
        tls = context.wrap_socket(connection, server_hostname=host, do_handshake_on_connect=False)
    return _Stream(connection, tls)


class Board:
    """The simulated charger. There is one; take it once, at boot."""

    vendor_name = b"Pilotwire"
    model = b"Simulated"

    def __init__(self):
        log.sink = _sim.log
        self.connectors = _sim.connectors()
        self.events = _Events()
        self.network = _Network()
        self.boot_reason = _sim.boot_reason()
        self.serial_number = _sim.serial_number()

    def tls(self, profile, host):
        """Settings for one TLS connection.

        Args:
            profile: security profile; 3: with the station's own certificate.
            host: bytes, whom the server's certificate has to name.

        Raises:
            TlsError: a certificate is missing or broken.
        """
        from tls_client import context

        del sys.modules["tls_client"]  # an overlay
        return context(profile == 3), host

    def __getattr__(self, name):
        return getattr(_sim, name)
