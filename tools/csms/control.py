"""Client of the simulated charger's control socket (boards/unix/README.md)."""

import asyncio
import json

_LONGEST_LINE = 1 << 20


class ControlError(Exception):
    """The charger refused a command; str() is its explanation."""


class Control:
    """One control connection. Use `await Control.connect(...)`.

    Attributes:
        events: asyncio.Queue of the lines with "event".
    """

    def __init__(self, reader, writer):
        self._reader = reader
        self._writer = writer
        self._waiting = {}
        self._last = 0
        self.events = asyncio.Queue()
        self._task = asyncio.create_task(self._listen())

    @classmethod
    async def connect(cls, host, port):
        reader, writer = await asyncio.open_connection(host, port, limit=_LONGEST_LINE)
        return cls(reader, writer)

    async def close(self):
        self._task.cancel()
        self._writer.close()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _listen(self):
        try:
            while line := await self._reader.readline():
                reply = json.loads(line)
                if "event" in reply:
                    self.events.put_nowait(reply)
                elif (future := self._waiting.pop(reply.get("id"), None)) and not future.done():
                    future.set_result(reply)
        except (OSError, ValueError) as error:
            self._end(ConnectionError(f"control connection: {error}"))
        self._end(ConnectionError("the charger has closed the control connection"))

    def _end(self, error):
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(error)
        self._waiting.clear()

    async def ask(self, cmd, timeout_s=10, **parameters):
        """Send one command and wait for its reply.

        Parameters that are None are left out.

        Returns:
            the reply (dict).

        Raises:
            ControlError: refused. TimeoutError. ConnectionError: the process has ended.
        """
        if self._task.done():
            raise ConnectionError("the control connection is closed")
        self._last += 1
        number = self._last
        request = {"cmd": cmd, "id": number}
        request.update({name: value for name, value in parameters.items() if value is not None})
        future = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        self._writer.write(json.dumps(request).encode() + b"\n")
        await self._writer.drain()
        try:
            reply = await asyncio.wait_for(future, timeout_s)
        except TimeoutError:
            self._waiting.pop(number, None)
            raise TimeoutError(f"no reply to {cmd} within {timeout_s} s") from None
        if not reply.get("ok"):
            raise ControlError(reply.get("error", "refused without a reason"))
        return reply
