"""storage/ and device_model/ on the real VM and littlefs: power cuts, flipped bits, heap."""

import os
import subprocess
from pathlib import Path

import pytest
from rig import BINARY

ROOT = Path(__file__).parent.parent
VM = Path(os.environ.get("PILOTWIRE_VM", BINARY.with_name("micropython")))

pytestmark = pytest.mark.skipif(not VM.exists(), reason=f"{VM} is not built")


def run(script, *arguments):
    done = subprocess.run(
        [VM, ROOT / "host_tests/on_vm" / script, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "FAIL" not in done.stdout, done.stdout
    assert not done.stderr, done.stderr
    words = (line.split() for line in done.stdout.splitlines())
    return {key: int(value) for key, value in words}


def test_at_every_power_cut_a_file_is_old_or_new():
    assert run("powercut_store.py")["cuts"] > 100


def test_a_cut_is_replayed_by_its_id():
    assert run("powercut_store.py", "torn:7")["cuts"] == 41  # and the 40 of the formatting


def test_flipped_bits_are_survived_and_said():
    found = run("damage_store.py")
    assert found["flips"] > 100
    assert found["reported"] > 10


def test_heap():
    found = run("heap_model.py")
    assert found["store"] <= 700
    assert found["model"] <= 600  # what the growing table of modules takes is in it
    assert found["changed"] <= 64
    assert found["garbage"] <= 64
