"""blocks/transactions, charging/records.py, blocks/authorization: what is told, kept,
retried.
"""

import pytest
from fakes import START_UTC, Reader, World
from hypothesis import given
from hypothesis import strategies as st
from tables import names

from blocks.port import ANSWERED, ERROR, LOST, TIMEOUT
from charging.records import pack, stamp, unpack
from wire.names import name_id


def begun(**settings):
    """A world with one event, Started, in the journal."""
    w = World(**settings)
    w.plug(1)
    return w


# ---- records


@given(st.integers(0, 2**40))
def test_numbers(value):
    out = bytearray()
    pack(out, b"ns", (value, value % 2**30))
    assert unpack(out, 0, b"ns") == [value, value % 2**30, len(out)]


@given(st.none() | st.integers(-(2**31), 2**31 - 1), st.none() | st.binary(max_size=36))
def test_optional_numbers_and_texts(value, text):
    out = bytearray(b"x")
    pack(out, b"zt", (value, text))
    assert unpack(memoryview(out), 1, b"zt") == [value, text or b"", len(out)]


def test_every_name_that_can_be_told_is_in_the_records():
    """The enumerations of the schema."""
    enums = """
        Authorized CablePluggedIn ChargingRateChanged ChargingStateChanged Deauthorized
        EnergyLimitReached EVCommunicationLost EVConnectTimeout MeterValueClock MeterValuePeriodic
        TimeLimitReached Trigger UnlockCommand StopAuthorized EVDeparted EVDetected RemoteStop
        RemoteStart AbnormalCondition SignedDataReceived ResetCommand
        Charging EVConnected SuspendedEV SuspendedEVSE Idle
        DeAuthorized EmergencyStop EnergyLimitReached EVDisconnected GroundFault ImmediateReset
        Local LocalOutOfCredit MasterPass Other OvercurrentFault PowerLoss PowerQuality Reboot
        Remote SOCLimitReached StoppedByEV TimeLimitReached Timeout
        Central eMAID ISO14443 ISO15693 KeyCode Local MacAddress NoAuthorization
        Other Sample.Clock Sample.Periodic Transaction.Begin Transaction.End Trigger
        Started Updated Ended
    """
    for text in enums.split():
        number = name_id(text.encode())
        out = bytearray()
        pack(out, b"e", (number,))
        assert number and unpack(out, 0, b"e") == [number, 1], text


def test_stamp_before_the_clock_is_set():
    w = World(resume=False, online=False)
    w.clock.known = False
    w.charging.resume()
    w.plug(1)
    w.advance(100)
    w.clock.known = True
    w.connect(True)
    event = w.event()
    assert event.at == START_UTC and event.offline is True
    assert stamp(None) & 0x40000000


# ---- offline


def test_offline_events_and_no_others_are_marked():
    """E04.FR.03, E11.FR.07, TC_E_40"""
    w = begun()
    w.swipe(b"A1")
    w.allow()
    w.connect(False)
    w.ev(1, "C")
    w.connect(True)
    w.ev(1, "B")
    events = w.events()
    assert [e.offline for e in events] == [True, True, True, None]
    assert [e.seq_no for e in events] == [0, 1, 2, 3]


def test_thinning_old_events_marks_no_new_ones():
    """E04.FR.03: room runs short while what is of an offline time still waits."""
    w = World(journal=600, SAMPLED_DATA_CTRLR_TX_UPDATED_INTERVAL="60", online=False)
    w.set(AUTH_CTRLR_OFFLINE_TX_FOR_UNKNOWN_ID_ENABLED="true")
    w.plug(1)
    w.swipe(b"A1")
    w.ev(1, "C")
    w.advance(900)
    w.connect(True)
    since = w.clock.utc()
    w.advance(30)
    w.swipe(b"A1")
    waiting = w.journal.count()
    assert w.journal.thin() and w.journal.count() < waiting
    events = w.events()
    assert [e.offline for e in events] == [True if e.at <= since else None for e in events]
    assert events[-1].kind == "Ended" and events[-1].offline is None


def test_online_events_are_not_marked():
    w = begun()
    w.unplug(1)
    assert [e.offline for e in w.events()] == [None, None]


def test_what_was_under_way_when_the_link_broke_is_sent_again():
    w = begun()
    assert w.event(outcome=LOST).offline is None
    w.connect(False)
    w.connect(True)
    event = w.event()
    assert (event.kind, event.offline, event.seq_no) == ("Started", True, 0)
    assert w.event() is None


def test_nothing_before_acceptance():
    w = begun()
    assert w.transactions.take(False) is None
    assert w.authorization.take(False) is None


# ---- E13


@pytest.mark.parametrize("outcome", [ERROR, TIMEOUT])
def test_tc_e_41_tc_e_50_attempts_used_up(outcome):
    w = begun()
    w.unplug(1)
    assert w.event(outcome=outcome).kind == "Started"
    assert w.event() is None
    w.advance(9)
    assert w.event() is None
    w.advance(2)  # interval * 1 (E13.FR.03)
    assert w.event(outcome=outcome).kind == "Started"
    w.advance(19)
    assert w.event() is None
    w.advance(2)  # interval * 2
    assert w.event(outcome=outcome).kind == "Started"
    assert w.event().kind == "Ended"  # E13.FR.04
    assert w.event() is None


