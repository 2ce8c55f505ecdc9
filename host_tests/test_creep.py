"""DESIGN.md, 4: the heap does not creep. A thousand sessions in one process, in little heap."""

import pytest
from rig import CARD

_SESSIONS = 1000
_HEAP = "28672"  # little is free, so that a leak of a few bytes a session uses it up


@pytest.mark.limit(280)
@pytest.mark.timeout(300)
async def test_a_thousand_sessions(rig):
    csms, station = await rig.booted(heap=_HEAP)
    for number in range(1, _SESSIONS + 1):
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
        await csms.expect(
            "StatusNotification", where=lambda s: s["connectorStatus"] == "Available"
        )
        csms.forget()
        assert len(csms.ledger.transactions) == number
    assert len(csms.calls("BootNotification")) == 1
