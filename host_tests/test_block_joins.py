"""tools/blocks/joins.py: what blocks declare becomes code that calls whom it is for, and mistakes
are told with path and line.
"""

import json
import re
import shutil
import subprocess
import sys
import types
from pathlib import Path

import pytest
from complete_tables import TABLES

from tools.blocks.declaration import DeclarationError, read_all
from tools.blocks.hooks import HOOKS
from tools.blocks.joins import GIVEN, Joins

ROOT = Path(__file__).resolve().parents[1]
BLOCKS = ROOT / "firmware" / "blocks"

# Every directive. Blocks come by name: alpha first, though its parts are made of beta's.
DUMMIES = {
    "alpha": """
needs beta
hears SECURITY_CTRLR_BASIC_AUTH_PASSWORD = link.password_changed()
event REBOOT FAULT = link.wake()
arena DEVICE_DATA_CTRLR_BYTES_PER_MESSAGE_GET_VARIABLES
files first
part first = code.First(board, second, store)
handles GetLocalListVersion SendLocalList
source 20
on connected accepted_by_csms
answers refusal
answers known 20
answers limit_ma
answers kept = second.is_kept(grant, evse, board)
trigger evse MeterValues Heartbeat
live EVSE_POWER
hears OCPP_COMM_CTRLR_HEARTBEAT_INTERVAL ALIGNED_DATA_CTRLR_INTERVAL
partner extension.block
event HOOK_REPLY
part hidden = deep.Hidden(extension, maker)
link
""",
    "beta": """
part second = charging.elsewhere.Second(timers)
handles Reset
source 3
on online connected connector_changed transaction_ended started
on lock_changed = link.wake()
files second
on loading = second.load(store)
answers known 3 = second.find(grant)
answers limit_ma = timers.limit(evse)
answers reservation_id
partner link.accepted accepted
event DATA_TRANSFER = second.asked(*event[1:])
trigger BootNotification = second.tell(wanted)
live EVSE_PROBLEM CONNECTOR_PROBLEM = second.problem(evse, connector)
live CLOCK_CTRLR_DATE_TIME = clock.utc()
hears OCPP_COMM_CTRLR_HEARTBEAT_INTERVAL = second.interval_changed()
""",
}


def declare(root: Path, blocks: dict[str, str]) -> Path:
    """Blocks with these [block], which receive what they handle."""
    for name, text in blocks.items():
        handled = re.findall(r"^handles (.*)", text, re.M)
        lines = [f"receive {action}Request:" for names in handled for action in names.split()]
        text = "\n".join(("[block]", text, "[messages]", *lines, ""))
        (root / name).mkdir(parents=True)
        (root / name / "block.txt").write_text(text, encoding="utf-8")
    return root


def joined(root: Path, blocks: dict[str, str]) -> Joins:
    return Joins(read_all(declare(root, blocks)), TABLES)


def refused(root: Path, blocks: dict[str, str]) -> str:
    with pytest.raises(DeclarationError) as caught:
        joined(root, blocks)
    return str(caught.value)


class Fake:
    """A part, or a room: notes what is called."""

    def __init__(self, name, said):
        self._name, self._said = name, said

    def __getattr__(self, method):
        def called(*arguments):
            self._said.append((f"{self._name}.{method}", *arguments))
            return f"{self._name}.{method}"

        return called


class Rooms:
    """A station of the module `text`, with fakes around it."""

    def __init__(self, monkeypatch, text: str, extension=0):
        said = self.said = []
        self.made = made = {}

        def part(name):
            def make(*arguments):
                made[name] = arguments
                return Fake(name, said)

            return make

        self.stub(monkeypatch, "tables.extension", EXTENSION=extension)
        self.stub(monkeypatch, "extension_guard", Guard=part("guard"))
        self.stub(monkeypatch, "blocks.alpha")
        self.stub(monkeypatch, "blocks.alpha.code", First=part("first"))
        self.stub(monkeypatch, "blocks.alpha.deep", Hidden=part("hidden"))
        self.stub(monkeypatch, "charging.elsewhere", Second=part("second"))
        module: dict[str, object] = {}
        exec(compile(text, "parts.py", "exec"), module)  # what the build has made
        self.station = station = module["Parts"]()
        for name in GIVEN - {"is_of_evse", "trigger"}:
            setattr(station, name, Fake(name, said))
        self.link = station.link = Fake("link", said)
        self.sources = []
        station.make(self.link, self.sources)

    @staticmethod
    def stub(monkeypatch, name, **names):
        module = types.ModuleType(name)
        vars(module).update(names)
        monkeypatch.setitem(sys.modules, name, module)


