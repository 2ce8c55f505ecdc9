"""Settings of `make` that are given wrongly: what is wrong is said, and what would be right."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools import settings

ROOT = Path(__file__).resolve().parents[1]
_BUILT = {"HEAP": "28672", "TLS_IN": "6144", "TLS_OUT": "2048"}

WRONG = [
    ("HEAP", "a"),
    ("HEAP", "0x7000"),
    ("HEAP", "28 672"),
    ("HEAP", "-1"),
    ("HEAP", "100"),
    ("HEAP", "9" * 4000),
    ("TLS_IN", "big"),
    ("TLS_IN", "16385"),
    ("TLS_OUT", "511"),
    ("HOURS", "abc"),
    ("HOURS", "nan"),
    ("HOURS", "inf"),
    ("HOURS", "0"),
    ("HOURS", "-2"),
    ("SEED", "1.5"),
    ("SEED", "abc"),
    ("STEPS", "no/such/file"),
    ("CSMS", "127.0.0.1:9000"),
    ("CSMS", "http://127.0.0.1"),
    ("CSMS", "ws://"),
    ("ID", "x" * 49),
    ("ID", "a\nb"),
    ("PROFILE", "4"),
    ("PROFILE", "01"),
]


@pytest.mark.parametrize("name, text", WRONG)
def test_a_wrong_value_is_told(name, text):
    with pytest.raises(settings.SettingError, match=f"(?s)^{name}=.*wanted is ") as caught:
        settings.check((name,), {name: text})
    assert text in str(caught.value)


@pytest.mark.parametrize(
    "name, text",
    [
        *_BUILT.items(),
        ("HOURS", "0.5"),
        ("SEED", "0"),
        ("CSMS", "wss://x"),
        ("PROFILE", "3"),
        ("ID", "Säule 1"),
    ],
)
def test_a_right_value_passes(name, text):
    settings.check((name,), {name: text})
    settings.check((name,), {name: ""})
    settings.check((name,), {})


def _ends(command: list[str], **given: str) -> str:
    """The text of a program that refuses its settings, with exit code 2."""
    clean = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKEOVERRIDES")}
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**clean, **given},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    text = done.stdout + done.stderr
    assert done.returncode == 2, text
    assert "Traceback" not in text
    return text


@pytest.mark.parametrize(
    "given",
    [
        {"HOURS": "abc"},
        {"HOURS": "nan"},
        {"SEED": "x"},
        {"STEPS": "nothing"},
        {"STEPS": "Makefile"},
    ],
)
def test_play_refuses(given):
    ((name, text),) = given.items()
    assert f"{name}={text}: " in _ends([sys.executable, "-m", "tools.play"], **given)


def test_play_refuses_other_steps(tmp_path):
    for text in ("[]", "{}", '{"settings": 1, "steps": 2}', "\xff"):
        (tmp_path / "steps").write_text(text, encoding="latin-1")
        said = _ends([sys.executable, "-m", "tools.play"], STEPS=str(tmp_path / "steps"))
        assert "wanted is a file that a play has left" in said


@pytest.mark.parametrize(
    "given, why",
    [
        ({"CSMS": "http://x"}, "CSMS=http://x: wanted is a URL"),
        ({"CSMS": "ws://127.0.0.1:1", "DEMO": "1"}, "leave CSMS or DEMO out"),
        ({"CSMS": "ws://127.0.0.1:port"}, "the port is no number"),
        ({"PROFILE": "5"}, "PROFILE=5: wanted is a security profile, 0 to 3"),
        ({"PROFILE": "2"}, "PROFILE=2: our own CSMS has no TLS"),
        ({"PROFILE": "1"}, "add PASSWORD="),
        ({"ID": "x" * 300}, "at most 48 bytes"),
    ],
)
def test_run_refuses(given, why):
    assert why in _ends([sys.executable, "tools/run.py"], **given)


@pytest.mark.parametrize(
    "words, why",
    [
        ("play DEMO=yes", "DEMO=yes: 1 switches it on"),
        ("test-target CORE=rv32", "CORE=rv32: 1 switches it on"),
        ("image BOARD=m3", "BOARD=m3: no such board; there are: unix cortex_m3 rv32"),
        ("budget BOARD=rv32", "leave BOARD out"),
    ],
)
def test_make_refuses(words, why):
    assert why in _ends(["make", "-n", *words.split()])


def test_make_says_which_setting_it_does_not_know():
    command = ["make", "-n", "help", "HUORS=2"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0
    assert "HUORS=2 is no setting" in done.stderr and " HOURS " in done.stderr


@pytest.mark.parametrize("name", _BUILT)
def test_the_build_checks_what_it_takes(name):
    script = {"HEAP": "image.sh"}.get(name, "build.sh")
    assert f"{name}=x: wanted is bytes" in _ends(["sh", f"tools/{script}"], **{name: "x"})


def test_what_is_no_micropython_is_told(tmp_path):
    (tmp_path / "py").mkdir()
    (tmp_path / "py" / "mpconfig.h").write_text("")
    command = [sys.executable, "tools/micropython_version.py", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "not a MicroPython source tree" in done.stderr and "Traceback" not in done.stderr
