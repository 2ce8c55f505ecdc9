"""A maker's charger: one file in the board's folder adds components, variables and messages.

Builds a second charger, in a copy of the repository with host_tests/extension/extension.py in
boards/unix/, and 320 variables more.
"""

import asyncio
import importlib
import pathlib
import re
import shutil
import subprocess
import sys
import types

import chosen
import pytest
from scripted_csms import CallError
from sessions import charge, read, value, write_status
from tables.names import ACCEPTED
from tables.variables import TX_CTRLR_EV_CONNECTION_TIME_OUT

from hal.events import TOKEN
from tools.csms.charger import ROOT

sys.path.insert(0, str(ROOT / "tools" / "device_model"))
import compile as compiler

EXAMPLE = pathlib.Path(__file__).parent / "extension" / "extension.py"
_MANY = 320
_HEAP = 28672  # bytes: a full report passes in this with and without the 320


def _many(text):
    """The example with a component of many variables, of which the first fails."""
    lines = [f"V{i}  integer  rw  default={i}" for i in range(_MANY)]
    lines[0] += " live"
    head, mark, tail = text.partition("component Display")
    tail = tail.replace("tables.variables import ", "tables.variables import BULK_V0, ")
    for method in ("read", "changed"):
        mark_of = f"def {method}(self, variable, evse, connector):\n"
        fault = f"        if variable == BULK_V0:\n            raise ValueError('{method}')\n"
        tail = tail.replace(mark_of, mark_of + fault)
    return head + "component Bulk\n" + "\n".join(lines) + "\n\n" + mark + _wrong(tail)


# Live variables whose values are wrong: name, declaration, what read() gives, what the log says.
# (A literal 0.5 does not pass the build.)
WRONG_VALUES = [
    ("Float", "integer ro default=1", "2 ** -1", "<class 'float'>: wanted are bytes or int"),
    ("Text", "integer ro default=1", "'5'", "'5'"),
    ("Word", "decimal ro default=1", "b'abc'", "b'abc': not a legal value"),
    ("Point", "integer ro default=1", "b'1.5'", "b'1.5': not a legal value"),
    ("High", "integer ro default=1 max=9", "10", "10: not a legal value"),
    ("Huge", "integer ro default=1", "1 << 40", "1099511627776: not a legal value"),
    ("Low", "decimal ro default=1 min=-1", "b'-1.1'", "b'-1.1': not a legal value"),
    ("Flag", "boolean ro default=false", "b'True'", "b'True': not a legal value"),
    ("Truth", "boolean ro default=false", "True", "True: wanted are bytes"),
    ("Number", "string ro max=9 default=a", "7", "7: wanted are bytes"),
    ("Long", "string ro max=3 default=a", "b'abcd'", "b'abcd': not a legal value"),
    ("Latin", "string ro max=9 default=a", "b'S\\xe4ule'", "b'S\\xe4ule': not UTF-8"),
    ("Half", "string ro max=9 default=a", "b'S\\xc3'", "b'S\\xc3': not UTF-8"),
    ("Surrogate", "string ro max=9 default=a", "b'\\xed\\xa0\\x80'", "not UTF-8"),
    (
        "Buffer",
        "string ro max=9 default=a",
        "bytearray(3)",
        "<class 'bytearray'>: wanted are bytes",
    ),
    ("Member", "OptionList ro values=a,b default=a", "b'c'", "b'c': not a legal value"),
    (
        "When",
        "dateTime ro default=2025-01-01T00:00:00Z",
        "-1",
        "-1: wanted are seconds since 2020",
    ),
    ("Set", "integer rw default=1", "self._model.set(variable, 5)", "model.set(Wrong.Set): UTF-8"),
    ("Place", "integer rw default=1", "self._model.set(variable, b'5', 9)", "no such EVSE"),
    ("Delay", "integer ro default=1", "self._firmware.start(self._blank, -1)", "delay_ms: 0 to"),
    ("Send", "integer ro default=1", "self._firmware.send_data_transfer('x')", "vendor_id: UTF-8"),
]
# What data_transfer() gives, and the log says; the CSMS is told Rejected.
WRONG_REPLIES = [
    ("b'Accepted', b'{'", "gave b'{': data is not JSON"),
    ("b'Accepted', b''", "gave b'': data is not JSON"),
    ("b'Accepted', b'1,2'", "gave b'1,2': data is not JSON"),
    ("""b'Accepted', b'1,"customData":{"vendorId":"x"}'""", "data is not JSON"),
    ("b'Accepted', b'1]}],[{'", "data is not JSON"),
    ("b'Accepted', b'\"\\xff\"'", "data is not JSON"),
    ("b'Accepted', b'[' * 200 + b']' * 200", "data is not JSON"),
    ("b'Accepted', b'7' * 4097", "data is not JSON as bytes, 4,096 at most"),
    ("b'Accepted', 'text'", "gave 'text': data is not JSON"),
    ("b'Accepted', {}", "gave <class 'dict'>: data is not JSON"),
    ("b'Fine', None", "gave b'Fine': no status"),
    ("b'Heartbeat', None", "gave b'Heartbeat': no status"),
    ("'Accepted', None", "gave 'Accepted': no status"),
    ("b'Accepted'", "gave b'Accepted': wanted is (status, data)"),
    ("(b'Accepted',)", "gave <class 'tuple'>: wanted is (status, data)"),
    ("True", "gave True: wanted is (status, data)"),
    ("()", "wanted is (status, data)"),
    ("[][1]", "extension: data_transfer() failed: IndexError"),
]
_WRONG_VENDOR = "com.example.wrong"


