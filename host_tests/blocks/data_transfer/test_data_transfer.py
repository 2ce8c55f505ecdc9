"""P01, P02: DataTransfer in both directions, with the hook for an application."""

import asyncio

import pytest
from scripted_csms import CallError
from sessions import charge

from tools.csms.control import ControlError

_DATA = [
    pytest.param({"a": [1, 2.50, -3e-2, None, True, {"deep": 'ü€😀\n"\\'}]}, id="object"),
    pytest.param("text", id="text"),
    pytest.param(12345678901234567890, id="large number"),
    pytest.param([], id="empty array"),
    pytest.param(False, id="false"),
    pytest.param("", id="empty text"),
]
_CUSTOM = {"vendorId": "org.example", "x": [1, {"data": None}]}
_TRIGGER = {"requestedMessage": "Heartbeat", "evse": {"id": 1, "customData": _CUSTOM}}


async def test_TC_P_01_CS_unknown_vendor(rig):
    # P01.FR.05
    csms, _ = await rig.booted()
    answer = await csms.call("DataTransfer", {"vendorId": "org.example", "data": {"x": 1}})
    assert answer["status"] == "UnknownVendorId"


@pytest.mark.parametrize("data", [*_DATA, pytest.param(None, id="null")])
async def test_TC_P_01_CS_hook_answers(rig, data):
    # P01.FR.07: data goes through as it is, both ways
    csms, station = await rig.booted()
    await station.command("hook", name="data_transfer", on=True)
    request = {"vendorId": "org.example", "messageId": "m-1", "data": data}
    asking = asyncio.create_task(csms.call("DataTransfer", request))
    event = await asyncio.wait_for(station.control.events.get(), 5)
    assert event["event"] == "data_transfer"
    assert {name: event[name] for name in request} == request
    await station.command(
        "reply", seq=event["seq"], result={"status": "Accepted", "data": {"echo": data}}
    )
    assert await asking == {"status": "Accepted", "data": {"echo": data}}


async def test_TC_P_01_CS_unknown_message(rig):
    # P01.FR.06
    csms, station = await rig.booted()
    await station.command("hook", name="data_transfer", on=True)
    asking = asyncio.create_task(csms.call("DataTransfer", {"vendorId": "org.example"}))
    event = await asyncio.wait_for(station.control.events.get(), 5)
    assert "messageId" not in event and "data" not in event
    await station.command("reply", seq=event["seq"], result={"status": "UnknownMessageId"})
    assert await asking == {"status": "UnknownMessageId"}


async def test_other_calls_are_answered_while_the_hook_waits(rig):
    csms, station = await rig.booted()
    await station.command("hook", name="data_transfer", on=True)
    asking = asyncio.create_task(csms.call("DataTransfer", {"vendorId": "org.example"}, 10))
    event = await asyncio.wait_for(station.control.events.get(), 5)
    await station.plug()
    await csms.expect("StatusNotification")
    await station.command("reply", seq=event["seq"], result={"status": "Rejected"})
    assert (await asking)["status"] == "Rejected"


async def test_reply_to_nothing_is_refused(rig):
    _, station = await rig.booted()
    await station.command("hook", name="data_transfer", on=True)
    with pytest.raises(ControlError):
        await station.command("reply", seq=4711, result={"status": "Accepted"})


@pytest.mark.parametrize("data", _DATA)
async def test_P02_station_sends(rig, data):
    csms, station = await rig.booted()
    csms.answer("DataTransfer", {"status": "Accepted", "data": [data]})
    request = {"vendorId": "org.example", "messageId": "m-2", "data": data}
    reply = await station.command("data_transfer", **request)
    assert await csms.expect("DataTransfer") == request
    assert (reply["status"], reply["data"]) == ("Accepted", [data])


async def test_P02_station_sends_the_least(rig):
    csms, station = await rig.booted()
    csms.answer("DataTransfer", {"status": "UnknownVendorId"})
    reply = await station.command("data_transfer", vendorId="org.example")
    assert await csms.expect("DataTransfer") == {"vendorId": "org.example"}
    assert reply["status"] == "UnknownVendorId" and "data" not in reply


async def test_P02_csms_answers_with_an_error(rig):
    csms, station = await rig.booted()
    csms.answer("DataTransfer", CallError("NotSupported", "no such thing"))
    with pytest.raises(ControlError):
        await station.command("data_transfer", vendorId="org.example")


async def test_P02_while_offline(rig):
    csms, station = await rig.booted()
    await station.network(False)
    await csms.disconnected()
    with pytest.raises(ControlError):
        await station.command("data_transfer", vendorId="org.example")


