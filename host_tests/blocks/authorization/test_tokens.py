"""Tokens of every kind and with every answer of the CSMS; C02, C04, C15, C16."""

import pytest
from rig import CARD, GROUP_CARD, OTHER_GROUP_CARD, UNKNOWN, setting
from scripted_csms import STALL, CallError
from sessions import START, charge, remote_start, still_charging, stop_at

_REFUSALS = (
    "Blocked",
    "ConcurrentTx",
    "Expired",
    "Invalid",
    "NoCredit",
    "NotAllowedTypeEVSE",
    "NotAtThisLocation",
    "NotAtThisTime",
    "Unknown",
)
_MASTER = setting("AuthCtrlr.MasterPassGroupId", "Master")
_ASK = setting("AuthCtrlr.AuthorizeRemoteStart", "true")
_DO_NOT_ASK = setting("AuthCtrlr.AuthorizeRemoteStart", "false")


def info(status="Accepted", group=None, **more):
    """The payload of an AuthorizeResponse or a TransactionEventResponse."""
    if group:
        more["groupIdToken"] = {"idToken": group, "type": "Central"}
    return {"idTokenInfo": {"status": status, **more}}


async def last_event(rig, csms):
    await rig.quiet(csms)
    event = csms.calls("TransactionEvent")[-1]
    return event, event["transactionInfo"]


async def stopped(rig, csms, reason="Local", trigger="StopAuthorized"):
    """The last event has ended a transaction so; it."""
    event, transaction = await last_event(rig, csms)
    assert (event["eventType"], event["triggerReason"]) == ("Ended", trigger), event
    assert transaction["stoppedReason"] == reason
    return event


# ---- what the CSMS says


async def test_no_refusal_starts_anything(rig):
    # C01.FR.01
    csms, station = await rig.booted()
    await station.plug()
    await station.ev("C")
    for number, status in enumerate(_REFUSALS):
        csms.answer_next("Authorize", info(status))
        await station.swipe(f"04CC00{number:02}", evse=1)
        await csms.expect("Authorize")
        await rig.quiet(csms)
    assert csms.calls("TransactionEvent") == []


async def test_every_refusal_ends_a_transaction(rig):
    # E05.FR.10, C15.FR.04
    csms, station = await rig.booted()
    await station.plug()
    await station.ev("C")
    for number, status in enumerate(_REFUSALS):
        token = f"04CC00{number:02}"
        csms.answer_next("Authorize", info())
        csms.answer_next("TransactionEvent", info(status))
        await station.swipe(token, evse=1)
        await csms.expect_event(eventType="Started")
        await stopped(rig, csms, "DeAuthorized", "Deauthorized")
        await station.swipe(token, evse=1)  # frees the cable (E05.FR.11)
        csms.forget()
    assert not (await station.state(1))["relay"]


async def test_other_evses_in_the_answer_to_an_event(rig):
    # C01.FR.21
    csms, station = await rig.booted()
    await station.plug()
    await station.ev("C")
    csms.answer_next("TransactionEvent", info(evseId=[2]))
    await station.swipe(CARD, evse=1)
    await csms.expect_event(eventType="Started")
    await stopped(rig, csms, "DeAuthorized", "Deauthorized")
    await station.swipe(CARD, evse=1)
    csms.answer_next("Authorize", info())
    csms.answer_next("TransactionEvent", info(evseId=[1, 2]))
    await station.ev("C")
    await station.swipe(CARD, evse=1)
    await station.until_relay(True)
    await rig.quiet(csms)
    assert (await station.state(1))["relay"]


@pytest.mark.parametrize("unknown, starts", [("true", True), ("false", False)])
async def test_no_answer_is_as_offline_and_an_error_is_a_refusal(rig, unknown, starts):
    # C15.FR.08
    name = "AuthCtrlr.OfflineTxForUnknownIdEnabled"
    csms, station = await rig.booted(overrides=[setting(name, unknown)])
    await station.plug()
    csms.answer_next("Authorize", CallError("InternalError"), STALL)
    await station.swipe(UNKNOWN, evse=1)
    await csms.expect("Authorize")
    await rig.quiet(csms)
    assert csms.calls("TransactionEvent") == []
    await station.swipe(UNKNOWN, evse=1)
    await csms.expect("Authorize")
    await station.pass_time(40)
    await rig.quiet(csms)
    assert len(csms.calls("TransactionEvent")) == (2 if starts else 0)


