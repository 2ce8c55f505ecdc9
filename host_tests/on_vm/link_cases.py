"""link/ against a scripted CSMS; test_link.py runs it under CPython and on the charger's VM."""

import asyncio
import hashlib
import sys

import websocket_core
from link_world import World
from tables.variables import (
    OCPP_COMM_CTRLR_MESSAGE_TIMEOUT_DEFAULT,
    OCPP_COMM_CTRLR_RETRY_BACK_OFF_RANDOM_RANGE,
    OCPP_COMM_CTRLR_RETRY_BACK_OFF_WAIT_MINIMUM,
    OCPP_COMM_CTRLR_WEB_SOCKET_PING_INTERVAL,
    SECURITY_CTRLR_BASIC_AUTH_PASSWORD,
    SECURITY_CTRLR_IDENTITY,
    SECURITY_CTRLR_SECURITY_PROFILE,
)

from blocks.port import ANSWERED, DEFER, ERROR, LOST, TIMEOUT
from hal.errors import CallError
from wire.names import name_id

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
WARNING, FAILURE = 2, 3
ALIVE = b"\x8a\x00"  # a pong: some byte


def close(code, reason=b""):
    return bytes((0x88, 2 + len(reason), code >> 8, code & 255)) + reason


# ---- opening


async def case_connects_at_once_and_says_who_it_is(w):
    w.model.values[SECURITY_CTRLR_SECURITY_PROFILE] = 1
    w.model.values[SECURITY_CTRLR_IDENTITY] = b"CS/0 1"
    w.model.values[SECURITY_CTRLR_BASIC_AUTH_PASSWORD] = b"sixteen-letters!"
    server = await w.connect()
    assert w.network.asked == (b"csms", 9000, None)
    assert server.request.startswith(b"GET /ocpp/CS%2F0%201 HTTP/1.1\r\nHost: csms:9000\r\n")
    assert b"\r\nAuthorization: Basic Q1MvMCAxOnNpeHRlZW4tbGV0dGVycyE=" in server.request
    assert b"\r\nSec-WebSocket-Protocol: ocpp2.0.1" in server.request
    assert w.link.connected and w.ups == [True]


async def case_first_frames_may_come_with_the_handshake(w):
    server = await w.connect(tail=b'\x81\x15[2,"7","Reset",{"a"}]')
    assert w.calls == [(b"Reset", b"7", b'{"a"}')]
    assert server.take() == (TEXT, b'[3,"7",{}]')


async def case_password_set_by_the_csms_is_used_next_time(w):
    w.model.values[SECURITY_CTRLR_SECURITY_PROFILE] = 1
    w.model.values[SECURITY_CTRLR_BASIC_AUTH_PASSWORD] = b"a" * 16
    first = (await w.connect()).request
    w.model.values[SECURITY_CTRLR_BASIC_AUTH_PASSWORD] = b"b" * 16
    w.server.hang_up()
    await w.settle()
    await w.pass_ms(5000)
    assert (await w.connect()).request.split(b"Basic")[1] != first.split(b"Basic")[1]


async def case_tls_settings_come_from_the_board(w):
    w.board.options["csms_url"] = b"wss://csms"
    w.model.values[SECURITY_CTRLR_SECURITY_PROFILE] = 3
    await w.start()
    assert w.network.asked == (b"csms", 443, ("tls", 3, b"csms"))


async def case_wrong_settings_are_told_and_tried_again(w):
    w.model.values[SECURITY_CTRLR_SECURITY_PROFILE] = 2
    await w.start()
    assert w.lines == [(WARNING, "security profile 2 needs a wss:// URL; next attempt in 5 s")]
    w.model.values[SECURITY_CTRLR_SECURITY_PROFILE] = 1
    await w.pass_ms(5000)
    assert w.logged("needs a password; next attempt in 10 s")


async def case_only_what_the_station_speaks_is_offered(w):
    w.board.options["ocpp_version"] = b"ocpp1.6,ocpp2.1"
    await w.start()
    why = "ocpp_version names nothing that the station speaks: give ocpp2.0.1"
    assert w.lines == [(WARNING, why + "; next attempt in 5 s")]
    assert w.network.asked is None
    w.board.options["ocpp_version"] = b"ocpp2.1,ocpp2.0.1"
    await w.pass_ms(5000)
    server = await w.connect()
    assert server.request.split(b"Sec-WebSocket-Protocol: ")[1].strip() == b"ocpp2.0.1"


# ---- back-off


async def case_TC_B_57_CS_back_off_doubles_up_to_the_repeat_times(w):
    w.network.error = "no route to csms:9000"
    await w.start()
    for wait_s in (5, 10, 20, 40, 40, 40):
        assert w.timers.next() == wait_s * 1000
        assert w.lines[-1] == (WARNING, "no route to csms:9000; next attempt in %d s" % wait_s)
        await w.pass_ms(wait_s * 1000)


async def case_back_off_has_a_new_random_part_each_time(w):
    w.model.values[OCPP_COMM_CTRLR_RETRY_BACK_OFF_RANDOM_RANGE] = 10
    w.network.error = "refused"
    await w.start()
    waits = []
    for _ in range(8):
        waits.append(w.timers.next())
        await w.pass_ms(waits[-1])
    for wait, base in zip(waits, (5, 10, 20, 40, 40, 40, 40, 40)):
        assert base * 1000 <= wait <= base * 1000 + 10000
    assert len(set(waits[3:])) > 2