@pytest.fixture
def rooms(tmp_path, monkeypatch):
    return Rooms(monkeypatch, joined(tmp_path, DUMMIES).module())


def number(module: str, name: str) -> int:
    return getattr(__import__(f"tables.{module}", fromlist=[name]), name)


# ---- what becomes of the directives


def test_parts_get_what_they_are_declared_to_get(rooms):
    station = rooms.station
    assert list(rooms.made) == ["hidden", "second", "first"], "whom another needs comes before it"
    assert rooms.made["second"] == (station.timers,)
    assert rooms.made["first"] == (station.board, station.second, station.store)
    assert rooms.made["hidden"] == (None, station.board), "no extension: the board itself"
    assert not hasattr(station, "hidden"), "who is not called later takes no room in the station"


def test_sources_stand_in_their_order_and_have_the_link(rooms):
    assert [source._name for source in rooms.sources] == ["second", "first"]
    assert all(source.link is rooms.link for source in rooms.sources)


def test_link_without_source(tmp_path):
    text = joined(tmp_path, DUMMIES).module()
    assert "        hidden.link = link\n" in text


def test_partners_are_put_into_their_places(rooms):
    assert rooms.link.accepted() == "second.accepted"


def test_a_partner_that_is_given_nothing(tmp_path, monkeypatch):
    text = "part first = code.First()\npartner link.accepted\n"
    rooms = Rooms(monkeypatch, joined(tmp_path, {"alpha": text}).module())
    assert rooms.link.accepted._name == "first"


@pytest.mark.parametrize(
    ("action", "part"),
    [
        ("GET_LOCAL_LIST_VERSION", "first"),
        ("SEND_LOCAL_LIST", "first"),
        ("RESET", "second"),
    ],
)
def test_a_message_goes_to_whose_it_is(rooms, action, part):
    action = number("names", action)
    assert rooms.station.handle(action, "reader") == f"{part}.handle"
    assert rooms.said == [(f"{part}.handle", action, "reader")]


@pytest.mark.parametrize(
    ("wanted", "called"),
    [
        ("METER_VALUES", ("first.trigger", "METER_VALUES", 1, 2)),
        ("HEARTBEAT", ("first.trigger", "HEARTBEAT", 1, 2)),
        ("BOOT_NOTIFICATION", ("second.tell", "BOOT_NOTIFICATION")),
    ],
)
def test_a_trigger_goes_to_who_sends_the_message(rooms, wanted, called):
    call, name, *rest = called
    wanted = number("names", wanted)
    assert rooms.station.trigger(wanted, 1, 2) == call
    assert rooms.said == [(call, number("names", name), *rest)]


def test_a_trigger_that_nobody_follows(rooms):
    assert rooms.station.trigger(number("names", "STATUS_NOTIFICATION"), 1, 2) is None
    assert rooms.said == []


def test_which_messages_are_of_an_evse(rooms):
    first, other = number("layout", "FIRST_ACTION"), number("layout", "FIRST_OTHER")
    found = [action for action in range(first, other) if rooms.station.is_of_evse(action)]
    assert found == sorted(number("names", name) for name in ("HEARTBEAT", "METER_VALUES"))


@pytest.mark.parametrize(
    ("variable", "called"),
    [
        ("EVSE_POWER", ("first.live", "EVSE_POWER", 1, 2)),
        ("EVSE_PROBLEM", ("second.problem", 1, 2)),
        ("CONNECTOR_PROBLEM", ("second.problem", 1, 2)),
        ("CLOCK_CTRLR_DATE_TIME", ("clock.utc",)),
    ],
)
def test_a_live_variable_is_asked_of_who_computes_it(rooms, variable, called):
    call, *arguments = called
    variable, arguments = (
        number("variables", variable),
        [number("variables", a) if isinstance(a, str) else a for a in arguments],
    )
    assert rooms.station.live(variable, 1, 2) == call
    assert rooms.said == [(call, *arguments)]


def test_a_stored_variable_is_computed_by_nobody(rooms):
    assert rooms.station.live(number("variables", "EVSE_ALLOW_RESET"), 1, 2) is None
    assert rooms.said == []


