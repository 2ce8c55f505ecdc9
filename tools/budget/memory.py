"""RAM on the emulated chip: the yardstick session in the least heap there, and heap over time.

All RAM is data and bss without the simulation's, the heap, and the most that the firmware's stack
and the handlers' stack have held. The control side of the simulation runs on the handlers' stack:
what counts of that one is what it has held before the session uses the control side.
"""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

from tools import least_heap
from tools.budget.plot import Phase, Sample
from tools.image_size import Image

STEP = least_heap.STEP
TIMES = 2  # of two: the session takes 10 s, and CI has minutes
MORE = (0, 1)  # steps
_SAMPLE_S = 0.1
_LIVE_S = 0.5  # a collection as often as that is no burden


async def facts(station: Any) -> dict[str, int]:
    """What the chip tells of itself (boards/cortex_m3/README.md, the control line)."""
    reader, writer = await asyncio.open_connection("127.0.0.1", station.charger.control_port)
    writer.write(b"!\n")
    answer = json.loads(await reader.readline())
    writer.close()
    return dict(answer)


class Watch:
    """Hears of the phases of one session, and asks the chip how much stack it has used.

    Attributes:
        stack, handler_stack: bytes; 0: the session did not get so far.
    """

    def __init__(self) -> None:
        self.stack = 0
        self.handler_stack = 0

    async def enter(self, phase: str, station: Any) -> None:
        if phase == "reports":
            self.handler_stack = (await facts(station))["handler_stack_used"]
        elif phase == "end":
            self.stack = (await facts(station))["stack_used"]


class Sampler:
    """Hears of the phases of one session, and samples the heap in between."""

    def __init__(self) -> None:
        self.samples: list[Sample] = []
        self.phases: list[Phase] = []
        self._start = 0.0
        self._task: asyncio.Task[None] | None = None

    async def enter(self, phase: str, station: Any) -> None:
        self._start = self._start or time.monotonic()
        if phase != "end":
            self.phases.append(Phase(self._now(), phase))
        if self._task is None:
            self._task = asyncio.create_task(self._sample(station))

    def _now(self) -> float:
        return time.monotonic() - self._start

    async def _sample(self, station: Any) -> None:
        next_live = _LIVE_S
        while station.charger.running():
            used = (await facts(station))["heap_used"]
            self.samples.append(Sample(self._now(), used, False))
            if self._now() >= next_live:
                next_live = self._now() + _LIVE_S
                try:
                    live = (await station.command("heap"))["used"]
                except Exception:  # noqa: BLE001  # it restarts just now
                    continue
                self.samples.append(Sample(self._now(), live, True))
            await asyncio.sleep(_SAMPLE_S)

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)


async def near(guess: int, play: least_heap.Play) -> int:
    """The least size that passes once, sought from `guess` on, two sizes at a time.

    Raises:
        LeastHeapError: not even HIGH is enough.
    """
    high = guess
    while True:
        smaller, why = await asyncio.gather(play(high - STEP), play(high))
        if why is None and smaller is not None:
            return high
        high += STEP if why is not None else -STEP
        if not least_heap.LOW < high <= least_heap.HIGH:
            raise least_heap.LeastHeapError(f"the yardstick session in {high} bytes: {why}")


class Memory:
    """What the yardstick session needs on the chip: bytes each."""

    def __init__(self, heap: int, stack: int, handler_stack: int) -> None:
        self.heap = heap
        self.stack = stack
        self.handler_stack = handler_stack

    def parts(self, image: Image) -> dict[str, int]:
        """All RAM by part."""
        static = {part: size for part, size in image.charger_ram_parts().items()}
        return {
            "heap": self.heap,
            "stack": self.stack,
            "handlers' stack": self.handler_stack,
            **static,
        }


def measure(program: Path, guess: int | None) -> Memory:
    """Find the least heap and what the stacks hold in it. Raises: LeastHeapError."""
    watches: dict[int, list[Watch]] = {}

    async def play(heap: int) -> str | None:
        watch = Watch()
        watches.setdefault(heap, []).append(watch)
        return await least_heap.failure(heap, [str(program)], watch.enter)

    async def search() -> int:
        found = await near(guess or 28 * STEP, play)
        return await least_heap.least_from(found, play, TIMES, MORE)

    heap = asyncio.run(search())
    seen = watches[heap]
    return Memory(heap, max(w.stack for w in seen), max(w.handler_stack for w in seen))


def heap_over_time(program: Path, heap: int) -> Sampler:
    """One session's heap. Raises: LeastHeapError: it does not pass."""
    sampler = Sampler()

    async def play() -> str | None:
        try:
            return await least_heap.failure(heap, [str(program)], sampler.enter)
        finally:
            await sampler.stop()

    why = asyncio.run(play())
    if why is not None:
        raise least_heap.LeastHeapError(f"the session of the plot, in {heap} bytes: {why}")
    return sampler
