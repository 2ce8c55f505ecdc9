"""MessageWriter (native/json_out): what it writes is what it was given, and the schema agrees."""

import datetime
import json
import subprocess
from decimal import Decimal

import pytest
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
from messages import DECLARED, Maker, seconds, slots, split_message, valid
from prepared import prepared
from tables import names
from tables.layout import LAST_NAME
from tables.messages import (
    DataTransferRequest,
    GetVariableResultType,
    GetVariablesResponse,
    MeterValuesRequest,
    MeterValueType,
    SampledValueType,
    TransactionEventRequest,
)
from wire_core import write_time

from hal.errors import WriterMismatch
from wire.message import MessageWriter
from wire.names import name_id

SENT = sorted(message for direction, message in DECLARED if direction == "send")


class Writer(MessageWriter):
    """One with a buffer of `size` bytes."""

    def __init__(self, size):
        self.buffer = bytearray(size)
        super().__init__(self.buffer)

    def length(self):
        while not (length := self.count()):
            pass
        return length

    def chunks(self):
        """The second pass, as link/ does it."""
        left = self.length()
        while left:
            count = self.fill()
            if not count:
                raise WriterMismatch
            assert count <= len(self.buffer)
            yield bytes(self.buffer[:count])
            left -= count


def written(writer):
    """The message as bytes; its pieces add up, and all but the last fill the buffer."""
    pieces = list(writer.chunks())
    assert all(len(piece) == len(writer.buffer) for piece in pieces[:-1])
    assert not writer.fill()
    return b"".join(pieces)


def meter_values(samples):
    reading = MeterValueType(timestamp=5, sampledValue=samples)
    return MeterValuesRequest(evseId=1, meterValue=[reading])


def project(node, value):
    """Of a payload what is declared, as the writer has to write it; date-times as seconds."""
    result = {}
    for name, kind, _, child in node.entries:
        if name not in value:
            continue
        field = value[name]
        if kind == "object":
            field = project(child, field)
        elif kind == "array" and child.entries[0][0]:
            field = [project(child, v) for v in field]
        elif kind == "time":
            field = seconds(field)
        if kind == "any" or field not in ({}, []):
            result[name] = field
    return result


def times_as_seconds(node, value):
    for name, kind, _, child in node.entries:
        if name not in value:
            continue
        if kind == "object":
            times_as_seconds(child, value[name])
        elif kind == "array" and child.entries[0][0]:
            for record in value[name]:
                times_as_seconds(child, record)
        elif kind == "time":
            assert value[name][10] + value[name][19:] == "TZ"
            value[name] = seconds(value[name])


@pytest.mark.parametrize("message", SENT)
@given(
    rnd=st.randoms(use_true_random=False),
    size=st.integers(64, 700),
    message_id=st.text(st.characters(codec="utf-8"), max_size=36),
)
@settings(max_examples=40, deadline=None)
def test_what_is_written_is_valid_and_says_what_it_was_given(message, rnd, size, message_id):
    node = DECLARED["send", message]
    payload = Maker(rnd).payload(message)
    action, is_request = split_message(message)
    given_slots = slots(node, payload)
    if "raw" in given_slots:
        given_slots[given_slots.index("raw")] = json.dumps(payload["data"]).encode()
    while given_slots and given_slots[-1] is None and rnd.random() < 0.8:
        given_slots.pop()  # a shorter tuple is filled up
    writer = Writer(size)
    begin = writer.call if is_request else writer.result
    begin(message_id.encode(), name_id(action.encode()), given_slots)
    found = json.loads(written(writer))
    assert found[:-1] == ([2, message_id, action] if is_request else [3, message_id])
    assert valid(message, found[-1]), found
    times_as_seconds(node, found[-1])
    assert found[-1] == project(node, payload)


