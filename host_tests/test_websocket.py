"""wire/websocket.py, handshake.py: RFC 6455, alone."""

import base64
import hashlib
import os

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from websocket_core import printable

from hal.errors import CloseConnection, HandshakeError
from wire import events as e
from wire.handshake import Handshake, basic_authorization
from wire.websocket import WebSocket

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def frame(opcode, payload=b"", *, final=True, length=None, wide=0, masked=False, rsv=0):
    """A server's frame; `length` announces another length, in `wide` bytes if given."""
    n = len(payload) if length is None else length
    first = opcode | (0x80 if final else 0) | rsv << 4
    bit = 0x80 if masked else 0
    if wide == 2 or (not wide and 126 <= n < 65536):
        head = bytes([first, bit | 126]) + n.to_bytes(2, "big")
    elif wide == 8 or n >= 65536:
        head = bytes([first, bit | 127]) + n.to_bytes(8, "big")
    else:
        head = bytes([first, bit | n])
    return head + (b"\1\2\3\4" if masked else b"") + payload


class Receiver:
    """Feeds a WebSocket through a small receive buffer; what came of it in `seen`."""

    def __init__(self, size=64, **settings):
        self.rx = bytearray(size)
        self.ws = WebSocket(os.urandom, self.rx, **settings)
        self.seen = []
        self.text = None
        self.code = None

    def feed(self, data, cuts=()):
        edges = sorted({0, len(data), *(c % (len(data) + 1) for c in cuts)})
        try:
            for a, b in zip(edges, edges[1:], strict=False):
                for at in range(a, b, len(self.rx)):
                    self._take(data[at : min(b, at + len(self.rx))])
        except CloseConnection as error:
            if "the CSMS closed" not in str(error):
                self.code = error.code
                return self
            self.seen.append((error.code, str(error)))
            self.ws.received(0, len(self.rx))
            assert self.ws.next() == e.NONE, "nothing follows"
        return self

    def _take(self, piece):
        self.rx[: len(piece)] = piece
        self.ws.received(0, len(piece))
        while event := self.ws.next():
            if event == e.START:
                assert self.text is None
                self.text = b""
            elif event == e.DATA:
                self.text += self.rx[self.ws.state[e.W_START] : self.ws.state[e.W_END]]
            elif event == e.END:
                self.seen.append(self.text)
                self.text = None
            elif event == e.PING:
                self.seen.append(("pong", unmask(bytes(self.ws.pong()))[1]))
            elif event == e.PONG:
                self.seen.append("pong in")


def unmask(data):
    """The first frame in `data`, as a server reads it: (opcode, payload, rest)."""
    opcode, n, at = data[0], data[1] & 0x7F, 2
    assert opcode & 0x70 == 0 and opcode & 0x80 and data[1] & 0x80, "unfragmented and masked"
    if n == 126:
        n, at = int.from_bytes(data[2:4], "big"), 4
        assert n >= 126
    elif n == 127:
        n, at = int.from_bytes(data[2:10], "big"), 10
        assert n >= 65536
    key, body = data[at : at + 4], data[at + 4 : at + 4 + n]
    assert len(body) == n
    payload = bytes(b ^ key[i % 4] for i, b in enumerate(body))
    return opcode & 15, payload, data[at + 4 + n :]


def assert_closed(code, *frames):
    """Whole, and one byte at a time: the same code."""
    data = b"".join(frames)
    assert Receiver().feed(data).code == code
    assert Receiver().feed(data, range(len(data))).code == code


def assert_seen(expected, data, **settings):
    """Whole, and one byte at a time."""
    for cuts in ((), range(len(data))):
        receiver = Receiver(**settings).feed(data, cuts)
        assert receiver.code is None
        assert receiver.seen == expected


# ---- messages


