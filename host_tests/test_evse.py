"""charging/: pilot, relay, lock, start and stop points, faults, availability; events in order."""

import pytest
from fakes import Reader, World, token_info, word
from tables import names
from tables.messages import UnlockConnectorRequest, UnlockConnectorResponse

from charging.outlet import STEADY, duty, fault_reason


@pytest.fixture
def world():
    """Makes a World with settings."""
    return World


def session(w, evse=1, token=b"A1"):
    """Cable first, then the card; charging."""
    w.plug(evse)
    w.swipe(token, evse)
    w.allow()
    w.ev(evse, "C")
    assert w.relay(evse)


# ---- the common session


def test_tc_e_03_cable_first(world):
    w = world()
    assert w.pwm(1) == 1000
    w.plug(1)
    assert w.statuses == [(1, 1, "Occupied")]  # E02.FR.05
    w.swipe(b"A1")
    assert w.asked() == b"A1"  # C01.FR.02
    assert w.pwm(1) == 1000 and not w.locked(1)
    w.allow()
    assert w.pwm(1) == 533 and w.locked(1) and not w.relay(1)
    w.ev(1, "C")
    assert w.relay(1)
    events = w.events()
    assert [(e.kind, e.trigger, e.state) for e in events] == [
        ("Started", "CablePluggedIn", "EVConnected"),  # E02.FR.06
        ("Updated", "Authorized", "EVConnected"),  # E02.FR.01
        ("Updated", "ChargingStateChanged", "Charging"),  # E02.FR.13
    ]
    assert [e.seq_no for e in events] == [0, 1, 2]
    assert [(e.evse, e.connector) for e in events] == [(1, 1), (None, None), (None, None)]
    assert [e.token for e in events] == [None, b"A1", None]
    assert [e.phases for e in events] == [None, None, 3]  # E02.FR.18
    assert {e.transaction_id for e in events} == {b"tx-1"}


def test_tc_e_06_local_stop(world):
    w = world()
    session(w)
    w.told()
    w.swipe(b"A1", 1)
    assert w.asked() is None  # C01.FR.03, E07.FR.01
    assert not w.relay(1) and not w.locked(1) and w.pwm(1) == 1000
    (event,) = w.events()
    assert (event.kind, event.trigger, event.reason) == ("Ended", "StopAuthorized", "Local")
    assert event.token == b"A1" and event.token_kind == "ISO14443"  # E07.FR.02
    assert event.state == "EVConnected"
    assert w.status(1) == "Occupied"
    w.unplug(1)
    assert w.told() == [] and w.status(1) == "Available"


def test_tc_e_04_token_first(world):
    w = world(TX_CTRLR_TX_START_POINT="Authorized")
    w.swipe(b"A1", 2)
    w.allow()
    assert w.told() == [("Started", "Authorized", "Idle")]
    w.plug(2)
    w.ev(2, "C")
    events = w.events()
    assert [(e.kind, e.trigger, e.state) for e in events] == [
        ("Updated", "CablePluggedIn", "EVConnected"),
        ("Updated", "ChargingStateChanged", "Charging"),
    ]
    assert (events[0].evse, events[0].connector) == (2, 1)  # E01.FR.16
    assert w.relay(2)


def test_unplug_after_a_stop_that_is_no_stop_point(world):
    """TC_E_14: StopAuthorized, then the cable; the first cause is the reason."""
    w = world(TX_CTRLR_TX_STOP_POINT="EVConnected")
    session(w)
    w.told()
    w.swipe(b"A1", 1)
    assert not w.relay(1) and not w.locked(1)
    assert w.told() == [
        ("Updated", "StopAuthorized", "Charging"),
        ("Updated", "ChargingStateChanged", "EVConnected"),
    ]
    w.unplug(1)
    assert w.told() == [("Ended", "EVCommunicationLost", "Idle", "Local")]


def test_token_refused_tc_c_02_tc_c_06_tc_c_07_tc_c_56(world):
    for status in (names.INVALID, names.BLOCKED, names.EXPIRED, names.UNKNOWN):
        w = world()
        w.plug(1)
        w.told()
        w.swipe(b"BAD")
        w.answer(status)
        w.ev(1, "C")
        assert not w.relay(1) and w.pwm(1) == 1000 and w.told() == []
        assert w.texts[-1] == (0, "Not accepted")


# ---- start and stop points


@pytest.mark.parametrize(
    "points, trace",
    [
        # TC_E_09
        ("EVConnected", ["Started CablePluggedIn", "Authorized", "ChargingStateChanged"]),
        # TC_E_10
        ("Authorized", ["Started Authorized", "ChargingStateChanged"]),
        # TC_E_01
        ("PowerPathClosed", ["Started Authorized", "ChargingStateChanged"]),
        # TC_E_02
        ("EnergyTransfer", ["Started ChargingStateChanged"]),
        ("EnergyTransfer,EVConnected", ["Started CablePluggedIn", "Authorized", "Charging"]),
        ("ParkingBayOccupancy,PowerPathClosed", ["Started Authorized", "ChargingStateChanged"]),
    ],
)
def test_start_points_cable_first(world, points, trace):
    w = world(TX_CTRLR_TX_START_POINT=points)
    session(w)
    events = w.events()
    assert len(events) == len(trace)
    assert trace[0] == "Started " + events[0].trigger
    assert events[0].kind == "Started" and events[-1].state == "Charging"
    assert [e.kind for e in events[1:]] == ["Updated"] * (len(events) - 1)
    assert [e.token for e in events].count(b"A1") == 1  # E01.FR.10
    assert (events[0].evse, events[0].connector) == (1, 1)