def test_a_whole_meter_value():
    sample = SampledValueType(
        value=12340,
        value_decimals=3,
        context=names.SAMPLE_PERIODIC,
        measurand=names.POWER_ACTIVE_IMPORT,
        phase=names.L1,
        unitOfMeasure_unit=b"W",
        unitOfMeasure_multiplier=0,
    )
    event = TransactionEventRequest(
        eventType=names.UPDATED,
        timestamp=5,
        triggerReason=names.TRIGGER,
        seqNo=1,
        offline=False,
        transactionInfo_transactionId=b"tx",
        transactionInfo_chargingState=names.CHARGING,
        evse_id=1,
        evse_connectorId=1,
        meterValue=[MeterValueType(timestamp=5, sampledValue=[sample])],
    )
    writer = Writer(64)
    writer.call(b"1-2", names.TRANSACTION_EVENT, event)
    text = written(writer)
    assert text.startswith(b'[2,"1-2","TransactionEvent",{"eventType":"Updated","timestamp":')
    assert text.endswith(
        b'"evse":{"id":1,"connectorId":1},"meterValue":[{"timestamp":"2020-01-01T00:00:05Z",'
        b'"sampledValue":[{"value":12.34,"context":"Sample.Periodic","measurand":'
        b'"Power.Active.Import","phase":"L1","unitOfMeasure":{"unit":"W","multiplier":0}}]}]}]'
    )


@given(
    pieces=st.lists(st.text(st.characters(codec="utf-8"), max_size=200), max_size=8),
    size=st.integers(64, 300),
    cut=st.integers(1, 50),
)
@settings(max_examples=200, deadline=None)
def test_a_text_in_pieces(pieces, size, cut):
    whole = "".join(pieces).encode()

    def text():
        for at in range(0, len(whole), cut):  # in the middle of characters too
            yield whole[at : at + cut]

    class Samples:
        def __iter__(self):
            yield SampledValueType(
                value=1,
                value_decimals=0,
                signedMeterValue_signedMeterData=text(),
                signedMeterValue_signingMethod=b"method",
                signedMeterValue_encodingMethod=b"",
                signedMeterValue_publicKey=b"key",
            )

    writer = Writer(size)
    writer.call(b"1", names.METER_VALUES, meter_values(Samples()))
    (sample,) = json.loads(written(writer))[3]["meterValue"][0]["sampledValue"]
    assert sample["signedMeterValue"] == {
        "signedMeterData": whole.decode(),
        "signingMethod": "method",
        "encodingMethod": "",
        "publicKey": "key",
    }


def test_arrays_are_iterated_again_in_each_pass_and_empty_ones_left_out():
    class Records:
        def __init__(self, n):
            self.n = n
            self.passes = 0

        def __iter__(self):
            self.passes += 1
            for i in range(self.n):
                yield GetVariableResultType(
                    attributeStatus=names.ACCEPTED,
                    attributeValue=b"%d" % i,
                    component_name=b"C",
                    variable_name=b"V",
                )

    writer = Writer(100)
    for n in (0, 1, 2, 30):
        records = Records(n)
        response = GetVariablesResponse(getVariableResult=records)
        writer.result(b"x", names.GET_VARIABLES, response)
        found = json.loads(written(writer))[2]
        assert len(found.get("getVariableResult", ())) == n
        assert records.passes == (2 if n else 1)


@pytest.mark.parametrize("more", range(-3, 9))
def test_what_fits_into_the_buffer_is_written_once(more):
    passes = []

    class Values:
        def __iter__(self):
            passes.append(1)
            yield SampledValueType(value=1, value_decimals=0)

    writer = Writer(150)
    frame = b'[2,"i","MeterValues",{"evseId":1,"meterValue":[{"timestamp":"2020-01-01T00:00:05Z",'
    frame += b'"sampledValue":[{"value":1}]}]}]'
    # the id is as long as it needs to be
    writer.call(b"i" * (151 - len(frame) + more), names.METER_VALUES, meter_values(Values()))
    text = written(writer)
    assert len(text) == 150 + more
    assert len(passes) == (1 if more <= 0 else 2)
    assert json.loads(text)[3]["meterValue"][0]["sampledValue"] == [{"value": 1}]


