"""Wake-ups: one task sleeps until it is woken or its time is up. No task and no object is made for
a wait.
"""

from asyncio import core


class Wake:
    """Like asyncio.Event with a time-out, for one waiting task, at a fraction of the cost."""

    def __init__(self):
        self._task = None  # that sleeps
        self._set = False

    def set(self):
        """Wake the task, or let its next wait end at once."""
        self._set = True
        task = self._task
        if task is not None:
            self._task = None
            core._task_queue.remove(task)
            core._task_queue.push(task)

    def clear(self):
        """Forget what was set: it has been looked after."""
        self._set = False

    async def wait_ms(self, timeout_ms):
        """Sleep until set() or for `timeout_ms` (0 to 2**29 - 1); what was set is forgotten."""
        if not self._set and timeout_ms > 0:
            self._task = core.cur_task
            try:
                await core.sleep_ms(timeout_ms)
            finally:
                self._task = None
        self._set = False
