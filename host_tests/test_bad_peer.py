"""Servers that break WebSocket or its handshake: said in one clear line, and charging goes on."""

import asyncio
import os
import struct

import pytest
from rig import CARD
from scripted_csms import STALL
from sessions import charge, still_charging, value

from tools.csms.conversation import TO_STATION

_TEXT, _BINARY, _CLOSE, _PING, _PONG = 1, 2, 8, 9, 10
_RETRY_S = 400  # longer than any back-off


def _frame(opcode, data=b"", fin=True, reserved=0, length=None, mask=None):
    """A frame as it may and may not be."""
    size = len(data) if length is None else length
    head = bytes([(0x80 if fin else 0) | reserved << 4 | opcode])
    flag = 0x80 if mask is not None else 0
    if size < 126:
        head += bytes([flag | size])
    elif size < 65536:
        head += bytes([flag | 126]) + struct.pack(">H", size)
    else:
        head += bytes([flag | 127]) + struct.pack(">Q", size)
    return head + (mask or b"") + data


async def _comes_back(rig, csms, station, transaction):
    """The station connects anew, still charges, and the session ends in order."""
    await station.clock(_RETRY_S)
    await csms.connected(10)
    await still_charging(station, transaction)
    assert await value(csms, "OCPPCommCtrlr.OfflineThreshold") == "60"
    await station.swipe(CARD, evse=1)
    await csms.until(lambda: csms.ledger.transactions[transaction].ended, "Ended")
    await rig.quiet(csms)


_BROKEN = [
    pytest.param(_frame(_TEXT, b"[2,\xff\xfe]"), {1007}, id="text that is no UTF-8"),
    pytest.param(_frame(_TEXT, b'[2,"\xed\xa0\x80"]'), {1007}, id="surrogate in UTF-8"),
    pytest.param(_frame(_TEXT, b"[]", reserved=4), {1002}, id="reserved bit"),
    pytest.param(_frame(3, b"[]"), {1002}, id="reserved opcode"),
    pytest.param(_frame(11, b""), {1002}, id="reserved control opcode"),
    pytest.param(_frame(_TEXT, b"[]", mask=b"\0\0\0\0"), {1002}, id="masked"),
    pytest.param(_frame(_PING, b"x" * 126), {1002}, id="ping that is too long"),
    pytest.param(_frame(_PING, b"", fin=False), {1002}, id="ping in fragments"),
    pytest.param(_frame(0, b"[]"), {1002}, id="continuation of nothing"),
    pytest.param(
        _frame(_TEXT, b"[", fin=False) + _frame(_TEXT, b"]"), {1002}, id="text within text"
    ),
    pytest.param(_frame(_CLOSE, b"\x03"), {1002}, id="close of one byte"),
    *(
        pytest.param(_frame(_CLOSE, b"\x03\xe8" + reason), {1007}, id=f"close for {what}")
        for what, reason in (
            ("a surrogate", b"\xed\xa0\x80"),
            ("an overlong form", b"\xc0\xaf"),
            ("what is beyond U+10FFFF", b"\xf4\x90\x80\x80"),
        )
    ),
    pytest.param(_frame(_CLOSE, struct.pack(">H", 1005)), {1002}, id="close with a reserved code"),
    pytest.param(_frame(_TEXT, b"[", length=1 << 40), {1009, 1002}, id="giant frame"),
    pytest.param(
        _frame(_TEXT, b"[", length=(1 << 63) + 5), {1009, 1002}, id="length over 63 bits"
    ),
]


@pytest.mark.parametrize("data, codes", _BROKEN)
async def test_broken_frame_closes_the_connection(rig, data, codes):
    # RFC 6455, 5 and 7.4.1
    csms, station = await rig.booted()
    transaction = await charge(rig, csms, station)
    csms.send_bytes(data)
    await csms.disconnected(10)
    assert csms.closes[-1][0] in codes | {1006}, csms.closes
    assert csms.closes[-1][0] in codes
    await _comes_back(rig, csms, station, transaction)


async def test_binary_frame(rig):
    # OCPP-J uses text: ignored, answered with a CALLERROR or the connection closed, never obeyed
    csms, station = await rig.booted()
    transaction = await charge(rig, csms, station)
    await csms.send(b'[2,"bin-1","Reset",{"type":"Immediate"}]')
    await asyncio.sleep(0.3)
    await still_charging(station, transaction)
    if csms.socket is None:
        assert csms.closes[-1][0] == 1003
    await _comes_back(rig, csms, station, transaction)


async def test_fragments_with_pings_between(rig):
    # RFC 6455, 5.4
    csms, _ = await rig.booted()
    text = (
        '[2,"frag-1","GetVariables",{"getVariableData":[{"component":{"name":"OCPPCommCtrlr"},'
        '"variable":{"name":"OfflineThreshold"}}],"customData":{"vendorId":"ü€😀"}}]'
    ).encode()
    csms.send_bytes(_frame(_TEXT, text[:1], fin=False))
    for byte in text[1:-1]:
        csms.send_bytes(_frame(_PING, b"between") + _frame(0, bytes([byte]), fin=False))
        csms.send_bytes(_frame(_PONG, b"unasked"))
    csms.conversation.note(TO_STATION, text.decode())
    csms.send_bytes(_frame(0, text[-1:]))
    answer = await csms.reply_to("frag-1")
    assert answer["getVariableResult"][0]["attributeValue"] == "60"


async def test_ping_is_answered(rig):
    csms, _ = await rig.booted()
    await asyncio.wait_for(await csms.socket.ping(b"\x00\xff12345"), 5)