@pytest.mark.parametrize("change", [1, -1, 600, -3])
def test_passes_that_differ_are_a_mismatch_and_nothing_too_much_leaves(change):
    slots = [b"v", b"x" * 700, None]
    writer = Writer(256)
    writer.call(b"x", names.DATA_TRANSFER, slots)
    length = writer.length()
    slots[1] = b"x" * (700 + change)
    left = 0
    with pytest.raises(WriterMismatch):
        for chunk in writer.chunks():
            left += len(chunk)
    assert left <= length


@pytest.mark.parametrize("change", [1, 256, -256])
def test_what_has_filled_the_buffers_must_have_ended_there(change):
    slots = [b"v", b"x" * 458, None]
    writer = Writer(256)
    writer.call(b"x", names.DATA_TRANSFER, slots)
    assert writer.length() == 512
    slots[1] = b"x" * (458 + change)
    found = [writer.fill(), writer.fill()]
    assert found == ([256, 0] if change > 0 else [0, 0])


def test_a_text_that_becomes_shorter_while_it_is_sent_is_a_mismatch():
    text = bytearray(b"x" * 700)
    writer = Writer(256)
    writer.call(b"x", names.DATA_TRANSFER, (b"v", text, None))
    assert writer.length() > 700 and writer.fill() == 256
    del text[100:]
    left = 0
    with pytest.raises(WriterMismatch):
        for chunk in writer.chunks():
            left += len(chunk)
    assert left < 256


def test_errors_are_written_with_their_id():
    writer = Writer(64)
    writer.error(b"i", names.FORMAT_VIOLATION, b'at "x"\n\x7f\xc3\xa9')
    assert json.loads(written(writer)) == [4, "i", "FormatViolation", 'at "x"\n\x7fé', {}]
    writer.error(b"-1", names.RPC_FRAMEWORK_ERROR)
    assert written(writer) == b'[4,"-1","RpcFrameworkError","",{}]'


def test_a_name_id_may_stand_for_a_string():
    writer = Writer(64)
    result = GetVariableResultType(
        attributeStatus=names.ACCEPTED,
        attributeValue=b"1",
        component_name=names.RESET,
        variable_name=b"V",
    )
    writer.result(b"i", names.GET_VARIABLES, GetVariablesResponse(getVariableResult=[result]))
    component = json.loads(written(writer))[2]["getVariableResult"][0]["component"]
    assert component == {"name": "Reset"}


def test_what_is_not_declared_is_not_sent():
    writer = Writer(64)
    for action in (names.SIGN_CERTIFICATE, 0, 1, names.ACCEPTED, 65536 + names.HEARTBEAT):
        with pytest.raises(ValueError, match="not declared"):
            writer.call(b"i", action, (b"csr",))
        with pytest.raises(ValueError):  # there is no message
            writer.count()
        assert not writer.fill()
    for code in (0, LAST_NAME + 1, 2**32 - 1):
        writer.error(b"i", code)
        with pytest.raises(ValueError):
            writer.count()
    with pytest.raises(ValueError, match="64 bytes"):
        Writer(63)


@given(st.integers(-(2**30), 2**31 - 1))
def test_times_are_written_as_the_calendar_has_them(value):
    buffer = bytearray(24)
    assert write_time(buffer, value) == 20
    moment = datetime.datetime(2020, 1, 1) + datetime.timedelta(seconds=value)
    assert buffer[:20].decode() == moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_the_first_pass_goes_in_steps_and_begins_anew_with_each_message():
    writer = Writer(64)
    result = GetVariableResultType(
        attributeStatus=names.ACCEPTED,
        attributeValue=b"1",
        component_name=b"C",
        variable_name=b"V",
    )
    response = GetVariablesResponse(getVariableResult=[result] * 60)
    writer.result(b"i", names.GET_VARIABLES, response)
    steps = 1
    while not writer.count():
        steps += 1
    assert steps > 5
    assert len(written(writer)) == writer.length()
    writer.result(b"i", names.GET_VARIABLES, response)
    assert not writer.count()  # and is left there
    writer.error(b"i", names.INTERNAL_ERROR)
    assert json.loads(written(writer)) == [4, "i", "InternalError", "", {}]


