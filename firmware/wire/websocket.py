"""Frames of a WebSocket client connection (RFC 6455), without I/O.

Bytes that came in are announced with `received()`; `next()` then tells what they mean, one event
at a time. The payload of a text message is handed on as slices of the receive buffer, never
copied, whatever its length, its fragments and the split of the input. Frames to be sent are built
in a buffer of the caller.

Errors: CloseConnection with the code of RFC 6455, 7.4.1, nothing else, whatever comes in. Whether
text is UTF-8 is checked by the reader above, which looks at each byte anyway.
"""

import micropython
from micropython import const

from hal.errors import CloseConnection
from wire.events import (
    DATA,
    END,
    HEADROOM,
    INVALID_DATA,
    NO_CODE,
    NONE,
    PING,
    PONG,
    PROTOCOL_ERROR,
    START,
    TOO_BIG,
    UNSUPPORTED_DATA,
)

_TEXT = const(1)
_BINARY = const(2)
_CONTROL = const(8)
_CLOSE = const(8)
_PING = const(9)
_PONG = const(10)

_FIRST = const(0)  # states: what the next byte is
_SECOND = const(1)
_LENGTH = const(2)
_DATA = const(3)
_COLLECT = const(4)
_CLOSED = const(5)

_MAX_MESSAGE = const(16777216)


@micropython.viper
def _mask(buf: ptr8, start: int, end: int, key: ptr8):
    # key[4] says which of the four bytes comes next, from piece to piece of a payload.
    turn = key[4]
    while start < end:
        buf[start] = buf[start] ^ key[turn]
        turn = (turn + 1) & 3
        start += 1
    key[4] = turn


def printable(text):
    """`text` as it may go into a log line, whatever the peer put into it."""
    return bytes([c if 32 <= c < 127 else 63 for c in text])


def broken(code, what):
    """The CloseConnection to raise when the peer has sent what it must not."""
    return CloseConnection(code, "the CSMS sent %s: closing with %d" % (what, code))


def _valid_code(code):
    return 1000 <= code <= 1003 or 1007 <= code <= 1014 or 3000 <= code <= 4999


