"""Random play with the real charger, in short; `make play` is the long one."""

import asyncio
import random
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from play import Broken, Play
from play_checks import Checks
from play_steps import step, world
from rig import Rig

from tools import play as tool

_randoms = st.randoms(use_true_random=False)


async def _play(values, steps):
    with tempfile.TemporaryDirectory(prefix="pilotwire-") as folder:
        async with Rig(Path(folder)) as rig:
            game = Play(rig, values)
            await game.start()
            for each in steps:
                await game.do(each)
            await game.finish()
            return game


@settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    database=None,
    print_blob=True,
    phases=(Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)
@given(_randoms.map(world), st.lists(_randoms.map(step), min_size=8, max_size=25))
def test_short_plays(values, steps):
    asyncio.run(_play(values, steps))


@pytest.mark.limit(60)
async def test_seeded_play(rig):
    rnd = random.Random(4)
    game = Play(rig, world(rnd))
    await game.start()
    for _ in range(150):
        await game.do(step(rnd))
    await game.finish()
    # it was no play of nothing
    assert game.checks.charging
    assert game.checks.counts["TransactionEvent"] > 10


# ---- that the checks can fail


async def _charging(rig):
    values = {**world(random.Random(0)), "AuthCtrlr.Enabled": "true"}
    values.update({"TxCtrlr.TxStartPoint": "PowerPathClosed", "TxCtrlr.TxStopPoint": "Authorized"})
    values["TxCtrlr.MaxEnergyOnInvalidId"] = "0"
    game = Play(rig, values)
    await game.start()
    for each in (("plug", 1), ("swipe", 1, "04A1B2C3"), ("ev", 1, "C", 3), ("pass_time", 8)):
        await game.do(each)
    await game.station.until_relay(True)
    return game


async def test_a_relay_that_should_be_open_is_noticed(rig):
    game = await _charging(rig)
    state = await game.station.state()
    checks = game.checks
    assert checks.hardware(state, {1: set(), 2: set()}) is None
    assert "fault" in checks.hardware(state, {1: {"OverCurrent"}, 2: set()})
    checks.judged(state["evses"][0]["transactionId"], "Invalid")
    assert "refused" in checks.hardware(state, {1: set(), 2: set()})
    place = state["evses"][0]
    for name, value in (("cp", "B"), ("pwm", 100.0), ("locked", False), ("status", "Faulted")):
        connector = {**place["connectors"][0], name: value}
        bad = {"evses": [{**place, "connectors": [connector]}]}
        assert "relay is closed" in checks.hardware(bad, {1: set()})
    assert "energy falls" in checks.hardware({"evses": [{**place, "energy_wh": -1}]}, {1: set()})
    bad = {"evses": [{**place, "transactionId": None}]}
    assert "no transaction" in checks.hardware(bad, {1: set()})


async def test_a_csms_that_knows_otherwise_is_noticed(rig):
    game = await _charging(rig)
    await game.calm()
    state = await game.station.state()
    (transaction,) = game.csms.ledger.transactions.values()
    assert game.checks.disagreement(state) is None
    ended = transaction.events.pop()
    while transaction.events and ended["eventType"] != "Started":
        ended = transaction.events.pop()
    transaction.events.append({**ended, "eventType": "Ended"})
    assert "the CSMS knows of" in game.checks.disagreement(state)
    with pytest.raises(Broken):
        game.checks.at_rest()
    transaction.events[:] = [ended]


async def test_a_message_before_accepted_is_noticed(rig):
    game = await _charging(rig)
    game.checks.accepted = False
    await game.station.pass_time(700, 350)  # a heartbeat
    await rig.quiet(game.csms)
    with pytest.raises(Broken, match="before the boot is accepted"):
        game.checks.said()


# ---- make play


def _run(monkeypatch, folder, *options):
    monkeypatch.setattr(tool, "_KEPT", folder / "play.json")
    monkeypatch.setattr(tool, "ROOT", folder)
    for name in ("HOURS", "SEED", "SHRINK", "STEPS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.argv", ["tools/play.py", *options])
    return tool.main()


def test_a_play_ends_0_and_tells_its_seed(monkeypatch, tmp_path, capsys):
    assert _run(monkeypatch, tmp_path, "--hours", "0.2", "--seed", "5") == 0
    said = capsys.readouterr().out
    assert "seed 5" in said and "no invariant broken" in said


def test_a_break_ends_1_and_can_be_played_again(monkeypatch, tmp_path, capsys):
    def hardware(checks, state, faults):
        plugged = any(c["cp"] != "A" for e in state["evses"] for c in e["connectors"])
        return "the pilot is not A" if plugged else None

    monkeypatch.setattr(Checks, "hardware", hardware)
    assert _run(monkeypatch, tmp_path, "--hours", "24", "--seed", "5") == 1
    said = capsys.readouterr().out
    assert "BROKEN: the pilot is not A" in said
    assert "SEED=5" in said and "STEPS=play.json" in said and "BootNotification" in said
    assert _run(monkeypatch, tmp_path, "--steps", str(tmp_path / "play.json")) == 1


def test_shrink_leaves_the_steps_that_matter(monkeypatch):
    def replay(values, steps):
        outcome = tool.Outcome()
        outcome.why = "broken" if {3, 17} <= set(steps) else None
        return outcome

    monkeypatch.setattr(tool, "_replay", replay)
    assert tool.shrink({}, list(range(30))) == [3, 17]
