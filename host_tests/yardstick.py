"""The yardstick session has to pass in the least heap: for test_heap.py and `make budget`."""

from rig import CARD, GROUP_CARD
from sessions import charge, read, still_charging, write_status

_MINUTES = 30
_ITEMS = 20


async def session(rig, heap):
    """Play it with two EVSEs; AssertionError, or what the rig raises at its end: it does not pass.

    Args:
        rig: a Rig.
        heap: bytes.
    """
    csms, station = await rig.booted(heap=heap)
    assert await write_status(csms, "SampledDataCtrlr.TxUpdatedInterval", 60) == "Accepted"
    assert len(await read(csms, *["OCPPCommCtrlr.OfflineThreshold"] * _ITEMS)) == _ITEMS
    first = await charge(rig, csms, station, 1, CARD)
    second = await charge(rig, csms, station, 2, GROUP_CARD)
    for _ in range(_MINUTES):
        await station.clock(60)
        await rig.quiet(csms)
    await still_charging(station, first, 1)
    await still_charging(station, second, 2)
    await station.swipe(CARD, evse=1)
    await station.swipe(GROUP_CARD, evse=2)
    for transaction in (first, second):
        await csms.until(lambda t=transaction: csms.ledger.transactions[t].ended, "Ended")
        samples = csms.ledger.transactions[transaction].triggers().count("MeterValuePeriodic")
        assert samples >= _MINUTES - 1
    await station.unplug(1)
    await station.unplug(2)
    await rig.quiet(csms)
    assert (await csms.call("Reset", {"type": "OnIdle"}))["status"] == "Accepted"
    await csms.expect("BootNotification", 15)
