"""make run: the demo passes, commands work from a pipe, and everything ends in order."""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import pytest
from conftest import ROOT
from rig import BINARY

from tools.csms.charger import BUILD

_RUN = [sys.executable, str(ROOT / "tools" / "run.py")]


@pytest.fixture(autouse=True)
def _built():
    if not BINARY.exists():
        pytest.fail("build/unix/pilotwire is missing; `make build` makes it", pytrace=False)
    yield
    for folder in (BUILD / "run").glob(f"own-*-{os.getpid()}"):
        shutil.rmtree(folder)


def _environment(**settings):
    """As make sets it: what is not given is empty."""
    empty = dict.fromkeys(("CSMS", "ID", "PASSWORD", "PROFILE", "DEMO"), "")
    return {**os.environ, **empty, **settings}


def _run(commands="", timeout=60, **settings):
    return subprocess.run(
        _RUN,
        input=commands,
        env=_environment(**settings),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def test_demo():
    done = _run(DEMO="1")
    assert done.returncode == 0, done.stdout + done.stderr
    for text in (
        "BootNotification",
        "Authorize",
        "Started",
        "Ended",
        "energy",
        "events",
        "demo passed",
    ):
        assert text in done.stdout
    assert "AGAINST THE SPECIFICATION" not in done.stdout


def test_commands_from_a_pipe():
    commands = (
        "plug\nwait 1\nswipe 04A1B2C3 1\nev C 16 3\nwait 1\nstate\n"
        "get OCPPCommCtrlr.OfflineThreshold\nswipe 04A1B2C3 1\n"
        "wait 1\nunplug\nwait 1\ntransactions\nquit\n"
    )
    done = _run(commands, ID=f"pipe-{os.getpid()}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "OfflineThreshold=60 Accepted" in done.stdout
    assert "relay closed" in done.stdout
    assert " ended, " in done.stdout


def test_wrong_commands_say_what_is_right():
    done = _run("plugg\nev Z\nget x\nset A.B\ncall Reset {\nquit\n", ID=f"wrong-{os.getpid()}")
    assert done.returncode == 1
    for text in (
        "did you mean plug?",
        "A, B, C, D, E, F",
        "Component.Variable",
        "'='",
        "not valid JSON",
    ):
        assert text in done.stdout


def test_password():
    done = _run("wait 1\nstate\nquit\n", ID=f"pw-{os.getpid()}", PASSWORD="0123456789abcdef")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "  connected" in done.stdout
    assert "disconnected (1001)" in done.stdout  # quit


def test_a_password_that_is_too_short():
    done = _run(ID=f"pw-{os.getpid()}", PASSWORD="short")
    assert done.returncode == 2
    assert "shorter than 16 characters; OCPP allows 16 to 40 characters" in done.stdout
    assert "short;" not in done.stdout


def test_wrong_settings():
    done = _run(CSMS="http://example.org")
    assert done.returncode == 2
    assert "ws://" in done.stdout


def _ended_by(number):
    """Send the signal to a running `make run`: its exit code, its output, its charger in /proc."""
    process = subprocess.Popen(
        _RUN,
        env=_environment(ID=f"end-{os.getpid()}"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    try:
        children = f"/proc/{process.pid}/task/{process.pid}/children"
        deadline = time.monotonic() + 10
        while (
            not (found := pathlib.Path(children).read_text().split())
            and time.monotonic() < deadline
        ):
            time.sleep(0.05)
        time.sleep(1)
        process.send_signal(number)
        output, _ = process.communicate(timeout=10)
    finally:
        process.kill()
    assert found, output
    return process.returncode, output, pathlib.Path("/proc", found[0])


def test_interrupt_leaves_nothing_behind():
    code, output, charger = _ended_by(signal.SIGINT)
    assert code == 130, output
    assert "Traceback" not in output
    assert not charger.exists()


def test_kill_leaves_nothing_behind():
    _, _, charger = _ended_by(signal.SIGKILL)
    deadline = time.monotonic() + 10
    while charger.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not charger.exists()
