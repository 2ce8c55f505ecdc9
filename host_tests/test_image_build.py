"""tools/image.sh: an image is made anew when its settings have changed, and only then.

Plays the scripts with a compiler, a freezer and a measuring program that only leave a mark.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
_FILES = (
    "tools/image.sh",
    "tools/settings.py",
    "tools/when_changed.sh",
    "tools/quietly.sh",
    "tools/gen.mk",
    "boards/cortex_m3/image.mk",
    "boards/emulated/image.mk",
)
_PORT = """\
all:
	@mkdir -p $(BUILD)
	@echo compiled >>$(BUILD)/../compiled
	@echo "heap $(HEAP)" >$(BUILD)/firmware.elf
	@echo "heap $(HEAP)" >$(BUILD)/firmware.map
"""
# In place of build/venv/bin/python: image_size shows the map, settings are checked, the rest is
# left out.
_PYTHON = """#!/bin/sh
case $* in
    *tools.image_size*) cat "$3/firmware.map" ;;
    *tools.blocks.product*) echo build ;;
    *tools.settings*) exec python3 "$@" ;;
esac
"""


class Build:
    """A folder to build in.

    Attributes:
        folder: its path.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in _FILES:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / name).exists():
                shutil.copy2(ROOT / name, folder / name)
        self._write("boards/cortex_m3/Makefile", _PORT)
        self._write("boards/emulated/port.mk", "")
        self._write("firmware/native/micropython.mk", "")
        for name in ("product.json", "product.mk", "ratings.sh"):
            self._write(f"build/gen/{name}", "")
        self._write("build/stamps/tree", str(folder / "tree"))
        self._write("tree/py/mpconfig.h", "")
        self._write("build/cortex_m3/frozen/.keep", "")
        self._write("build/venv/bin/python", _PYTHON)
        (folder / "build/venv/bin/python").chmod(0o755)
        for name in ("board.py", "manifest.py", "freeze.sh"):
            self._write(f"boards/emulated/{name}", "")
        for name in ("freeze.py", "inline.py", "no_floats.py", "requirements.txt"):
            self._write(f"tools/{name}", "")

    def _write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def run(self, heap: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", "tools/image.sh", "cortex_m3"],
            cwd=self.folder,
            env={**os.environ, "HEAP": heap, "MAKEFLAGS": "", "PYTHONPATH": ""},
            capture_output=True,
            text=True,
            timeout=60,
        )

    def compiled(self) -> int:
        return (self.folder / "build/cortex_m3/compiled").read_text().count("compiled")

    def image(self) -> str:
        return (self.folder / "build/cortex_m3/firmware.elf").read_text().strip()


@pytest.fixture
def build(tmp_path):
    return Build(tmp_path)


def test_another_heap_and_back(build):
    for heap in ("", "30000", "", "30000"):
        done = build.run(heap)
        assert done.returncode == 0, done.stdout + done.stderr
        assert build.image() == f"heap {heap}".strip()


def test_what_is_up_to_date_is_left_alone(build):
    assert build.run("30000").returncode == 0
    before = build.compiled()
    assert build.run("30000").returncode == 0
    assert build.compiled() == before == 2, "the image, and the one without firmware"


def test_a_port_that_was_removed_is_built_again(build):
    assert build.run().returncode == 0
    shutil.rmtree(build.folder / "build/cortex_m3/port")
    done = build.run()
    assert done.returncode == 0, done.stdout + done.stderr
