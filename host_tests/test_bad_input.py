"""What a CSMS or a stranger may send: each is answered by the book, and charging goes on.

Error codes: Part 4, 4.3. Where it leaves a choice (a field that is missing, say), each of the
fitting codes is taken.
"""

import json

import pytest
from rig import CARD
from scripted_csms import STALL, CallError
from sessions import charge, read, still_charging, value

from tools.csms.conversation import FROM_STATION

_GET = {"component": {"name": "OCPPCommCtrlr"}, "variable": {"name": "OfflineThreshold"}}
_SET = {**_GET, "attributeValue": "9"}
_LONG = "x" * 3000
_TYPE = {"TypeConstraintViolation"}
_VALUE = {"PropertyConstraintViolation"}
_LENGTH = {"PropertyConstraintViolation", "TypeConstraintViolation", "FormatViolation"}
_COUNT = {"OccurrenceConstraintViolation", "ProtocolError"}
_EXTRA = {
    "FormatViolation",
    "ProtocolError",
    "OccurrenceConstraintViolation",
    "PropertyConstraintViolation",
}
_RPC = {"RpcFrameworkError", "FormatViolation", "ProtocolError"}


def _call(action, payload, message_id="bad-1"):
    return json.dumps([2, message_id, action, payload], ensure_ascii=False)


_PAYLOADS = [
    ("string instead of array", "GetVariables", {"getVariableData": "x"}, _TYPE),
    ("number instead of object", "GetVariables", {"getVariableData": [7]}, _TYPE),
    ("number instead of string", "RequestStopTransaction", {"transactionId": 5}, _TYPE),
    ("string instead of number", "Reset", {"type": "OnIdle", "evseId": "1"}, _TYPE),
    ("fraction instead of integer", "Reset", {"type": "OnIdle", "evseId": 1.5}, _TYPE | _VALUE),
    ("null instead of string", "RequestStopTransaction", {"transactionId": None}, _TYPE),
    ("boolean instead of enum", "Reset", {"type": True}, _TYPE),
    ("unknown enum value", "Reset", {"type": "Sometimes"}, _VALUE),
    ("field missing", "Reset", {"evseId": 1}, _COUNT),
    ("all fields missing", "GetVariables", {}, _COUNT),
    (
        "nested field missing",
        "GetVariables",
        {"getVariableData": [{"component": {"name": "A"}}]},
        _COUNT,
    ),
    ("unknown field", "Reset", {"type": "OnIdle", "why": 1}, _EXTRA),
    ("unknown nested field", "GetVariables", {"getVariableData": [{**_GET, "x": 1}]}, _EXTRA),
    ("over-long string", "RequestStopTransaction", {"transactionId": _LONG}, _LENGTH),
    ("too few elements", "GetVariables", {"getVariableData": []}, _COUNT),
    ("payload is an array", "Reset", [], _TYPE | {"FormatViolation", "ProtocolError"}),
    ("payload is null", "Reset", None, _TYPE | {"FormatViolation", "ProtocolError"}),
    ("customData without vendorId", "Reset", {"type": "OnIdle", "customData": {}}, _COUNT),
    ("unknown action", "MakeCoffee", {}, {"NotImplemented"}),
    ("action of the station", "BootNotification", {}, {"NotImplemented"}),
    ("action that no block receives", "ClearDisplayMessage", {"id": 1}, {"NotImplemented"}),
    ("... and is not looked at", "ClearDisplayMessage", {"no": ["field"]}, {"NotImplemented"}),
]


@pytest.mark.parametrize(
    "action, payload, codes", [pytest.param(*p[1:], id=p[0]) for p in _PAYLOADS]
)
async def test_bad_payload(rig, action, payload, codes):
    csms, station = await rig.booted()
    transaction = await charge(rig, csms, station)
    await csms.send(_call(action, payload))
    with pytest.raises(CallError) as refused:
        await csms.reply_to("bad-1")
    assert refused.value.code in codes
    await _works(rig, csms, station, transaction)


