"""wire/message.py, native/wire/envelope.c: OCPP-J's messages, their errors, requests too large."""

import os
import random
import subprocess
import sys

import pytest
from conftest import ROOT
from messages import DECLARED, RECEIVED, Maker, split_message
from prepared import prepared
from rig import BINARY
from tables import names
from tables.messages import (
    GetVariablesRequest,
    HeartbeatResponse,
    ResetRequest,
    SetVariableDataType,
    SetVariablesRequest,
)
from tables.names import (
    FORMAT_VIOLATION,
    MESSAGE_TYPE_NOT_SUPPORTED,
    NOT_IMPLEMENTED,
    OCCURRENCE_CONSTRAINT_VIOLATION,
    PROTOCOL_ERROR,
    RPC_FRAMEWORK_ERROR,
)

from tools.csms.charger import BUILD
from wire.events import ERROR_CODE, ERROR_TEXT
from wire.message import MessageReader

BAD, CALL, CALLRESULT, CALLERROR = 0, 2, 3, 4
LONG_ID = b"x" * 36
HEARTBEAT = b'{"currentTime":"2024-05-01T12:00:00Z"}'


@pytest.fixture
def reader():
    return MessageReader(bytearray(1024))


def feed(reader, text, step=10**9):
    reader.start()
    for i in range(0, len(text), step):
        reader.feed(text, i, min(i + step, len(text)))
    return reader.finish()


