"""The schema walk against jsonschema, on random messages made from the official schemas."""

import json
import shutil
import subprocess
import sys

import pytest
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
from messages import BLOCKS, DECLARED, RECEIVED, SCHEMAS, Maker, slots, split_message, valid
from tables.messages import GetVariableDataType, GetVariablesRequest, HeartbeatResponse
from tables.names import (
    FORMAT_VIOLATION,
    OCCURRENCE_CONSTRAINT_VIOLATION,
    PROPERTY_CONSTRAINT_VIOLATION,
    PROTOCOL_ERROR,
    TYPE_CONSTRAINT_VIOLATION,
)

from wire.message import MessageReader
from wire.names import name, name_id

ARENA = 65535
reader = MessageReader(bytearray(ARENA))


def read(message, payload_text, pieces=(10**9,)):
    """-> name of the error or None."""
    action, is_request = split_message(message)
    reader.pending_id, reader.pending_action = b"x", name_id(action.encode())
    if is_request:
        text = '[2,"x","%s",%s]' % (action, payload_text)
    else:
        text = '[3,"x",%s]' % payload_text
    data = text.encode()
    reader.start()
    at = 0
    for n in (*pieces, len(data)):
        reader.feed(data, at, min(at + n, len(data)))
        at = min(at + n, len(data))
    assert reader.finish() == (2 if is_request else 3)
    return name(reader.error).decode() if reader.error else None


def unpacked():
    def plain(value):
        if isinstance(value, memoryview):  # of a long field
            return bytes(value)
        if not hasattr(value, "__iter__") or isinstance(value, bytes):
            return value
        return [plain(v) if not isinstance(v, list) else [plain(x) for x in v] for v in value]

    return [plain(v) for v in reader.unpack()]


@pytest.mark.parametrize("message", RECEIVED)
@given(rnd=st.randoms(use_true_random=False), pieces=st.lists(st.integers(0, 40), max_size=6))
@settings(max_examples=15, deadline=None)
def test_valid_messages_are_taken_in(message, rnd, pieces):
    make = Maker(rnd)
    payload = make.payload(message)
    assert valid(message, payload)
    assert read(message, make.text(payload), pieces) is None, reader.detail
    node = DECLARED.get(("receive", message))
    expected = slots(node, payload) if node else []
    found = unpacked()
    if "raw" in expected:
        i = expected.index("raw")
        assert json.loads(found[i]) == payload["data"]
        found[i] = "raw"
    assert found == expected


@pytest.mark.parametrize("message", RECEIVED)
@given(rnd=st.randoms(use_true_random=False), pieces=st.lists(st.integers(0, 40), max_size=6))
@settings(max_examples=25, deadline=None)
def test_broken_messages_are_judged_as_jsonschema_does(message, rnd, pieces):
    make = Maker(rnd)
    payload = make.broken(make.payload(message))
    text = make.text(payload)
    taken = read(message, text, pieces) is None
    detail = reader.detail
    if detail.endswith(b": the request is too large"):
        assert len(text.encode()) > ARENA
    else:
        assert taken == valid(message, payload), detail
    assert len(detail) <= 100
    read(message, text)
    assert reader.detail == detail


@given(rnd=st.randoms(use_true_random=False), data=st.data())
@settings(max_examples=400, deadline=None)
def test_damaged_bytes_raise_nothing(rnd, data):
    make = Maker(rnd)
    message = rnd.choice(RECEIVED)
    action, _ = split_message(message)
    text = bytearray(('[2,"x","%s",%s]' % (action, make.text(make.payload(message)))).encode())
    for _ in range(rnd.randrange(1, 5)):
        i = rnd.randrange(len(text))
        change = rnd.randrange(3)
        if change == 0:
            text[i] ^= 1 << rnd.randrange(8)
        elif change == 1:
            del text[i : i + rnd.randrange(1, 30)]
        else:
            text[i:i] = rnd.choice((b'"', b"}", b"]", b"{", b"[", b"\\", b",", b"\xf0", b"9" * 40))
        if not text:
            break
    small = MessageReader(bytearray(512))
    outcomes = []
    for step in (len(text) or 1, 1, 7):
        small.start()
        for i in range(0, len(text), step):
            small.feed(text, i, min(i + step, len(text)))
        kind = small.finish()
        outcomes.append((kind, small.error, small.detail, small.message_id, small.bad_utf8))
        small.unpack()
    assert outcomes[0] == outcomes[1] == outcomes[2]


