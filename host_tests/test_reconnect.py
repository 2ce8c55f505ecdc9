"""Part 4, 5.3: reconnecting with back-off; B04: the network comes and goes."""

import asyncio

from rig import setting
from sessions import not_before_a_second, value

_BACK_OFF = [
    setting("OCPPCommCtrlr.RetryBackOffWaitMinimum", 10),
    setting("OCPPCommCtrlr.RetryBackOffRandomRange", 0),
    setting("OCPPCommCtrlr.RetryBackOffRepeatTimes", 2),
    setting("OCPPCommCtrlr.NetworkProfileConnectionAttempts", 100),
]


async def test_TC_B_57_CS_back_off(rig):
    # waits 10, 20, 40, and 40 again: doubled RepeatTimes times
    csms, station = await rig.booted(overrides=_BACK_OFF)
    csms.opening.refuse = (503, {})
    csms.cut()
    await csms.disconnected()
    await asyncio.sleep(0.1)
    known = len(csms.opening.requests)
    for wait_s in (10, 20, 40, 40):
        await station.clock(wait_s - 2)
        await asyncio.sleep(0.15)
        assert len(csms.opening.requests) == known, f"connects before {wait_s} s are over"
        await station.clock(3)
        await csms.until(
            lambda n=known: len(csms.opening.requests) > n, f"attempt after {wait_s} s"
        )
        await asyncio.sleep(0.1)
        known = len(csms.opening.requests)
    csms.opening.refuse = None
    await station.clock(41)
    await csms.connected()
    assert await value(csms, "OCPPCommCtrlr.OfflineThreshold") == "60"


async def test_network_up_connects_at_once(rig):
    csms, station = await rig.booted(overrides=_BACK_OFF)
    await station.network(False)
    await csms.disconnected()
    await station.clock(3600)
    assert csms.socket is None
    await station.network(True)
    await csms.connected(3)


async def test_no_csms_at_start(rig):
    # the station waits, and boots when the CSMS is there
    csms = await rig.csms()
    await csms.stop()
    station = await rig.station(csms, _BACK_OFF)
    await station.until(lambda s: not s["connected"], "not connected")
    await asyncio.sleep(0.2)
    await csms.start()
    await station.clock(50)
    await csms.expect("BootNotification", 10)


async def test_new_connection_keeps_the_registration(rig):
    # B01.FR.03: BootNotification belongs to a boot, not to a connection
    csms, station = await rig.booted(overrides=_BACK_OFF)
    csms.cut()
    await csms.disconnected()
    await station.clock(12)
    await csms.connected()
    await csms.never("BootNotification", 0.3)
    assert len(csms.calls("BootNotification")) == 1


async def test_a_second_between_reset_and_reconnecting(rig):
    # some CSMSs break for all their stations when one is back at once
    csms, station = await rig.booted()
    await station.clock(factor=0.001)
    assert (await csms.call("Reset", {"type": "OnIdle"}))["status"] == "Accepted"
    await station.clock(1)  # for the answer to get out
    await not_before_a_second(csms, station)
    assert csms.closes[-1][0] == 1001
    assert (await csms.expect("BootNotification"))["reason"] == "RemoteReset"


async def test_no_second_after_the_network_is_up(rig):
    csms, station = await rig.booted()
    await station.clock(factor=0.001)
    await station.network(False)
    await csms.disconnected()
    await station.network(True)
    await csms.connected()
