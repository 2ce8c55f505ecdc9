"""C10-C12: the authorization cache on the wire; C09, C16, E08 with cached tokens."""

import datetime

import pytest
from rig import CARD, GROUP_CARD, OTHER_GROUP_CARD, UNKNOWN, setting
from sessions import (
    booted_again,
    charge,
    remote_start,
    still_charging,
    stop_at,
    value,
    write_status,
)

_STATUSES = [
    pytest.param("Invalid", id="TC_C_09_CS"),
    pytest.param("Blocked", id="TC_C_10_CS"),
    pytest.param("Expired", id="TC_C_11_CS"),
]
_STOPS = stop_at("EVConnected,Authorized")
_FLEET = {"groupIdToken": {"idToken": "FLEET", "type": "Central"}}


def info(status="Accepted", **more):
    """The payload of an AuthorizeResponse or a TransactionEventResponse."""
    return {"idTokenInfo": {"status": status, **more}}


def refusing(overrides=(), **settings):
    """Overrides of TxCtrlr."""
    return [*overrides, *(setting("TxCtrlr." + name, text) for name, text in settings.items())]


async def remember(rig, csms, station, answer, token=CARD):
    """Have the station ask about a token, without a car; what was said is forgotten."""
    csms.answer_next("Authorize", answer)
    await station.swipe(token, evse=1)
    await csms.expect("Authorize")
    await rig.quiet(csms)
    if answer["idTokenInfo"]["status"] == "Accepted":
        await station.swipe(token, evse=1)  # C01.FR.03: takes it back
        await rig.quiet(csms)
    csms.forget()


async def starts(rig, csms, station, token=CARD):
    """A car is in; the token starts a charge without Authorize (C12.FR.02, C12.FR.04)."""
    await station.swipe(token, evse=1)
    event = await csms.expect_event(eventType="Started", triggerReason="Authorized")
    assert event["idToken"] == {"idToken": token, "type": "ISO14443"}
    await station.ev("C")
    await station.until_relay(True)
    await csms.never("Authorize", 0)


async def asks(rig, csms, station, token=CARD):
    """The token is asked about."""
    await station.swipe(token, evse=1)
    asked = await csms.expect("Authorize")
    assert asked["idToken"]["idToken"] == token
    await rig.quiet(csms)


async def idle(rig, csms, station):
    """Nothing charges, nothing is told."""
    await station.ev("C")
    await rig.quiet(csms)
    await csms.never("TransactionEvent", 0)
    assert not (await station.state(1))["relay"]


async def test_TC_C_08_CS_cached_token_charges_without_authorize(rig):
    csms, station = await rig.booted()
    await remember(rig, csms, station, info())
    await station.plug()
    await starts(rig, csms, station)


async def test_TC_C_13_CS_cached_token_before_the_cable(rig):
    csms, station = await rig.booted()
    await remember(rig, csms, station, info())
    await station.swipe(CARD, evse=1)
    await station.plug()
    event = await csms.expect_event(eventType="Started", triggerReason="CablePluggedIn")
    assert event["idToken"]["idToken"] == CARD
    await station.ev("C")
    await station.until_relay(True)
    await csms.never("Authorize", 0)


@pytest.mark.parametrize("status", _STATUSES)
async def test_token_cached_as_refused_is_asked_about_and_refused(rig, status):
    # C10.FR.03, C12.FR.05
    csms, station = await rig.booted()
    await remember(rig, csms, station, info(status))
    await station.plug()
    csms.answer("Authorize", info(status))
    await asks(rig, csms, station)
    await idle(rig, csms, station)


async def test_TC_C_12_CS_token_cached_as_invalid_is_accepted_by_the_csms(rig):
    csms, station = await rig.booted()
    await remember(rig, csms, station, info("Invalid"))
    await station.plug()
    await asks(rig, csms, station)
    await csms.expect_event(eventType="Started", triggerReason="Authorized")
    await station.ev("C")
    await station.until_relay(True)


