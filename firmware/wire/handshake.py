"""The opening handshake of a WebSocket connection (RFC 6455, section 4), without I/O."""

import binascii

from micropython import const
from websocket_core import answer, digest, fault, printable

from hal.errors import HandshakeError

# The state of the answer: bytes (native/websocket/upgrade.h)
_STATUS = const(0)  # two bytes, the lower one first
_KEPT = const(4)  # two bytes: length of what is kept at the front of the line buffer
_HEAD = const(10)  # before what Sec-WebSocket-Accept must be

_LONGEST = const(200)  # bytes of a sub-protocol or an address that are looked at
_REDIRECT = const(18)  # a fault, whose text says where to

_TARGET = b"GET %s HTTP/1.1\r\n"
_HOST = b"""\
Host: %s\r
Upgrade: websocket\r
Connection: Upgrade\r
Sec-WebSocket-Version: 13\r
Sec-WebSocket-Key: %s\r
"""
_PROTOCOL = b"Sec-WebSocket-Protocol: %s\r\n%s\r\n"


def _base64(data):
    return binascii.b2a_base64(data)[:-1]


def basic_authorization(identity, password):
    """Value of the Authorization header; both as they are, UTF-8 (A00.FR.204, A00.FR.205)."""
    return b"Basic " + _base64(b"%s:%s" % (identity, password))


class Handshake:
    """One opening handshake.

    Args:
        random: callable(n) -> n unpredictable bytes.
        line: buffer for one line of the response; longer lines are read, but cut.
    """

    def __init__(self, random, line):
        self._key = _base64(random(16))
        accept = _base64(digest(self._key))
        self._state = bytearray(bytes(_HEAD) + accept)
        self._line = memoryview(line)
        self._offered = b""
        self.protocol = None

    def request(self, host, target, protocols, authorization):
        """The request to send, a tuple of pieces.

        Args:
            host: value of the Host header.
            target: path with the station's identity, percent-encoded.
            protocols: sub-protocols on offer, best first, separated by commas.
            authorization: value of the Authorization header, or None.
        """
        self._offered = protocols
        login = b"Authorization: %s\r\n" % authorization if authorization else b""
        return _TARGET % target, _HOST % (host, self._key), _PROTOCOL % (protocols, login)

    def feed(self, buf, start, end):
        """Take in buf[start:end] of the response; buf[0:0]: the connection has ended.

        Returns: index of the first byte after the response, -1: more is needed. Then `protocol` is
            the sub-protocol that the server chose, None if it chose none.

        Raises: HandshakeError.
        """
        at = answer(self._state, self._line, buf, start, end)
        if at < 0:
            text = "the server " + fault(-at)
            status = self._word(_STATUS)
            if at == -_REDIRECT:
                text %= (printable(self._kept()) or "nowhere", status)
            elif status:
                text += " (HTTP %d)" % status
            raise HandshakeError(text, status)
        if at:
            self._choose(self._kept())
        return at or -1

    def _word(self, at):
        return self._state[at] | self._state[at + 1] << 8

    def _kept(self):
        return bytes(self._line[: min(self._word(_KEPT), _LONGEST)])

    def _choose(self, protocol):
        offered = self._offered
        if protocol and protocol not in [name.strip() for name in offered.split(b",")]:
            text = "the server chose sub-protocol %s, offered: %s"
            raise HandshakeError(text % (printable(protocol), printable(offered)), 101)
        self.protocol = protocol or None
