"""blocks/metering/metering.py: sampled and clock-aligned readings."""

import pytest
from fakes import START_UTC, World, readings
from tables import names, variables
from tables.messages import MeterValuesRequest

ENERGY = "Energy.Active.Import.Register"
ALL = "Energy.Active.Import.Register,Power.Active.Import,Current.Import,Voltage"


def charging(w, evse=1, token=b"A1"):
    w.plug(evse)
    w.swipe(token, evse)
    w.allow()
    w.ev(evse, "C")


def stop(w, evse=1, token=b"A1"):
    w.swipe(token, evse)
    return w.events()


def change(w, variable, value):
    """The CSMS sets a variable."""
    w.set(**{variable: value})
    w.metering.started(getattr(variables, variable))


def contexts(event):
    return [values[0].context for _, values in event.meter_value]


def idle_values(w):
    """MeterValues that wait: [(evse, [(timestamp, values)])]"""
    result = []
    while (item := w.metering.take(True)) is not None:
        assert item[0] == names.METER_VALUES
        values = readings(item[1][MeterValuesRequest.meterValue])
        result.append((item[1][MeterValuesRequest.evseId], values))
        w.metering.answered(0, None)
    return result


def test_tc_j_07_started():
    w = World(SAMPLED_DATA_CTRLR_TX_STARTED_MEASURANDS=ALL)
    w.plug(1)
    ((at, values),) = w.event().meter_value
    assert at == START_UTC
    assert {v.context for v in values} == {"Transaction.Begin"}
    assert [(v.measurand, v.phase, v.value, v.decimals, v.unit) for v in values] == [
        (ENERGY, None, 1000, 0, b"Wh"),
        ("Power.Active.Import", None, 0, 0, b"W"),
        ("Current.Import", None, 0, 3, b"A"),
        ("Current.Import", "L1", 0, 3, b"A"),
        ("Current.Import", "L2", 0, 3, b"A"),
        ("Current.Import", "L3", 0, 3, b"A"),
        ("Voltage", "L1-N", 2300, 1, b"V"),
        ("Voltage", "L2-N", 2300, 1, b"V"),
        ("Voltage", "L3-N", 2300, 1, b"V"),
    ]
    assert {(v.location, v.multiplier) for v in values} == {(None, None)}


def test_one_phase():
    w = World(SAMPLED_DATA_CTRLR_TX_STARTED_MEASURANDS=ALL)
    w.board.meter(1).phase_count = 1
    w.plug(1)
    phases = {v.phase for v in w.event().meter_value[0][1]}
    assert phases == {None, "L1", "L1-N"}


def test_nothing_configured():
    w = World(
        SAMPLED_DATA_CTRLR_TX_STARTED_MEASURANDS="",
        SAMPLED_DATA_CTRLR_TX_ENDED_MEASURANDS="",
    )
    charging(w)
    assert [e.meter_value for e in stop(w)] == [[]] * 4


def test_tc_j_08_evse_unknown_at_the_start():
    """E01.FR.17, E03.FR.11"""
    w = World(TX_CTRLR_TX_START_POINT="Authorized")
    w.swipe(b"A1")
    w.allow()
    w.plug(2)
    w.ev(2, "C")
    started, plugged, charge = w.events()
    assert started.meter_value == [] and plugged.meter_value == []
    assert contexts(charge) == ["Transaction.Begin"]
    ended = stop(w, 2)[-1]
    assert contexts(ended) == ["Transaction.Begin", "Transaction.End"]


def test_tc_j_09_updated():
    w = World(SAMPLED_DATA_CTRLR_TX_UPDATED_INTERVAL="60")
    charging(w)
    w.events()
    w.advance(185)
    events = w.events()
    assert [(e.kind, e.trigger, e.state) for e in events] == [
        ("Updated", "MeterValuePeriodic", "Charging")
    ] * 3
    assert [e.at for e in events] == [START_UTC + 60 * n for n in (1, 2, 3)]
    for event in events:
        assert contexts(event) == ["Sample.Periodic"]
        ((at, values),) = event.meter_value
        assert at == event.at
        assert [v.measurand for v in values] == [ENERGY, "Power.Active.Import"]
    energies = [e.meter_value[0][1][0].value for e in events]
    assert energies == [1184, 1368, 1552]  # J02.FR.16, J02.FR.17
    assert events[0].meter_value[0][1][1].value == 11040


def test_updated_events_between_samples_carry_values_too():
    """E02.FR.10"""
    w = World(SAMPLED_DATA_CTRLR_TX_UPDATED_INTERVAL="60")
    charging(w)
    started, authorized, charge = w.events()
    assert contexts(authorized) == contexts(charge) == ["Other"]


