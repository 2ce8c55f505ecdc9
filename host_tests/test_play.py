"""Random play with the real charger, in short; `make play` is the long one."""

import asyncio
import copy
import json
import random
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from play import Broken, Play
from play_checks import Checks, replay
from play_limits import Limits
from play_steps import step, world
from rig import CARD, GROUP_CARD, Rig

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


# ---- that the checks can fail: faults put into a play that was good

_WORLD = {
    **world(random.Random(0)),
    "evses": "2,1",
    "rating": "32",
    "supply": "40",
    "fixed_cable": "0",
    "AuthCtrlr.Enabled": "true",
    "AuthCtrlr.OfflineTxForUnknownIdEnabled": "false",
    "TxCtrlr.TxStartPoint": "PowerPathClosed",
    "TxCtrlr.TxStopPoint": "Authorized",
    "TxCtrlr.MaxEnergyOnInvalidId": "0",
}
_STEPS = (
    ("set", "OCPPCommCtrlr.OfflineThreshold", "600"),
    ("get_many", 0, 20),
    ("plug", 1, 1),
    ("swipe", 1, CARD),
    ("ev", 1, 1, "C", 3),
    ("pass_time", 100),
    ("status", 0),
    ("start_remotely", 2, GROUP_CARD),
    ("ev", 2, 1, "C", 3),
    ("pass_time", 8),
    ("report", "SummaryInventory"),
    ("calm",),
    ("available", 1, 2, False),
    ("calm",),
    ("stop", 1),
    ("network", False),
    ("swipe", 1, CARD),
    ("pass_time", 600),
    ("calm",),
    ("refuse", "Blocked"),
    ("swipe", 1, CARD),
    ("reboot",),
)


@pytest.fixture(scope="module")
def record():
    """What the checks were told in a play of some steps."""
    return asyncio.run(_play(_WORLD, _STEPS)).checks.record


def test_a_good_play_replays(record):
    replay(record, _WORLD)


def _messages(record, action):
    """(index, message) of the CALLs of an action in a record."""
    for at, (name, args) in enumerate(record):
        if name == "note" and f'"{action}"' in args[1][:60]:
            yield at, json.loads(args[1])


def _said(record, at, change):
    """Change the message at an index of a record."""
    direction, text, *more = record[at][1]
    message = json.loads(text)
    change(message)
    record[at] = "note", (direction, json.dumps(message), *more)


def _events(record, kind, **wanted):
    """Indexes of TransactionEvents of a kind."""
    for at, message in _messages(record, "TransactionEvent"):
        event = message[3]
        fields = {**event["transactionInfo"], **event}
        if event["eventType"] == kind and all(fields.get(k) == v for k, v in wanted.items()):
            yield at


def _in_event(kind, change, **wanted):
    """A fault that changes the payload of the last such event."""

    def fault(record):
        *_, at = _events(record, kind, **wanted)
        _said(record, at, lambda message: change(message[3]))

    return fault


def _of_state(change, wanted=lambda state: state["evses"][0]["connectors"][0]["relay"]):
    """A fault that changes what a look at the hardware found."""

    def fault(record):
        *_, args = (a for name, a in record if name == "hardware" and wanted(a[0]))
        change(*args)

    return fault


def _lost(record):
    """The last Ended, and its answer, never came."""
    *_, at = _events(record, "Ended")
    number = json.loads(record[at][1][1])[1]
    record[:] = [
        entry for entry in record if not (entry[0] == "note" and f'"{number}"' in entry[1][1][:40])
    ]


def _answered(record, action):
    """Index of the answer to the first CALL of an action."""
    _, message = next(_messages(record, action))
    return next(
        at
        for at, (name, args) in enumerate(record)
        if name == "note" and args[1].startswith(f'[3,"{message[1]}"')
    )


def _twice(record):
    at = _answered(record, "GetTransactionStatus")
    record.insert(at, record[at])


def _other_variables(record):
    def change(message):
        message[2]["getVariableResult"].reverse()

    _said(record, _answered(record, "GetVariables"), change)


def _other_value(record):
    def change(message):
        for result in message[2]["getVariableResult"]:
            if result["variable"]["name"] == "OfflineThreshold":
                result["attributeValue"] = "60"

    _said(record, _answered(record, "GetVariables"), change)


def _too_early(record):
    at, _ = next(_messages(record, "StatusNotification"))
    boot, _ = next(_messages(record, "BootNotification"))
    record.insert(boot, record.pop(at))


def _no_reason(record):
    *_, (at, _) = _messages(record, "BootNotification")
    _said(record, at, lambda message: message[3].update(reason="Watchdog"))


def _page_missing(record):
    at, _ = next(_messages(record, "NotifyReport"))
    _said(record, at, lambda message: message[3].update(seqNo=7))


def _last_page_missing(record):
    for at, _ in list(_messages(record, "NotifyReport")):
        _said(record, at, lambda message: message[3].update(tbc=True))


def _status_not_told(record):
    *_, at = (
        at
        for at, message in _messages(record, "StatusNotification")
        if message[3]["connectorStatus"] == "Available"
    )
    _said(record, at, lambda message: message[3].update(connectorStatus="Occupied"))


def _status_forgotten(record):
    """What is Inoperative is told, and is, Available."""
    for at, message in list(_messages(record, "StatusNotification")):
        if message[3]["connectorStatus"] == "Unavailable":
            _said(record, at, lambda message: message[3].update(connectorStatus="Available"))
    for name, args in record:
        if name in ("disagreement", "hardware"):
            for connector in args[0]["evses"][0]["connectors"]:
                if connector["status"] == "Unavailable":
                    connector["status"] = "Available"