CASES = [
    (b'[2,"i","Reset",{"type":"OnIdle"}]', CALL, b"i", names.RESET, 0),
    (b' [ 2 , "i" , "Reset" , { "type" : "OnIdle" } ] ', CALL, b"i", names.RESET, 0),
    (b'[2,"%s","ClearCache",{}]' % LONG_ID, CALL, LONG_ID, names.CLEAR_CACHE, 0),
    (b'[2,"","ClearCache",{}]', CALL, b"", names.CLEAR_CACHE, 0),
    (b'[2,"\\u00e9\\"","ClearCache",{}]', CALL, b'\xc3\xa9"', names.CLEAR_CACHE, 0),
    # the envelope is broken, the id is readable
    (b'[2,"i","Reset"]', CALL, b"i", names.RESET, RPC_FRAMEWORK_ERROR),
    (b'[2,"i"]', CALL, b"i", 0, RPC_FRAMEWORK_ERROR),
    (b'[2,"i",5,{}]', CALL, b"i", 0, RPC_FRAMEWORK_ERROR),
    (b'[2,"i",{"a":1},{}]', CALL, b"i", 0, RPC_FRAMEWORK_ERROR),
    (b'[2,"i",["Reset"],{}]', CALL, b"i", 0, RPC_FRAMEWORK_ERROR),
    (b'[2,"i","ClearCache",{},{}]', CALL, b"i", names.CLEAR_CACHE, RPC_FRAMEWORK_ERROR),
    (b'[2,"i","ClearCache",{},1]', CALL, b"i", names.CLEAR_CACHE, RPC_FRAMEWORK_ERROR),
    (b'[2,"i","ClearCache",{},"x"]', CALL, b"i", names.CLEAR_CACHE, RPC_FRAMEWORK_ERROR),
    (b'[2,"i","ClearCache",{},null]', CALL, b"i", names.CLEAR_CACHE, RPC_FRAMEWORK_ERROR),
    (b'[2,"i","ClearCache",{},[]]', CALL, b"i", names.CLEAR_CACHE, RPC_FRAMEWORK_ERROR),
    (b'[2,"i","ClearCache",[]]', CALL, b"i", names.CLEAR_CACHE, PROTOCOL_ERROR),
    (b'[2,"i","ClearCache",5]', CALL, b"i", names.CLEAR_CACHE, PROTOCOL_ERROR),
    (b'[2,"i","ClearCache",true]', CALL, b"i", names.CLEAR_CACHE, PROTOCOL_ERROR),
    (b'[2,"i","ClearCache",{}', CALL, b"i", names.CLEAR_CACHE, FORMAT_VIOLATION),
    (b'[2,"i" "ClearCache",{}]', CALL, b"i", 0, RPC_FRAMEWORK_ERROR),
    # it is not
    (b'[2,7,"Reset",{}]', CALL, None, 0, RPC_FRAMEWORK_ERROR),
    (b'[2,null,"Reset",{}]', CALL, None, 0, RPC_FRAMEWORK_ERROR),
    (b'[2,["i"],"Reset",{}]', CALL, None, 0, RPC_FRAMEWORK_ERROR),
    (b'[2,"%sx","Reset",{}]' % LONG_ID, CALL, None, 0, FORMAT_VIOLATION),
    (b'[2,"i', CALL, None, 0, RPC_FRAMEWORK_ERROR),
    (b"[2]", CALL, None, 0, RPC_FRAMEWORK_ERROR),
    (b"[]", BAD, None, 0, RPC_FRAMEWORK_ERROR),
    (b"", BAD, None, 0, RPC_FRAMEWORK_ERROR),
    (b"{}", BAD, None, 0, RPC_FRAMEWORK_ERROR),
    (b'"2"', BAD, None, 0, RPC_FRAMEWORK_ERROR),
    (b'["2","i","Reset",{}]', BAD, None, 0, RPC_FRAMEWORK_ERROR),
    (b'[2.5,"i","Reset",{}]', BAD, None, 0, RPC_FRAMEWORK_ERROR),
    (b'[-2,"i","Reset",{}]', BAD, None, 0, RPC_FRAMEWORK_ERROR),
    (b'[[2],"i","Reset",{}]', BAD, None, 0, RPC_FRAMEWORK_ERROR),
    # types and actions
    (b'[1,"i",{}]', BAD, b"i", 0, MESSAGE_TYPE_NOT_SUPPORTED),
    (b'[7,"i",{}]', BAD, b"i", 0, MESSAGE_TYPE_NOT_SUPPORTED),
    (b'[2000000000,"i",{}]', BAD, b"i", 0, MESSAGE_TYPE_NOT_SUPPORTED),
    (b'[5,"i","GenericError","",{}]', 5, b"i", 0, MESSAGE_TYPE_NOT_SUPPORTED),
    (b'[6,"i","NotifyPeriodicEventStream",{}]', 6, b"i", 0, MESSAGE_TYPE_NOT_SUPPORTED),
    (b'[2,"i","reset",{}]', CALL, b"i", 0, NOT_IMPLEMENTED),
    (b'[2,"i","",{}]', CALL, b"i", 0, NOT_IMPLEMENTED),
    (b'[2,"i","%s",{}]' % (b"Reset" * 300), CALL, b"i", 0, NOT_IMPLEMENTED),
    (b'[2,"i","Heartbeat",{}]', CALL, b"i", names.HEARTBEAT, NOT_IMPLEMENTED),
    # nothing of ours is outstanding
    (b'[3,"i",{}]', CALLRESULT, b"i", 0, RPC_FRAMEWORK_ERROR),
    (b'[4,"i","GenericError","",{}]', CALLERROR, b"i", names.GENERIC_ERROR, RPC_FRAMEWORK_ERROR),
]


@pytest.mark.parametrize(
    ("text", "kind", "message_id", "action", "error"), CASES, ids=[repr(c[0][:50]) for c in CASES]
)
def test_envelope(reader, text, kind, message_id, action, error):
    for step in (10**9, 1, 2, 5):
        found = feed(reader, text, step)
        assert (found, reader.kind, reader.message_id) == (kind, kind, message_id)
        assert (reader.action, reader.error) == (action, error)
        assert bool(reader.detail) == bool(error)
        assert reader.size == len(text)
        assert reader.stop_early


