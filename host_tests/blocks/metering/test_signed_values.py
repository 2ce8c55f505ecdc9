"""E02.FR.14, J01.FR.21, J02.FR.21: what the meter signs comes out byte by byte, on the wire."""

import pytest
from rig import CARD, setting
from sessions import START, charge, read, value, write
from test_control import connect

_SIGN = (("SampledDataCtrlr.SignReadings", "true"),)
_KEY = "OCPPCommCtrlr.PublicKeyWithSignedMeterValue"
_LONG = "".join(chr(33 + i * 7 % 90) for i in range(2500))  # with quotes and backslashes


def record(text, key="the key"):
    return {
        "signedMeterData": text,
        "publicKey": key,
        "signingMethod": "ECDSA-secp256r1-SHA256",
        "encodingMethod": "OCMF",
    }


def signed(message):
    """signedMeterValue of each meterValue that has one; only the first sample may."""
    found = []
    for meter_value in message.get("meterValue", ()):
        first, *others = meter_value["sampledValue"]
        assert not any("signedMeterValue" in sample for sample in others)
        if "signedMeterValue" in first:
            assert first.get("measurand") == "Energy.Active.Import.Register"
            found.append(first["signedMeterValue"])
    return found


def data(message):
    return [each["signedMeterData"] for each in signed(message)]


async def signing(rig, *assignments, overrides=()):
    """A charger whose meters sign, and were told to."""
    csms, station = await rig.booted(overrides=overrides)
    await station.command("meter", signed=record("first"))
    results = await write(csms, *_SIGN, *assignments)
    assert {r["attributeStatus"] for r in results} == {"Accepted"}
    return csms, station


async def minute(station):
    """One that the firmware has taken note of, also while it can't tell anybody."""
    await station.clock(60)
    for _ in range(3):  # it answers between its other work
        await station.command("heap")


async def fail_to_sign(station):
    async with connect(station) as raw:
        assert (await raw.ask('{"cmd": "meter", "signed": null}'))["ok"]


async def stop(csms, station, transaction):
    await station.swipe(CARD, evse=1)
    await csms.until(lambda: csms.ledger.transactions[transaction].ended, "Ended", 10)
    return csms.ledger.transactions[transaction].events


async def test_TC_J_11_CS_sampled_signed(rig):
    # J02.FR.21, E02.FR.14, E07.FR.12
    csms, station = await signing(rig, ("SampledDataCtrlr.TxUpdatedInterval", 60))
    transaction = await charge(rig, csms, station)
    await station.command("meter", evse=1, signed=record(_LONG))
    await station.clock(61)
    event = await csms.expect_event(triggerReason="MeterValuePeriodic")
    assert signed(event) == [record(_LONG, "")]  # its key went along with the first one
    last = 'é\u20ac\U0001f600"\\/\x01 end'
    await station.command("meter", evse=1, signed=record(last))
    events = await stop(csms, station, transaction)
    assert signed(events[0]) == [record("first")]
    assert signed(events[-1]) == [record("first", ""), record(last, "")]
    assert not csms.ledger.wrong()


async def test_TC_J_04_CS_aligned_signed(rig):
    # J01.FR.21: MeterValues of the idle EVSE, MeterValueClock of the busy one
    csms, station = await signing(
        rig,
        ("AlignedDataCtrlr.SignReadings", "true"),
        ("AlignedDataCtrlr.Interval", 900),
        ("SampledDataCtrlr.SignReadings", "false"),
        ("SampledDataCtrlr.TxUpdatedInterval", 0),
        (_KEY, "EveryMeterValue"),
    )
    await charge(rig, csms, station)
    await station.command("meter", evse=2, signed=record("second", "other key"))
    await station.clock(900)
    await rig.quiet(csms)
    event = await csms.expect_event(triggerReason="MeterValueClock")
    assert signed(event) == [record("first")]
    by_evse = {m["evseId"]: signed(m) for m in csms.calls("MeterValues")}
    assert by_evse[2] == [record("second", "other key")]
    assert by_evse.get(0, []) == []