def test_interval_off_and_changed():
    w = World()
    charging(w)
    w.events()
    w.advance(1000)
    assert w.events() == []
    change(w, "SAMPLED_DATA_CTRLR_TX_UPDATED_INTERVAL", "30")
    w.advance(61)
    assert len(w.events()) == 2
    w.set(SAMPLED_DATA_CTRLR_TX_UPDATED_INTERVAL="0")
    w.advance(100)
    assert len(w.events()) == 1


def test_the_interval_of_aligned_readings_does_not_put_off_samples():
    """J02.FR.11"""
    w = World(SAMPLED_DATA_CTRLR_TX_UPDATED_INTERVAL="60")
    charging(w)
    w.events()
    w.advance(50)
    change(w, "ALIGNED_DATA_CTRLR_TX_ENDED_INTERVAL", "600")
    w.advance(11)
    assert len(w.events()) == 1


def test_no_samples_before_an_ev_is_connected():
    w = World(
        TX_CTRLR_TX_START_POINT="Authorized",
        TX_CTRLR_EV_CONNECTION_TIME_OUT="300",
        SAMPLED_DATA_CTRLR_TX_UPDATED_INTERVAL="60",
    )
    w.swipe(b"A1", 1)
    w.allow()
    (started,) = w.events()
    assert contexts(started) == ["Transaction.Begin"]
    w.advance(200)
    assert w.events() == []
    w.plug(1)
    w.advance(61)
    assert [e.trigger for e in w.events()][-1] == "MeterValuePeriodic"


def test_samples_stop_with_the_transaction():
    w = World(SAMPLED_DATA_CTRLR_TX_UPDATED_INTERVAL="60")
    charging(w)
    stop(w)
    w.advance(1000)
    assert w.events() == []