@pytest.mark.parametrize(
    "points, trace",
    [
        ("EVConnected", ["Started CablePluggedIn", "Updated ChargingStateChanged"]),
        (
            "Authorized",
            ["Started Authorized", "Updated CablePluggedIn", "Updated ChargingStateChanged"],
        ),
        ("PowerPathClosed", ["Started CablePluggedIn", "Updated ChargingStateChanged"]),
        ("EnergyTransfer", ["Started ChargingStateChanged"]),
    ],
)
def test_start_points_token_first(world, points, trace):
    w = world((1,), TX_CTRLR_TX_START_POINT=points)
    w.swipe(b"A1")
    w.allow()
    w.plug(1)
    w.ev(1, "C")
    events = w.events()
    assert [e.kind + " " + e.trigger for e in events] == trace
    assert events[0].token == b"A1"  # E03.FR.01
    assert [e.token for e in events[1:]] == [None] * (len(trace) - 1)


def test_signed_start_point_tc_e_11(world):
    w = world((1,), TX_CTRLR_TX_START_POINT="DataSigned")
    w.board.meter(1).record = b"OCMF|{}"
    w.plug(1)
    w.swipe(b"A1")
    assert w.told() == []
    w.allow()
    (event,) = w.events()
    assert (event.kind, event.trigger) == ("Started", "SignedDataReceived")
    assert event.token == b"A1"


def test_no_signing_meter_no_start(world):
    w = world((1,), TX_CTRLR_TX_START_POINT="DataSigned")
    session(w)
    assert w.told() == []


def test_stop_point_energy_transfer_tc_e_22(world):
    w = world(TX_CTRLR_TX_STOP_POINT="EnergyTransfer")
    session(w)
    w.told()
    w.ev(1, "B")
    assert not w.relay(1)
    assert w.told() == [("Ended", "ChargingStateChanged", "EVConnected", "StoppedByEV")]
    w.ev(1, "C")
    assert not w.relay(1) and w.told() == []


@pytest.mark.parametrize("points", ["EnergyTransfer", "PowerPathClosed", "Authorized"])
def test_stop_points_reached_by_the_driver_tc_e_07_tc_e_08_tc_e_15(world, points):
    w = world(TX_CTRLR_TX_STOP_POINT=points)
    session(w)
    w.told()
    w.swipe(b"A1", 1)
    assert w.told() == [("Ended", "StopAuthorized", "EVConnected", "Local")]


def test_never_authorized_and_unplugged_ends_all_the_same(world):
    w = world(TX_CTRLR_TX_STOP_POINT="Authorized")
    w.plug(1)
    w.unplug(1)
    assert w.told()[1:] == [("Ended", "EVCommunicationLost", "Idle", "EVDisconnected")]


def test_a_new_card_starts_a_new_transaction_with_the_cable_in(world):
    w = world()
    session(w)
    w.swipe(b"A1", 1)
    w.told()
    w.ev(1, "B")
    assert w.told() == []  # the cable alone begins no second one
    w.swipe(b"B2", 1)
    w.allow()
    assert w.told() == [("Started", "Authorized", "EVConnected")]
    w.ev(1, "C")
    assert w.relay(1)


# ---- what the car does


def test_ev_pauses_and_goes_on(world):
    w = world()
    session(w)
    w.told()
    w.ev(1, "B")
    assert not w.relay(1) and w.pwm(1) == 533
    w.ev(1, "C")
    assert w.relay(1)
    w.ev(1, "D")
    assert w.relay(1)
    assert w.told() == [
        ("Updated", "ChargingStateChanged", "SuspendedEV"),  # E01.FR.19
        ("Updated", "ChargingStateChanged", "Charging"),
    ]


def test_tc_e_38_ev_suspends_at_start(world):
    w = world()
    w.plug(1)
    w.swipe(b"A1", 1)
    w.allow()
    w.told()
    w.advance(2)
    assert w.told() == []
    w.advance(2)
    assert w.told() == [("Updated", "ChargingStateChanged", "SuspendedEV")]


def test_tc_e_24_tc_e_17_tc_e_37_unplugged_at_the_ev(world):
    for points in ("EVConnected,Authorized", "Authorized", "PowerPathClosed"):
        w = world(TX_CTRLR_TX_STOP_POINT=points)
        session(w)
        w.told()
        w.unplug(1)
        assert not w.relay(1) and not w.locked(1)  # E09.FR.02
        assert w.told() == [("Ended", "EVCommunicationLost", "Idle", "EVDisconnected")]
        assert w.status(1) == "Available"


