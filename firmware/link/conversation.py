"""One conversation with the CSMS: what comes in goes to the reader and is answered, what leaves
goes through one lock."""

import asyncio

from tables.names import INTERNAL_ERROR
from websocket_core import printable

from blocks.port import DEFER
from hal import log
from hal.errors import CallError, LinkError, WriterMismatch
from wire.events import (
    DATA,
    END,
    HEADROOM,
    IGNORE,
    INVALID_DATA,
    NONE,
    PING,
    REFUSE,
    REPEATED,
    START,
    W_END,
    W_START,
)
from wire.message import MessageReader, MessageWriter
from wire.names import name
from wire.rpc import Rpc
from wire.websocket import WebSocket, broken


class Conversation:
    """WebSocket, RPC, reader and writer of the connection that is open.

    Args:
        random, handler, rx_buf, tx_buf, arena, boot_count: as of Link.
    """

    def __init__(self, random, handler, rx_buf, tx_buf, arena, boot_count):
        self.websocket = WebSocket(random, rx_buf)
        self.rpc = Rpc(MessageReader(arena), boot_count)
        self.writer = MessageWriter(memoryview(tx_buf)[HEADROOM:])
        self.outbox = None
        self.stream = None
        self.spoken = False  # the CSMS has sent a valid message
        self.ended = False  # set by Link: read() returns after the message at hand
        self.replying = False  # the reader's task holds the lock, or waits for it
        self.handling = False  # a handler works in steps: the reader's task must not be cancelled
        self.cut = False  # set by Link: ... and no reply is wanted any more
        self.locked = False
        self.writes = 0
        self.pings = 0  # sent since anything came in
        self.silent = False  # set by Outbox: nothing has come in since
        self._handler = handler
        self.rx = rx_buf
        self.tx = memoryview(tx_buf)
        self._free = asyncio.Event()

    async def begin(self, stream):
        """Talk over `stream` from now on."""
        self.stream = stream
        await self.lock()  # until the sender of the last connection has let go
        self.unlock()
        self.spoken = self.ended = self.replying = self.cut = False
        self.pings = 0

    # ---- in

    async def read(self):
        """Take in what comes, until the connection ends. Raises: LinkError, CloseConnection,
        WriterMismatch."""
        websocket = self.websocket
        reader = self.rpc.reader
        while not self.ended:
            event = websocket.next()
            if event == DATA:
                reader.feed(self.rx, websocket.state[W_START], websocket.state[W_END])
                if reader.bad_utf8:
                    raise broken(INVALID_DATA, "text that is not UTF-8")
            elif event == START:
                reader.start()
            elif event == END:
                await self._message()
            elif event == PING:
                await self._pong()
            elif event == NONE:
                count = await self.stream.readinto(self.rx)
                if count == 0:
                    raise LinkError("the connection ended without a goodbye")
                if count:
                    self.pings = 0
                    self.silent = False
                    websocket.received(0, count)

    async def _pong(self):
        await self.lock()
        try:
            await self.write(self.websocket.pong())
        finally:
            self.unlock()

    async def _message(self):
        rpc = self.rpc
        verdict = rpc.received()
        if rpc.reader.bad_utf8:
            raise broken(INVALID_DATA, "text that ends within a character")
        if verdict == IGNORE:
            log.warning("ignored: an answer to nothing outstanding, id %s", printable(rpc.id))
            return
        if verdict != REFUSE:
            self.spoken = True
        if verdict > REFUSE:
            self.outbox.answered(verdict, rpc.reader)
            return
        self.silent = False  # not read on meanwhile
        self.replying = True  # cancelled while it waits for the lock: until begin()
        await self.lock()
        try:
            action = rpc.reader.action
            reply = self._refuse() if verdict == REFUSE else await self._handle(action, verdict)
            if not self.cut:
                await self.respond(rpc.id, action, reply)
        finally:
            self.unlock()
            self.replying = False

    async def _handle(self, action, verdict):
        if verdict == REPEATED:
            log.warning("%s once more, with the same id: handled again", name(action))
        try:
            reply = self._handler(action, self.rpc.reader)
            if isinstance(reply, (int, tuple, list)):
                return reply
            self.handling = True
            steps = reply  # a generator: of None, and at last the reply
            for reply in steps:
                if reply is not None:
                    break
                await asyncio.sleep(0)
            return reply
        except CallError as error:
            return error
        except Exception as error:  # noqa: BLE001, a defect in one block must not end the link
            log.defect(name(action), error)
            return INTERNAL_ERROR
        finally:
            self.handling = False

    def _refuse(self):
        code = self.rpc.code
        detail = self.rpc.reader.detail
        log.warning("a message was refused with %s: %s", name(code), printable(detail))
        return CallError(code, detail)

    # ---- out

    async def lock(self):
        """Whoever writes holds the lock for a whole frame, and gives it back with unlock()."""
        while self.locked:
            self._free.clear()
            await self._free.wait()
        self.locked = True

    def unlock(self):
        self.locked = False
        self._free.set()

    async def respond(self, message_id, action, reply):
        """Send a reply. The caller holds the lock. Raises: LinkError, WriterMismatch."""
        writer = self.writer
        try:
            if isinstance(reply, (tuple, list)):
                writer.result(message_id, action, reply)
            elif isinstance(reply, CallError):
                writer.error(message_id, reply.code, reply.description)
            elif reply == DEFER:
                self.outbox.defer(message_id)
                return
            else:
                writer.error(message_id, reply)
            await self.count()
        except Exception as error:  # noqa: BLE001, as in _handle()
            log.defect(b"the reply to " + name(action), error)
            writer.error(message_id, INTERNAL_ERROR)
        await self.send(writer.count())

    async def count(self):
        """The writer's first pass. Raises: what the message makes the writer raise."""
        while not self.writer.count():
            await asyncio.sleep(0)  # a long message takes turns with all the rest

    async def send(self, size):
        """Send what the writer holds, `size` bytes, as one frame.

        Raises: LinkError, WriterMismatch.
        """
        start = self.websocket.text(self.tx, size)
        while size:
            if start == HEADROOM:
                await asyncio.sleep(0)
            count = self.writer.fill()
            if not count:
                raise WriterMismatch("a message changed while it was sent")
            end = HEADROOM + count
            self.websocket.mask(self.tx, HEADROOM, end)
            await self.write(self.tx[start:end])
            start = HEADROOM
            size -= count

    async def write(self, frame):
        """Write a frame or a part of one. The caller holds the lock. Raises: LinkError."""
        await self.stream.write(frame)
        self.writes += 1

    async def goodbye(self, code):
        """Send a close frame and wait until the peer has closed.

        The caller holds the lock, and bounds the time. Raises: LinkError.
        """
        await self.stream.write(self.websocket.close(code))
        # Closed with input unread, TCP resets, and the peer may never see the close frame.
        while await self.stream.readinto(self.rx) != 0:
            pass
