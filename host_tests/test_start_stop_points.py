"""E01, E06: every legal combination of TxStartPoint and TxStopPoint against transaction_model."""

import random
from itertools import combinations

import pytest
from fakes import World, token_info
from tables import names
from transaction_model import POINTS, START_POINTS, STEPS, Model, Told

INVALID = token_info(status=names.INVALID)

SETS = [set(c) for n in range(1, 5) for c in combinations(POINTS, n)]
SIGNED_SETS = [{"DataSigned"}] + [{*points, "DataSigned"} for points in SETS]  # to start

BY_CABLE = "plug card draw "
BY_CARD = "card plug draw "
BY_CSMS = "remote_start plug draw "
SESSIONS = {
    "cable first, local stop": BY_CABLE + "card pause unplug",  # E02, E07
    "token first, local stop": BY_CARD + "card unplug",  # E03, E07
    "remote start after the cable": "plug remote_start draw remote_stop unplug",  # F01, F03
    "remote start before the cable": BY_CSMS + "card unplug",  # F02, E07
    "EV draws before the token": "plug draw card pause draw card unplug",
    "EV suspends": BY_CABLE + "pause wait draw pause unplug",  # E01.FR.19, E06.FR.07
    "EV never draws": "plug card wait card unplug",
    "remote stop": BY_CABLE + "remote_stop unplug",
    "remote stop of an EV alone": "plug remote_stop unplug",
    "refused": BY_CABLE + "refuse unplug",  # E05
    "refused before it draws": "plug card refuse draw unplug",
    "refused before the cable": "card refuse plug draw unplug",
    "refused, then another try": BY_CABLE + "refuse card card pause draw unplug",
    "EV-side disconnect": BY_CABLE + "unplug plug draw card draw unplug",  # E09, E10
    "EV-side disconnect while paused": BY_CABLE + "pause unplug wait",
    "disconnect for good": BY_CARD + "unplug wait card plug",
    "fault": BY_CABLE + "fault repair card draw unplug",  # E06.FR.16
    "fault before the token": "plug fault repair card draw unplug",
    "cable during a fault": "fault plug repair card draw card unplug",
    "nobody plugs in": "card wait card plug",  # E03.FR.05
    "nobody plugs in, by the CSMS": "remote_start wait plug",  # F02.FR.07
    "nobody shows a card": "plug wait unplug",
    "card taken back": "card card plug unplug",
    "two in a row": BY_CABLE + "card card pause draw card unplug " + BY_CARD + "unplug",
}
FLAGS = [
    {},
    {"stop_on_disconnect": False},
    {"unlock": False},
    {"stop_on_invalid": False},
    {"detachable": False, "stop_on_disconnect": False},
]


def text(points):
    return ",".join(point for point in START_POINTS if point in points)


class Player:
    """Does the steps of the model to a World, and tells what has come of them alike."""

    def __init__(self, start, stop, connectors=(1,), connector=1, **flags):
        def flag(name):
            return "true" if flags.get(name, True) else "false"

        self.world = World(
            connectors,
            TX_CTRLR_TX_START_POINT=text(start),
            TX_CTRLR_TX_STOP_POINT=text(stop),
            TX_CTRLR_STOP_TX_ON_EV_SIDE_DISCONNECT=flag("stop_on_disconnect"),
            TX_CTRLR_STOP_TX_ON_INVALID_ID=flag("stop_on_invalid"),
            OCPP_COMM_CTRLR_UNLOCK_ON_EV_SIDE_DISCONNECT=flag("unlock"),
        )
        self.connector = connector
        self.hardware = self.world.board.outlets[1, connector]
        self.hardware.detachable = flags.get("detachable", True)
        if flags.get("signs", True):
            self.hardware.meter.record = (b"data", b"method", b"encoding")
        self.told = []

    def step(self, name):
        getattr(self, "_" + name)()
        for event in self.world.events():
            assert event.token in (None, b"A1") and event.remote_start_id in (None, 7)
            self.told.append(event)

    def short(self):
        return [
            Told(
                int(e.transaction_id[3:]),
                e.seq_no,
                e.kind,
                e.trigger,
                e.state,
                e.reason,
                e.token is not None,
                e.remote_start_id is not None,
            )
            for e in self.told
        ]

    def _ev(self, state):
        self.world.ev(1, state, self.connector)

    def _plug(self):
        if self.hardware.state == 0:
            self._ev("B")

    def _unplug(self):
        self._ev("A")

    def _draw(self):
        if self.hardware.state:
            self._ev("C")

    def _pause(self):
        if self.hardware.state:
            self._ev("B")

    def _card(self):
        self.world.swipe(b"A1")
        if self.world.asked():
            self.world.allow()

    def _remote_start(self):
        self.world.start(b"A1", 1, 7, names.ISO14443)

    def _open(self):
        evses = self.world.charging.all()
        return next((e.transaction.id for e in evses if e.transaction is not None), None)

    def _remote_stop(self):
        if self._open():
            self.world.stop(self._open())

    def _refuse(self):
        if self._open():
            self.world.charging.judge(self._open(), b"A1", names.ISO14443, INVALID)

    def _fault(self):
        self.world.fault(1, b"GroundFailure", self.connector)

    def _repair(self):
        self.world.fault(1, None, self.connector)

    def _wait(self):
        self.world.advance(61)


