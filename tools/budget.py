"""`make budget`: sizes and memory against their limits. Prints them and writes build/budget.json.

Each figure of LIMITS is {"value", "gate", "goal"} in bytes; a value above its gate fails, a value
that nothing measures yet is null. Under "tables" is the ROM of the generated tables, under "unix"
are the parts of the simulated charger's program, for comparing one change with another: its
machine code is x86, so they have no limits.
"""

import ast
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from tools import least_heap

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "build"
KB = 1000


class Limit(NamedTuple):
    """What is measured, and the most that it may (gate) and should (goal) be, in bytes."""

    what: str
    gate: int | None
    goal: int | None


LIMITS = {
    "image": Limit("image, Core + local list + reservation, no TLS", 210 * KB, 200 * KB),
    "image_all": Limit("image, all 64 messages, no TLS", None, 225 * KB),
    "image_rv32": Limit("image, all 64 messages, no TLS, RV32", None, None),
    "image_tls": Limit("image with the TLS client", 290 * KB, 280 * KB),
    "firmware": Limit("firmware alone: code, tables, names", 105 * KB, 95 * KB),
    "ram": Limit("all RAM, no TLS", 40 * KB, 36 * KB),
    "ram_tls": Limit("all RAM, mutual TLS", 56 * KB, 50 * KB),
    "least_heap": Limit("least heap", 32 * KB, 30 * KB),
    "least_heap_tls": Limit("least heap, mutual TLS", 48 * KB, 45 * KB),
}


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


def unix_figures(build: Path) -> dict[str, object]:
    port = build / "unix" / "port"
    frozen = object_size(port / "frozen_content.o")
    return {
        "program": object_size(build / "unix" / "pilotwire"),
        "frozen": frozen["text"] + frozen["data"],
        "frozen_parts": frozen_parts(port / "frozen_mpy"),
    }


def over_the_gate(figures: dict[str, dict[str, int | None]]) -> list[str]:
    """What is larger than it may be, in words."""
    over = []
    for name, figure in figures.items():
        value, gate = figure["value"], figure["gate"]
        if value is not None and gate is not None and value > gate:
            over.append(f"{name}: {value} B is {value - gate} B over its gate of {gate} B")
    return over


def show(
    figures: dict[str, dict[str, int | None]], tables: dict[str, int], unix: dict[str, object]
) -> None:
    print(f"{'bytes':48}{'value':>9}{'gate':>9}{'goal':>9}")
    for name, figure in figures.items():
        cells = ["-" if v is None else str(v) for v in figure.values()]
        print(f"{LIMITS[name].what:48}" + "".join(f"{cell:>9}" for cell in cells))
    print("\nROM of the generated tables")
    for name, size in {**tables, "all": sum(tables.values())}.items():
        print(f"  {name:46}{size:>9}")
    print("\nthe simulated charger's program (x86, no limits)")
    for name, value in unix.items():
        text = value
        if isinstance(value, dict):
            text = "  ".join(f"{part} {size}" for part, size in value.items())
        print(f"  {name:14}{text}")


def main() -> int:
    # A figure gets its value when the build or the yardstick session that measures it exists.
    try:
        measured = {"least_heap": least_heap.least_heap()}
    except least_heap.LeastHeapError as error:
        print(f"budget: {error}", file=sys.stderr)
        return 1
    figures = {
        name: {"value": measured.get(name), "gate": limit.gate, "goal": limit.goal}
        for name, limit in LIMITS.items()
    }
    unix = unix_figures(BUILD)
    tables = table_sizes(BUILD / "gen" / "tables")
    path = BUILD / "budget.json"
    text = json.dumps({**figures, "tables": tables, "unix": unix}, indent=2) + "\n"
    path.write_text(text, encoding="utf-8")
    show(figures, tables, unix)
    over = over_the_gate(figures)
    for line in over:
        print(f"budget: {line}", file=sys.stderr)
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