@pytest.mark.parametrize("size", [0, 1, 2, 125, 126, 127, 65535, 65536, 70000])
def test_a_message_of_any_length(size):
    text = (b"0123456789" * (size // 10 + 1))[:size]
    assert Receiver(512).feed(frame(TEXT, text)).seen == [text]


def test_messages_fragments_and_control_frames_between_them():
    assert_seen(
        [b"one", ("pong", b"a"), "pong in", ("pong", b""), "two \u20ac".encode(), b"", b"three"],
        frame(TEXT, b"one")
        + frame(TEXT, b"tw", final=False)
        + frame(PING, b"a")
        + frame(0, b"o \xe2", final=False)
        + frame(PONG)
        + frame(0, final=False)
        + frame(PING)
        + frame(0, b"\x82\xac")
        + frame(TEXT, final=False)
        + frame(0)
        + frame(TEXT, b"three"),
    )


def test_length_not_in_its_shortest_form_is_taken():
    # Accepted deviation: RFC 6455, 5.2 forbids it to the sender, nothing is gained by refusing.
    assert_seen([b"abc", b"de"], frame(TEXT, b"abc", wide=2) + frame(TEXT, b"de", wide=8))


def test_payload_is_handed_on_without_copying():
    rx = bytearray(64)
    ws = WebSocket(os.urandom, rx)
    data = frame(TEXT, b"hello") + frame(TEXT, b"x" * 40)
    rx[: len(data)] = data
    ws.received(0, len(data))
    assert [ws.next(), ws.next()] == [e.START, e.DATA]
    assert list(ws.state[e.W_START : e.W_END + 1]) == [2, 7]
    assert [ws.next(), ws.next(), ws.next()] == [e.END, e.START, e.DATA]
    assert list(ws.state[e.W_START : e.W_END + 1]) == [9, 49]
    assert [ws.next(), ws.next()] == [e.END, e.NONE]


@given(
    st.lists(st.text(max_size=300), max_size=4),
    st.lists(st.integers(0, 5000)),
    st.integers(0, 60),
    st.randoms(),
)
def test_any_messages_in_any_fragments_at_any_split(texts, cuts, size, random):
    data, expected = b"", []
    for text in texts:
        text = text.encode()
        expected.append(text)
        parts = [text[i : i + size + 1] for i in range(0, len(text), size + 1)] or [b""]
        for i, part in enumerate(parts):
            data += frame(TEXT if i == 0 else 0, part, final=i == len(parts) - 1)
            if random.random() < 0.3:
                data += frame(PONG, b"x")
                expected.insert(len(expected) - (i < len(parts) - 1), "pong in")
    assert Receiver(37).feed(data, cuts).seen == expected


# ---- what breaks the protocol


@pytest.mark.parametrize(
    ("code", "frames"),
    [
        (1002, [frame(TEXT, b"a", masked=True)]),
        (1002, [frame(TEXT, b"a", rsv=4)]),
        (1002, [frame(TEXT, b"a", rsv=1)]),
        (1002, [frame(PING, b"a", rsv=2)]),
        *[(1002, [frame(opcode)]) for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)],
        (1002, [frame(PING, final=False)]),
        (1002, [frame(PING, b"x" * 126)]),
        (1002, [frame(CLOSE, b"x" * 126)]),
        (1002, [frame(0, b"a")]),
        (1002, [frame(TEXT, b"a"), frame(0, b"b")]),
        (1002, [frame(TEXT, b"a", final=False), frame(TEXT, b"b")]),
        (1002, [frame(TEXT, length=1 << 63)]),
        (1003, [frame(BINARY, b"[2]")]),
        (1003, [frame(TEXT, b"a", final=False), frame(BINARY, b"b")]),
        (1009, [frame(TEXT, length=(1 << 24) + 1)]),
        (1009, [frame(TEXT, length=(1 << 62))]),
        (1009, [frame(TEXT, b"x", final=False), frame(0, length=1 << 24)]),
        (1002, [frame(CLOSE, b"x")]),
        *[
            (1002, [frame(CLOSE, code.to_bytes(2, "big"))])
            for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535)
        ],
        (1007, [frame(CLOSE, b"\x03\xe8\xff")]),
        (1007, [frame(CLOSE, b"\x03\xe8\xe2\x82")]),
        (1007, [frame(CLOSE, b"\x03\xe8\xed\xa0\x80")]),
    ],
)
def test_violations_close_with_the_right_code(code, frames):
    assert_closed(code, *frames)