async def refused_while_charging(rig, **settings):
    """A cached token charges, and the answer to its event refuses it."""
    csms, station = await rig.booted(overrides=refusing([_STOPS], **settings))
    await remember(rig, csms, station, info())
    await station.plug()
    answers = iter([info("Invalid")])
    csms.answer("TransactionEvent", lambda message: next(answers, {}))
    await station.swipe(CARD, evse=1)
    await station.ev("C")
    await rig.quiet(csms)
    await csms.never("Authorize", 0)
    return csms, station


async def test_TC_C_15_CS_refused_while_charging_goes_on_for_its_energy(rig):
    # E05.FR.03, then E05.FR.02
    csms, station = await refused_while_charging(
        rig, StopTxOnInvalidId="false", MaxEnergyOnInvalidId=500
    )
    await station.until_relay(True)
    csms.forget()
    await station.clock(200)  # 11 kW
    await station.until_relay(False)
    await csms.expect(
        "TransactionEvent",
        where=lambda e: e["transactionInfo"].get("chargingState") == "SuspendedEVSE",
    )
    assert (await station.state(1))["transactionId"]


@pytest.mark.parametrize(
    "most_wh",
    [pytest.param(0, id="TC_C_16_CS"), pytest.param(500, id="TC_C_18_CS")],
)
async def test_refused_while_charging_ends(rig, most_wh):
    # E05.FR.10
    csms, station = await refused_while_charging(
        rig, StopTxOnInvalidId="true", MaxEnergyOnInvalidId=most_wh
    )
    await station.until_relay(False)
    ended = csms.calls("TransactionEvent")[-1]
    assert (ended["eventType"], ended["triggerReason"]) == ("Ended", "Deauthorized")
    assert ended["transactionInfo"]["stoppedReason"] == "DeAuthorized"


async def test_TC_C_17_CS_refused_while_charging_is_suspended(rig):
    # E05.FR.02
    csms, station = await refused_while_charging(
        rig, StopTxOnInvalidId="false", MaxEnergyOnInvalidId=0
    )
    await station.until_relay(False)
    state = csms.calls("TransactionEvent")[-1]
    assert (state["eventType"], state["triggerReason"]) == ("Updated", "ChargingStateChanged")
    assert state["transactionInfo"]["chargingState"] == "SuspendedEVSE"


async def test_TC_C_32_CS_cache_survives_a_reboot(rig):
    # C10.FR.02
    csms, station = await rig.booted()
    await remember(rig, csms, station, info())
    await station.restart()
    await booted_again(csms, "PowerUp")
    await rig.quiet(csms)
    await station.plug()
    await starts(rig, csms, station)


async def test_TC_C_33_CS_refreshed_by_authorize(rig):
    # C10.FR.04, C12.FR.06
    csms, station = await rig.booted()
    await remember(rig, csms, station, info("Blocked"))
    await remember(rig, csms, station, info())
    await station.plug()
    await starts(rig, csms, station)


async def test_TC_C_34_CS_refreshed_by_an_event_s_answer(rig):
    # C10.FR.05, C12.FR.06
    csms, station = await refused_while_charging(rig, StopTxOnInvalidId="true")
    await station.unplug()
    await rig.quiet(csms)
    csms.forget()
    csms.answer("Authorize", info("Invalid"))
    await asks(rig, csms, station)


async def test_TC_C_36_CS_local_pre_authorize_off(rig):
    csms, station = await rig.booted(overrides=[setting("AuthCtrlr.LocalPreAuthorize", "false")])
    await remember(rig, csms, station, info())
    await station.plug()
    await asks(rig, csms, station)


