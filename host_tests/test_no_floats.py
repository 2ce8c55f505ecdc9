"""tools/no_floats.py: floats are found, and the firmware has none."""

from pathlib import Path

import pytest

from tools import no_floats

ROOT = Path(__file__).resolve().parents[1]


def check(tmp_path: Path, text: str) -> list[str]:
    (tmp_path / "firmware" / "wire").mkdir(parents=True)
    (tmp_path / "firmware" / "wire" / "a.py").write_text("x = 1\n" + text + "\n")
    return no_floats.check(tmp_path)


def test_the_firmware_has_none():
    assert no_floats.check(ROOT) == []


@pytest.mark.parametrize(
    "text",
    [
        *("y = 1.5", "y = 1e3", "y = x / 2", "y /= 2", "y = float(x)", "y = 1j"),
        *("import math", "from math import sqrt", "y = '%.2f' % x", 'y = b"%g" % x'),
        'y = f"{x:.2f}"',
    ],
)
def test_found(tmp_path, text):
    assert [line.split(": ")[0] for line in check(tmp_path, text)] == ["firmware/wire/a.py:2"]


@pytest.mark.parametrize("place", ["boards/mine/extension.py", "host_tests/extension/a.py"])
def test_found_in_extensions(tmp_path, place):
    (tmp_path / place).parent.mkdir(parents=True)
    (tmp_path / place).write_text("x = 1\ny = 12.5\n")
    assert [line.split(": ")[0] for line in no_floats.check(tmp_path)] == [f"{place}:2"]


def test_whole_numbers_are_left_alone(tmp_path):
    assert check(tmp_path, "y = x // 2 + 0x1e3 + 2**x  # 1.5 / 2") == []


def test_texts_of_whole_numbers_are_left_alone(tmp_path):
    assert check(tmp_path, """y = "%d %% f %s" % (x, x), f"{x:>5} {x:x}", b"%x" % x""") == []
