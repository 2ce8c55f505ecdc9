"""The way to the CSMS: connect, keep the connection alive, and make a new one when it is gone.

Two tasks: run() connects and reads; the outbox sends while a connection is open. One timer looks
after both: the wait for the next attempt, the time for opening and for closing, pings and stalled
writes in between.
"""

import asyncio
import time

from micropython import const
from tables.variables import OCPP_COMM_CTRLR_WEB_SOCKET_PING_INTERVAL
from websocket_core import printable

from hal import log
from hal.errors import CloseConnection, LinkError, PilotwireError
from hal.timers import Timer
from link.back_off import back_off_ms
from link.conversation import Conversation
from link.opening import connect
from link.outbox import Outbox
from wire.events import GOING_AWAY, NORMAL

_IDLE = const(0)  # phases
_WAITING = const(1)  # for the next attempt
_OPENING = const(2)
_OPEN = const(3)
_CLOSING = const(4)

_OPENING_MS = const(30000)  # for name look-up, TCP, TLS and the opening handshake together
_GOODBYE_MS = const(2000)  # for our close frame to get out and the peer to close
_TICK_MS = const(15000)  # a write that has not moved between two ticks is stalled
_MIN_PONG_MS = const(3000)  # wait for a sign of life after a ping: the interval, within bounds
_MAX_PONG_MS = const(10000)
_MAX_PINGS = const(2)  # unanswered, then the peer is dead; a jump of the clock makes one at most
_AFTER_CLOSE_MS = const(1000)  # some CSMSs break when a station is back at once
_STEADY_MS = const(120000)  # a connection that answers pings for so long is no failure
_BACK_OFF = const(-1)


def _describe(error):
    return str(error) if isinstance(error, PilotwireError) else repr(error)


