"""`make bench`: speed and memory of the firmware. Prints the figures and writes build/bench.json;
what is over its goal is named, what is over its gate makes it fail.

A bench is a module of this folder with `run(build_dir) -> dict` (figure -> number, text, list or
dict of such); the figures of all together are one JSON object. `make bench ARGS=json_bench` runs
one.
"""

import importlib
import json
import sys
import time
from pathlib import Path

BUILD = Path(__file__).resolve().parents[2] / "build"

# In the order in which they run.
BENCHES = ("chip_bench", "profile", "json_bench", "station_bench")


class BenchError(Exception):
    """A bench is missing or broken."""


def over(figures: dict[str, object], limit: str) -> list[str]:
    """Figures {"value", "gate", "goal"} whose value is above that limit, in words."""
    found = []
    for name, figure in figures.items():
        if isinstance(figure, dict) and {"value", limit} <= figure.keys():
            value, most = figure["value"], figure[limit]
            if value > most:
                found.append(f"{name}: {value} is {value / most:.2f} times its {limit} of {most}")
    return found


def merge(figures: dict[str, object], name: str, found: object) -> None:
    """Add what the bench `name` found; a figure has one owner."""
    if not isinstance(found, dict) or not found:
        raise BenchError(f"{name}: run() returned no figures")
    for key, value in found.items():
        if key in figures:
            raise BenchError(f"{name}: the figure {key} is another bench's")
        figures[key] = value


def run(name: str, build: Path) -> object:
    try:
        module = importlib.import_module(f"tools.bench.{name}")
    except ModuleNotFoundError as error:
        raise BenchError(f"{name}: {error}") from None
    started = time.monotonic()
    found = module.run(build)
    print(f"bench: {name}: {time.monotonic() - started:.1f} s")
    return found


def show(figures: dict[str, object], indent: str = "  ") -> None:
    for key, value in figures.items():
        if isinstance(value, dict):
            print(f"{indent}{key}")
            show(value, indent + "  ")
        else:
            text = f"{value:.3f}" if isinstance(value, float) else value
            print(f"{indent}{key:<{44 - len(indent)}}{text}")


def main() -> int:
    wanted = sys.argv[1:] or BENCHES
    unknown = [name for name in wanted if name not in BENCHES]
    if unknown:
        print(f"bench: no such bench: {', '.join(unknown)}; there are: {', '.join(BENCHES)}")
        return 2
    figures: dict[str, object] = {}
    try:
        for name in wanted:
            merge(figures, name, run(name, BUILD))
    except (BenchError, RuntimeError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    show(figures)
    write(BUILD / "bench.json", figures)
    for line in over(figures, "goal"):
        print(f"bench: over the goal: {line}")
    too_much = over(figures, "gate")
    for line in too_much:
        print(f"bench: over the gate: {line}", file=sys.stderr)
    return 1 if too_much else 0


def write(path: Path, figures: dict[str, object]) -> None:
    """Renew these figures in the file; those of benches that did not run stay as they are."""
    before = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    path.write_text(json.dumps({**before, **figures}, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
