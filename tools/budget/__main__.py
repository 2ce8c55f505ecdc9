"""`make budget`: sizes and memory against their limits. See README.md of this folder.

python -m tools.budget [--record]
"""

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path

from tools import least_heap
from tools.budget import blocks, forecast, limits, memory, plot, record, rom
from tools.image_size import SIMULATION, Image
from tools.products import BuildError

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
CHIP_HEAP = "chip_heap"  # in last.json: where the search starts the next time
TITLES = {
    "rom_parts": "ROM of the image by part",
    "rom_files": "ROM of the frozen files",
    "ram_parts": "RAM by part over the yardstick session, in the least heap on the chip",
    SIMULATION: "what only simulates hardware (in no figure)",
}
_SPARE = (
    4096  # bytes that the session of the plot has more than the least heap: it collects oftener
)


def show_figures(figures: limits.Figures, before: record.Record) -> None:
    print(f"{'bytes':48}{'value':>9}{'gate':>9}{'goal':>9}{'change':>9}  since {before.commit}")
    for name, figure in figures.items():
        change = before.change(name, figure["value"])
        cells = ["-" if v is None else str(v) for v in figure.values()]
        cells.append("-" if change is None else f"{change:+d}")
        print(f"{limits.LIMITS[name].what:48}" + "".join(f"{cell:>9}" for cell in cells))


def show_parts(title: str, parts: Mapping[str, int]) -> None:
    print(f"\n{title}")
    for name, size in sorted(parts.items(), key=lambda part: -part[1]):
        print(f"  {name:46}{size:>9}")
    print(f"  {'all':46}{sum(parts.values()):>9}")


def details(image: Image, needed: memory.Memory) -> dict[str, dict[str, int]]:
    """ROM and RAM of the chip by part."""
    return {
        "rom_parts": {part: size for part, size in image.rom.items() if part != SIMULATION},
        "rom_files": dict(image.files),
        "ram_parts": needed.parts(image),
        SIMULATION: {"rom": image.rom[SIMULATION], "ram": image.ram[SIMULATION]},
    }


def chip(before: record.Record) -> tuple[dict[str, int], dict[str, dict[str, int]]]:
    """Figures and details of the emulated chip; draws the plot. Raises: LeastHeapError."""
    image = rom.image(BUILD, rom.CHIP)
    if image is None:
        return {}, {}
    program = BUILD / rom.CHIP / "pilotwire"
    needed = memory.measure(program, before.figures.get(CHIP_HEAP))
    found = {
        **rom.chip_figures(BUILD),
        "ram": sum(needed.parts(image).values()),
        CHIP_HEAP: needed.heap,
    }
    heap = needed.heap + _SPARE
    seen = memory.heap_over_time(program, heap)
    picture = plot.svg(
        seen.samples, seen.phases, heap, "Heap over the yardstick session, Cortex-M3"
    )
    (BUILD / "heap.svg").write_text(picture, encoding="utf-8")
    return found, details(image, needed)


def to_come() -> dict[str, float]:
    """The forecast (forecast.py)."""
    image = rom.image(BUILD, rom.CHIP)
    if image is None:
        return {}
    tables = rom.table_sizes(BUILD / "gen" / "tables")
    there = forecast.built(BUILD, image, tables["device_model"])
    return forecast.forecast(there, forecast.all_actions())


def content(figures: limits.Figures, more: Mapping[str, object]) -> dict[str, object]:
    """What build/budget.json says: the figures under the keys that others rely on, and details."""
    taken = set(figures) & set(more)
    if taken:
        raise ValueError(f"details under the name of a figure: {', '.join(sorted(taken))}")
    return {**figures, **more}


def report(
    figures: limits.Figures,
    parts: dict[str, dict[str, int]],
    rows: dict[str, blocks.Row],
    before: record.Record,
) -> None:
    tables = rom.table_sizes(BUILD / "gen" / "tables")
    unix = rom.unix_program(BUILD)
    expected = to_come()
    more = {"blocks": rows, "forecast": expected, "tables": tables, "unix": unix}
    said = content(figures, {**parts, **more})
    text = json.dumps(said, indent=2) + "\n"
    (BUILD / "budget.json").write_text(text, encoding="utf-8")
    for name, sizes in parts.items():
        show_parts(TITLES[name], sizes)
    show_parts("ROM of the generated tables (bytes constants)", tables)
    print("", *blocks.lines(rows), "", sep="\n")
    if expected:
        print(*forecast.lines(expected), "", sep="\n")
    show_figures(figures, before)


def main() -> int:
    parser = argparse.ArgumentParser(prog="tools.budget", description="sizes against limits")
    parser.add_argument("--record", action="store_true", help="write tools/budget/last.json")
    options = parser.parse_args()
    before = record.last()
    try:
        measured, parts = chip(before)
        measured["least_heap"] = least_heap.least_heap()
        measured["image"] = measured["image_core"] = blocks.core_rom()
        rows = blocks.rows()
    except (least_heap.LeastHeapError, BuildError, blocks.BootError) as error:
        print(f"budget: {error}", file=sys.stderr)
        return 1
    figures = limits.figures_of(measured)
    report(figures, parts, rows, before)
    if options.record:
        print(f"\nrecorded in {record.renew(measured).relative_to(ROOT)}")
    over = limits.over_the_gate(figures)
    for line in over:
        print(f"budget: {line}", file=sys.stderr)
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
