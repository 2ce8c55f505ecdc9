"""The least heap at which the yardstick session (host_tests/yardstick.py) passes.

    python -m tools.least_heap [program]

Least is a size at which it passes three times of three, and as often with 1, 2 and 4 kB more: what
fits by luck, because of where the collector happens to start, does not count. The program is
build/unix/pilotwire, unless another one is given that takes the same options.
"""

import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

STEP = 1024
LOW, HIGH = 16 * STEP, 48 * STEP  # the bounds of the search
TIMES = 3
MORE = (0, 1, 2, 4)  # steps
_LIMIT_S = 90

# Plays one session in so many bytes; why it does not pass, or None.
Play = Callable[[int], Awaitable[str | None]]


class LeastHeapError(Exception):
    """The session passes in no heap."""


async def failure(
    heap: int,
    command: list[str] | None = None,
    enter: Callable[[str, Any], Awaitable[None]] | None = None,
) -> str | None:
    """Play one session in `heap` bytes; why it does not pass, or None.

    `command`: the program and its first options. `enter`: as yardstick.session() has it.
    """
    # The rig belongs to host_tests, which is no package.
    host_tests = str(Path(__file__).resolve().parents[1] / "host_tests")
    if host_tests not in sys.path:
        sys.path.insert(0, host_tests)
    import yardstick
    from rig import Rig

    async def play() -> None:
        async with rig:
            await yardstick.session(rig, heap, *([enter] if enter else []))

    with tempfile.TemporaryDirectory() as folder:
        rig = Rig(Path(folder), command)
        playing = asyncio.create_task(play())
        watching = asyncio.create_task(_crash(rig))
        await asyncio.wait(
            (playing, watching), timeout=_LIMIT_S, return_when=asyncio.FIRST_COMPLETED
        )
        crash = watching.result() if watching.done() else f"not over after {_LIMIT_S} s"
        watching.cancel()
        playing.cancel()
        await asyncio.wait((playing, watching))
    if playing.cancelled():
        return crash
    # Whatever comes out of a station without memory: an assertion, a CALLERROR ...
    error = playing.exception()
    return None if error is None else f"{type(error).__name__}: {error}"


async def _crash(rig: Any) -> str:
    """Wait until the firmware broke, and nothing that comes later matters; how."""
    while not (crashes := rig.crashes()):
        await asyncio.sleep(0.2)
    return str(crashes[0])


async def often(heap: int, play: Play = failure, times: int = TIMES) -> str | None:
    """Play it so many times; why one does not pass, or None. They mostly wait: side by side."""
    failures = await asyncio.gather(*(play(heap) for _ in range(times)))
    return next((why for why in failures if why is not None), None)


async def least_from(
    heap: int, play: Play = failure, times: int = TIMES, more: tuple[int, ...] = MORE
) -> int:
    """The least size from `heap` on, in steps, that passes as often as it must.

    Raises:
        LeastHeapError: not even HIGH is enough.
    """
    while heap <= HIGH:
        for steps in more:
            why = await often(heap + steps * STEP, play, times)
            if why is not None:
                break
        else:
            return heap
        heap += STEP
    raise LeastHeapError(f"the yardstick session does not pass in {HIGH} bytes: {why}")


def bisect(low: int, high: int, good: Callable[[int], bool]) -> int:
    """The least multiple of STEP for which `good`; `low` is not good, `high` is taken to be."""
    while high - low > STEP:
        middle = (low + high) // (2 * STEP) * STEP
        low, high = (low, middle) if good(middle) else (middle, high)
    return high


def least_heap(play: Play = failure) -> int:
    """In bytes. Raises: LeastHeapError."""

    async def good(heap: int) -> bool:
        return await play(heap) is None

    found = bisect(LOW, HIGH, lambda heap: asyncio.run(good(heap)))
    return asyncio.run(least_from(found, play))


def main() -> int:
    command = sys.argv[1:] or None
    print(f"least heap: {least_heap(lambda heap: failure(heap, command))} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