@pytest.mark.parametrize(
    ("variable", "called"),
    [
        (
            "OCPP_COMM_CTRLR_HEARTBEAT_INTERVAL",  # by two: both are told
            [
                ("first.changed", "OCPP_COMM_CTRLR_HEARTBEAT_INTERVAL"),
                ("second.interval_changed",),
            ],
        ),
        ("ALIGNED_DATA_CTRLR_INTERVAL", [("first.changed", "ALIGNED_DATA_CTRLR_INTERVAL")]),
        ("SECURITY_CTRLR_BASIC_AUTH_PASSWORD", [("link.password_changed",)]),
        ("EVSE_ALLOW_RESET", []),
    ],
)
def test_a_change_is_told_to_all_who_hear_it(rooms, variable, called):
    rooms.station.changed(number("variables", variable), 0, 0)
    assert rooms.said == [
        (call, *(number("variables", name) for name in names)) for call, *names in called
    ]


def test_the_makers_extension_is_asked_last(tmp_path, monkeypatch):
    rooms = Rooms(monkeypatch, joined(tmp_path, DUMMIES).module(), extension=1)
    guard = rooms.station.extension
    assert rooms.made["guard"] == (rooms.station.board, rooms.station.model, rooms.station.timers)
    assert rooms.made["hidden"] == (guard, guard), "the maker's side is what stands around it"
    assert guard.block is rooms.station.first
    variable = number("variables", "EVSE_ALLOW_RESET")
    assert rooms.station.live(variable, 1, 0) == "guard.read"
    assert rooms.station.live(number("variables", "CLOCK_CTRLR_DATE_TIME"), 0, 0) == "clock.utc"
    rooms.said.clear()
    rooms.station.changed(variable, 1, 0)
    assert rooms.said == [("guard.changed", variable, 1, 0)]
    rooms.said.clear()
    rooms.station.event((1, 1, 1))
    assert rooms.said == [("link.wake",), ("guard.event", (1, 1, 1))]


def test_no_blocks_at_all(tmp_path, monkeypatch):
    rooms = Rooms(monkeypatch, Joins([], TABLES).module())
    station = rooms.station
    assert station.trigger(number("names", "HEARTBEAT"), 0, 0) is None
    assert station.is_of_evse(number("names", "HEARTBEAT")) is False
    assert station.live(number("variables", "EVSE_POWER"), 1, 0) is None
    station.changed(number("variables", "EVSE_POWER"), 1, 0)
    station.event((3,))
    assert rooms.sources == rooms.said == []


# ---- hooks (test_block_hooks.py: how they are called)


def test_hooks_are_called_in_the_order_of_the_sources(tmp_path):
    hooks = joined(tmp_path, DUMMIES).hooks()
    assert set(hooks) == set(HOOKS)
    assert hooks["connected"] == ["self.second.connected(up)", "self.first.connected(up)"]
    assert hooks["refusal"] == ["self.first.refusal(action)"]
    assert hooks["started"] == ["self.second.started()"]
    assert hooks["closed"] == hooks["monitorable"] == [], "nobody"


def test_a_hook_may_call_whatever_a_part_or_what_it_is_given_has(tmp_path):
    hooks = joined(tmp_path, DUMMIES).hooks()
    assert hooks["lock_changed"] == ["self.link.wake()"]
    assert hooks["loading"] == ["self.second.load(self.store)"]
    assert hooks["kept"] == ["self.second.is_kept(grant, evse, self.board)"]
    assert hooks["reservation_id"] == ["self.second.reservation_id(evse, transaction, grant)"]


def test_answers_stand_in_the_order_of_their_places(tmp_path):
    hooks = joined(tmp_path, DUMMIES).hooks()
    assert hooks["known"] == ["self.second.find(grant)", "self.first.known(grant)"]


def test_of_a_limit_who_answers_is_not_told_what_it_is_compared_with(tmp_path):
    hooks = joined(tmp_path, DUMMIES).hooks()
    assert sorted(hooks["limit_ma"]) == ["self.first.limit_ma(evse)", "self.timers.limit(evse)"]


def test_who_is_no_source_is_called_after_those_who_are(tmp_path):
    text = "part a = x.A()\non online\npart b = x.B()\nsource 99\non online\n"
    hooks = joined(tmp_path, {"a": text}).hooks()
    assert hooks["online"] == ["self.b.online(up)", "self.a.online(up)"]