_FRAMES = [
    ("no JSON", "hello", {"-1"}, _RPC),
    ("nothing", "", {"-1"}, _RPC),
    ("cut off", '[2,"bad-1","Reset",{"type":"Imm', {"-1", "bad-1"}, _RPC),
    ("object", '{"a":1}', {"-1"}, _RPC),
    ("number", "42", {"-1"}, _RPC),
    ("empty array", "[]", {"-1"}, _RPC | {"MessageTypeNotSupported"}),
    ("type only", "[2]", {"-1"}, _RPC),
    ("id is a number", '[2,5,"Reset",{"type":"Immediate"}]', {"-1"}, _RPC | _TYPE),
    ("id is too long", f'[2,"{"i" * 37}","Reset",{{"type":"Immediate"}}]', None, _RPC | _LENGTH),
    ("no payload", '[2,"bad-1","Reset"]', {"-1", "bad-1"}, _RPC | _COUNT),
    ("action is a number", '[2,"bad-1",7,{}]', {"-1", "bad-1"}, _RPC | _TYPE),
    ("too many elements", '[2,"bad-1","Reset",{"type":"Immediate"},1]', {"-1", "bad-1"}, _RPC),
    ("unknown type", '[9,"bad-1","Reset",{}]', {"bad-1", "-1"}, {"MessageTypeNotSupported"}),
    (
        "type is a string",
        '["2","bad-1","Reset",{}]',
        {"bad-1", "-1"},
        _RPC | {"MessageTypeNotSupported"},
    ),
    ("garbage before", 'x[2,"bad-1","Reset",{"type":"Immediate"}]', {"-1"}, _RPC),
    ("garbage after", '[2,"bad-1","Reset",{"type":"Immediate"}]x', {"-1", "bad-1"}, _RPC),
    ("two messages", '[2,"bad-1","Reset",{"type":"Immediate"}][]', {"-1", "bad-1"}, _RPC),
    ("trailing comma", '[2,"bad-1","Reset",{"type":"Immediate",}]', {"-1", "bad-1"}, _RPC),
    ("single quotes", "[2,'bad-1','Reset',{}]", {"-1"}, _RPC),
    ("leading zero", '[2,"bad-1","Reset",{"type":"OnIdle","evseId":01}]', {"-1", "bad-1"}, _RPC),
    ("NaN", '[2,"bad-1","Reset",{"type":"OnIdle","evseId":NaN}]', {"-1", "bad-1"}, _RPC),
    ("control character", '[2,"bad-1","Reset",{"type":"On\nIdle"}]', {"-1", "bad-1"}, _RPC),
    ("lone escape", '[2,"bad-1","Reset",{"type":"On\\qIdle"}]', {"-1", "bad-1"}, _RPC),
    ("deep", "[" * 50_000, {"-1"}, _RPC),
    ("deep payload", '[2,"bad-1","DataTransfer",{"vendorId":"v","data":' + "[" * 5000, None, _RPC),
]


@pytest.mark.parametrize("text, ids, codes", [pytest.param(*f[1:], id=f[0]) for f in _FRAMES])
async def test_bad_frame(rig, text, ids, codes):
    csms, station = await rig.booted()
    transaction = await charge(rig, csms, station)
    before = len(csms.conversation.messages)
    await csms.send(text)

    def answered():
        return next((m for m in csms.conversation.messages[before:] if m.code), None)

    error = await csms.until(answered, "CALLERROR")
    assert error.code in codes
    assert ids is None or error.id in ids
    await csms.never("BootNotification", 0.05)  # nothing took effect
    await _works(rig, csms, station, transaction)


async def _works(rig, csms, station, transaction):
    """The station still charges, answers and ends its transaction in order."""
    await still_charging(station, transaction)
    assert await value(csms, "OCPPCommCtrlr.OfflineThreshold") == "60"
    await station.swipe(CARD, evse=1)
    await csms.until(lambda: csms.ledger.transactions[transaction].ended, "Ended")
    await rig.quiet(csms)


async def test_nothing_of_a_bad_request_takes_effect(rig):
    # DESIGN.md: not before the whole message has been found valid
    csms, _ = await rig.booted()
    before = await value(csms, "OCPPCommCtrlr.OfflineThreshold")
    with pytest.raises(CallError):
        await csms.call(
            "SetVariables", {"setVariableData": [_SET, {**_SET, "attributeType": "x"}]}
        )
    assert await value(csms, "OCPPCommCtrlr.OfflineThreshold") == before


async def test_over_long_array(rig):
    # B06.FR.16
    csms, _ = await rig.booted()
    with pytest.raises(CallError) as refused:
        await csms.call("GetVariables", {"getVariableData": [_GET] * 500})
    assert refused.value.code == "OccurrenceConstraintViolation"
    assert await value(csms, "OCPPCommCtrlr.OfflineThreshold") == "60"