def test_the_limit_counts_all_fragments_of_a_message_and_each_message_anew():
    ok = frame(TEXT, b"x" * 60, final=False) + frame(0, b"x" * 40)
    assert Receiver(max_message=100).feed(ok * 3).seen == [b"x" * 100] * 3
    too_long = frame(TEXT, b"x" * 60, final=False) + frame(0, b"x" * 41)
    assert Receiver(max_message=100).feed(too_long).code == 1009


# ---- closing


@pytest.mark.parametrize("code", [1000, 1001, 1003, 1007, 1014, 3000, 4999])
def test_close_is_told_once_and_nothing_follows(code):
    payload = code.to_bytes(2, "big") + "adi\u00f3s".encode()
    assert_seen(
        [(code, f"the CSMS closed the connection ({code} adi??s)")],
        frame(CLOSE, payload) + frame(TEXT, b"late") + b"\xff\xff",
    )


def test_close_without_a_code():
    assert_seen([(e.NO_CODE, "the CSMS closed the connection (1005 )")], frame(CLOSE))


def test_open_starts_afresh():
    receiver = Receiver().feed(frame(TEXT, b"abc\xe2", final=False) + frame(CLOSE))
    receiver.ws.open()
    receiver.text = None
    assert receiver.feed(frame(TEXT, b"new")).seen[-1] == b"new"


# ---- what we send


@given(st.binary(max_size=400), st.lists(st.integers(0, 400), max_size=5))
def test_a_payload_is_masked_piece_by_piece(payload, cuts):
    ws = WebSocket(os.urandom, bytearray(16))
    tx = bytearray(e.HEADROOM + 400)
    edges = sorted({0, len(payload), *(min(c, len(payload)) for c in cuts)})
    start = ws.text(tx, len(payload))
    sent = bytes(tx[start : e.HEADROOM])
    for a, b in zip(edges, edges[1:], strict=False):
        end = e.HEADROOM + b - a
        tx[e.HEADROOM : end] = payload[a:b]
        ws.mask(tx, e.HEADROOM, end)
        sent += tx[e.HEADROOM : end]
    assert unmask(sent) == (TEXT, payload, b"")


@pytest.mark.parametrize(
    ("size", "header"), [(0, 6), (125, 6), (126, 8), (65535, 8), (65536, 14), (1 << 20, 14)]
)
def test_header_of_a_frame_is_as_short_as_can_be(size, header):
    tx = bytearray(20)
    start = WebSocket(os.urandom, bytearray(1)).text(tx, size)
    assert start == e.HEADROOM - header
    at = start + 2
    length = tx[start + 1] & 0x7F
    if header > 6:
        length = int.from_bytes(tx[at : e.HEADROOM - 4], "big")
    assert (tx[start], tx[start + 1] & 0x80, length) == (0x81, 0x80, size)


def test_each_frame_has_a_fresh_mask():
    asked = []

    def random(n):
        asked.append(n)
        return bytes([len(asked)] * n)

    ws = WebSocket(random, bytearray(1))
    keys = {bytes(ws.ping()[2:6]) for _ in range(3)} | {bytes(ws.close(1000)[2:6])}
    assert asked == [4] * 4
    assert len(keys) == 4


def test_control_frames_of_ours():
    ws = WebSocket(os.urandom, bytearray(1))
    assert unmask(bytes(ws.ping())) == (PING, b"", b"")
    assert unmask(bytes(ws.close(1002))) == (CLOSE, b"\x03\xea", b"")
    assert unmask(bytes(ws.close(e.NO_CODE))) == (CLOSE, b"", b"")


def test_pong_of_the_longest_ping():
    assert_seen([("pong", bytes(range(125)))], frame(PING, bytes(range(125))))


# ---- whatever comes in


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=6))
@example(b"\x81\x7f" + b"\xff" * 8, [])
def test_garbage_only_closes_the_connection(data, cuts):
    Receiver(16).feed(data, cuts)


