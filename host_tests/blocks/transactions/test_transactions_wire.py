"""E01 to E03: when a transaction starts and what its events say."""

from rig import CARD, GROUP_CARD, setting
from sessions import START, charge, remote_start, still_charging, stop_at

_TOKEN = {"idToken": CARD, "type": "ISO14443"}


async def test_TC_E_09_CS_start_point_ev_connected(rig):
    # E01.FR.02, E01.FR.10, E01.FR.15, E01.FR.16, E02.FR.06
    csms, station = await rig.booted(overrides=[START["EVConnected"]])
    await station.plug()
    event = await csms.expect_event(eventType="Started", triggerReason="CablePluggedIn", seqNo=0)
    assert event["evse"] == {"id": 1, "connectorId": 1}
    assert event["transactionInfo"]["chargingState"] == "EVConnected"
    assert "idToken" not in event
    await station.swipe(CARD, evse=1)
    event = await csms.expect_event(eventType="Updated", triggerReason="Authorized", seqNo=1)
    assert event["idToken"] == _TOKEN


async def test_TC_E_10_CS_start_point_authorized_local(rig):
    # E01.FR.03, E01.FR.10, E01.FR.16
    csms, station = await rig.booted(overrides=[START["Authorized"]])
    await station.swipe(CARD)
    event = await csms.expect_event(eventType="Started", triggerReason="Authorized", seqNo=0)
    assert event["idToken"] == _TOKEN
    await station.plug(2)
    event = await csms.expect_event(eventType="Updated", triggerReason="CablePluggedIn")
    assert event["evse"] == {"id": 2, "connectorId": 1}
    assert event["transactionInfo"]["chargingState"] == "EVConnected"


async def test_TC_E_13_CS_start_point_authorized_remote(rig):
    # E01.FR.03, F01.FR.03, F01.FR.04, F01.FR.19, F02.FR.01
    csms, _ = await rig.booted(overrides=[START["Authorized"]])
    answer = await csms.call("RequestStartTransaction", remote_start(41, evseId=1))
    assert answer["status"] == "Accepted"
    event = await csms.expect_event(eventType="Started", triggerReason="RemoteStart")
    assert event["transactionInfo"]["remoteStartId"] == 41
    assert event["idToken"] == _TOKEN


async def test_TC_E_01_CS_start_point_power_path_closed(rig):
    # E01.FR.05, E01.FR.16
    csms, station = await rig.booted(overrides=[START["PowerPathClosed"]])
    await station.plug()
    await csms.expect("StatusNotification")
    await csms.never("TransactionEvent", 0.2)
    await station.swipe(CARD, evse=1)
    event = await csms.expect_event(eventType="Started")
    assert event["triggerReason"] in ("Authorized", "ChargingStateChanged")
    assert event["idToken"] == _TOKEN
    assert event["evse"] == {"id": 1, "connectorId": 1}


async def test_TC_E_02_CS_start_point_energy_transfer(rig):
    # E01.FR.06, E01.FR.10, E01.FR.16
    csms, station = await rig.booted(overrides=[START["EnergyTransfer"]])
    await station.plug()
    await rig.quiet(csms)
    await station.swipe(CARD, evse=1)
    await rig.quiet(csms)
    assert not csms.calls("TransactionEvent")
    await station.ev("C")
    event = await csms.expect_event(eventType="Started", triggerReason="ChargingStateChanged")
    assert event["transactionInfo"]["chargingState"] == "Charging"
    assert event["idToken"] == _TOKEN
    assert event["evse"] == {"id": 1, "connectorId": 1}


async def test_TC_E_03_CS_cable_first(rig):
    # E02.FR.01, E02.FR.05 to FR.07, E02.FR.13, E02.FR.15 to FR.18
    csms, station = await rig.booted(overrides=[START["EVConnected"]])
    await station.plug()
    status = await csms.expect("StatusNotification")
    assert status["connectorStatus"] == "Occupied"
    await csms.expect_event(eventType="Started", triggerReason="CablePluggedIn")
    await station.swipe(CARD, evse=1)
    await csms.expect("Authorize")
    await csms.expect_event(eventType="Updated", triggerReason="Authorized")
    await station.ev("C")
    event = await csms.expect_event(eventType="Updated", triggerReason="ChargingStateChanged")
    if event["transactionInfo"]["chargingState"] != "Charging":  # the power path, apart
        event = await csms.expect_event(triggerReason="ChargingStateChanged")
    assert event["transactionInfo"]["chargingState"] == "Charging"
    assert event["numberOfPhasesUsed"] == 3
    assert (await station.state(1))["relay"]


async def test_TC_E_04_CS_token_first(rig):
    # E03.FR.01, E03.FR.06, E03.FR.12, E03.FR.13
    csms, station = await rig.booted(overrides=[START["Authorized"]])
    await station.swipe(CARD, evse=1)
    await csms.expect("Authorize")
    event = await csms.expect_event(eventType="Started", triggerReason="Authorized")
    assert event["idToken"] == _TOKEN
    await station.plug()
    await csms.expect_event(eventType="Updated", triggerReason="CablePluggedIn")
    await station.ev("C")
    await station.until_relay(True)
    await csms.expect(
        "TransactionEvent", where=lambda e: e["transactionInfo"].get("chargingState") == "Charging"
    )