PERIOD = {"startPeriod": 0, "limit": 16.0}
ENTRY = {"relativeTimeInterval": {"start": 0}, "ePriceLevel": -1}
SCHEDULE = {
    "id": 1,
    "chargingRateUnit": "A",
    "chargingSchedulePeriod": [PERIOD],
    "salesTariff": {"id": 1, "salesTariffEntry": [ENTRY]},
}
PRICED = {
    "evseId": 1,
    "chargingProfile": {
        "id": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxProfile",
        "chargingProfileKind": "Relative",
        "chargingSchedule": [SCHEDULE],
    },
}
ONE = {"component": {"name": "C"}, "variable": {"name": "V"}}


@pytest.mark.parametrize(
    ("message", "payload", "error", "detail"),
    [
        ("ResetRequest", {}, OCCURRENCE_CONSTRAINT_VIOLATION, b"type: missing"),
        ("ResetRequest", {"type": 1}, TYPE_CONSTRAINT_VIOLATION, b"type: wrong type"),
        ("ResetRequest", {"type": None}, TYPE_CONSTRAINT_VIOLATION, b"type: wrong type"),
        ("ResetRequest", {"type": {}}, TYPE_CONSTRAINT_VIOLATION, b"type: wrong type"),
        (
            "ResetRequest",
            {"type": "Now"},
            PROPERTY_CONSTRAINT_VIOLATION,
            b"type: not one of its values",
        ),
        ("ResetRequest", {"type": "OnIdle", "a": 1}, FORMAT_VIOLATION, b"a: unknown field"),
        ("ResetRequest", [], PROTOCOL_ERROR, b"the payload is no object"),
        ("ResetRequest", "x", PROTOCOL_ERROR, b"the payload is no object"),
        ("ResetRequest", None, PROTOCOL_ERROR, b"the payload is no object"),
        (
            "GetVariablesRequest",
            {"getVariableData": []},
            OCCURRENCE_CONSTRAINT_VIOLATION,
            b"getVariableData[0]: has no element",
        ),
        (
            "GetVariablesRequest",
            {"getVariableData": [ONE, ONE, {"component": {"name": "x" * 51}}]},
            PROPERTY_CONSTRAINT_VIOLATION,
            b"getVariableData[2].component.name: too long",
        ),
        (
            "GetVariablesRequest",
            {"getVariableData": [{"component": {"name": "C"}}]},
            OCCURRENCE_CONSTRAINT_VIOLATION,
            b"getVariableData[0].variable: missing",
        ),
        (
            "GetVariablesRequest",
            {"getVariableData": [ONE, 1]},
            TYPE_CONSTRAINT_VIOLATION,
            b"getVariableData[1]: wrong type",
        ),
        (
            "CertificateSignedRequest",
            {"certificateChain": "x" * 10001},
            PROPERTY_CONSTRAINT_VIOLATION,
            b"certificateChain: too long",
        ),
        (
            "ResetRequest",
            {"type": "OnIdle", "customData": {"a": 1}},
            OCCURRENCE_CONSTRAINT_VIOLATION,
            b"customData.vendorId: missing",
        ),
        (
            "GetReportRequest",
            {"requestId": 1, "componentCriteria": ["Active"] * 5},
            OCCURRENCE_CONSTRAINT_VIOLATION,
            b"componentCriteria[4]: has too many elements",
        ),
        (
            "SetChargingProfileRequest",
            PRICED,
            PROPERTY_CONSTRAINT_VIOLATION,
            b"...Schedule[0].salesTariff.salesTariffEntry[0].ePriceLevel: out of range",
        ),
    ],
    ids=lambda v: v.decode() if isinstance(v, bytes) else None,
)
def test_each_violation_has_its_code_and_place(message, payload, error, detail):
    assert not valid(message, payload)
    assert read(message, json.dumps(payload)) == name(error).decode()
    found = reader.detail
    assert found == detail or (detail[:3] == b"..." and found.endswith(detail[3:]))


