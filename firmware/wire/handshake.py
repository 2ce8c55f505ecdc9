"""The opening handshake of a WebSocket connection (RFC 6455, section 4), without I/O.

An overlay: loaded when a connection is made, dropped once it stands.
"""

from binascii import b2a_base64

import websocket_core
from micropython import const

from hal.errors import HandshakeError
from wire.websocket import printable

_SWITCHING = const(101)

# The state of the answer: bytes (native/websocket/upgrade.h)
_STATUS = const(0)  # two bytes, the lower one first
_CHECKS = const(2)  # bit 0: Upgrade, bit 1: Connection, bit 2: Sec-WebSocket-Accept
_KEPT = const(4)  # two bytes: length of what is kept at the front of the line buffer
_HEAD = const(10)


def _base64(data):
    return b2a_base64(data)[:-1]


def basic_authorization(identity, password):
    """Value of the Authorization header; both as they are, UTF-8 (A00.FR.204, A00.FR.205)."""
    return b"Basic " + _base64(b"%s:%s" % (identity, password))


def _refusal(status, location):
    if 300 <= status < 400:
        return "the server redirects to %s (HTTP %d), which is not followed: set that URL" % (
            _text(location) or "nowhere",
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


def _text(value):
    return str(printable(value), "utf-8")


class Handshake:
    """One opening handshake.

    Args:
        random: callable(n) -> n unpredictable bytes.
        line: buffer for one line of the response; longer lines are read, but cut.
    """

    def __init__(self, random, line):
        self._key = _base64(random(16))
        accept = _base64(websocket_core.digest(self._key))
        self._state = bytearray(bytes(_HEAD) + accept)
        self._line = memoryview(line)
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
            the sub-protocol that the server chose, None if it chose none.

        Raises: HandshakeError.
        """
        at = websocket_core.answer(self._state, self._line, buf, start, end)
        if at < 0:
            raise self._error("the server " + websocket_core.fault(-at))
        if at:
            self._check()
        return at or -1

    def closed(self):
        """The connection ended before the response did. Raises: HandshakeError."""
        if self._word(_STATUS) not in (0, _SWITCHING):
            raise self._refused()
        raise HandshakeError("the server closed the connection during the handshake")

    def _word(self, at):
        return self._state[at] | self._state[at + 1] << 8

    def _kept(self):
        return bytes(self._line[: self._word(_KEPT)])

    def _error(self, text):
        return HandshakeError(text, self._word(_STATUS))

    def _refused(self):
        status = self._word(_STATUS)
        return HandshakeError(_refusal(status, self._kept()), status)

    def _check(self):
        if self._word(_STATUS) != _SWITCHING:
            raise self._refused()
        checks = self._state[_CHECKS]
        if checks != 7:
            raise self._error(
                "the server's handshake is wrong (%s): is there a proxy between?"
                % ("Sec-WebSocket-Accept" if checks & 3 == 3 else "Upgrade, Connection")
            )
        chosen = self._kept()
        if not chosen:
            return
        if chosen not in [item.strip() for item in self._offered.split(b",")]:
            raise self._error(
                "the server chose sub-protocol %s, offered: %s"
                % (_text(chosen), _text(self._offered))
            )
        self.protocol = chosen