async def case_back_off_goes_on_while_the_server_only_takes_the_socket(w):
    await w.start()
    for wait_s in (5, 10, 20):
        await w.connect()
        w.server.hang_up()
        await w.settle()
        assert w.timers.next() == wait_s * 1000
        await w.pass_ms(wait_s * 1000)


async def case_back_off_starts_anew_after_a_valid_message(w):
    w.network.error = "refused"
    await w.start()
    await w.pass_ms(5000 + 10000)
    w.network.error = None
    await w.pass_ms(20000)
    server = await w.connect()
    server.text(b'[2,"1","Reset",{}]')
    await w.settle()
    server.hang_up()
    await w.settle()
    assert w.logged("ended without a goodbye; next attempt in 5 s")


async def case_network_up_connects_at_once(w):
    w.network.error = "refused"
    await w.start()
    await w.pass_ms(5000)
    w.network.error = None
    w.link.network(True)
    await w.settle()
    assert len(w.network.streams) == 1
    assert w.clock.now == 5000


async def case_network_down_closes_at_once_and_none_is_made(w):
    await w.connect()
    w.network.up = False
    w.link.network(False)
    await w.settle()
    assert w.server.closed and not w.link.connected and w.ups == [True, False]
    assert w.server.take() is None
    await w.pass_ms(100000)
    assert len(w.network.streams) == 1
    w.network.up = True
    w.link.network(True)
    await w.settle()
    assert len(w.network.streams) == 2


async def case_network_down_while_waiting(w):
    w.network.error = "refused"
    await w.start()
    w.network.error, w.network.up = None, False
    w.link.network(False)
    await w.pass_ms(100000)
    assert not w.network.streams
    w.network.up = True
    w.link.network(True)
    await w.connect()
    assert w.link.connected


# ---- servers that don't play along


async def case_a_server_that_stalls_the_connection(w):
    w.network.hang = True
    await w.start()
    await w.pass_ms(29999)
    assert not w.lines[1:]
    await w.pass_ms(1)
    assert w.logged("does not complete the connection; next attempt in 5 s")


async def case_a_server_that_stalls_the_handshake(w):
    await w.start()
    w.server.say(b"HTTP/1.1 101 Swi")
    await w.pass_ms(30000)
    assert w.server.closed
    assert w.logged("does not complete the connection; next attempt in 5 s")


async def case_a_server_that_refuses(w):
    await w.start()
    w.server.say(b"HTTP/1.1 401 Unauthorized\r\n\r\n")
    await w.settle()
    assert w.server.closed
    assert w.logged("check identity and password (HTTP 401); next attempt in 5 s")
    await w.pass_ms(5000)
    w.server.say(b"HTTP/1.1 302 Found\r\nLocation: ws://other/x\r\n\r\n")
    await w.settle()
    assert w.logged("redirects to ws://other/x (HTTP 302), which is not followed")
    await w.pass_ms(10000)
    w.server.hang_up()
    await w.settle()
    assert w.logged("closed the connection during the handshake")


async def case_a_server_that_chooses_another_sub_protocol(w):
    await w.start()
    await w.connect(protocol=b"ocpp1.6")
    assert not w.link.connected and w.server.closed and w.ups == []
    assert w.logged("chose sub-protocol ocpp1.6, offered: ocpp2.0.1; next attempt in 5 s")


async def case_a_server_that_agrees_to_none_and_is_silent(w):
    await w.start()
    await w.connect(protocol=None)
    assert w.link.connected and w.logged("agreed to no OCPP version")
    w.give(b"BootNotification")
    await w.settle()
    await w.pass_ms(30000)
    assert [level for level, text in w.lines if "speak OCPP 2.0.1" in text] == [FAILURE]
    w.server.hang_up()
    await w.settle()
    assert w.sources[0].told == [(LOST, None)]
    assert w.logged("the CSMS is silent; next attempt in 5 s")


async def case_a_server_that_agrees_to_none_and_answers(w):
    await w.start()
    server = await w.connect(protocol=None)
    w.give(b"BootNotification")
    await w.settle()
    server.text(b'[3,"1a-1",{}]')
    await w.settle()
    w.give(b"Heartbeat")
    await w.pass_ms(20000)
    server.say(ALIVE)
    await w.pass_ms(10000)
    assert w.sources[0].told == [(ANSWERED, b"{}"), (TIMEOUT, None)]
    assert w.link.connected