@pytest.mark.parametrize(
    "text",
    [
        '{"type":"OnIdle","type":"OnIdle"}',
        '{"type":"OnIdle","customData":{"vendorId":"v"},"customData":{"vendorId":"v"}}',
        '{"type":"OnIdle","evseId":1,"\\u0065vseId":1}',
    ],
)
def test_a_field_given_twice_is_a_format_violation(text):
    """A deviation from jsonschema, which sees only the last one."""
    assert read("ResetRequest", text) == "FormatViolation"
    assert reader.detail.endswith(b": given twice")


def test_custom_data_is_free_but_for_its_vendor():
    text = '{"type":"OnIdle","customData":{"a":[1,{"vendorId":2}],"vendorId":"v","a":null}}'
    assert read("ResetRequest", text) is None
    assert read("ResetRequest", text.replace('"v"', "5")) == "TypeConstraintViolation"


def test_lengths_are_characters_not_bytes():
    ok = {"getVariableData": [{"component": {"name": "😀" * 50}, "variable": {"name": "é" * 50}}]}
    for ascii_only in (True, False):
        assert read("GetVariablesRequest", json.dumps(ok, ensure_ascii=ascii_only)) is None
        text = json.dumps(ok, ensure_ascii=ascii_only)
        long = json.loads(text)
        long["getVariableData"][0]["variable"]["name"] = "é" * 51
        text = json.dumps(long, ensure_ascii=ascii_only)
        assert read("GetVariablesRequest", text) == "PropertyConstraintViolation"


def test_each_and_count_walk_the_arrays():
    payload = {"getVariableData": [ONE, {**ONE, "attributeType": "Target"}]}
    assert read("GetVariablesRequest", json.dumps(payload)) is None
    records = reader.each(GetVariablesRequest.getVariableData)
    first = next(records)
    assert first[GetVariableDataType.component_name] == b"C"
    assert next(records) is first  # one list for all
    assert first[GetVariableDataType.attributeType] == name_id(b"Target")
    assert reader.count(GetVariablesRequest.getVariableData) == 2
    assert [reader.count(slot) for slot in (-1, 1, 8, 33, 2**16)] == [0] * 5
    assert read("HeartbeatResponse", '{"currentTime":"2024-01-01T00:00:00Z"}') is None
    assert list(reader.each(HeartbeatResponse.currentTime)) == []  # no array


def test_names_have_numbers_and_back():
    for message in ("Reset", "status", "Energy.Active.Import.Register", "FormatViolation"):
        number = name_id(message.encode())
        assert number
        assert name(number) == message.encode()
    for unknown in (b"", b"a", b"~~~", b"Rese", b"Resets", b"statu", b"statuses"):
        assert name_id(unknown) == 0
    wanted = SCHEMAS.properties | SCHEMAS.values | set(SCHEMAS.actions)
    assert all(name(name_id(n.encode())) == n.encode() for n in wanted)


