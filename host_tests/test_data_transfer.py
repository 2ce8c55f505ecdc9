"""P01, P02: DataTransfer in both directions, with the hook for an application."""

import asyncio

import pytest
from scripted_csms import CallError

from tools.csms.control import ControlError

_DATA = [
    pytest.param({"a": [1, 2.50, -3e-2, None, True, {"deep": 'ü€😀\n"\\'}]}, id="object"),
    pytest.param("text", id="text"),
    pytest.param(12345678901234567890, id="large number"),
    pytest.param([], id="empty array"),
    pytest.param(False, id="false"),
]


async def test_TC_P_01_CS_unknown_vendor(rig):
    # P01.FR.05
    csms, _ = await rig.booted()
    answer = await csms.call("DataTransfer", {"vendorId": "org.example", "data": {"x": 1}})
    assert answer["status"] == "UnknownVendorId"


@pytest.mark.parametrize("data", _DATA)
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


async def test_data_that_fits_no_memory_is_refused_without_a_restart(rig):
    csms, station = await rig.booted(heap=40960)
    with pytest.raises(ControlError, match="too long for the memory"):
        await station.command("data_transfer", vendorId="org.example", data="x" * 30000)
    assert (await station.command("data_transfer", vendorId="org.example"))["status"]
    assert len(csms.calls("BootNotification")) == 1
