"""hal.wake for CPython, whose event loop has no task queue to reach into."""

import asyncio


class Wake:
    def __init__(self):
        self._event = asyncio.Event()

    def set(self):
        self._event.set()

    async def wait_ms(self, timeout_ms):
        try:
            await asyncio.wait_for(self._event.wait(), timeout_ms / 1000)
        except TimeoutError:
            pass
        self._event.clear()