@pytest.mark.parametrize(
    ("policy", "keys"),
    [("Never", ["", "", "", ""]), ("OncePerTransaction", ["k", "", "", ""]),
     ("EveryMeterValue", ["k", "k", "k", "k"])],
)  # fmt: skip
async def test_public_key(rig, policy, keys):
    csms, station = await signing(rig, (_KEY, policy), ("SampledDataCtrlr.TxUpdatedInterval", 60))
    await station.command("meter", signed=record("x", "k"))
    for _ in range(2):  # each transaction anew
        transaction = await charge(rig, csms, station)
        await station.clock(61)
        await rig.quiet(csms)
        events = await stop(csms, station, transaction)
        periodic = [e for e in events if e["triggerReason"] == "MeterValuePeriodic"]
        told = [events[0], periodic[0], events[-1]]
        assert [s["publicKey"] for e in told for s in signed(e)] == keys
        await station.unplug()
        await rig.quiet(csms)


async def told_later(csms, station, transaction):
    """Stop while offline, and come back: all events."""
    await station.swipe(CARD, evse=1)
    await station.until_relay(False)
    await station.network(True)
    await csms.until(lambda: csms.ledger.transactions[transaction].ended, "Ended", 20)
    return csms.ledger.transactions[transaction].events


async def test_first_event_without_readings_has_no_key(rig):
    # OncePerTransaction: with the first that is signed
    csms, station = await signing(
        rig,
        ("SampledDataCtrlr.TxStartedMeasurands", ""),
        ("SampledDataCtrlr.TxUpdatedInterval", 0),
    )
    transaction = await charge(rig, csms, station)
    events = await stop(csms, station, transaction)
    assert [signed(e) for e in events[:-1]] == [[]] * (len(events) - 1)
    assert [s["publicKey"] for s in signed(events[-1])] == ["", "the key"]


async def test_signatures_are_of_their_moment_offline(rig):
    # E04.FR.10, E08.FR.12, E11.FR.08, E12.FR.10
    csms, station = await signing(rig, ("SampledDataCtrlr.TxUpdatedInterval", 60))
    transaction = await charge(rig, csms, station)
    await station.network(False)
    await csms.disconnected()
    for n in range(8):
        await station.command("meter", evse=1, signed=record(f"minute {n} {_LONG[:2480]}"))
        await minute(station)
    events = await told_later(csms, station, transaction)
    periodic = [e for e in events if e["triggerReason"] == "MeterValuePeriodic"]
    assert [d[:8] for e in periodic for d in data(e)] == [f"minute {n}" for n in range(8)]
    assert [d[:8] for d in data(events[-1])] == ["first", "minute 7"]
    assert not csms.ledger.wrong()


async def test_signatures_outlive_a_reboot(rig):
    csms, station = await signing(rig)
    transaction = await charge(rig, csms, station)
    await station.network(False)
    await csms.disconnected()
    await station.command("meter", evse=1, signed=record(_LONG))
    await station.command("reboot")
    await station.network(True)
    await csms.until(lambda: csms.ledger.transactions[transaction].ended, "Ended", 20)
    ended = csms.ledger.transactions[transaction].events[-1]
    assert data(ended) == ["first", _LONG]


async def test_a_meter_that_fails_to_sign_or_signs_too_much(rig):
    csms, station = await signing(rig)
    transaction = await charge(rig, csms, station)
    await station.command("meter", evse=1, signed=record("x" * 2501))
    await station.clock(61)
    event = await csms.expect_event(triggerReason="MeterValuePeriodic")
    assert event["meterValue"] and not signed(event)
    assert await station.logged("longer than OCPP allows")
    await fail_to_sign(station)
    events = await stop(csms, station, transaction)
    assert events[-1]["meterValue"][-1]["sampledValue"][0]["context"] == "Transaction.End"
    assert data(events[-1]) == ["first"]
    assert await station.logged("the meter does not sign")


async def test_nothing_is_signed_unless_asked_for(rig):
    csms, station = await rig.booted()
    await station.command("meter", signed=record("first"))
    transaction = await charge(rig, csms, station)
    assert not any(signed(e) for e in await stop(csms, station, transaction))


