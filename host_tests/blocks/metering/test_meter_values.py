"""J02: readings in the events of a transaction."""

import pytest
from rig import CARD, GROUP_CARD, setting
from sessions import START, charge, read, write_status

from tools.csms.ledger import registers, stamp

_ALL = "Energy.Active.Import.Register,Power.Active.Import,Current.Import,Voltage"
_POWER_W = 16 * 3 * 230


def _measurands(event):
    samples = [s for value in event["meterValue"] for s in value["sampledValue"]]
    return {s.get("measurand", "Energy.Active.Import.Register") for s in samples}


def _contexts(event):
    samples = [s for value in event.get("meterValue", ()) for s in value["sampledValue"]]
    return {s.get("context", "Sample.Periodic") for s in samples}


async def test_TC_J_07_CS_started(rig):
    # J02.FR.01 to FR.04, E01.FR.09, E02.FR.09
    csms, station = await rig.booted(overrides=[START["EVConnected"]])
    await station.command("meter", evse=1, energy_wh=123456)
    await station.plug()
    event = await csms.expect_event(eventType="Started")
    assert [(wh, context) for _, wh, context in registers(event)] == [
        (123456, "Transaction.Begin")
    ]
    assert _contexts(event) == {"Transaction.Begin"}


async def test_TC_J_08_CS_started_before_the_evse_is_known(rig):
    # E01.FR.17, E03.FR.11
    csms, station = await rig.booted(overrides=[START["Authorized"]])
    await station.swipe(CARD)
    event = await csms.expect_event(eventType="Started", triggerReason="Authorized")
    assert "meterValue" not in event
    await station.plug(2)
    await station.ev("C", 2)
    event = await csms.expect(
        "TransactionEvent", where=lambda e: "Transaction.Begin" in _contexts(e)
    )
    assert event["eventType"] == "Updated"
    assert event["evse"]["id"] == 2


async def test_TC_J_09_CS_updated(rig):
    # J02.FR.10, J02.FR.11, J02.FR.16, E02.FR.10
    overrides = [
        setting("SampledDataCtrlr.TxUpdatedInterval", 60),
        setting("SampledDataCtrlr.TxUpdatedMeasurands", _ALL),
    ]
    csms, station = await rig.booted(overrides=overrides)
    transaction = await charge(rig, csms, station)
    for _ in range(5):
        await station.clock(60)
        event = await csms.expect_event(eventType="Updated", triggerReason="MeterValuePeriodic")
        assert _contexts(event) == {"Sample.Periodic"}
        assert _measurands(event) == set(_ALL.split(","))
        for value in event["meterValue"]:
            assert (
                0 <= (stamp(event["timestamp"]) - stamp(value["timestamp"])).total_seconds() <= 60
            )
        await rig.quiet(csms)
    energy = csms.ledger.transactions[transaction].energy()
    gained = energy[-1] - energy[0]
    assert abs(gained - _POWER_W * 300 / 3600) < _POWER_W * 15 / 3600


async def test_measured_values_are_true(rig):
    # J02.FR.03, J02.FR.06
    overrides = [setting("SampledDataCtrlr.TxUpdatedMeasurands", _ALL)]
    csms, station = await rig.booted(overrides=overrides)
    await charge(rig, csms, station, phases=3)
    await station.clock(61)
    event = await csms.expect_event(triggerReason="MeterValuePeriodic")
    samples = [s for value in event["meterValue"] for s in value["sampledValue"]]
    by_kind = {}
    for sample in samples:
        if sample.get("measurand") != "Power.Active.Import" and "phase" not in sample:
            continue  # a sum or a mean over the phases
        factor = 10 ** sample.get("unitOfMeasure", {}).get("multiplier", 0)
        by_kind.setdefault(sample.get("measurand"), []).append(sample["value"] * factor)
    assert abs(sum(by_kind["Power.Active.Import"]) - _POWER_W) < 200
    assert len(by_kind["Current.Import"]) == 3
    assert all(abs(ampere - 16) < 0.5 for ampere in by_kind["Current.Import"])
    assert len(by_kind["Voltage"]) == 3
    assert all(abs(volt - 230) < 12 for volt in by_kind["Voltage"])


