"""F01 to F03: start and stop from afar."""

import pytest
from rig import BLOCKED, CARD, GROUP_CARD, setting
from scripted_csms import STALL
from sessions import START, charge, remote_start, still_charging, stop_at, value

_ASK = setting("AuthCtrlr.AuthorizeRemoteStart", "true")
_DO_NOT_ASK = setting("AuthCtrlr.AuthorizeRemoteStart", "false")


async def test_TC_F_01_CS_remote_start_cable_first(rig):
    # F01.FR.03 to FR.05, F01.FR.13, F01.FR.17, F01.FR.19, F01.FR.25
    csms, station = await rig.booted(overrides=[START["EVConnected"], _DO_NOT_ASK])
    await station.plug()
    started = await csms.expect_event(eventType="Started", triggerReason="CablePluggedIn")
    transaction = started["transactionInfo"]["transactionId"]
    answer = await csms.call("RequestStartTransaction", remote_start(7, evseId=1))
    assert answer == {"status": "Accepted", "transactionId": transaction}
    event = await csms.expect_event(eventType="Updated", triggerReason="RemoteStart")
    assert event["transactionInfo"]["remoteStartId"] == 7
    assert event["idToken"] == {"idToken": CARD, "type": "ISO14443"}
    await station.ev("C")
    await station.until_relay(True)
    assert not csms.calls("Authorize")  # F01.FR.02


async def test_TC_F_01_CS_remote_start_default_start_point(rig):
    # F01.FR.19, F01.FR.25 with PowerPathClosed: a new transaction
    csms, station = await rig.booted(overrides=[_DO_NOT_ASK])
    await station.plug()
    await rig.quiet(csms)
    answer = await csms.call("RequestStartTransaction", remote_start(8, evseId=1))
    assert answer["status"] == "Accepted"
    event = await csms.expect_event(eventType="Started", triggerReason="RemoteStart")
    assert event["transactionInfo"]["remoteStartId"] == 8


async def test_TC_F_02_CS_remote_start_first_authorized(rig):
    # F02.FR.01, F02.FR.09, F01.FR.01
    csms, station = await rig.booted(overrides=[START["Authorized"], _ASK])
    answer = await csms.call("RequestStartTransaction", remote_start(9, evseId=1))
    assert answer["status"] == "Accepted"
    asked = await csms.expect("Authorize")
    assert asked["idToken"]["idToken"] == CARD
    event = await csms.expect_event(eventType="Started")
    assert event["triggerReason"] in ("RemoteStart", "Authorized")
    assert event["transactionInfo"]["remoteStartId"] == 9
    await station.plug()
    await station.ev("C")
    await station.until_relay(True)


async def test_TC_F_02_CS_remote_start_token_refused(rig):
    # F01.FR.01, F02.FR.09
    csms, station = await rig.booted(overrides=[_ASK])
    await csms.call("RequestStartTransaction", remote_start(9, BLOCKED, evseId=1))
    await csms.expect("Authorize")
    await station.plug()
    await station.ev("C")
    await rig.quiet(csms)
    assert not (await station.state(1))["relay"]


async def test_central_token_is_not_asked_for(rig):
    # F01.FR.01, F02.FR.09: Central needs no Authorize
    csms, _ = await rig.booted(overrides=[START["Authorized"], _ASK])
    request = remote_start(10, "op-1", "Central", evseId=1)
    assert (await csms.call("RequestStartTransaction", request))["status"] == "Accepted"
    await csms.expect_event(eventType="Started", triggerReason="RemoteStart")
    assert not csms.calls("Authorize")


async def test_TC_F_03_CS_remote_start_before_plug_in(rig):
    # F02.FR.01, F02.FR.10, F02.FR.13
    csms, station = await rig.booted(overrides=[START["Authorized"], _DO_NOT_ASK])
    answer = await csms.call("RequestStartTransaction", remote_start(11, evseId=2))
    assert answer["status"] == "Accepted"
    event = await csms.expect_event(eventType="Started", triggerReason="RemoteStart")
    assert event["transactionInfo"]["remoteStartId"] == 11
    await station.plug(2)
    event = await csms.expect_event(eventType="Updated", triggerReason="CablePluggedIn")
    assert event["evse"] == {"id": 2, "connectorId": 1}
    await station.ev("C", 2)
    await station.until_relay(True, 2)
    assert not csms.calls("Authorize")


