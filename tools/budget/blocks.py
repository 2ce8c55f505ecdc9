"""What each functional block costs: the image and its RAM with it, minus those without it.

    python -m tools.budget.blocks [BLOCK...]

A product is built without the block (and without those that need it; these are gone from the one
that it is compared with, too), for the emulated chip. RAM is data, bss, and the heap that is live
when the station has booted and nothing is being said; a block without which no station boots has
none that could be measured.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from tools.blocks.declaration import read_all
from tools.budget import rom
from tools.products import (
    NEVER_LEFT_OUT,
    BuildError,
    Variant,
    build_image,
    with_those_that_need,
)

ROOT = Path(__file__).resolve().parents[2]
BLOCKS = ROOT / "firmware" / "blocks"
_READINGS = 3
_BOOT_S = 60

Row = dict[str, int | None]


class Size(NamedTuple):
    """Of an image, in bytes."""

    rom: int
    ram: int | None  # None: it was not measured


class BootError(Exception):
    """A charger does not boot."""


def product_of(without: frozenset[str]) -> str:
    """PRODUCT= of the product without these blocks; "" is all."""
    if not without:
        return ""
    names = sorted(without)
    return str(Variant(f"without-{'-'.join(names)}", f"without {' '.join(names)}\n").file())


async def live_heap(program: Path) -> int:
    """Bytes of heap that are live when the station has booted. Raises: BootError."""
    host_tests = str(ROOT / "host_tests")  # which is no package
    if host_tests not in sys.path:
        sys.path.insert(0, host_tests)
    from rig import Rig

    async def play(rig: Any) -> int:
        async with rig:
            csms = await rig.csms()
            station = await rig.station(csms)
            await csms.expect("BootNotification")
            await rig.quiet(csms)
            return min([(await station.command("heap"))["used"] for _ in range(_READINGS)])

    with tempfile.TemporaryDirectory() as folder:
        try:
            return await asyncio.wait_for(play(Rig(Path(folder), [str(program)])), _BOOT_S)
        except Exception as error:
            raise BootError(f"{program.parent}: {type(error).__name__}: {error}") from error


def measure(without: frozenset[str]) -> Size:
    """The image without these blocks. Raises: BuildError, BootError."""
    folder = build_image(product_of(without), rom.CHIP)
    image = rom.image(folder, rom.CHIP)
    assert image is not None
    static = sum(image.charger_ram_parts().values())
    if NEVER_LEFT_OUT & without:
        return Size(image.charger_rom(), None)
    heap = asyncio.run(live_heap(folder / rom.CHIP / "pilotwire"))
    return Size(image.charger_rom(), static + heap)


def rows(chosen: Iterable[str] = ()) -> dict[str, Row]:
    """ROM and RAM of each block, in bytes; `chosen`: of these alone.

    Raises: BuildError, BootError.
    """
    known = {block.name: block for block in read_all(BLOCKS)}
    sizes: dict[frozenset[str], Size] = {}

    def size(without: frozenset[str]) -> Size:
        if without not in sizes:
            sizes[without] = measure(without)
        return sizes[without]

    found: dict[str, Row] = {}
    for name in chosen or known:
        print(f"budget: the image without {name}", file=sys.stderr, flush=True)
        others = frozenset(with_those_that_need(name, known) - {name})
        more, less = size(others), size(others | {name})
        ram = None if more.ram is None or less.ram is None else more.ram - less.ram
        found[name] = {"rom": more.rom - less.rom, "ram": ram}
    return found


def core_rom() -> int:
    """Bytes of ROM of the image of boards/products/core.txt. Raises: BuildError."""
    image = rom.image(build_image("core", rom.CHIP), rom.CHIP)
    assert image is not None
    return image.charger_rom()


def lines(found: dict[str, Row]) -> list[str]:
    out = [f"{'what each block costs, in bytes':48}{'ROM':>9}{'RAM':>9}"]
    for name, row in sorted(found.items(), key=lambda item: -(item[1]["rom"] or 0)):
        ram = "-" if row["ram"] is None else str(row["ram"])
        out.append(f"  {name:46}{row['rom']:>9}{ram:>9}")
    return out


def main() -> int:
    known = [block.name for block in read_all(BLOCKS)]
    parser = argparse.ArgumentParser(prog="tools.budget.blocks", description="what blocks cost")
    parser.add_argument("block", nargs="*", choices=[*known, []], help="; all without one")
    try:
        print("\n".join(lines(rows(parser.parse_args().block))))
    except (BuildError, BootError) as error:
        print(f"budget: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
