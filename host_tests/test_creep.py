"""DESIGN.md, 4: the heap does not creep: after a thousand sessions it is what it was after ten."""

import pytest
from rig import CARD

_SESSIONS = 1000
_WARM = 10  # sessions after which every block and module has all it keeps
_HEAP = "28672"  # little is free, so that fragments of it show, too
# Bytes. It was always 0; but what a word on the C stack happens to point to is kept as well.
_CONSERVATIVE = 64


async def _session(csms, station):
    await station.plug()
    await station.swipe(CARD, evse=1)
    await csms.expect("TransactionEvent", where=lambda e: e["eventType"] == "Started")
    await station.ev("C")
    await csms.expect(
        "TransactionEvent",
        where=lambda e: e["transactionInfo"].get("chargingState") == "Charging",
    )
    await station.swipe(CARD, evse=1)
    await csms.expect("TransactionEvent", where=lambda e: e["eventType"] == "Ended")
    await station.unplug()
    await csms.expect("StatusNotification", where=lambda s: s["connectorStatus"] == "Available")
    csms.forget()


async def _used(rig, csms, station):
    await rig.quiet(csms)
    return (await station.command("heap"))["used"]


@pytest.mark.limit(280)
@pytest.mark.timeout(300)
async def test_a_thousand_sessions(rig):
    csms, station = await rig.booted(heap=_HEAP)
    used = {}
    for number in range(1, _SESSIONS + 1):
        await _session(csms, station)
        assert len(csms.ledger.transactions) == number
        if number == _WARM or number % 100 == 0:
            used[number] = await _used(rig, csms, station)
    assert used[_SESSIONS] <= used[_WARM] + _CONSERVATIVE, used
    assert len(csms.calls("BootNotification")) == 1