@pytest.mark.parametrize(
    ("event", "called"),
    [
        ((5, 1, b"v", None, None), ("second.asked", 1, b"v", None, None)),
        ((6, 7, b"Accepted", None), ("first.event", (6, 7, b"Accepted", None))),
        ((1, 1, 1), ("link.wake",)),
        ((3,), ("link.wake",)),
        ((2, 1, b"A1", b"ISO14443"), None),
    ],
)
def test_an_event_of_the_hardware_goes_to_who_declares_it(rooms, event, called):
    rooms.station.event(event)
    assert rooms.said == ([called] if called else [])


def test_variables_that_size_the_arena(tmp_path):
    text = joined(tmp_path / "a", DUMMIES).module()
    assert "ARENA = (DEVICE_DATA_CTRLR_BYTES_PER_MESSAGE_GET_VARIABLES,)\n" in text
    assert "ARENA = ()\n" in Joins([], TABLES).module()


# ---- mistakes

PART = "part first = code.First()\n"
MISTAKES = {
    "unknown directive": (PART + "sends Heartbeat", 3, "unknown sends; there are answers, "),
    "unknown directive before a part": ("sends Heartbeat", 2, "unknown sends; there are answers"),
    "handles before a part": ("handles Reset", 2, "handles belongs to a part; begin with part"),
    "source before a part": ("source 1", 2, "source belongs to a part; begin with part ..."),
    "on of no part": ("on online", 2, "of no part; write NAME = PART.METHOD()"),
    "answers of no part": ("answers unsent", 2, "of no part; write NAME = PART.METHOD()"),
    "event of no part": ("event QUIT", 2, "of no part; write NAME = PART.METHOD()"),
    "partner before a part": ("partner link.accepted", 2, "partner belongs to a part; begin"),
    "link before a part": ("link", 2, "link belongs to a part; begin with part ..."),
    "live of no part": ("live EVSE_POWER", 2, "of no part; write NAME = PART.METHOD()"),
    "hears of no part": ("hears EVSE_POWER", 2, "of no part; write NAME = PART.METHOD()"),
    "trigger of no part": ("trigger Heartbeat", 2, "of no part; write NAME = PART.METHOD()"),
    "part without a class": ("part first", 2, "part first: no part; wanted is part NAME = file"),
    "part without a file": ("part a = A()", 2, "no part; wanted is part NAME = file.Class(given"),
    "part without ()": ("part a = code.A", 2, "no part; wanted is part NAME = file.Class(given"),
    "part of a value": ("part a = code.A(1.5)", 2, "no part; wanted is part NAME = file.Class("),
    "part of nobody": ("part a = code.A(modem)", 2, "nobody gives modem; a part of a block that"),
    "part named as what is given": (
        "part board = code.A()",
        2,
        "the station has its own board; take another name",
    ),
    "part named as a method": (
        "part handle = code.A()",
        2,
        "the station has its own handle; take another name",
    ),
    "part named as a hook": ("part online = code.A()", 2, "the station has its own online; take"),
    "no name of a file": ("files a/b", 2, "a/b is no name of a file in flash; a word of at most"),
    "a file of the store": ("files boot", 2, "the file boot is taken by firmware/storage; take a"),
    "a file twice": ("files a1\nfiles a*", 3, "the file a* is taken by "),
    "a file among all that begin so": ("files c* a c1", 2, "the file c1 is taken by "),
    "files of the device model": ("files v*", 2, "the file v* is taken by firmware/device_model"),
    "the store without files": (
        "part a = code.A(store)",
        2,
        "store is given, and no file declared; add a line files NAME",
    ),
    "the store in a call": (PART + "on loading = first.x(store)", 3, "store is given, and no fil"),
    "needs who is absent": ("\nneeds nobody", 3, "needs nobody, which is not there; choose it"),
    "needs nobody": ("needs", 2, "needs names nothing; name one or more"),
    "unknown message": (PART + "handles Rest", 3, "Rest is no message of OCPP 2.0.1; its name"),
    "a field is no message": (PART + "handles Status", 3, "Status is no message of OCPP 2.0.1; "),
    "unknown triggered message": (
        PART + "trigger evse Meter",
        3,
        "Meter is no message of OCPP 2.0.1; its name is meant, as GetBaseReport",
    ),
    "no message": (PART + "handles", 3, "handles names nothing; name one or more"),
    "no triggered message": (PART + "trigger = first.x()", 3, "trigger names nothing; name one"),
    "no hook": (PART + "on", 3, "on names nothing; name one or more"),
    "no variable": (PART + "live = first.x()", 3, "live names nothing; name one or more"),
    "unknown live variable": (PART + "live EVSE.Power", 3, "EVSE.Power is no variable; a constan"),
    "unknown heard variable": (PART + "hears POWER", 3, "POWER is no variable; a constant is me"),
    "no call": (PART + "live EVSE_POWER = power", 3, "'power' is no call; write PART.METHOD()"),
    "call of nobody": (
        PART + "live EVSE_POWER = frist.power()",
        3,
        "there is no part frist; a part of a block that is there, or accepted, board",
    ),
    "argument of nobody": (
        PART + "live EVSE_POWER = first.power(vese)",
        3,
        "there is no part ves",
    ),
    "half a call": (
        PART + "live EVSE_POWER = first.power(",
        3,
        "'first.power(' is no call; write",
    ),
    "unknown hook": (
        PART + "on offline",
        3,
        "there is no hook offline to be named with on; there",
    ),
    "no hook that asks": (
        PART + "answers nothing",
        3,
        "no hook nothing to be named with answers; t",
    ),
    "hook that asks": (
        PART + "on refusal",
        3,
        "no hook refusal to be named with on; it goes with a",
    ),
    "hook that tells": (
        PART + "answers online",
        3,
        "online to be named with answers; it goes with ",
    ),
    "no answers": (PART + "answers", 3, "answers names nothing; name one or more"),
    "an answer without its place": (
        PART + "answers known",
        3,
        "answers known; wanted is a place, 0",
    ),
    "an answer too late": (
        PART + "answers known 100",
        3,
        "answers known 100; wanted is a place, 0 ",
    ),
    "a place without an order": (PART + "answers kept 1", 3, "answers kept 1; wanted is no place"),
    "two answers": (
        PART + "answers kept unsent",
        3,
        "answers kept unsent; write answers HOOK [PL",
    ),
    "unknown event": (PART + "event PLUG", 3, "PLUG is no event; there are PILOT, FAULT, TOKEN, "),
    "no event": (PART + "event", 3, "event names nothing; name one or more"),
    "unknown variable of the arena": ("arena ROOM", 2, "ROOM is no variable; a constant is meant"),
    "no variable of the arena": ("arena", 2, "arena names nothing; name one or more"),
    "unknown place": (PART + "partner charging.tariff", 3, "partner charging.tariff: no place; w"),
    "no partner's place": (PART + "partner", 3, "no place; wanted is PLACE [METHOD], places are"),
    "too much of a partner": (PART + "partner link.accepted a b", 3, "no place; wanted is PLACE"),
    "source without a place": (PART + "source", 3, "no place; wanted is one of 0 to 99"),
    "source too late": (PART + "source 100", 3, "source 100: no place; wanted is one of 0 to 99"),
    "source before all": (PART + "source -1", 3, "source -1: no place; wanted is one of 0 to 99"),
    "source of two places": (PART + "source 1 2", 3, "source 1 2: no place; wanted is one of 0"),
    "link to somewhere": (PART + "link up", 3, "link up; link stands alone"),
    "a circle of parts": (
        "part a = code.A(b)\npart b = code.B(c)\npart c = code.C(a)\n",
        2,
        "a, b, c need each other in a circle; give one to the other",
    ),
    "a part that needs itself": ("part a = code.A(a)", 2, "a need each other in a circle; give"),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_is_told_with_path_and_line(tmp_path, case):
    text, line, why = MISTAKES[case]
    told = refused(tmp_path, {"alpha": text})
    place = f"{tmp_path / 'alpha' / 'block.txt'}:{line}: "
    assert told.startswith(place)
    assert why in told
    wrong, _, right = told.removeprefix(place).partition("; ")
    assert wrong and right, "what is wrong; what would be right"


@pytest.mark.parametrize(
    ("handles", "receives", "told"),
    [
        ("handles Reset", "", "3: Reset is not received; write receive ResetRequest: below [mess"),
        (
            "handles Reset",
            "receive ResetRequest: type\nreceive ClearCacheRequest:\n",
            "6: nobody handles ClearCache; write handles ClearCache below a part, or",
        ),
    ],
)
def test_a_block_handles_what_it_receives(tmp_path, handles, receives, told):
    (tmp_path / "alpha").mkdir()
    text = f"[block]\n{PART}{handles}\n[messages]\n{receives}"
    (tmp_path / "alpha" / "block.txt").write_text(text)
    with pytest.raises(DeclarationError) as caught:
        Joins(read_all(tmp_path), TABLES)
    assert str(caught.value).startswith(f"{tmp_path}/alpha/block.txt:{told}")


@pytest.mark.parametrize(
    ("block", "variable", "told"),
    [
        ("", "integer ro live", "6: nobody computes FAN_SPEED, which is live; write live FAN_SP"),
        ("", "integer ro live default=0", None),
        ("live FAN_SPEED", "integer ro live", None),
        ("live FAN_SPEED", "integer ro default=0", "3: FAN_SPEED is declared without live; add t"),
    ],
)
def test_what_is_live_is_computed(tmp_path, block, variable, told):
    root = tmp_path / "blocks"
    (root / "alpha").mkdir(parents=True)
    text = f"[block]\n{PART}{block}\n[variables]\ncomponent Fan\nSpeed {variable}\n"
    (root / "alpha" / "block.txt").write_text(text)
    compile_tables(root, tmp_path / "tables")
    done = run(
        *("-m", "tools.blocks.joins", "--tables", tmp_path / "tables"),
        *("--output", tmp_path / "parts.py", root),
    )
    assert done.returncode == (told is not None), done.stderr
    assert done.stderr.startswith(f"blocks: {root}/alpha/block.txt:{told}" if told else "")


@pytest.mark.parametrize(
    ("directive", "why"),
    [
        ("handles Reset", "the message Reset"),
        ("trigger Heartbeat", "TriggerMessage of Heartbeat"),
        ("live EVSE_POWER", "the live variable EVSE_POWER"),
        ("partner link.accepted", "the place link.accepted"),
        ("source 7", "the place among the sources 7"),
        ("answers refusal", "the answer of refusal"),
        ("answers known 7", "the place among the answers of known, 7"),
    ],
)
def test_what_only_one_may_have_tells_both_places(tmp_path, directive, why):
    blocks = {name: f"part {name} = code.A()\n{directive}\n" for name in ("alpha", "beta")}
    told = refused(tmp_path, blocks)
    alpha, beta = (f"{tmp_path / name / 'block.txt'}:3" for name in ("alpha", "beta"))
    assert told == f"{beta}: {why} is taken by {alpha}; leave one out"


def test_a_name_of_two_parts_tells_both_places(tmp_path):
    told = refused(tmp_path, {"alpha": PART, "beta": "\n" + PART})
    alpha, beta = f"{tmp_path}/alpha/block.txt:2", f"{tmp_path}/beta/block.txt:3"
    assert told == f"{beta}: part first is taken by {alpha}; leave one out"


def test_a_mistake_ends_the_build_and_leaves_what_was_made(tmp_path):
    output = tmp_path / "parts.py"
    output.write_text("before")
    root = declare(tmp_path / "blocks", {"alpha": "on"})
    done = run("-m", "tools.blocks.joins", "--tables", TABLES, "--output", output, root)
    assert done.returncode == 1
    assert done.stderr.startswith(f"blocks: {root}/alpha/block.txt:2: on names nothing; ")
    assert output.read_text() == "before"


# ---- all blocks


def run(*arguments: str | Path) -> subprocess.CompletedProcess:
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )


def test_the_order_of_a_directory_makes_no_difference(tmp_path, monkeypatch):
    forth = joined(tmp_path / "forth", DUMMIES)
    listed = Path.iterdir
    monkeypatch.setattr(Path, "iterdir", lambda path: iter(sorted(listed(path), reverse=True)))
    back = joined(tmp_path / "back", dict(reversed(DUMMIES.items())))
    assert back.module() == forth.module()
    assert json.dumps(back.hooks()) == json.dumps(forth.hooks())


def compile_tables(blocks: Path, tables: Path) -> None:
    variables = sorted((ROOT / "firmware").glob("*/variables.txt"))
    for command in (
        ("tools/device_model/compile.py", "--declarations", *variables, "--out", tables),
        ("tools/schema/compile.py", "--out", tables),
    ):
        done = run(*command, "--blocks", blocks)
        assert done.returncode == 0, done.stderr


def build(blocks: Path, gen: Path) -> tuple[str, dict[str, list[str]]]:
    """Make the tables and the parts of these blocks, as tools/build.mk does."""
    tables = gen / "tables"
    compile_tables(blocks, tables)
    parts = gen / "parts.py"
    done = run("-m", "tools.blocks.joins", "--tables", tables, "--output", parts, blocks)
    assert done.returncode == 0, done.stderr
    return parts.read_text(), json.loads((gen / "hooks.json").read_text())