def test_tc_e_25_cable_stays_locked_until_the_owner_comes(world):
    w = world(OCPP_COMM_CTRLR_UNLOCK_ON_EV_SIDE_DISCONNECT="false")
    session(w)
    w.told()
    w.unplug(1)
    assert w.told() == [("Ended", "EVCommunicationLost", "Idle", "EVDisconnected")]
    assert w.locked(1) and w.status(1) == "Occupied"
    w.swipe(b"B2", 1)
    assert w.locked(1) and w.asked() is None
    w.swipe(b"A1", 1)
    assert not w.locked(1) and w.asked() is None and w.status(1) == "Available"
    assert w.told() == []


@pytest.mark.parametrize("auth", ["true", "false"])
def test_held_cable_begins_no_session_of_others(world, auth):
    """E03, C02: an EV at the other end of a held cable is not the one that somebody waits for."""
    w = world((1, 1, 1), OCPP_COMM_CTRLR_UNLOCK_ON_EV_SIDE_DISCONNECT="false")
    session(w)
    w.unplug(1)
    w.swipe(b"B2")
    w.allow()
    w.set(AUTH_CTRLR_ENABLED=auth)
    w.plug(1)
    w.ev(1, "C")
    assert w.locked(1) and not w.relay(1)
    w.plug(2)
    w.ev(2, "C")
    assert w.relay(2)


@pytest.mark.parametrize("freed", [False, True])
def test_held_cable_and_another_ev(world, freed):
    """E09.FR.03: an EV at the other end does not free it; once it is free, anybody may charge."""
    w = world((1,), OCPP_COMM_CTRLR_UNLOCK_ON_EV_SIDE_DISCONNECT="false")
    session(w)
    w.unplug(1)
    assert w.locked(1)
    if freed:
        w.board.outlets[1, 1].is_locked = False  # F05
    w.plug(1)
    assert w.locked(1) is not freed
    w.swipe(b"B2", 1)
    assert (w.asked() == b"B2") is freed


def test_tc_e_26_suspended_while_unplugged_at_the_ev(world):
    w = world(
        TX_CTRLR_STOP_TX_ON_EV_SIDE_DISCONNECT="false",
        TX_CTRLR_TX_STOP_POINT="Authorized",
    )
    session(w)
    w.told()
    w.unplug(1)
    assert not w.relay(1) and w.locked(1)  # E10.FR.01
    w.advance(3600)
    w.plug(1)
    w.ev(1, "C")
    assert w.relay(1)
    assert w.told() == [
        ("Updated", "EVCommunicationLost", "Idle"),
        ("Updated", "CablePluggedIn", "EVConnected"),
        ("Updated", "ChargingStateChanged", "Charging"),
    ]
    w.unplug(1)
    w.told()
    w.swipe(b"A1", 1)
    assert not w.locked(1)
    assert w.told() == [("Ended", "StopAuthorized", "Idle", "Local")]


def test_tc_e_27_fixed_cable_not_plugged_in_again(world):
    w = world(
        TX_CTRLR_STOP_TX_ON_EV_SIDE_DISCONNECT="false",
        TX_CTRLR_TX_STOP_POINT="Authorized",
    )
    w.board.outlets[1, 1].detachable = False
    session(w)
    w.told()
    w.unplug(1)
    w.advance(59)
    assert w.told() == [("Updated", "EVCommunicationLost", "Idle")]
    w.advance(2)
    assert w.told() == [("Ended", "EVConnectTimeout", "Idle", "Timeout")]  # E10.FR.02


def test_tc_e_20_disconnect_is_a_stop_point_even_if_it_does_not_deauthorize(world):
    w = world(TX_CTRLR_STOP_TX_ON_EV_SIDE_DISCONNECT="false", TX_CTRLR_TX_STOP_POINT="EVConnected")
    session(w)
    w.told()
    w.unplug(1)
    assert w.told() == [("Ended", "EVCommunicationLost", "Idle", "EVDisconnected")]
    assert not w.locked(1)


# ---- never plugged in


@pytest.mark.parametrize("stop", ["Authorized", "EVConnected", "EVConnected,Authorized"])
def test_tc_e_05_tc_e_39_never_plugged_in(world, stop):
    w = world(TX_CTRLR_TX_START_POINT="Authorized", TX_CTRLR_TX_STOP_POINT=stop)
    w.swipe(b"A1", 1)
    w.allow()
    w.advance(59)
    assert w.told() == [("Started", "Authorized", "Idle")]
    w.advance(2)
    assert w.told() == [("Ended", "EVConnectTimeout", "Idle", "Timeout")]  # E03.FR.05
    w.plug(1)
    w.ev(1, "C")
    assert not w.relay(1)  # C01.FR.26


def test_never_plugged_in_without_a_transaction(world):
    w = world()
    w.swipe(b"A1", 1)
    w.allow()
    w.advance(61)
    w.plug(1)
    w.ev(1, "C")
    assert not w.relay(1)
    assert w.told() == [("Started", "CablePluggedIn", "EVConnected")]