def compare(start, stop, steps, flags, **where):
    model = Model(start, stop, **flags)
    player = Player(start, stop, **where, **flags)
    done = f"start {text(start)}; stop {text(stop)}; {flags}:"
    for step in steps:
        done += " " + step
        model.step(step)
        player.step(step)
        assert player.short() == model.told, done
        assert player.hardware.closed == model.energy, done
        assert player.hardware.is_locked == model.locked, done
    return player.told


@pytest.mark.parametrize("session", SESSIONS)
def test_all_combinations(session):
    """TC_E_01 to TC_E_10, TC_E_14 to TC_E_27, TC_E_35, TC_E_37 to TC_E_39"""
    for start in SETS:
        for stop in SETS:
            compare(start, stop, SESSIONS[session].split(), {})


@pytest.mark.parametrize("session", [name for name in SESSIONS if "disconnect" in name])
@pytest.mark.parametrize("flags", FLAGS[1:], ids=str)
def test_disconnected_at_the_ev(session, flags):
    """TC_E_24 to TC_E_27: StopTxOnEVSideDisconnect and UnlockOnEVSideDisconnect"""
    for start in SETS:
        for stop in SETS:
            compare(start, stop, SESSIONS[session].split(), flags)


@pytest.mark.parametrize("session", [name for name in SESSIONS if "refused" in name])
def test_refused_and_not_to_be_stopped(session):
    """E05.FR.02: StopTxOnInvalidId false"""
    for start in SETS:
        for stop in SETS:
            compare(start, stop, SESSIONS[session].split(), {"stop_on_invalid": False})


@pytest.mark.parametrize("signs", [True, False])
@pytest.mark.parametrize("session", SESSIONS)
def test_signed_data(session, signs):
    """TC_E_11: DataSigned is a start point too (E01.FR.04), never reached without a signature"""
    for start in SIGNED_SETS:
        for stop in SETS[::3]:
            compare(start, stop, SESSIONS[session].split(), {"signs": signs})


@pytest.mark.parametrize("start", SETS + SIGNED_SETS, ids=text)
def test_all_combinations_at_random(start):
    """Sessions that nobody has thought of; always the same ones."""
    chance = random.Random(text(start))
    for stop in SETS:
        for flags in FLAGS:
            compare(start, stop, chance.choices(STEPS, k=14), flags)


@pytest.mark.parametrize("where", [{"connectors": (2,), "connector": 2}, {"connectors": (1, 1)}])
def test_several_connectors_or_evses(where):
    """E01.FR.16: the event after the EV has connected tells EVSE and connector."""
    for start in SETS:
        for stop in SETS:
            for session in (BY_CABLE + "card unplug", BY_CARD + "pause card unplug"):
                told = compare(start, stop, session.split(), {}, **where)
                place = [(e.evse, e.connector) for e in told if e.state != "Idle"]
                assert place[0] == (1, where.get("connector", 1))
