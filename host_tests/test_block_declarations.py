"""tools/blocks/declaration.py: the sections of block.txt, and mistakes told with path and line."""

import os
import subprocess
from pathlib import Path

import pytest

from tools.blocks.declaration import SECTIONS, Declaration, DeclarationError, read, read_all

ROOT = Path(__file__).resolve().parents[1]
WHOLE = """\
# B11, B12 Reset.

[block]
source 3   # a comment
say "no # comment" and 'no # here' # but here
it's odd # a comment

[messages] # its slots
receive ResetRequest: type evseId
[variables]
component EVSE level=evse
\tAllowReset  boolean  ro  default=true\x20\x20
"""


def block(root: Path, name: str, text: str | bytes) -> Path:
    path = root / name / "block.txt"
    path.parent.mkdir()
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def wrong(path: Path) -> str:
    with pytest.raises(DeclarationError) as caught:
        read(path)
    return str(caught.value)


def test_sections_are_lines_with_their_numbers(tmp_path):
    path = block(tmp_path, "reset", WHOLE)
    sections = {
        "block": [
            (4, "source 3"),
            (5, "say \"no # comment\" and 'no # here'"),
            (6, "it's odd"),
        ],
        "messages": [(9, "receive ResetRequest: type evseId")],
        "variables": [
            (11, "component EVSE level=evse"),
            (12, "AllowReset  boolean  ro  default=true"),
        ],
    }
    assert read(path) == Declaration("reset", path, sections)


@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_editors_of_other_systems(tmp_path, end):
    text = "\ufeff# Grüße \u2028 \x0b\n[messages]\nsend\x85x".replace("\n", end)
    assert read(block(tmp_path, "a", text)).sections == {"messages": [(3, "send\x85x")]}


def test_each_section_may_be_missing(tmp_path):
    assert read(block(tmp_path, "a", "# nothing\n")).sections == {}
    assert read(block(tmp_path, "b", "[variables]\n")).sections == {"variables": []}
    assert list(read(block(tmp_path, "c", "[block]\n[variables]\n")).sections) == [
        "block",
        "variables",
    ]


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        (
            "[messages]\n[variable]\n",
            2,
            "unknown section [variable]; there are [block], [messages]",
        ),
        ("[Block]\n", 1, "unknown section [Block]; there are"),
        ("[block\n", 1, "unknown section [block; there are"),
        ("[block] x\n", 1, "unknown section [block] x; there are"),
        ("[]\n", 1, "unknown section []; there are"),
        ("[", 1, "unknown section [; there are"),
        ("[block]\n\n[block]\n", 3, "section [block] is there twice; each stands there once"),
        ("[variables]\n[messages]\n", 2, "section [messages] comes after [variables]; each"),
        ("[block]\n[variables]\n[block]\n", 3, "section [block] is there twice; each"),
        ("# x\n\nreceive ResetRequest:\n[messages]\n", 3, "before the first section; begin one"),
        (b"[block]\nx\n# \xfc\n", 3, "byte 0xfc is no UTF-8; save the file as UTF-8"),
    ],
)
def test_a_mistake_is_told_with_path_and_line(tmp_path, text, line, why):
    path = block(tmp_path, "a", text)
    told = wrong(path)
    assert told.startswith(f"{path}:{line}: ")
    assert why in told


def test_all_blocks_by_name(tmp_path):
    for name in ("reset", "boot", "a"):
        block(tmp_path, name, "[block]\n")
    (tmp_path / "port.py").write_text("")  # no block: a file of all
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "empty").mkdir()
    assert [found.name for found in read_all(tmp_path)] == ["a", "boot", "reset"]


@pytest.mark.parametrize("file", ["x.py", "parts/x.py"])
def test_code_without_a_declaration(tmp_path, file):
    block(tmp_path, "a", "")
    (tmp_path / "b" / file).parent.mkdir(parents=True)
    (tmp_path / "b" / file).write_text("")
    with pytest.raises(DeclarationError) as caught:
        read_all(tmp_path)
    path = tmp_path / "b" / "block.txt"
    told = f"{path}:1: {tmp_path / 'b'} has Python files, but no block.txt; a block declares"
    assert str(caught.value).startswith(told)


def test_the_firmwares_blocks_say_what_they_are():
    found = read_all(ROOT / "firmware" / "blocks")
    assert {block.name for block in found} >= {"provisioning", "transactions"}
    for block in found:
        first = block.path.read_text(encoding="utf-8").split("\n")[0]
        assert first.startswith("# "), block.path
        assert set(block.sections) <= set(SECTIONS)


def test_a_block_that_comes_goes_or_changes_makes_the_tables_anew(tmp_path):
    """build.mk, with programs that only note that they ran."""
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools/build.mk").write_bytes((ROOT / "tools/build.mk").read_bytes())
    for name in ("schema", "device_model"):
        (tmp_path / "tools" / name).mkdir()
        (tmp_path / "tools" / name / "compile.py").write_text("")
    (tmp_path / "tools/requirements.txt").write_text("")
    (tmp_path / "tools/no_floats.py").write_text("")
    python = tmp_path / "build/venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "RAN $1"\n')
    python.chmod(0o755)
    blocks = tmp_path / "firmware" / "blocks"
    blocks.mkdir(parents=True)

    def made():
        command = ["make", "-f", "tools/build.mk", f"ROOT={tmp_path}", "build/gen/stamp"]
        done = subprocess.run(
            command,
            cwd=tmp_path,
            env={**os.environ, "MAKEFLAGS": ""},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return [line for line in done.stdout.splitlines() if line.startswith("RAN")]

    all_three = ["RAN tools/device_model/compile.py", "RAN tools/schema/compile.py", "RAN -m"]
    assert made() == all_three
    assert made() == []
    path = block(blocks, "a", "[block]\n")
    os.utime(path, (0, 0))  # as an older folder that is copied here
    assert made() == all_three
    assert made() == []
    later = (tmp_path / "build/gen/stamp").stat().st_mtime + 5
    path.write_text("[messages]\n")
    os.utime(path, (later, later))
    assert made() == all_three
    os.utime(path, (0, 0))
    assert made() == []
    path.rename(path.with_name("code.py"))  # the programs tell that it has no declaration
    assert made() == all_three
    assert made() == []
    capabilities = tmp_path / "firmware/hal/capabilities.py"
    capabilities.parent.mkdir()
    capabilities.write_text("LOCK = 1\n")
    assert made() == all_three
    assert made() == []
    (path.parent / "code.py").unlink()
    path.parent.rmdir()
    assert made() == all_three
    assert made() == []
