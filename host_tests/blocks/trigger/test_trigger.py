"""F06: TriggerMessage. What is asked for follows the answer (F06.FR.04)."""

import pytest
from rig import setting
from sessions import START, charge

NOT_BUILT = (
    "PublishFirmwareStatusNotification",
    "SignChargingStationCertificate",
    "SignV2GCertificate",
    "SignCombinedCertificate",
)


async def _trigger(csms, message, evse=None):
    request = {"requestedMessage": message, **({"evse": evse} if evse else {})}
    return (await csms.call("TriggerMessage", request))["status"]


def _sample(meter_value):
    return {
        (s.get("measurand", "Energy.Active.Import.Register"), s.get("phase")): s
        for s in meter_value["sampledValue"]
    }


async def test_TC_F_11_CS_meter_values_of_one_evse(rig):
    # F06.FR.02, F06.FR.06, F06.FR.09, F06.FR.10
    measurands = "Energy.Active.Import.Register,Power.Active.Import"
    csms, _ = await rig.booted(overrides=[setting("AlignedDataCtrlr.Measurands", measurands)])
    assert await _trigger(csms, "MeterValues", {"id": 2}) == "Accepted"
    told = await csms.expect("MeterValues")
    assert told["evseId"] == 2
    (values,) = told["meterValue"]
    assert {name for name, _ in _sample(values)} == set(measurands.split(","))
    assert {s["context"] for s in values["sampledValue"]} == {"Trigger"}
    await csms.never("MeterValues", 0.2)


async def test_TC_F_12_CS_meter_values_of_all(rig):
    # F06.FR.11
    csms, _ = await rig.booted()
    assert await _trigger(csms, "MeterValues") == "Accepted"
    told = [(await csms.expect("MeterValues"))["evseId"] for _ in range(2)]
    assert sorted(told) == [1, 2]


async def test_TC_F_13_CS_transaction_event_of_one_evse(rig):
    # F06.FR.02, F06.FR.07
    csms, station = await rig.booted()
    first = await charge(rig, csms, station, 1)
    await charge(rig, csms, station, 2, "04A1B2C4")
    assert await _trigger(csms, "TransactionEvent", {"id": 1}) == "Accepted"
    event = await csms.expect("TransactionEvent")
    assert (event["eventType"], event["triggerReason"]) == ("Updated", "Trigger")
    assert event["transactionInfo"]["transactionId"] == first
    assert event["transactionInfo"]["chargingState"] == "Charging"
    measurands = {s["measurand"] for s in event["meterValue"][0]["sampledValue"]}
    assert measurands == {"Energy.Active.Import.Register", "Power.Active.Import"}
    await csms.never("TransactionEvent", 0.2)


async def test_TC_F_14_CS_transaction_event_of_all(rig):
    # F06.FR.11
    csms, station = await rig.booted()
    both = {
        await charge(rig, csms, station, 1),
        await charge(rig, csms, station, 2, "04A1B2C4"),
    }
    assert await _trigger(csms, "TransactionEvent") == "Accepted"
    told = [await csms.expect("TransactionEvent") for _ in range(2)]
    assert {t["transactionInfo"]["transactionId"] for t in told} == both
    assert {t["triggerReason"] for t in told} == {"Trigger"}


async def test_transaction_event_without_transaction(rig):
    # F06.FR.05, F06.FR.10: nothing would follow
    csms, _ = await rig.booted()
    assert await _trigger(csms, "TransactionEvent") == "Rejected"


async def test_TC_F_20_CS_heartbeat(rig):
    # F06.FR.05, F06.FR.10
    csms, _ = await rig.booted()
    assert await _trigger(csms, "Heartbeat") == "Accepted"
    await csms.expect("Heartbeat")
    # F06.FR.03: an EVSE makes no sense here, and is ignored
    assert await _trigger(csms, "Heartbeat", {"id": 1}) == "Accepted"
    await csms.expect("Heartbeat")


@pytest.mark.parametrize("evse", [1, 2])
async def test_TC_F_23_CS_status_available(rig, evse):
    csms, _ = await rig.booted()
    csms.forget()
    place = {"id": evse, "connectorId": 1}
    assert await _trigger(csms, "StatusNotification", place) == "Accepted"
    status = await csms.expect("StatusNotification")
    assert status["connectorStatus"] == "Available"
    assert (status["evseId"], status["connectorId"]) == (evse, 1)
    await csms.never("StatusNotification", 0.2)


async def test_TC_F_24_CS_status_occupied(rig):
    csms, station = await rig.booted(overrides=[START["EVConnected"]])
    await station.plug()
    await rig.quiet(csms)
    csms.forget()
    place = {"id": 1, "connectorId": 1}
    assert await _trigger(csms, "StatusNotification", place) == "Accepted"
    assert (await csms.expect("StatusNotification"))["connectorStatus"] == "Occupied"


async def test_transaction_that_waits_for_its_evse(rig):
    # F06.FR.07: asked for everywhere, not for an EVSE that it is not at
    csms, station = await rig.booted(overrides=[START["Authorized"]])
    await station.swipe()
    started = await csms.expect_event(eventType="Started", triggerReason="Authorized")
    assert "evse" not in started
    assert await _trigger(csms, "TransactionEvent", {"id": 1}) == "Rejected"
    assert await _trigger(csms, "TransactionEvent") == "Accepted"
    event = await csms.expect_event(eventType="Updated", triggerReason="Trigger")
    assert event["transactionInfo"] == started["transactionInfo"]


async def test_TC_F_26_CS_boot_notification_refused(rig):
    # F06.FR.17
    csms, _ = await rig.booted()
    csms.forget()
    assert await _trigger(csms, "BootNotification") == "Rejected"
    await csms.never("BootNotification", 0.3)


