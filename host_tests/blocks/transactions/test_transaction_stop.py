"""E06, E07, E09: when a transaction ends, and why."""

import pytest
from rig import CARD, UNKNOWN, setting
from sessions import START, charge, stop_at

_LOCAL = (None, "Local")  # E06.FR.09, E07.FR.04: it may be left out


async def _ended(csms, **wanted):
    """The Ended event; events before it are passed over."""
    event = await csms.expect("TransactionEvent", where=lambda e: e["eventType"] == "Ended")
    fields = {**event["transactionInfo"], **event}
    found = {name: fields.get(name) for name in wanted}
    for name, value in wanted.items():
        assert found[name] in (value if isinstance(value, tuple) else (value,)), event
    return event


async def test_TC_E_06_CS_local_stop(rig):
    # E07.FR.04, E06.FR.15, C01.FR.03; E07.FR.07: the cable is unlocked
    csms, station = await rig.booted()
    await charge(rig, csms, station)
    assert (await station.state(1))["locked"]
    await station.swipe(CARD, evse=1)
    event = await _ended(csms, triggerReason="StopAuthorized", stoppedReason=_LOCAL)
    assert event.get("idToken", {"idToken": CARD})["idToken"] == CARD
    state = await station.state(1)
    assert not state["relay"] and not state["locked"] and state["transactionId"] is None


async def test_TC_E_07_CS_stop_point_power_path_closed_local(rig):
    # E06.FR.06
    csms, station = await rig.booted(overrides=[stop_at("PowerPathClosed")])
    await charge(rig, csms, station)
    await station.swipe(CARD, evse=1)
    await _ended(csms, triggerReason="StopAuthorized", stoppedReason=_LOCAL)
    await station.until_relay(False)


async def test_TC_E_08_CS_stop_point_energy_transfer_stop_authorized(rig):
    # E06.FR.07
    csms, station = await rig.booted(overrides=[stop_at("EnergyTransfer")])
    await charge(rig, csms, station)
    await station.swipe(CARD, evse=1)
    await _ended(
        csms, triggerReason=("StopAuthorized", "ChargingStateChanged"), stoppedReason=_LOCAL
    )
    await station.until_relay(False)


async def test_TC_E_14_CS_stop_point_ev_disconnected_station_side(rig):
    # E06.FR.02; E07.FR.02
    csms, station = await rig.booted(overrides=[stop_at("EVConnected")])
    await charge(rig, csms, station)
    await station.swipe(CARD, evse=1)
    await csms.expect_event(eventType="Updated", triggerReason="StopAuthorized")
    await station.until_relay(False)
    assert not (await station.state(1))["locked"]
    await station.unplug()
    await _ended(
        csms, triggerReason="EVCommunicationLost", stoppedReason=(None, "Local", "EVDisconnected")
    )


async def test_TC_E_15_CS_stop_point_stop_authorized_local(rig):
    # E06.FR.03
    csms, station = await rig.booted(overrides=[stop_at("Authorized")])
    await charge(rig, csms, station)
    await station.swipe(CARD, evse=1)
    await _ended(csms, triggerReason="StopAuthorized", stoppedReason=_LOCAL)


async def test_TC_E_17_CS_deauthorized_by_disconnecting_the_ev(rig):
    # E06.FR.04, E09.FR.01
    csms, station = await rig.booted(overrides=[stop_at("Authorized")])
    await charge(rig, csms, station)
    await station.ev("A")
    await _ended(csms, triggerReason="EVCommunicationLost", stoppedReason="EVDisconnected")
    await station.until_relay(False)


async def test_TC_E_20_CS_stop_point_ev_disconnected_ev_side(rig):
    # E06.FR.02
    csms, station = await rig.booted(overrides=[stop_at("EVConnected")])
    await charge(rig, csms, station)
    await station.ev("A")
    await _ended(csms, triggerReason="EVCommunicationLost", stoppedReason="EVDisconnected")
    await station.until_relay(False)


@pytest.mark.parametrize("points", ["Authorized", "PowerPathClosed"])
async def test_TC_E_21_CS_TC_E_35_CS_stop_point_remote(rig, points):
    # E06.FR.03, E06.FR.06, F03.FR.03, F03.FR.09
    csms, station = await rig.booted(overrides=[stop_at(points)])
    transaction = await charge(rig, csms, station)
    answer = await csms.call("RequestStopTransaction", {"transactionId": transaction})
    assert answer["status"] == "Accepted"
    await _ended(csms, triggerReason="RemoteStop", stoppedReason="Remote")
    await station.until_relay(False)


async def test_TC_E_22_CS_stop_point_energy_transfer_suspended_ev(rig):
    # E06.FR.07
    csms, station = await rig.booted(overrides=[stop_at("EnergyTransfer")])
    await charge(rig, csms, station)
    await station.ev("B")
    await _ended(
        csms,
        triggerReason="ChargingStateChanged",
        stoppedReason=("StoppedByEV", "SOCLimitReached", "Other"),
    )


async def test_TC_E_24_CS_ev_side_disconnect_unlocks(rig):
    # E09.FR.01, E09.FR.02
    overrides = [stop_at("Authorized"), setting("OCPPCommCtrlr.UnlockOnEVSideDisconnect", "true")]
    csms, station = await rig.booted(overrides=overrides)
    await charge(rig, csms, station)
    await station.ev("A")
    await _ended(csms, triggerReason="EVCommunicationLost", stoppedReason="EVDisconnected")
    assert not (await station.state(1))["locked"]
    # E09.FR.01: plugged in again it needs a new authorization
    await station.ev("B")
    await station.ev("C")
    await rig.quiet(csms)
    assert not (await station.state(1))["relay"]