def test_two_transactions_have_their_own_rhythm_and_meter():
    """J02.FR.22"""
    w = World(SAMPLED_DATA_CTRLR_TX_UPDATED_INTERVAL="60")
    w.board.meter(2).mwh = 77_000_000
    charging(w)
    w.advance(25)
    w.events()
    charging(w, 2, b"B2")
    w.events()
    w.advance(100)
    told = [(e.at - START_UTC, e.meter_value[0][1][0].value // 70000) for e in w.events()]
    assert told == [(60, 0), (85, 1), (120, 0)]


def test_tc_j_10_ended():
    w = World(SAMPLED_DATA_CTRLR_TX_ENDED_INTERVAL="60")
    charging(w)
    w.advance(200)
    ended = stop(w)[-1]
    assert contexts(ended) == ["Transaction.Begin"] + ["Sample.Periodic"] * 3 + ["Transaction.End"]
    assert [at - START_UTC for at, _ in ended.meter_value] == [0, 60, 120, 180, 200]


def test_ended_readings_are_thinned():
    """E06.FR.13: never the first nor the last"""
    w = World(SAMPLED_DATA_CTRLR_TX_ENDED_INTERVAL="60")
    charging(w)
    w.advance(6010)
    ended = stop(w)[-1]
    times = [at - START_UTC for at, _ in ended.meter_value]
    assert times[0] == 0 and times[-1] == 6010
    assert times == sorted(set(times)) and 6 <= len(times) <= 13
    assert contexts(ended)[0] == "Transaction.Begin"
    assert contexts(ended)[-1] == "Transaction.End"


# ---- clock-aligned


def test_tc_j_01_idle():
    w = World(ALIGNED_DATA_CTRLR_INTERVAL="900")
    w.advance(899)
    assert idle_values(w) == []
    w.advance(2)
    values = idle_values(w)
    assert [evse for evse, _ in values] == [1, 2]  # no main meter
    for _, groups in values:
        ((at, samples),) = groups
        assert at == START_UTC + 900 and samples[0].context == "Sample.Clock"
        assert samples[0].measurand == ENERGY
    w.advance(900)
    assert len(idle_values(w)) == 2


def test_tc_j_02_in_a_transaction():
    """J01.FR.22"""
    w = World(ALIGNED_DATA_CTRLR_INTERVAL="900")
    charging(w)
    w.events()
    w.advance(901)
    (event,) = w.events()
    assert (event.kind, event.trigger) == ("Updated", "MeterValueClock")
    assert contexts(event) == ["Sample.Clock"]
    assert event.meter_value[0][0] == START_UTC + 900
    assert [evse for evse, _ in idle_values(w)] == [2]


def test_tc_j_03_in_event_ended():
    w = World(
        ALIGNED_DATA_CTRLR_TX_ENDED_INTERVAL="300",
        ALIGNED_DATA_CTRLR_TX_ENDED_MEASURANDS=ENERGY,
    )
    w.advance(200)
    charging(w)
    w.advance(500)
    ended = stop(w)[-1]
    assert contexts(ended) == [
        "Transaction.Begin",
        "Sample.Clock",
        "Sample.Clock",
        "Transaction.End",
    ]
    assert [at - START_UTC for at, _ in ended.meter_value] == [200, 300, 600, 700]


def test_tc_j_06_only_when_idle():
    """J01.FR.19, J01.FR.20"""
    w = World(ALIGNED_DATA_CTRLR_INTERVAL="900", ALIGNED_DATA_CTRLR_SEND_DURING_IDLE="true")
    charging(w)
    w.events()
    w.advance(901)
    assert w.events() == [] and idle_values(w) == []
    stop(w)
    w.advance(900)
    assert len(idle_values(w)) == 2


def test_tc_j_06_only_when_an_evse_is_idle():
    """J01.FR.19: of this EVSE; the others go on"""
    w = World(ALIGNED_DATA_CTRLR_INTERVAL="900", ALIGNED_DATA_CTRLR_SEND_DURING_IDLE_EVSE="false")
    w.model.values[variables.ALIGNED_DATA_CTRLR_SEND_DURING_IDLE_EVSE, 1, 0] = b"true"
    charging(w)
    charging(w, 2, b"B2")
    w.events()
    w.advance(901)
    (event,) = w.events()
    assert event.trigger == "MeterValueClock" and event.transaction_id == b"tx-2"
    stop(w)
    stop(w, 2, b"B2")
    w.advance(900)
    assert [evse for evse, _ in idle_values(w)] == [1, 2]


def test_aligned_counts_from_midnight():
    w = World(ALIGNED_DATA_CTRLR_INTERVAL="50000")
    w.advance(14001)  # 13:53:20 UTC = 50,000 s
    assert idle_values(w)[0][1][0][0] == START_UTC + 14000
    w.advance(36400 + 1)
    assert idle_values(w)[0][1][0][0] == START_UTC + 50400  # midnight


def test_aligned_starts_when_the_clock_is_set():
    w = World(ALIGNED_DATA_CTRLR_INTERVAL="900", resume=False)
    w.clock.known = False
    w.charging.resume()
    w.metering.started()
    w.advance(1000)
    assert idle_values(w) == []
    w.clock.known = True
    w.metering.started()
    w.advance(900)
    assert len(idle_values(w)) == 2


def test_idle_readings_are_not_kept_while_offline():
    w = World(ALIGNED_DATA_CTRLR_INTERVAL="900", online=False)
    w.advance(901)
    w.connect(True)
    assert idle_values(w) == []


@pytest.mark.parametrize("evse, told", [(1, [1]), (0, [1, 2])])
def test_tc_f_11_tc_f_12_trigger(evse, told):
    w = World()
    w.metering.trigger(evse)
    values = idle_values(w)
    assert [e for e, _ in values] == told
    assert values[0][1][0][1][0].context == "Trigger"


def test_a_jump_of_the_clock():
    """One sample, not one for each interval that was jumped over."""
    w = World(SAMPLED_DATA_CTRLR_TX_UPDATED_INTERVAL="60", ALIGNED_DATA_CTRLR_INTERVAL="900")
    charging(w)
    w.events()
    w.clock.ms += 5_000_000
    w.timers.fire_due()
    events = w.events()
    assert sorted(e.trigger for e in events) == ["MeterValueClock", "MeterValuePeriodic"]
    for event in events:  # J02.FR.10: within the last interval
        ((at, _),) = event.meter_value
        assert at == event.at if event.trigger == "MeterValuePeriodic" else at == START_UTC + 4500
    w.advance(61)
    assert [e.trigger for e in w.events()] == ["MeterValuePeriodic"]


def test_the_register_does_not_fall_when_a_clock_aligned_reading_comes_late():
    """J02.FR.16: it stands for a time that is past, so it is taken before the periodic one."""
    w = World(SAMPLED_DATA_CTRLR_TX_UPDATED_INTERVAL="60", ALIGNED_DATA_CTRLR_INTERVAL="900")
    charging(w)
    w.events()
    meter = w.board.meter(1)
    register = iter(range(5000, 6000))
    meter.energy_wh = lambda: next(register)  # it goes up while it is read
    w.clock.ms += 905_000
    w.timers.fire_due()
    told = [
        (at, value.value)
        for event in w.events()
        for at, values in event.meter_value
        for value in values
        if value.measurand == ENERGY
    ]
    assert len(told) == 2
    assert [wh for _, wh in sorted(told)] == sorted(wh for _, wh in told)