@given(st.data())
def test_damaged_frames_only_close_the_connection(data):
    good = frame(TEXT, '{"a":"\u20ac"}'.encode(), final=False) + frame(PING, b"hi")
    good += frame(0, b"x")
    good += frame(TEXT, b"y" * 200) + frame(CLOSE, b"\x03\xe8bye")
    bad = bytearray(good)
    for _ in range(data.draw(st.integers(1, 4))):
        bad[data.draw(st.integers(0, len(bad) - 1))] = data.draw(st.integers(0, 255))
    receiver = Receiver(32).feed(bytes(bad), data.draw(st.lists(st.integers(0, 300), max_size=4)))
    assert receiver.code in (None, 1002, 1003, 1007, 1009)


def test_printable_keeps_a_log_line_one_line():
    assert printable("a\r\n\x1b[31m\u20ac".encode()) == "a???[31m???"


# ---- opening handshake

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def key_of(request):
    return request.split(b"Sec-WebSocket-Key: ")[1].split(b"\r\n")[0]


def accept(request):
    return base64.b64encode(hashlib.sha1(key_of(request) + GUID).digest())


def start(protocols=b"ocpp2.0.1", authorization=None):
    handshake = Handshake(os.urandom, bytearray(131))
    pieces = handshake.request(b"csms:9000", b"/ocpp/CS%201", protocols, authorization)
    request = b"".join([bytes(piece) for piece in pieces])
    return handshake, request


def response(request, *, protocol=b"ocpp2.0.1", **changes):
    headers = {
        b"Upgrade": b"websocket",
        b"Connection": b"Upgrade",
        b"Sec-WebSocket-Accept": accept(request),
    }
    if protocol is not None:
        headers[b"Sec-WebSocket-Protocol"] = protocol
    for name, value in changes.items():
        headers[name.replace("_", "-").encode()] = value
    lines = [b"%s: %s" % item for item in headers.items() if item[1] is not None]
    return b"\r\n".join([b"HTTP/1.1 101 Switching Protocols", *lines, b"", b""])


def feed(handshake, data, step):
    """In pieces of `step`: the index in `data` behind the response, or -1."""
    for at in range(0, len(data), step):
        piece = b"pad" + data[at : at + step]
        end = handshake.feed(piece, 3, len(piece))
        if end >= 0:
            return at + end - 3
    return -1


def refused(answer, step=1, **settings):
    handshake, request = start(**settings)
    with pytest.raises(HandshakeError) as error:
        feed(handshake, answer(request) if callable(answer) else answer, step)
        handshake.feed(b"", 0, 0)
    return error.value


def test_request():
    _, request = start(b"ocpp2.1,ocpp2.0.1", b"Basic eHk=")
    line, *headers = request.split(b"\r\n")
    assert line == b"GET /ocpp/CS%201 HTTP/1.1"
    assert headers[-2:] == [b"", b""]
    fields = dict(h.split(b": ", 1) for h in headers[:-2])
    assert len(base64.b64decode(fields.pop(b"Sec-WebSocket-Key"))) == 16
    assert fields == {
        b"Host": b"csms:9000",
        b"Upgrade": b"websocket",
        b"Connection": b"Upgrade",
        b"Sec-WebSocket-Version": b"13",
        b"Sec-WebSocket-Protocol": b"ocpp2.1,ocpp2.0.1",
        b"Authorization": b"Basic eHk=",
    }


def test_request_without_credentials():
    assert b"Authorization" not in start()[1]


def test_TC_A_01_CS_basic_authorization():
    value = basic_authorization(b"CS001", "p\u00e4ssword:16chars".encode())
    scheme, _, credentials = value.partition(b" ")
    assert scheme == b"Basic"
    assert base64.b64decode(credentials) == "CS001:p\u00e4ssword:16chars".encode()
    long = basic_authorization(b"i" * 48, b"p" * 64)
    assert b"\n" not in long and base64.b64decode(long[6:]) == b"i" * 48 + b":" + b"p" * 64


@pytest.mark.parametrize("step", [1, 2, 3, 7, 1000])
def test_accepted_at_any_split(step):
    handshake, request = start()
    data = response(request)
    assert feed(handshake, data + frame(TEXT, b"early"), step) == len(data)
    assert handshake.protocol == b"ocpp2.0.1"