# ---- upper and lower case are the same


async def test_case_of_a_token_does_not_count(rig):
    # C01.FR.03, C01.FR.20, C12.FR.02; E07.FR.02: told as it was presented
    csms, station = await rig.booted()
    await charge(rig, csms, station)
    await station.swipe(CARD.lower(), evse=1)
    event = await stopped(rig, csms)
    assert event["idToken"]["idToken"] == CARD.lower()
    csms.forget()
    await station.swipe(CARD.lower(), evse=1)
    await csms.expect_event(eventType="Started", triggerReason="Authorized")
    await csms.never("Authorize", 0)  # it is in the cache


async def test_case_of_a_group_does_not_count(rig):
    # C09.FR.03
    csms, station = await rig.booted()
    csms.answer("TransactionEvent", {})
    csms.answer_next("Authorize", info(group="Fleet"), info(group="FLEET"))
    await charge(rig, csms, station, token=GROUP_CARD)
    await station.swipe(OTHER_GROUP_CARD, evse=1)
    await stopped(rig, csms)


async def test_case_of_a_transaction_id_does_not_count(rig):
    # E14.FR.02, F03.FR.07
    csms, station = await rig.booted()
    transaction = {"transactionId": (await charge(rig, csms, station)).upper()}
    assert (await csms.call("GetTransactionStatus", transaction))["ongoingIndicator"] is True
    assert (await csms.call("RequestStopTransaction", transaction))["status"] == "Accepted"
    await stopped(rig, csms, "Remote", "RemoteStop")


# ---- kinds


async def test_kinds_are_told_as_they_are(rig):
    # C01.FR.02, C04, C06.FR.02
    csms, station = await rig.booted()
    await station.plug()
    for kind in ("ISO14443", "ISO15693", "KeyCode", "MacAddress", "eMAID", "Local"):
        csms.answer_next("Authorize", info())
        csms.answer_next("TransactionEvent", info())
        await station.swipe("04ABCDEF", evse=1, kind=kind)
        token = {"idToken": "04ABCDEF", "type": kind}
        assert (await csms.expect("Authorize"))["idToken"] == token
        assert (await csms.expect_event(eventType="Started"))["idToken"] == token
        await station.swipe("04ABCDEF", evse=1, kind=kind)
        assert (await stopped(rig, csms))["idToken"] == token
        csms.forget()


async def test_start_button(rig):
    # C02.FR.01, C02.FR.03
    csms, station = await rig.booted()
    await station.plug()
    for press in ("", "anything"):
        await station.ev("C")
        await station.swipe(press, evse=1, kind="NoAuthorization")
        event = await csms.expect_event(eventType="Started", triggerReason="Authorized")
        assert event["idToken"] == {"idToken": "", "type": "NoAuthorization"}
        await station.until_relay(True)
        await station.swipe("", evse=1, kind="NoAuthorization")
        await stopped(rig, csms)
        csms.forget()
    assert csms.calls("Authorize") == []


@pytest.mark.parametrize("kind", ["Central", "NoAuthorization"])
async def test_kinds_that_are_never_kept(rig, kind):
    # C02.FR.03, C03.FR.02, C05.FR.02
    csms, station = await rig.booted()
    await csms.call("RequestStartTransaction", remote_start(1, "", kind, evseId=1))
    await station.plug()
    await csms.expect_event(eventType="Started")
    await rig.quiet(csms)
    used = {"component": {"name": "AuthCacheCtrlr"}, "variable": {"name": "Storage"}}
    answer = await csms.call("GetVariables", {"getVariableData": [used]})
    assert answer["getVariableResult"][0]["attributeValue"] == "0"


async def test_wrong_key_codes_are_slowed_down(rig):
    # C04.FR.06
    csms, station = await rig.booted()
    await station.plug()
    csms.answer("Authorize", info("Invalid"))
    await station.swipe("1111", evse=1, kind="KeyCode")
    await csms.expect("Authorize")
    await rig.quiet(csms)
    await station.swipe("2222", evse=1, kind="KeyCode")
    await csms.never("Authorize", 0.2)
    await station.clock(10)
    csms.default("Authorize")
    csms.answer_next("Authorize", info())
    csms.answer_next("TransactionEvent", info())
    await station.swipe("3333", evse=1, kind="KeyCode")
    await csms.expect("Authorize")
    await csms.expect_event(eventType="Started")
    assert not [line for line in station.log if "3333" in line]  # C04.FR.04


