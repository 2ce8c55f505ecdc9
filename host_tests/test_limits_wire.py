"""How much is offered, on the pilot and on the wire: options, cables, cars and temperature."""

import asyncio

import pytest
from rig import CARD, setting

_POINTS = [
    setting("TxCtrlr.TxStartPoint", "PowerPathClosed"),
    setting("TxCtrlr.TxStopPoint", "EVConnected,Authorized"),
]


async def charge(station, evse=1, cable=None, **car):
    await station.plug(evse, cable=cable)
    await station.swipe(CARD if evse == 1 else "04A1B2C4", evse)
    await station.ev("C", evse, **car)


async def pwm(station, evse=1):
    return (await station.state(evse))["pwm"]


async def offers(station, wanted, what):
    def condition(state):
        return [e["connectors"][0]["pwm"] for e in state["evses"]] == wanted

    await station.until(condition, what)


@pytest.mark.parametrize(
    "options, cable, expected",
    [
        ({}, None, 53.3),
        ({"rating": "16"}, None, 26.6),
        ({}, 20, 33.3),
        ({}, 13, 21.6),
        ({"rating": "63"}, 63, 89.2),
        ({"rating": "16", "fixed_cable": "1"}, 63, 26.6),
        ({"supply": "10"}, None, 16.6),
        ({"rating": "16,32"}, 32, 26.6),
    ],
)
async def test_the_least_of_outlet_cable_and_supply(rig, options, cable, expected):
    csms, station = await rig.booted(_POINTS, **options)
    await charge(station, cable=cable)
    await station.until_relay(True)
    assert await pwm(station) == expected


async def test_ratings_are_told(rig):
    """EVSE.Power.maxLimit and SupplyPhases come from the installation's numbers."""
    csms, _ = await rig.booted(rating="16,32", supply="25")
    await csms.call("GetBaseReport", {"requestId": 1, "reportBase": "FullInventory"})
    told, phases, more = {}, [], True
    while more:
        page = await csms.expect("NotifyReport")
        more = page.get("tbc", False)
        for item in page.get("reportData", ()):
            if item["variable"]["name"] == "SupplyPhases":
                phases.append(item["variableAttribute"][0]["value"])
            if item["variable"]["name"] == "Power":
                evse = item["component"]["evse"]["id"]
                told[evse] = item["variableCharacteristics"]["maxLimit"]
    assert told == {1: 16 * 690, 2: 25 * 690}
    assert phases == ["3"] * 5


async def test_two_share_the_supply(rig):
    csms, station = await rig.booted(_POINTS, supply="32")
    await charge(station, 1)
    await station.until_relay(True)
    assert await pwm(station) == 53.3
    await charge(station, 2)
    await offers(station, [26.6, 100.0], "the first has less")
    await station.clock(6)
    await offers(station, [26.6, 26.6], "the second has its part")
    await station.unplug(1)
    await station.clock(6)
    await offers(station, [100.0, 53.3], "the second has all of it")


async def test_shared_offline_too(rig):
    overrides = [*_POINTS, setting("AuthCtrlr.OfflineTxForUnknownIdEnabled", "true")]
    csms, station = await rig.booted(overrides, supply="20")
    await station.network(False)
    await charge(station, 1)
    await charge(station, 2)
    await station.clock(6)
    await offers(station, [16.6, 16.6], "each has its part")


async def test_heat_suspends_and_cold_resumes(rig):
    """E02: SuspendedEVSE while the outlet is too hot."""
    csms, station = await rig.booted(_POINTS)
    await charge(station)
    await csms.expect("TransactionEvent")
    event = await csms.expect("TransactionEvent")
    assert event["transactionInfo"]["chargingState"] == "Charging"
    await station.temperature(70)
    await offers(station, [26.6, 100.0], "half of it")
    await station.temperature(85)
    await station.until_relay(False)
    assert await pwm(station) == 100
    event = await csms.expect("TransactionEvent")
    assert event["triggerReason"] == "ChargingStateChanged"
    assert event["transactionInfo"]["chargingState"] == "SuspendedEVSE"
    await station.temperature(25)
    await station.clock(5)
    await offers(station, [53.3, 100.0], "all of it")


async def test_overdraw_ends_as_a_fault(rig):
    csms, station = await rig.booted(_POINTS)
    await charge(station, cable=13, current=20, obeys=False)
    await csms.expect("TransactionEvent")
    await csms.expect("TransactionEvent")
    await station.pass_time(12, 2)
    await station.until(lambda s: s["evses"][0]["connectors"][0]["pwm"] == 100, "told to stop")
    await station.pass_time(4, 2)
    await station.until_relay(False)
    event = await csms.expect("TransactionEvent")
    assert event["eventType"] == "Ended" and event["triggerReason"] == "AbnormalCondition"
    assert event["transactionInfo"]["stoppedReason"] == "OvercurrentFault"
    status = await csms.expect("StatusNotification")
    while status["connectorStatus"] != "Faulted":
        status = await csms.expect("StatusNotification")
    assert (await station.state(1))["status"] == "Faulted"
    await station.unplug()
    assert (await csms.expect("StatusNotification"))["connectorStatus"] == "Available"


async def test_tc_e_21_remote_stop_breaks_no_load(rig):
    """F03: pilot first; the register of Ended is that after the opening."""
    csms, station = await rig.booted(_POINTS)
    await charge(station, obeys=False)
    started = await csms.expect("TransactionEvent")
    transaction = started["transactionInfo"]["transactionId"]
    await csms.expect("TransactionEvent")
    await csms.call("RequestStopTransaction", {"transactionId": transaction})
    await station.until(lambda s: s["evses"][0]["connectors"][0]["pwm"] == 100, "told to stop")
    assert (await station.state(1))["relay"]
    await station.command("meter", evse=1, energy_wh=12345)
    await station.ev("B", obeys=False)
    await station.until_relay(False)
    ended = await csms.expect("TransactionEvent")
    assert ended["eventType"] == "Ended" and ended["triggerReason"] == "RemoteStop"
    values = [v for m in ended["meterValue"] for v in m["sampledValue"]]
    assert values[-1]["value"] == 12345
    assert not any("under load" in line for line in station.log)


async def test_a_reset_breaks_no_load(rig):
    """B12.FR.04: the car has 3 s to let go, then the station restarts."""
    csms, station = await rig.booted(_POINTS)
    await charge(station, obeys=False)
    await csms.expect("TransactionEvent")
    await csms.expect("TransactionEvent")
    answer = await csms.call("Reset", {"type": "Immediate"})
    assert answer["status"] == "Accepted"
    await station.until(lambda s: s["evses"][0]["connectors"][0]["pwm"] == 100, "told to stop")
    assert (await station.state(1))["relay"]
    await station.ev("B", obeys=False)
    assert (await csms.expect("TransactionEvent"))["eventType"] == "Ended"
    await csms.expect("BootNotification", 10)
    assert not any("under load" in line for line in station.log)


async def test_a_fault_opens_at_once(rig):
    csms, station = await rig.booted(_POINTS)
    await charge(station, obeys=False)
    await station.until_relay(True)
    await station.fault("GroundFailure")
    await station.until_relay(False)
    await asyncio.sleep(0)
    assert any("under load" in line for line in station.log)  # the simulation tells it