# ---- a shared reader: the EVSE is not known


def test_evse_unknown_until_a_cable_is_in(world):
    w = world(TX_CTRLR_TX_START_POINT="Authorized")
    w.swipe(b"A1")
    w.allow()
    (event,) = w.events()
    assert (event.kind, event.trigger, event.state) == ("Started", "Authorized", "Idle")
    assert event.evse is None and event.token == b"A1" and event.meter_value == []
    w.plug(2)
    w.ev(2, "C")
    plugged, charging = w.events()
    assert (plugged.evse, plugged.connector, plugged.seq_no) == (2, 1, 1)
    assert plugged.transaction_id == event.transaction_id
    assert w.relay(2) and w.locked(2)
    assert charging.meter_value[0][1][0].context == "Transaction.Begin"  # E01.FR.17, TC_J_08
    assert (charging.evse, charging.connector) == (2, 1)
    w.plug(1)
    assert w.told() == [("Started", "CablePluggedIn", "EVConnected")] or w.told() == []
    w.swipe(b"A1", 2)
    assert not w.relay(2)


def test_evse_unknown_times_out_and_is_cancelled(world):
    w = world(TX_CTRLR_TX_START_POINT="Authorized")
    w.swipe(b"A1")
    w.allow()
    w.told()
    w.advance(61)
    assert w.told() == [("Ended", "EVConnectTimeout", "Idle", "Timeout")]
    w.swipe(b"A1")
    w.allow()
    w.told()
    w.swipe(b"A1")
    assert w.told() == [("Ended", "StopAuthorized", "Idle", "Local")]
    assert w.asked() is None


def test_evse_unknown_only_one_waits(world):
    w = world(TX_CTRLR_TX_START_POINT="Authorized")
    w.swipe(b"A1")
    w.allow()
    w.told()
    w.swipe(b"B2")
    w.allow()
    assert w.told() == [] and w.texts[-1] == (0, "Not possible now")


def test_card_goes_to_the_car_that_came_last(world):
    w = world()
    w.plug(2)
    w.plug(1)
    w.swipe(b"A1")
    w.allow()
    assert w.pwm(1) == 533 and w.pwm(2) == 1000
    w.swipe(b"B2")
    w.allow()
    assert w.pwm(2) == 533


def test_plugged_in_while_the_csms_thinks(world):
    w = world()
    w.swipe(b"A1")
    w.plug(2)
    w.allow()
    w.ev(2, "C")
    assert w.relay(2)


def test_two_evses_at_once(world):
    w = world()
    session(w, 1, b"A1")
    session(w, 2, b"B2")
    assert w.relay(1) and w.relay(2)
    w.swipe(b"B2")
    assert w.relay(1) and not w.relay(2)
    w.swipe(b"A1")
    by_id = {}
    for event in w.events():
        by_id.setdefault(event.transaction_id, []).append(event)
    for events in by_id.values():
        assert [e.seq_no for e in events] == list(range(len(events)))
        assert [events[0].kind, events[-1].kind] == ["Started", "Ended"]
    assert len(by_id) == 2


# ---- tokens


def test_tc_c_04_other_token_does_not_stop(world):
    w = world((1,))
    session(w)
    w.told()
    w.swipe(b"B2")
    assert w.asked() == b"B2"
    w.allow()
    assert w.relay(1) and w.told() == []


def test_same_text_of_another_type_is_another_token(world):
    """C01.FR.25"""
    w = world((1,))
    session(w)
    w.swipe(b"A1", 1, b"ISO15693")
    assert w.relay(1) and w.asked() == b"A1"


def test_tc_c_39_group_member_stops(world):
    w = world((1,))
    w.plug(1)
    w.swipe(b"A1")
    w.allow(group=b"G")
    w.ev(1, "C")
    w.told()
    w.swipe(b"B2")
    w.allow(group=b"G")
    assert not w.relay(1)
    (event,) = w.events()
    assert (event.kind, event.trigger, event.token) == ("Ended", "StopAuthorized", b"B2")


def test_tc_c_42_other_group_or_refused_member_does_not_stop(world):
    w = world((1,))
    w.plug(1)
    w.swipe(b"A1")
    w.allow(group=b"G")
    w.ev(1, "C")
    w.swipe(b"B2")
    w.allow(group=b"H")
    w.swipe(b"B3")
    w.answer(names.BLOCKED, b"G")  # C09.FR.11
    w.swipe(b"B4")
    w.allow()
    assert w.relay(1)


def test_group_learnt_from_the_transaction_event(world):
    """C09.FR.12"""
    w = world((1,), TX_CTRLR_TX_START_POINT="PowerPathClosed")
    session(w)
    assert w.event(names.ACCEPTED, group=b"G").token == b"A1"
    w.swipe(b"B2")
    w.allow(group=b"G")
    assert not w.relay(1)


