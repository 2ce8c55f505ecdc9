"""A clock that can run fast and jump: the CSMS keeps step with a station whose time does."""

import asyncio
import datetime
import time


class SimClock:
    """UTC that starts as now (or at `start`) and is then moved along with the station's clock.

    Attributes:
        moving: asyncio.Lock, held while the station's clock has moved and this one has not yet;
            whoever tells a station the time waits for it, or would set it back.
    """

    def __init__(self, start=None):
        self._base = start or datetime.datetime.now(datetime.UTC)
        self._since = time.monotonic()
        self.factor = 1
        self.moving = asyncio.Lock()

    def __call__(self):
        return self.now()

    def now(self):
        """datetime, UTC."""
        elapsed = (time.monotonic() - self._since) * self.factor
        return self._base + datetime.timedelta(seconds=elapsed)

    def advance(self, seconds):
        """Jump ahead."""
        self._base += datetime.timedelta(seconds=seconds)

    def run_at(self, factor):
        """From now on run `factor` times as fast."""
        self._base = self.now()
        self._since = time.monotonic()
        self.factor = factor

    async def told(self):
        """`stamp`, once the clock does not move."""
        async with self.moving:
            return self.stamp()

    def stamp(self):
        """Now as a date-time of OCPP, to the second."""
        return self.now().strftime("%Y-%m-%dT%H:%M:%SZ")