async def test_TC_C_36_CS_cache_switched_off_keeps_what_it_has(rig):
    # C10.FR.11
    csms, station = await rig.booted()
    await remember(rig, csms, station, info())
    assert await write_status(csms, "AuthCacheCtrlr.Enabled", "false") == "Accepted"
    csms.answer_next("Authorize", info("Blocked"))
    await asks(rig, csms, station)
    assert await write_status(csms, "AuthCacheCtrlr.Enabled", "true") == "Accepted"
    await station.plug()
    await starts(rig, csms, station)


async def test_TC_C_37_CS_clear_cache(rig):
    # C11.FR.01 to C11.FR.03
    csms, station = await rig.booted()
    await remember(rig, csms, station, info())
    assert int(await value(csms, "AuthCacheCtrlr.Storage")) > 0
    assert (await csms.call("ClearCache", {}))["status"] == "Accepted"
    assert await value(csms, "AuthCacheCtrlr.Storage") == "0"
    await station.plug()
    await asks(rig, csms, station)


async def test_TC_C_38_CS_clear_cache_while_it_is_off(rig):
    # C11.FR.04
    csms, station = await rig.booted(overrides=[setting("AuthCacheCtrlr.Enabled", "false")])
    assert (await csms.call("ClearCache", {}))["status"] == "Rejected"


async def group_charges(rig, csms, station):
    """GROUP_CARD charges; the transaction's id."""
    csms.answer_next("Authorize", info(**_FLEET))
    return await charge(rig, csms, station, token=GROUP_CARD)


def ended_by(csms, token):
    """The last event ends the transaction by this token (E07.FR.02)."""
    event = csms.calls("TransactionEvent")[-1]
    assert (event["eventType"], event["triggerReason"]) == ("Ended", "StopAuthorized")
    assert event["idToken"]["idToken"] == token
    return event


async def test_TC_C_39_CS_group_member_stops(rig):
    # C09.FR.03, C09.FR.05
    csms, station = await rig.booted(overrides=[_STOPS])
    await group_charges(rig, csms, station)
    csms.answer_next("Authorize", info(**_FLEET))
    await asks(rig, csms, station, OTHER_GROUP_CARD)
    await station.until_relay(False)
    await rig.quiet(csms)
    assert ended_by(csms, OTHER_GROUP_CARD)["transactionInfo"]["stoppedReason"] == "Local"


@pytest.mark.parametrize("pre_authorize", ["true", "false"])
async def test_TC_C_41_CS_cached_group_member_stops_without_authorize(rig, pre_authorize):
    # C09.FR.03, C09.FR.07
    csms, station = await rig.booted(
        overrides=[_STOPS, setting("AuthCtrlr.LocalPreAuthorize", pre_authorize)]
    )
    await remember(rig, csms, station, info(**_FLEET), OTHER_GROUP_CARD)
    await group_charges(rig, csms, station)
    await station.swipe(OTHER_GROUP_CARD, evse=1)
    await station.until_relay(False)
    await rig.quiet(csms)
    ended_by(csms, OTHER_GROUP_CARD)
    await csms.never("Authorize", 0)


async def test_TC_C_42_CS_other_group_does_not_stop(rig):
    # C09.FR.11
    csms, station = await rig.booted()
    transaction = await group_charges(rig, csms, station)
    csms.answer_next("Authorize", info(groupIdToken={"idToken": "OTHERS", "type": "Central"}))
    await asks(rig, csms, station, OTHER_GROUP_CARD)
    await still_charging(station, transaction)


async def test_TC_C_44_CS_refused_group_member_in_the_cache_does_not_stop(rig):
    # C09.FR.07, C09.FR.11
    csms, station = await rig.booted()
    await remember(rig, csms, station, info("Blocked", **_FLEET), OTHER_GROUP_CARD)
    transaction = await group_charges(rig, csms, station)
    csms.answer_next("Authorize", info("Blocked", **_FLEET))
    await asks(rig, csms, station, OTHER_GROUP_CARD)
    await still_charging(station, transaction)