async def case_protocol_errors_are_answered_with_their_code(w):
    await w.start()
    wait_s = 5
    for code, data in (
        (1002, b"\x81\x81\0\0\0\0a"),
        (1003, b"\x82\x01a"),
        (1007, b"\x81\x01\xff"),
        (1007, close(1000, b"\xff")),
        (1007, close(1000, b"\xed\xa0\x80")),  # a surrogate
        (1007, close(1000, b"\xe0\x80\xaf")),  # overlong
        (1007, close(1000, b"\xf4\x90\x80\x80")),  # beyond U+10FFFF
        (1007, close(1000, b"a\xe2\x82")),  # cut off
        (1002, close(999)),
        (1009, b"\x81\x7f\0\0\0\1\0\0\0\0" + b"x" * 5000),
    ):
        server = await w.connect()
        server.say(data)
        await w.settle()
        assert server.take() == (CLOSE, bytes((code >> 8, code & 255)))
        assert not server.closed, "a reset could overtake the close frame"
        server.hang_up()
        await w.settle()
        assert server.closed and not server.inbound
        await w.pass_ms(wait_s * 1000)
        wait_s *= 2
        if wait_s > 40:
            wait_s = 40
    assert len([1 for level, text in w.lines if level == WARNING]) == 10
    assert w.logged("the CSMS sent a binary frame: closing with 1003; next attempt in 10 s")


async def case_a_peer_that_does_not_close_after_our_goodbye(w):
    server = await w.connect()
    server.say(b"\x82\x00")
    await w.settle()
    for _ in range(5):
        server.say(b"\x81\x03abc")
        await w.pass_ms(390)
    assert not server.closed
    await w.pass_ms(100)
    assert server.closed and not w.link.connected


async def case_close_of_the_csms_is_echoed_and_logged(w):
    server = await w.connect()
    server.say(close(1012, b"restarting\n"))
    await w.settle()
    assert server.take() == (CLOSE, b"\x03\xf4")
    server.hang_up()
    await w.settle()
    assert w.logged("the CSMS closed the connection (1012 restarting?); next attempt in 5 s")


async def case_close_without_a_code(w):
    server = await w.connect()
    server.say(b"\x88\x00")
    await w.settle()
    assert server.take() == (CLOSE, b"")


async def case_a_stalled_write_is_found(w):
    server = await w.connect()
    server.stalled = True
    w.give(b"Heartbeat")
    await w.pass_ms(30001)
    assert server.closed
    assert w.sources[0].told == [(LOST, None)]
    assert w.logged("takes no more data; next attempt in 5 s")


async def case_a_stalled_reply_is_found(w):
    server = await w.connect()
    server.stalled = True
    server.text(b'[2,"1","Reset",{}]')
    await w.settle()
    w.link.close()
    await w.pass_ms(30001)
    assert server.closed and w.task.done()


async def case_a_slow_write_is_let_be(w):
    server = await w.connect()
    w.give(b"Heartbeat", b"x" * 400)
    server.stalled = True
    for _ in range(8):
        await w.pass_ms(14000)
        server.resume()
        await asyncio.sleep(0)
        server.stalled = True
    assert not server.closed
    server.resume()
    await w.settle()
    assert server.take() == (TEXT, b'[2,"1a-1","Heartbeat",' + b"x" * 400 + b"]")


# ---- pings


async def case_no_pings_with_interval_0(w):
    server = await w.connect()
    await w.pass_ms(1000000)
    assert server.take() is None and w.link.connected


async def case_a_ping_each_interval(w):
    w.model.values[OCPP_COMM_CTRLR_WEB_SOCKET_PING_INTERVAL] = 20
    server = await w.connect()
    for _ in range(5):
        await w.pass_ms(19999)
        assert server.take() is None
        await w.pass_ms(1)
        assert server.take() == (PING, b"")
        server.say(b"\x8a\x00")
        await w.settle()
    assert w.link.connected


async def case_a_changed_interval_holds_soon(w):
    server = await w.connect()
    w.model.values[OCPP_COMM_CTRLR_WEB_SOCKET_PING_INTERVAL] = 5
    await w.pass_ms(15000)
    assert server.take() == (PING, b"")


async def case_a_dead_peer_is_found(w):
    w.model.values[OCPP_COMM_CTRLR_WEB_SOCKET_PING_INTERVAL] = 60
    server = await w.connect()
    await w.pass_ms(79999)
    assert w.link.connected
    assert server.take() == (PING, b"") and server.take() == (PING, b"")
    await w.pass_ms(1)
    assert server.closed
    assert w.logged("answers no ping; next attempt in 5 s")


async def case_any_sign_of_life_will_do(w):
    w.model.values[OCPP_COMM_CTRLR_WEB_SOCKET_PING_INTERVAL] = 10
    server = await w.connect()
    for _ in range(20):
        await w.pass_ms(9000)
        server.text(b'[3,"x",{}]')
        await w.settle()
    assert w.link.connected


async def case_a_jump_of_the_clock_kills_nothing(w):
    w.model.values[OCPP_COMM_CTRLR_WEB_SOCKET_PING_INTERVAL] = 10
    server = await w.connect()
    w.give(b"Heartbeat")
    await w.settle()
    await w.jump(3600000)
    server.say(b"\x8a\x00")
    server.text(b'[3,"1a-1",{}]')
    await w.settle()
    assert w.link.connected and w.sources[0].told == [(ANSWERED, b"{}")]


async def case_pings_of_the_csms_are_answered_also_amidst_a_message(w):
    server = await w.connect()
    server.say(b"\x89\x03abc")
    server.say(b'\x01\x0a[2,"1","Re\x89\x01x\x80\x08set",{}]')
    await w.settle()
    assert server.take() == (PONG, b"abc")
    assert server.take() == (PONG, b"x")
    assert server.take() == (TEXT, b'[3,"1",{}]')