async def test_TC_J_09_CS_interval_zero_sends_none(rig):
    # J02.FR.11
    csms, station = await rig.booted(overrides=[setting("SampledDataCtrlr.TxUpdatedInterval", 0)])
    await charge(rig, csms, station)
    await station.clock(200)
    await csms.never("TransactionEvent", 0.3)


async def test_TC_J_09_CS_interval_changed(rig):
    # J02.FR.11: a new interval holds for the next transaction at the latest
    csms, station = await rig.booted()
    assert await write_status(csms, "SampledDataCtrlr.TxUpdatedInterval", 20) == "Accepted"
    await charge(rig, csms, station)
    for _ in range(3):
        await station.clock(21)
        await csms.expect_event(eventType="Updated", triggerReason="MeterValuePeriodic")
        await rig.quiet(csms)


async def test_TC_J_10_CS_ended(rig):
    # J02.FR.10, E06.FR.11, E07.FR.08
    csms, station = await rig.booted()
    transaction = await charge(rig, csms, station)
    await station.clock(100)
    await rig.quiet(csms)
    await station.swipe(CARD, evse=1)
    await csms.until(lambda: csms.ledger.transactions[transaction].ended, "Ended")
    ended = csms.ledger.transactions[transaction].events[-1]
    assert "Transaction.End" in _contexts(ended)
    assert registers(ended)[-1][1] > 0
    contexts = set().union(*map(_contexts, csms.ledger.transactions[transaction].events))
    assert "Transaction.Begin" in contexts


async def test_values_belong_to_the_evse(rig):
    # J02.FR.17, J02.FR.22
    csms, station = await rig.booted()
    await station.command("meter", evse=1, energy_wh=1_000_000)
    await station.command("meter", evse=2, energy_wh=9_000_000)
    first = await charge(rig, csms, station, 1)
    second = await charge(rig, csms, station, 2, GROUP_CARD)
    await station.clock(70)
    await rig.quiet(csms)
    one = csms.ledger.transactions[first].energy()
    two = csms.ledger.transactions[second].energy()
    assert 1_000_000 <= min(one) <= max(one) < 1_010_000
    assert 9_000_000 <= min(two) <= max(two) < 9_010_000


async def test_measurands_can_be_switched_off(rig):
    csms, station = await rig.booted()
    status = await write_status(csms, "SampledDataCtrlr.TxEndedMeasurands", "")
    assert status == "Accepted"
    transaction = await charge(rig, csms, station)
    await station.swipe(CARD, evse=1)
    await csms.until(lambda: csms.ledger.transactions[transaction].ended, "Ended")
    assert "meterValue" not in csms.ledger.transactions[transaction].events[-1]


async def test_a_broken_connection_does_not_put_off_samples(rig):
    # J02.FR.11
    csms, station = await rig.booted(
        overrides=[setting("SampledDataCtrlr.TxUpdatedInterval", "60")]
    )
    transaction = await charge(rig, csms, station)
    for _ in range(6):
        await station.clock(40)
        await station.network(False)
        await csms.disconnected()
        await station.network(True)
        await csms.connected()
        await rig.quiet(csms)
    events = csms.ledger.transactions[transaction].events
    samples = [e for e in events if e["triggerReason"] == "MeterValuePeriodic"]
    assert len(samples) >= 3