def _refused(record):
    at = next(
        at for at, (name, args) in enumerate(record) if name == "hardware" and _charges(args[0])
    )
    record.insert(at, ("judged", (record[at][1][0]["evses"][0]["transactionId"], "Invalid")))


def _charges(state):
    return state["evses"][0]["connectors"][0]["relay"]


def _creep(record):
    *_, at = (at for at, (name, _) in enumerate(record) if name == "creep")
    before, after = record[at][1]
    record[at] = "creep", (before, after + 2000)


def _connector(**values):
    return lambda state, faults, limits: state["evses"][0]["connectors"][0].update(values)


def _evse(**values):
    return lambda state, faults, limits: state["evses"][0].update(values)


def _second_relay(state, faults, limits):
    connectors = state["evses"][0]["connectors"]
    connectors[1].update(connectors[0], id=2)
    limits[0][1, 2] = 80000


def _low_supply(state, faults, limits):
    """As if the installation had less: all that is offered is over it."""
    least, _ = limits
    least.update(dict.fromkeys(least, 80000))
    state["evses"][0]["connectors"][0]["pwm"] = 96.0


def _info(**values):
    return lambda event: event["transactionInfo"].update(values)


def _less(event):
    for value in event["meterValue"]:
        for sample in value["sampledValue"]:
            sample["value"] = 0


_FAULTS = (
    ("seqNo", _in_event("Updated", lambda e: e.update(seqNo=9)), "seqNo runs"),
    ("two Started", _in_event("Updated", lambda e: e.update(eventType="Started")), "one Started"),
    ("no Ended", _lost, "the CSMS knows of"),
    ("two Ended", _in_event("Updated", lambda e: e.update(eventType="Ended")), "Ended"),
    ("stamps", _in_event("Ended", lambda e: e.update(timestamp="2026-01-01T00:00:00Z")), "2026"),
    ("reason", _in_event("Ended", _info(stoppedReason="GroundFault")), "it ends with"),
    ("early reason", _in_event("Updated", _info(stoppedReason="Local")), "before the end"),
    ("trigger", _in_event("Ended", lambda e: e.update(triggerReason="Trigger")), "it ends with"),
    ("energy told", _in_event("Ended", _less), "energy falls"),
    ("time spent", _in_event("Ended", _info(timeSpentCharging=-1)), "timeSpentCharging"),
    (
        "state",
        _in_event(
            "Updated", lambda e: e.update(triggerReason="EVDeparted"), chargingState="Charging"
        ),
        "it is Charging at EVDeparted",
    ),
    ("EVSE", _in_event("Started", lambda e: e.pop("evse")), "nowhere"),
    (
        "nobody",
        _in_event("Started", lambda e: e.pop("idToken"), triggerReason="Authorized"),
        "for nobody",
    ),
    ("remote start", _in_event("Started", _info(remoteStartId=666)), "never accepted"),
    ("offline", _in_event("Ended", lambda e: e.pop("offline"), offline=True), "is not offline"),
    ("schema", _in_event("Updated", lambda e: e.update(more=1)), "TransactionEvent"),
    ("answered twice", _twice, "nobody has asked"),
    ("order of results", _other_variables, "the results are of"),
    ("value", _other_value, "was set to '600'"),
    ("before Accepted", _too_early, "before the boot is accepted"),
    ("reason of the boot", _no_reason, "a boot for Watchdog"),
    ("page", _page_missing, "has the pages"),
    ("last page", _last_page_missing, "are not over"),
    ("status", _status_not_told, "was told"),
    ("availability", _status_forgotten, "should be Unavailable"),
    ("relay, refused", _refused, "the token was refused"),
    ("offer over the limit", _of_state(_connector(pwm=96.0)), "are offered, over {"),
    ("offers over the supply", _of_state(_low_supply), "over the supply of"),
    ("relay, no car", _of_state(_connector(cp="B")), "no car asks"),
    ("relay, no offer", _of_state(_connector(pwm=100.0)), "nothing is offered"),
    ("relay, no lock", _of_state(_connector(locked=False)), "not locked"),
    ("relay, status", _of_state(_connector(status="Faulted")), "not occupied"),
    ("relay, nobody", _of_state(_evse(transactionId=None)), "no transaction"),
    ("relay, fault", _of_state(lambda s, f, _: f[1, 1].add("OverCurrent")), "there is the fault"),
    ("two relays", _of_state(_second_relay), "two relays"),
    ("energy", _of_state(_evse(energy_wh=-1)), "its energy falls"),
    ("heap", _creep, "has crept"),
)


@pytest.mark.parametrize("fault, why", [pytest.param(*f[1:], id=f[0]) for f in _FAULTS])
def test_a_fault_is_found(record, fault, why):
    bad = copy.deepcopy(record)
    fault(bad)
    with pytest.raises(Broken, match=why):
        replay(bad, _WORLD)


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


def test_a_load_that_is_broken_is_found():
    limits = Limits(_WORLD, [(1, 1), (2, 1)])
    line = "2026-11-01T00:00:00Z WARNING evse 1 connector 1: the contactor opens under load, mA: 9"
    faults = {(1, 1): set(), (2, 1): set()}
    log = [line]
    assert limits.broken(log, faults) == [line]
    assert limits.broken(log, faults) == []  # told once
    faults[1, 1].add("GroundFailure")
    assert limits.broken([*log, line], faults) == []
    faults[1, 1].clear()
    limits.car((1, 1), "C", False)
    for _ in range(2):
        log.append(line)
        assert limits.broken([*log, line], faults) == []
    limits.car((1, 1), "C", True)
    assert limits.broken([line] * 5, faults) == []  # it was asked to in this moment
    assert limits.broken([line] * 6, faults) == [line]


def test_a_break_ends_1_and_can_be_played_again(monkeypatch, tmp_path, capsys):
    def hardware(checks, state, faults, limits):
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
