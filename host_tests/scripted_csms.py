"""A CSMS that does what a test tells it to, and checks everything that the station says.

Its default answers make a station boot and charge. Every message of both directions is checked
against the official schemas; what the station does wrong fails the test at its end (`violations`).
"""

import asyncio
import contextlib
import inspect
import json
import re

import chosen
import websockets.exceptions
from opening import Opening
from target import PACE
from websockets.asyncio.server import serve

from tools.csms import tokens
from tools.csms.clock import SimClock
from tools.csms.conversation import FROM_STATION, TO_STATION, Conversation
from tools.csms.ledger import Ledger
from tools.csms.schemas import Schemas

STALL = object()  # an answer that never comes
_PATIENCE_S = 5
_CALL = re.compile(r'\s*\[\s*2\s*,\s*"[^"]*"\s*,\s*"(\w+)"')
_schemas = Schemas()


class CallError(Exception):
    """Raised by `call()` for a CALLERROR; given to `answer()`: answer with one."""

    def __init__(self, code, description=""):
        super().__init__(f"{code}: {description}")
        self.code = code
        self.description = description


class ScriptedCsms:
    """Use as `async with`, or through the rig.

    Attributes:
        url: ws://127.0.0.1:port, the same after a stop and start.
        opening: Opening, what happens to handshakes; its `requests` are those so far.
        socket: the latest connection of websockets; None: none.
        closes: (code, reason) of the connections that have ended.
        conversation: Conversation. ledger: Ledger of all TransactionEvents.
        clock: SimClock. heartbeat_s: interval that boots are answered with.
    """

    def __init__(self, clock=None):
        self.clock = clock or SimClock()
        self.opening = Opening(self._notify)
        self.conversation = Conversation(_schemas, self.clock, [self._book])
        self.ledger = Ledger()
        self.closes = []
        self.socket = None
        self.heartbeat_s = 300
        self._answers = {}
        self._queued = {}
        self._unread = {}
        self._replies = {}
        self._changed = asyncio.Condition()
        self._last_id = 0
        self._listener = None
        self._port = 0

    # ---- life

    async def start(self):
        """Listen, on the same port as before if it has been stopped."""
        self._listener = await serve(
            self._serve,
            "127.0.0.1",
            self._port,
            process_request=self.opening.process_request,
            process_response=self.opening.process_response,
            select_subprotocol=lambda connection, offered: None,
            max_size=1 << 20,
            compression=None,
            ping_interval=None,
            close_timeout=1,
        )
        self._port = self._listener.sockets[0].getsockname()[1]

    async def stop(self):
        self.opening.release()
        if self._listener is not None:
            self._listener.close()
            await self._listener.wait_closed()
            self._listener = None

    async def __aenter__(self):
        await self.start()
        return self

    async def __aexit__(self, *_):
        await self.stop()

    @property
    def url(self):
        return f"ws://127.0.0.1:{self._port}"

    # ---- messages that come in

    async def _notify(self):
        async with self._changed:
            self._changed.notify_all()

    def _book(self, message):
        event = message.is_call and message.action == "TransactionEvent"
        if event and message.direction == FROM_STATION and not message.violations:
            self.ledger.book(message.payload)

    async def _serve(self, socket):
        self.socket = socket
        self.conversation.connection_lost()
        await self._notify()
        try:
            async for text in socket:
                message = self.conversation.note(FROM_STATION, text)
                if message.is_call:
                    self._unread.setdefault(message.action, []).append(message)
                    await self._notify()
                    await self._reply(socket, message)
                elif message.kind:
                    self._replies[message.id] = message
                    await self._notify()
        except websockets.exceptions.ConnectionClosed:
            pass
        self.closes.append((socket.close_code, socket.close_reason))
        if self.socket is socket:
            self.socket = None
            self.conversation.connection_lost()
        await self._notify()

    async def _reply(self, socket, message):
        queue = self._queued.get(message.action)
        answer = queue.pop(0) if queue else self._answers.get(message.action, self._default)
        async with self.clock.moving:
            pass  # the station is ahead: it must not be set back by what we answer
        if callable(answer):
            answer = answer(message)
            if inspect.isawaitable(answer):
                answer = await answer
        if answer is STALL:
            self.conversation.give_up(FROM_STATION, message.id)
            return
        if isinstance(answer, CallError):
            reply = [4, message.id, answer.code, answer.description, {}]
        elif isinstance(answer, str):
            reply = None
        else:
            reply = [3, message.id, answer]
        text = answer.replace("$ID", message.id) if reply is None else json.dumps(reply)
        self.conversation.note(TO_STATION, text)
        with contextlib.suppress(websockets.exceptions.ConnectionClosed):
            await socket.send(text)

    def _default(self, message):
        token = message.payload.get("idToken") if isinstance(message.payload, dict) else None
        if message.action == "BootNotification":
            return self.boot_answer()
        if message.action == "Heartbeat":
            return {"currentTime": self.clock.stamp()}
        if message.action == "Authorize":
            return {"idTokenInfo": tokens.info(token)}
        if message.action == "TransactionEvent":
            return {"idTokenInfo": tokens.info(token)} if token else {}
        if message.action == "DataTransfer":
            return {"status": "Accepted"}
        return {}

    def boot_answer(self, status="Accepted", interval=None):
        """The payload of a BootNotificationResponse."""
        seconds = self.heartbeat_s if interval is None else interval
        return {"currentTime": self.clock.stamp(), "interval": seconds, "status": status}

    # ---- what a test says

    def answer(self, action, answer):
        """From now on answer `action` so.

        Args:
            answer: payload; CallError; STALL; str: raw text, `$ID` is put in; or a function of the
                Message that gives one of these.
        """
        self._answers[action] = answer

    def answer_next(self, action, *answers):
        """Answer the next CALLs of `action` so, one after the other."""
        self._queued.setdefault(action, []).extend(answers)

    def default(self, action):
        """Answer `action` as by default again."""
        self._answers.pop(action, None)
        self._queued.pop(action, None)

    async def until(self, condition, what, timeout=_PATIENCE_S):
        """Wait until `condition()` is true and return what it gave.

        Raises:
            AssertionError: `what` did not come in time.
        """
        try:
            async with asyncio.timeout(timeout * PACE), self._changed:
                while not (found := condition()):
                    await self._changed.wait()
        except TimeoutError:
            heard = ", ".join(
                m.action or repr(m.text)[:80] for m in self.conversation.messages[-8:]
            )
            raise AssertionError(f"no {what} within {timeout} s; last messages: {heard}") from None
        return found

    async def expect(self, action, timeout=_PATIENCE_S, where=None):
        """The payload of the next CALL of `action`; with `where`, of the next that it is true for.

        Each CALL is given out once; CALLs of other actions stay for later.
        """

        chosen.skip_unless_sent(action)

        def find():
            unread = self._unread.get(action, [])
            while unread:
                message = unread.pop(0)
                if where is None or where(message.payload):
                    return message
            return None

        return (await self.until(find, action, timeout)).payload

    async def expect_event(self, timeout=_PATIENCE_S, **wanted):
        """The payload of the next TransactionEvent.

        Its fields (`eventType`, `triggerReason`, `chargingState`, `stoppedReason`, ...) must be as
        wanted.
        """
        event = await self.expect("TransactionEvent", timeout)
        fields = {**event["transactionInfo"], **event}
        found = {name: fields.get(name) for name in wanted}
        assert found == wanted, f"the next event is {event}"
        return event

    async def never(self, action, seconds):
        """Assert that no (further) CALL of `action` comes within these seconds of real time."""
        await asyncio.sleep(seconds * PACE)
        unread = self._unread.get(action, [])
        assert not unread, f"unexpected {action}: {unread[0].payload}"

    def calls(self, action):
        """Payloads of all CALLs of `action` so far."""
        messages = self.conversation.messages
        return [
            m.payload
            for m in messages
            if m.is_call and m.action == action and m.direction == FROM_STATION
        ]

    def forget(self, *actions):
        """What came so far is not for `expect` any more; no `actions`: all."""
        for action in actions or list(self._unread):
            self._unread.pop(action, None)

    async def call(self, action, payload, timeout=_PATIENCE_S):
        """Send a CALL; the payload of its CALLRESULT.

        Raises:
            CallError: answered with a CALLERROR.
        """
        self._last_id += 1
        message_id = f"csms-{self._last_id}"
        await self.send(json.dumps([2, message_id, action, payload]))
        return await self.reply_to(message_id, timeout)

    async def reply_to(self, message_id, timeout=_PATIENCE_S):
        """The payload of the answer with this id; CallError when it is a CALLERROR."""
        reply = await self.until(lambda: self._replies.pop(message_id, None), "answer", timeout)
        if reply.code:
            raise CallError(reply.code, reply.description)
        return reply.payload

    async def send(self, data):
        """Send text (str) as it is, or a binary frame (bytes)."""
        if isinstance(data, str):
            if call := _CALL.match(data):
                chosen.skip_unless_received(call[1])
            self.conversation.note(TO_STATION, data)
        await self.socket.send(data)

    def send_bytes(self, data):
        """Write bytes to the TCP connection, past the WebSocket."""
        self.socket.transport.write(data)

    async def close(self, code=1000, reason=""):
        await self.socket.close(code, reason)

    def cut(self):
        """Drop the TCP connection without a word."""
        self.socket.transport.abort()

    async def connected(self, timeout=_PATIENCE_S):
        await self.until(lambda: self.socket is not None, "connection", timeout)

    async def disconnected(self, timeout=_PATIENCE_S):
        await self.until(lambda: self.socket is None, "end of the connection", timeout)

    def violations(self):
        """What the station did against the specification."""
        return self.conversation.violations(FROM_STATION) + self.ledger.wrong()
