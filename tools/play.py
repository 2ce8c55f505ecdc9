"""`make play`: random play with a charger on an accelerated clock; ends 1 at a broken invariant.

HOURS=24 of the station's time, SEED=n makes the same play again, SHRINK=1 looks for fewer steps,
STEPS=file plays those that a break has left.
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
for folder in (ROOT, ROOT / "host_tests"):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))

from play import Broken, Play  # noqa: E402
from play_steps import step, world  # noqa: E402
from rig import BINARY, MAKES, Rig  # noqa: E402

from tools import settings  # noqa: E402
from tools.csms.charger import ChargerError  # noqa: E402

_LOG_LINES = 12
_HANGS_S = 120  # real time for one step
_KEPT = ROOT / "build" / "play.json"
_RUNS = 60  # to shrink in


class Outcome:
    """How a play ended: `why` is None, or what broke; `steps` are those that were done."""

    def __init__(self) -> None:
        self.why: str | None = None
        self.steps: list[Any] = []
        self.lines: list[str] = []
        self.hours = 0.0
        self.counts: dict[str, int] = {}
        self.transactions = 0
        self.charging = 0
        self.heap: list[int] = []


async def _play(values: dict[str, str], source: Any, outcome: Outcome) -> None:
    """Do the steps that `source(hours so far)` gives, up to None."""
    with tempfile.TemporaryDirectory(prefix="pilotwire-") as folder:
        rig = Rig(Path(folder))
        game = Play(rig, values)
        with contextlib.suppress(AssertionError):  # of the rig's end: told by the play already
            async with rig:
                try:
                    await asyncio.wait_for(game.start(), _HANGS_S)
                    while (each := source(game.played_s / 3600)) is not None:
                        outcome.steps.append(each)
                        await asyncio.wait_for(game.do(each), _HANGS_S)
                    await asyncio.wait_for(game.finish(), _HANGS_S)
                except Broken as error:
                    outcome.why = str(error)
                except TimeoutError:
                    outcome.why = f"a step is not over after {_HANGS_S} s"
                except (ConnectionError, ChargerError) as error:
                    outcome.why = f"the charger has ended: {error}"
                outcome.hours = game.played_s / 3600
                outcome.lines = game.last_messages()
                if game.station.charger is not None:
                    outcome.lines += ["its log:", *game.station.log[-_LOG_LINES:]]
                outcome.counts = dict(game.checks.counts)
                outcome.heap = game.heap
                outcome.charging = game.checks.charging
                outcome.transactions = len(game.csms.ledger.transactions)


def _run(values: dict[str, str], source: Any) -> Outcome:
    outcome = Outcome()
    asyncio.run(_play(values, source, outcome))
    return outcome


def _replay(values: dict[str, str], steps: list[Any]) -> Outcome:
    rest = iter(steps)
    return _run(values, lambda hours: next(rest, None))


def shrink(values: dict[str, str], steps: list[Any]) -> list[Any]:
    """Fewer steps that still break something, by leaving out halves, quarters and so on."""
    size, runs = max(1, len(steps) // 2), 0
    while runs < _RUNS:
        at = 0
        while at < len(steps) and runs < _RUNS:
            fewer = steps[:at] + steps[at + size :]
            runs += 1
            if _replay(values, fewer).why is not None:
                steps = fewer
            else:
                at += size
        if size == 1:
            break
        size //= 2
    return steps


def _show_break(seed: int, values: dict[str, str], outcome: Outcome, options: Any) -> None:
    print(f"\nBROKEN: {outcome.why}\nat step {len(outcome.steps)}; settings {json.dumps(values)}")
    print("\n".join(outcome.lines))
    print(f"again: make play HOURS={options.hours:g} SEED={seed}; SHRINK=1 looks for fewer steps")
    steps = outcome.steps
    if options.shrink:
        steps = shrink(values, steps)
        print(
            f"shrunk to {len(steps)} of {len(outcome.steps)} steps: {_replay(values, steps).why}"
        )
    _KEPT.parent.mkdir(parents=True, exist_ok=True)
    _KEPT.write_text(json.dumps({"settings": values, "steps": steps}))
    print(f"the steps are in a file: make play STEPS={_KEPT.relative_to(ROOT)}; the last ones:")
    for each in steps[-10:]:
        print("  " + json.dumps(each))


def _kept(path: Path) -> tuple[dict[str, str], list[Any]]:
    """Settings and steps that a break has left.

    Raises:
        settings.SettingError: the file has something else.
    """
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        return dict(kept["settings"]), list(kept["steps"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise settings.SettingError(
            f"STEPS={path}: {error!r}; wanted is a file that a play has left, as {_KEPT.name}"
        ) from error


def _options() -> argparse.Namespace:
    env = {name: text for name, text in os.environ.items() if text}
    parser = argparse.ArgumentParser(prog="tools/play.py", description=__doc__)
    parser.add_argument("--hours", type=float, default=float(env.get("HOURS", 24)))
    seed = int(env["SEED"]) if "SEED" in env else random.SystemRandom().randrange(1 << 30)
    parser.add_argument("--seed", type=int, default=seed)
    shrinks = env.get("SHRINK", "0") != "0"
    parser.add_argument("--shrink", action="store_true", default=shrinks)
    parser.add_argument("--steps", type=Path, default=env.get("STEPS"), help="of a break")
    return parser.parse_args()


def main() -> int:
    try:
        settings.check(("HOURS", "SEED", "STEPS"))
        options = _options()
        kept = _kept(Path(options.steps)) if options.steps else None
    except settings.SettingError as error:
        print(error, file=sys.stderr)
        return 2
    if not BINARY.exists():
        print(f"{BINARY.relative_to(ROOT)} is missing; {MAKES} makes it")
        return 2
    began = time.monotonic()
    if kept is not None:
        values, steps = kept
        outcome = _replay(values, steps)
    else:
        print(f"seed {options.seed}, {options.hours:g} h", flush=True)
        rnd = random.Random(options.seed)
        values = world(rnd)
        outcome = _run(values, lambda hours: step(rnd) if hours < options.hours else None)
    said = ", ".join(f"{count} {action}" for action, count in sorted(outcome.counts.items()))
    print(
        f"{len(outcome.steps)} steps, {outcome.hours:.1f} h in {time.monotonic() - began:.0f} s, "
        f"{outcome.transactions} transactions, seen charging {outcome.charging} times; {said}"
    )
    if outcome.why is None:
        before, after = outcome.heap
        print(f"no invariant broken; heap in use after the boot {before} B, at the end {after} B")
        return 0
    _show_break(options.seed, values, outcome, options)
    return 1


if __name__ == "__main__":
    sys.exit(main())