class Broken(Exception):
    pass


class Failing:
    """Records that fail after `n`, from the `passes`-th pass on."""

    def __init__(self, n, passes=1):
        self.n = n
        self.passes = passes

    def __iter__(self):
        self.passes -= 1
        for _ in range(self.n):
            yield GetVariableResultType(
                attributeStatus=names.ACCEPTED,
                attributeValue=b"value",
                component_name=b"C",
                variable_name=b"V",
            )
        if self.passes <= 0:
            raise Broken


@pytest.mark.parametrize("n, passes", [(0, 1), (1, 1), (7, 1), (1, 2), (7, 2)])
def test_what_is_raised_in_a_pass_ends_the_message_and_no_other(n, passes):
    writer = Writer(64)
    records = Failing(n, passes)
    writer.result(b"i", names.GET_VARIABLES, GetVariablesResponse(getVariableResult=records))
    if passes == 2:
        writer.length()
    with pytest.raises(Broken):
        list(writer.chunks())
    with pytest.raises(ValueError):
        if writer.count():  # it was known before
            assert not writer.fill()
            raise ValueError
    writer.error(b"i", names.INTERNAL_ERROR)
    assert json.loads(written(writer)) == [4, "i", "InternalError", "", {}]


@pytest.mark.parametrize(
    "slots, error",
    [
        ((b"v", b"m", 3), None),  # a name
        ((b"v", b"m", LAST_NAME + 1), ValueError),
        ((0, b"m"), ValueError),
        ((b"v", True), TypeError),
        ((b"v", 1.5), TypeError),
        ((b"v", b"m", [b"1"]), TypeError),
        (b"vm", TypeError),
        (7, TypeError),
    ],
)
def test_what_can_not_be_written_is_refused(slots, error):
    writer = Writer(64)
    writer.call(b"i", names.DATA_TRANSFER, slots)
    if error is None:
        assert json.loads(written(writer))[3]["data"]
        return
    with pytest.raises(error):
        writer.length()
    with pytest.raises(ValueError):
        writer.length()


@pytest.mark.parametrize(
    "sample, error",
    [
        ((1, 18), None),
        ((1, 19), ValueError),
        ((1, -1), ValueError),
        ((2**31, 0), OverflowError),
        ((-(2**31), 3), None),
        ((b"1", 0), TypeError),
    ],
)
def test_numbers_have_32_bits_and_18_decimals(sample, error):
    writer = Writer(64)
    value, decimals = sample
    sampled = SampledValueType(value=value, value_decimals=decimals)
    writer.call(b"i", names.METER_VALUES, meter_values([sampled]))
    if error:
        with pytest.raises(error):
            writer.length()
        return
    message = json.loads(written(writer), parse_float=Decimal)
    (found,) = message[3]["meterValue"][0]["sampledValue"]
    assert found["value"] == Decimal(value).scaleb(-decimals)


def test_raw_json_in_pieces():
    writer = Writer(100)
    for pieces in ((b'{"a', b'":[1,"\\"', b'"]}'), (piece for piece in (b"[", b"2", b"]"))):
        transfer = DataTransferRequest(vendorId=b"v", messageId=b"", data=pieces)
        writer.call(b"i", names.DATA_TRANSFER, transfer)
        assert json.loads(written(writer))[3]["data"] in ({"a": [1, '"']}, [2])


def test_on_the_vm_a_steady_message_leaves_no_garbage_and_nothing_is_held(tmp_path):
    script = prepared("wire_writer.py", tmp_path)
    command = [str(ROOT / "build" / "unix" / "micropython"), "-X", "heapsize=16384", str(script)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "passed"