class Link:
    """The station's end of the OCPP-J connection.

    Args:
        board: network, options, random.
        model: device model; settings are read when they are needed, so a change holds at once.
        timers: Timers.
        sources: list of sources for the outbox, the most urgent first; its order changes.
        handler: callable(action, reader) -> reply: the slots (tuple or list) of the response, the
            name id of a CALLERROR code, or DEFER: reply() follows; or a generator (README.md). May
            raise CallError.
        rx_buf, tx_buf: bytearrays, 64 bytes or more; lent for good.
        arena: of MessageReader.
        boot_count: a number that no earlier boot has had.
    """

    def __init__(
        self, board, model, timers, sources, handler, rx_buf, tx_buf, arena, boot_count=0
    ):
        self.connected = False
        # Set by the station: callable() -> True: the CSMS has accepted it; False: it may say what
        # it is asked for; None: only the first source may speak. And callable(up).
        self.accepted = None
        self.on_connection = None
        # Something may be ready to be sent; or the wait for the next attempt is over.
        self.event = asyncio.Event()
        self._talk = Conversation(board.random, handler, rx_buf, tx_buf, arena, boot_count)
        self._outbox = self._talk.outbox = Outbox(self, self._talk, model, timers, sources)
        self.reply = self._outbox.reply
        self._board = board
        self._model = model
        self._timers = timers
        self._timer = Timer(self._tick)
        self._task = None  # of run()
        self._sender = None  # task of the outbox
        self._phase = _IDLE
        self._failures = 0  # connections in a row without a valid message of the CSMS
        # What the connection was opened with: version that the CSMS has agreed to, any password.
        self._protocol = self._password = None
        self._stop = False  # close() was called
        self._wait_ms = 0  # before the next attempt, or _BACK_OFF
        self._why = None  # the connection ends or has ended, for the log
        self._code = 0  # to say goodbye with, 0: none
        self._writes = 0  # at the last tick
        self._pinged = self._opened = 0  # ticks

    def wake(self):
        """A source may have something to send."""
        self.event.set()

    def close(self):
        """End: say goodbye (2 s at most), then run() returns, a second after the close."""
        self._stop = True
        self._wait_ms = _AFTER_CLOSE_MS
        if self._phase == _WAITING:
            self._timers.start(self._timer, _AFTER_CLOSE_MS)
        self._interrupt("closing", GOING_AWAY)

    def reconnect(self):
        """Drop the connection in good order, and connect anew a second later.

        No effect without one, or on one that is ending anyway: the back-off holds.
        """
        if self._phase != _CLOSING:
            self._wait_ms = _AFTER_CLOSE_MS
            self._interrupt("connecting anew", NORMAL)

    def password_changed(self):
        """Connect anew, if this connection has a password (A01.FR.06)."""
        if self._password:
            self.reconnect()

    def network(self, up):
        """The network came: connect at once, the back-off forgotten. Or it went: drop the
        connection."""
        if not up:
            self._wait_ms = 0
            self._interrupt("the network is down", 0)
        elif self._phase == _WAITING:
            self._failures = 0
            self._timers.stop(self._timer)
            self.event.set()

    async def run(self):
        """Keep a connection, until close()."""
        self._task = asyncio.current_task()
        while True:
            await self._pause()
            if self._stop:
                break
            await self._connection()
        self._phase = _IDLE

    async def _pause(self):
        self._phase = _WAITING
        wait_ms = self._wait_ms
        if wait_ms == _BACK_OFF:
            wait_ms = back_off_ms(self._model, self._board.random, self._failures)
        if self._why is not None:
            log.warning("%s; next attempt in %d s", self._why, (wait_ms + 999) // 1000)
        if wait_ms:
            self._timers.start(self._timer, wait_ms)
        while self._timer.active() or not (self._stop or self._board.network.up):
            self.event.clear()
            await self.event.wait()
        self._wait_ms = _BACK_OFF

    async def _connection(self):
        self._why = None
        self._code = 0
        self._phase = _OPENING
        self._timers.start(self._timer, _OPENING_MS)
        try:
            await self._open()
            await self._talk.read()
        except asyncio.CancelledError:
            if self._why is None:  # not by _interrupt()
                self._drop()
                raise
        except Exception as error:  # noqa: BLE001, a defect must not end the link either
            self._why = _describe(error)
            self._code = error.code if isinstance(error, CloseConnection) else 0
        self._phase = _CLOSING
        try:
            if self._code:
                self._timers.start(self._timer, _GOODBYE_MS)
                await self._goodbye()
        except asyncio.CancelledError:
            if self._phase == _CLOSING:  # not by _tick()
                raise
        except (LinkError, OSError):
            pass  # it was closed anyway
        finally:
            self._drop()

    async def _open(self):
        talk = self._talk
        stream, self._protocol, self._password = await connect(self._board, self._model, talk)
        await talk.begin(stream)
        if self._protocol is None:
            log.warning("connected, but the CSMS agreed to no OCPP version: trying all the same")
        else:
            log.info("connected, %s", printable(self._protocol))
        self._pinged = self._opened = time.ticks_ms()
        self._phase = _OPEN
        self._tick()
        self._sender = asyncio.create_task(self._send_all())
        self.connected = True
        if self.on_connection:
            self.on_connection(True)

    async def _send_all(self):
        try:
            await self._outbox.run()
        except Exception as error:  # noqa: BLE001, as in _connection()
            self._interrupt(_describe(error), 0)

    async def _goodbye(self):
        talk = self._talk
        await talk.lock()  # never amidst a frame
        try:
            self._sender.cancel()  # it waits for the lock or for something to do
            await talk.goodbye(self._code)
        finally:
            talk.unlock()

    def _drop(self):
        self._timers.stop(self._timer)
        if self._sender is not None:
            self._sender.cancel()
            self._sender = None
        if self._talk.stream is not None:
            self._talk.stream.close()
            self._talk.stream = None
        self._failures += 1
        if self.connected:
            self.connected = False
            if self._talk.spoken:
                self._failures = 1
            if self.on_connection:
                self.on_connection(False)
        self._outbox.lost()

    def _interrupt(self, why, code):
        # End the connection from another task; code 0: at once, else in good order.
        if self._phase not in (_OPENING, _OPEN) or (code and self._why is not None):
            return
        self._why = why
        self._code = code if self._phase == _OPEN else 0
        self._talk.ended = True
        # The reader's task looks at `ended` after each message; it isn't cancelled in an answer.
        talk = self._talk
        if talk.handling:
            talk.cut = not self._code
        elif self._task is not asyncio.current_task() and not (self._code and talk.replying):
            self._task.cancel()

    def _tick(self):
        phase = self._phase
        if phase == _WAITING:
            self.event.set()
        elif phase == _OPENING:
            self._interrupt("the server does not complete the connection", 0)
        elif phase == _CLOSING:
            self._phase = _IDLE
            self._task.cancel()
        elif self._talk.locked and self._talk.writes == self._writes:
            self._interrupt("the CSMS takes no more data", 0)
        else:
            self._writes = self._talk.writes
            self._timers.start(self._timer, min(_TICK_MS, self._keep_alive()))

    def _keep_alive(self):
        # Time to the next look, in ms. WebSocketPingInterval 0: no pings.
        talk = self._talk
        interval_s = self._model.int(OCPP_COMM_CTRLR_WEB_SOCKET_PING_INTERVAL)
        interval_ms = interval_s * 1000
        if interval_ms <= 0:
            talk.pings = 0
            return _TICK_MS
        pong_ms = min(max(interval_ms, _MIN_PONG_MS), _MAX_PONG_MS)
        now = time.ticks_ms()
        left_ms = (pong_ms if talk.pings else interval_ms) - time.ticks_diff(now, self._pinged)
        if left_ms > 0:
            return left_ms
        if talk.pings == _MAX_PINGS:
            self._interrupt("the CSMS answers no ping", 0)
            return _TICK_MS
        stands_ms = time.ticks_diff(now, self._opened)
        if stands_ms >= _STEADY_MS and not talk.pings and self._pinged != self._opened:
            self._failures = 0  # the last ping was answered
        talk.pings += 1
        self._pinged = now
        self._outbox.ping_due = True
        self.event.set()
        return min(pong_ms, interval_ms)

    def unanswered(self, silent):
        """A CALL has timed out; silent: and not a byte has come since it was sent."""
        if not self._talk.spoken:
            log.error("no valid message yet: does the CSMS speak OCPP 2.0.1 at this URL?")
            # Some agree to no version, and then ignore every frame.
            silent = silent or self._protocol is None
        if silent:
            self._interrupt("the CSMS is silent", NORMAL)