async def case_without_pings_an_unanswered_call_finds_a_silent_peer(w):
    server = await w.connect()
    server.text(b'[2,"1","Reset",{}]')
    await w.settle()
    server.take()
    w.give(b"Heartbeat")
    await w.pass_ms(29999)
    assert w.link.connected and w.sources[0].told == []
    assert server.take()[0] == TEXT and server.take() is None, "no pings"
    await w.pass_ms(1)
    assert server.take() == (CLOSE, b"\x03\xe8"), "in order, should it live"
    await w.pass_ms(2000)
    assert server.closed and w.logged("the CSMS is silent; next attempt in 5 s")
    assert w.sources[0].told == [(LOST, None)], "no attempt (E13)"


async def case_any_byte_since_the_call_is_a_sign_of_life(w):
    server = await w.connect()
    w.give(b"Heartbeat")
    await w.pass_ms(1)
    server.say(b"\x8a")
    await w.pass_ms(30000)
    assert w.sources[0].told == [(TIMEOUT, None)] and w.link.connected
    # and not what came before it was sent
    server.say(b"\x00")
    await w.settle()
    w.give(b"Heartbeat")
    await w.pass_ms(32000)
    assert w.sources[0].told[1:] == [(LOST, None)] and not w.link.connected


async def case_with_pings_who_lives_is_asked_before(w):
    w.model.values[OCPP_COMM_CTRLR_WEB_SOCKET_PING_INTERVAL] = 3600
    server = await w.connect()
    w.give(b"Heartbeat")
    await w.settle()
    assert server.take()[0] == TEXT
    await w.pass_ms(7500)
    assert server.take() == (PING, b"")
    server.say(ALIVE)
    await w.pass_ms(22500)
    assert server.take() is None and w.link.connected
    assert w.sources[0].told == [(TIMEOUT, None)]
    w.give(b"Heartbeat")
    await w.pass_ms(32000)
    assert w.sources[0].told[1:] == [(LOST, None)] and server.closed


async def case_who_lives_and_ignores_a_call_time_after_time_blocks_nothing(w):
    w.give(b"TransactionEvent", source=1)
    w.sources[1].then = lambda: w.give(b"TransactionEvent", source=1)
    await w.start()
    for _ in range(4):
        w.give(b"Heartbeat")
        server = await w.connect()
        for _ in range(40):
            frame = server.take()
            if frame and b"Heartbeat" in frame[1]:
                server.text(b'[3,"%s",{}]' % frame[1].split(b'"')[1])
            await w.pass_ms(1000)
        assert server.closed
    assert w.sources[0].told == [(ANSWERED, b"{}")] * 4
    assert w.sources[1].told == [(LOST, None)] * 4  # no attempts (E13)


async def case_who_says_nothing_at_all_costs_no_attempt(w):
    w.sources[0].then = lambda: w.give(b"TransactionEvent")
    w.give(b"TransactionEvent")
    for wait_s in (5, 10, 20, 40, 40):
        await w.connect()
        await w.pass_ms(32000)
        assert w.logged("the CSMS is silent; next attempt in %d s" % wait_s)
        await w.pass_ms(wait_s * 1000)
    assert w.sources[0].told == [(LOST, None)] * 5


