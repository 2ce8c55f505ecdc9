"""Frames of a WebSocket client connection (RFC 6455), without I/O.

Bytes that came in are announced with `received()`; `next()` then tells what they mean, one event
at a time. The payload of a text message is handed on as slices of the receive buffer, never
copied, whatever its length, its fragments and the split of the input. Frames to be sent are built
in a buffer of the caller.

Errors: CloseConnection with the code of RFC 6455, 7.4.1, nothing else, whatever comes in. Text
that is no UTF-8 is found here (1007); what the text says is for the reader above.
"""

from micropython import const

from hal.errors import CloseConnection
from wire.events import (
    CLOSE,
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
from wire.octets import check_utf8, mask

_CONTROL_SIZE = const(131)  # header and payload of the longest control frame that we send

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
        self.control = bytearray(_CONTROL_SIZE)  # lent out while no connection is open
        self._key = bytearray(5)
        self.start = self.end = 0
        self.close_reason = b""
        self.open()

    def open(self):
        """Expect the first frame of a new connection."""
        self._at = self._stop = 0
        self._state = _FIRST
        self._opcode = self._final = self._left = self._count = self._total = self._utf8 = 0
        self._in_message = False
        self.close_code = 0

    def received(self, start, end):
        """rx[start:end] has come in. Only after next() returned NONE."""
        self._at = start
        self._stop = end

    def next(self):
        """The next event: START, DATA, END, PING, PONG, CLOSE; NONE: receive more.

        Raises: CloseConnection.
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
            raise CloseConnection(PROTOCOL_ERROR, "reserved bits are set in a frame")
        opcode = byte & 15
        self._final = byte & 0x80
        if opcode == _BINARY:
            raise CloseConnection(UNSUPPORTED_DATA, "a binary frame")
        if opcode > _PONG or _TEXT < opcode < _CONTROL:
            raise CloseConnection(PROTOCOL_ERROR, "a frame of an unknown kind")
        if opcode & _CONTROL:
            if not self._final:
                raise CloseConnection(PROTOCOL_ERROR, "a control frame in fragments")
        elif (opcode == 0) != self._in_message:
            raise CloseConnection(PROTOCOL_ERROR, "fragments out of order")
        self._opcode = opcode
        self._state = _SECOND

    def _length(self, byte):
        if self._state == _SECOND:
            if byte & 0x80:
                raise CloseConnection(PROTOCOL_ERROR, "a masked frame")
            if self._opcode & _CONTROL and byte > 125:
                raise CloseConnection(PROTOCOL_ERROR, "a control frame of over 125 bytes")
            self._state = _LENGTH
            if byte < 126:
                self._left = byte
                return self._begin()
            self._left = 0
            self._count = 2 if byte == 126 else 8
            return NONE
        if self._count == 8 and byte & 0x80:
            raise CloseConnection(PROTOCOL_ERROR, "a frame of negative length")
        self._left = (self._left << 8) | byte
        self._count -= 1
        if self._left > self._max:
            raise CloseConnection(TOO_BIG, "a frame of over %d bytes" % self._max)
        return NONE if self._count else self._begin()

    def _begin(self):
        # The header is complete, self._left is the frame's length.
        if self._opcode & _CONTROL:
            self._count = 0
            self._state = _COLLECT
            return NONE if self._left else self._control_frame()
        self._state = _DATA
        if self._opcode == _TEXT:
            self._in_message = True
            self._total = self._utf8 = 0
        self._total += self._left
        if self._total > self._max:
            raise CloseConnection(TOO_BIG, "a message of over %d bytes" % self._max)
        return START if self._opcode == _TEXT else NONE

    def _data(self):
        if self._left:
            self.start = self._at
            self.end = self._at = min(self._stop, self._at + self._left)
            size = self.end - self.start
            if not size:
                return NONE
            self._left -= size
            self._utf8 = check_utf8(self._rx, self.start, self.end, self._utf8)
            if self._utf8 < 0:
                raise CloseConnection(INVALID_DATA, "text that is not UTF-8")
            return DATA
        self._state = _FIRST
        if not self._final:
            return NONE
        if self._utf8:
            raise CloseConnection(INVALID_DATA, "text that ends within a character")
        self._in_message = False
        return END

    def _collect(self, byte):
        # Where pong() needs it: behind the header.
        self.control[6 + self._count] = byte
        self._count += 1
        return self._control_frame() if self._count == self._left else NONE

    def _control_frame(self):
        self._state = _FIRST
        if self._opcode == _PING:
            return PING
        if self._opcode == _PONG:
            return PONG
        size = self._count
        payload = self.control
        self.close_code = NO_CODE
        if size:
            self.close_code = (payload[6] << 8) | payload[7]
            if size == 1 or not _valid_code(self.close_code):
                raise CloseConnection(PROTOCOL_ERROR, "a close frame without a valid code")
            if check_utf8(payload, 8, 6 + size, 0):
                raise CloseConnection(INVALID_DATA, "a close reason that is not UTF-8")
        self.close_reason = bytes(payload[8 : 6 + size])
        self._state = _CLOSED
        return CLOSE

    def text(self, buf, length):
        """Begin a text frame of `length` bytes; its header ends at buf[HEADROOM].

        Returns: the index in buf where the header begins. The payload then goes through mask(),
            piece by piece.
        """
        return self._header(buf, HEADROOM, _TEXT, length)

    def mask(self, buf, start, end):
        """Mask the next piece of the payload, in place."""
        mask(buf, start, end, self._key)

    def pong(self):
        """The frame that answers the PING just announced; valid until the next call of next()."""
        return self._control(_PONG, self._count)

    def ping(self):
        """A ping frame without payload. Any byte that comes in afterwards is taken as a sign of
        life."""
        return self._control(_PING, 0)

    def close(self, code):
        """A close frame; NO_CODE: without a code, as the peer's was."""
        if code == NO_CODE:
            return self._control(_CLOSE, 0)
        self.control[6] = code >> 8
        self.control[7] = code & 0xFF
        return self._control(_CLOSE, 2)

    def _control(self, opcode, size):
        self._header(self.control, 6, opcode, size)
        mask(self.control, 6, 6 + size, self._key)
        return memoryview(self.control)[: 6 + size]

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
