"""What leaves on our own account: pings, late replies, and our one outstanding CALL, in this order
of priority.

Nothing queues here. Blocks are sources; when nothing is outstanding they are asked in order of
priority:

    take(accepted) -> None or (action, slots)
        accepted: the CSMS has accepted the station; else B02.FR.02 holds.
        Only the first is asked while nothing may be said but BootNotification.
    answered(outcome, reader)
        Exactly once for each item taken. The outcome is one of blocks/port.py; with TIMEOUT and
        LOST there is no reader (None).
"""

from micropython import const
from tables.variables import (
    OCPP_COMM_CTRLR_MESSAGE_TIMEOUT_DEFAULT,
    OCPP_COMM_CTRLR_WEB_SOCKET_PING_INTERVAL,
)
from websocket_core import printable

from blocks.port import ANSWERED, ERROR, LOST, TIMEOUT
from hal import log
from hal.timers import Timer
from wire.events import ANSWER, ERROR_TEXT
from wire.names import name

# The time-out runs in slices, of which a jump of the clock uses up one at most.
_SLICES = const(4)
_MAX_DEFERRED = const(4)


class Outbox:
    """Sends while a connection is open.

    Args:
        link: Link, for its event.
        talk: Conversation; lends its lock, writer and Rpc.
        sources: list of sources, the most urgent first; its order changes.
    """

    def __init__(self, link, talk, model, timers, sources):
        self.ping_due = False
        self._link = link
        self._talk = talk
        self._model = model
        self._timers = timers
        self._sources = sources
        self._source = None  # whose CALL is outstanding
        self._action = 0
        self._deferred = []  # ids of CALLs of this connection that reply() will answer
        self._replies = []
        self._slices = self._slice_ms = 0
        self._timer = Timer(self._slice_over)

    def defer(self, message_id):
        """A CALL of this connection will be answered by reply()."""
        deferred = self._deferred
        if len(deferred) == _MAX_DEFERRED:
            log.warning("too many late replies: one is lost")
            deferred.pop(0)
        deferred.append(message_id)

    def reply(self, message_id, action, reply):
        """The reply to a CALL whose handler returned DEFER. Dropped when the connection that it
        came on is gone.

        Args:
            message_id: reader.message_id at that time.
            action: of the CALL.
            reply: as of a handler; or a CallError.
        """
        if message_id in self._deferred:
            self._deferred.remove(message_id)
            self._replies.append((message_id, action, reply))
            self._link.event.set()

    async def run(self):
        """Send, as long as the task lives. Raises: LinkError, WriterMismatch."""
        event = self._link.event
        talk = self._talk
        while True:
            event.clear()
            await talk.lock()
            try:
                sent = await self._send_next()
            finally:
                talk.unlock()
            if not sent:
                await event.wait()

    async def _send_next(self):
        talk = self._talk
        if self.ping_due:
            self.ping_due = False
            await talk.write(talk.websocket.ping())
            return True
        if self._replies:
            message_id, action, reply = self._replies.pop(0)
            await talk.respond(message_id, action, reply)
            return True
        return self._source is None and await self._call()

    async def _call(self):
        talk = self._talk
        accepted = self._link.accepted()
        for source in self._sources:
            item = self._take(source, accepted is True)
            if item is not None:
                self._source = source
                self._action = item[0]
                message_id = talk.rpc.begin(item[0])
                size = await self._prepare(message_id, item)
                if size:
                    await talk.send(size)
                    if talk.rpc.reader.pending_id == message_id:  # not answered meanwhile
                        self._start_timer()
                return True
            if accepted is None:
                break  # B01.FR.08, B03.FR.02
        return False

    async def _prepare(self, message_id, item):
        writer = self._talk.writer
        try:
            writer.call(message_id, item[0], item[1])
            await self._talk.count()
            return writer.count()
        except Exception as error:  # noqa: BLE001, a defect of the source: this attempt has failed
            log.defect(name(item[0]), error)
            self._settle(TIMEOUT, None)
            return 0

    def _start_timer(self):
        timeout_s = self._model.int(OCPP_COMM_CTRLR_MESSAGE_TIMEOUT_DEFAULT)
        self._slice_ms = timeout_s * (1000 // _SLICES)
        self._slices = _SLICES
        self._talk.silent = True
        self._timers.start(self._timer, self._slice_ms)

    def _take(self, source, accepted):
        try:
            return source.take(accepted)
        except Exception as error:  # noqa: BLE001, a defect in one block must not end the others
            log.defect(type(source).__name__ + ".take()", error)
            return None

    def _slice_over(self):
        self._slices -= 1
        talk = self._talk
        source = self._source
        if self._slices > 0:
            self._timers.start(self._timer, self._slice_ms)
            # Who lives says so in time. With WebSocketPingInterval 0 nobody is asked.
            if talk.silent and self._model.int(OCPP_COMM_CTRLR_WEB_SOCKET_PING_INTERVAL) > 0:
                self.ping_due = True
                self._link.event.set()
            return
        seconds = self._slice_ms * _SLICES // 1000
        log.warning("no answer to %s within %d s", name(self._action), seconds)
        self._link.unanswered(talk.silent)
        # From now on after all the others, but for the first: what the CSMS does not answer, and
        # is said again at once, must not keep them silent.
        sources = self._sources
        if source is not sources[0]:
            sources.remove(source)
            sources.append(source)
        if not talk.silent:  # else LOST follows: no attempt (E13)
            self._settle(TIMEOUT, None)

    def answered(self, verdict, reader):
        """The outstanding CALL was answered: `verdict` ANSWER or FAULT."""
        self._settle(ANSWERED if verdict == ANSWER else ERROR, reader)
        if verdict != ANSWER:
            detail = reader.unpack()[ERROR_TEXT] if not reader.error else reader.detail
            detail = printable(detail or b"")
            log.warning("%s was answered with an error: %s", name(self._action), detail)

    def lost(self):
        """The connection is gone."""
        self._deferred.clear()
        self._replies.clear()
        self.ping_due = False
        self._settle(LOST, None)

    def _settle(self, outcome, reader):
        self._timers.stop(self._timer)
        source = self._source
        if source is None:
            return
        self._source = None
        self._talk.rpc.forget()
        try:
            source.answered(outcome, reader)
        except Exception as error:  # noqa: BLE001, as in _take()
            log.defect(type(source).__name__ + ".answered()", error)
        self._link.wake()