def test_a_response_is_checked_by_the_schema_of_its_request(reader):
    reader.pending_id, reader.pending_action = b"a-1", names.HEARTBEAT
    assert feed(reader, b'[3,"a-1",%s]' % HEARTBEAT) == CALLRESULT
    assert (reader.action, reader.error) == (names.HEARTBEAT, 0)
    assert reader.unpack(HeartbeatResponse.currentTime) == [136728000]
    assert feed(reader, b'[3,"a-1",{}]') == CALLRESULT
    assert reader.error == OCCURRENCE_CONSTRAINT_VIOLATION
    for text in (b'[3,"a-2",%s]' % HEARTBEAT, b'[3,"a-1",%s,1]' % HEARTBEAT, b'[3,"a-1"]'):
        assert feed(reader, text) == CALLRESULT
        assert reader.error == RPC_FRAMEWORK_ERROR


@pytest.mark.parametrize(
    ("rest", "slots"),
    [
        (b'"InternalError","oh\\n",{"a":[1]}', [names.INTERNAL_ERROR, b"oh\n"]),
        (b'"Strange","",{}', [0, b""]),
        (b'"GenericError"', [names.GENERIC_ERROR, b""]),
        (b'"GenericError","x"', [names.GENERIC_ERROR, b"x"]),
        (b'"GenericError",null,null', [names.GENERIC_ERROR, b""]),
        (b'"GenericError",{},"x"', [names.GENERIC_ERROR, b""]),
        (b'"GenericError","d",{"k":"longer"},"longer still"', [names.GENERIC_ERROR, b"d"]),
    ],
)
def test_a_callerror_needs_no_more_than_its_code(reader, rest, slots):
    reader.pending_id, reader.pending_action = b"i", names.HEARTBEAT
    for step in (10**9, 1, 3):
        assert feed(reader, b'[4,"i",%s]' % rest, step) == CALLERROR
        assert (reader.error, reader.unpack()) == (0, slots)


def test_a_long_error_description_is_cut(reader):
    reader.pending_id, reader.pending_action = b"i", names.HEARTBEAT
    assert feed(reader, b'[4,"i","GenericError","%s",{}]' % (b"d" * 5000)) == CALLERROR
    assert reader.error == 0
    assert set(reader.unpack()[ERROR_TEXT]) == set(b"d")


def test_a_callerror_without_a_readable_id_answers_nothing(reader):
    reader.pending_id, reader.pending_action = b"i", names.HEARTBEAT
    for text in (b'[4,null,"RpcFrameworkError","",{}]', b'[4,"-1","RpcFrameworkError","",{}]'):
        assert feed(reader, text) == CALLERROR
        assert reader.error == RPC_FRAMEWORK_ERROR
        assert reader.unpack()[ERROR_CODE] == RPC_FRAMEWORK_ERROR


def variables(n, size=10):
    item = b'{"component":{"name":"%s"},"variable":{"name":"V"}}' % (b"C" * size)
    return b'[2,"i","GetVariables",{"getVariableData":[%s]}]' % b",".join([item] * n)


def test_b06_fr_16_too_many_items_and_b06_fr_17_too_many_bytes(reader):
    assert feed(reader, variables(20)) == CALL
    assert (reader.error, reader.count(GetVariablesRequest.getVariableData)) == (0, 20)
    assert feed(reader, variables(200)) == CALL
    assert (reader.error, reader.action) == (OCCURRENCE_CONSTRAINT_VIOLATION, names.GET_VARIABLES)
    assert b"the request is too large" in reader.detail
    assert reader.unpack() == []
    assert feed(reader, b'[2,"i","DataTransfer",{"vendorId":"v","data":"%s"}]' % (b"x" * 2000))
    assert reader.error == FORMAT_VIOLATION


@pytest.mark.parametrize("size", [0, 1, 30, 50])
def test_the_arena_may_be_full_to_the_last_byte(size):
    """Every size of arena, so that each kind of item is once the one that no longer fits."""
    text = (
        b'[2,"i","SetVariables",{"setVariableData":[{"attributeType":"Actual","attributeValue":'
        b'"%s","component":{"name":"C","evse":{"id":1,"connectorId":2}},"variable":{"name":"V"}}'
        b"]}]" % (b"x" * (300 + size))
    )
    errors = set()
    for arena in range(512, 560):
        guarded = bytearray(arena)
        reader = MessageReader(guarded)
        feed(reader, text, 100)
        errors.add(reader.error)
        if not reader.error:
            (record,) = reader.each(SetVariablesRequest.setVariableData)
            assert record[SetVariableDataType.attributeValue] == b"x" * (300 + size)
            assert record[SetVariableDataType.component_name] == b"C"
            assert record[SetVariableDataType.component_evse_id] == 1
            assert record[SetVariableDataType.component_evse_connectorId] == 2
    assert errors <= {0, FORMAT_VIOLATION}


