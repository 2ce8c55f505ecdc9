"""Frames of a WebSocket client connection (RFC 6455), without I/O.

Bytes that came in are announced with `received()`; `next()` then tells what they mean, one event
at a time. The payload of a text message is handed on as slices of the receive buffer, never
copied, whatever its length, its fragments and the split of the input. Frames to be sent are built
in a buffer of the caller.

Errors: CloseConnection with the code of RFC 6455, 7.4.1, nothing else, whatever comes in. Whether
text is UTF-8 is checked by the reader above, which looks at each byte anyway.
"""

import array

import websocket_core
from micropython import const
from wire_core import is_utf8

from hal.errors import CloseConnection
from wire.events import (
    CLOSE,
    HEADROOM,
    INVALID_DATA,
    NO_CODE,
    ROOM,
    W_AT,
    W_CODE,
    W_COUNT,
    W_FAULT,
    W_LEFT,
    W_STOP,
    W_WORDS,
)

_TEXT = const(1)
_CLOSE = const(8)
_PING = const(9)
_PONG = const(10)

_HEADER = const(6)  # of a control frame of ours
_MAX_MESSAGE = const(16777216)


def broken(code, what):
    """The CloseConnection to raise when the peer has sent what it must not."""
    return CloseConnection(code, "the CSMS sent %s: closing with %d" % (what, code))


class WebSocket:
    """One end of a connection after another: `open()` starts afresh.

    state[W_START] and state[W_END]: of the last DATA, its place in `rx`.

    Args:
        random: callable(n) -> n unpredictable bytes, for masks (RFC 6455, 10.3).
        rx: the buffer that bytes are received into; read only.
        max_message: longest message taken in, bytes (fragments together; 2^24 at most); beyond:
            close 1009.
    """

    def __init__(self, random, rx, max_message=_MAX_MESSAGE):
        self._random = random
        self._rx = rx
        self._max = max_message
        self.state = array.array("I", bytes(4 * W_WORDS))
        # A control frame: room for our header, then the payload.
        self._control = bytearray(_HEADER)
        self.open()

    def open(self):
        """Expect the first frame of a new connection."""
        websocket_core.open(self.state, self._max)

    def received(self, start, end):
        """rx[start:end] has come in. Only after next() returned NONE."""
        self.state[W_AT] = start
        self.state[W_STOP] = end

    def next(self):
        """The next event: START, DATA, END, PING, PONG; NONE: receive more.

        Raises: CloseConnection, with the code for our close frame; also when the peer has closed.
            Nothing follows.
        """
        event = websocket_core.next(self.state, self._rx, self._control)
        if event == ROOM:
            self._control = bytearray(_HEADER + self.state[W_LEFT])
            event = websocket_core.next(self.state, self._rx, self._control)
        if event < 0:
            raise broken(-event, websocket_core.fault(self.state[W_FAULT]))
        if event == CLOSE:
            self._closed()
        return event

    def _closed(self):
        reason = self._payload()[_HEADER + 2 :]
        if not is_utf8(reason):
            raise broken(INVALID_DATA, "a close reason that is not UTF-8")
        code = self.state[W_CODE]
        text = "the CSMS closed the connection (%d %s)" % (code, websocket_core.printable(reason))
        raise CloseConnection(code, text)

    def _payload(self):
        return self._control[: _HEADER + self.state[W_COUNT]]

    def text(self, buf, length):
        """Begin a text frame of `length` bytes; its header ends at buf[HEADROOM].

        Returns: the index in buf where the header begins. The payload then goes through mask(),
            piece by piece.
        """
        return self._header(buf, HEADROOM, _TEXT, length)

    def mask(self, buf, start, end):
        """Mask the next piece of the payload, in place."""
        websocket_core.mask(self.state, buf, start, end)

    def pong(self):
        """The frame that answers the PING just announced; only before the next call of next()."""
        return self._frame(_PONG, self._payload())

    def ping(self):
        """A ping frame without payload. Any byte that comes in afterwards is a sign of life."""
        return self._frame(_PING, bytearray(_HEADER))

    def close(self, code):
        """A close frame; NO_CODE: without a code, as the peer's was."""
        payload = b"" if code == NO_CODE else bytes((code >> 8, code & 0xFF))
        return self._frame(_CLOSE, bytearray(bytes(_HEADER) + payload))

    def _frame(self, opcode, frame):
        self._header(frame, _HEADER, opcode, len(frame) - _HEADER)
        self.mask(frame, _HEADER, len(frame))
        return frame

    def _header(self, buf, end, opcode, length):
        return websocket_core.header(self.state, buf, end, opcode, length, self._random(4))