@pytest.mark.parametrize(
    "text",
    ['[3,"nobody",{}]', '[4,"nobody","GenericError","",{}]', '[3,"",{}]', '[3,"nobody",[]]'],
)
async def test_answers_to_nothing_are_ignored(rig, text):
    csms, station = await rig.booted()
    transaction = await charge(rig, csms, station)
    before = len(csms.conversation.messages)
    await csms.send(text)
    await rig.quiet(csms)
    assert len(csms.conversation.messages) == before + 1
    await _works(rig, csms, station, transaction)


async def test_repeated_id(rig):
    # each is answered, and the answers carry its id
    csms, _ = await rig.booted()
    text = _call("GetVariables", {"getVariableData": [_GET]}, "same")
    for _ in range(2):
        await csms.send(text)
        answer = await csms.reply_to("same")
        assert answer["getVariableResult"][0]["attributeStatus"] == "Accepted"


async def test_second_call_before_the_first_is_answered(rig):
    csms, _ = await rig.booted()
    for message_id in ("a", "b", "c"):
        await csms.send(_call("GetVariables", {"getVariableData": [_GET]}, message_id))
    for message_id in ("a", "b", "c"):
        assert await csms.reply_to(message_id)


async def test_strange_but_right_json(rig):
    csms, _ = await rig.booted()
    text = (
        ' \r\n[ 2 ,\t"odd\\u002d1" , "Get\\u0056ariables" , { "getVariableData" : [ { "variable" :'
        ' { "name" : "OfflineThreshold" } , "component" : { "name" : "\\u004fCPPCommCtrlr" } } ]'
        " } ] \n"
    )
    await csms.send(text)
    answer = await csms.reply_to("odd-1")
    assert answer["getVariableResult"][0]["attributeValue"] == "60"


# "seen": the station knows which CALL it answers; else it may wait for its time-out
_BAD_ANSWERS = [
    pytest.param('[3,"$ID",{"idTokenInfo":7}]', True, id="wrong type"),
    pytest.param('[3,"$ID",{}]', True, id="empty"),
    pytest.param('[3,"$ID",{"idTokenInfo":{"status":"Perhaps"}}]', True, id="unknown enum value"),
    pytest.param('[4,"$ID","InternalError","no database",{}]', True, id="error"),
    pytest.param('[4,"$ID","Gremlins","",{}]', True, id="unknown error code"),
    pytest.param('[4,"$ID"]', False, id="short error"),
    pytest.param('[3,"$ID",{"idTokenInfo"', False, id="no JSON"),
]


@pytest.mark.parametrize("text, seen", _BAD_ANSWERS)
async def test_bad_answer_to_authorize(rig, text, seen):
    # no energy for a token that nobody has vouched for; afterwards it works
    csms, station = await rig.booted()
    csms.answer_next("Authorize", text)
    await station.plug()
    await station.swipe(CARD, evse=1)
    await csms.expect("Authorize")
    if not seen:
        (call,) = csms.conversation.open_calls(FROM_STATION)
        csms.conversation.give_up(FROM_STATION, call.id)
        await station.pass_time(35)
    await station.ev("C")
    await rig.quiet(csms)
    assert not (await station.state(1))["relay"]
    await station.swipe(CARD, evse=1)
    await station.until_relay(True)


async def test_bad_answers_to_events_lose_nothing(rig):
    # E13: what was answered badly was answered; seqNo goes on
    csms, station = await rig.booted()
    csms.answer("TransactionEvent", '[3,"$ID",{"totalCost":"free"}]')
    await station.plug()
    await station.swipe(CARD, evse=1)
    await csms.expect_event(eventType="Started")
    csms.default("TransactionEvent")
    await station.clock(61)
    await station.ev("C")
    await station.until_relay(True)
    await csms.expect(
        "TransactionEvent", where=lambda e: e["transactionInfo"].get("chargingState") == "Charging"
    )


async def test_message_that_is_never_answered(rig):
    # Part 4, 4.1.4: after the time-out the next CALL goes out
    csms, station = await rig.booted()
    csms.answer_next("StatusNotification", STALL)
    await station.plug()
    await csms.expect("StatusNotification")
    (result,) = await read(csms, "OCPPCommCtrlr.OfflineThreshold")
    assert result["attributeStatus"] == "Accepted"
    await station.swipe(CARD, evse=1)
    await csms.never("Authorize", 0.2)  # one CALL at a time
    await station.pass_time(35)
    await csms.expect("Authorize")
