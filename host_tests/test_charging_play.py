"""Drivers, cars, faults and a CSMS at random: what holds whatever happens."""

import random

import pytest
from fakes import World, offered_ma
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tables import names
from tables.messages import TransactionEventRequest

from blocks.port import ANSWERED, ERROR, LOST, TIMEOUT
from charging.pilot import ALL_MA

EVSES = (1, 2)
TOKENS = (b"A1", b"B2", b"C3")
POINTS = ("EVConnected", "Authorized", "PowerPathClosed", "EnergyTransfer")
FLAGS = (
    "AUTH_CTRLR_ENABLED",
    "AUTH_CTRLR_AUTHORIZE_REMOTE_START",
    "AUTH_CTRLR_OFFLINE_TX_FOR_UNKNOWN_ID_ENABLED",
    "OCPP_COMM_CTRLR_UNLOCK_ON_EV_SIDE_DISCONNECT",
    "TX_CTRLR_STOP_TX_ON_EV_SIDE_DISCONNECT",
    "TX_CTRLR_STOP_TX_ON_INVALID_ID",
)
SUPPLIES = (0, 0, 10000, 20000, 40000)
STATUSES = (names.ACCEPTED, names.ACCEPTED, names.ACCEPTED, names.INVALID)
FAILURES = (ERROR, TIMEOUT, LOST)

evses = st.sampled_from(EVSES)
steps = st.one_of(
    st.tuples(st.just("ev"), evses, st.sampled_from("AABBCCCDEF"), st.integers(1, 2)),
    st.tuples(st.just("swipe"), st.integers(0, 2), st.sampled_from(TOKENS)),
    st.tuples(st.just("answer"), st.sampled_from(STATUSES), st.sampled_from([None, b"G"])),
    st.tuples(st.just("advance"), st.sampled_from([0, 1, 4, 30, 61, 100])),
    st.tuples(st.just("start"), st.sampled_from([None, 1, 2]), st.sampled_from(TOKENS)),
    st.tuples(st.just("stop"), st.integers(0, 5)),
    st.tuples(st.just("fault"), evses, st.sampled_from([None, None, b"GroundFailure"])),
    st.tuples(st.just("weld"), evses, st.booleans()),
    st.tuples(st.just("connect"), st.booleans()),
    st.tuples(st.just("drain"), st.sampled_from(STATUSES)),
    st.tuples(st.just("fail"), st.sampled_from(FAILURES)),
    st.tuples(st.just("trigger"), st.integers(0, 2)),
    st.tuples(st.just("meter"), evses, st.sampled_from([0, 1, 70_000])),
    st.tuples(st.just("available"), st.integers(0, 2), st.booleans()),
    st.tuples(st.just("limit"), evses, st.sampled_from([0, 5000, 6000, 32000])),
    st.tuples(st.just("cable"), evses, st.sampled_from([None, 13000, 20000, 32000, 63000])),
    st.tuples(st.just("heat"), evses, st.sampled_from([25, 66, 81])),
    st.tuples(st.just("car"), evses, st.sampled_from([6000, 16000, 40000]), st.booleans()),
    st.tuples(st.just("reset"), st.integers(0, 2)),
)
worlds = st.fixed_dictionaries(
    {
        "TX_CTRLR_TX_START_POINT": st.lists(st.sampled_from(POINTS), min_size=1).map(",".join),
        "TX_CTRLR_TX_STOP_POINT": st.lists(st.sampled_from(POINTS), min_size=1).map(",".join),
        "SAMPLED_DATA_CTRLR_TX_UPDATED_INTERVAL": st.sampled_from(["0", "30"]),
        "SAMPLED_DATA_CTRLR_TX_ENDED_INTERVAL": st.sampled_from(["0", "5"]),
        "ALIGNED_DATA_CTRLR_INTERVAL": st.sampled_from(["0", "60"]),
        "TX_CTRLR_MAX_ENERGY_ON_INVALID_ID": st.sampled_from(["0", "50"]),
    }
    | {flag: st.sampled_from(["true", "false"]) for flag in FLAGS}
)


