"""wire/rpc.py on the real reader: which message answers which, and what bad messages get."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tables import names

from hal.errors import CloseConnection
from wire import events as e
from wire.message import MessageReader
from wire.names import name
from wire.rpc import Rpc
from wire.websocket import WebSocket

HEARTBEAT_ANSWER = b'{"currentTime":"2024-05-06T07:08:09Z"}'


@pytest.fixture
def rpc():
    return make()


def make(boot_count=0x1A):
    return Rpc(MessageReader(bytearray(1024)), boot_count)


def receive(rpc, text, cut=None):
    rpc.reader.start()
    cut = len(text) if cut is None else min(cut, len(text))
    rpc.reader.feed(text, 0, cut)
    rpc.reader.feed(text, cut, len(text))
    return rpc.received()


def test_ids_are_unique_over_calls_and_boots():
    ids = set()
    for boot_count in (1, 0x11, 2**30 - 1):
        rpc = make(boot_count)
        ids.update(rpc.begin(names.HEARTBEAT) for _ in range(300))
    assert len(ids) == 900
    assert max(map(len, ids)) <= 36  # Part 4: the longest id
    assert b"1-1" in ids and b"11-1" in ids


def test_a_call_is_to_be_handled(rpc):
    assert receive(rpc, b'[2,"x-1","ClearCache",{}]') == e.HANDLE
    assert (rpc.id, rpc.reader.action) == (b"x-1", names.CLEAR_CACHE)


def test_an_answer_to_our_call(rpc):
    message_id = rpc.begin(names.HEARTBEAT)
    assert receive(rpc, b'[3,"%s",%s]' % (message_id, HEARTBEAT_ANSWER)) == e.ANSWER
    assert rpc.reader.pending_id is None


def test_an_answer_counts_once(rpc):
    answer = b'[3,"%s",%s]' % (rpc.begin(names.HEARTBEAT), HEARTBEAT_ANSWER)
    assert receive(rpc, answer) == e.ANSWER
    assert receive(rpc, answer) == e.IGNORE


@pytest.mark.parametrize(
    "answer",
    [
        b'[4,"1a-1","InternalError","no",{}]',
        b'[4,"1a-1","NobodyKnowsThis","",{}]',
        b'[3,"1a-1",{}]',
        b'[3,"1a-1",{"currentTime":5}]',
        b'[3,"1a-1",[]]',
    ],
)
def test_a_callerror_or_a_malformed_answer_settles_our_call(rpc, answer):
    rpc.begin(names.HEARTBEAT)
    assert receive(rpc, answer) == e.FAULT
    assert receive(rpc, answer) == e.IGNORE


@pytest.mark.parametrize(
    "answer",
    [
        b'[3,"1a-0",{}]',
        b'[3,"1A-1",%s]' % HEARTBEAT_ANSWER,
        b'[3,"",{}]',
        b'[4,"-1","RpcFrameworkError","",{}]',
        b'[3,"1a-11",{}]',
    ],
)
def test_answers_to_something_else_are_ignored_and_ours_is_still_awaited(rpc, answer):
    message_id = rpc.begin(names.HEARTBEAT)
    assert receive(rpc, answer) == e.IGNORE
    assert rpc.reader.pending_id == message_id
    assert receive(rpc, b'[3,"%s",%s]' % (message_id, HEARTBEAT_ANSWER)) == e.ANSWER


def test_nothing_is_awaited_after_forget(rpc):
    message_id = rpc.begin(names.HEARTBEAT)
    rpc.forget()
    assert receive(rpc, b'[3,"%s",%s]' % (message_id, HEARTBEAT_ANSWER)) == e.IGNORE


def test_an_answer_that_is_overtaken_by_the_time_out_is_ignored(rpc):
    answer = b'[3,"%s",%s]' % (rpc.begin(names.HEARTBEAT), HEARTBEAT_ANSWER)
    rpc.reader.start()
    rpc.reader.feed(answer, 0, 8)
    rpc.forget()
    rpc.begin(names.HEARTBEAT)
    rpc.reader.feed(answer, 8, len(answer))
    assert rpc.received() == e.IGNORE
    assert rpc.reader.pending_id == b"1a-2"


def test_calls_cross_with_the_same_id(rpc):
    message_id = rpc.begin(names.HEARTBEAT)
    assert receive(rpc, b'[2,"%s","ClearCache",{}]' % message_id) == e.HANDLE
    assert rpc.reader.pending_id == message_id
    assert receive(rpc, b'[3,"%s",%s]' % (message_id, HEARTBEAT_ANSWER)) == e.ANSWER


def test_a_repeated_id(rpc):
    call = b'[2,"x-1","ClearCache",{}]'
    assert [receive(rpc, call) for _ in range(3)] == [e.HANDLE, e.REPEATED, e.REPEATED]
    assert receive(rpc, b'[2,"x-2","ClearCache",{}]') == e.HANDLE


@pytest.mark.parametrize(
    ("text", "message_id", "code"),
    [
        (b'[2,"7","ClearCache",{"x":1}]', b"7", None),
        (b'[2,"7","Reset",{}]', b"7", None),
        (b'[2,"7","Reset",{"type":"Hot"}]', b"7", b"PropertyConstraintViolation"),
        (b'[2,"7","Reset",{"type":5}]', b"7", b"TypeConstraintViolation"),
        (b'[2,"7","NoSuchAction",{}]', b"7", b"NotImplemented"),
        (b'[5,"7","GenericError","",{}]', b"7", b"MessageTypeNotSupported"),
        (b'[6,"7","NotifyPeriodicEventStream",{}]', b"7", b"MessageTypeNotSupported"),
        (b'[9,"7","ClearCache",{}]', b"7", b"MessageTypeNotSupported"),
        (b"", b"-1", b"RpcFrameworkError"),
        (b"{}", b"-1", b"RpcFrameworkError"),
        (b"[]", b"-1", b"RpcFrameworkError"),
        (b"hello", b"-1", b"RpcFrameworkError"),
        (b'[2,5,"ClearCache",{}]', b"-1", b"RpcFrameworkError"),
        (b'[2,"%s","ClearCache",{}]' % (b"i" * 40), b"-1", b"FormatViolation"),
    ],
)
def test_what_is_refused_and_how(rpc, text, message_id, code):
    for cut in (None, *range(len(text))):
        assert receive(rpc, text, cut) == e.REFUSE
        assert rpc.id == message_id
        assert rpc.code, "an answer has a code"
        assert code is None or name(rpc.code) == code, name(rpc.code)


@given(st.binary(max_size=80), st.booleans(), st.integers(0, 80))
def test_garbage_is_refused_or_ignored(garbage, pending, cut):
    rpc = make()
    if pending:
        rpc.begin(names.HEARTBEAT)
    verdict = receive(rpc, garbage, cut)
    assert verdict in (e.REFUSE, e.IGNORE)
    assert verdict == e.IGNORE or rpc.code


@given(st.data())
def test_damaged_messages_never_raise(data):
    rpc = make()
    message_id = rpc.begin(names.HEARTBEAT)
    good = data.draw(
        st.sampled_from(
            [
                b'[3,"%s",%s]' % (message_id, HEARTBEAT_ANSWER),
                b'[4,"%s","InternalError","no \xe2\x82\xac",{}]' % message_id,
                b'[2,"1","Reset",{"type":"Immediate","evseId":1}]',
            ]
        )
    )
    bad = bytearray(good)
    for _ in range(data.draw(st.integers(1, 4))):
        bad[data.draw(st.integers(0, len(bad) - 1))] = data.draw(st.integers(0, 255))
    verdict = receive(rpc, bytes(bad), data.draw(st.integers(0, 60)))
    assert (verdict == e.REFUSE) == (
        verdict not in (e.HANDLE, e.ANSWER, e.FAULT, e.IGNORE, e.REPEATED)
    )
    if verdict == e.REFUSE:
        assert rpc.code and len(rpc.id) <= 36


@given(
    st.lists(st.sampled_from([b'[2,"1","ClearCache",{}]', b'[3,"1a-1",{}]', b"x"]), max_size=5),
    st.lists(st.binary(max_size=9), max_size=5),
    st.integers(1, 40),
)
def test_websocket_reader_and_rpc_take_anything(messages, garbage, size):
    """Good frames, then garbage: only CloseConnection comes out."""
    rpc = make()
    rx = bytearray(size)
    ws = WebSocket(os.urandom, rx)
    data = b"".join(bytes((0x81, len(m))) + m for m in messages) + b"".join(garbage)
    count = 0
    try:
        for at in range(0, len(data), size):
            piece = data[at : at + size]
            rx[: len(piece)] = piece
            ws.received(0, len(piece))
            while event := ws.next():
                if event == e.START:
                    rpc.reader.start()
                elif event == e.DATA:
                    rpc.reader.feed(rx, ws.state[e.W_START], ws.state[e.W_END])
                elif event == e.END:
                    rpc.received()
                    count += 1
    except CloseConnection as error:
        assert 1000 <= error.code < 5000
    assert count >= len(messages)
