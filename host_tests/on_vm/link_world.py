"""A world for link/: board, model, timers and a scripted CSMS, for CPython and MicroPython alike.

Time stands still unless a test lets it pass. Reader and writer are stand-ins that take messages
apart just enough: the payload is handed over as it is.
"""

import asyncio
import sys
from binascii import b2a_base64
from hashlib import sha1

from tables.names import ACCEPTED  # noqa: F401, names must be there for the firmware as well
from tables.variables import (
    OCPP_COMM_CTRLR_MESSAGE_TIMEOUT_DEFAULT,
    OCPP_COMM_CTRLR_RETRY_BACK_OFF_RANDOM_RANGE,
    OCPP_COMM_CTRLR_RETRY_BACK_OFF_REPEAT_TIMES,
    OCPP_COMM_CTRLR_RETRY_BACK_OFF_WAIT_MINIMUM,
    OCPP_COMM_CTRLR_WEB_SOCKET_PING_INTERVAL,
    SECURITY_CTRLR_BASIC_AUTH_PASSWORD,
    SECURITY_CTRLR_IDENTITY,
    SECURITY_CTRLR_SECURITY_PROFILE,
)

from hal import log
from hal.errors import LinkError
from wire.names import name, name_id

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Reader:
    """[kind,"id","action",payload], [3,"id",payload] or [4,"id","code",...]; else BAD."""

    def __init__(self, arena):
        self.pending_id = None
        self.pending_action = 0
        self.text = None

    def start(self):
        self.text = b""

    def feed(self, buf, start, end):
        self.text += bytes(buf[start:end])

    @property
    def bad_utf8(self):
        return b"\xff" in self.text

    def finish(self):
        self.message_id, self.action, self.error, self.detail = None, 0, 0, b""
        if self.text[:1] != b"[" or self.text[1] not in b"23456":
            self.detail = b"no message"
            return 0
        kind = self.text[1] - 48
        parts = self.text[1:-1].split(b",", 2 if kind == 3 else 3)
        self.message_id = parts[1].strip(b'"')
        self.payload = parts[-1]
        if kind == 2:
            self.action = name_id(parts[2].strip(b'"'))
        if b"BROKEN" in self.payload:
            self.error = name_id(b"FormatViolation")
            self.detail = b"at \xff\n"
        return kind

    def unpack(self):
        return [name_id(b"GenericError"), self.payload]


class Writer:
    """slots[0] is the payload; b"MISMATCH" in it: the second pass fails after a piece."""

    def __init__(self, buf):
        self.buf = buf
        self.messages = 0

    def call(self, message_id, action, slots):
        self._begin(b'[2,"%s","%s",%s]' % (message_id, name(action), slots[0]))

    def result(self, message_id, action, slots):
        self._begin(b'[3,"%s",%s]' % (message_id, slots[0]))

    def error(self, message_id, code, description=b""):
        self._begin(b'[4,"%s","%s","%s",{}]' % (message_id, name(code), description))
        self.steps = 0

    def _begin(self, text):
        """Every other message takes a second step, but no error does."""
        self.text = text
        self.at = 0
        self.messages += 1
        self.steps = self.messages % 2

    def count(self):
        self.steps -= 1
        return len(self.text) if self.steps < 0 else 0

    def fill(self):
        most = 8 if b"MISMATCH" in self.text else len(self.buf)
        if self.at and most == 8:
            return 0
        piece = self.text[self.at : self.at + most]
        self.buf[: len(piece)] = piece
        self.at += len(piece)
        return len(piece)


class _Message:
    MessageReader = Reader
    MessageWriter = Writer


sys.modules["wire.message"] = _Message

import link.link  # noqa: E402

Link = link.link.Link


class Clock:
    """Stands in for the module `time`."""

    now = 0

    def ticks_ms(self):
        return self.now & 0x3FFFFFFF

    def ticks_diff(self, a, b):
        return ((a - b + 0x20000000) & 0x3FFFFFFF) - 0x20000000