@pytest.mark.parametrize(
    "name",
    [
        "SampledDataCtrlr.TxStartedMeasurands",
        "SampledDataCtrlr.TxUpdatedMeasurands",
        "SampledDataCtrlr.TxEndedMeasurands",
        "AlignedDataCtrlr.Measurands",
        "AlignedDataCtrlr.TxEndedMeasurands",
    ],
)
async def test_measurands_that_the_meter_has_not_are_refused(rig, name):
    # C-40, J02.FR.03: what the list of values has not, or twice, or in words of its own
    csms, _ = await rig.booted()
    before = await read(csms, name)
    for wrong in ("SoC", "Voltage,Frequency", "Voltage,Voltage", "Volts", "Voltage,", "voltage"):
        assert await write_status(csms, name, wrong) == "Rejected", wrong
    assert await read(csms, name) == before
    for right in (_ALL, "Voltage", ""):
        assert await write_status(csms, name, right) == "Accepted", right
        assert (await read(csms, name))[0]["attributeValue"] == right


async def test_a_new_interval_holds_in_mid_transaction(rig):
    # J02.FR.11
    csms, station = await rig.booted(overrides=[setting("SampledDataCtrlr.TxUpdatedInterval", 0)])
    await charge(rig, csms, station)
    await station.clock(100)
    await csms.never("TransactionEvent", 0.3)
    assert await write_status(csms, "SampledDataCtrlr.TxUpdatedInterval", 20) == "Accepted"
    for _ in range(2):
        await station.clock(21)
        await csms.expect_event(eventType="Updated", triggerReason="MeterValuePeriodic")
    assert await write_status(csms, "SampledDataCtrlr.TxUpdatedInterval", 0) == "Accepted"
    await station.clock(100)
    await csms.never("TransactionEvent", 0.3)


def _sampled(csms):
    reasons = {event["triggerReason"] for event in csms.calls("TransactionEvent")}
    return reasons & {"MeterValuePeriodic", "MeterValueClock"}


async def test_no_measurands_no_samples(rig):
    # E02.FR.10, J02.FR.11: nothing to tell, so no event; the others have no meterValue
    lists = ("TxStartedMeasurands", "TxUpdatedMeasurands", "TxEndedMeasurands")
    overrides = [setting(f"SampledDataCtrlr.{name}", "") for name in lists]
    overrides.append(setting("SampledDataCtrlr.TxEndedInterval", 60))
    csms, station = await rig.booted(overrides=overrides)
    await charge(rig, csms, station)
    for _ in range(3):
        await station.clock(60)
    await rig.quiet(csms)
    assert not _sampled(csms)
    await station.ev("B")
    await station.swipe(CARD, evse=1)
    await rig.quiet(csms)
    ended = csms.calls("TransactionEvent")[-1]
    assert all("meterValue" not in event for event in csms.calls("TransactionEvent"))
    assert ended["transactionInfo"]["stoppedReason"] == "Local"
    # Set again, samples come again.
    name = "SampledDataCtrlr.TxUpdatedMeasurands"
    assert await write_status(csms, name, "Power.Active.Import") == "Accepted"
    await station.unplug()
    await charge(rig, csms, station)
    await station.clock(60)
    event = await csms.expect_event(eventType="Updated", triggerReason="MeterValuePeriodic")
    assert _measurands(event) == {"Power.Active.Import"}


async def test_no_aligned_measurands_no_readings(rig):
    # J01.FR.14, J01.FR.22, J02.FR.10: neither of a busy EVSE nor of an idle one
    overrides = [
        setting("AlignedDataCtrlr.Interval", 900),
        setting("AlignedDataCtrlr.Measurands", ""),
        setting("AlignedDataCtrlr.TxEndedInterval", 900),
        setting("AlignedDataCtrlr.TxEndedMeasurands", ""),
        setting("SampledDataCtrlr.TxUpdatedInterval", 0),
    ]
    csms, station = await rig.booted(overrides=overrides)
    await charge(rig, csms, station)
    for _ in range(2):
        await station.clock(900)
    await rig.quiet(csms)
    assert not _sampled(csms) and not csms.calls("MeterValues")
    assert await write_status(csms, "AlignedDataCtrlr.Measurands", "Voltage") == "Accepted"
    await station.clock(900)
    event = await csms.expect_event(eventType="Updated", triggerReason="MeterValueClock")
    assert _measurands(event) == {"Voltage"}
    assert await csms.expect("MeterValues")
