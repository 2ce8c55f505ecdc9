"""wire/json_writer.py: what it writes is what it was given, and the official schema agrees."""

import datetime
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from messages import DECLARED, Maker, seconds, slots, split_message, valid
from tables import names
from tables.messages import (
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


def written(writer):
    """The message as bytes; its pieces fit the buffer and add up."""
    length = writer.length()
    pieces = [bytes(piece) for piece in writer.chunks()]
    assert sum(map(len, pieces)) == length
    return b"".join(pieces)


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
    writer = MessageWriter(bytearray(size))
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
    writer = MessageWriter(bytearray(64))
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

    writer = MessageWriter(bytearray(size))
    reading = MeterValueType(timestamp=5, sampledValue=Samples())
    values = MeterValuesRequest(evseId=1, meterValue=[reading])
    writer.call(b"1", names.METER_VALUES, values)
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

    writer = MessageWriter(bytearray(100))
    for n in (0, 1, 2, 30):
        records = Records(n)
        response = GetVariablesResponse(getVariableResult=records)
        writer.result(b"x", names.GET_VARIABLES, response)
        found = json.loads(written(writer))[2]
        assert len(found.get("getVariableResult", ())) == n
        assert records.passes == 2


@pytest.mark.parametrize("change", [1, -1, 600, -3])
def test_passes_that_differ_are_a_mismatch_and_nothing_too_much_leaves(change):
    text = bytearray(b"x" * 700)
    writer = MessageWriter(bytearray(256))
    writer.call(b"x", names.DATA_TRANSFER, (b"v", bytes(text), None))
    length = writer.length()
    writer._slots = (b"v", b"x" * (700 + change), None)
    left = 0
    with pytest.raises(WriterMismatch):
        for chunk in writer.chunks():
            left += len(chunk)
    assert left <= length


def test_errors_are_written_with_their_id_or_minus_one():
    writer = MessageWriter(bytearray(64))
    writer.error(b"i", names.FORMAT_VIOLATION, b'at "x"\n\x7f\xc3\xa9')
    assert json.loads(written(writer)) == [4, "i", "FormatViolation", 'at "x"\n\x7fé', {}]
    writer.error(None, names.RPC_FRAMEWORK_ERROR)
    assert written(writer) == b'[4,"-1","RpcFrameworkError","",{}]'


def test_a_name_id_may_stand_for_a_string():
    writer = MessageWriter(bytearray(64))
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
    writer = MessageWriter(bytearray(64))
    with pytest.raises(WriterMismatch):
        writer.call(b"i", names.SIGN_CERTIFICATE, (b"csr",))
    with pytest.raises(ValueError, match="64 bytes"):
        MessageWriter(bytearray(63))


@given(st.integers(-(2**30), 2**31 - 1))
def test_times_are_written_as_the_calendar_has_them(value):
    buffer = bytearray(24)
    assert write_time(buffer, value) == 20
    moment = datetime.datetime(2020, 1, 1) + datetime.timedelta(seconds=value)
    assert buffer[:20].decode() == moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_the_first_pass_goes_in_steps_and_begins_anew_with_each_message():
    writer = MessageWriter(bytearray(64))
    result = GetVariableResultType(
        attributeStatus=names.ACCEPTED,
        attributeValue=b"1",
        component_name=b"C",
        variable_name=b"V",
    )
    response = GetVariablesResponse(getVariableResult=[result] * 20)
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
