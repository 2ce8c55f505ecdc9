"""charging/ and its blocks on the real VM: heap, garbage and creep (host_tests/on_vm)."""

import subprocess

import chosen
import pytest
from prepared import prepared
from rig import BINARY

from tools.csms.charger import BUILD


@pytest.mark.skipif(bool(chosen.LACKING), reason="it is about charging with all blocks")
def test_heap_of_charging(tmp_path):
    if not BINARY.exists():
        pytest.fail("build/unix/pilotwire is missing; `make build` makes it", pytrace=False)
    result = subprocess.run(
        [
            BINARY.with_name("micropython"),
            "-X",
            "heapsize=100000",
            prepared("heap_charging.py", tmp_path),
            BUILD / "gen",
        ],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert result.returncode == 0, result.stdout + result.stderr