class Play:
    """Does what a step says, then looks at the invariants."""

    def __init__(self, settings_, supply_ma=0):
        self.world = World((2, 1), **settings_)
        self.world.board.supply_ma = supply_ma
        self.limits = {}
        self.world.partners.answers["limit_ma"] = [lambda evse: self.limits.get(evse.id) or ALL_MA]
        self.transactions = {}  # id -> [Event]
        self.energy = [0, 0, 0]
        self.steady = {}  # (EVSE, connector) -> since when its car is told to stop, ms
        self.too_high = {}  # EVSE -> since when its offer is over a limit, ms

    def do(self, step):
        getattr(self, step[0])(*step[1:])
        self.check()

    def ev(self, evse, state, connector):
        self.world.ev(evse, state, min(connector, self.world.board.connectors[evse - 1]))

    def swipe(self, evse, token):
        self.world.swipe(token, evse)

    def answer(self, status, group):
        if self.world.asked():
            self.world.answer(status, group)

    def advance(self, seconds):
        self.world.advance(seconds)

    def start(self, evse, token):
        self.world.start(token, evse)

    def stop(self, number):
        self.world.stop(b"tx-%x" % number)

    def fault(self, evse, error):
        self.world.fault(evse, error)

    def weld(self, evse, on):
        self.world.board.outlets[evse, 1].welded = on

    def connect(self, up):
        self.world.connect(up)

    def drain(self, status):
        while self.take(status):
            pass

    def available(self, evse, operative):
        self.world.charging.set_available(evse, 0, operative)

    def limit(self, evse, limit_ma):
        """A partner of charging sets a limit."""
        self.limits[evse] = limit_ma

    def cable(self, evse, rating_ma):
        for (number, _), hardware in self.world.board.outlets.items():
            if number == evse and hardware.state == 0:
                hardware.cable_ma = rating_ma

    def heat(self, evse, celsius):
        self.world.board.outlets[evse, 1].degrees = celsius

    def car(self, evse, wanted_ma, obeys):
        self.world.board.outlets[evse, 1].wanted_ma = wanted_ma
        self.world.board.outlets[evse, 1].obeys = obeys

    def reset(self, evse):
        self.world.charging.end(evse, names.RESET_COMMAND, names.IMMEDIATE_RESET)
        self.world.advance(4)  # Reset waits for cars to let go
        if evse:
            self.world.charging.restart(evse)

    def fail(self, outcome):
        """The next event gets no good answer (E13); the CSMS may have seen it all the same."""
        self.note(self.world.event(None, outcome))

    def trigger(self, evse):
        self.world.transactions.trigger(evse)

    def meter(self, evse, more_wh):
        self.world.board.meter(evse).mwh += more_wh * 1000

    def take(self, status):
        item = self.world.transactions.take(True)
        if item is None:
            return False
        token = item[1][TransactionEventRequest.idToken_idToken]
        event = self.world.event(None if token is None else status, ANSWERED)
        self.note(event)
        return True

    def note(self, event):
        if event is None:
            return
        told = self.transactions.setdefault(event.transaction_id, [])
        if told and told[-1].seq_no == event.seq_no:  # once more
            assert told[-1]._replace(offline=None) == event._replace(offline=None)
        else:
            told.append(event)

    # ---- invariants

    def check(self):
        world = self.world
        world.settle()
        for (number, connector), hardware in world.board.outlets.items():
            evse = world.charging.evses[number - 1]
            if hardware.closed:
                assert hardware.error is None and hardware.state in (2, 3)
                assert hardware.is_locked
                assert evse.active.number == connector
                assert evse.transaction is not None, "energy without a transaction"
                if hardware.permille == 1000:  # told to stop
                    since = self.steady.setdefault((number, connector), world.clock.ms)
                    assert world.clock.ms <= since + 3000
                else:
                    assert evse.grant is not None, "energy without authorization (C01.FR.01)"
            if hardware.permille != 1000:
                assert 100 <= hardware.permille <= 960
                assert evse.grant is not None and hardware.state not in (0, 4, 5)
            if hardware.permille != 1000 or not hardware.closed:
                self.steady.pop((number, connector), None)
            self.check_load(hardware)
        self.check_offers()
        for number in EVSES:
            energy = world.board.meter(number).energy_wh()
            assert energy >= self.energy[number]
            self.energy[number] = energy
            closed = [h.closed for (e, _), h in world.board.outlets.items() if e == number]
            assert sum(closed) <= 1
        for evse in world.charging.evses:
            for outlet in evse.outlets:
                assert outlet.status == evse.status(outlet.number), "a status was not told"

    def check_load(self, hardware):
        """No relay opens under load but for a fault or a car that does not let go."""
        if hardware.opened_under_load:
            assert hardware.error or hardware.welded or not hardware.obeys
        hardware.opened_under_load = 0

    def check_offers(self):
        """No offer is over the least limit for more than a second, their sum never over the
        supply.
        """
        world = self.world
        total_ma = 0
        for (number, _), hardware in world.board.outlets.items():
            offer_ma = offered_ma(hardware.permille)
            total_ma += offer_ma
            assert offer_ma <= min(hardware.rating_ma, hardware.cable_ma or 0)
            least = self.limits.get(number) or 80000
            if hardware.degrees > 60:
                least = min(least, hardware.rating_ma * max(80 - hardware.degrees, 0) // 20)
            if offer_ma <= least:
                self.too_high.pop(number, None)
            else:
                since = self.too_high.setdefault(number, world.clock.ms)
                assert world.clock.ms <= since + 1000, "a lower limit has 1 s"
        assert total_ma <= (world.board.supply_ma or total_ma)

    def finish(self):
        """End all, drain, and look at the transactions as the CSMS has seen them."""
        for evse, connector in self.world.board.outlets:
            self.world.board.outlets[evse, connector].error = None
            self.ev(evse, "A", connector)
        self.world.charging.end(0, names.RESET_COMMAND, names.IMMEDIATE_RESET)
        self.advance(4)
        assert not self.world.charging.active()
        while self.world.journal.count():
            self.drain(None)
            self.advance(100)  # of the wait before an attempt
        for events in self.transactions.values():
            self.check_transaction(events)

    def check_transaction(self, events):
        kinds = [e.kind for e in events]
        assert kinds == ["Started"] + ["Updated"] * (len(kinds) - 2) + ["Ended"]
        assert [e.seq_no for e in events] == list(range(len(events)))
        assert events[-1].reason is not None and not any(e.reason for e in events[:-1])
        assert [e.at for e in events] == sorted(e.at for e in events)
        placed = [e for e in events if e.evse is not None and e.connector is not None]
        assert len({(e.evse, e.connector) for e in placed}) <= 2
        registers = [
            v.value
            for e in events
            for _, values in e.meter_value
            for v in values
            if v.measurand == "Energy.Active.Import.Register" and e.kind != "Ended"
        ]
        assert registers == sorted(registers), "energy falls (J02.FR.16)"
        state = None
        for event in events:
            if event.trigger == "ChargingStateChanged" and event.kind == "Updated":
                assert event.state != state, "told twice (E01.FR.18)"
            state = event.state
        if any(e.state == "Charging" for e in events):
            assert any(e.token is not None for e in events), "nobody's token was told (E01.FR.10)"
            assert placed, "the EVSE was never told (E01.FR.16)"


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(worlds, st.sampled_from(SUPPLIES), st.lists(steps, min_size=5, max_size=60))
def test_play(settings_, supply_ma, play_steps):
    play = Play(settings_, supply_ma)
    for step in play_steps:
        play.do(step)
    play.finish()


def long_play(seed):
    """Steps as they are likely in life, with the odd accident; many transactions in one world."""
    rnd = random.Random(seed)

    def pick(*weighted):
        return rnd.choices([w[1:] for w in weighted], [w[0] for w in weighted])[0]

    values = {flag: rnd.choice(["true", "true", "false"]) for flag in FLAGS}
    values["AUTH_CTRLR_ENABLED"] = rnd.choice(["true"] * 5 + ["false"])
    for point in ("TX_CTRLR_TX_START_POINT", "TX_CTRLR_TX_STOP_POINT"):
        values[point] = ",".join(rnd.sample(POINTS, rnd.choice([1, 1, 2])))
    values["SAMPLED_DATA_CTRLR_TX_UPDATED_INTERVAL"] = rnd.choice(["0", "30"])
    values["TX_CTRLR_MAX_ENERGY_ON_INVALID_ID"] = rnd.choice(["0", "100"])
    play = Play(values, rnd.choice(SUPPLIES))
    for _ in range(300):
        evse = rnd.choice(EVSES)
        token = rnd.choice(TOKENS)
        status = rnd.choice(STATUSES)
        play.do(
            pick(
                (12, "ev", evse, rnd.choice("BBBCCCCCCA"), 1),
                (2, "ev", evse, rnd.choice("ABCDEF"), 2),
                (8, "swipe", rnd.choice([evse, 0]), token),
                (9, "answer", status, rnd.choice([None, b"G"])),
                (6, "advance", rnd.choice([1, 4, 30, 61, 100])),
                (2, "start", rnd.choice([None, evse]), token),
                (1, "stop", rnd.randint(1, max(1, play.world.charging._begun))),
                (0.5, "fault", evse, b"GroundFailure"),
                (2, "fault", evse, None),
                (0.2, "weld", evse, True),
                (2, "weld", evse, False),
                (1, "connect", rnd.random() < 0.7),
                (2, "drain", status),
                (2, "fail", rnd.choice(FAILURES)),
                (0.5, "trigger", rnd.randint(0, 2)),
                (0.5, "meter", evse, rnd.choice([0, 1, 70_000])),
                (0.5, "available", rnd.randint(0, 2), False),
                (2, "available", rnd.randint(0, 2), True),
                (0.5, "limit", evse, rnd.choice([5000, 6000])),
                (2, "limit", evse, rnd.choice([0, 32000])),
                (0.5, "cable", evse, rnd.choice([None, 13000])),
                (2, "cable", evse, rnd.choice([20000, 63000])),
                (0.5, "heat", evse, rnd.choice([66, 81])),
                (2, "heat", evse, 25),
                (1, "car", evse, rnd.choice([6000, 16000, 40000]), rnd.random() < 0.8),
                (0.2, "reset", rnd.randint(0, 2)),
            )
        )
    play.finish()
    return play


@pytest.mark.parametrize("seed", range(1, 61))
def test_long_play(seed):
    assert long_play(seed).transactions