async def test_TC_F_04_CS_remote_start_never_plugged_in(rig):
    # F02.FR.07, E03.FR.05
    overrides = [START["Authorized"], setting("TxCtrlr.EVConnectionTimeOut", 45)]
    csms, station = await rig.booted(overrides=overrides)
    await csms.call("RequestStartTransaction", remote_start(12, evseId=1))
    await csms.expect_event(eventType="Started", triggerReason="RemoteStart")
    await station.clock(46)
    await csms.expect_event(
        eventType="Ended", triggerReason="EVConnectTimeout", stoppedReason="Timeout"
    )


async def test_remote_start_refused_on_a_busy_evse(rig):
    # F01.FR.24
    csms, station = await rig.booted()
    transaction = await charge(rig, csms, station)
    answer = await csms.call("RequestStartTransaction", remote_start(13, GROUP_CARD, evseId=1))
    assert answer["status"] == "Rejected"
    await still_charging(station, transaction)


async def test_second_remote_start_while_one_waits(rig):
    # F01.FR.24, F02.FR.26; and when the first has timed out without a transaction, the next may
    overrides = [_DO_NOT_ASK, setting("TxCtrlr.EVConnectionTimeOut", 45)]
    csms, station = await rig.booted(overrides=overrides, evses="1")

    async def status(number, **more):
        request = remote_start(number, GROUP_CARD if number == 2 else CARD, **more)
        return (await csms.call("RequestStartTransaction", request))["status"]

    assert await status(1, evseId=1) == "Accepted"
    assert await status(2, evseId=1) == "Rejected"
    assert await status(3) == "Rejected"
    await station.clock(46)
    assert await status(4, evseId=1) == "Accepted"
    await station.plug()
    event = await csms.expect_event(eventType="Started", triggerReason="RemoteStart")
    assert event["transactionInfo"]["remoteStartId"] == 4


@pytest.mark.parametrize("why", ["Unavailable", "Faulted", "unknown"])
async def test_remote_start_refused(rig, why):
    # F01.FR.23, F02.FR.25
    csms, station = await rig.booted()
    if why == "Unavailable":
        change = {"operationalStatus": "Inoperative", "evse": {"id": 1}}
        await csms.call("ChangeAvailability", change)
    elif why == "Faulted":
        await station.fault("GroundFailure")
    await rig.quiet(csms)
    evse = 7 if why == "unknown" else 1
    answer = await csms.call("RequestStartTransaction", remote_start(14, evseId=evse))
    assert answer["status"] == "Rejected"


async def test_remote_start_without_evse(rig):
    # F01.FR.07, F01.FR.20: refused, or the EVSE is told later
    csms, station = await rig.booted(overrides=[START["Authorized"]])
    answer = await csms.call("RequestStartTransaction", remote_start(15))
    if answer["status"] == "Accepted":
        await csms.expect_event(eventType="Started", triggerReason="RemoteStart")
        await station.plug(2)
        event = await csms.expect_event(triggerReason="CablePluggedIn")
        assert event["evse"]["id"] == 2


async def test_TC_F_08_CS_remote_stop(rig):
    # F03.FR.03, F03.FR.07, F03.FR.09
    csms, station = await rig.booted()
    transaction = await charge(rig, csms, station)
    answer = await csms.call("RequestStopTransaction", {"transactionId": transaction})
    assert answer["status"] == "Accepted"
    await station.until_relay(False)
    await csms.expect("TransactionEvent", where=lambda e: e["triggerReason"] == "RemoteStop")
    await csms.until(lambda: csms.ledger.transactions[transaction].ended, "Ended")
    ended = csms.ledger.transactions[transaction].events[-1]
    assert ended["transactionInfo"]["stoppedReason"] == "Remote"


async def test_TC_F_08_CS_remote_stop_before_the_stop_point(rig):
    # F03.FR.02
    csms, station = await rig.booted(overrides=[stop_at("EVConnected")])
    transaction = await charge(rig, csms, station)
    answer = await csms.call("RequestStopTransaction", {"transactionId": transaction})
    assert answer["status"] == "Accepted"
    await csms.expect_event(eventType="Updated", triggerReason="RemoteStop")
    await station.until_relay(False)
    await station.unplug()
    await csms.expect("TransactionEvent", where=lambda e: e["eventType"] == "Ended")