def test_the_limits_of_the_arguments(reader):
    for size in (0, 511, 65536):
        with pytest.raises(ValueError, match="arena"):
            MessageReader(bytearray(size))
    reader.start()
    for start, end in ((-1, 1), (0, 5)):
        with pytest.raises(ValueError, match="outside"):
            reader.feed(b"[2,1", start, end)
    reader.feed(b"[2,1", 3, 2)
    assert feed(reader, b'[2,"i","ClearCache",{}]') == CALL
    assert reader.error == 0


def test_after_an_error_only_the_next_message_counts(reader):
    assert feed(reader, b'[2,"i","Reset",{"type":"Now"}]', 4) == CALL
    assert reader.stop_early
    assert feed(reader, b'[2,"j","Reset",{"type":"OnIdle"}]') == CALL
    assert (reader.message_id, reader.error) == (b"j", 0)
    assert reader.unpack(ResetRequest.type, ResetRequest.evseId) == [names.ON_IDLE, None]


def random_messages(seed):
    """Lines for on_vm/wire_outcomes.py: messages that are valid, broken, or damaged."""
    rnd = random.Random(seed)
    make = Maker(rnd)
    ours = [message for message in RECEIVED if ("receive", message) in DECLARED]
    others = [message for message in RECEIVED if message.endswith("Request")]
    for message in ours * 16 + others:
        action, is_request = split_message(message)
        payload = make.payload(message)
        if rnd.random() < 0.5:
            payload = make.broken(payload)
        head = '[2,"x","%s",%s]' if is_request else '[3,"x",%s]'
        values = (action, make.text(payload)) if is_request else (make.text(payload),)
        text = bytearray((head % values).encode())
        if rnd.random() < 0.4:
            for _ in range(rnd.randrange(1, 4)):
                text[rnd.randrange(len(text))] = rnd.choice((rnd.randrange(256), 34, 92, 125, 57))
        pending = "-" if is_request else action
        yield "%s %d %s" % (pending, rnd.choice((1, 5, 64, 512, 10**6)), bytes(text).hex())


def test_the_charger_and_cpython_agree(tmp_path):
    """What hypothesis has tested under CPython holds for the 32-bit build and its objects."""
    script = ROOT / "host_tests" / "on_vm" / "wire_outcomes.py"
    lines = list(random_messages(20250301))
    file = tmp_path / "messages"
    file.write_text("\n".join(lines) + "\n")
    interpreter = [str(BINARY.with_name("micropython")), "-X", "heapsize=4194304"]
    command = [*interpreter, str(script), str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = done.stdout.splitlines()
    assert len(found) == len(lines)
    gen = BUILD / "gen"  # the tables of the charger, for once
    folders = (ROOT / "firmware", gen, ROOT / "host_tests" / "shims")
    environment = {"PYTHONPATH": os.pathsep.join(map(str, folders)), "WIRE_TABLES": str(gen)}
    done = subprocess.run(
        [sys.executable, str(script), str(file)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    for line, on_vm, here in zip(lines, found, done.stdout.splitlines(), strict=True):
        assert on_vm == here, bytes.fromhex(line.split()[2])
    assert sum("b''" in line for line in found) > 100  # enough of them are valid


def test_on_the_vm_a_megabyte_is_refused_or_taken_in_within_a_small_heap(tmp_path):
    script = prepared("wire_reader.py", tmp_path)
    command = [str(BINARY.with_name("micropython")), "-X", "heapsize=20480", str(script)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "passed"