def test_deauthorized_transaction_refuses_other_tokens(world):
    """C01.FR.23: the transaction that is still open takes its own token only."""
    w = world((1,), TX_CTRLR_TX_STOP_POINT="EVConnected")
    session(w)
    w.swipe(b"A1")
    w.told()
    w.swipe(b"B2")
    assert w.asked() is None and w.texts[-1] == (0, "Not possible now")
    w.swipe(b"A1")
    w.allow()
    w.ev(1, "C")
    assert w.told() == [
        ("Updated", "Authorized", "EVConnected"),
        ("Updated", "ChargingStateChanged", "Charging"),
    ]
    assert w.relay(1)


def test_only_listed_evses(world):
    """C01.FR.21"""
    w = world()
    w.plug(1)
    w.swipe(b"A1", 1)
    w.answer(names.ACCEPTED, evses=b"\x02")
    w.ev(1, "C")
    assert not w.relay(1)
    w.plug(2)
    w.swipe(b"A1")
    w.answer(names.ACCEPTED, evses=[2, 77])
    w.ev(2, "C")
    assert w.relay(2)


def test_offline_unknown_tokens(world):
    for allowed in (False, True):
        w = world(
            (1,),
            online=False,
            AUTH_CTRLR_OFFLINE_TX_FOR_UNKNOWN_ID_ENABLED="true" if allowed else "false",
        )
        w.plug(1)
        w.swipe(b"A1")
        w.ev(1, "C")
        assert w.asked() is None and w.relay(1) == allowed  # C15.FR.08


def test_link_lost_while_the_csms_is_asked(world):
    w = world((1,), AUTH_CTRLR_OFFLINE_TX_FOR_UNKNOWN_ID_ENABLED="true")
    w.plug(1)
    w.swipe(b"A1")
    assert w.asked()
    w.connect(False)
    w.ev(1, "C")
    assert w.relay(1)


def test_no_authorization_needed(world):
    """C02, C-35"""
    w = world((1,), AUTH_CTRLR_ENABLED="false")
    w.plug(1)
    w.ev(1, "C")
    assert w.relay(1)
    first = w.events()[0]
    assert (first.trigger, first.token, first.token_kind) == (
        "CablePluggedIn",
        b"",
        "NoAuthorization",
    )
    w.stop(first.transaction_id)
    w.ev(1, "B")
    w.ev(1, "C")
    assert not w.relay(1)


def test_wrong_key_codes_are_slowed_down(world):
    """C04.FR.06"""
    w = world((1,))
    w.plug(1)
    w.swipe(b"1234", kind=b"KeyCode")
    w.answer(names.INVALID)
    w.swipe(b"1235", kind=b"KeyCode")
    assert w.asked() is None and w.texts[-1][1] == "Please wait"
    w.advance(3)
    w.swipe(b"1236", kind=b"KeyCode")
    w.answer(names.INVALID)
    w.advance(3)
    w.swipe(b"1237", kind=b"KeyCode")
    assert w.asked() is None
    w.swipe(b"CARD")
    assert w.asked() == b"CARD"


def test_tokens_that_can_not_be_sent(world):
    w = world((1,))
    w.plug(1)
    w.swipe(b"x" * 37)
    w.swipe(b"A1", kind=b"Accepted")
    w.swipe(b"A1", kind=b"Bogus")
    assert w.asked() is None
    w.swipe(b'\xc3\xa4 "any" {string}')
    assert w.asked()


@pytest.mark.parametrize(
    "token", [b"\xff", b"A\xed\xa0\x80", b"\xc0\xaf", b"\xf4\x90\x80\x80", b"A\xc3"]
)
def test_a_token_that_is_no_text_is_refused(world, token):
    # it could not be told: the CSMS would close the connection (RFC 6455, 8.1)
    w = world((1,))
    w.plug(1)
    w.swipe(token)
    assert w.asked() is None


def test_the_csms_is_asked_once_about_a_token(world):
    w = world((1,))
    w.plug(1)
    for _ in range(9):
        w.swipe(b"A1")
    w.allow()
    assert w.asked() is None
    for i in range(9):
        w.swipe(b"B%d" % i)  # bounded
    asked = 0
    while w.asked():
        w.answer(names.INVALID)
        asked += 1
    assert asked == 4


# ---- E05: the CSMS refuses the token of a running transaction


def refused(w):
    """Swipe with the cable in; the CSMS refuses the token of the event."""
    w.plug(1)
    w.swipe(b"A1", 1)
    w.allow()
    w.ev(1, "C")
    while True:
        event = w.event(names.INVALID) if False else w.transactions.take(True)
        if event is None:
            return
        has_token = event[1][14] is not None
        w.event(names.INVALID if has_token else None)
        if has_token:
            return


def test_tc_e_16_refused_ends(world):
    for points in ("Authorized", "PowerPathClosed", "EnergyTransfer", "EVConnected,Authorized"):
        w = world(TX_CTRLR_TX_STOP_POINT=points)
        refused(w)
        assert not w.relay(1)
        assert w.told()[-1] == ("Ended", "Deauthorized", "EVConnected", "DeAuthorized")
        assert w.locked(1)  # E05.FR.11
        w.swipe(b"A1", 1)
        assert not w.locked(1)