@pytest.mark.parametrize("idle", [True, False])
async def test_TC_F_09_CS_remote_stop_refused(rig, idle):
    # F03.FR.08
    csms, station = await rig.booted()
    transaction = None if idle else await charge(rig, csms, station)
    answer = await csms.call("RequestStopTransaction", {"transactionId": "unknown-1"})
    assert answer["status"] == "Rejected"
    if transaction:
        await still_charging(station, transaction)


async def test_TC_K_38_CS_profile_is_ignored_without_smart_charging(rig):
    # F01.FR.12, F01.FR.13
    csms, station = await rig.booted()
    await station.plug()
    await rig.quiet(csms)
    schedule = {
        "id": 1,
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 6.0}],
    }
    profile = {
        "id": 158,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxProfile",
        "chargingProfileKind": "Relative",
        "chargingSchedule": [schedule],
    }
    request = remote_start(7, evseId=1, chargingProfile=profile)
    assert (await csms.call("RequestStartTransaction", request))["status"] == "Accepted"
    await station.ev("C")
    await station.until_relay(True)
    assert (await station.state(1))["pwm"] > 20  # more than the 6 A of the profile


def _more(count=1, token="PSP-77", kind="PaymentReference"):
    return [{"additionalIdToken": f"{token}{i}", "type": f"{kind}{i}"} for i in range(count)]


@pytest.mark.parametrize("info", [_more(), _more(4, "A", "k"), _more(2, "ä" * 30, "z" * 20)])
async def test_TC_F_02_CS_additional_info_goes_along(rig, info):
    # C01.FR.02, F01.FR.25, E01.FR.10: an idToken is told as it came
    csms, station = await rig.booted(overrides=[START["Authorized"], _ASK])
    request = remote_start(9, evseId=1)
    request["idToken"]["additionalInfo"] = info
    assert (await csms.call("RequestStartTransaction", request))["status"] == "Accepted"
    asked = await csms.expect("Authorize")
    assert asked["idToken"] == request["idToken"]
    event = await csms.expect_event(eventType="Started")
    assert event["idToken"] == request["idToken"]
    await station.plug()
    await station.ev("C")
    await station.until_relay(True)
    await station.swipe(CARD, evse=1)  # C01.FR.03, C01.FR.25: the same token, presented without
    await rig.quiet(csms)
    event = csms.calls("TransactionEvent")[-1]
    assert event["triggerReason"] == "StopAuthorized"
    assert event["idToken"] == {"idToken": CARD, "type": "ISO14443"}


async def test_additional_info_of_an_event_that_waits(rig):
    # E04.FR.03, over a restart
    csms, station = await rig.booted(overrides=[_DO_NOT_ASK])
    await station.plug()
    await rig.quiet(csms)
    csms.answer("TransactionEvent", STALL)
    request = remote_start(9, evseId=1)
    request["idToken"]["additionalInfo"] = _more(2)
    assert (await csms.call("RequestStartTransaction", request))["status"] == "Accepted"
    await csms.expect_event(eventType="Started")
    await station.network(False)
    await station.ev("C")
    await station.until_relay(True)
    await station.command("reboot")
    csms.answer("TransactionEvent", {})
    await station.network(True)
    event = await csms.expect_event(eventType="Started")
    assert event["idToken"] == request["idToken"]


async def test_additional_info_beyond_what_is_kept(rig):
    # AuthCtrlr.AdditionalInfoItemsPerMessage: the longest of two fit
    csms, station = await rig.booted(overrides=[_DO_NOT_ASK])
    most = int(await value(csms, "AuthCtrlr.AdditionalInfoItemsPerMessage"))
    assert most == 2
    await station.plug()
    await rig.quiet(csms)
    request = remote_start(9, evseId=1)
    longest = {"additionalIdToken": "x" * 36, "type": "y" * 50}
    for count in (most + 1, 20):
        request["idToken"]["additionalInfo"] = [longest] * count
        answer = await csms.call("RequestStartTransaction", request)
        assert answer["status"] == "Rejected"
        assert answer["statusInfo"]["reasonCode"] == "TooLargeElement"
    assert csms.calls("TransactionEvent") == []
    request["idToken"]["additionalInfo"] = [longest] * most
    assert (await csms.call("RequestStartTransaction", request))["status"] == "Accepted"
    event = await csms.expect_event(eventType="Started")
    assert event["idToken"] == request["idToken"]
