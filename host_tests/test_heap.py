"""DESIGN.md, 5: the whole session in 28,672 bytes of heap; a request of 1 MB in the same."""

import json

import pytest
from rig import CARD, GROUP_CARD
from scripted_csms import CallError
from sessions import charge, read, still_charging, value, write_status

_HEAP = "28672"
_MEGABYTE = 1_000_000


async def test_session(rig):
    csms, station = await rig.booted(heap=_HEAP)
    assert await write_status(csms, "SampledDataCtrlr.TxUpdatedInterval", 60) == "Accepted"
    assert len(await read(csms, *["OCPPCommCtrlr.OfflineThreshold"] * 20)) == 20
    first = await charge(rig, csms, station, 1, CARD)
    second = await charge(rig, csms, station, 2, GROUP_CARD)
    for _ in range(30):
        await station.clock(60)
        await rig.quiet(csms)
    await still_charging(station, first, 1)
    await still_charging(station, second, 2)
    await station.swipe(CARD, evse=1)
    await station.swipe(GROUP_CARD, evse=2)
    for transaction in (first, second):
        await csms.until(lambda t=transaction: csms.ledger.transactions[t].ended, "Ended")
        samples = csms.ledger.transactions[transaction].triggers().count("MeterValuePeriodic")
        assert samples >= 29
    await station.unplug(1)
    await station.unplug(2)
    await rig.quiet(csms)
    assert (await csms.call("Reset", {"type": "OnIdle"}))["status"] == "Accepted"
    await csms.expect("BootNotification", 15)


def _item(number):
    name = "OfflineThreshold" if number % 2 else f"Variable{number}"
    return {"component": {"name": "OCPPCommCtrlr"}, "variable": {"name": name}}


_ITEMS = [_item(n) for n in range(12_500)]
_REQUESTS = [
    pytest.param(
        "GetVariables", {"getVariableData": _ITEMS}, {"OccurrenceConstraintViolation"}, id="items"
    ),
    pytest.param(
        "DataTransfer",
        {"vendorId": "org.example", "data": _ITEMS},
        {"FormatViolation", "OccurrenceConstraintViolation"},
        id="data",
    ),
    pytest.param(
        "DataTransfer",
        {"vendorId": "org.example", "data": "x" * _MEGABYTE},
        {"FormatViolation", "OccurrenceConstraintViolation"},
        id="string",
    ),
    pytest.param(
        "Reset",
        {"type": "OnIdle", "evseId": 7, "customData": {"vendorId": "org.example", "x": _ITEMS}},
        {"FormatViolation", "OccurrenceConstraintViolation"},
        id="custom data",
    ),
]


@pytest.mark.parametrize("action, payload, codes", _REQUESTS)
async def test_request_of_a_megabyte(rig, action, payload, codes):
    # taken in, or refused with the right error (B06.FR.16, B06.FR.17)
    assert len(json.dumps(payload)) >= _MEGABYTE * 0.9
    csms, station = await rig.booted(heap=_HEAP)
    transaction = await charge(rig, csms, station)
    for _ in range(2):
        try:
            answer = await csms.call(action, payload, 30)
            assert answer["status"] in ("Rejected", "UnknownVendorId", "Accepted")
        except CallError as refused:
            assert refused.code in codes, refused
    await still_charging(station, transaction)
    assert await value(csms, "OCPPCommCtrlr.OfflineThreshold") == "60"