def compile_tables(tmp_path, *options, **texts):
    """Runs the compiler on blocks of these names, and with these [messages]."""
    for block, text in texts.items():
        (tmp_path / "blocks" / block).mkdir(parents=True)
        (tmp_path / "blocks" / block / "block.txt").write_text("[messages]\n" + text)
    command = [sys.executable, str(ROOT / "tools" / "schema" / "compile.py")]
    command += ["--blocks", str(tmp_path / "blocks"), "--out", str(tmp_path / "out"), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("receive ResetRequest: typ", "typ: no such field; there are evseId type"),
        ("receive ResetRequest: type type", "declared twice"),
        ("receive ResetRequest: type{a}", "type is a enum: it has no fields"),
        ("receive ResetRequest type", "expected `receive Message: ...`"),
        ("get ResetRequest: type", "expected `receive Message: ...`"),
        ("receive Reset: type", "no message Reset in OCPP 2.0.1"),
        ("send ResetRequest: type", "a station does not send ResetRequest"),
        ("receive ResetResponse: status", "a station does not receive ResetResponse"),
        ("send ResetResponse: statusInfo{reasonCode}", "status is required by the schema"),
        ("send ResetResponse: status statusInfo{additionalInfo}", "statusInfo.reasonCode is"),
        ("send ResetResponse: status statusInfo", "statusInfo is an object: name its fields"),
        ("receive GetVariablesRequest: getVariableData", "getVariableData is an array"),
        ("receive DataTransferRequest: data", "expected :raw, found the end"),
        ("receive ResetRequest: type }", "expected a name, found }"),
        ("receive ResetRequest: type !", "unexpected '!'"),
        ("receive GetVariablesRequest: getVariableData[component{name]", "expected a name"),
    ],
)
def test_the_compiler_says_where_a_declaration_is_wrong(tmp_path, line, why):
    right = "send HeartbeatRequest:\n"
    done = compile_tables(tmp_path, a=right, b="# comment\n\n" + line + "\n[variables]\nx\n")
    assert done.returncode == 1
    assert f"schema compiler: {tmp_path}/blocks/b/block.txt:4: " in done.stderr
    assert why in done.stderr


def test_a_message_belongs_to_one_block(tmp_path):
    ours = "receive DataTransferRequest: vendorId\nsend DataTransferResponse: status\n"
    sent = "\nsend DataTransferRequest: vendorId\nreceive DataTransferResponse: status\n"
    assert compile_tables(tmp_path / "right", a=ours, b=sent).returncode == 0
    for blocks in ({"a": ours, "b": sent + ours}, {"a": ours + "\n" + ours}):
        folder = tmp_path / "".join(blocks)
        done = compile_tables(folder, **blocks)
        assert done.returncode == 1
        assert f"{folder}/blocks/{max(blocks)}/block.txt:5: DataTransferRequest" in done.stderr
        assert f"declared twice; it is at {folder}/blocks/a/block.txt:2 already" in done.stderr


def test_a_field_of_an_object_may_be_named_with_a_dot(tmp_path):
    outputs = []
    answer = "send TriggerMessageResponse: status\n"
    for text in ("evse.id", "evse{id}"):
        declared = f"receive TriggerMessageRequest: {text}\n{answer}"
        done = compile_tables(tmp_path / text, a=declared)
        assert done.returncode == 0, done.stderr
        outputs.append((tmp_path / text / "out" / "schema.inc").read_bytes())
    assert outputs[0] == outputs[1]


def test_a_block_that_is_wrong_is_told_as_such(tmp_path):
    done = compile_tables(tmp_path, a="[message]\n")
    assert f"{tmp_path}/blocks/a/block.txt:2: unknown section [message]" in done.stderr
    assert done.returncode == 1
    done = compile_tables(tmp_path / "nothing")
    assert "schema compiler: " in done.stderr and "nothing/blocks" in done.stderr


def test_the_compiler_is_deterministic_and_within_its_limit(tmp_path):
    outputs = []
    for part in ("a", "b"):
        folder = tmp_path / part
        shutil.copytree(BLOCKS, folder / "blocks")
        done = compile_tables(folder, one_more="\nnames Xylophone\n")
        assert done.returncode == 0, done.stderr
        total = int(done.stdout.split("schema tables: ")[1].split()[0])
        assert 4000 < total <= 16000
        files = sorted((folder / "out").iterdir())
        # messages.py names the declarations by their paths
        outputs.append([(p.name, p.read_bytes().replace(bytes(folder), b"")) for p in files])
    assert outputs[0] == outputs[1]
    assert b"XYLOPHONE = " in dict(outputs[0])["names.py"]


