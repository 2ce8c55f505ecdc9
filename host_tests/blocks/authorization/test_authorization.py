"""C01: a driver presents a card at the station, which asks the CSMS."""

import pytest
from rig import BLOCKED, CARD, EXPIRED, GROUP_CARD, INVALID, UNKNOWN, setting
from sessions import START, charge, still_charging, stop_at

_CASES = [
    pytest.param(INVALID, "Invalid", id="TC_C_02_CS_invalid"),
    pytest.param(BLOCKED, "Blocked", id="TC_C_06_CS_blocked"),
    pytest.param(EXPIRED, "Expired", id="TC_C_07_CS_expired"),
    pytest.param(UNKNOWN, "Unknown", id="TC_C_56_CS_unknown"),
]


@pytest.mark.parametrize("token, status", _CASES)
async def test_refused_token_starts_nothing(rig, token, status):
    # C01.FR.01, C01.FR.02
    csms, station = await rig.booted()
    await station.plug()
    await station.swipe(token, evse=1)
    asked = await csms.expect("Authorize")
    assert asked["idToken"] == {"idToken": token, "type": "ISO14443"}
    await station.ev("C")
    await csms.never("TransactionEvent", 0.4)
    state = await station.state(1)
    assert not state["relay"] and not state["transactionId"]
    # the next one is asked for all the same, and charges
    await station.swipe(CARD, evse=1)
    await csms.expect("Authorize")
    await station.until_relay(True)


@pytest.mark.parametrize("token, status", _CASES)
async def test_refused_token_in_a_transaction_that_waits(rig, token, status):
    # C01.FR.01 with start point EVConnected: the transaction stays without authorization
    csms, station = await rig.booted(overrides=[START["EVConnected"]])
    await station.plug()
    await csms.expect_event(eventType="Started", triggerReason="CablePluggedIn")
    await station.swipe(token, evse=1)
    await csms.expect("Authorize")
    await station.ev("C")
    await rig.quiet(csms)
    assert not (await station.state(1))["relay"]
    triggers = [event["triggerReason"] for event in csms.calls("TransactionEvent")]
    assert "Authorized" not in triggers


async def test_TC_C_04_CS_other_token_does_not_stop(rig):
    # C01.FR.03
    csms, station = await rig.booted()
    transaction = await charge(rig, csms, station)
    await station.swipe(GROUP_CARD, evse=1)
    await rig.quiet(csms)
    await still_charging(station, transaction)
    assert not [
        e for e in csms.calls("TransactionEvent") if e["triggerReason"] == "StopAuthorized"
    ]


async def test_same_token_of_another_type_does_not_stop(rig):
    # C01.FR.25
    csms, station = await rig.booted()
    transaction = await charge(rig, csms, station)
    await station.swipe(CARD, evse=1, kind="ISO15693")
    await rig.quiet(csms)
    await still_charging(station, transaction)


async def test_same_token_stops_without_authorize(rig):
    # C01.FR.03, C01.FR.04, E07.FR.01
    csms, station = await rig.booted()
    await charge(rig, csms, station)
    before = len(csms.calls("Authorize"))
    await station.swipe(CARD, evse=1)
    await station.until_relay(False)
    await rig.quiet(csms)
    assert len(csms.calls("Authorize")) == before


async def test_authorization_is_dropped_without_a_car(rig):
    # C01.FR.26
    csms, station = await rig.booted(overrides=[setting("TxCtrlr.EVConnectionTimeOut", 60)])
    await station.swipe(CARD, evse=1)
    await csms.expect("Authorize")
    await rig.quiet(csms)
    await station.clock(61)
    await rig.quiet(csms)
    await station.plug()
    await station.ev("C")
    await rig.quiet(csms)
    assert not (await station.state(1))["relay"]


async def test_charges_only_where_the_csms_allows(rig):
    # C01.FR.21
    csms, station = await rig.booted()
    csms.answer("Authorize", {"idTokenInfo": {"status": "Accepted", "evseId": [2]}})
    csms.answer("TransactionEvent", {})
    await station.plug(1)
    await station.plug(2)
    await station.swipe(CARD, evse=1)
    await csms.expect("Authorize")
    await station.ev("C", 1)
    await station.ev("C", 2)
    await rig.quiet(csms)
    assert not (await station.state(1))["relay"]
    await station.swipe(CARD, evse=2)
    await station.until_relay(True, 2)


async def test_refused_token_after_stop_needs_a_new_authorization(rig):
    # E07, C01.FR.01: what was stopped does not go on by itself
    csms, station = await rig.booted(overrides=[stop_at("EVConnected")])
    await charge(rig, csms, station)
    await station.swipe(CARD, evse=1)
    await station.until_relay(False)
    await rig.quiet(csms)
    csms.forget()
    await station.swipe(BLOCKED, evse=1)
    await rig.quiet(csms)
    assert not (await station.state(1))["relay"]