@pytest.fixture
def blocks(tmp_path):
    """A copy of the firmware's blocks."""
    copy = tmp_path / "blocks"
    shutil.copytree(BLOCKS, copy, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


def handler_of(text: str, gen: Path, action: str) -> str | None:
    """The part that handles a message by the table; None: it is no message of this charger."""
    made: dict[str, object] = {}
    names = (gen / "tables" / "names.py").read_text()
    exec(names, made)
    if action not in made:
        return None
    line = next(line for line in text.split("\n") if line.startswith("_HANDLER = "))
    exec(line, made)
    layout: dict[str, object] = {}
    exec((gen / "tables" / "layout.py").read_text(), layout)
    parts = text.partition("self._handlers = (")[2].partition(",)")[0].split(", ")
    return parts[made["_HANDLER"][made[action] - layout["FIRST_ACTION"]]]


LOCAL_LIST = """\
# D02 GetLocalListVersion.
[block]
files local_list
part local_list = local_list.LocalList(model, store)
handles GetLocalListVersion
source 15
on started
answers known 10
live LOCAL_AUTH_LIST_CTRLR_ENTRIES = local_list.entries()

[messages]
receive GetLocalListVersionRequest:
send GetLocalListVersionResponse: versionNumber

[variables]
component LocalAuthListCtrlr
Entries                         integer       ro  min=0 max=100 live
"""


def test_adding_a_block_touches_its_folder_only(tmp_path, blocks):
    before, _ = build(blocks, tmp_path / "before")
    (blocks / "local_list").mkdir()
    (blocks / "local_list" / "block.txt").write_text(LOCAL_LIST)
    after, hooks = build(blocks, tmp_path / "after")
    assert handler_of(before, tmp_path / "before", "GET_LOCAL_LIST_VERSION") is None
    assert handler_of(after, tmp_path / "after", "GET_LOCAL_LIST_VERSION") == "local_list"
    sources = after.partition("sources.extend((")[2].partition(",)")[0].split(", ")
    assert sources[:3] == ["registration", "authorization", "local_list"]
    assert "from blocks.local_list.local_list import LocalList\n" in after
    assert "            return self.local_list.entries()\n" in after
    assert hooks["started"] == ["self.local_list.started()", "self.metering.started()"]
    assert hooks["known"] == ["self.local_list.known(grant)", "self.cache.known(grant)"]
    assert "LOCAL_AUTH_LIST_CTRLR_ENTRIES = " in (
        tmp_path / "after" / "tables" / "variables.py"
    ).read_text(encoding="utf-8")
    assert "local_list" not in before
    compile(after, "parts.py", "exec")


def test_a_block_that_is_left_out_leaves_nothing(tmp_path, blocks):
    shutil.rmtree(blocks / "trigger")
    text, hooks = build(blocks, tmp_path / "gen")
    assert handler_of(text, tmp_path / "gen", "TRIGGER_MESSAGE") is None
    assert handler_of(text, tmp_path / "gen", "RESET") == "reset"
    for name in ("trigger_message", "blocks.trigger", "Trigger(", "LOG_STATUS_NOTIFICATION"):
        assert name not in text
    assert "trigger_message" not in json.dumps(hooks)
    compile(text, "parts.py", "exec")


def test_leaving_out_what_another_needs_is_told(tmp_path, blocks):
    shutil.rmtree(blocks / "metering")
    with pytest.raises(DeclarationError) as caught:
        Joins(read_all(blocks), TABLES)
    path = blocks / "transactions" / "block.txt"
    line = path.read_text().split("\n").index("needs metering") + 1
    told = f"{path}:{line}: needs metering, which is not there; choose it too"
    assert str(caught.value) == told