async def test_TC_E_25_CS_ev_side_disconnect_stays_locked(rig):
    # E09.FR.01, E09.FR.03
    overrides = [stop_at("Authorized"), setting("OCPPCommCtrlr.UnlockOnEVSideDisconnect", "false")]
    csms, station = await rig.booted(overrides=overrides)
    await charge(rig, csms, station)
    await station.ev("A")
    await _ended(csms, triggerReason="EVCommunicationLost", stoppedReason="EVDisconnected")
    state = await station.state(1)
    assert state["locked"] and not state["relay"]
    await station.swipe(CARD, evse=1)
    await station.until(lambda s: not s["evses"][0]["connectors"][0]["locked"], "unlocked")


async def test_ev_side_disconnect_unlocks_what_a_refused_token_has_locked(rig):
    # E05.FR.11, then E09.FR.02
    overrides = [setting("OCPPCommCtrlr.UnlockOnEVSideDisconnect", "true")]
    csms, station = await rig.booted(overrides=overrides)
    csms.answer("TransactionEvent", {"idTokenInfo": {"status": "Invalid"}})
    await station.plug()
    await station.swipe(CARD, evse=1)
    await _ended(csms, triggerReason="Deauthorized", stoppedReason="DeAuthorized")
    assert (await station.state(1))["locked"]
    await station.unplug()
    await station.until(lambda s: not s["evses"][0]["connectors"][0]["locked"], "unlocked")
    assert (await station.state(1))["status"] == "Available"


async def test_TC_E_37_CS_stop_point_power_path_closed_ev_side(rig):
    # E06.FR.06
    csms, station = await rig.booted(overrides=[stop_at("PowerPathClosed")])
    await charge(rig, csms, station)
    await station.ev("A")
    await _ended(csms, triggerReason="EVCommunicationLost", stoppedReason="EVDisconnected")
    await station.until_relay(False)


async def test_TC_E_26_CS_ev_side_disconnect_suspends(rig):
    # E10.FR.01, E10.FR.03: the transaction goes on, the cable waits for its owner
    overrides = [
        stop_at("Authorized"),
        setting("TxCtrlr.StopTxOnEVSideDisconnect", "false"),
        setting("OCPPCommCtrlr.UnlockOnEVSideDisconnect", "false"),
    ]
    csms, station = await rig.booted(overrides=overrides)
    transaction = await charge(rig, csms, station)
    await station.ev("A")
    event = await csms.expect("TransactionEvent")
    assert (event["eventType"], event["triggerReason"]) == ("Updated", "EVCommunicationLost")
    await station.until_relay(False)
    state = await station.state(1)
    assert (state["locked"], state["transactionId"]) == (True, transaction)
    await station.ev("C")  # plugged in again
    await station.until_relay(True)
    assert (await station.state(1))["transactionId"] == transaction
    await station.swipe(CARD, evse=1)
    await _ended(csms, triggerReason="StopAuthorized", stoppedReason=_LOCAL)
    await station.until(lambda s: not s["evses"][0]["connectors"][0]["locked"], "unlocked")


async def test_TC_E_16_CS_deauthorized_invalid_token(rig):
    # E06.FR.04, C15.FR.04: a token that was unknown while offline is refused when the CSMS is back
    overrides = [
        stop_at("Authorized"),
        setting("AuthCtrlr.OfflineTxForUnknownIdEnabled", "true"),
    ]
    csms, station = await rig.booted(overrides=overrides)
    await station.network(False)
    await csms.disconnected()
    await station.plug()
    await station.swipe(UNKNOWN, evse=1)
    await station.ev("C")
    await station.until_relay(True)
    await station.network(True)
    started = await csms.expect("TransactionEvent", 10)
    assert (started["eventType"], started["offline"]) == ("Started", True)
    await _ended(csms, triggerReason="Deauthorized", stoppedReason="DeAuthorized")
    await station.until_relay(False)


async def test_fault_opens_the_relay_and_ends_the_transaction(rig):
    # E06.FR.16
    csms, station = await rig.booted()
    await charge(rig, csms, station)
    await station.fault("GroundFailure")
    await station.until_relay(False)
    await _ended(csms, triggerReason="AbnormalCondition", stoppedReason=("GroundFault", "Other"))


async def test_unplugging_before_authorization_ends_a_transaction(rig):
    # E06.FR.02, E06.FR.08
    csms, station = await rig.booted(overrides=[START["EVConnected"]])
    await station.plug()
    await csms.expect_event(eventType="Started", triggerReason="CablePluggedIn")
    await station.unplug()
    await _ended(csms, triggerReason="EVCommunicationLost", stoppedReason="EVDisconnected")


async def test_token_refused_in_the_transaction(rig):
    # E06.FR.04 with StopTxOnInvalidId: the answer to the event refuses what Authorize has accepted
    csms, station = await rig.booted(overrides=[stop_at("Authorized")])
    csms.answer_next("TransactionEvent", {"idTokenInfo": {"status": "Invalid"}})
    await station.plug()
    await station.swipe(CARD, evse=1)
    await _ended(csms, triggerReason="Deauthorized", stoppedReason="DeAuthorized")
    await station.until_relay(False)
