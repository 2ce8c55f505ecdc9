"""Timers: one asyncio task for all of them, woken for the next one that is due."""

import time

from micropython import const

from hal.wake import Wake

_IDLE_MS = const(3600000)


class Timer:
    """Calls `callback()` once, when it is due. Owned by whoever waits; started and stopped through
    `Timers`.
    """

    def __init__(self, callback):
        self.callback = callback
        self.due = None  # ticks, or None while it does not run

    def active(self):
        return self.due is not None


class Timers:
    """Runs timers in one task. A callback is short, and does not raise."""

    def __init__(self):
        self._running = []
        self._wake = Wake()

    def start(self, timer, delay_ms):
        """(Re)start `timer`.

        Args:
            timer: a Timer.
            delay_ms: 0 to 2**29 - 1; a longer time is for the caller to cut into pieces.
        """
        if timer.due is None:
            self._running.append(timer)
        timer.due = time.ticks_add(time.ticks_ms(), delay_ms)
        self._wake.set()

    def stop(self, timer):
        """Stop `timer`; no effect when it does not run."""
        if timer.due is not None:
            timer.due = None
            self._running.remove(timer)

    def wake(self):
        """Look at all timers again: the clock has jumped."""
        self._wake.set()

    def fire_due(self):
        """Call back every timer that is due, the earliest first; the ms to the next one."""
        while True:
            first = None
            wait = _IDLE_MS
            now = time.ticks_ms()
            for timer in self._running:
                left = time.ticks_diff(timer.due, now)
                if left < wait:
                    wait = left
                    first = timer
            if first is None or wait > 0:
                return wait
            self.stop(first)
            first.callback()

    async def run(self):
        while True:
            wait = self.fire_due()
            self._wake.clear()  # what its callbacks have started is counted
            await self._wake.wait_ms(wait)
