"""A block that was added by its folder (more_blocks/): with it the charger does what it declares;
left out it costs not one byte of ROM or RAM.
"""

import filecmp
import shutil
from pathlib import Path

import pytest
from rig import CARD, Rig
from scripted_csms import CallError
from sessions import charge, read, value, write_status

from tools import image_size
from tools.blocks.product import file_of, folder_of, write
from tools.blocks.product import read as read_product
from tools.products import build, build_image, prepare

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "build"
PRODUCTS = "host_tests/more_blocks"
COUNT, GUEST = "VisitorsCtrlr.Count", "VisitorsCtrlr.Guest"
CHIP = "cortex_m3"


def product(name):
    """PRODUCT= of one of more_blocks/; None: of all."""
    return f"{PRODUCTS}/{name}.txt" if name else ""


# ---- left out


def frozen(name):
    """What is made of a product before anything is compiled: path -> file."""
    short = folder_of(product(name), ROOT)
    out = ROOT / short
    write(read_product(file_of(product(name), ROOT), ROOT), out / "gen")
    prepare(short)
    files = [*out.glob("gen/**/*"), *out.glob("frozen/**/*")]
    kept = (".py", ".h", ".inc", "hooks.json")
    return {f.relative_to(out).as_posix(): f for f in files if f.name.endswith(kept)}


def test_left_out_nothing_of_it_is_compiled():
    """Names, tables, variables, joins and code are those of a charger that never knew it."""
    with_none, without = frozen(None), frozen("unvisited")
    assert with_none.keys() == without.keys()
    assert not [
        name for name, file in with_none.items() if not filecmp.cmp(file, without[name], False)
    ]
    more = frozen("visited")
    assert more.keys() - without.keys() == {
        "frozen/blocks/visitors/visitors.py",
    }


@pytest.mark.skipif(
    not shutil.which("arm-none-eabi-gcc") or not (BUILD / CHIP / "port" / "firmware.elf").exists(),
    reason="no image is built: make image",
)
def test_left_out_it_costs_no_byte_of_the_image():
    def image(name):
        return image_size.read_image(build_image(product(name), CHIP) / CHIP / "port")

    before, without, more = image(None), image("unvisited"), image("visited")
    for kind in ("rom", "ram", "files"):
        assert getattr(without, kind) == getattr(before, kind), kind
    cost = more.charger_rom() - without.charger_rom()
    print(f"the block costs {cost} B of ROM")
    assert cost > 0 and "blocks/visitors/visitors.py" in more.files


# ---- there


@pytest.fixture(scope="module")
def program():
    return [str(build(product("visited")) / "unix" / "pilotwire")]


@pytest.fixture
def rig(tmp_path, program):
    """A Rig whose stations have the block."""
    return Rig(tmp_path, program)


async def told(csms, **request):
    answer = await csms.call("CustomerInformation", {"requestId": 7, **request})
    assert answer["status"] == "Accepted", answer
    message = await csms.expect("NotifyCustomerInformation")
    assert message["requestId"] == 7 and message["seqNo"] == 0
    return message["data"]


async def test_N09_it_is_asked_and_tells(rig):
    csms, station = await rig.booted()
    answer = await csms.call(
        "CustomerInformation", {"requestId": 7, "report": False, "clear": False}
    )
    assert answer == {"status": "Rejected", "statusInfo": {"reasonCode": "NoAction"}}
    await charge(rig, csms, station)
    assert await told(csms, report=True, clear=False) == "1 visits"
    assert await value(csms, COUNT) == "1"
    asked = {"requestId": 8, "report": True, "clear": False, "customerIdentifier": "nobody"}
    assert (await csms.call("CustomerInformation", asked))["status"] == "Invalid"
    with pytest.raises(CallError) as caught:
        await csms.call("CustomerInformation", {"requestId": 7, "report": True})
    assert caught.value.code == "OccurrenceConstraintViolation", "it is checked as all others"


async def test_it_is_triggered_and_has_a_file(rig):
    csms, station = await rig.booted()
    wanted = {"requestedMessage": "PublishFirmwareStatusNotification"}
    assert (await csms.call("TriggerMessage", wanted))["status"] == "Accepted"
    assert await csms.expect("PublishFirmwareStatusNotification") == {"status": "Idle"}
    await charge(rig, csms, station)
    await station.swipe(CARD, evse=1)
    await rig.quiet(csms)
    await csms.call("Reset", {"type": "Immediate"})
    await rig.quiet(csms)
    await csms.expect("BootNotification")
    await rig.quiet(csms)
    assert await value(csms, COUNT) == "1"


async def test_charging_asks_it(rig):
    csms, station = await rig.booted()
    assert await write_status(csms, GUEST, CARD) == "Accepted"
    assert await write_status(csms, "VisitorsCtrlr.MostPower", 10) == "Accepted"
    await charge(rig, csms, station)
    assert not csms.calls("Authorize"), "its guest is known"
    assert 16 <= (await station.state(1))["pwm"] <= 17, "10 A"


async def test_its_variables_are_there_where_the_board_has_what_they_need(rig):
    csms, _ = await rig.booted(fixed_cable=1)
    (result,) = await read(csms, "VisitorsCtrlr.Locked")
    assert result["attributeStatus"] == "UnknownVariable"
    assert await write_status(csms, "VisitorsCtrlr.Kinds", "Signed") == "Rejected"
    assert await write_status(csms, "VisitorsCtrlr.Kinds", "Friend,Guest") == "Accepted"
