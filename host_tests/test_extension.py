"""A maker's charger: one file in the board's folder adds components, variables and messages.

Builds a second charger, in a copy of the repository with host_tests/extension/extension.py in
boards/unix/, and 320 variables more.
"""

import asyncio
import pathlib
import shutil
import subprocess
import sys

import pytest
from sessions import charge, read, value, write_status

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
    return head + "component Bulk\n" + "\n".join(lines) + "\n\n" + mark + tail


@pytest.fixture(scope="module")
def extended(tmp_path_factory):
    """The path of a charger with the example built in."""
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
    """A rig whose stations are the maker's."""
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
    maker.lenient.append("ValueError")
    csms, station = await maker.booted()
    assert [r["attributeValue"] for r in await read(csms, "Bulk.V0", "Bulk.V1")] == ["0", "1"]
    await station.logged("extension: ValueError('read',)")
    assert await write_status(csms, "Bulk.V0", 7) == "Accepted"
    await station.logged("extension: ValueError('changed',)")
    assert await value(csms, "Bulk.V0") == "7"


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
]


@pytest.mark.parametrize("text, why", BROKEN)
def test_broken_declarations_are_told(text, why):
    # with file and line of the extension
    line = 4 + text.count("\n")
    with pytest.raises(compiler.DeclarationError, match=rf"my/extension.py:{line}: .*{why}"):
        compiler.extension(f"# Ours.\n'''Words.\n\n{text}\n'''\n", "my/extension.py")


def test_broken_classes_are_told():
    head = "class Extension:\n    def __init__(self, board, model): pass\n"
    with pytest.raises(compiler.DeclarationError, match="x.py:1: Extension has no read"):
        compiler.extension(head, "x.py")
    with pytest.raises(compiler.DeclarationError, match=r"x.py:3: read\(\) takes 4"):
        compiler.extension(head + "    def read(self, variable): pass\n", "x.py")
    with pytest.raises(compiler.DeclarationError, match="extension.py:1: "):
        compiler.extension("def\n")
    assert compiler.extension("x = 1\n") == ([], False)
    assert compiler.extension(EXAMPLE.read_text())[1]


@pytest.mark.parametrize(
    "text, why",
    [
        ("component TxCtrlr\nEVConnectionTimeOut string rw max=9", "stays of type integer"),
        ("component SecurityCtrlr\nBasicAuthPassword string rw min=16 max=40", "a secret"),
    ],
)
def test_what_an_extension_cannot_redeclare(text, why):
    firmware = compiler.parse((ROOT / "firmware/device_model/variables.txt").read_text())
    with pytest.raises(compiler.DeclarationError, match=why):
        compiler.merge(firmware, compiler.parse(text))
