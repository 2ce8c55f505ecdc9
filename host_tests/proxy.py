"""A TCP proxy between station and CSMS that knows WebSocket frames and does one fault at one."""

import asyncio
import contextlib
import socket

UP, DOWN = "up", "down"  # from the station; to the station
# RSV bits and a reserved opcode: no frame begins so. Its length says less than comes: who looks
# at whole frames only is not left waiting.
GARBAGE = bytes((0xF3, 0x85, *range(0xF0, 0x100)))

# What `corrupt` may damage, all of it bound to be noticed: payloads are ASCII, so a set top bit
# is no UTF-8 any more, masked or not.
RESERVED_BIT, OPCODE, MASK_BIT, PAYLOAD = "reserved", "opcode", "mask", "payload"
_SHORT, _LONG = 126, 127


def _head_length(frame):
    """Bytes before the payload."""
    size = frame[1] & 0x7F
    extended = {_SHORT: 2, _LONG: 8}.get(size, 0)
    return 2 + extended + (4 if frame[1] & 0x80 else 0)


async def _read_frame(reader):
    """The next frame, header and payload as they are on the wire."""
    frame = await reader.readexactly(2)
    size = frame[1] & 0x7F
    if size >= _SHORT:
        extended = await reader.readexactly(2 if size == _SHORT else 8)
        size = int.from_bytes(extended, "big")
        frame += extended
    if frame[1] & 0x80:
        size += 4
    return frame + await reader.readexactly(size)


def corrupted(frame, place):
    """`frame` with one damaged byte.

    Args:
        place: RESERVED_BIT, OPCODE (text becomes a reserved one), MASK_BIT or PAYLOAD (its middle;
            of a frame without any: the reserved bit).
    """
    damaged = bytearray(frame)
    head = _head_length(frame)
    if place == OPCODE:
        damaged[0] |= 0x03
    elif place == MASK_BIT:
        damaged[1] ^= 0x80
    elif place == PAYLOAD and len(frame) > head:
        damaged[(head + len(frame)) // 2] ^= 0x80
    else:
        damaged[0] ^= 0x40
    return bytes(damaged)


class Fault:
    """What happens to one frame.

    Args:
        kind: what happens, each a method of Proxy: cut, half_close, stall, dead, split, corrupt,
            garbage.
        direction: UP or DOWN.
        frame: its number, over all connections; 0 is the head of the opening handshake.
        place: for corrupt.
    """

    def __init__(self, kind, direction, frame, place=PAYLOAD):
        self.kind = kind
        self.direction = direction
        self.frame = frame
        self.place = place


class _Connection:
    """The two sockets of one connection of the station."""

    def __init__(self, station, csms):
        self.ends = {UP: (station[0], csms[1]), DOWN: (csms[0], station[1])}

    def abort(self):
        for _, writer in self.ends.values():
            writer.transport.abort()


class Proxy:
    """Use as `async with Proxy(url, fault)`.

    Args:
        url: of the CSMS, on 127.0.0.1.
        fault: Fault or None.

    Attributes:
        counts: {UP: n, DOWN: n}, frames that have come in so far.
        connections: how many there have been.
        fired: the fault has happened, or (stall, dead) has begun.
    """

    def __init__(self, url, fault=None):
        self.counts = {UP: 0, DOWN: 0}
        self.connections = 0
        self.fired = False
        self._csms_port = int(url.rpartition(":")[2])
        self._fault = fault
        self._released = asyncio.Event()
        self._changed = asyncio.Condition()
        self._tasks = set()
        self._listener = None

    async def __aenter__(self):
        self._listener = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_):
        self._listener.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def url(self):
        return f"ws://127.0.0.1:{self._listener.sockets[0].getsockname()[1]}"

    def release(self):
        """A stalled direction goes on, with all that has come in meanwhile; a dead one is cut."""
        self._released.set()

    async def until(self, condition, what, timeout=5):
        """Wait until `condition()` is true; it is looked at after each frame and connection.

        Raises:
            AssertionError: `what` did not come in time.
        """
        try:
            async with asyncio.timeout(timeout), self._changed:
                while not condition():
                    await self._changed.wait()
        except TimeoutError:
            raise AssertionError(f"no {what} within {timeout} s; frames: {self.counts}") from None

    def fail(self, kind, direction):
        """From now on: the fault happens to the next frame."""
        self.fired = False
        self._fault = Fault(kind, direction, self.counts[direction])

    async def _notify(self):
        async with self._changed:
            self._changed.notify_all()

    async def _serve(self, *station):
        self._tasks.add(asyncio.current_task())
        try:
            csms = await asyncio.open_connection("127.0.0.1", self._csms_port)
        except OSError:
            station[1].transport.abort()
            return
        for _, writer in (station, csms):
            writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = _Connection(station, csms)
        self.connections += 1
        await self._notify()
        try:
            await asyncio.gather(*(self._pump(connection, way) for way in (UP, DOWN)))
        except asyncio.CancelledError:  # by __aexit__; raised on, asyncio's streams complain
            connection.abort()
        finally:
            for _, writer in connection.ends.values():
                writer.close()

    async def _pump(self, connection, direction):
        reader, writer = connection.ends[direction]
        try:
            frame = await reader.readuntil(b"\r\n\r\n")
            while True:
                await self._pass_on(connection, direction, frame, writer)
                frame = await _read_frame(reader)
        except asyncio.IncompleteReadError as end:
            with contextlib.suppress(OSError, RuntimeError):
                writer.write(end.partial)
                writer.write_eof()
        except OSError:
            connection.abort()

    async def _pass_on(self, connection, direction, frame, writer):
        number = self.counts[direction]
        self.counts[direction] += 1
        fault = self._fault
        if fault and not self.fired and (direction, number) == (fault.direction, fault.frame):
            self.fired = True
            # told first: a stall lasts until somebody who was told ends it
            await self._notify()
            await getattr(self, "_" + fault.kind)(connection, frame, writer)
        else:
            if not writer.is_closing():  # half-closed: what still comes is lost
                writer.write(frame)
                await writer.drain()
            await self._notify()

    # ---- faults

    async def _cut(self, connection, frame, writer):
        writer.write(frame[: len(frame) // 2])
        await writer.drain()
        connection.abort()

    async def _half_close(self, connection, frame, writer):
        writer.write(frame)
        await writer.drain()
        writer.write_eof()
        reader = next(r for r, w in connection.ends.values() if w is writer)
        while await reader.read(4096):
            pass

    async def _stall(self, connection, frame, writer):
        half = len(frame) // 2
        writer.write(frame[:half])
        await writer.drain()
        await self._released.wait()
        writer.write(frame[half:])
        await writer.drain()

    async def _dead(self, connection, frame, writer):
        writer.write(frame[: len(frame) // 2])
        await writer.drain()
        await self._released.wait()
        connection.abort()

    async def _split(self, connection, frame, writer):
        for byte in frame:
            writer.write(bytes((byte,)))
            await writer.drain()
            await asyncio.sleep(0)  # the other end gets a chance to see it alone

    async def _corrupt(self, connection, frame, writer):
        if frame.startswith((b"GET ", b"HTTP/")):
            frame = bytes((frame[0] ^ 0x80,)) + frame[1:]
        else:
            frame = corrupted(frame, self._fault.place)
        writer.write(frame)
        await writer.drain()

    async def _garbage(self, connection, frame, writer):
        writer.write(frame + GARBAGE)
        await writer.drain()