class WebSocket:
    """One end of a connection after another: `open()` starts afresh.

    Args:
        random: callable(n) -> n unpredictable bytes, for masks (RFC 6455, 10.3).
        rx: the buffer that bytes are received into; read only.
        max_message: longest message taken in, bytes (fragments together); beyond: close 1009.
    """

    def __init__(self, random, rx, max_message=_MAX_MESSAGE):
        self._random = random
        self._rx = rx
        self._max = max_message
        self._control = None  # a control frame: room for our header, then the payload
        self._key = bytearray(5)
        self.start = self.end = 0
        self.open()

    def open(self):
        """Expect the first frame of a new connection."""
        self._at = self._stop = 0
        self._state = _FIRST
        self._opcode = self._final = self._left = self._count = self._total = 0
        self._in_message = False

    def received(self, start, end):
        """rx[start:end] has come in. Only after next() returned NONE."""
        self._at = start
        self._stop = end

    def next(self):
        """The next event: START, DATA, END, PING, PONG; NONE: receive more.

        Raises: CloseConnection, with the code for our close frame; also when the peer has closed.
            Nothing follows.
        """
        while True:
            state = self._state
            if state == _DATA:
                event = self._data()
                if event or self._state == _DATA:
                    return event
                continue
            if state == _CLOSED or self._at >= self._stop:
                return NONE
            byte = self._rx[self._at]
            self._at += 1
            if state == _FIRST:
                self._first(byte)
                event = NONE
            elif state == _COLLECT:
                event = self._collect(byte)
            else:
                event = self._length(byte)
            if event:
                return event

    def _first(self, byte):
        if byte & 0x70:
            raise broken(PROTOCOL_ERROR, "a frame with reserved bits set")
        opcode = byte & 15
        self._final = byte & 0x80
        if opcode == _BINARY:
            raise broken(UNSUPPORTED_DATA, "a binary frame")
        if opcode > _PONG or _TEXT < opcode < _CONTROL:
            raise broken(PROTOCOL_ERROR, "a frame of an unknown kind")
        if opcode & _CONTROL:
            if not self._final:
                raise broken(PROTOCOL_ERROR, "a control frame in fragments")
        elif (opcode == 0) != self._in_message:
            raise broken(PROTOCOL_ERROR, "fragments in a wrong order")
        self._opcode = opcode
        self._state = _SECOND

    def _length(self, byte):
        if self._state == _SECOND:
            if byte & 0x80:
                raise broken(PROTOCOL_ERROR, "a masked frame")
            if self._opcode & _CONTROL and byte > 125:
                raise broken(PROTOCOL_ERROR, "a control frame of over 125 bytes")
            self._state = _LENGTH
            if byte < 126:
                self._left = byte
                return self._begin()
            self._left = 0
            self._count = 2 if byte == 126 else 8
            return NONE
        if self._count == 8 and byte & 0x80:
            raise broken(PROTOCOL_ERROR, "a frame of negative length")
        self._left = (self._left << 8) | byte
        self._count -= 1
        if self._left > self._max:
            raise broken(TOO_BIG, "a frame of over %d bytes" % self._max)
        return NONE if self._count else self._begin()

    def _begin(self):
        # The header is complete, self._left is the frame's length.
        if self._opcode & _CONTROL:
            self._count = 0
            self._control = bytearray(6 + self._left)
            self._state = _COLLECT
            return NONE if self._left else self._control_frame()
        self._state = _DATA
        if self._opcode == _TEXT:
            self._in_message = True
            self._total = 0
        self._total += self._left
        if self._total > self._max:
            raise broken(TOO_BIG, "a message of over %d bytes" % self._max)
        return START if self._opcode == _TEXT else NONE

    def _data(self):
        if self._left:
            self.start = self._at
            self.end = self._at = min(self._stop, self._at + self._left)
            size = self.end - self.start
            if not size:
                return NONE
            self._left -= size
            return DATA
        self._state = _FIRST
        if not self._final:
            return NONE
        self._in_message = False
        return END

    def _collect(self, byte):
        # Where pong() needs it: behind the header.
        self._control[6 + self._count] = byte
        self._count += 1
        return self._control_frame() if self._count == self._left else NONE

    def _control_frame(self):
        self._state = _FIRST
        if self._opcode == _PING:
            return PING
        if self._opcode == _PONG:
            return PONG
        self._state = _CLOSED
        payload = self._control
        code = NO_CODE
        if self._count:
            code = 0 if self._count == 1 else (payload[6] << 8) | payload[7]
            if not _valid_code(code):
                raise broken(PROTOCOL_ERROR, "a close frame without a valid code")
        try:
            str(payload[8:], "utf-8")
        except UnicodeError:
            raise broken(INVALID_DATA, "a close reason that is not UTF-8")
        reason = str(printable(payload[8:]), "utf-8")
        raise CloseConnection(code, "the CSMS closed the connection (%d %s)" % (code, reason))

    def text(self, buf, length):
        """Begin a text frame of `length` bytes; its header ends at buf[HEADROOM].

        Returns: the index in buf where the header begins. The payload then goes through _mask(),
            piece by piece.
        """
        return self._header(buf, HEADROOM, _TEXT, length)

    def mask(self, buf, start, end):
        """Mask the next piece of the payload, in place."""
        _mask(buf, start, end, self._key)

    def pong(self):
        """The frame that answers the PING just announced; only before the next call of next()."""
        return self._frame(_PONG, self._control)

    def ping(self):
        """A ping frame without payload. Any byte that comes in afterwards is a sign of life."""
        return self._frame(_PING, bytearray(6))

    def close(self, code):
        """A close frame; NO_CODE: without a code, as the peer's was."""
        if code == NO_CODE:
            return self._frame(_CLOSE, bytearray(6))
        return self._frame(_CLOSE, bytearray((0, 0, 0, 0, 0, 0, code >> 8, code & 0xFF)))

    def _frame(self, opcode, frame):
        self._header(frame, 6, opcode, len(frame) - 6)
        _mask(frame, 6, len(frame), self._key)
        return frame

    def _header(self, buf, end, opcode, length):
        key = self._random(4)
        for i in range(4):
            self._key[i] = buf[end - 4 + i] = key[i]
        self._key[4] = 0
        at = end - 5
        if length < 126:
            buf[at] = 0x80 | length
        else:
            count = 2 if length < 65536 else 8
            for _ in range(count):
                buf[at] = length & 0xFF
                length >>= 8
                at -= 1
            buf[at] = 0xFE if count == 2 else 0xFF
        buf[at - 1] = 0x80 | opcode
        return at - 1