async def test_charging_without_authorization(rig):
    # C02: AuthCtrlr.Enabled false
    csms, station = await rig.booted(overrides=[setting("AuthCtrlr.Enabled", "false")])
    await station.plug()
    event = await csms.expect_event(eventType="Started", triggerReason="CablePluggedIn")
    assert event["idToken"] == {"idToken": "", "type": "NoAuthorization"}
    await station.ev("C")
    await station.until_relay(True)
    await station.unplug()
    await stopped(rig, csms, "EVDisconnected", "EVCommunicationLost")
    assert csms.calls("Authorize") == []


# ---- groups and master passes from afar


async def test_group_of_a_remote_start_stays(rig):
    # C09.FR.03, F01.FR.04: the answer to Authorize names no group
    csms, station = await rig.booted(overrides=[_ASK])
    csms.answer("TransactionEvent", {})
    csms.answer_next("Authorize", info(), info(group="FLEET"))
    group = {"idToken": "FLEET", "type": "Central"}
    await station.plug()
    await station.ev("C")
    request = remote_start(3, evseId=1, groupIdToken=group)
    assert (await csms.call("RequestStartTransaction", request))["status"] == "Accepted"
    await station.until_relay(True)
    await station.swipe(GROUP_CARD, evse=1)
    await stopped(rig, csms)


async def test_master_pass_from_afar_starts_nothing(rig):
    # C12.FR.09, C16.FR.03: and stops nothing either
    csms, station = await rig.booted(overrides=[_MASTER, _ASK])
    transaction = await charge(rig, csms, station, 2)
    master = {"idToken": "MASTER", "type": "Central"}
    request = remote_start(4, GROUP_CARD, evseId=1, groupIdToken=master)
    assert (await csms.call("RequestStartTransaction", request))["status"] == "Rejected"
    await station.plug()
    await station.ev("C")
    csms.answer_next("Authorize", info(group="MASTER"))
    await csms.call("RequestStartTransaction", remote_start(5, GROUP_CARD, evseId=1))
    await csms.expect("Authorize")
    await rig.quiet(csms)
    assert not (await station.state(1))["transactionId"]
    await still_charging(station, transaction, 2)


async def test_master_pass_that_only_an_event_tells(rig):
    # C12.FR.09, C16.FR.03
    csms, station = await rig.booted(overrides=[_MASTER, _DO_NOT_ASK])
    await station.plug()
    csms.answer_next("TransactionEvent", info(group="MASTER"))
    await csms.call("RequestStartTransaction", remote_start(5, GROUP_CARD, evseId=1))
    await csms.expect_event(eventType="Started")
    await stopped(rig, csms, "DeAuthorized", "Deauthorized")


async def test_master_pass_at_the_reader_of_an_evse_that_nobody_can_use(rig):
    # C16.FR.02
    csms, station = await rig.booted(overrides=[_MASTER])
    await charge(rig, csms, station, 2)
    await station.fault("GroundFailure")
    csms.answer_next("Authorize", info(group="Master"))
    await station.swipe(UNKNOWN, evse=1)
    await station.until_relay(False, 2)
    event = await stopped(rig, csms, "MasterPass")
    assert event["idToken"]["idToken"] == UNKNOWN


# ---- an empty group is no group


@pytest.mark.parametrize("kind", ["NoAuthorization", "Central", "ISO14443"])
async def test_strangers_with_an_empty_group_of_authorize(rig, kind):
    # C09.FR.03: `idToken` "" names no group
    csms, station = await rig.booted()
    csms.answer("TransactionEvent", {})
    nobody = {"idToken": "", "type": kind}
    csms.answer("Authorize", info(groupIdToken=nobody))
    transaction = await charge(rig, csms, station, token=GROUP_CARD)
    await station.swipe(OTHER_GROUP_CARD, evse=1)
    await csms.expect("Authorize")
    await rig.quiet(csms)
    await still_charging(station, transaction)
    await station.swipe(GROUP_CARD, evse=1)
    await stopped(rig, csms)