async def test_TC_C_45_CS_master_pass_does_not_start(rig):
    # C16.FR.03
    csms, station = await rig.booted(overrides=[setting("AuthCtrlr.MasterPassGroupId", "FLEET")])
    await station.plug()
    csms.answer_next("Authorize", info(**_FLEET))
    await asks(rig, csms, station)
    await idle(rig, csms, station)


async def test_TC_C_49_CS_master_pass_stops_all(rig):
    # C16.FR.02, C16.FR.08
    csms, station = await rig.booted(
        overrides=[_STOPS, setting("AuthCtrlr.MasterPassGroupId", "FLEET")]
    )
    csms.answer("TransactionEvent", {})
    csms.answer("Authorize", info())
    await charge(rig, csms, station, 1, CARD)
    await charge(rig, csms, station, 2, "04000002")
    csms.answer("Authorize", info(**_FLEET))
    await asks(rig, csms, station, GROUP_CARD)
    for evse in (1, 2):
        await station.until_relay(False, evse)
    await rig.quiet(csms)
    ended = [e for e in csms.calls("TransactionEvent") if e["eventType"] == "Ended"]
    assert len(ended) == 2
    for event in ended:
        assert event["transactionInfo"]["stoppedReason"] == "MasterPass"
        assert event["idToken"]["idToken"] == GROUP_CARD


async def test_TC_C_46_CS_life_time(rig):
    # C10.FR.08, C10.FR.10
    csms, station = await rig.booted()
    assert await write_status(csms, "AuthCacheCtrlr.LifeTime", "100") == "Accepted"
    await remember(rig, csms, station, info())
    await station.clock(90)
    await station.swipe(CARD, evse=1)  # a use begins it anew
    await rig.quiet(csms)
    await csms.never("Authorize", 0)
    await station.swipe(CARD, evse=1)
    await station.clock(90)
    await station.plug()
    await starts(rig, csms, station)
    await station.swipe(CARD, evse=1)
    await station.until_relay(False)
    await station.unplug()
    await rig.quiet(csms)
    await station.clock(101)
    await asks(rig, csms, station)


async def test_cached_token_past_its_expiry_is_asked_about(rig):
    # C10.FR.13: cacheExpiryDateTime counts, and not the life time
    csms, station = await rig.booted(overrides=[setting("AuthCacheCtrlr.LifeTime", 10)])
    expiry = rig.clock.now() + datetime.timedelta(seconds=100)
    answer = info(cacheExpiryDateTime=expiry.isoformat(timespec="milliseconds"))
    await remember(rig, csms, station, answer)
    await station.clock(20)
    await station.swipe(CARD, evse=1)
    await rig.quiet(csms)
    await csms.never("Authorize", 0)
    await station.swipe(CARD, evse=1)
    await station.clock(81)
    await asks(rig, csms, station)


async def test_TC_C_57_CS_disable_post_authorize(rig):
    csms, station = await rig.booted(
        overrides=[setting("AuthCacheCtrlr.DisablePostAuthorize", "true")]
    )
    await remember(rig, csms, station, info("Blocked"))
    await station.plug()
    await station.swipe(CARD, evse=1)
    await idle(rig, csms, station)
    await csms.never("Authorize", 0)


async def test_TC_E_52_CS_disable_remote_authorization(rig):
    csms, station = await rig.booted()
    await remember(rig, csms, station, info())
    name = "AuthCtrlr.DisableRemoteAuthorization"
    assert await write_status(csms, name, "true") == "Accepted"
    await station.plug()
    await station.swipe(UNKNOWN, evse=1)
    await idle(rig, csms, station)
    await station.ev("B")
    await starts(rig, csms, station)


async def offline(csms, station):
    await station.network(False)
    await csms.disconnected()