async def test_variables_are_absent_without_a_signing_meter(rig):
    names = ["SampledDataCtrlr.SignReadings", "AlignedDataCtrlr.SignReadings", _KEY]
    csms, station = await rig.booted()
    assert {r["attributeStatus"] for r in await read(csms, *names)} == {"UnknownVariable"}
    start = ("TxCtrlr.TxStartPoint", "EVConnected,DataSigned")
    assert (await write(csms, start))[0]["attributeStatus"] == "Rejected"
    assert not await told_of_signing(csms)
    await station.command("meter", signed=record("first"))
    assert [r["attributeValue"] for r in await read(csms, *names)] == [
        "false", "false", "OncePerTransaction",
    ]  # fmt: skip
    assert (await write(csms, start))[0]["attributeStatus"] == "Accepted"
    assert await told_of_signing(csms) == {*names, "TxCtrlr.TxStartPoint"}
    stop_point = ("TxCtrlr.TxStopPoint", "DataSigned")  # E06.FR.05
    assert (await write(csms, stop_point))[0]["attributeStatus"] == "Rejected"


async def told_of_signing(csms):
    """What a report says that has to do with signing."""
    csms.forget()
    request = {"requestId": 1, "reportBase": "FullInventory"}
    assert (await csms.call("GetBaseReport", request))["status"] == "Accepted"
    await csms.expect("NotifyReport", where=lambda page: not page.get("tbc"))
    found = set()
    for page in csms.calls("NotifyReport"):
        for item in page["reportData"]:
            name = f"{item['component']['name']}.{item['variable']['name']}"
            values = item["variableCharacteristics"].get("valuesList", "")
            if "Sign" in item["variable"]["name"] or "DataSigned" in values:
                found.add(name)
    return found


async def test_TC_E_11_CS_start_point_data_signed(rig):
    # E01.FR.04, E01.FR.07, E01.FR.16
    csms, station = await signing(rig, ("TxCtrlr.TxStartPoint", "DataSigned"))
    await station.plug()
    await csms.never("TransactionEvent", 0.3)
    await station.swipe(CARD, evse=1)
    event = await csms.expect("TransactionEvent")
    assert (event["eventType"], event["triggerReason"]) == ("Started", "SignedDataReceived")
    assert event["seqNo"] == 0 and event["evse"] == {"id": 1, "connectorId": 1}
    assert event["idToken"]["idToken"] == CARD
    assert signed(event) == [record("first")]


async def test_TC_E_11_CS_starts_when_the_meter_comes_to_sign(rig):
    # E01.FR.04
    csms, station = await signing(rig, ("TxCtrlr.TxStartPoint", "DataSigned"))
    await fail_to_sign(station)
    await station.plug()
    await station.swipe(CARD, evse=1)
    await rig.quiet(csms)
    await station.clock(10)
    await csms.never("TransactionEvent", 0.3)
    await station.command("meter", evse=1, signed=record("late"))
    await station.clock(10)
    event = await csms.expect("TransactionEvent")
    assert (event["eventType"], event["triggerReason"]) == ("Started", "SignedDataReceived")
    assert data(event) == ["late"]


async def test_more_signatures_than_fit(rig):
    # E06.FR.12, J02.FR.13, J02.FR.20: readings in between go, never the first or the last
    csms, station = await signing(
        rig,
        ("SampledDataCtrlr.TxUpdatedInterval", 60),
        ("SampledDataCtrlr.TxEndedInterval", 60),
    )
    transaction = await charge(rig, csms, station)
    await station.network(False)
    await csms.disconnected()
    for n in range(40):
        await station.command("meter", evse=1, signed=record(f"{n}"))
        await minute(station)
    events = await told_later(csms, station, transaction)
    for event in events:
        context = [v["sampledValue"][0]["context"] for v in event.get("meterValue", ())]
        assert len(data(event)) == len(context)
    periodic = [int(d) for e in events[1:-1] for d in data(e) if d != "first"]
    assert periodic == sorted(periodic) and 5 < len(periodic) <= 40
    ended = data(events[-1])
    assert ended[0] == "first" and ended[-1] == "39" and len(ended) > 4
    assert not csms.ledger.wrong()


async def test_control_errors(rig):
    csms, station = await rig.booted(overrides=[setting("TxCtrlr.TxStartPoint", "EVConnected")])
    for wrong in ("x", {}, {**record("x"), "publicKey": 1}, record("x" * 2602)):
        with pytest.raises(Exception, match="signed: "):
            await station.command("meter", signed=wrong)
    assert await value(csms, "TxCtrlr.TxStartPoint") == START["EVConnected"]["value"]
