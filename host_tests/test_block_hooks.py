"""tools/blocks/hooks.py: what the firmware tells and asks its partners becomes calls of those who
are there; blocks made for these tests alone answer each question of charging.
"""

import ast
import json
import subprocess
import sys
from pathlib import Path, PurePosixPath

import pytest
from complete_tables import TABLES
from fakes import World
from tables import names

from charging.answers import GOOD, REFUSED, REFUSED_FOR_GOOD
from tools.blocks.declaration import read_all
from tools.blocks.hooks import HOOKS, RULES, STATION, expand
from tools.blocks.joins import Joins
from tools.inline import FreezeError, Source

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted((ROOT / "firmware").rglob("*.py"))


def module(text: str, name: str = "charging.evse") -> Source:
    return Source(Path("a.py"), PurePosixPath(name.replace(".", "/") + ".py"), text)


def put(line: str, hooks: dict[str, list[str]], name: str = "charging.evse") -> str:
    return expand(module(line, name), hooks)


# ---- the text


@pytest.mark.parametrize(
    ("line", "calls", "frozen"),
    [
        ("p.partners.lock_changed()", [], "pass"),
        ("p.partners.lock_changed()", ["self.link.wake()"], "p.partners.link.wake()"),
        (
            "if a: c.partners.connector_changed(e.id, 1)",
            ["self.b.changed(evse, connector)", "self.link.wake()"],
            "if a: c.partners.b.changed(e.id, 1); c.partners.link.wake()",
        ),
        ("x = self.partners.ask_csms(grant) or y", [], "x = None or y"),
        (
            "x = self.partners.ask_csms(g) or y",
            ["self.csms.ask(self.clock, grant)"],
            "x = self.partners.csms.ask(self.partners.clock, g) or y",
        ),
        ("return not self.partners.kept(e, c, None)", [], "return not False"),
        (
            "return not c.partners.kept(e.id, o.number, g)",
            ["self.a.kept(evse, connector, grant)", "self.b.kept(grant)"],
            "return not (c.partners.a.kept(e.id, o.number, g) or c.partners.b.kept(g))",
        ),
        ("f(p.partners.cost(e) or b'Stopped')", [], "f(None or b'Stopped')"),
        ("ma = p.partners.limit_ma(ma, e)", [], "ma = ma"),
        ("ma = p.partners.limit_ma(min(a, b), e)", [], "ma = min(a, b)"),
        (
            "ma = p.partners.limit_ma(ma, e)",
            ["self.a.limit_ma(evse)", "self.b.most(evse)"],
            "ma = min(ma, p.partners.a.limit_ma(e), p.partners.b.most(e))",
        ),
    ],
)
def test_calls_or_a_constant_stand_in_place_of_a_hook(line, calls, frozen):
    hook = line.partition("partners.")[2].partition("(")[0]
    assert put(line, {hook: calls}) == frozen


def test_the_station_is_the_parts():
    text = "def f(self, up):\n    self.connected(up)\n    self.link.connected(up)\n"
    hooks = {"connected": ["self.a.connected(up)"]}
    put_in = put(text, hooks, STATION)
    assert put_in == text.replace("self.connected(up)", "self.a.connected(up)")
    assert put(text, hooks, "link.link") == text, "elsewhere it is a method"


def test_lines_keep_their_numbers():
    text = "p.partners.transaction_event(\n    a,\n    b, c, d,\n    e, f\n)\nx = 1\n"
    for calls in ([], ["self.t.event(evse)"], ["self.t.event(evse)", "self.u.event(reason)"]):
        frozen = put(text, {"transaction_event": calls})
        assert frozen.split("\n")[5:] == text.split("\n")[5:]
        ast.parse(frozen)
    text = "if (\n    not p.partners.kept(\n        a, b,\n        c)\n    and d\n):\n    pass\n"
    for calls in ([], ["self.r.kept(grant)"], ["self.r.kept(grant)", "self.s.kept(evse)"]):
        frozen = put(text, {"kept": calls})
        assert frozen.count("\n") == text.count("\n")
        assert [n.lineno for n in ast.walk(ast.parse(frozen)) if isinstance(n, ast.Pass)] == [7]


