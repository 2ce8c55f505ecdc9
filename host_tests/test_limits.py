"""charging/: how much is offered, who shares the supply, overdraw, stops that break no load."""

import pytest
from fakes import Reader, World, token_info
from tables import names
from tables.messages import UnlockConnectorRequest, UnlockConnectorResponse

UNLOCK = Reader(UnlockConnectorRequest(evseId=1, connectorId=1))

from charging.pilot import ALL_MA


def charging(evses=1, supply_ma=0, cables=(32000, 32000, 32000), **settings):
    """A World where a car charges at each of so many EVSEs."""
    w = World((1,) * max(evses, 2), **settings)
    w.board.supply_ma = supply_ma
    for evse in range(1, evses + 1):
        w.board.outlets[evse, 1].cable_ma = cables[evse - 1]
        come(w, evse)
    return w


def come(w, evse):
    """A car comes that charges as soon as it may."""
    w.plug(evse)
    w.swipe(b"C%d" % evse, evse)
    if w.asked():
        w.allow()
    w.ev(evse, "C")


def offers(w):
    w.settle()
    return [evse.offer.ma // 1000 for evse in w.charging.evses]


def partner(w, limits):
    """A partner of charging that limits EVSEs: {EVSE: mA}."""

    w.partners.answers["limit_ma"] = [lambda evse: limits.get(evse.id, ALL_MA)]


# ---- the least limit


@pytest.mark.parametrize(
    "rating_ma, cable_ma, permille",
    [
        (32000, 32000, 533),
        (16000, 32000, 266),  # rounded down: never more than 16 A
        (32000, 20000, 333),
        (32000, 13000, 216),
        (63000, 63000, 892),
        (80000, 63000, 892),
        (6000, 32000, 100),
        (32000, None, 1000),  # what can't be read is no cable
        (5900, 32000, 1000),
    ],
)
def test_outlet_and_cable(rating_ma, cable_ma, permille):
    w = World()
    hardware = w.board.outlets[1, 1]
    hardware.rating_ma = rating_ma
    hardware.cable_ma = cable_ma
    come(w, 1)
    assert w.pwm(1) == permille
    assert w.relay(1) == (permille < 1000)
    state = w.events()[-1].state
    assert state == ("Charging" if permille < 1000 else "SuspendedEVSE")


def test_the_least_of_several_wins():
    w = charging()
    w.partners.answers["limit_ma"] = [lambda evse: 10000, lambda evse: 12000, lambda evse: 11000]
    w.advance(1)
    assert w.pwm(1) == 166
    w.board.outlets[1, 1].degrees = 75
    w.advance(1)
    assert w.pwm(1) == 133


def test_a_partner_that_asks_at_once():
    w = charging()
    partner(w, {1: 10000})
    w.charging.limits.look()
    assert w.pwm(1) == 166


def test_too_little_suspends():
    w = charging()
    w.told()
    partner(w, {1: 5999})
    w.advance(1)
    assert not w.relay(1) and w.pwm(1) == 1000
    partner(w, {})
    w.advance(5)
    assert w.pwm(1) == 533
    w.ev(1, "C")
    assert w.relay(1)
    assert w.told() == [
        ("Updated", "ChargingStateChanged", "SuspendedEVSE"),
        ("Updated", "ChargingStateChanged", "SuspendedEV"),
        ("Updated", "ChargingStateChanged", "Charging"),
    ]


def test_stopped_by_a_limit_where_energy_is_a_stop_point():
    """E06.FR.07: it was the station that stopped, not the EV."""
    w = charging(TX_CTRLR_TX_STOP_POINT="EnergyTransfer")
    w.told()
    partner(w, {1: 0})
    w.advance(1)
    assert w.told() == [("Ended", "ChargingStateChanged", "EVConnected", "Other")]


def test_heat():
    w = charging()
    hardware = w.board.outlets[1, 1]
    for degrees, permille in ((60, 533), (65, 400), (70, 266), (66, 266), (65, 266), (64, 293)):
        hardware.degrees = degrees
        w.advance(1)
        assert w.pwm(1) == permille, degrees
    hardware.degrees = 80
    w.advance(1)
    assert w.pwm(1) == 1000 and not w.relay(1)


def test_a_sensor_that_fails_while_it_is_hot():
    w = charging()
    w.board.outlets[1, 1].degrees = 78
    w.advance(1)
    w.board.outlets[1, 1].degrees = None
    w.advance(10)
    assert w.pwm(1) == 1000


def test_no_sensor():
    w = World()
    w.board.outlets[1, 1].degrees = None
    come(w, 1)
    assert w.pwm(1) == 533


def test_rated_power():
    w = World((1, 1))
    assert w.charging.limits.rated_w(1) == 22080
    w.board.outlets[2, 1].rating_ma = 16000
    assert w.charging.limits.rated_w(2) == 11040
    w.board.supply_ma = 10000
    assert w.charging.limits.rated_w(2) == 6900
    w.board.phases = 1
    assert w.charging.limits.rated_w(2) == 2300


# ---- the supply


def test_equal_parts():
    w = charging(2, 32000)
    assert offers(w) == [32, 0] or offers(w) == [16, 0]
    w.advance(1)
    assert offers(w)[0] == 16
    w.advance(5)
    assert offers(w) == [16, 16] and w.relay(1) and w.relay(2)


def test_alone_with_all_of_it():
    w = charging(1, 20000)
    assert offers(w) == [20, 0]
    come(w, 2)
    w.advance(6)
    assert offers(w) == [10, 10]
    w.unplug(1)
    w.advance(1)
    assert offers(w) == [0, 20]


def test_nobody_has_more_before_the_other_has_less():
    """A car has its time to follow; the supply is never exceeded meanwhile."""
    w = charging(1, 32000)
    w.board.outlets[1, 1].wanted_ma = 32000
    come(w, 2)
    seen = []
    for _ in range(60):
        w.advance(0.1)
        if not seen or seen[-1] != offers(w):
            seen.append(offers(w))
    assert seen == [[16, 0], [16, 16]]


def test_a_thin_cable_leaves_the_rest():
    w = charging(2, 40000, (13000, 32000))
    w.advance(6)
    assert offers(w) == [13, 27]


def test_what_a_car_does_not_take_goes_to_the_other_and_comes_back():
    w = charging(2, 32000)
    w.board.outlets[1, 1].wanted_ma = 7000
    w.board.outlets[2, 1].wanted_ma = 32000
    w.advance(6)
    assert offers(w) == [16, 16]
    w.advance(20)
    assert offers(w) == [9, 23]
    before = w.pwm(1), w.pwm(2)
    w.advance(120)
    assert (w.pwm(1), w.pwm(2)) == before  # steady
    w.board.outlets[1, 1].wanted_ma = 20000
    w.advance(6)
    assert offers(w) == [16, 16]


def test_a_car_that_pauses_keeps_the_least():
    w = charging(2, 32000)
    w.board.outlets[1, 1].wanted_ma = 32000
    w.advance(6)
    w.ev(2, "B")
    w.advance(20)
    assert offers(w) == [26, 6]
    w.ev(2, "C")
    w.advance(10)
    assert offers(w) == [16, 16]


def test_too_many_for_the_supply():
    """Who has something keeps it; the others wait until somebody leaves."""
    w = charging(3, 14000)
    w.advance(10)
    assert offers(w) == [7, 7, 0]
    assert [e.state for e in w.events() if e.transaction_id == b"tx-3"][-1] == "SuspendedEVSE"
    w.unplug(1)
    w.advance(6)
    assert offers(w) == [0, 7, 7]


def test_a_supply_that_is_just_enough():
    """18,001 mA are 6 A for each of three."""
    w = charging(3, 18001)
    w.advance(12)
    assert offers(w) == [6, 6, 6]


def test_all_of_it_while_nobody_else_wants_it():
    w = charging(1, 32000)
    w.board.outlets[1, 1].wanted_ma = 7000
    w.advance(60)
    assert offers(w) == [32, 0]


# ---- overdraw


def disobedient(wanted_ma):
    w = charging()
    hardware = w.board.outlets[1, 1]
    hardware.cable_ma = 10000
    hardware.obeys = False
    w.told()
    hardware.wanted_ma = wanted_ma
    return w


def test_overdraw():
    """Counted from 5 s after the change of the offer; told to stop, then cut off."""
    w = disobedient(12000)
    w.advance(1)
    assert w.pwm(1) == 166
    w.advance(9)
    assert w.pwm(1) == 166 and w.relay(1)
    while w.pwm(1) != 1000:
        w.advance(0.1)
    assert w.relay(1)
    w.advance(2.8)
    assert w.relay(1)
    w.advance(0.3)
    assert not w.relay(1) and w.status(1) == "Faulted"
    assert w.told() == [("Ended", "AbnormalCondition", "EVConnected", "OvercurrentFault")]
    w.ev(1, "B")
    assert w.status(1) == "Faulted"
    w.unplug(1)
    assert w.status(1) == "Available"


def test_a_car_that_lets_go_is_faulted_all_the_same():
    w = disobedient(12000)
    w.advance(10)
    w.board.outlets[1, 1].obeys = True
    w.board.outlets[1, 1].drawn_ma = lambda: 12000  # its meter says so
    w.advance(2)
    assert not w.relay(1) and w.status(1) == "Faulted"


@pytest.mark.parametrize("drawn_ma", [10900, 11000])
def test_a_little_more_is_none(drawn_ma):
    w = disobedient(drawn_ma)
    w.advance(60)
    assert w.relay(1) and w.told() == []


def test_the_tenth_counts_where_it_is_more():
    w = charging()
    hardware = w.board.outlets[1, 1]
    hardware.obeys = False
    hardware.wanted_ma = 35000
    w.advance(60)
    assert w.relay(1)
    hardware.wanted_ma = 35400
    w.advance(10)
    assert not w.relay(1)


def test_for_a_moment_is_none():
    w = disobedient(12000)
    w.advance(9)
    w.board.outlets[1, 1].wanted_ma = 9000
    w.advance(1)
    w.board.outlets[1, 1].wanted_ma = 12000
    w.advance(4)
    w.board.outlets[1, 1].wanted_ma = 9000
    w.advance(60)
    assert w.relay(1)


@pytest.mark.parametrize("low_ma, high_ma", [(8000, 8500), (0, 6000)])
@pytest.mark.parametrize("step_s", [1.5, 2])
def test_changes_without_end_are_no_excuse(low_ma, high_ma, step_s):
    w = disobedient(32000)
    for i in range(80):
        partner(w, {1: (low_ma, high_ma)[i % 2]})
        w.advance(step_s)
    assert w.status(1) == "Faulted"


def test_overdraw_after_a_week():
    """Ticks wrap: an interval of 6.2 days and more looks negative."""
    w = charging()
    w.advance(7 * 86400)
    hardware = w.board.outlets[1, 1]
    hardware.obeys = False
    hardware.wanted_ma = 60000
    w.advance(10)
    assert w.status(1) == "Faulted"


def test_an_offer_of_a_week_ago_holds_nothing():
    w = charging()
    hardware = w.board.outlets[1, 1]
    w.swipe(b"C1", 1)
    w.advance(5)
    w.unplug(1)
    w.advance(7 * 86400)
    hardware.cable_ma = 10000
    hardware.obeys = False
    hardware.wanted_ma = 32000
    w.ev(1, "C")
    w.swipe(b"C1", 1)
    w.allow()
    w.advance(15)
    assert w.status(1) == "Faulted"


# ---- stops


def test_pilot_before_relay():
    """The car is told to stop, and the relay opens when it has."""
    w = charging()
    w.told()
    hardware = w.board.outlets[1, 1]
    hardware.obeys = False
    w.swipe(b"C1", 1)
    assert w.pwm(1) == 1000 and w.relay(1) and w.told() == []
    w.advance(2)
    w.ev(1, "B")
    assert not w.relay(1) and not w.locked(1)
    assert w.told() == [("Ended", "StopAuthorized", "EVConnected", "Local")]
    assert hardware.opened_under_load == 0


def test_a_car_that_does_not_let_go():
    """3 s, and the last reading is of after the opening."""
    w = charging(SAMPLED_DATA_CTRLR_TX_ENDED_MEASURANDS="Energy.Active.Import.Register")
    w.told()
    hardware = w.board.outlets[1, 1]
    hardware.obeys = False
    hardware.meter.phase_count = 3
    w.swipe(b"C1", 1)
    w.board.meter(1).mwh += 5_000_000  # what flows meanwhile
    w.advance(2.9)
    assert w.relay(1)
    w.advance(0.2)
    assert not w.relay(1) and w.locked(1) is False
    (event,) = w.events()
    register = event.meter_value[-1][1][0].value
    assert register == w.board.meter(1).energy_wh()


def test_a_fault_opens_at_once():
    w = charging()
    w.board.outlets[1, 1].obeys = False
    w.fault(1, b"GroundFailure")
    assert not w.relay(1) and w.pwm(1) == 1000


def test_a_fault_while_it_stops():
    w = charging()
    w.told()
    w.board.outlets[1, 1].obeys = False
    w.swipe(b"C1", 1)
    w.fault(1, b"GroundFailure")
    assert not w.relay(1)
    assert w.told() == [("Ended", "AbnormalCondition", "EVConnected", "GroundFault")]


def test_the_same_token_while_it_stops():
    """What is about to end is not begun anew."""
    w = charging()
    w.told()
    w.board.outlets[1, 1].obeys = False
    w.swipe(b"C1", 1)
    w.swipe(b"C1", 1)
    assert w.asked() is None and w.texts[-1] == (1, "Not possible now")
    w.advance(4)
    assert w.told() == [("Ended", "StopAuthorized", "EVConnected", "Local")]


def test_authorized_anew_while_it_stops():
    """TxStopPoint EVConnected: the transaction goes on, and the relay stays closed."""
    w = charging(TX_CTRLR_TX_STOP_POINT="EVConnected")
    w.told()
    w.board.outlets[1, 1].obeys = False
    w.swipe(b"C1", 1)
    w.swipe(b"C1", 1)
    w.allow()
    w.advance(5)
    assert w.relay(1) and w.pwm(1) == 533
    assert w.told() == [
        ("Updated", "StopAuthorized", "Charging"),
        ("Updated", "Authorized", "Charging"),
    ]


def test_deauthorized_is_told_when_no_energy_flows():
    """E05.FR.09: Deauthorized with EVConnected."""
    w = charging(TX_CTRLR_TX_STOP_POINT="EVConnected")
    w.told()
    w.board.outlets[1, 1].obeys = False
    w.charging.judge(b"tx-1", b"C1", names.ISO14443, token_info(status=names.INVALID))
    assert w.told() == [] and w.relay(1)
    w.advance(4)
    assert w.told() == [("Updated", "Deauthorized", "EVConnected")]


def test_a_reset_waits_for_the_car():
    w = charging(2)
    w.told()
    w.board.outlets[1, 1].obeys = False
    w.charging.end(0, names.RESET_COMMAND, names.IMMEDIATE_RESET)
    assert w.charging.active() and not w.charging.stopping()
    assert [e[0] for e in w.told()] == ["Ended"]
    w.advance(4)
    assert not w.charging.active()
    assert w.told() == [("Ended", "ResetCommand", "EVConnected", "ImmediateReset")]


def test_a_stop_without_a_transaction_waits_too():
    """Energy may flow before DataSigned has begun a transaction."""
    w = charging(TX_CTRLR_TX_START_POINT="DataSigned")
    assert w.relay(1) and not w.charging.active()
    w.board.outlets[1, 1].obeys = False
    w.charging.end(0, names.RESET_COMMAND, names.IMMEDIATE_RESET)
    assert w.charging.stopping() and w.relay(1)
    w.advance(4)
    assert not w.charging.stopping() and not w.relay(1)


def test_the_lock_waits_for_the_relay():
    """Also where the feedback of the contactor lags, or is broken."""
    w = charging()
    hardware = w.board.outlets[1, 1]
    hardware.obeys = False
    hardware.relay_closed = lambda: False
    w.swipe(b"C1", 1)
    assert w.relay(1) and w.pwm(1) == 1000
    assert w.locked(1)
    w.ev(1, "B")
    assert not w.relay(1) and not w.locked(1)


def test_a_lock_that_is_opening_is_told_to_close():
    """It reads locked for up to a second after it was told to open."""
    w = charging()
    hardware = w.board.outlets[1, 1]
    told = []
    hardware.lock = told.append
    w.swipe(b"C1", 1)
    assert not w.relay(1) and set(told) == {False}
    w.swipe(b"C1", 1)
    w.allow()
    assert told[-1]


@pytest.mark.parametrize("master", [False, True])
def test_the_first_cause_of_an_end_counts(master):
    """E06.FR.15, E07.FR.02: with its token."""
    w = charging(AUTH_CTRLR_MASTER_PASS_GROUP_ID="M")
    w.told()
    w.board.outlets[1, 1].obeys = False
    w.swipe(b"C1", 1)
    if master:
        w.swipe(b"MASTER", 1)
        if w.asked():
            w.allow(b"M")
    else:
        w.stop(b"tx-1")
    w.advance(4)
    (event,) = w.events()
    assert (event.trigger, event.reason, event.token) == ("StopAuthorized", "Local", b"C1")


def test_what_happens_while_a_stop_waits_is_told():
    """TxStopPoint EVConnected: UnlockConnector and the unplugging are told as they are."""
    w = charging(TX_CTRLR_TX_STOP_POINT="EVConnected")
    w.told()
    w.board.outlets[1, 1].obeys = False
    w.swipe(b"C1", 1)
    w.remote.handle(names.UNLOCK_CONNECTOR, UNLOCK)
    w.unplug(1)
    assert w.told() == [
        ("Updated", "StopAuthorized", "Charging"),
        ("Updated", "UnlockCommand", "Charging"),
        ("Ended", "EVCommunicationLost", "Idle", "Local"),
    ]


def test_unlock_while_it_ends():
    """F05.FR.02: the lock can't open yet."""
    w = charging()
    w.board.outlets[1, 1].obeys = False
    w.swipe(b"C1", 1)
    answer = w.remote.handle(names.UNLOCK_CONNECTOR, UNLOCK)
    assert answer == UnlockConnectorResponse(status=names.ONGOING_AUTHORIZED_TRANSACTION)


def test_others_who_charge_are_not_stopping():
    """A reset of EVSE 1 waits for its own car only, whoever charges without a transaction."""
    w = charging(2, TX_CTRLR_TX_START_POINT="DataSigned")
    assert w.relay(1) and w.relay(2) and not w.charging.stopping()
    w.board.outlets[1, 1].obeys = False
    w.charging.end(1, names.RESET_COMMAND, names.IMMEDIATE_RESET)
    assert w.charging.stopping() and w.charging.stopping(1) and not w.charging.stopping(2)
    w.advance(4)
    assert not w.charging.stopping() and w.relay(2)