def test_tc_e_42_tc_e_51_succeeds_in_time():
    w = begun()
    w.event(outcome=TIMEOUT)
    w.advance(11)
    assert w.event().seq_no == 0
    w.unplug(1)
    w.event(outcome=TIMEOUT)  # the count has started anew
    w.advance(11)
    assert w.event().seq_no == 1
    assert w.event() is None


def test_lost_connections_are_no_attempts():
    w = begun()
    for _ in range(10):
        assert w.event(outcome=LOST).seq_no == 0
    assert w.event(outcome=TIMEOUT).seq_no == 0
    w.advance(11)
    assert w.event().seq_no == 0


def test_a_malformed_answer_is_an_answer():
    w = begun()
    assert w.transactions.take(True)
    w.transactions.answered(ERROR, Reader(error=names.FORMAT_VIOLATION))
    assert w.event() is None


def test_wake():
    w = begun()
    wakes = w.wakes
    w.swipe(b"A1")
    assert w.wakes == wakes + 1
    w.allow()
    assert w.wakes == wakes + 2
    w.ev(1, "C")
    w.event(outcome=TIMEOUT)
    w.advance(9)
    wakes = w.wakes
    w.advance(2)
    assert w.wakes == wakes + 1


# ---- contents


def test_time_spent_charging():
    w = begun()
    w.swipe(b"A1", 1)
    w.allow()
    w.ev(1, "C")
    w.advance(90)
    w.ev(1, "B")
    w.advance(1000)
    w.ev(1, "C")
    w.advance(30)
    w.swipe(b"A1", 1)
    spent = [e.spent_s for e in w.events()]
    assert spent == [None, None, 0, 90, 90, 120]


def test_phases_are_told_when_they_change():
    """E02.FR.18, E02.FR.19"""
    w = begun(SAMPLED_DATA_CTRLR_TX_UPDATED_INTERVAL="60")
    w.board.meter(1).phase_count = 0
    w.swipe(b"A1", 1)
    w.allow()
    w.ev(1, "C")
    w.board.meter(1).phase_count = 3
    w.advance(121)
    w.board.meter(1).phase_count = 1
    w.advance(121)
    assert [e.phases for e in w.events()[2:]] == [None, 3, None, 1, None]


def test_judgement_of_another_token_does_not_count():
    """The answer to a StopAuthorized event says nothing about who charges."""
    w = begun(TX_CTRLR_TX_STOP_POINT="EVConnected")
    w.swipe(b"A1", 1)
    w.answer(names.ACCEPTED, b"G")
    w.ev(1, "C")
    w.events()
    w.swipe(b"B2", 1)
    w.allow(group=b"G")
    w.swipe(b"A1", 1)
    w.allow()
    w.ev(1, "C")
    assert w.relay(1)
    stop = w.event(names.INVALID)
    assert (stop.trigger, stop.token) == ("StopAuthorized", b"B2")
    assert w.relay(1)


def test_journal_thins_samples_only():
    """J02.FR.13: Started, Ended and changes of state stay; numbers have gaps only where samples
    were.
    """
    w = World(journal=600, SAMPLED_DATA_CTRLR_TX_UPDATED_INTERVAL="60", online=False)
    w.set(AUTH_CTRLR_OFFLINE_TX_FOR_UNKNOWN_ID_ENABLED="true")
    w.plug(1)
    w.swipe(b"A1")
    w.ev(1, "C")
    w.advance(3600)
    w.swipe(b"A1")
    w.connect(True)
    events = w.events()
    assert events[0].kind == "Started" and events[-1].kind == "Ended"
    assert events[1].trigger == "Authorized" and events[2].trigger == "ChargingStateChanged"
    numbers = [e.seq_no for e in events]
    assert numbers == sorted(set(numbers)) and len(events) > 5
    assert all(e.meter_value for e in events[3:])


def test_trigger_tc_f_13_tc_f_14():
    w = begun()
    w.plug(2)
    w.events()
    assert w.transactions.trigger(2)
    (event,) = w.events()
    assert (event.kind, event.trigger, event.state) == ("Updated", "Trigger", "EVConnected")
    assert event.meter_value[0][1][0].context == "Trigger"
    assert w.transactions.trigger() and len(w.events()) == 2
    w.unplug(2)
    w.events()
    assert not w.transactions.trigger(2)


# ---- Authorize


def test_authorize_fails():
    for outcome in (ERROR, TIMEOUT, LOST):
        w = begun()
        w.swipe(b"A1")
        w.answer(names.ACCEPTED, outcome=outcome)
        w.ev(1, "C")
        assert not w.relay(1)


def test_answer_after_the_connection_was_lost():
    w = begun()
    w.swipe(b"A1")
    assert w.asked()
    w.connect(False)
    w.authorization.answered(LOST, None)
    w.connect(True)
    w.swipe(b"B2")
    w.allow()
    w.ev(1, "C")
    assert w.relay(1)
    assert ANSWERED == 0