async def test_a_status_that_ocpp_has_not_becomes_rejected(rig):
    csms, station = await rig.booted()
    await station.command("hook", name="data_transfer", on=True)
    asking = asyncio.create_task(csms.call("DataTransfer", {"vendorId": "org.example"}))
    event = await asyncio.wait_for(station.control.events.get(), 5)
    await station.command("reply", seq=event["seq"], result={"status": "Perhaps"})
    assert await asking == {"status": "Rejected"}


@pytest.mark.whole_heap("asks for more than there is")
async def test_data_that_fits_no_memory_is_refused_without_a_restart(rig):
    csms, station = await rig.booted(heap=40960)
    with pytest.raises(ControlError, match="too long for the memory"):
        await station.command("data_transfer", vendorId="org.example", data="x" * 30000)
    assert (await station.command("data_transfer", vendorId="org.example"))["status"]
    assert len(csms.calls("BootNotification")) == 1


async def test_data_of_many_kilobytes_from_the_csms(rig):
    # P01.FR.04: what fits is passed on, what does not is answered, and the station goes on
    csms, station = await rig.booted(heap=65536)
    await station.command("hook", name="data_transfer", on=True)
    data = {"text": "€" * 600}
    asking = asyncio.create_task(
        csms.call("DataTransfer", {"vendorId": "v" * 255, "messageId": "m" * 50, "data": data})
    )
    event = await asyncio.wait_for(station.control.events.get(), 5)
    assert (event["vendorId"], event["data"]) == ("v" * 255, data)
    await station.command("reply", seq=event["seq"], result={"status": "Accepted", "data": data})
    assert (await asking)["data"] == data
    with pytest.raises(CallError) as refused:
        await csms.call("DataTransfer", {"vendorId": "v", "data": "x" * 60000}, 20)
    assert refused.value.code == "FormatViolation"
    for bad in ({"vendorId": "v" * 256}, {"vendorId": "v", "messageId": "m" * 51}, {"data": 1}):
        with pytest.raises(CallError) as refused:
            await csms.call("DataTransfer", bad)
    assert await csms.call("DataTransfer", {"vendorId": "v", "customData": _CUSTOM}, 30)
    assert len(csms.calls("BootNotification")) == 1


async def test_the_connection_is_lost_while_the_maker_thinks(rig):
    # also while Pending: the next DataTransfer is not Busy, the late answer goes nowhere
    csms = await rig.csms()
    csms.answer("BootNotification", lambda m: csms.boot_answer("Pending", 600))
    station = await rig.station(csms)
    await csms.expect("BootNotification", 10)
    await station.command("hook", name="data_transfer", on=True)
    asking = asyncio.create_task(csms.call("DataTransfer", {"vendorId": "org.example"}))
    first = await asyncio.wait_for(station.control.events.get(), 5)
    await station.network(False)
    await csms.disconnected()
    asking.cancel()
    await station.network(True)
    await csms.connected(10)
    asking = asyncio.create_task(csms.call("DataTransfer", {"vendorId": "org.example"}))
    second = await asyncio.wait_for(station.control.events.get(), 5)
    assert second["seq"] != first["seq"]
    await station.command("reply", seq=second["seq"], result={"status": "Accepted"})
    assert (await asking)["status"] == "Accepted"


async def test_TC_P_03_CS_custom_data_in_every_answer(rig):
    csms = await rig.csms()
    more = {"customData": _CUSTOM}
    csms.answer(
        "BootNotification",
        lambda m: csms.boot_answer() | {"statusInfo": {"reasonCode": "x", **more}} | more,
    )
    csms.answer("StatusNotification", more)
    csms.answer("Heartbeat", lambda m: {"currentTime": csms.boot_answer()["currentTime"], **more})
    info = {"status": "Accepted", "groupIdToken": {"idToken": "G", "type": "Central", **more}}
    info |= {"personalMessage": {"format": "UTF8", "content": "Hello", **more}, **more}
    csms.answer("Authorize", {"idTokenInfo": info, **more})
    csms.answer("TransactionEvent", {"idTokenInfo": info, **more})
    station = await rig.station(csms)
    await csms.expect("BootNotification", 10)
    await rig.quiet(csms)
    await charge(rig, csms, station)
    assert (await csms.call("TriggerMessage", _TRIGGER | more))["status"] == "Accepted"
    await csms.expect("Heartbeat")
    await rig.quiet(csms)
    assert not [line for line in station.log if "schema" in line or "answered with" in line]