def test_refused_but_no_stop_point(world):
    w = world(TX_CTRLR_TX_STOP_POINT="EVConnected")
    refused(w)
    assert not w.relay(1)
    assert w.told()[-1] == ("Updated", "Deauthorized", "EVConnected")  # E05.FR.09
    w.unplug(1)
    assert w.told() == [("Ended", "EVCommunicationLost", "Idle", "DeAuthorized")]


def test_tc_c_17_refused_and_not_to_be_stopped(world):
    w = world(TX_CTRLR_STOP_TX_ON_INVALID_ID="false")
    refused(w)
    assert not w.relay(1)
    assert w.told()[-1] == ("Updated", "ChargingStateChanged", "SuspendedEVSE")  # E05.FR.02
    w.swipe(b"A1", 1)
    assert w.told() == [("Ended", "StopAuthorized", "EVConnected", "Local")]


def test_tc_c_15_some_energy_after_a_refusal(world):
    w = world(TX_CTRLR_STOP_TX_ON_INVALID_ID="false", TX_CTRLR_MAX_ENERGY_ON_INVALID_ID="500")
    refused(w)
    w.told()
    start = w.board.meter(1).energy_wh()
    assert w.relay(1)  # E05.FR.03
    w.advance(3600)
    assert not w.relay(1)
    assert 500 <= w.board.meter(1).energy_wh() - start <= 504
    assert w.told() == [("Updated", "ChargingStateChanged", "SuspendedEVSE")]
    w.advance(3600)
    assert w.told() == []


# ---- faults


@pytest.mark.parametrize(
    "fault, reason",
    [
        (b"GroundFailure", "GroundFault"),
        (b"OverCurrent", "OvercurrentFault"),
        (b"UnderVoltage", "PowerQuality"),
        (b"DiodeFault", "Other"),
        (b"EmergencyStop", "EmergencyStop"),
    ],
)
def test_fault_ends_the_transaction(world, fault, reason):
    w = world(TX_CTRLR_TX_STOP_POINT="EVConnected")
    session(w)
    w.told()
    w.fault(1, fault)
    assert not w.relay(1) and w.pwm(1) == 1000
    assert w.told() == [("Ended", "AbnormalCondition", "EVConnected", reason)]  # E06.FR.16
    assert w.status(1) == "Faulted" and w.statuses[-1] == (1, 1, "Faulted")
    w.swipe(b"B2", 1)
    assert w.asked() is None
    w.fault(1, None)
    assert w.status(1) == "Occupied" and not w.relay(1) and w.told() == []
    assert word(fault_reason(fault)) == reason


def test_fault_elsewhere_does_not_matter(world):
    w = world((2, 1))
    session(w)
    w.fault(1, b"GroundFailure", 2)
    w.fault(2, b"GroundFailure")
    assert w.relay(1)
    assert w.status(1, 2) == w.status(2) == "Faulted"


def test_plugged_in_during_a_fault(world):
    w = world()
    w.fault(1, b"Temperature")
    w.plug(1)
    assert w.told() == [] and w.status(1) == "Faulted"
    w.fault(1, None)
    assert w.told() == [("Started", "CablePluggedIn", "EVConnected")]
    assert w.status(1) == "Occupied"


@pytest.mark.parametrize("state", ["E", "F"])
def test_pilot_lost(world, state):
    w = world()
    session(w)
    w.told()
    w.ev(1, state)
    assert not w.relay(1) and w.status(1) == "Faulted"
    assert w.told() == [("Ended", "AbnormalCondition", "EVConnected", "Other")]
    w.ev(1, "A")
    assert w.status(1) == "Available"


def test_welded_contact(world):
    w = world()
    session(w)
    w.told()
    hardware = w.board.outlets[1, 1]
    hardware.welded = True
    w.swipe(b"A1", 1)
    assert not w.relay(1) and w.locked(1)  # may still be live
    assert w.status(1) == "Occupied"
    w.advance(1)
    assert w.status(1) == "Faulted"
    w.swipe(b"B2", 1)
    assert w.asked() is None
    hardware.welded = False
    w.unplug(1)
    assert w.status(1) == "Available" and not w.locked(1)


def with_an_open_lock(w):
    """Who may charge has a car that wants to; the lock is open still."""
    w.board.outlets[1, 1].jammed = True
    w.plug(1)
    w.swipe(b"A1", 1)
    w.allow()
    w.ev(1, "C")
    assert not w.relay(1)


def test_lock_fails(world):
    """G05.FR.01"""
    w = world()
    with_an_open_lock(w)
    outlet = w.charging.outlet(1, 1)
    assert not outlet.lock_problem()  # it may take its time
    w.advance(1)
    assert outlet.lock_problem() and not w.relay(1)
    assert w.texts[-1] == (1, "The cable can't be locked")  # G05.FR.04
    told = len(w.texts)
    w.advance(10)
    assert len(w.texts) == told and not w.relay(1)
    w.unplug(1)
    assert outlet.lock_problem()  # until it has locked
    w.board.outlets[1, 1].jammed = False
    session(w, token=b"B2")
    assert not outlet.lock_problem()


