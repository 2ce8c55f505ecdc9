""".ci/run, with a `make` that only tells: which parts it plays, and how long each took."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

_MAKE = """#!/bin/sh
echo "made $*"
[ "$*" != "$FAILS" ] || exit 2
"""


def _run(tmp_path: Path, fails: str = "") -> tuple[int, str]:
    (tmp_path / ".ci").mkdir()
    shutil.copy2(ROOT / ".ci" / "run", tmp_path / ".ci" / "run")
    (tmp_path / "make").write_text(_MAKE)
    (tmp_path / "make").chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    done = subprocess.run(
        [tmp_path / ".ci" / "run"],
        env={**os.environ, "PATH": path, "FAILS": fails},
        capture_output=True,
        text=True,
        timeout=30,
    )
    return done.returncode, done.stdout


def _times(output: str) -> list[str]:
    """The lines of the table: what was played, FAILED behind what failed."""
    return re.findall(r"^ *\d+:\d\d  (make .*)$", output, re.MULTILINE)


def test_every_part_is_played_and_timed(tmp_path):
    code, output = _run(tmp_path)
    assert code == 0
    assert _times(output) == [f"make {words}" for words in re.findall("^made (.*)", output, re.M)]
    assert "make test-target BOARD=rv32 CORE=1" in _times(output)
    assert re.search(r"^ *\d+:\d\d  min:s of all parts$", output, re.MULTILINE)


@pytest.mark.parametrize("fails", ["lint", "test-target CORE=1"])
def test_the_times_are_said_when_a_part_fails(tmp_path, fails):
    code, output = _run(tmp_path, fails)
    assert code == 2
    assert _times(output)[-1] == f"make {fails}  FAILED"
    assert re.findall("^made (.*)", output, re.MULTILINE)[-1] == fails, (
        "nothing is played after it"
    )