async def case_a_connection_that_has_stood_is_no_failure(w):
    w.model.values[OCPP_COMM_CTRLR_WEB_SOCKET_PING_INTERVAL] = 20
    w.network.error = "refused"
    await w.start()
    await w.pass_ms(5000 + 10000)
    w.network.error = None
    await w.pass_ms(20000)
    for stands_s, wait_s in ((100, 40), (140, 5)):
        server = await w.connect()
        for _ in range(stands_s // 20):
            await w.pass_ms(20000)
            assert server.take() == (PING, b"")
            server.say(ALIVE)
        await w.settle()
        server.hang_up()
        await w.settle()
        assert w.logged("without a goodbye; next attempt in %d s" % wait_s)
        await w.pass_ms(wait_s * 1000)


async def case_a_connection_that_answers_no_ping_is_a_failure(w):
    w.model.values[OCPP_COMM_CTRLR_WEB_SOCKET_PING_INTERVAL] = 300
    await w.start()
    for wait_s in (5, 10, 20):
        await w.connect()
        await w.pass_ms(320000)
        assert w.logged("answers no ping; next attempt in %d s" % wait_s)
        await w.pass_ms(wait_s * 1000)


# ---- what the CSMS asks


async def case_replies(w):
    server = await w.connect()
    w.replies = {
        b"Reset": (b'{"status":"Accepted"}',),
        b"GetVariables": name_id(b"InternalError"),
        b"SetVariables": CallError(name_id(b"FormatViolation"), b"too long"),
        b"DataTransfer": name_id(b"NotSupported"),
        b"GetReport": ZeroDivisionError(),
        b"ClearCache": (),
    }
    for i, (action, answer) in enumerate(
        (
            (b"Reset", b'[3,"%d",{"status":"Accepted"}]'),
            (b"GetVariables", b'[4,"%d","InternalError","",{}]'),
            (b"SetVariables", b'[4,"%d","FormatViolation","too long",{}]'),
            (b"DataTransfer", b'[4,"%d","NotSupported","",{}]'),
            (b"GetReport", b'[4,"%d","InternalError","",{}]'),
            (b"ClearCache", b'[4,"%d","InternalError","",{}]'),
        )
    ):
        server.text(b'[2,"%d","%s",{}]' % (i, action))
        await w.settle()
        assert server.take() == (TEXT, answer % i)
    assert [text for level, text in w.lines if level == FAILURE][0].startswith("GetReport failed")


async def case_refused_messages(w):
    server = await w.connect()
    for message, answer in (
        (b'[2,"5","Reset",{BROKEN}]', b'[4,"5","FormatViolation","at \xff\n",{}]'),
        (b'{"a":1}', b'[4,"-1","RpcFrameworkError","no message",{}]'),
        (b'[6,"9","NotifyPeriodicEventStream",{}]', b'[4,"9","MessageTypeNotSupported","",{}]'),
        (b'[5,"8","GenericError",{}]', b'[4,"8","MessageTypeNotSupported","",{}]'),
    ):
        server.text(message)
        await w.settle()
        assert server.take() == (TEXT, answer)
    assert w.calls == [] and w.link.connected
    assert w.logged("FormatViolation: at ??")


async def case_a_repeated_id_is_handled_again(w):
    server = await w.connect()
    for _ in range(2):
        server.text(b'[2,"1","Reset",{}]')
        await w.settle()
        assert server.take() == (TEXT, b'[3,"1",{}]')
    assert len(w.calls) == 2 and w.logged("once more")


async def case_a_deferred_reply(w):
    server = await w.connect()
    w.replies = {b"DataTransfer": DEFER}
    server.text(b'[2,"dt","DataTransfer",{}]')
    server.text(b'[2,"r","Reset",{}]')
    await w.settle()
    assert server.take() == (TEXT, b'[3,"r",{}]') and server.take() is None
    w.link.reply(b"dt", name_id(b"DataTransfer"), (b'{"late"}',))
    await w.settle()
    assert server.take() == (TEXT, b'[3,"dt",{"late"}]')
    server.hang_up()
    await w.settle()
    w.link.reply(b"dt", name_id(b"DataTransfer"), (b"{}",))
    await w.pass_ms(5000)
    await w.connect()
    assert w.server.take() is None


async def case_a_deferred_reply_does_not_outlive_its_connection(w):
    server = await w.connect()
    w.replies = {b"UnlockConnector": DEFER}
    server.text(b'[2,"old","UnlockConnector",{}]')
    await w.settle()
    w.network.up = False
    w.link.network(False)
    await w.settle()
    w.network.up = True
    w.link.network(True)
    server = await w.connect()
    assert w.clock.now == 0
    w.link.reply(b"old", name_id(b"UnlockConnector"), (b"{}",))
    await w.settle()
    assert server.take() is None
    server.text(b'[2,"new","UnlockConnector",{}]')
    await w.settle()
    for _ in range(2):  # the second is one too many
        w.link.reply(b"new", name_id(b"UnlockConnector"), (b'{"now"}',))
    await w.settle()
    assert server.take() == (TEXT, b'[3,"new",{"now"}]') and server.take() is None


async def case_replies_that_are_put_off_are_bounded(w):
    server = await w.connect()
    w.replies = {b"DataTransfer": DEFER}
    for i in range(6):
        server.text(b'[2,"%d","DataTransfer",{}]' % i)
        await w.settle()
    for i in (5, 0, 1, 2, 3, 4):
        w.link.reply(b"%d" % i, name_id(b"DataTransfer"), CallError(name_id(b"InternalError")))
    await w.settle()
    said = []
    while frame := server.take():
        said.append(frame[1].split(b'"')[1])
    assert sorted(said) == [b"2", b"3", b"4", b"5"]


async def case_the_response_leaves_before_what_the_handler_caused(w):
    server = await w.connect()

    def reset():
        w.give(b"StatusNotification")
        return (b"x" * 200,)

    w.replies = {b"Reset": reset}
    server.text(b'[2,"1","Reset",{}]')
    await w.settle()
    assert server.take() == (TEXT, b'[3,"1",' + b"x" * 200 + b"]")
    assert server.take() == (TEXT, b'[2,"1a-1","StatusNotification",{}]')


async def case_a_handler_in_steps_lets_nothing_in_between(w):
    server = await w.connect()
    turns = [0]

    async def other():
        for _ in range(5):
            turns.append(len(turns))
            await asyncio.sleep(0)

    def steps():
        task = asyncio.create_task(other())
        w.give(b"StatusNotification")
        for _ in range(3):
            yield None
        turns.append(b"done")
        task.cancel()
        yield (b"[1]",)

    w.replies = {b"Reset": steps}
    server.text(b'[2,"1","Reset",{}]')
    server.text(b'[2,"2","DataTransfer",{}]')
    await w.settle()
    assert turns == [0, 1, 2, 3, b"done"]
    assert [w.calls[0][1], w.calls[1][1]] == [b"1", b"2"]
    assert server.take() == (TEXT, b'[3,"1",[1]]')
    texts = [server.take()[1], server.take()[1]]
    assert b'[3,"2",{}]' in texts and b'[2,"1a-1","StatusNotification",{}]' in texts


async def case_a_handler_in_steps_may_refuse(w):
    server = await w.connect()

    def steps():
        yield None
        raise CallError(name_id(b"FormatViolation"), b"no")

    def defect():
        yield None
        raise ValueError

    w.replies = {b"Reset": steps, b"DataTransfer": defect}
    server.text(b'[2,"1","Reset",{}]')
    server.text(b'[2,"2","DataTransfer",{}]')
    await w.settle()
    assert server.take() == (TEXT, b'[4,"1","FormatViolation","no",{}]')
    assert server.take() == (TEXT, b'[4,"2","InternalError","",{}]')


async def case_a_handler_in_steps_finishes_when_the_connection_ends(w):
    for end in (w.link.reconnect, lambda: w.link.network(False)):
        server = await w.connect()
        done = []

        def steps(end=end, done=done):
            yield None
            end()
            yield None
            yield None
            done.append(True)
            yield (b"{}",)

        w.replies = {b"Reset": steps}
        server.text(b'[2,"1","Reset",{}]')
        await w.settle()
        assert done
        if end == w.link.reconnect:
            assert server.take() == (TEXT, b'[3,"1",{}]')
            assert server.take() == (CLOSE, b"\x03\xe8")
            server.hang_up()
            await w.pass_ms(1000)
        else:
            assert server.take() is None and server.closed and not w.link.connected


# ---- what we ask


async def case_one_call_outstanding_and_priority(w):
    server = await w.connect()
    w.give(b"Heartbeat", source=1)
    w.give(b"StatusNotification", source=0)
    w.give(b"StatusNotification", source=0)
    await w.settle()
    ids = []
    for action in (b"StatusNotification", b"StatusNotification", b"Heartbeat"):
        _, text = server.take()
        assert server.take() is None, "one at a time"
        assert text.split(b",")[2] == b'"%s"' % action
        ids.append(text.split(b'"')[1])
        server.text(b'[3,"%s",{}]' % ids[-1])
        await w.settle()
    assert ids == [b"1a-1", b"1a-2", b"1a-3"]
    assert w.sources[0].told == [(ANSWERED, b"{}")] * 2
    assert w.sources[1].told == [(ANSWERED, b"{}")]


async def case_sources_are_told_whether_the_csms_has_accepted_us(w):
    await w.connect()
    assert w.sources[1].asked_accepted is True
    w.link.accepted = lambda: False
    w.link.wake()
    await w.settle()
    assert w.sources[1].asked_accepted is False


async def case_a_message_leaves_in_one_write_if_it_can(w):
    server = await w.connect()
    server.writes.clear()
    w.give(b"Heartbeat")
    await w.settle()
    assert server.writes == [6 + len(b'[2,"1a-1","Heartbeat",{}]')]


async def case_a_long_message_is_one_frame(w):
    server = await w.connect()
    server.writes.clear()
    w.give(b"NotifyReport", b"y" * 3000)
    for _ in range(20):
        await asyncio.sleep(0)
    assert 0 < len(server.writes) < 20  # others have their turn in between
    await w.settle()
    assert server.take() == (TEXT, b'[2,"1a-1","NotifyReport",' + b"y" * 3000 + b"]")
    assert max(server.writes) <= 64


async def case_calls_cross(w):
    server = await w.connect()
    w.give(b"Heartbeat")
    await w.settle()
    server.text(b'[2,"1a-1","Reset",{}]')
    await w.settle()
    assert server.take() == (TEXT, b'[2,"1a-1","Heartbeat",{}]')
    assert server.take() == (TEXT, b'[3,"1a-1",{}]')
    assert w.sources[0].told == []
    server.text(b'[3,"1a-1",{"t"}]')
    await w.settle()
    assert w.sources[0].told == [(ANSWERED, b'{"t"}')]


async def case_errors_are_answers(w):
    server = await w.connect()
    for answer in (b'[4,"1a-1","InternalError","no",{}]', b'[3,"1a-2",{BROKEN}]'):
        w.give(b"Heartbeat")
        await w.settle()
        server.text(answer)
        await w.settle()
    assert [outcome for outcome, _ in w.sources[0].told] == [ERROR, ERROR]
    assert len(w.logged("Heartbeat was answered with an error")) == 2


async def case_timeout_and_late_answer(w):
    w.model.values[OCPP_COMM_CTRLR_MESSAGE_TIMEOUT_DEFAULT] = 10
    server = await w.connect()
    w.give(b"Heartbeat")
    await w.settle()
    server.say(ALIVE)
    await w.pass_ms(9999)
    assert w.sources[0].told == []
    await w.pass_ms(1)
    assert w.sources[0].told == [(TIMEOUT, None)]
    server.text(b'[3,"1a-1",{}]')
    await w.settle()
    assert w.sources[0].told == [(TIMEOUT, None)]
    assert w.logged("ignored: an answer to nothing outstanding, id 1a-1")
    assert w.link.connected


async def case_a_retry_has_a_new_id(w):
    server = await w.connect()
    w.sources[0].then = lambda: w.give(b"Heartbeat") if len(w.sources[0].told) < 2 else None
    w.give(b"Heartbeat")
    await w.settle()
    server.say(ALIVE)
    await w.pass_ms(30000)
    assert server.take() == (TEXT, b'[2,"1a-1","Heartbeat",{}]')
    assert server.take() == (TEXT, b'[2,"1a-2","Heartbeat",{}]')


async def case_answers_to_nothing_are_ignored(w):
    server = await w.connect()
    for text in (b'[3,"1",{}]', b'[4,"-1","RpcFrameworkError","",{}]'):
        server.text(text)
    await w.settle()
    assert len(w.logged("ignored")) == 2 and w.link.connected and server.take() is None


async def case_lost_with_the_connection(w):
    server = await w.connect()
    w.give(b"Heartbeat")
    await w.settle()
    server.hang_up()
    await w.settle()
    assert w.sources[0].told == [(LOST, None)]
    await w.pass_ms(5000)
    w.give(b"Heartbeat")
    server = await w.connect()
    assert server.take() == (TEXT, b'[2,"1a-2","Heartbeat",{}]')
    server.text(b'[3,"1a-1",{}]')
    server.text(b'[3,"1a-2",{}]')
    await w.settle()
    assert w.sources[0].told == [(LOST, None), (ANSWERED, b"{}")]


async def case_writer_mismatch_closes_the_connection(w):
    server = await w.connect()
    w.give(b"Heartbeat", b"MISMATCH")
    await w.settle()
    assert server.closed and w.sources[0].told == [(LOST, None)]
    assert w.logged("changed while it was sent; next attempt in 5 s")


async def case_a_source_with_a_defect_does_not_stop_the_others(w):
    server = await w.connect()
    w.sources[0].items.append((name_id(b"Heartbeat"), ()))  # no slot for the writer
    w.give(b"StatusNotification", source=1)
    await w.settle()
    assert w.sources[0].told == [(TIMEOUT, None)]
    assert server.take() == (TEXT, b'[2,"1a-2","StatusNotification",{}]')
    w.sources[0].take = None
    server.text(b'[3,"1a-2",{}]')
    w.give(b"Heartbeat", source=1)
    await w.settle()
    assert server.take() == (TEXT, b'[2,"1a-3","Heartbeat",{}]')
    assert w.logged("Source.take() failed")


# ---- ours to close


async def case_close_says_goodbye_and_ends(w):
    server = await w.connect()
    w.link.close()
    await w.settle()
    assert server.take() == (CLOSE, b"\x03\xe9")
    server.say(close(1001))
    server.hang_up()
    await w.pass_ms(999)  # the next firmware is not back at once
    assert server.closed and w.ups == [True, False] and not w.task.done()
    await w.pass_ms(1)
    assert w.task.done() and len(w.network.streams) == 1


async def case_close_while_waiting(w):
    w.network.error = "refused"
    await w.start()
    assert w.timers.next() == 5000
    w.link.close()
    await w.pass_ms(1000)
    assert w.task.done()


async def case_close_while_the_connection_is_ending(w):
    # the CSMS closes first: a second all the same, not the back-off
    server = await w.connect()
    server.say(close(1012))
    await w.settle()
    w.link.close()
    server.hang_up()
    await w.pass_ms(999)
    assert not w.task.done()
    await w.pass_ms(1)
    assert w.task.done()


async def case_close_while_the_network_is_down(w):
    await w.connect()
    w.network.up = False
    w.link.network(False)
    await w.settle()
    w.link.close()
    await w.pass_ms(1000)
    assert w.task.done()


async def case_close_from_a_handler_leaves_after_the_response(w):
    server = await w.connect()

    def reset():
        w.link.close()
        return (b"{}",)

    w.replies = {b"Reset": reset}
    server.text(b'[2,"1","Reset",{}]')
    await w.settle()
    assert server.take() == (TEXT, b'[3,"1",{}]')
    assert server.take() == (CLOSE, b"\x03\xe9")


async def case_close_does_not_cut_a_frame_in_two(w):
    server = await w.connect()
    server.stalled = True
    w.give(b"Heartbeat", b"z" * 200)
    await w.settle()
    w.link.close()
    await w.settle()
    server.resume()
    await w.settle()
    assert server.take() == (TEXT, b'[2,"1a-1","Heartbeat",' + b"z" * 200 + b"]")
    assert server.take() == (CLOSE, b"\x03\xe9")
    w.give(b"Heartbeat")
    await w.settle()
    assert server.take() is None, "nothing follows a close frame"


async def case_reconnect_from_a_source(w):
    server = await w.connect()
    w.sources[0].then = w.link.reconnect
    w.give(b"Heartbeat")
    await w.settle()
    server.text(b'[3,"1a-1",{}]')
    await w.settle()
    assert server.take()[0] == TEXT
    assert server.take() == (CLOSE, b"\x03\xe8")
    server.hang_up()
    w.link.reconnect()  # again: changes nothing
    await w.pass_ms(999)
    w.link.reconnect()
    await w.settle()
    assert len(w.network.streams) == 1 and w.logged("connecting anew; next attempt in 1 s")
    await w.pass_ms(1)
    assert len(w.network.streams) == 2


async def case_network_up_needs_no_second_after_a_close(w):
    server = await w.connect()
    w.link.reconnect()
    await w.settle()
    server.hang_up()
    await w.settle()
    w.link.network(True)
    await w.settle()
    assert len(w.network.streams) == 2 and w.clock.now == 0


async def case_a_password_in_use_that_changes_needs_a_new_connection(w):
    server = await w.connect()
    for profile in (1, 3, 2, 0):
        # into this profile; from 0 and 3, which have none in use, only for this test
        w.model.values[SECURITY_CTRLR_SECURITY_PROFILE] = profile
        w.model.values[SECURITY_CTRLR_BASIC_AUTH_PASSWORD] = b"sixteen-letters!"
        w.board.options["csms_url"] = b"wss://csms" if profile > 1 else b"ws://csms"
        w.link.reconnect()
        await w.settle()
        assert server.take() == (CLOSE, b"\x03\xe8")
        server.hang_up()
        await w.pass_ms(1000)
        server = await w.connect()
        w.link.password_changed()
        await w.settle()
        if profile in (1, 2):  # A01.FR.06
            assert server.take() == (CLOSE, b"\x03\xe8")
            server.hang_up()
            await w.pass_ms(1000)
            server = await w.connect()
        assert server.take() is None and w.link.connected


async def case_an_orderly_close_of_the_csms_is_not_met_at_once(w):
    w.model.values[OCPP_COMM_CTRLR_RETRY_BACK_OFF_WAIT_MINIMUM] = 0
    w.network.error = "refused"
    await w.start()
    w.network.error = None
    w.link.network(False)
    w.link.network(True)  # at once, but only this time
    await w.settle()
    for i, code in enumerate((1000, 1001, 1012)):
        server = await w.connect()
        server.say(close(code))
        await w.settle()
        server.hang_up()
        await w.pass_ms(999)
        assert len(w.network.streams) == i + 1
        await w.pass_ms(1)
        assert len(w.network.streams) == i + 2


async def case_reconnect_because_of_the_loss_does_not_skip_the_back_off(w):
    server = await w.connect()
    w.sources[0].then = w.link.reconnect
    w.give(b"Heartbeat")
    await w.settle()
    server.hang_up()
    await w.settle()
    assert w.timers.next() == 5000


async def case_reconnect_while_waiting_leaves_the_back_off(w):
    w.network.error = "refused"
    await w.start()
    w.link.reconnect()
    await w.settle()
    assert w.timers.next() == 5000


async def case_many_connections_leave_nothing_behind(w):
    await w.start()
    for i in range(50):
        server = await w.connect()
        w.give(b"Heartbeat")
        server.text(b'[2,"1","Reset",{}]')
        await w.settle()
        if i % 2:
            server.hang_up()
        else:
            server.say(close(1000))
            await w.settle()
            server.hang_up()
        await w.settle()
        await w.pass_ms(5000)
    assert len(w.network.streams) == 51
    assert w.sources[0].told == [(LOST, None)] * 50
    assert len(w.timers.running) == 1


async def case_the_digest_of_a_key_is_sha1_with_the_guid(w):
    for seed in range(50):
        key = bytes([(seed + 1) * (i + 7) & 255 for i in range(24)])
        expected = hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
        assert websocket_core.digest(key) == expected, seed


async def case_the_native_module_refuses_what_does_not_fit(w):
    state, buf = bytearray(60), bytearray(20)
    for function, arguments in (
        (websocket_core.open, (bytearray(59), 1)),
        (websocket_core.next, (bytearray(59), buf, buf)),
        (websocket_core.header, (state, buf, 5, 1, 0, b"keys")),
        (websocket_core.header, (state, buf, 13, 1, 126, b"keys")),
        (websocket_core.header, (state, buf, 21, 1, 0, b"keys")),
        (websocket_core.header, (state, buf, 14, 1, 0, b"key")),
        (websocket_core.mask, (state, buf, 0, 21)),
        (websocket_core.mask, (state, buf, 2, 1)),
        (websocket_core.digest, (bytes(23),)),
        (websocket_core.answer, (bytearray(37), buf, buf, 0, 1)),
        (websocket_core.answer, (bytearray(38), buf, buf, 0, 21)),
    ):
        try:
            function(*arguments)
        except ValueError:
            continue
        raise AssertionError("taken: %r" % (arguments,))


def run(case):
    async def main():
        world = World()
        try:
            await case(world)
        finally:
            if world.task:
                await world.end()

    if sys.implementation.name == "micropython":
        asyncio.new_event_loop()
    asyncio.run(main())


def print_exception(error):
    if sys.implementation.name == "micropython":
        sys.print_exception(error)
    else:
        import traceback

        traceback.print_exception(error)


CASES = sorted(n for n in globals() if n.startswith("case_"))

if __name__ == "__main__":
    for each in sys.argv[1:] or CASES:
        try:
            run(globals()[each])
            print("ok", each)
        except Exception as error:  # noqa: BLE001, told to test_link.py
            print("failed", each)
            print_exception(error)