async def test_TC_C_26_CS_unknown_token_offline(rig):
    # C15.FR.02, C15.FR.06, C15.FR.08
    csms, station = await rig.booted(
        overrides=refusing(
            [setting("AuthCtrlr.OfflineTxForUnknownIdEnabled", "true")],
            StopTxOnInvalidId="false",
        )
    )
    await offline(csms, station)
    await station.plug()
    await station.swipe(UNKNOWN, evse=1)
    await station.ev("C")
    await station.until_relay(True)
    await station.network(True)
    started = await csms.expect_event(10, eventType="Started", offline=True)
    assert started["idToken"]["idToken"] == UNKNOWN
    await station.until_relay(False)
    await rig.quiet(csms)
    last = csms.calls("TransactionEvent")[-1]
    assert last["transactionInfo"]["chargingState"] == "SuspendedEVSE"
    await csms.never("Authorize", 0)


@pytest.mark.parametrize("status, accepted", [("Accepted", True), ("Blocked", False)])
async def test_cached_token_offline(rig, status, accepted):
    # AuthCtrlr.LocalAuthorizeOffline; known and refused is not unknown (C15.FR.08)
    csms, station = await rig.booted(
        overrides=[
            setting("AuthCtrlr.OfflineTxForUnknownIdEnabled", "false" if accepted else "true")
        ]
    )
    await remember(rig, csms, station, info(status))
    await offline(csms, station)
    await station.plug()
    await station.swipe(CARD, evse=1)
    await station.ev("C")
    if accepted:
        await station.until_relay(True)
    else:
        assert not (await station.state(1))["relay"]


async def test_TC_E_45_CS_stopped_offline_by_a_cached_group_member(rig):
    # E08.FR.02, E08.FR.04 to E08.FR.08
    csms, station = await rig.booted(overrides=[_STOPS])
    await remember(rig, csms, station, info(**_FLEET), OTHER_GROUP_CARD)
    await group_charges(rig, csms, station)
    await offline(csms, station)
    await station.swipe(OTHER_GROUP_CARD, evse=1)
    await station.until_relay(False)
    await station.network(True)
    await csms.connected()
    await csms.expect_event(10, eventType="Ended", offline=True, stoppedReason="Local")
    ended_by(csms, OTHER_GROUP_CARD)


async def test_tokens_are_not_in_the_log(rig):
    # C10.FR.12
    csms, station = await rig.booted()
    await remember(rig, csms, station, info())
    await station.plug()
    await starts(rig, csms, station)
    assert not [line for line in station.log if CARD in line]


async def test_strangers_with_an_empty_group_in_the_cache(rig):
    # C09.FR.03, C12.FR.02: also after a restart, from what is stored
    csms, station = await rig.booted()
    csms.answer("TransactionEvent", {})
    nobody = info(groupIdToken={"idToken": "", "type": "NoAuthorization"})
    for token in (GROUP_CARD, OTHER_GROUP_CARD):
        await remember(rig, csms, station, nobody, token)
    await station.restart()
    await csms.expect("BootNotification", 10)
    await rig.quiet(csms)
    transaction = await charge(rig, csms, station, token=GROUP_CARD)
    await station.swipe(OTHER_GROUP_CARD, evse=1)
    await rig.quiet(csms)
    await still_charging(station, transaction)


async def test_group_of_a_remote_start_stays_when_the_cache_knows_none(rig):
    # C09.FR.03, F01.FR.04, C12.FR.02
    csms, station = await rig.booted(overrides=[setting("AuthCtrlr.AuthorizeRemoteStart", "true")])
    csms.answer("TransactionEvent", {})
    await remember(rig, csms, station, info())
    await station.plug()
    await station.ev("C")
    request = {**remote_start(3, evseId=1), **_FLEET}
    assert (await csms.call("RequestStartTransaction", request))["status"] == "Accepted"
    await station.until_relay(True)
    csms.answer_next("Authorize", info(**_FLEET))
    await station.swipe(GROUP_CARD, evse=1)
    await station.until_relay(False)
    await rig.quiet(csms)
    assert csms.calls("TransactionEvent")[-1]["eventType"] == "Ended"
