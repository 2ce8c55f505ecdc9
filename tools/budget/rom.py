"""ROM by part: of the images for chips, of the generated tables, and of the simulated charger."""

import ast
import subprocess
from collections import Counter
from pathlib import Path

from tools import image_size

CHIP = "cortex_m3"
OTHER_CHIP = "rv32"


def image(build: Path, board: str, kind: str = "port") -> image_size.Image | None:
    """An image that was built, or None. `kind`: "port", or "empty" for that without firmware."""
    folder = build / board / kind
    return image_size.read_image(folder) if (folder / "firmware.elf").exists() else None


def chip_figures(build: Path) -> dict[str, int]:
    """The figures of the limits that are ROM; what is not built is left out."""
    found = {}
    chip, empty = image(build, CHIP), image(build, CHIP, "empty")
    if chip is not None:
        found["image_all"] = chip.charger_rom()
        if empty is not None:
            found["firmware"] = image_size.firmware_rom(chip, empty)
    other = image(build, OTHER_CHIP)
    if other is not None:
        found["image_rv32"] = other.charger_rom()
    return found


def object_size(path: Path) -> dict[str, int]:
    """text, data and bss of an object or program, as the size command tells them."""
    output = subprocess.run(
        ["size", str(path)], check=True, capture_output=True, text=True
    ).stdout.split("\n")[1]
    return dict(zip(("text", "data", "bss"), map(int, output.split()[:3]), strict=True))


def frozen_parts(folder: Path) -> dict[str, int]:
    """Bytes of bytecode, tables and names of each part of the firmware, by its .mpy files."""
    parts: Counter[str] = Counter()
    for path in folder.rglob("*.mpy"):
        parts[path.relative_to(folder).with_suffix("").parts[0]] += path.stat().st_size
    return dict(sorted(parts.items()))


def table_sizes(folder: Path) -> dict[str, int]:
    """Bytes of ROM of each generated module's tables: its constants of type bytes."""
    sizes = {}
    for path in sorted(folder.glob("*.py")):
        constants = [
            node.value.value
            for node in ast.parse(path.read_text(encoding="utf-8")).body
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        ]
        size = sum(len(value) for value in constants if isinstance(value, bytes))
        if size > 0:
            sizes[path.stem] = size
    return sizes


def unix_program(build: Path) -> dict[str, object]:
    """The simulated charger's program: x86 code, so it has no limits."""
    port = build / "unix" / "port"
    frozen = object_size(port / "frozen_content.o")
    return {
        "program": object_size(build / "unix" / "pilotwire"),
        "frozen": frozen["text"] + frozen["data"],
        "frozen_parts": frozen_parts(port / "frozen_mpy"),
    }
