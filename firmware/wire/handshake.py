"""The opening handshake of a WebSocket connection (RFC 6455, section 4), without I/O.

An overlay: loaded when a connection is made, dropped once it stands.
"""

from binascii import b2a_base64

from micropython import const

from hal.errors import HandshakeError
from wire.websocket import printable

try:
    from hashlib import sha1
except ImportError:
    from wire.sha1 import sha1

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_SWITCHING = const(101)
_MAX_RESPONSE = const(8192)
_HTTP = b"HTTP/1."


def _base64(data):
    return b2a_base64(data)[:-1]


def basic_authorization(identity, password):
    """Value of the Authorization header; both as they are, UTF-8 (A00.FR.204, A00.FR.205)."""
    return b"Basic " + _base64(b"%s:%s" % (identity, password))


def _list(value):
    return [item.strip() for item in value.split(b",")]


def _refusal(status, location):
    if 300 <= status < 400:
        return "the server redirects to %s (HTTP %d), which is not followed: set that URL" % (
            str(printable(location), "utf-8") or "nowhere",
            status,
        )
    if status == 401:
        text = "the CSMS refuses the credentials: check identity and password"
    elif status == 403:
        text = "the CSMS forbids this station to connect"
    elif status == 404:
        text = "the CSMS does not know this identity, or the URL's path is wrong"
    elif status >= 500:
        text = "the server is in trouble"
    else:
        text = "the server refuses a WebSocket connection: check URL and OCPP version"
    return "%s (HTTP %d)" % (text, status)


class Handshake:
    """One opening handshake.

    Args:
        random: callable(n) -> n unpredictable bytes.
        line: buffer for one line of the response; longer lines are read, but cut.
    """

    def __init__(self, random, line):
        self._key = _base64(random(16))
        self._line = line
        self._size = 0  # of the line so far; may exceed the buffer
        self._total = 0
        self._status = 0
        self._checks = 0  # bit 0: Upgrade, bit 1: Connection, bit 2: Sec-WebSocket-Accept
        self._location = b""
        self._offered = b""
        self.protocol = None

    def request(self, host, target, protocols, authorization):
        """The request to send.

        Args:
            host: value of the Host header.
            target: path with the station's identity, percent-encoded.
            protocols: sub-protocols on offer, best first, separated by commas.
            authorization: value of the Authorization header, or None.
        """
        self._offered = protocols
        return b"".join(
            (
                b"GET ",
                target,
                b" HTTP/1.1\r\nHost: ",
                host,
                b"\r\nUpgrade: websocket\r\nConnection: Upgrade",
                b"\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ",
                self._key,
                b"\r\nSec-WebSocket-Protocol: ",
                protocols,
                b"\r\nAuthorization: " if authorization else b"",
                authorization or b"",
                b"\r\n\r\n",
            )
        )

    def feed(self, buf, start, end):
        """Take in buf[start:end] of the response.

        Returns: index of the first byte after the response, -1: more is needed. Then `protocol` is
            the sub-protocol
        that the server chose, None if it chose none.

        Raises: HandshakeError.
        """
        line = self._line
        room = len(line)
        while start < end:
            c = buf[start]
            start += 1
            self._total += 1
            if self._total > _MAX_RESPONSE:
                raise HandshakeError("the server's response does not end", self._status)
            if c != 10:
                if self._size < room:
                    line[self._size] = c
                if not self._status and self._size < len(_HTTP) and c != _HTTP[self._size]:
                    raise HandshakeError("the server speaks no HTTP: check the URL")
                self._size += 1
            elif self._end_of_line():
                return start
        return -1

    def closed(self):
        """The connection ended before the response did. Raises: HandshakeError."""
        if self._status and self._status != _SWITCHING:
            raise HandshakeError(_refusal(self._status, self._location), self._status)
        raise HandshakeError("the server closed the connection during the handshake")

    def _end_of_line(self):
        size = min(self._size, len(self._line))
        line = bytes(memoryview(self._line)[:size])
        self._size = 0
        if line.endswith(b"\r"):
            line = line[:-1]
        if not self._status:
            self._status_line(line)
        elif line:
            self._header(line)
        else:
            self._check()
            return True
        return False

    def _status_line(self, line):
        # HTTP-version SP status-code SP reason
        status = line[9:12]
        if len(status) < 3 or not status.isdigit() or status[0] == 48:
            raise HandshakeError("the server's status line is malformed")
        self._status = int(status)

    def _header(self, line):
        colon = line.find(b":")
        name = line[:colon].lower()
        value = line[colon + 1 :].strip()
        if colon < 0:
            raise HandshakeError("the server's response has a malformed header", self._status)
        if name == b"location":
            self._location = value
        elif self._status == _SWITCHING:
            self._upgrade(name, value)

    def _upgrade(self, name, value):
        if name == b"upgrade":
            self._checks |= value.lower() == b"websocket"
        elif name == b"connection":
            self._checks |= (b"upgrade" in _list(value.lower())) << 1
        elif name == b"sec-websocket-accept":
            self._checks |= (value == _base64(sha1(self._key + _GUID).digest())) << 2
        elif name == b"sec-websocket-protocol":
            self.protocol = value
        elif name == b"sec-websocket-extensions" and value:
            raise HandshakeError("the server uses an extension that was not offered", _SWITCHING)

    def _check(self):
        if self._status != _SWITCHING:
            raise HandshakeError(_refusal(self._status, self._location), self._status)
        if self._checks != 7:
            raise HandshakeError(
                "the server's handshake is wrong (%s): is there a proxy between?"
                % ("Sec-WebSocket-Accept" if self._checks & 3 == 3 else "Upgrade, Connection"),
                _SWITCHING,
            )
        if self.protocol == b"":
            self.protocol = None
        if self.protocol is not None and self.protocol not in _list(self._offered):
            raise HandshakeError(
                "the server chose sub-protocol %s, offered: %s"
                % (str(printable(self.protocol), "utf-8"), str(printable(self._offered), "utf-8")),
                _SWITCHING,
            )