def test_a_slow_lock(world):
    """The relay waits for the lock, which may take a second (firmware/hal/README.md)."""
    w = world()
    with_an_open_lock(w)
    w.board.outlets[1, 1].is_locked = True  # still on its way when it was told
    w.advance(1)
    assert w.relay(1) and not w.charging.outlet(1, 1).lock_problem()


def test_each_lock_has_its_time(world):
    """Also one that begins while another's time is nearly over, or its own of before."""
    w = world()
    with_an_open_lock(w)
    w.board.outlets[1, 1].is_locked = True
    w.advance(0.9)
    w.board.outlets[2, 1].jammed = True
    w.plug(2)
    w.swipe(b"B2", 2)
    w.allow()
    w.ev(2, "C")
    w.advance(0.9)
    assert not w.charging.outlet(2, 1).lock_problem()
    w.board.outlets[2, 1].is_locked = True
    w.advance(0.1)
    assert w.relay(1) and w.relay(2) and not w.charging.outlet(2, 1).lock_problem()
    w.swipe(b"B2", 2)
    w.board.outlets[2, 1].is_locked = False
    w.advance(0.9)
    w.swipe(b"B2", 2)
    w.allow()
    w.advance(0.9)
    assert not w.charging.outlet(2, 1).lock_problem()
    w.advance(0.1)
    assert w.charging.outlet(2, 1).lock_problem()


# ---- several connectors


def test_one_transaction_an_evse(world):
    """E01.FR.14, G01.FR.08"""
    w = world((2,))
    w.plug(1, 2)
    w.swipe(b"A1")
    w.allow()
    w.ev(1, "C", 2)
    assert w.relay(1, 2) and not w.relay(1, 1)
    assert w.statuses == [(1, 2, "Occupied")]
    w.plug(1, 1)
    w.ev(1, "C", 1)
    assert not w.relay(1, 1) and w.pwm(1, 1) == 1000
    assert {e.connector for e in w.events()} == {2, None}
    w.unplug(1, 2)
    events = w.events()
    assert events[0].kind == "Ended"
    assert (events[1].kind, events[1].trigger) == ("Started", "CablePluggedIn")
    assert (events[1].evse, events[1].connector) == (1, 1)


def test_token_first_then_the_second_connector(world):
    w = world((2,), TX_CTRLR_TX_START_POINT="Authorized")
    w.swipe(b"A1")
    w.allow()
    started = w.events()[0]
    assert (started.evse, started.connector) == (1, None)
    w.plug(1, 2)
    w.ev(1, "C", 2)
    assert w.relay(1, 2)
    assert (w.events()[0].connector) == 2


# ---- availability


def test_unavailable_stays_unavailable_when_plugged(world):
    w = world()
    assert w.charging.set_available(1, 0, False) is False
    assert w.statuses == [(1, 1, "Unavailable")]
    w.plug(1)
    w.swipe(b"A1", 1)
    assert w.status(1) == "Unavailable" and w.told() == [] and w.asked() is None
    assert w.charging.set_available(1, 0, True) is False
    assert w.status(1) == "Occupied"
    assert w.told() == [("Started", "CablePluggedIn", "EVConnected")]


def test_unavailability_waits_for_the_transaction(world):
    w = world()
    session(w)
    w.told()
    assert w.charging.set_available(0, 0, False) is True  # G04.FR.06
    assert w.relay(1) and w.status(1) == "Occupied" and w.status(2) == "Unavailable"
    w.swipe(b"A1", 1)
    assert w.status(1) == "Unavailable" and w.statuses[-1] == (1, 1, "Unavailable")  # G01.FR.05
    w.unplug(1)
    assert w.status(1) == "Unavailable"
    w.charging.set_available(0, 0, True)
    assert w.status(1) == w.status(2) == "Available"


def test_levels_of_availability(world):
    w = world((2,))
    w.charging.set_available(1, 2, False)
    w.charging.set_available(1, 0, False)
    w.charging.set_available(1, 0, True)
    assert [w.status(1, c) for c in (1, 2)] == ["Available", "Unavailable"]  # G03.FR.07
    w.fault(1, b"X", 2)
    assert w.status(1, 2) == "Faulted"  # G03.FR.06


def test_unavailability_ends_an_authorization_without_transaction(world):
    w = world()
    w.swipe(b"A1", 1)
    w.allow()
    w.charging.set_available(1, 0, False)
    assert w.status(1) == "Unavailable"
    w.charging.set_available(1, 0, True)
    w.plug(1)
    w.ev(1, "C")
    assert not w.relay(1)


def test_survives_a_reboot(world):
    """B11.FR.02, G01.FR.02"""
    w = world()
    w.charging.set_available(2, 0, False)
    again = world(resume=False)
    again.model.values.update(w.model.values)
    again.charging.resume()
    assert again.statuses[-1] == (2, 1, "Unavailable") and again.status(1) == "Available"