class Timers:
    def __init__(self, clock):
        self.clock = clock
        self.running = []

    def start(self, timer, delay_ms):
        assert 0 <= delay_ms < 2**29
        if timer not in self.running:
            self.running.append(timer)
        timer.due = self.clock.now + delay_ms

    def stop(self, timer):
        timer.due = None
        if timer in self.running:
            self.running.remove(timer)

    def next(self):
        """Time to the next one, None: there is none."""
        return min([t.due - self.clock.now for t in self.running]) if self.running else None

    def fire(self):
        for timer in list(self.running):
            if timer.due is not None and timer.due <= self.clock.now:
                self.stop(timer)
                timer.callback()


class Stream:
    """The station's end of a TCP connection; the rest is the server's end."""

    def __init__(self, buffer_size=None):
        self.inbound = b""
        self.sent = b""
        self.eof = False
        self.closed = False
        self.stalled = False
        self.writes = []
        self.change = asyncio.Event()

    # ---- the station's
    async def readinto(self, buf):
        while not self.inbound and not self.eof:
            self.change.clear()
            await self.change.wait()
        piece = self.inbound[: len(buf)]
        self.inbound = self.inbound[len(piece) :]
        buf[: len(piece)] = piece
        await asyncio.sleep(0)
        return len(piece)

    async def write(self, buf):
        if self.closed:
            raise LinkError("write after close")
        while self.stalled:
            self.change.clear()
            await self.change.wait()
        if self.eof:
            raise LinkError("broken pipe")
        self.sent += bytes(buf)
        self.writes.append(len(buf))

    def close(self):
        self.closed = True

    # ---- the server's
    def say(self, data):
        self.inbound += data
        self.change.set()

    def hang_up(self):
        self.eof = True
        self.change.set()

    def resume(self):
        self.stalled = False
        self.change.set()

    def accept(self, protocol=b"ocpp2.0.1", tail=b""):
        """Answer the opening handshake."""
        head, _, self.sent = self.sent.partition(b"\r\n\r\n")
        self.request = head
        key = head.split(b"Sec-WebSocket-Key: ")[1].split(b"\r\n")[0]
        answer = b2a_base64(sha1(key + GUID).digest())[:-1]
        lines = b"HTTP/1.1 101 OK\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        if protocol:
            lines += b"Sec-WebSocket-Protocol: %s\r\n" % protocol
        self.say(lines + b"Sec-WebSocket-Accept: %s\r\n\r\n" % answer + tail)

    def text(self, text, opcode=0x81):
        """Send a text message."""
        n = len(text)
        head = bytes((opcode, n)) if n < 126 else bytes((opcode, 126, n >> 8, n & 255))
        self.say(head + text)

    def take(self):
        """The next frame from the station: (opcode, payload); None: there is none."""
        data = self.sent
        if len(data) < 2:
            return None
        assert data[0] & 0xF0 == 0x80 and data[1] & 0x80, "unfragmented and masked"
        n, at = data[1] & 0x7F, 2
        if n == 126:
            n, at = data[2] << 8 | data[3], 4
        key = data[at : at + 4]
        body = data[at + 4 : at + 4 + n]
        if len(body) < n:
            return None
        self.sent = data[at + 4 + n :]
        return data[0] & 15, bytes([b ^ key[i & 3] for i, b in enumerate(body)])


class Network:
    def __init__(self):
        self.up = True
        self.streams = []
        self.error = None
        self.asked = None
        self.hang = False

    async def connect(self, host, port, tls):
        self.asked = (host, port, tls)
        if self.hang:
            await asyncio.Event().wait()
        if self.error:
            raise LinkError(self.error)
        assert all(s.closed for s in self.streams), "the old connection is closed before a new one"
        stream = Stream()
        self.streams.append(stream)
        return stream