def _wrong(text):
    """The example with values that are wrong."""
    declared = "\n".join(f"{name} {line} live" for name, line, _, _ in WRONG_VALUES)
    text = text.replace("component Fan", f"component Wrong\n{declared}\n\ncomponent Fan", 1)
    constants = [compiler.snake(f"Wrong{name}") for name, *_ in WRONG_VALUES]
    imports = f"from tables.variables import {', '.join(constants)}\n"
    text = text.replace("from hal import log\n", imports + "from hal import log\n", 1)
    head = "def read(self, variable, evse, connector):\n"
    cases = zip(constants, WRONG_VALUES, strict=True)
    values = "".join(
        f"        if variable == {name}:\n            return {value}\n"
        for name, (_, _, value, _) in cases
    )
    text = text.replace(head, head + values, 1)
    head = "def data_transfer(self, vendor_id, message_id, data):\n"
    replies = "".join(
        f"        if (vendor_id, message_id) == (b'{_WRONG_VENDOR}', b'{i}'):\n"
        f"            return {reply}\n"
        for i, (reply, _) in enumerate(WRONG_REPLIES)
    )
    fault = (
        "        if message_id == b'break the board':\n"
        "            self._board.connectors = 5\n"
        "            return b'Accepted', None\n"
    )
    return text.replace(head, head + fault + replies, 1)