@pytest.mark.parametrize("kind", ["NoAuthorization", "Central"])
async def test_strangers_with_an_empty_group_of_an_event(rig, kind):
    # C09.FR.12
    csms, station = await rig.booted()
    nobody = info(groupIdToken={"idToken": "", "type": kind})
    csms.answer("TransactionEvent", nobody)
    csms.answer("Authorize", nobody)
    transaction = await charge(rig, csms, station, token=GROUP_CARD)
    await station.clock(61)
    await rig.quiet(csms)
    await station.swipe(OTHER_GROUP_CARD, evse=1)
    await csms.expect("Authorize")
    await rig.quiet(csms)
    await still_charging(station, transaction)


async def test_strangers_with_an_empty_group_of_remote_starts(rig):
    # F01.FR.04
    csms, station = await rig.booted(overrides=[_DO_NOT_ASK])
    csms.answer("TransactionEvent", {})
    nobody = {"idToken": "", "type": "NoAuthorization"}
    csms.answer("Authorize", info(groupIdToken=nobody))
    await station.plug()
    await station.ev("C")
    request = remote_start(3, evseId=1, groupIdToken=nobody)
    assert (await csms.call("RequestStartTransaction", request))["status"] == "Accepted"
    await station.until_relay(True)
    transaction = (await station.state(1))["transactionId"]
    await station.swipe(OTHER_GROUP_CARD, evse=1)
    await csms.expect("Authorize")
    await rig.quiet(csms)
    await still_charging(station, transaction)


async def test_an_empty_group_does_not_take_a_known_one_away(rig):
    # C09.FR.03: it is as if the answer had none
    csms, station = await rig.booted(overrides=[_DO_NOT_ASK])
    csms.answer("TransactionEvent", info(groupIdToken={"idToken": "", "type": "Central"}))
    csms.answer_next("Authorize", info(group="FLEET"))
    await station.plug()
    await station.ev("C")
    group = {"idToken": "FLEET", "type": "Central"}
    request = remote_start(3, evseId=1, groupIdToken=group)
    assert (await csms.call("RequestStartTransaction", request))["status"] == "Accepted"
    await station.until_relay(True)
    await station.swipe(GROUP_CARD, evse=1)
    await stopped(rig, csms)


async def test_an_empty_master_pass_is_none(rig):
    # C16: MasterPassGroupId "" and an empty group
    csms, station = await rig.booted(overrides=[setting("AuthCtrlr.MasterPassGroupId", "")])
    csms.answer("Authorize", info(groupIdToken={"idToken": "", "type": "Central"}))
    csms.answer("TransactionEvent", {})
    transaction = await charge(rig, csms, station, 2, token=GROUP_CARD)
    await station.plug()
    await station.swipe(OTHER_GROUP_CARD, evse=1)
    await csms.expect("Authorize")
    await csms.expect_event(eventType="Started", triggerReason="Authorized")
    await still_charging(station, transaction, 2)


# ---- let in while offline, then refused


@pytest.mark.parametrize(
    "stop, points, kind, trigger, state",
    [
        ("true", "EVConnected,Authorized", "Ended", "Deauthorized", "EVConnected"),
        ("true", "PowerPathClosed", "Ended", "Deauthorized", "EVConnected"),
        ("true", "EnergyTransfer", "Ended", "Deauthorized", "EVConnected"),
        ("true", "EVConnected", "Updated", "Deauthorized", "EVConnected"),
        ("false", "EVConnected,Authorized", "Updated", "ChargingStateChanged", "SuspendedEVSE"),
    ],
)
async def test_refused_when_back_online(rig, stop, points, kind, trigger, state):
    # C15.FR.01 to FR.04, C15.FR.06, C15.FR.08
    overrides = [
        setting("AuthCtrlr.OfflineTxForUnknownIdEnabled", "true"),
        setting("TxCtrlr.StopTxOnInvalidId", stop),
        stop_at(points),
        START["Authorized"],
    ]
    csms, station = await rig.booted(overrides=overrides)
    await station.network(False)
    await csms.disconnected()
    await station.plug()
    await station.swipe(UNKNOWN, evse=1)
    await station.ev("C")
    await station.until_relay(True)
    await station.network(True)
    started = await csms.expect_event(10, eventType="Started", offline=True)
    assert started["idToken"]["idToken"] == UNKNOWN
    await station.until_relay(False)
    event, transaction = await last_event(rig, csms)
    assert (event["eventType"], event["triggerReason"]) == (kind, trigger)
    assert transaction["chargingState"] == state
    assert transaction.get("stoppedReason") == ("DeAuthorized" if kind == "Ended" else None)
    assert "offline" not in event