MISTAKES = {
    "no hook": ("p.partners.greet()", "there is no hook greet; there are loading, started, "),
    "too few arguments": ("x = p.partners.kept(1)", "kept takes (evse, connector, grant)"),
    "by name": ("x = p.partners.known(grant=1)", "known takes (grant)"),
    "a list": ("x = p.partners.known(*a)", "known takes (grant)"),
    "no answer": ("x = p.partners.lock_changed()", "lock_changed has no answer; call it in a st"),
    "not called": ("x = p.partners.kept", "partners are asked by partners.HOOK(...), with a HOOK"),
    "handed on": ("x(p.partners)", "partners are asked by partners.HOOK(...), with a HOOK of fir"),
    "within another": (
        "x = p.partners.known(p.partners.cost(e))",
        "known asks within its arguments; ask before",
    ),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_is_told_with_path_and_line(case):
    line, why = MISTAKES[case]
    with pytest.raises(FreezeError) as caught:
        put("\n" + line, {})
    assert str(caught.value).startswith(f"a.py:2: {why}")


def test_freeze_puts_calls_in_place_and_tells_mistakes(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "hooks.json").write_text(json.dumps({"kept": ["self.a.kept(grant)"]}))
    command = [sys.executable, "-m", "tools.freeze", "--hooks", tmp_path / "hooks.json"]
    command += ["--output", tmp_path / "out", tmp_path / "in"]
    (tmp_path / "in" / "x.py").write_text("def f(p, g):\n    return p.partners.kept(1, 2, g)\n")
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "return p.partners.a.kept(g)\n" in (tmp_path / "out" / "x.py").read_text()
    (tmp_path / "in" / "x.py").write_text("def f(p, g):\n    return p.partners.keep(1, 2, g)\n")
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stderr.startswith(f"freeze: {tmp_path}/in/x.py:2: there is no hook keep; ")


# ---- the firmware


@pytest.mark.parametrize("hook", HOOKS)
def test_the_firmware_asks_or_tells_each_hook(hook):
    """One that nobody calls would never be heard."""
    places = 0
    for path in SOURCES:
        name = path.relative_to(ROOT / "firmware").with_suffix("").as_posix().replace("/", ".")
        text = path.read_text(encoding="utf-8")
        call = f"self.nobody.{hook}({', '.join(HOOKS[hook].arguments)})"
        places += expand(module(text, name), {hook: [call]}).count(f".nobody.{hook}(")
    assert places > 0


def test_station_names_no_block():
    """Neither a block nor one of its parts: who is there is a matter of declarations."""
    text = (ROOT / "firmware" / "station.py").read_text(encoding="utf-8")
    assert len(text.split("\n")) <= 200
    blocks = read_all(ROOT / "firmware" / "blocks")
    theirs = {block.name for block in blocks} | {part.name for part in Joins(blocks, TABLES).parts}
    nodes = list(ast.walk(ast.parse(text)))
    used = {node.id for node in nodes if isinstance(node, ast.Name)}
    for node in nodes:
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "self":
            used.add(node.attr)
    imported = [node.module for node in nodes if isinstance(node, ast.ImportFrom)]
    assert not used & theirs
    assert not [name for name in imported if name and name.startswith("blocks")]


# ---- partners of charging: a block for the test alone, which answers

PARTNER = '''\
class Partner:
    """Answers each question of charging."""

    def __init__(self, charging):
        self.charging = charging
        self.list = {}  # token -> what it knows of it
        self.reserved = {}  # (EVSE, connector) -> (token, reservationId)
        self.most_ma = {}  # EVSE -> mA
        self.price = None
        self.watched = []

    def known(self, grant):
        return self.list.get(grant.token, 0)

    def kept(self, evse, connector, grant):
        token, _ = self.reserved.get((evse, connector), (None, None))
        return token is not None and (grant is None or grant.token != token)

    def reservation_id(self, evse, transaction, grant):
        place = evse.id, evse.active.number if evse.active else 0
        token, number = self.reserved.get(place, (None, None))
        if grant is None or grant.token != token:
            return None
        del self.reserved[place]
        evse.update()
        return number

    def limit_ma(self, evse):
        return self.most_ma.get(evse.id, 80000)

    def cost(self, evse):
        return self.price

    def watch(self, evse, connector):
        self.watched.append((evse, connector))
'''
BLOCK = """\
[block]
part partner = partner.Partner(charging)
answers known 10
answers kept
answers reservation_id
answers limit_ma
answers cost
on connector_changed = partner.watch(evse, connector)
"""


class Answering(World):
    """charging, with the partner as its block declares it besides all that are always there."""

    def __init__(self, folder, **settings):
        block = folder / "partner"
        block.mkdir()
        (block / "block.txt").write_text(BLOCK, encoding="utf-8")
        (block / "partner.py").write_text(PARTNER, encoding="utf-8")
        code: dict[str, type] = {}
        exec(compile(PARTNER, str(block / "partner.py"), "exec"), code)
        World.__init__(self, resume=False, **settings)
        self.partner = code["Partner"](self.charging)
        hooks = Joins(read_all(folder), TABLES).hooks()
        for hook, calls in hooks.items():
            arguments = ", ".join(HOOKS[hook].arguments[HOOKS[hook].rule == "least" :])
            before = self.partners.answers.get(hook, [])
            mine = [eval(f"lambda {arguments}: {call}", {"self": self}) for call in calls]
            self.partners.answers[hook] = mine + before  # its place is before the cache's
        self.charging.resume()
        self.metering.started()
        self.statuses.clear()


@pytest.fixture
def world(tmp_path):
    return lambda **settings: Answering(tmp_path, **settings)


def come(w, token=b"A1", evse=1):
    w.plug(evse)
    w.swipe(token, evse)


def test_an_authority_that_knows_a_token_comes_before_the_csms(world):
    w = world()
    w.partner.list = {b"A1": GOOD}
    come(w)
    assert w.asked() is None and w.locked(1)


def test_an_authority_that_refuses_leaves_it_to_the_csms_while_that_can_be_asked(world):
    w = world(AUTH_CTRLR_OFFLINE_TX_FOR_UNKNOWN_ID_ENABLED="true")
    w.partner.list = {b"A1": REFUSED}
    come(w)
    assert w.asked() == b"A1"
    w.connect(False)
    assert not w.locked(1) and w.texts[-1] == (1, "Not accepted")


def test_an_authority_that_refuses_for_good(world):
    w = world()
    w.partner.list = {b"A1": REFUSED_FOR_GOOD}
    come(w)
    assert w.asked() is None and w.texts[-1] == (1, "Not accepted")


def test_the_first_authority_that_knows_counts(world):
    """Its place is 10, the cache's 20."""
    w = world(AUTH_CACHE_CTRLR_ENABLED="true")
    w.cache.put(b"A1", names.ISO14443, [names.ACCEPTED, None, None, None, None])
    w.cache.put(b"B2", names.ISO14443, [names.ACCEPTED, None, None, None, None])
    w.partner.list = {b"A1": REFUSED_FOR_GOOD}
    come(w)
    assert not w.locked(1)
    w.swipe(b"B2", 1)
    assert w.asked() is None and w.locked(1), "the cache, as the first does not know it"


def test_a_connector_that_is_kept_is_reserved_and_for_its_owner_only(world):
    w = world()
    w.partner.reserved[1, 1] = b"A1", 7
    w.charging.evses[0].update()
    assert w.statuses == [(1, 1, "Reserved")] and w.partner.watched[-1] == (1, 1)
    w.swipe(b"B2", 1)
    assert w.asked() is None and w.texts[-1] == (1, "Not possible now")
    w.swipe(b"A1", 1)
    assert w.asked() == b"A1"
    w.allow()
    w.plug(1)
    first, *others = w.events()
    assert first.reservation_id == 7 and first.token == b"A1"
    assert not any(event.reservation_id for event in others), "once"
    assert w.status(1) == "Occupied"


def test_a_car_at_a_kept_connector_gets_nothing_without_its_owner(world):
    w = world(AUTH_CTRLR_ENABLED="false")
    w.partner.reserved[1, 1] = b"A1", 0
    w.plug(1)
    assert not w.locked(1), "charging for free would take it from the owner"
    w.plug(2)
    assert w.locked(2)


def test_a_driver_without_an_evse_yet_does_not_get_a_kept_one(world):
    """E03: the first EVSE where a cable comes adopts the session, unless it is kept."""
    w = world()
    w.swipe(b"B2")
    w.allow()
    w.partner.reserved[1, 1] = b"A1", 7
    w.plug(1)
    assert not w.locked(1)
    w.plug(2)
    assert w.locked(2)


def test_a_reservation_id_of_zero_is_one(world):
    w = world()
    w.partner.reserved[1, 1] = b"A1", 0
    come(w)
    w.allow()
    assert [e.reservation_id for e in w.events() if e.token] == [0]


def test_a_limit_is_on_the_pilot(world):
    w = world()
    w.partner.most_ma = {1: 10000}
    come(w)
    w.allow()
    assert w.pwm(1) == 166
    w.partner.most_ma = {}
    w.advance(5)
    assert w.pwm(1) == 533


def test_who_stops_is_shown_what_it_costs(world):
    w = world()
    come(w)
    w.allow()
    w.partner.price = b"4.20 EUR"
    w.swipe(b"A1", 1)
    assert w.texts[-1] == (1, "4.20 EUR")


def test_nobody_is_there():
    """Each question has an answer without partners: nobody is known, nothing kept or limited."""
    w = World(resume=False)
    w.partners.answers.clear()
    w.charging.resume()
    w.plug(1)
    w.swipe(b"A1", 1)
    assert w.texts[-1] == (1, "Not accepted") and w.status(1) == "Occupied"
    w.set(AUTH_CTRLR_OFFLINE_TX_FOR_UNKNOWN_ID_ENABLED="true")
    w.swipe(b"A1", 1)
    assert w.pwm(1) == 533, "as when the CSMS can't be asked"
    w.ev(1, "C")
    assert w.relay(1)
    w.swipe(b"A1", 1)
    assert not w.relay(1) and w.texts[-1] == (1, "Stopped")
    w.set(AUTH_CTRLR_ENABLED="false")
    w.plug(2)
    assert w.pwm(2) == 533


def test_what_stands_in_place_answers_as_its_rule_says():
    for calls in (["a()"], ["a()", "b()"]):
        scope = {"a": lambda: 0, "b": lambda: 5, "own": 3}
        assert eval(RULES["any"](calls, []), scope) == (5 if len(calls) > 1 else 0)
        assert eval(RULES["least"](calls, ["own"]), scope) == 0
    assert eval(RULES["least"](["b()"], ["own"]), {"b": lambda: 5, "own": 3}) == 3
    assert eval(RULES["one"]([], []), {}) is None and eval(RULES["first"]([], []), {}) is False
