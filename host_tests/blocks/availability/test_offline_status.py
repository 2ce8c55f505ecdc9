"""B04: what a station tells about its connectors after it was offline."""

from rig import setting
from sessions import value

_THRESHOLD = setting("OCPPCommCtrlr.OfflineThreshold", 60)


async def _offline(station, csms, seconds, meanwhile=None):
    await station.network(False)
    await csms.disconnected()
    if meanwhile is not None:
        await meanwhile()
    await station.clock(seconds)
    csms.forget()
    await station.network(True)
    await csms.connected(10)


async def test_TC_B_51_CS_offline_longer_than_the_threshold(rig):
    # B04.FR.01
    csms, station = await rig.booted(overrides=[_THRESHOLD])
    await _offline(station, csms, 90)
    statuses = [await csms.expect("StatusNotification") for _ in range(2)]
    assert {(s["evseId"], s["connectorStatus"]) for s in statuses} == {
        (1, "Available"),
        (2, "Available"),
    }
    assert not csms.calls("BootNotification")[1:]  # B01.FR.03: it has not rebooted


async def test_TC_B_51_CS_offline_longer_with_a_change(rig):
    # B04.FR.01
    csms, station = await rig.booted(overrides=[_THRESHOLD])
    await _offline(station, csms, 90, station.plug)
    statuses = [await csms.expect("StatusNotification") for _ in range(2)]
    assert {(s["evseId"], s["connectorStatus"]) for s in statuses} == {
        (1, "Occupied"),
        (2, "Available"),
    }


async def test_TC_B_52_CS_offline_shorter_than_the_threshold(rig):
    # B04.FR.02: only what has changed
    csms, station = await rig.booted(overrides=[_THRESHOLD])
    await _offline(station, csms, 20, station.plug)
    status = await csms.expect("StatusNotification")
    assert (status["evseId"], status["connectorStatus"]) == (1, "Occupied")
    await csms.never("StatusNotification", 0.4)


async def test_TC_B_52_CS_offline_shorter_without_a_change(rig):
    # B04.FR.02
    csms, station = await rig.booted(overrides=[_THRESHOLD])
    await _offline(station, csms, 20)
    assert await value(csms, "OCPPCommCtrlr.OfflineThreshold") == "60"
    await csms.never("StatusNotification", 0.4)