async def test_TC_E_04_CS_token_first_default_start_point(rig):
    # E03 with PowerPathClosed: the transaction starts when the car comes
    csms, station = await rig.booted()
    await station.swipe(CARD)
    await csms.expect("Authorize")
    await rig.quiet(csms)
    assert not csms.calls("TransactionEvent")
    await station.plug(2)
    event = await csms.expect_event(eventType="Started")
    assert event["evse"]["id"] == 2
    assert event["idToken"] == _TOKEN
    await station.ev("C", 2)
    await station.until_relay(True, 2)


async def test_TC_E_05_CS_token_first_never_plugged_in(rig):
    # E03.FR.05
    csms, station = await rig.booted(
        overrides=[START["Authorized"], setting("TxCtrlr.EVConnectionTimeOut", 45)]
    )
    await station.swipe(CARD, evse=1)
    await csms.expect_event(eventType="Started", triggerReason="Authorized")
    await rig.quiet(csms)
    await station.clock(40)
    await csms.never("TransactionEvent", 0.2)
    await station.clock(6)
    await csms.expect_event(
        eventType="Ended", triggerReason="EVConnectTimeout", stoppedReason="Timeout"
    )


async def test_TC_E_39_CS_deauthorized_by_timeout(rig):
    # E06.FR.04, E06.FR.15: the authorization ends, and what is plugged in later does not charge
    csms, station = await rig.booted(
        overrides=[
            START["Authorized"],
            stop_at("Authorized"),
            setting("TxCtrlr.EVConnectionTimeOut", 45),
        ]
    )
    await station.swipe(CARD, evse=1)
    await csms.expect_event(eventType="Started", triggerReason="Authorized")
    await rig.quiet(csms)
    await station.clock(46)
    await csms.expect_event(eventType="Ended", triggerReason="EVConnectTimeout")
    await station.plug()
    await station.ev("C")
    await rig.quiet(csms)
    assert not (await station.state(1))["relay"]


async def test_TC_E_38_CS_ev_suspends_at_start(rig):
    # E01.FR.19
    csms, station = await rig.booted(overrides=[START["EVConnected"]])
    await station.plug()
    await csms.expect_event(eventType="Started", triggerReason="CablePluggedIn")
    await station.swipe(CARD, evse=1)
    await csms.expect_event(eventType="Updated", triggerReason="Authorized")
    event = await csms.expect_event(eventType="Updated", triggerReason="ChargingStateChanged")
    assert event["transactionInfo"]["chargingState"] == "SuspendedEV"


async def test_each_change_of_the_charging_state_is_told(rig):
    # E01.FR.18, E01.FR.19
    csms, station = await rig.booted(overrides=[START["EVConnected"]])
    await charge(rig, csms, station)
    for pilot, wanted in (("B", "SuspendedEV"), ("C", "Charging"), ("B", "SuspendedEV")):
        await station.ev(pilot)
        event = await csms.expect_event(eventType="Updated", triggerReason="ChargingStateChanged")
        assert event["transactionInfo"]["chargingState"] == wanted


async def test_number_of_phases(rig):
    # E02.FR.18
    csms, station = await rig.booted()
    await charge(rig, csms, station, phases=1)
    told = [
        e["numberOfPhasesUsed"]
        for e in csms.calls("TransactionEvent")
        if "numberOfPhasesUsed" in e
    ]
    assert told and told[-1] == 1


async def test_two_evses_at_once(rig):
    # E01.FR.07, E01.FR.08
    csms, station = await rig.booted()
    first = await charge(rig, csms, station, 1, CARD)
    second = await charge(rig, csms, station, 2, GROUP_CARD)
    assert first != second
    await still_charging(station, first, 1)
    await still_charging(station, second, 2)
    await station.swipe(CARD, evse=1)
    await csms.until(lambda: csms.ledger.transactions[first].ended, "Ended of the first")
    await still_charging(station, second, 2)
    await station.swipe(GROUP_CARD, evse=2)
    await csms.until(lambda: csms.ledger.transactions[second].ended, "Ended of the second")
    assert csms.ledger.transactions[first].evse == 1
    assert csms.ledger.transactions[second].evse == 2


async def test_one_transaction_per_evse(rig):
    # E01.FR.14
    csms, station = await rig.booted(overrides=[START["EVConnected"]], evses="2,1")
    await station.plug(1, 1)
    await csms.expect_event(eventType="Started", triggerReason="CablePluggedIn")
    await rig.quiet(csms)
    await station.plug(1, 2)
    await csms.never("TransactionEvent", 0.3)
    assert len(csms.ledger.transactions) == 1


async def test_transaction_ids_are_unique_over_restarts(rig):
    # E01.FR.08
    csms, station = await rig.booted(overrides=[START["EVConnected"]])
    ids = set()
    for _ in range(3):
        await station.plug()
        event = await csms.expect_event(eventType="Started", triggerReason="CablePluggedIn")
        ids.add(event["transactionInfo"]["transactionId"])
        await station.unplug()
        await csms.expect_event(eventType="Ended")
        await rig.quiet(csms)
        await station.restart()
        await csms.expect("BootNotification", 10)
        await csms.expect("StatusNotification")
        await rig.quiet(csms)
    assert len(ids) == 3