class Board:
    def __init__(self):
        self.network = Network()
        self.options = {"csms_url": b"ws://csms:9000/ocpp", "ocpp_version": b"ocpp2.0.1"}
        self.seed = 0

    def option(self, key):
        return self.options.get(key)

    def tls(self, profile, host):
        return ("tls", profile, host)

    def random(self, n):
        self.seed += 1
        return bytes([(self.seed * 7 + i * 13) & 255 for i in range(n)])


class Model:
    def __init__(self):
        self.values = {
            OCPP_COMM_CTRLR_MESSAGE_TIMEOUT_DEFAULT: 30,
            OCPP_COMM_CTRLR_RETRY_BACK_OFF_RANDOM_RANGE: 0,
            OCPP_COMM_CTRLR_RETRY_BACK_OFF_REPEAT_TIMES: 3,
            OCPP_COMM_CTRLR_RETRY_BACK_OFF_WAIT_MINIMUM: 5,
            OCPP_COMM_CTRLR_WEB_SOCKET_PING_INTERVAL: 0,
            SECURITY_CTRLR_SECURITY_PROFILE: 0,
            SECURITY_CTRLR_IDENTITY: b"CS001",
            SECURITY_CTRLR_BASIC_AUTH_PASSWORD: b"",
        }

    def int(self, var):
        return self.values[var]

    text = int


class Source:
    """Hands out what is in `items`; what was told in `told`."""

    def __init__(self):
        self.items = []
        self.told = []
        self.asked_accepted = None
        self.then = None

    def take(self, accepted):
        self.asked_accepted = accepted
        return self.items.pop(0) if self.items else None

    def answered(self, outcome, reader):
        self.told.append((outcome, reader and reader.payload))
        if self.then:
            self.then()


class World:
    """Station and CSMS."""

    def __init__(self):
        self.clock = link.link.time = Clock()
        self.timers = Timers(self.clock)
        self.board = Board()
        self.network = self.board.network
        self.model = Model()
        self.sources = [Source(), Source()]
        self.calls = []
        self.replies = {}
        self.ups = []
        self.lines = []
        log.sink = lambda level, text: self.lines.append((level, text))
        self.link = Link(
            self.board,
            self.model,
            self.timers,
            self.sources,
            self._handle,
            bytearray(64),
            bytearray(64),
            bytearray(64),
            boot_count=26,
        )
        self.link.accepted = lambda: True
        self.link.on_connection = self.ups.append
        self.task = None

    def _handle(self, action, reader):
        self.calls.append((name(action), reader.message_id, reader.payload))
        reply = self.replies.get(name(action), (b"{}",))
        if callable(reply):
            reply = reply()
        if isinstance(reply, Exception):
            raise reply
        return reply

    @property
    def server(self):
        return self.network.streams[-1]

    async def start(self):
        self.task = asyncio.create_task(self.link.run())
        await self.settle()

    async def connect(self, **settings):
        """Start, and shake hands."""
        if self.task is None:
            await self.start()
        await self.settle()
        self.server.accept(**settings)
        await self.settle()
        return self.server

    async def settle(self):
        """Until nothing moves without time passing."""
        for _ in range(60):
            await asyncio.sleep(0)
        assert self.task is None or not self.task.done() or self.link._stop

    async def pass_ms(self, delay_ms):
        """Time passes, from timer to timer."""
        await self.settle()
        end = self.clock.now + delay_ms
        while True:
            left = self.timers.next()
            if left is None or self.clock.now + left > end:
                break
            self.clock.now += max(0, left)
            self.timers.fire()
            await self.settle()
        self.clock.now = end

    async def jump(self, delay_ms):
        """The clock jumps, then timers that are due fire once."""
        self.clock.now += delay_ms
        self.timers.fire()
        await self.settle()

    def give(self, action, payload=b"{}", source=0):
        self.sources[source].items.append((name_id(action), (payload,)))
        self.link.wake()

    def logged(self, words):
        return [text for _, text in self.lines if words in text]

    async def end(self):
        if not self.task.done():
            self.task.cancel()
        try:
            await self.task
        except asyncio.CancelledError:
            pass
        for stream in self.network.streams:
            assert stream.closed
