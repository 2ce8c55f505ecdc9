"""DESIGN.md, 4: no allocation in proportion to a message, not even a field of one.

Two cars charge, and no allocation of over 256 bytes succeeds (boards/unix/pieces.c): the rig fails
a test in which one was as much as tried. Each kind of field comes in its greatest length.
"""

import asyncio
import json
import random

import pytest
from messages import RECEIVED, Maker
from rig import CARD, GROUP_CARD
from scripted_csms import CallError
from sessions import charge, read, still_charging, value, write

from tools.csms.arguments import variable
from tools.csms.control import ControlError

_WIDE = "€"  # three bytes
_NAMES = {"component": {"name": "Nowhere"}, "variable": {"name": "Nothing"}}
_SMALL_CUSTOM = {"customData": {"vendorId": "v", "text": "x" * 500}}
_CUSTOM = {
    "customData": {"vendorId": "v" * 255, "text": _WIDE * 1500, "deep": [[[{"x": "y" * 500}]]]}
}


async def _charging(rig, **options):
    """(csms, station, transactions) with a car that charges at each of two EVSEs."""
    csms, station = await rig.booted(**options)
    first = await charge(rig, csms, station, 1, CARD)
    second = await charge(rig, csms, station, 2, GROUP_CARD)
    return csms, station, (first, second)


async def _call(csms, action, payload):
    """As csms.call(), in UTF-8 without escapes."""
    await csms.send(json.dumps([2, "wide-1", action, payload], ensure_ascii=False))
    return await csms.reply_to("wide-1")


async def _goes_on(rig, csms, station, transactions):
    """Nothing was lost: one boot, one connection, both charge and end in order."""
    for evse, transaction in enumerate(transactions, 1):
        await still_charging(station, transaction, evse)
        await station.ev("B", evse=evse)
        await station.unplug(evse)
        await csms.until(lambda t=transaction: csms.ledger.transactions[t].ended, "Ended")
    assert len(csms.calls("BootNotification")) == 1 and not csms.closes
    await rig.quiet(csms)


@pytest.mark.parametrize("length", [0, 99, 100, 101, 255, 1500, 3900, 20_000])
async def test_a_callerror_of_any_length_settles_its_call(rig, length):
    csms, station, transactions = await _charging(rig)
    before = len(csms.calls("TransactionEvent"))
    csms.answer_next("TransactionEvent", CallError("GenericError", "x" * length))
    await station.clock(61)  # samples of both
    await csms.call("TriggerMessage", {"requestedMessage": "Heartbeat"})
    await csms.expect("Heartbeat")
    await station.clock(61)  # MessageAttemptInterval
    await rig.quiet(csms)
    events = csms.calls("TransactionEvent")[before:]
    assert events[0] == events[1] and len(events) >= 4
    line = await station.logged("TransactionEvent was answered with an error")
    assert len(line) < 250
    await _goes_on(rig, csms, station, transactions)


@pytest.mark.parametrize("part", ["code", "details"])
async def test_a_callerror_with_other_long_parts(rig, part):
    csms, station, transactions = await _charging(rig)
    code = "x" * 3000 if part == "code" else "GenericError"
    details = {"a": _WIDE * 3000} if part == "details" else {}
    csms.answer_next("TransactionEvent", json.dumps([4, "$ID", code, _WIDE * 400, details]))
    for _ in range(2):  # MessageAttemptInterval
        await station.clock(61)
        await rig.quiet(csms)
    await _goes_on(rig, csms, station, transactions)


