"""blocks/remote_control/remote_control.py: F01 to F03."""

import pytest
from fakes import World
from tables import names


def test_tc_f_01_cable_first():
    w = World()
    w.plug(1)
    (started,) = w.events()
    status, transaction_id = w.start(evse=1)
    assert status == names.ACCEPTED and transaction_id == started.transaction_id  # F01.FR.13
    (event,) = w.events()
    assert (event.kind, event.trigger, event.state) == ("Updated", "RemoteStart", "EVConnected")
    assert (event.remote_start_id, event.token, event.token_kind) == (7, b"R1", "Central")
    w.ev(1, "C")
    assert w.relay(1)
    (event,) = w.events()
    assert (event.trigger, event.remote_start_id, event.token) == (
        "ChargingStateChanged",
        None,
        None,
    )


def test_tc_f_02_authorized_first():
    w = World(AUTH_CTRLR_AUTHORIZE_REMOTE_START="true", TX_CTRLR_TX_START_POINT="Authorized")
    assert w.start(evse=2, kind=names.ISO14443) == (names.ACCEPTED, None)
    assert w.asked() == b"R1" and w.told() == []
    w.allow()
    (event,) = w.events()
    assert (event.kind, event.trigger, event.remote_start_id) == ("Started", "RemoteStart", 7)
    assert event.evse == 2
    w.plug(2)
    w.ev(2, "C")
    assert w.relay(2)
    assert [e.trigger for e in w.events()] == ["CablePluggedIn", "ChargingStateChanged"]


def test_authorized_first_and_refused():
    w = World(AUTH_CTRLR_AUTHORIZE_REMOTE_START="true")
    w.plug(1)
    w.start(evse=1, kind=names.ISO14443)
    w.answer(names.BLOCKED)
    w.ev(1, "C")
    assert not w.relay(1)


@pytest.mark.parametrize("kind", [names.CENTRAL, names.NO_AUTHORIZATION])
def test_tokens_that_are_not_to_be_checked(kind):
    """F01.FR.01"""
    w = World(AUTH_CTRLR_AUTHORIZE_REMOTE_START="true")
    w.plug(1)
    w.start(evse=1, kind=kind)
    w.ev(1, "C")
    assert w.relay(1) and w.asked() is None


@pytest.mark.parametrize(
    "points, first",
    [
        ("Authorized", "Started RemoteStart Idle"),
        ("EVConnected", None),
        ("PowerPathClosed", None),
        ("EnergyTransfer", None),
    ],
)
def test_tc_f_03_tc_e_13_before_plug_in(points, first):
    w = World((1,), TX_CTRLR_TX_START_POINT=points)
    assert w.start(remote_start_id=-5) == (names.ACCEPTED, None)
    events = w.events()
    told = [" ".join((e.kind, e.trigger, e.state)) for e in events]
    assert told == ([first] if first else [])
    w.plug(1)
    w.ev(1, "C")
    assert w.relay(1)
    events += w.events()
    assert events[0].kind == "Started" and events[0].trigger == "RemoteStart"  # F02.FR.21
    assert events[0].remote_start_id == -5 and events[0].token == b"R1"  # F02.FR.01
    assert [e.remote_start_id for e in events[1:]] == [None] * (len(events) - 1)
    assert events[-1].state == "Charging"


def test_tc_f_04_never_plugged_in():
    w = World(TX_CTRLR_TX_START_POINT="Authorized")
    w.start(evse=1)
    w.advance(61)
    assert w.told() == [
        ("Started", "RemoteStart", "Idle"),
        ("Ended", "EVConnectTimeout", "Idle", "Timeout"),  # F02.FR.07
    ]


def test_no_evse_given():
    """F01.FR.20: the one with a car; else the one where a car comes."""
    w = World()
    w.plug(2)
    assert w.start()[0] == names.ACCEPTED
    w.ev(2, "C")
    assert w.relay(2)
    w = World(TX_CTRLR_TX_START_POINT="Authorized")
    assert w.start()[0] == names.ACCEPTED
    assert w.start(token=b"R2")[0] == names.REJECTED
    w.plug(1)
    started, plugged = w.events()
    assert started.evse is None and plugged.evse == 1


def test_rejected():
    w = World()
    for evse in (0, -1, 3, 99):
        assert w.start(evse=evse)[0] == names.REJECTED
    w = World()
    w.fault(1, b"GroundFailure")
    w.charging.set_available(2, 0, False)
    assert w.start(evse=1)[0] == names.REJECTED  # F01.FR.23
    assert w.start(evse=2)[0] == names.REJECTED
    assert w.start()[0] == names.REJECTED
    w = World()
    w.plug(1)
    w.swipe(b"A1")
    w.allow()
    assert w.start(evse=1)[0] == names.REJECTED  # F01.FR.24
    w.ev(1, "C")
    assert w.start(evse=1)[0] == names.REJECTED
    assert w.start(evse=2)[0] == names.ACCEPTED
    assert w.start(evse=2)[0] == names.REJECTED


def test_tc_f_08_tc_e_21_tc_e_35_remote_stop():
    for points in ("Authorized", "PowerPathClosed", "EnergyTransfer", "EVConnected,Authorized"):
        w = World(TX_CTRLR_TX_STOP_POINT=points)
        w.plug(1)
        w.start(evse=1)
        w.ev(1, "C")
        transaction_id = w.events()[-1].transaction_id
        assert w.stop(transaction_id) == (names.ACCEPTED,)
        assert not w.relay(1) and not w.locked(1)
        assert w.told() == [("Ended", "RemoteStop", "EVConnected", "Remote")]  # F03.FR.03
        assert w.stop(transaction_id)[0] == names.REJECTED


def test_remote_stop_is_no_stop_point():
    """F03.FR.02"""
    w = World(TX_CTRLR_TX_STOP_POINT="EVConnected")
    w.plug(1)
    w.start(evse=1)
    w.ev(1, "C")
    w.stop(w.events()[-1].transaction_id)
    assert not w.relay(1)
    assert w.told() == [
        ("Updated", "RemoteStop", "Charging"),
        ("Updated", "ChargingStateChanged", "EVConnected"),
    ]
    w.unplug(1)
    assert w.told() == [("Ended", "EVCommunicationLost", "Idle", "Remote")]


def test_remote_stop_of_one_that_nobody_has_authorized():
    w = World()
    w.plug(1)
    w.stop(b"tx-1")
    assert w.told()[1:] == [("Ended", "RemoteStop", "EVConnected", "Remote")]


def test_remote_stop_while_the_evse_is_unknown():
    w = World(TX_CTRLR_TX_START_POINT="Authorized")
    w.start()
    assert w.stop(b"tx-1") == (names.ACCEPTED,)
    assert w.told()[1:] == [("Ended", "RemoteStop", "Idle", "Remote")]
    w.plug(1)
    w.ev(1, "C")
    assert not w.relay(1)


def test_tc_f_09_unknown_transaction():
    w = World()
    assert w.stop(b"nope")[0] == names.REJECTED


def test_local_stop_of_a_remote_start():
    w = World()
    w.plug(1)
    w.start(evse=1, token=b"A1", kind=names.ISO14443)
    w.ev(1, "C")
    w.told()
    w.swipe(b"A1")
    assert w.told() == [("Ended", "StopAuthorized", "EVConnected", "Local")]


def test_group_of_the_request():
    w = World((1,))
    w.plug(1)
    w.start(evse=1, group=b"G")
    w.ev(1, "C")
    w.swipe(b"B2")
    w.allow(group=b"G")
    assert not w.relay(1)
