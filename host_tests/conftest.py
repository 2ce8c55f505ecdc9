"""Paths, and a runner for tests that are coroutines (no plug-in is needed for that).

Unit tests import the firmware from firmware/ and generated tables (complete_tables.py), with shims
for what only MicroPython has. Behaviour tests take the fixture `rig` (rig.py) and drive the real
build/unix/pilotwire, or that of a product (PRODUCT in the environment).
"""

import asyncio
import fnmatch
import inspect
import os
import pathlib
import sys

import complete_tables
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[1]
complete_tables.make()
for folder in (ROOT, ROOT / "host_tests" / "shims", complete_tables.GEN, ROOT / "firmware"):
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
# shims/ replaces modules of CPython's library only where MicroPython has one of the same name
sys.path.insert(0, str(ROOT / "host_tests" / "shims"))

# Hypothesis reads it when it first stores something.
os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(ROOT / "build" / "hypothesis"))

import chosen  # noqa: E402
import target  # noqa: E402
from rig import BINARY, MAKES, Rig  # noqa: E402

_LIMIT_S = 60 * target.PACE


def pytest_addoption(parser):
    parser.addoption("--core", action="store_true", help="only the tests of target_core.txt")
    parser.addoption("--pieces", action="store_true", help="all chargers with a heap in fragments")


def _place(item):
    return f"{item.path.name}::{item.originalname}"


# In `make test` these drive a charger whose heap is in fragments, besides the core
# (target_core.txt); with --pieces all do.
_PIECES = ("test_bad_input.py::*", "test_data_transfer.py::*", "test_memory_pieces.py::*")


def _in_pieces(place):
    return place in target.core_tests() or any(fnmatch.fnmatchcase(place, p) for p in _PIECES)


def pytest_collection_modifyitems(config, items):
    """On an emulated chip: the tests that drive a charger. With --core: those that are listed.
    Of a product: without those of blocks that it lacks.
    """
    if gone := [item for item in items if chosen.tested_block(item.path) in chosen.LACKING]:
        config.hook.pytest_deselected(items=gone)
        items[:] = [item for item in items if item not in gone]
        said = f"PRODUCT={chosen.PRODUCT}: without the tests of {', '.join(chosen.LACKING)}"
        config.get_terminal_writer().line(f"{said}, which it lacks")
    if config.getoption("core"):
        wanted = set(target.core_tests())
        missing = wanted - {_place(item) for item in items}
        if missing:
            raise pytest.UsageError(f"target_core.txt: no such test: {', '.join(sorted(missing))}")
        items[:] = [item for item in items if _place(item) in wanted]
    if not target.EMULATED:
        return
    items[:] = [item for item in items if "rig" in item.fixturenames]
    for item in items:
        why = target.reason_not_there(_place(item))
        if why:
            item.add_marker(pytest.mark.skip(reason=why))


def pytest_configure(config):
    config.addinivalue_line(
        "markers", "limit(seconds): longest time that a coroutine test may take"
    )
    config.addinivalue_line(
        "markers", "whole_heap(reason): never played with a heap in fragments (--pieces)"
    )


@pytest.fixture
def rig(tmp_path, request):
    """A Rig: makes stations and scripted CSMSs, and checks them when the test is over."""
    if not BINARY.exists():
        pytest.fail(f"{BINARY.relative_to(ROOT)} is missing; {MAKES} makes it", pytrace=False)
    pieces = request.config.getoption("pieces") or _in_pieces(_place(request.node))
    whole = request.node.get_closest_marker("whole_heap")
    return Rig(tmp_path, pieces=pieces and not whole)


async def _bounded(test, arguments, rig, limit_s):
    if rig is None:
        await asyncio.wait_for(test(**arguments), limit_s)
        return
    async with rig:
        await asyncio.wait_for(test(**arguments), limit_s)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    test = pyfuncitem.obj
    if not inspect.iscoroutinefunction(test):
        return None
    names = pyfuncitem._fixtureinfo.argnames
    arguments = {name: pyfuncitem.funcargs[name] for name in names}
    marker = pyfuncitem.get_closest_marker("limit")
    limit_s = marker.args[0] * target.PACE if marker else _LIMIT_S
    rig = pyfuncitem.funcargs.get("rig")  # also of a fixture that hands it on
    try:
        asyncio.run(_bounded(test, arguments, rig, limit_s))
    finally:
        if rig is not None:
            for title, text in rig.report():
                pyfuncitem.add_report_section("call", title, text)
    return True