def test_accepted_however_it_is_written():
    handshake, request = start(b"ocpp2.1, ocpp2.0.1")
    data = response(
        request,
        protocol=None,
        UPGRADE=b"  WebSocket ",
        Connection=b"keep-alive, UPGRADE",
        Upgrade=None,
        sec_websocket_PROTOCOL=b"ocpp2.0.1",
        Sec_WebSocket_Extensions=b"",
        Set_Cookie=b"c" * 3000,
    ).replace(b"\r\n", b"\n")
    assert feed(handshake, data, 50) == len(data)
    assert handshake.protocol == b"ocpp2.0.1"


@pytest.mark.parametrize("protocol", [None, b""])
def test_no_sub_protocol_is_told_to_the_caller(protocol):
    handshake, request = start()
    assert feed(handshake, response(request, protocol=protocol), 99) > 0
    assert handshake.protocol is None


@pytest.mark.parametrize(
    ("status", "headers", "words"),
    [
        (401, b"", "credentials"),
        (403, b"", "forbids"),
        (404, b"", "identity"),
        (400, b"", "OCPP version"),
        (426, b"", "OCPP version"),
        (503, b"", "trouble"),
        (200, b"Content-Type: text/html\r\n", "refuses"),
        (301, b"Location: wss://other/ocpp\r\n", "redirects to wss://other/ocpp"),
        (302, b"location: https://x/\xff\x1b\r\n", "redirects to https://x/??"),
        (307, b"", "redirects to nowhere"),
    ],
)
def test_refusals_say_why(status, headers, words):
    error = refused(b"HTTP/1.1 %d No\r\n%s\r\n<html>" % (status, headers))
    assert error.status == status
    assert words in str(error) and "HTTP %d" % status in str(error)


def test_refusal_cut_off_after_its_status():
    assert refused(b"HTTP/1.0 401 Unauthorized\r\nWWW-Auth").status == 401


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"Sec_WebSocket_Accept": b"bm90IHRoaXM="}, "Sec-WebSocket-Accept"),
        ({"Sec_WebSocket_Accept": None}, "Sec-WebSocket-Accept"),
        ({"Upgrade": b"h2c"}, "Upgrade"),
        ({"Connection": b"close"}, "Connection"),
        ({"Sec_WebSocket_Extensions": b"permessage-deflate"}, "extension"),
        ({"protocol": b"ocpp1.6"}, "ocpp1.6"),
        ({"protocol": b"ocpp2.0.1, ocpp2.1"}, "ocpp2.0.1"),
        ({"protocol": b"OCPP\r\n"}, "malformed"),
    ],
)
def test_wrong_upgrades(changes, words):
    if changes == {"protocol": b"OCPP\r\n"}:
        changes = {"X": b"y\r\nno colon"}
    error = refused(lambda request: response(request, **changes))
    assert error.status == 101
    assert words in str(error)


@pytest.mark.parametrize(
    "data",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"\x15\x03\x01\x00\x02\x02\x46",
        b"HTTP/2 101 x\r\n",
        b"HTTP/1.1 abc x\r\n",
        b"HTTP/1.1\r\n",
        b"HTTP/1.1 1\r\n",
        b"HTTP/1.1 099 x\r\n",
        b"\r\n",
        b"",
    ],
)
def test_no_http(data):
    assert refused(data).status == 0


def test_a_response_without_end_is_refused():
    assert "does not end" in str(refused(b"HTTP/1.1 101 x\r\n" + b"a: b\r\n" * 2000, 1000))
    assert "does not end" in str(refused(b"HTTP/1.1 101 " + b"a" * 9000, 1000))


@given(st.binary(max_size=200), st.integers(1, 50), st.integers(0, 150))
def test_garbage_only_refuses_the_handshake(garbage, step, keep):
    handshake, request = start()
    data = response(request)[:keep] + garbage
    try:
        feed(handshake, data, step)
        handshake.feed(b"", 0, 0)
    except HandshakeError:
        pass