async def _idle(rig, message, evse=None):
    csms, _ = await rig.booted()
    assert await _trigger(csms, message, evse) == "Accepted"
    assert await csms.expect(message) == {"status": "Idle"}
    await rig.quiet(csms)
    assert len(csms.calls(message)) == 1


async def test_TC_F_15_CS_log_status_idle(rig):
    # F06.FR.15
    await _idle(rig, "LogStatusNotification")


async def test_TC_F_17_CS_firmware_status_with_an_evse(rig):
    # F06.FR.03, F06.FR.16
    await _idle(rig, "FirmwareStatusNotification", {"id": 1})


async def test_TC_F_18_CS_firmware_status_idle(rig):
    # F06.FR.16
    await _idle(rig, "FirmwareStatusNotification")


async def test_status_asked_for_in_pending(rig):
    # B02.FR.02
    csms = await rig.csms()
    csms.answer("BootNotification", lambda m: csms.boot_answer("Pending", 600))
    await rig.station(csms)
    await csms.expect("BootNotification", 10)
    assert await _trigger(csms, "LogStatusNotification") == "Accepted"
    await csms.expect("LogStatusNotification")


@pytest.mark.parametrize("message", NOT_BUILT)
async def test_TC_F_27_CS_not_implemented(rig, message):
    # F06.FR.08
    csms, _ = await rig.booted()
    csms.forget()
    assert await _trigger(csms, message) == "NotImplemented"
    assert csms.calls(message.removesuffix("Notification")) == []


async def test_transaction_event_of_nowhere(rig):
    # F06.FR.07, F06.FR.11: a transaction that has no EVSE yet (E03) is one of all
    csms, station = await rig.booted(overrides=[START["Authorized"]])
    await station.swipe()
    started = await csms.expect("TransactionEvent")
    await rig.quiet(csms)
    assert await _trigger(csms, "TransactionEvent", {"id": 1}) == "Rejected"
    assert await _trigger(csms, "TransactionEvent") == "Accepted"
    event = await csms.expect("TransactionEvent")
    assert (event["eventType"], event["triggerReason"]) == ("Updated", "Trigger")
    assert event["transactionInfo"]["transactionId"] == started["transactionInfo"]["transactionId"]
    assert event["transactionInfo"]["chargingState"] == "Idle"


async def test_meter_values_when_nothing_is_to_be_read(rig):
    # F06.FR.05, F06.FR.10: nothing would follow
    csms, _ = await rig.booted(overrides=[setting("AlignedDataCtrlr.Measurands", "")])
    assert await _trigger(csms, "MeterValues") == "Rejected"
    await csms.never("MeterValues", 0.2)


@pytest.mark.parametrize("evse", [{"id": 1}, {"id": 1, "connectorId": 1}, {"id": 9}])
async def test_evse_that_makes_no_sense(rig, evse):
    # F06.FR.03, F06.FR.08, F06.FR.17
    csms, _ = await rig.booted()
    assert await _trigger(csms, "Heartbeat", evse) == "Accepted"
    await csms.expect("Heartbeat")
    assert await _trigger(csms, "SignV2GCertificate", evse) == "NotImplemented"
    assert await _trigger(csms, "BootNotification", evse) == "Rejected"


@pytest.mark.parametrize(
    "message", ["Heartbeat", "MeterValues", "StatusNotification", "TransactionEvent"]
)
async def test_the_answer_is_first(rig, message):
    # F06.FR.04
    csms, station = await rig.booted()
    await charge(rig, csms, station)
    told = len(csms.conversation.messages)
    assert await _trigger(csms, message) == "Accepted"
    await csms.expect(message)
    said = csms.conversation.messages[told:]
    assert [m.action for m in said[:3]] == ["TriggerMessage", "TriggerMessage", message]
    assert [m.is_call for m in said[:3]] == [True, False, True]


async def test_evse_that_is_not_there(rig):
    csms, _ = await rig.booted()
    csms.forget()
    assert await _trigger(csms, "TransactionEvent", {"id": 3}) == "Rejected"
    assert await _trigger(csms, "StatusNotification", {"id": 1, "connectorId": 2}) == "Rejected"
    assert await _trigger(csms, "StatusNotification", {"id": 3}) == "Rejected"
    assert await _trigger(csms, "MeterValues", {"id": 3}) == "Rejected"
    await csms.never("StatusNotification", 0.2)


async def test_evse_0_is_the_station(rig):
    # F06.FR.03, F06.FR.11
    csms, station = await rig.booted()
    await charge(rig, csms, station)
    everywhere = {"id": 0}
    assert await _trigger(csms, "StatusNotification", everywhere) == "Accepted"
    told = [await csms.expect("StatusNotification") for _ in range(2)]
    assert {s["evseId"] for s in told} == {1, 2}
    assert await _trigger(csms, "TransactionEvent", everywhere) == "Accepted"
    await csms.expect_event(eventType="Updated", triggerReason="Trigger")
    assert await _trigger(csms, "MeterValues", everywhere) == "Accepted"
    told = [await csms.expect("MeterValues") for _ in range(2)]
    assert {m["evseId"] for m in told} == {1, 2}
    nowhere = {"id": 0, "connectorId": 1}
    assert await _trigger(csms, "StatusNotification", nowhere) == "Rejected"
    assert await _trigger(csms, "StatusNotification", {"id": -1}) == "Rejected"
    csms.forget()
    assert await _trigger(csms, "StatusNotification", {"id": 1, "connectorId": 0}) == "Accepted"
    assert (await csms.expect("StatusNotification"))["evseId"] == 1
