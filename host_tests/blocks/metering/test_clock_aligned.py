"""J01: clock-aligned readings on the wire."""

import datetime

from rig import setting
from sessions import charge

ALIGNED = [
    setting("AlignedDataCtrlr.Interval", 900),
    setting("AlignedDataCtrlr.Measurands", "Energy.Active.Import.Register,Power.Active.Import"),
    setting("SampledDataCtrlr.TxUpdatedInterval", 0),
]
MEASURANDS = {"Energy.Active.Import.Register", "Power.Active.Import"}


def _check(meter_value):
    """Samples of these measurands, of the clock, at a multiple of the interval since midnight."""
    at = datetime.datetime.fromisoformat(meter_value["timestamp"])
    assert (at.hour * 3600 + at.minute * 60 + at.second) % 900 == 0
    samples = meter_value["sampledValue"]
    assert {s["context"] for s in samples} == {"Sample.Clock"}
    assert {s.get("measurand", "Energy.Active.Import.Register") for s in samples} == MEASURANDS


async def test_TC_J_01_CS_idle(rig):
    # J01.FR.02, J01.FR.03, J01.FR.05 to J01.FR.08, J01.FR.14
    csms, station = await rig.booted(overrides=ALIGNED)
    for _ in range(2):
        await station.clock(900)
        await rig.quiet(csms)
        told = csms.calls("MeterValues")
        assert {m["evseId"] for m in told} >= {1, 2}
        for message in told:
            for value in message["meterValue"]:
                _check(value)
    stamps = {m["meterValue"][0]["timestamp"] for m in csms.calls("MeterValues")}
    assert len(stamps) == 2


async def test_TC_J_02_CS_in_a_transaction(rig):
    # J01.FR.22: TransactionEvent with MeterValueClock; the idle EVSE goes on with MeterValues
    csms, station = await rig.booted(overrides=ALIGNED)
    transaction = await charge(rig, csms, station, 1)
    await station.clock(900)
    event = await csms.expect("TransactionEvent")
    assert (event["eventType"], event["triggerReason"]) == ("Updated", "MeterValueClock")
    assert event["transactionInfo"]["transactionId"] == transaction
    for value in event["meterValue"]:
        _check(value)
    await rig.quiet(csms)
    evses = {m["evseId"] for m in csms.calls("MeterValues")}
    assert 2 in evses
    assert 1 not in evses


async def test_TC_J_03_CS_in_event_ended(rig):
    # E06.FR.11, J01.FR.05 to J01.FR.08: at the multiples of TxEndedInterval, in order
    csms, station = await rig.booted(
        overrides=[
            *ALIGNED[2:],
            setting("AlignedDataCtrlr.TxEndedInterval", 900),
            setting("AlignedDataCtrlr.TxEndedMeasurands", ",".join(sorted(MEASURANDS))),
        ]
    )
    transaction = await charge(rig, csms, station, 1)
    for _ in range(3):
        await station.clock(900)
        await rig.quiet(csms)
    await station.swipe(evse=1)
    await csms.until(lambda: csms.ledger.transactions[transaction].ended, "Ended")
    begin, *clock, end = csms.ledger.transactions[transaction].events[-1]["meterValue"]
    assert begin["sampledValue"][0]["context"] == "Transaction.Begin"
    assert end["sampledValue"][0]["context"] == "Transaction.End"
    assert len(clock) >= 3
    for value in clock:
        _check(value)
    stamps = [value["timestamp"] for value in (begin, *clock, end)]
    assert stamps == sorted(stamps)


async def test_TC_J_06_CS_none_during_its_transaction(rig):
    # J01.FR.19: the EVSE's own SendDuringIdle
    csms, station = await rig.booted(
        overrides=[*ALIGNED, setting("AlignedDataCtrlr.SendDuringIdle", "true", evse=1)]
    )
    await charge(rig, csms, station, 1)
    await station.clock(900)
    await rig.quiet(csms)
    triggers = {event["triggerReason"] for event in csms.calls("TransactionEvent")}
    assert "MeterValueClock" not in triggers
    assert {m["evseId"] for m in csms.calls("MeterValues")} == {0, 2}


async def test_TC_J_06_CS_none_in_a_transaction(rig):
    # J01.FR.20
    csms, station = await rig.booted(
        overrides=[*ALIGNED, setting("AlignedDataCtrlr.SendDuringIdle", "true")]
    )
    await charge(rig, csms, station, 1)
    await station.clock(900)
    await csms.never("MeterValues", 0.3)
    assert csms.calls("TransactionEvent")[-1]["triggerReason"] != "MeterValueClock"
    await station.swipe(evse=1)
    await station.until_relay(False)
    await station.unplug()
    await rig.quiet(csms)
    csms.forget()
    for _ in range(2):  # a Heartbeat in between may have set the clock back
        await station.clock(900)
    assert (await csms.expect("MeterValues"))["meterValue"]


async def test_interval_zero_sends_none(rig):
    csms, station = await rig.booted(
        overrides=[*ALIGNED[1:], setting("AlignedDataCtrlr.Interval", 0)]
    )
    await station.clock(3600)
    await csms.never("MeterValues", 0.3)