async def test_pings_of_the_station_find_a_dead_peer(rig):
    # WebSocketPingInterval
    csms, station = await rig.booted()
    transaction = await charge(rig, csms, station)
    requests = len(csms.opening.requests)
    csms.socket.transport.pause_reading()
    for _ in range(6):
        await station.clock(31)
        await asyncio.sleep(0.1)
    await station.logged("ping", 5)
    await station.clock(_RETRY_S)
    await csms.until(lambda: len(csms.opening.requests) > requests, "new connection", 10)
    await still_charging(station, transaction)


@pytest.mark.parametrize("code", [1000, 1001, 1011, 4000])
async def test_close_by_the_server(rig, code):
    csms, station = await rig.booted()
    transaction = await charge(rig, csms, station)
    await csms.close(code, "maintenance")
    await csms.disconnected()
    await _comes_back(rig, csms, station, transaction)


async def test_connection_cut(rig):
    csms, station = await rig.booted()
    transaction = await charge(rig, csms, station)
    csms.cut()
    await csms.disconnected()
    await _comes_back(rig, csms, station, transaction)


_REFUSALS = [
    pytest.param((401, {"WWW-Authenticate": 'Basic realm="x"'}), "401", id="credentials"),
    pytest.param((404, {}), "404", id="unknown identity"),
    pytest.param((503, {"Retry-After": "5"}), "503", id="unavailable"),
    pytest.param((301, {"Location": "ws://127.0.0.1:9/elsewhere"}), "301", id="redirect"),
    pytest.param((200, {}), "200", id="no upgrade"),
]


@pytest.mark.parametrize("refuse, word", _REFUSALS)
async def test_refused_handshake(rig, refuse, word):
    csms, station = await rig.booted()
    transaction = await charge(rig, csms, station)
    csms.opening.refuse = refuse
    requests = len(csms.opening.requests)
    csms.cut()
    await csms.disconnected()
    await station.clock(_RETRY_S)
    await csms.until(lambda: len(csms.opening.requests) > requests, "attempt", 10)
    await station.logged(word)
    await still_charging(station, transaction)
    assert not (await station.state())["connected"]
    csms.opening.refuse = None
    await _comes_back(rig, csms, station, transaction)


@pytest.mark.parametrize("subprotocol", ["ocpp1.6", "soap"])
async def test_wrong_subprotocol(rig, subprotocol):
    # Part 4, 3.3: without a common sub-protocol the station does not talk
    csms, station = await rig.booted()
    transaction = await charge(rig, csms, station)
    csms.opening.subprotocol = subprotocol
    requests = len(csms.opening.requests)
    csms.cut()
    await csms.disconnected()
    await station.clock(_RETRY_S)
    await csms.until(lambda: len(csms.opening.requests) > requests, "attempt", 10)
    await station.logged("protocol")
    await still_charging(station, transaction)
    csms.opening.subprotocol = "ocpp2.0.1"
    if csms.socket is not None:
        csms.cut()
    await _comes_back(rig, csms, station, transaction)


async def test_no_subprotocol(rig):
    # some accept the connection and then ignore every frame: found out and said
    csms = await rig.csms()
    csms.opening.subprotocol = None
    csms.answer("BootNotification", STALL)
    station = await rig.station(csms)
    await csms.until(lambda: csms.opening.requests, "attempt", 10)
    await station.pass_time(40)
    await station.logged("agreed to no OCPP version")
    csms.opening.subprotocol = "ocpp2.0.1"
    csms.default("BootNotification")
    await station.clock(_RETRY_S)
    if csms.socket is not None:
        csms.cut()
    await station.clock(_RETRY_S)
    await csms.expect("StatusNotification", 10)


async def test_stalled_handshake(rig):
    csms, station = await rig.booted()
    transaction = await charge(rig, csms, station)
    csms.opening.stall = True
    requests = len(csms.opening.requests)
    csms.cut()
    await csms.disconnected()
    await station.clock(_RETRY_S)
    await csms.until(lambda: len(csms.opening.requests) > requests, "attempt", 10)
    await still_charging(station, transaction)
    csms.opening.stall = False
    await station.clock(_RETRY_S)
    await asyncio.sleep(0.2)
    await _comes_back(rig, csms, station, transaction)


async def _raw_server(answer):
    """A TCP server that answers each request head with these bytes; (server, url)."""

    async def serve(reader, writer):
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            await writer.drain()
            await asyncio.sleep(1)
        except (OSError, asyncio.IncompleteReadError):
            pass
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    return server, f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"


_UPGRADE = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
_ANSWERS = [
    pytest.param(b"SSH-2.0-OpenSSH_9.2\r\n\r\n", id="no HTTP"),
    pytest.param(os.urandom(300) + b"\r\n\r\n", id="noise"),
    pytest.param(_UPGRADE + b"\r\n", id="no accept key"),
    pytest.param(_UPGRADE + b"Sec-WebSocket-Accept: AAAA\r\n\r\n", id="wrong accept key"),
    pytest.param(b"HTTP/1.1 200 " + b"x" * 100_000, id="giant status line"),
    pytest.param(_UPGRADE + b"X: " + b"y" * 100_000 + b"\r\n\r\n", id="giant header"),
    pytest.param(_UPGRADE + b"A: b\r\n" * 20_000 + b"\r\n", id="many headers"),
    pytest.param(b"", id="nothing"),
]


@pytest.mark.parametrize("answer", _ANSWERS)
async def test_broken_handshake(rig, answer):
    server, url = await _raw_server(answer)
    async with server:
        station = await rig.station(url)
        if not answer:
            await asyncio.sleep(0.3)
            await station.clock(60)
        await station.until(lambda s: not s["connected"], "not connected")
        await asyncio.sleep(0.3)
        assert [line for line in station.log if "WARNING" in line or "ERROR" in line]
        await station.plug()
        assert (await station.state(1))["cp"] == "B"
