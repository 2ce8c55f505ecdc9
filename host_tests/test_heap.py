"""DESIGN.md, 5: the whole session in 28,672 bytes of heap; a request of 1 MB in the same."""

import json

import pytest
import yardstick
from scripted_csms import CallError
from sessions import charge, still_charging, value

_HEAP = "28672"
_MEGABYTE = 1_000_000


async def test_session(rig):
    await yardstick.session(rig, _HEAP)


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
