"""An emulated chip that runs out of memory or stack says so (boards/emulated/trials.h).

Played by `make test-target` alone: the unix build has none of it.
"""

import asyncio
import re
from pathlib import Path

import pytest
import target

from tools.csms.charger import BOARD

pytestmark = pytest.mark.skipif(not target.EMULATED, reason="only on an emulated chip")

ROOT = Path(__file__).resolve().parents[1]
_FAULT = 4
_WRONG_SETTINGS = 2
# What the processor calls the reason of a fault: a register of Cortex-M, of RISC-V.
_REASON = {"cortex_m3": " status ", "rv32": " cause "}


async def _try(station, trial):
    """Ask for a trial on a control connection of its own."""
    _, writer = await asyncio.open_connection("127.0.0.1", station.charger.control_port)
    writer.write(b"!" + trial + b"\n")
    await writer.drain()
    writer.close()


async def _recovers(csms, station, error):
    line = await station.logged("ended with an exception")
    assert error in line and line.count("\n") == 0
    assert "ERROR" in line
    assert (await csms.expect("BootNotification", 15))["reason"] == "Watchdog"
    assert station.charger.running()
    station.charger.log.clear()


def _source_line(module, number):
    path = ROOT / "firmware" / (module.replace(".", "/") + ".py")
    return path.read_text().splitlines()[number - 1].strip()


async def test_out_of_memory_restarts_the_firmware(rig):
    csms, station = await rig.booted()
    await _try(station, b"memory")
    await _recovers(csms, station, "MemoryError: memory allocation failed")


async def test_endless_recursion_restarts_the_firmware(rig):
    csms, station = await rig.booted()
    await _try(station, b"recursion")
    await _recovers(csms, station, "RuntimeError: maximum recursion depth exceeded")


async def test_a_task_that_fails_alone_tells_why(rig):
    csms, station = await rig.booted()
    await _try(station, b"task")
    for _ in range(3):  # refused with a warning; the trial comes by another connection
        await station.swipe("t" * 100)
        await asyncio.sleep(0.1 * target.PACE)
    assert await station.logged("ValueError: trial of a task")
    assert any("Traceback" in line for line in station.log)
    shown = re.findall(r'^  File "([\w.]+)", line (\d+)', "\n".join(station.log), re.M)
    innermost = [_source_line(module, int(line)) for module, line in shown[-3:]]
    for line, call in zip(innermost, ("log.warning(", "_write(WARNING", "sink("), strict=True):
        assert line.startswith(call)
    assert (await csms.expect("BootNotification", 15))["reason"] == "Watchdog"
    station.charger.log.clear()


@pytest.mark.parametrize("trial", [b"stack", b"handlers", b"leap"])
async def test_stack_overflow_switches_the_chip_off(rig, trial):
    _, station = await rig.booted()
    station.exit_code = _FAULT
    await _try(station, trial)
    assert await asyncio.wait_for(station.charger.wait(), 10 * target.PACE) == _FAULT
    assert "ERROR stack overflow: " in (last := station.log[-1])
    assert " sp " in last and _REASON[BOARD] in last


async def test_a_heap_that_is_too_small_is_wrong_settings(rig):
    station = await rig.station("ws://127.0.0.1:1", heap=12000)
    station.exit_code = _WRONG_SETTINGS
    code = await asyncio.wait_for(station.charger.wait(), 30 * target.PACE)
    assert code == _WRONG_SETTINGS
    assert "--heap: too small" in station.log[-1]
    assert sum("MemoryError" in line for line in station.log) == 4
    station.charger.log.clear()


async def test_a_heap_of_next_to_nothing_is_wrong_settings(rig):
    station = await rig.station("ws://127.0.0.1:1", heap=2000)
    station.exit_code = _WRONG_SETTINGS
    code = await asyncio.wait_for(station.charger.wait(), 30 * target.PACE)
    assert code == _WRONG_SETTINGS
    station.charger.log.clear()
