"""`make products`: chargers of several products, each built and played: it boots, charges, reports
and refuses what its blocks do not receive (host_tests/product_session.py).

ARGS="core without-reset" takes these of them, ARGS=--list tells which there are: core, all, all
without each block that can be left out, core with each block that is not of it.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
for folder in (ROOT, ROOT / "host_tests"):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))

from tools.blocks.declaration import Declaration, needs, read_all  # noqa: E402
from tools.blocks.product import folder_of, read  # noqa: E402

BLOCKS = ROOT / "firmware" / "blocks"
_PRODUCTS = ROOT / "boards" / "products"
_MADE = ROOT / "build" / "products"
NEVER_LEFT_OUT = {"provisioning"}  # firmware/blocks/README.md
_LONGEST_S = 120  # for one session


class Variant(NamedTuple):
    """A product that is tried."""

    name: str
    more: str | None  # what its file has besides that of `all`, or of `core`; None: it is that one

    def file(self) -> Path:
        """Its file, which is written if it is not one of boards/products."""
        if self.more is None:
            return _PRODUCTS / f"{self.name}.txt"
        base = "core" if self.name.startswith("core-") else "all"
        _MADE.mkdir(parents=True, exist_ok=True)
        path = _MADE / f"{self.name}.txt"
        text = (_PRODUCTS / f"{base}.txt").read_text(encoding="utf-8") + self.more
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
        return path

    def charger(self) -> Path:
        """The program that it is built as."""
        return ROOT / folder_of(str(self.file()), ROOT) / "unix" / "pilotwire"


def with_those_that_need(block: str, known: Mapping[str, Declaration]) -> set[str]:
    """A block, and those that can't be there without it."""
    found = {block}
    while more := {
        name
        for name in known.keys() - found
        if found & {needed for needed, _ in needs(known[name])}
    }:
        found |= more
    return found


def with_what_it_needs(block: str, known: Mapping[str, Declaration]) -> set[str]:
    """A block, and those that it can't be there without."""
    found: set[str] = set()
    left = {block}
    while left:
        name = left.pop()
        found.add(name)
        left |= {needed for needed, _ in needs(known[name])} - found
    return found


def left_out() -> dict[str, set[str]]:
    """Each block that can be left out, with those that need it."""
    known = {block.name: block for block in read_all(BLOCKS)}
    found = {name: with_those_that_need(name, known) for name in sorted(known)}
    return {name: gone for name, gone in found.items() if not gone & NEVER_LEFT_OUT}


def variants() -> list[Variant]:
    """All products that are tried."""
    known = {block.name: block for block in read_all(BLOCKS)}
    of_core = read(_PRODUCTS / "core.txt", ROOT).blocks
    found = [Variant("core", None), Variant("all", None)]
    for name, gone in left_out().items():
        found.append(Variant(f"without-{name}", f"without {' '.join(sorted(gone))}\n"))
    for name in sorted(known.keys() - of_core.keys()):
        extra = with_what_it_needs(name, known) - of_core.keys()
        found.append(Variant(f"core-and-{name}", f"blocks {' '.join(sorted(extra))}\n"))
    return found


class BuildError(Exception):
    """A step of the build has failed; str() is what it said."""


def step(product: str, *command: str) -> None:
    """Run a step of the build, with PRODUCT= so. Raises: BuildError."""
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "PRODUCT": product, "BOARD": "", "HEAP": "", "MAKEFLAGS": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BuildError(done.stdout.strip())


def build(product: str) -> Path:
    """Build the charger of a product; its folder. Raises: BuildError."""
    step(product, "sh", "tools/build.sh")
    return ROOT / folder_of(product, ROOT)


def build_image(product: str, board: str) -> Path:
    """Build the image of a product for a board; the product's folder. Raises: BuildError."""
    step(product, "sh", "tools/image.sh", board)
    return ROOT / folder_of(product, ROOT)


def prepare(out: Path) -> None:
    """Make all that is compiled of the product that `out`/gen/product.json tells, and stop there.

    Raises: BuildError.
    """
    tree = (ROOT / "build" / "stamps" / "tree").read_text(encoding="utf-8").strip()
    settings = (f"ROOT={ROOT}", f"TREE={tree}", f"OUT={out}")
    step("", "make", "-f", "tools/build.mk", *settings, f"{out}/gen/stamp", f"{out}/frozen/stamp")


def play(variant: Variant) -> None:
    """
    Raises:
        AssertionError, TimeoutError, ChargerError: it does not do what it has to.
    """
    from product_session import session

    product = read(variant.file(), ROOT)
    with tempfile.TemporaryDirectory(prefix="pilotwire-") as folder:
        played = session(Path(folder), variant.charger(), product, read_all(BLOCKS))
        asyncio.run(asyncio.wait_for(played, _LONGEST_S))


def _try(variant: Variant, place: str) -> bool:
    print(f"{place} {variant.name}: builds", end="", flush=True)
    began = time.monotonic()
    try:
        build(str(variant.file()))
    except BuildError as error:
        print(f"\n{error}\n{variant.name}: FAILED to build", flush=True)
        return False
    built = time.monotonic()
    print(f" {built - began:.0f} s, plays", end="", flush=True)
    try:
        play(variant)
    except (AssertionError, TimeoutError, _charger_error()):
        print(f"\n{traceback.format_exc()}{variant.name}: FAILED", flush=True)
        return False
    size = variant.charger().stat().st_size
    print(f" {time.monotonic() - built:.0f} s, passed; {size} bytes", flush=True)
    return True


def _charger_error() -> type[Exception]:
    from tools.csms.charger import ChargerError

    return ChargerError


def main() -> int:
    every = {variant.name: variant for variant in variants()}
    parser = argparse.ArgumentParser(prog="make products", description=__doc__)
    parser.add_argument("--list", action="store_true", help="tell their names")
    parser.add_argument("names", nargs="*", metavar="NAME", help="of those to try; all")
    options = parser.parse_args()
    if options.list:
        print("\n".join(every))
        return 0
    if unknown := [name for name in options.names if name not in every]:
        print(f"{unknown[0]}: no such product; there are {', '.join(every)}", file=sys.stderr)
        return 2
    chosen = [every[name] for name in options.names or every]
    passed = [_try(each, f"{n}/{len(chosen)}") for n, each in enumerate(chosen, 1)]
    print(f"{sum(passed)} of {len(chosen)} products pass")
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