RESET = "receive ResetRequest: type\nsend ResetResponse: status\n"


def numbers(folder, file="names.py"):
    lines = (folder / "out" / file).read_text().splitlines()
    pairs = (line.split(" = ") for line in lines if " = " in line)
    return {name: int(number) for name, number in pairs}


def test_of_messages_only_those_that_are_declared_are_there(tmp_path):
    done = compile_tables(tmp_path, a=RESET)
    assert done.returncode == 0, done.stderr
    found = numbers(tmp_path)
    layout = numbers(tmp_path, "layout.py")
    assert [n for n in found.values() if layout["FIRST_ACTION"] <= n < layout["FIRST_OTHER"]] == [
        found["RESET"]
    ]
    assert found.keys() >= {"EVSE_ID", "TYPE", "IMMEDIATE"}, "of what is received all is checked"
    assert found.keys() >= {"STATUS", "SCHEDULED", "CUSTOM_DATA", "VENDOR_ID", "NOT_IMPLEMENTED"}
    assert "STATUS_INFO" not in found, "of what is sent only what is declared"
    assert found.keys().isdisjoint({"CLEAR_CACHE", "HEARTBEAT", "ISO14443"})


def test_names_that_sources_import_are_there(tmp_path):
    sources = tmp_path / "sources"
    for file, text in {
        "a.py": "def f():\n    from tables.names import ISO14443, CLEAR_CACHE, NO_SUCH_NAME\n",
        "b.c": "int x = NAME_VOLTAGE;\n",
        "blocks/a/code.py": "from tables.names import STATUS_FIELD, L1_N\n",
        "blocks/gone/code.py": "from tables.names import L2_N\n",
        "wrong.py": "def f(:\n",
    }.items():
        (sources / file).parent.mkdir(parents=True, exist_ok=True)
        (sources / file).write_text(text)
    (sources / "blocks/a/block.txt").write_text(f"[messages]\n{RESET}")
    command = [sys.executable, ROOT / "tools" / "schema" / "compile.py", "--sources", sources]
    command += ["--blocks", sources / "blocks", "--out", tmp_path / "out"]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert done.returncode == 1, "gone/ has code and declares nothing"
    (sources / "blocks/gone/code.py").rename(sources / "blocks/code.py")
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = numbers(tmp_path)
    assert found.keys() >= {"ISO14443", "VOLTAGE", "L1_N", "L2_N"}
    assert "NO_SUCH_NAME" not in found and "STATUS_FIELD" not in found
    first_other = numbers(tmp_path, "layout.py")["FIRST_OTHER"]
    assert found["CLEAR_CACHE"] >= first_other, "a name, and no message"


def test_a_constant_is_the_same_whatever_else_is_there(tmp_path):
    few, all_ = tmp_path / "few", tmp_path / "all"
    assert compile_tables(few, a=RESET).returncode == 0
    assert compile_tables(all_, "--complete", a=RESET).returncode == 0
    assert numbers(few).keys() < numbers(all_).keys()
    layout = numbers(all_, "layout.py")
    assert layout["FIRST_OTHER"] - layout["FIRST_ACTION"] == len(SCHEMAS.actions)


@pytest.mark.parametrize(
    ("line", "missing"),
    [
        ("receive ResetRequest: type", "send ResetResponse"),
        ("send ResetResponse: status", "receive ResetRequest"),
        ("send HeartbeatRequest:", "receive HeartbeatResponse"),
    ],
)
def test_a_request_has_its_response(tmp_path, line, missing):
    done = compile_tables(tmp_path, a=line + "\n")
    assert done.returncode == 1
    said = " ".join(line.split(":")[0].split())
    told = f"a/block.txt:2: {said}, but nobody declares {missing}; add it"
    assert told in done.stderr
