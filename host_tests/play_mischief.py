"""What the CSMS and the connection do wrong in random play."""

import contextlib
import datetime
import json

import websockets.exceptions
from scripted_csms import STALL, CallError

from tools.csms.conversation import FROM_STATION


class Mischief:
    """Steps of play.Play, which has `csms`, `checks`, `time` and `skew`."""

    async def refuse(self, status):
        """The next token that an event tells is refused."""
        self.statuses.append(status)

    async def misbehave(self, action, how):
        if how == "late":
            self.hold(action)
        else:
            answer = STALL if how == "silence" else CallError("InternalError")
            self.csms.answer_next(action, answer)

    def hold(self, action):
        """The next CALL of `action` gets its answer only with `tell_held`."""

        def answer(message):
            self.held.append(message)
            return STALL

        self.csms.answer_next(action, answer)

    async def tell_held(self):
        """Answers that come late, maybe on another connection."""
        while self.held:
            message = self.held.pop(0)
            await self._say(json.dumps([3, message.id, self.csms._default(message)]))

    async def _say(self, text):
        if self.csms.socket is not None:
            with contextlib.suppress(websockets.exceptions.ConnectionClosed):
                await self.csms.send(text)

    async def malform(self, action, text):
        def answer(message):
            # nobody knows whether the station takes it for an answer
            self.csms.conversation.give_up(FROM_STATION, message.id)
            return text

        self.csms.answer_next(action, answer)

    async def pend(self, status, times):
        """The next boots are not accepted."""

        async def answer(message):
            async with self.time:
                return self.csms.boot_answer(status, 10)

        self.csms.answer_next("BootNotification", *[answer] * times)

    async def wrong_time(self, action, seconds):
        """The next answer that tells the time tells a wrong one."""

        def answer(message):
            self.skew()
            at = self.csms.clock.now() + datetime.timedelta(seconds=seconds)
            payload = self.csms._default(message)
            return {**payload, "currentTime": at.strftime("%Y-%m-%dT%H:%M:%SZ")}

        self.csms.answer_next(action, answer)

    async def nonsense(self, text):
        """What is no CALL at all."""
        await self._say(text)

    async def close(self):
        if self.csms.socket is not None:
            await self.csms.close()

    async def cut(self):
        if self.csms.socket is not None:
            self.csms.cut()
