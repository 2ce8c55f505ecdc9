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
    """The example with a component of many variables."""
    lines = [f"V{i}  integer  rw  default={i}" for i in range(_MANY)]
    head, mark, tail = text.partition("component Display")
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


def test_broken_declarations_are_told():
    # with file and line of the extension
    with pytest.raises(compiler.DeclarationError, match=r"my/extension.py:3: "):
        compiler.extension('"""Words.\n\ncomponent X level=roof\n"""\n', "my/extension.py")
    with pytest.raises(compiler.DeclarationError, match=r"extension.py:2: "):
        compiler.extension('"""component X\nY integer\n"""\n')
    with pytest.raises(compiler.DeclarationError, match="extension.py:1: "):
        compiler.extension("def\n")
    assert compiler.extension("x = 1\n") == []