@pytest.mark.parametrize("char", ["x", _WIDE, "\U0001f697", '"', "1", ","])
async def test_set_variables_of_the_longest_value(rig, char):
    # B05: 1,000 characters
    csms, station, transactions = await _charging(rig)
    names = {
        "Nowhere.Nothing": "UnknownComponent",
        "OCPPCommCtrlr.OfflineThreshold": "Rejected",
        "SampledDataCtrlr.TxUpdatedMeasurands": "Rejected",
        "AuthCtrlr.Enabled": "Rejected",
        "TxCtrlr.TxStartPoint": "Rejected",
        "SecurityCtrlr.OrganizationName": "Rejected",
        "AuthCacheCtrlr.Policy": "Rejected",
        "ClockCtrlr.DateTime": "Rejected",
    }
    for name, status in names.items():
        text = char * min(1000, 3600 // len(char.encode()))
        item = {**variable(name), "attributeValue": text}
        answer = await _call(csms, "SetVariables", {"setVariableData": [item]})
        assert answer["setVariableResult"][0]["attributeStatus"] == status, name
    assert await value(csms, "SecurityCtrlr.OrganizationName") == "Pilotwire"
    await _goes_on(rig, csms, station, transactions)


async def test_variables_of_the_longest_names(rig):
    # echoed as they came, B05.FR.02, B06.FR.02
    csms, station, transactions = await _charging(rig)
    long = "\U0001f697" * 50
    item = {
        "component": {"name": long, "instance": long, "evse": {"id": 2, "connectorId": 1}},
        "variable": {"name": long, "instance": long},
    }
    answer = await _call(csms, "GetVariables", {"getVariableData": [item | _SMALL_CUSTOM]})
    (result,) = answer["getVariableResult"]
    assert result["component"] == item["component"] and result["variable"] == item["variable"]
    answer = await _call(
        csms, "SetVariables", {"setVariableData": [{**item, "attributeValue": _WIDE * 600}]}
    )
    (result,) = answer["setVariableResult"]
    assert result["component"] == item["component"] and result["variable"] == item["variable"]
    report = {"requestId": 1, "componentVariable": [item] * 3}
    assert (await _call(csms, "GetReport", report))["status"] == "EmptyResultSet"
    await _goes_on(rig, csms, station, transactions)


async def test_as_many_items_as_are_taken(rig):
    csms, station, transactions = await _charging(rig)
    live = ["ClockCtrlr.DateTime"] * 20
    results = await read(csms, *live)
    assert all(result["attributeStatus"] == "Accepted" for result in results)
    settings = [("OCPPCommCtrlr.OfflineThreshold", n) for n in range(100, 120)]
    results = await write(csms, *settings)
    assert all(result["attributeStatus"] == "Accepted" for result in results)
    items = [_NAMES] * 19 + [{"component": {"name": "TxCtrlr"}}]
    report = {"requestId": 1, "componentVariable": items}
    assert (await csms.call("GetReport", report))["status"] == "Accepted"
    await csms.expect("NotifyReport")
    await rig.quiet(csms)
    await _goes_on(rig, csms, station, transactions)


async def test_stored_values_of_a_kilobyte(rig):
    # as much as is kept together, in 24 pieces of storage and RAM
    csms, station, transactions = await _charging(rig)
    measurands = "Energy.Active.Import.Register,Power.Active.Import,Current.Import,Voltage"
    values = {
        "SampledDataCtrlr.TxUpdatedMeasurands": measurands,
        "SampledDataCtrlr.TxStartedMeasurands": measurands,
        "SampledDataCtrlr.TxEndedMeasurands": measurands,
        "AlignedDataCtrlr.Measurands": measurands,
        "AlignedDataCtrlr.TxEndedMeasurands": measurands,
        "SecurityCtrlr.OrganizationName": _WIDE * 64,
        "AuthCtrlr.MasterPassGroupId": "m" * 36,
        "TxCtrlr.EVConnectionTimeOut": "300",
        "OCPPCommCtrlr.OfflineThreshold": "77",
    }
    for round_ in range(2):
        results = await write(csms, *values.items())
        assert {result["attributeStatus"] for result in results} == {"Accepted"}, round_
    for name, text in values.items():
        assert await value(csms, name) == text
    await station.clock(130)
    await rig.quiet(csms)
    csms.forget()
    await _goes_on(rig, csms, station, transactions)
    await station.restart()
    await csms.expect("BootNotification", 10)
    await rig.quiet(csms)
    for name, text in values.items():
        assert await value(csms, name) == text


@pytest.mark.parametrize("length", [100, 200, 240, 241, 3000])
async def test_data_transfer_through_the_hook(rig, length):
    csms, station, transactions = await _charging(rig)
    await station.command("hook", name="data_transfer", on=True)
    data = {"text": "x" * length, "wide": _WIDE * (length // 40)}
    request = {"vendorId": "\U0001f697" * 62, "messageId": _WIDE * 50, "data": data}
    asking = asyncio.create_task(csms.call("DataTransfer", request | _SMALL_CUSTOM))
    event = await asyncio.wait_for(station.control.events.get(), 5)
    assert {name: event[name] for name in request} == request
    await station.command("reply", seq=event["seq"], result={"status": "Accepted", "data": data})
    assert await asking == {"status": "Accepted", "data": data}
    await _goes_on(rig, csms, station, transactions)


@pytest.mark.parametrize("length", [100, 241, 3000])
async def test_data_transfer_of_the_station(rig, length):
    csms, station, transactions = await _charging(rig)
    data = {"text": "x" * length, "quoted": '"' * (length // 10)}
    csms.answer("DataTransfer", {"status": "Accepted", "data": data})
    asks = [
        station.command("data_transfer", vendorId="org.example", messageId=f"m-{n}", data=data)
        for n in range(2)
    ]
    for n, reply in enumerate([await ask for ask in asks]):
        request = await csms.expect("DataTransfer")
        assert request == {"vendorId": "org.example", "messageId": f"m-{n}", "data": data}
        assert (reply["status"], reply["data"]) == ("Accepted", data)
    csms.answer("DataTransfer", CallError("InternalError", _WIDE * 1000))
    with pytest.raises(ControlError):
        await station.command("data_transfer", vendorId="org.example")
    await _goes_on(rig, csms, station, transactions)


async def test_tokens_and_ids_of_the_greatest_length(rig):
    csms, station, transactions = await _charging(rig)
    wide = _WIDE * 36
    token = {"idToken": wide, "type": "Central"}
    start = {"remoteStartId": 2**31 - 1, "idToken": token, "groupIdToken": token}
    assert (await csms.call("RequestStartTransaction", {"evseId": 1, **start} | _CUSTOM))["status"]
    answer = await csms.call("RequestStopTransaction", {"transactionId": wide})
    assert answer["status"] == "Rejected"
    answer = await csms.call("GetTransactionStatus", {"transactionId": wide})
    assert answer == {"ongoingIndicator": False, "messagesInQueue": False}
    await station.swipe("t" * 1023)
    await station.logged("over 36 characters")
    info = {"status": "Invalid", "groupIdToken": token, **_CUSTOM}
    info["personalMessage"] = {"format": "UTF8", "content": _WIDE * 512}
    csms.answer_next("Authorize", {"idTokenInfo": info, **_CUSTOM})
    await station.swipe(wide)
    await rig.quiet(csms)
    await _goes_on(rig, csms, station, transactions)


_NONSENSE = {
    "id of an answer": f'[3,"{"i" * 3000}",{{}}]',
    "error for nothing": f'[4,"{"i" * 36}","GenericError","{"x" * 3000}",{{}}]',
    "id": f'[2,"{"i" * 3000}","Reset",{{"type":"OnIdle"}}]',
    "action": f'[2,"bad-1","{"A" * 240}",{{}}]',
    "enum": f'[2,"bad-1","Reset",{{"type":"{"A" * 3000}"}}]',
    "key": f'[2,"bad-1","Reset",{{"{"k" * 3000}":1}}]',
    "string": f'[2,"bad-1","GetTransactionStatus",{{"transactionId":"{_WIDE * 3000}"}}]',
    "another type": f'[5,"bad-1","Heartbeat",{{"a":"{"A" * 3000}"}}]',
    "no JSON": "x" * 3000,
}


@pytest.mark.parametrize("text", _NONSENSE.values(), ids=_NONSENSE)
async def test_long_nonsense(rig, text):
    csms, station, transactions = await _charging(rig)
    await csms.send(text)
    assert await value(csms, "OCPPCommCtrlr.OfflineThreshold") == "60"
    await _goes_on(rig, csms, station, transactions)


async def test_a_close_with_the_longest_reason(rig):
    csms, station, transactions = await _charging(rig)
    await csms.close(4000, "r" * 123)
    line = await station.logged("the CSMS closed the connection (4000 rrr")
    assert "next attempt in" in line
    await station.clock(400)
    await csms.connected(10)
    for evse, transaction in enumerate(transactions, 1):
        await still_charging(station, transaction, evse)


async def test_an_ended_event_with_all_its_readings(rig):
    # E06.FR.11: twelve readings of seven values go along
    csms, station, _ = await _charging(rig)
    await write(
        csms,
        ("SampledDataCtrlr.TxEndedMeasurands", "Energy.Active.Import.Register,Power.Active.Import,"
         "Current.Import,Voltage"),
        ("SampledDataCtrlr.TxEndedInterval", "60"),
    )  # fmt: skip
    for _ in range(10):
        await station.clock(61)
    csms.forget()
    for evse in (1, 2):
        await station.ev("B", evse=evse)
        await station.unplug(evse)
        event = await csms.expect("TransactionEvent", where=lambda e: e["eventType"] == "Ended")
        assert len(event["meterValue"]) > 8
        assert len(event["meterValue"][-1]["sampledValue"]) == 9
    await rig.quiet(csms)


# What ends a session or a connection is played elsewhere.
_ENDING = {"Reset", "ChangeAvailability", "RequestStopTransaction", "UnlockConnector"}
_REQUESTS = 400


@pytest.mark.limit(120)
@pytest.mark.parametrize("seed", [1, 2])
async def test_fuzzed_requests_while_two_cars_charge(rig, seed):
    """Every request that a station gets, at random, each field up to its greatest length; cut off
    or damaged every fourth time. Each is answered, and nothing wants a large piece.
    """
    csms, station, transactions = await _charging(rig)
    maker = Maker(random.Random(seed))
    actions = [m.removesuffix("Request") for m in RECEIVED if m.endswith("Request")]
    actions = [action for action in actions if action not in _ENDING]
    for number in range(_REQUESTS):
        action = maker.rnd.choice(actions)
        payload = maker.text(maker.payload(action + "Request"))
        message_id = f"fuzz-{number}"
        text = f'[2,"{message_id}","{action}",{payload}]'
        if number % 4 == 3:  # behind the id
            at = maker.rnd.randrange(len(message_id) + 5, len(text))
            damage = maker.rnd.choice(("", "x", '"', "]", "{}", "\x01"))
            text = text[:at] + damage + text[at + 1 :]
        await csms.send(text)
        try:
            await csms.reply_to(message_id)
        except CallError as error:
            assert error.code != "InternalError", text[:300]
    for evse, transaction in enumerate(transactions, 1):
        await still_charging(station, transaction, evse)
    assert len(csms.calls("BootNotification")) == 1 and not csms.closes