# ---- boot and reset


def test_cable_is_in_at_boot(world):
    w = world(resume=False)
    w.board.outlets[1, 1].state = 1
    w.board.outlets[2, 1].state = 2
    w.board.outlets[2, 1].is_locked = True
    w.charging.resume()
    assert not w.relay(2) and not w.locked(2)
    assert w.told() == [("Started", "CablePluggedIn", "EVConnected")] * 2


def test_tc_b_immediate_reset_ends_all(world):
    """B12.FR.04"""
    w = world(TX_CTRLR_TX_STOP_POINT="EVConnected")
    session(w, 1, b"A1")
    session(w, 2, b"B2")
    w.told()
    assert w.charging.active() and w.charging.active(2)
    w.charging.end(0, names.RESET_COMMAND, names.IMMEDIATE_RESET)
    assert w.charging.active()  # until the cars have let go
    assert not w.relay(1) and not w.relay(2) and not w.charging.active()
    assert w.told() == [("Ended", "ResetCommand", "EVConnected", "ImmediateReset")] * 2


def test_reset_of_one_evse(world):
    """B12.FR.08"""
    w = world()
    session(w, 1, b"A1")
    session(w, 2, b"B2")
    w.told()
    w.charging.end(1, names.RESET_COMMAND, names.IMMEDIATE_RESET)
    assert not w.relay(1)
    w.charging.restart(1)
    assert not w.relay(1) and w.relay(2)
    assert w.told() == [
        ("Ended", "ResetCommand", "EVConnected", "ImmediateReset"),
        ("Started", "CablePluggedIn", "EVConnected"),
    ]


# ---- numbers


def test_duty():
    assert [duty(ma) for ma in (0, 5999, 6000, 16000, 32000, 51000, 60000, 80000)] == [
        STEADY,
        STEADY,
        100,
        266,
        533,
        850,
        880,
        960,
    ]


def test_unlocking_the_other_connector_frees_no_held_cable(world):
    """E09.FR.03, F05: of an EVSE with two cables the CSMS names one."""
    w = world((2,), OCPP_COMM_CTRLR_UNLOCK_ON_EV_SIDE_DISCONNECT="false")
    session(w)
    w.unplug(1)
    assert w.locked(1)
    unlocked = UnlockConnectorResponse(status=names.UNLOCKED)
    reader = Reader(UnlockConnectorRequest(evseId=1, connectorId=2))
    assert w.remote.handle(names.UNLOCK_CONNECTOR, reader) == unlocked
    assert w.locked(1)
    reader = Reader(UnlockConnectorRequest(evseId=1, connectorId=1))
    assert w.remote.handle(names.UNLOCK_CONNECTOR, reader) == unlocked
    assert not w.locked(1)


def test_remote_stop_of_what_was_deauthorized_before(world):
    """E06.FR.15: RemoteStop goes with Remote, whatever has happened before."""
    w = world(TX_CTRLR_TX_STOP_POINT="EVConnected")
    session(w)
    w.told()
    w.charging.judge(b"tx-1", b"A1", names.ISO14443, token_info(status=names.INVALID))
    w.set(TX_CTRLR_TX_STOP_POINT="Authorized")
    w.stop(b"tx-1")
    assert w.told()[-1] == ("Ended", "RemoteStop", "EVConnected", "Remote")


# ---- a session that waits for its plug at one of two connectors


@pytest.mark.parametrize("points", ["EVConnected", "Authorized"])
def test_waits_at_the_other_connector_when_one_is_inoperative(world, points):
    """G03: the other connector of the EVSE is usable still."""
    w = world((2, 1), TX_CTRLR_TX_START_POINT=points)
    w.swipe(b"A1", 1)
    w.allow()
    w.charging.set_available(1, 1, False)
    assert w.status(1, 1) == "Unavailable"
    w.plug(1, 2)
    w.ev(1, "C", 2)
    assert w.relay(1, 2)
    assert w.events()[-1].state == "Charging"


@pytest.mark.parametrize("points", ["EVConnected", "Authorized"])
def test_waits_at_the_other_connector_when_one_is_faulted(world, points):
    w = world((2, 1), TX_CTRLR_TX_START_POINT=points)
    w.swipe(b"A1", 1)
    w.allow()
    w.fault(1, b"GroundFailure", 1)
    w.plug(1, 2)
    w.ev(1, "C", 2)
    assert w.relay(1, 2)
    assert [e.kind for e in w.events()].count("Ended") == 0


def test_waits_for_nothing_when_no_connector_is_usable(world):
    w = world((2, 1))
    w.swipe(b"A1", 1)
    w.allow()
    w.charging.set_available(1, 1, False)
    w.fault(1, b"GroundFailure", 2)
    w.fault(1, None, 2)
    w.charging.set_available(1, 2, False)
    w.charging.set_available(1, 0, False)
    assert w.charging.evses[0].grant is None