@pytest.fixture(scope="module")
def extended(tmp_path_factory):
    """The path of a charger with the example built in."""
    if chosen.PRODUCT:
        pytest.skip("it has a charger of its own, of the product all")
    copy = tmp_path_factory.mktemp("maker")
    for name in ("firmware", "boards", "tools"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("Makefile", "manifest.py"):
        shutil.copy2(ROOT / name, copy)
    (copy / "boards/unix/extension.py").write_text(_many(EXAMPLE.read_text()))
    built, build = ROOT / "build", copy / "build"
    (build / "unix").mkdir(parents=True)
    for name in ("mpy-cross", "src", "stamps", "venv"):
        (build / name).symlink_to(built / name)
    # What is not changed needs no compiling: the objects, and that they belong to these settings.
    shutil.copytree(built / "unix" / "port", build / "unix" / "port")
    settings = (built / "unix" / "settings").read_text().replace(str(ROOT), str(copy), 1)
    (build / "unix" / "settings").write_text(settings)
    done = subprocess.run(
        ["sh", "tools/build.sh"], cwd=copy, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    yield build / "unix" / "pilotwire"
    shutil.rmtree(copy)


@pytest.fixture
def maker(rig, extended, monkeypatch):
    """A rig whose stations are the maker's: each reading of all tells what is wrong in it."""
    rig.lenient.append("ERROR extension")
    monkeypatch.setattr("tools.csms.charger.BINARY", extended)
    return rig


def _report(csms, pages):
    items = {}
    for item in (i for page in pages for i in page["reportData"]):
        component = item["component"]
        evse = component.get("evse", {}).get("id")
        items[component["name"], evse, item["variable"]["name"]] = item
    return items


async def _full(csms):
    request = {"requestId": 1, "reportBase": "FullInventory"}
    assert (await csms.call("GetBaseReport", request))["status"] == "Accepted"
    pages = []
    while not pages or pages[-1]["tbc"]:
        pages.append(await csms.expect("NotifyReport"))
    return _report(csms, pages)


async def test_own_variables_in_reports(maker):
    # B07.FR.08
    csms, _ = await maker.booted()
    items = await _full(csms)
    assert items["Display", None, "Contrast"]["variableCharacteristics"] == {
        "unit": "Percent", "dataType": "integer", "minLimit": 0, "maxLimit": 100,
        "supportsMonitoring": False,
    }  # fmt: skip
    for evse in (1, 2):
        assert ("Fan", evse, "Speed") in items
        assert ("EVSE", evse, "FanFitted") in items
        assert ("EVSE", evse, "AvailabilityState") in items
        # one that the firmware has, declared anew
        assert items["EVSE", evse, "Power"]["variableCharacteristics"]["maxLimit"] == 7360
    assert ("Fan", None, "Speed") not in items


async def test_own_variables_of_what_the_board_has(maker):
    # it has a display, and no residual current device
    csms, _ = await maker.booted()
    items = await _full(csms)
    assert ("Display", None, "Contrast") in items and ("Lamp", 1, "Colour") in items
    assert "RCD" not in {component for component, _, _ in items}
    (result,) = await read(csms, "RCD@1.Tripped")
    assert result["attributeStatus"] == "UnknownComponent"


async def test_own_variables_read_written_and_kept(maker):
    # B05, B06
    csms, station = await maker.booted()
    assert await value(csms, "Display.Contrast") == "50"
    assert await write_status(csms, "Display.Contrast", 101) == "Rejected"
    assert await write_status(csms, "Display.Contrast", 80) == "Accepted"
    assert await write_status(csms, "Display.Serial", "x") == "Rejected"
    assert await write_status(csms, "Fan@2.Mode", "Silent") == "RebootRequired"
    await station.logged("display: contrast 80")
    csms.forget()
    await station.restart()
    await csms.expect("BootNotification", 10)
    assert await value(csms, "Display.Contrast") == "80"
    assert await value(csms, "Fan@2.Mode") == "Silent"
    assert await value(csms, "Fan@1.Mode") == "Auto"


async def test_own_live_variables(maker):
    csms, station = await maker.booted()
    assert await value(csms, "Fan@1.Speed") == "800"
    await charge(maker, csms, station, 1)
    assert int(await value(csms, "Fan@1.Speed")) > 1000
    assert await value(csms, "Fan@2.Speed") == "800"
    (result,) = await read(csms, "Fan.Speed")
    assert result["attributeStatus"] == "UnknownComponent"


async def test_a_defect_in_it_costs_no_more_than_the_value(maker):
    csms, station = await maker.booted()
    assert [r["attributeValue"] for r in await read(csms, "Bulk.V0", "Bulk.V1")] == ["0", "1"]
    line = await station.logged("extension: read(Bulk.V0@0.0) failed: ValueError('read',)")
    assert re.search(r"\(extension.py:\d+ < extension_guard.py:\d+", line)
    assert await write_status(csms, "Bulk.V0", 7) == "Accepted"
    line = await station.logged("extension: changed(Bulk.V0@0.0) failed: ValueError('changed',)")
    assert "(extension.py:" in line
    assert await value(csms, "Bulk.V0") == "7"


@pytest.mark.parametrize("case", WRONG_VALUES, ids=lambda case: case[0])
async def test_a_wrong_value_is_told_and_the_stored_one_is_in_force(maker, case):
    name, declaration, _, why = case
    stored = re.search(r"default=(\S+)", declaration)[1]
    csms, station = await maker.booted()
    answers = await read(csms, "Display.Contrast", f"Wrong.{name}", "Display.Language")
    assert [a["attributeStatus"] for a in answers] == ["Accepted"] * 3
    assert [a["attributeValue"] for a in answers] == ["50", stored, "en"]
    line = await station.logged(f"Wrong.{name}@0.0")
    assert why in line
    assert re.search(r"extension.py:\d+", line), "the line of the file"


@pytest.mark.parametrize("number", range(len(WRONG_REPLIES)))
async def test_a_wrong_answer_is_told_and_rejected(maker, number):
    # P01: the connection and the next message are none the worse for it
    csms, station = await maker.booted()
    request = {"vendorId": _WRONG_VENDOR, "messageId": str(number)}
    assert await csms.call("DataTransfer", request) == {"status": "Rejected"}
    line = await station.logged("data_transfer()")
    assert WRONG_REPLIES[number][1] in line
    assert re.search(r"extension.py:\d+", line)
    assert len(csms.calls("BootNotification")) == 1
    request = {"vendorId": "com.example.display", "messageId": "show", "data": 1}
    assert (await csms.call("DataTransfer", request))["status"] == "Accepted"


async def test_a_defect_in_a_handler_is_told_with_its_line(maker):
    maker.lenient.append("TypeError")
    csms, station = await maker.booted()
    request = {"vendorId": _WRONG_VENDOR, "messageId": "break the board"}
    assert (await csms.call("DataTransfer", request))["status"] == "Accepted"
    with pytest.raises(CallError, match="InternalError"):
        await read(csms, "EVSE@1.Power")
    line = await station.logged("GetVariables failed: TypeError(")
    way = r"\(device_model/model.py:\d+ < (.* < )?blocks/variables/variables.py:\d+"
    assert re.search(way, line)


async def test_it_hears_of_the_hardware_and_sends(maker):
    # P02: one at a time
    csms, station = await maker.booted()
    csms.answer("DataTransfer", {"status": "Accepted", "data": {"x": 1}})
    await station.swipe("04A1B2C3")
    assert await csms.expect("DataTransfer") == {
        "vendorId": "com.example.display", "messageId": "card",
    }  # fmt: skip
    await station.logged("display: the CSMS says Accepted")


async def test_one_that_it_sends_while_offline_is_not_taken(maker):
    station = await maker.station("ws://127.0.0.1:1")
    await station.swipe("04A1B2C3")
    await station.logged("display: the CSMS is not told of the card")


async def test_its_timer(maker):
    csms, station = await maker.booted()
    await station.command("hook", name="display", on=True)
    request = {"vendorId": "com.example.display", "messageId": "show", "data": "hello"}
    assert (await csms.call("DataTransfer", request))["status"] == "Accepted"
    shown = await asyncio.wait_for(station.control.events.get(), 5)
    assert shown["event"] == "display" and shown["text"] == '"hello"'
    await station.clock(advance_s=61)
    blank = await asyncio.wait_for(station.control.events.get(), 5)
    assert blank["event"] == "display" and blank["text"] == ""


async def test_own_data_transfer(maker):
    # P01
    csms, station = await maker.booted()
    request = {"vendorId": "com.example.display", "messageId": "show", "data": {"text": "hello"}}
    answer = await csms.call("DataTransfer", request)
    assert answer == {"status": "Accepted", "data": {"shown": {"text": "hello"}}}
    request["messageId"] = "nonsense"
    assert (await csms.call("DataTransfer", request))["status"] == "UnknownMessageId"
    # what is not for it goes the usual way
    await station.command("hook", name="data_transfer", on=True)
    asking = asyncio.create_task(csms.call("DataTransfer", {"vendorId": "org.example"}))
    event = await asyncio.wait_for(station.control.events.get(), 5)
    await station.command("reply", seq=event["seq"], result={"status": "Accepted"})
    assert await asking == {"status": "Accepted"}


@pytest.mark.parametrize("station_of", ["maker", "rig"])
async def test_report_of_400_variables_in_the_same_heap(station_of, request):
    """What a report costs does not grow with the number of variables."""
    rig = request.getfixturevalue(station_of)
    csms, station = await rig.booted(heap=_HEAP)
    await _full(csms)
    before = (await station.command("heap"))["used"]
    items = await _full(csms)
    if station_of == "maker":
        assert len(items) > 400
        assert [k for k in range(_MANY) if ("Bulk", None, f"V{k}") not in items] == []
    after = (await station.command("heap"))["used"]
    assert after - before < 64


@pytest.mark.whole_heap("a value of a kilobyte is kept in one piece, or refused")
async def test_instances_connectors_and_what_is_forgotten(maker):
    csms, station = await maker.booted(evses="1,2")
    places = ["1.1", "2.1", "2.2"]
    names = [f"Lamp/Front@{p}.Colour/{i}" for p in places for i in ("Idle", "Busy")]
    results = await read(csms, *names, "Lamp@1.1.Colour/Idle", "Lamp/Front@1.1.Colour")
    assert [r.get("attributeValue") for r in results[:6]] == ["green", "blue"] * 3
    statuses = [r["attributeStatus"] for r in results[6:]]
    assert statuses == ["UnknownComponent", "UnknownVariable"]  # B06.FR.15
    assert await write_status(csms, "Lamp/Front@2.2.Colour/Idle", "pink") == "Rejected"
    for name in names[-2:]:
        assert await write_status(csms, name, "red") == "Accepted"
    assert await write_status(csms, "Display.Text", "x" * 1000) == "Accepted"
    assert [await value(csms, n) for n in names[-4:]] == ["green", "blue", "red", "red"]
    csms.forget()
    await station.restart()
    await csms.expect("BootNotification", 10)
    assert [await value(csms, n) for n in names[-2:]] == ["red", "blue"]
    assert await value(csms, "Display.Text") == "x" * 1000


async def test_what_is_wrong_is_in_the_summary(maker):
    # B07.FR.09: of the maker's components, too
    csms, station = await maker.booted()
    await station.fault("Temperature", evse=2)
    await csms.expect("StatusNotification")
    request = {"requestId": 1, "reportBase": "SummaryInventory"}
    assert (await csms.call("GetBaseReport", request))["status"] == "Accepted"
    items = _report(csms, [await csms.expect("NotifyReport")])
    assert items["Fan", 2, "Tripped"]["variableAttribute"][0]["value"] == "true"
    assert ("Fan", 1, "Tripped") not in items


BROKEN = [
    ("component", "is no name"),
    ("component X level=roof", "expected component NAME"),
    ("component X\nY integer", "expected NAME TYPE"),
    ("component X\nY number ro", "expected NAME TYPE"),
    ("component X\nY(a b) integer ro", "expected NAME TYPE"),
    ("component X\nY(a,b) integer ro", "is no instance"),
    (f"component {'X' * 51}", "is no name"),
    ("define colours", "expected define"),
    ("define a b\nY integer ro", "needs a component"),
    ("component X\nY integer ro defualt=1", "unknown or repeated"),
    ("component X\nY integer ro persistent", "unknown or repeated"),
    ("component X\nY string ro max=9 default=two words", "unknown or repeated"),
    ('component X\nY string ro max=9 default="two words', "No closing quotation"),
    ("component X\nY integer ro default=1.5", "default is not"),
    ("component X\nY integer ro default=5 max=4", "default is not"),
    ("component X\nY integer ro min=5 max=4", "min is above max"),
    ("component X\nY integer ro max=12345678901", "over 9 digits"),
    ("component X\nY boolean ro default=True", "default is not"),
    ("component X\nY dateTime ro default=today", "default is not"),
    ("component X\nY string ro", "needs max="),
    ("component X\nY string rw max=1001", "at most 1000"),
    ("component X\nY string ro max=2501", "at most 2500"),
    ("component X\nY string ro max=4 default=abcde", "default is not"),
    ("component X\nY OptionList ro", "lists have values="),
    ("component X\nY OptionList ro values=$colours", "not defined"),
    ("component X\nY OptionList ro values=a,b default=a,b", "default is not"),
    ("component X\nY OptionList ro values=a,,b", "none is empty"),
    ("component X\nY MemberList ro values=a,b default=c", "default is not"),
    ("component X\nY MemberList ro values=a,b default=a min=2", "default is not"),
    ("component X\nY integer ro unit=MilesPerHourOrMore", "at most 16"),
    ("component X\nY integer ro attributes=Actual,Wish", "unknown attribute"),
    ("component X\nY integer ro\nY integer rw", "declared twice"),
    ("component X\nY string ro max=9 from=.modle", "the board has no such value; it has .firm"),
    ("component X\nY string ro max=9 from=idd", "the board has no such value"),
    ("componet X", "componet: meant as component"),
    ("Component X level=evse", "Component: meant as component"),
    ("components X instance=Front", "components: meant as component"),
    ("defin colours red,green", "defin: meant as define"),
    ("Y integer ro", "needs a component"),
    ("Y(Z) string rw max=9", "needs a component"),
]


@pytest.mark.parametrize("text, why", BROKEN)
def test_broken_declarations_are_told(text, why):
    # with file and line of the extension
    line = 4 + text.count("\n")
    with pytest.raises(compiler.DeclarationError, match=rf"my/extension.py:{line}: .*{why}"):
        compiler.extension(f"# Ours.\n'''Words.\n\n{text}\n'''\n", "my/extension.py")


_CLASS = "class Extension:\n    def __init__(self, board, model): pass\n"

BROKEN_CODE = [
    ("def\n", 1, "invalid syntax|expected"),
    ("class Extension:\n    pass\n", 1, "Extension has no __init__"),
    ("class Extension:\n    def __init__(self): pass\n", 2, "takes 3 or 4 arguments"),
    (_CLASS + "    def read(self, variable): pass\n", 3, r"read\(\) takes 4 arguments"),
    (_CLASS + "    def event(self): pass\n", 3, r"event\(\) takes 2 arguments"),
    (_CLASS + "    def raed(self, a, b, c): pass\n", 3, r"raed\(\): meant as read\(\)\?"),
    (_CLASS + "    def change(self, a, b, c): pass\n", 3, r"change\(\): meant as changed"),
    (_CLASS + "    async def read(self, a, b, c): pass\n", 3, "not awaited"),
    (_CLASS + "    def read(self, a, b, c):\n        yield 1\n", 3, "no generator"),
    (_CLASS.replace("Extension", "Extention"), 1, "Extention: meant as Extension"),
    ("x = 1\ny = 12.5\n", 2, "12.5: there are no floats"),
    ("x = 1\n\nx /= 2\n", 3, "/: there are no floats"),
    ("x = float(1)\n", 1, "float: there are no floats"),
    ("import gc\n\n'''Ours.\ncomponent X\nY integer ro\n'''\n", 4, "in the docstring"),
]


@pytest.mark.parametrize("text, line, why", BROKEN_CODE)
def test_broken_code_is_told(text, line, why):
    with pytest.raises(compiler.DeclarationError, match=rf"my/extension.py:{line}: .*({why})"):
        compiler.extension(text, "my/extension.py")


def test_what_is_no_declaration_is_left_out():
    prose = "Components of ours: a lamp.\n\nDefined by us. The string is read only.\n"
    assert compiler.extension(f"'''{prose}'''\nx = 1\n") == ([], None)
    assert compiler.extension("x = 1\n") == ([], None)
    assert compiler.extension(EXAMPLE.read_text())[1]


def test_the_class_of_an_extension_may_be_small():
    _, small = compiler.extension(_CLASS)
    assert compiler.extension_constants(small)["EXTENSION"] == 1
    assert compiler.extension_constants(small)["TAKES_FIRMWARE"] == 0
    assert compiler.extension_constants(None)["EXTENSION"] == 0


def _firmware():
    return compiler.read(ROOT.glob("firmware/*/variables.txt"), ROOT / "firmware/blocks")


def test_a_mistake_in_the_table_of_the_firmware_is_told_with_its_path(tmp_path):
    table = tmp_path / "variables.txt"
    table.write_text("component X\nY integer ro from=.modle\n")
    program = ROOT / "tools" / "device_model" / "compile.py"
    done = subprocess.run(
        [sys.executable, program, "--declarations", table, "--blocks", tmp_path]
        + ["--out", tmp_path],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert f"{table}:2: from: the board has no such value" in done.stderr


@pytest.mark.parametrize(
    "text, why",
    [
        ("component TxCtrlr\nEVConnectionTimeOut string rw max=9", "stays of type integer"),
        ("component SecurityCtrlr\nBasicAuthPassword string rw min=16 max=40", "a secret"),
        ("component OCPPCommCtrlr\nHeartbeatInterval integer rw max=86401", "max=86400: no more"),
        ("component TxCtrlr\nEVConnectionTimeOut integer rw min=0", "min=1: no more"),
        ("component ChargingStation\nModel string ro max=21", "max=20: no more"),
        ("component OCPPCommCtrlr\nHeartbeatInterval integer rw max=0", "min is above max"),
    ],
)
def test_what_an_extension_cannot_redeclare(text, why):
    firmware = _firmware()
    with pytest.raises(compiler.DeclarationError, match=why):
        compiler.merge(firmware, compiler.parse(text))


def test_a_number_without_limits_has_those_that_work():
    # what is refused is beyond a limit that is told
    firmware = _firmware()
    ours = "component OCPPCommCtrlr\nHeartbeatInterval integer rw default=60\nOurs decimal rw"
    components = compiler.merge(firmware, compiler.parse(ours))
    _, strings, _, _ = compiler.tables(components)
    for number in (b"86400", b"-999999999", b"999999999"):
        assert bytes([len(number)]) + number in strings
    (comm,) = [c for c in components if c.name == "OCPPCommCtrlr"]
    (interval,) = [v for v in comm.variables if v.name == "HeartbeatInterval"]
    assert (interval.fields["min"], interval.fields["max"]) == ("1", "86400")


# ---- the guard alone, under CPython: TAKES_FIRMWARE is 0 in the tables of a plain charger


class _Old:
    """As extensions were at first."""

    def __init__(self, board, model):
        self.given = []

    def read(self, variable, evse, connector):
        return 5

    def changed(self, variable, evse, connector):
        self.given.append((variable, evse, connector))

    def data_transfer(self, vendor_id, message_id, data):
        return b"Accepted", data


class _Small:
    def __init__(self, board, model):
        pass


class _Board:
    connectors = (1, 1)

    def hook(self, seq, vendor_id, message_id, data):
        return False


def _guard(monkeypatch, extension):
    monkeypatch.setitem(sys.modules, "extension", types.SimpleNamespace(Extension=extension))
    monkeypatch.delitem(sys.modules, "extension_guard", raising=False)
    model = types.SimpleNamespace(values=lambda variable, evse, connector: None)
    return importlib.import_module("extension_guard").Guard(_Board(), model, None)


def test_an_extension_of_two_arguments_works(monkeypatch):
    guard = _guard(monkeypatch, _Old)
    assert guard.read(TX_CTRLR_EV_CONNECTION_TIME_OUT, 0, 0) == 5
    guard.changed(TX_CTRLR_EV_CONNECTION_TIME_OUT, 1, 2)
    assert guard._its.given == [(TX_CTRLR_EV_CONNECTION_TIME_OUT, 1, 2)]
    assert guard.data_transfer(b"x", None, b"[1]") == (ACCEPTED, b"[1]")
    guard.event((TOKEN, 0, b"x", 1))


def test_an_extension_without_methods_works(monkeypatch):
    guard = _guard(monkeypatch, _Small)
    assert guard.read(TX_CTRLR_EV_CONNECTION_TIME_OUT, 0, 0) is None
    assert guard.data_transfer(b"x", None, None) is None
    guard.changed(TX_CTRLR_EV_CONNECTION_TIME_OUT, 1, 2)
    guard.event((TOKEN, 0, b"x", 1))


class _Block:
    """In place of blocks.data_transfer.data_transfer: keeps what is sent."""

    def __init__(self, guard, taken):
        self.guard, self.taken, self.sent = guard, taken, []

    def data_transfer_asked(self, seq, *message):
        if self.taken:
            self.sent.append((seq, *message))
        else:
            self.guard.data_transfer_reply(seq, None, None, b"offline")


def test_one_data_transfer_at_a_time(monkeypatch):
    guard = _guard(monkeypatch, _Small)
    told = []
    guard._its.data_transfer_answered = lambda *answer: told.append(answer)
    assert not guard.send(b"v", None, None), "before the station is whole"
    guard.block = _Block(guard, taken=False)
    assert not guard.send(b"v", None, None)
    guard.block = block = _Block(guard, taken=True)
    assert guard.send(b"v", b"m", b"{}")
    assert not guard.send(b"v", b"m", b"{}")
    ((seq, *message),) = block.sent
    assert message == [b"v", b"m", b"{}"]
    assert told == []
    guard.data_transfer_reply(seq, b"Accepted", b"1", None)
    assert told == [(b"Accepted", b"1")]
    assert guard.send(b"v", None, None)


@pytest.mark.parametrize(
    "message, why",
    [
        (("v", None, None), "vendor_id"),
        ((b"v" * 256, None, None), "vendor_id"),
        ((b"\xff", None, None), "vendor_id"),
        ((b"v", b"m" * 51, None), "message_id"),
        ((b"v", 5, None), "message_id"),
        ((b"v", None, b"{"), "data"),
        ((b"v", None, "{}"), "data"),
        ((b"v", None, b""), "data"),
    ],
)
def test_a_data_transfer_that_is_wrong_is_refused(monkeypatch, message, why):
    guard = _guard(monkeypatch, _Small)
    guard.block = _Block(guard, taken=True)
    with pytest.raises(ValueError, match=why):
        guard.send(*message)
    assert guard.block.sent == []
    assert guard.send("ü".encode() * 255, "ü".encode() * 50, b' {"a": [1, null]} ')
