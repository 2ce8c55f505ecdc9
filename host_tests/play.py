"""Random play with the real charger: does the steps of play_steps.py, looks after each.

What has to hold whatever happens is in play_checks.py. Between the steps nothing is waited for but
that all is said for a moment; `calm` lets all be told, and compares the station's truth with that
of the CSMS.
"""

import asyncio
import contextlib

import websockets.exceptions
from play_checks import Broken, Checks
from play_steps import overrides
from scripted_csms import STALL, CallError
from sessions import remote_start

from tools.csms import summary, tokens
from tools.csms.arguments import variable
from tools.csms.conversation import FROM_STATION

HEAP = 32768  # what the firmware has to do with (DESIGN.md, 5)
_EVSES = (1, 2)
_NAP_S = 0.01
_ANSWER_S = 20  # real time, for a machine with other things to do
_CALM_STEPS = 60
_LAST_MESSAGES = 25


class Play:
    """One play.

    Args:
        rig: Rig.
        world: factory settings, play_steps.world().
    """

    def __init__(self, rig, world):
        self.rig = rig
        self.world = world
        self.csms = None
        self.station = None
        self.checks = None
        self.played_s = 0  # of the station's time
        self.heap = []  # bytes used after the boot and at the end
        self._time = asyncio.Lock()  # held while the clocks jump: nobody tells the time
        self._remote_id = 0
        self._request_id = 0
        self._unheard = 0
        self._faults = {evse: set() for evse in _EVSES}

    async def start(self):
        self.csms = await self.rig.csms()
        self.csms.heartbeat_s = 600
        self._obey()
        self.checks = Checks(self.csms, self.world)
        self.station = await self.rig.station(self.csms, overrides(self.world), heap=HEAP)
        await self.calm()
        await self._note_heap()

    async def do(self, step):
        """Do one step and look at what holds always.

        Raises:
            Broken: something does not.
        """
        await getattr(self, step[0])(*step[1:])
        await self._quiet()
        await self._look()

    async def finish(self):
        """End all; nothing is left open."""
        for evse in _EVSES:
            await self.heal(evse)
            await self.unplug(evse)
        await self.calm()
        await self.pass_time(400)  # a grant that nobody used times out
        await self.calm()
        left = [e["transactionId"] for e in (await self.station.state())["evses"]]
        if any(left):
            raise Broken(f"no cable, no fault, no grant, but transactions {left} go on")
        self.checks.at_the_end()
        await self._note_heap()

    # ---- what the CSMS does when it behaves

    def _obey(self):
        for queue in self.csms._queued.values():
            queue.clear()
        for action in ("BootNotification", "Heartbeat"):
            self.csms.answer(action, self._tell_time)
        self.csms.answer("TransactionEvent", self._accept)
        self._statuses = []

    async def _tell_time(self, message):
        async with self._time:
            return self.csms._default(message)

    def _accept(self, message):
        token = message.payload.get("idToken")
        if token is None:
            return {}
        info = tokens.info(token)
        if self._statuses:
            info = {"status": self._statuses.pop(0)}
        self.checks.judged(message.payload["transactionInfo"]["transactionId"], info["status"])
        return {"idTokenInfo": info}

    # ---- the hardware

    async def plug(self, evse):
        await self.station.plug(evse)

    async def unplug(self, evse):
        await self.station.unplug(evse)

    async def ev(self, evse, state, phases):
        await self.station.ev(state, evse, phases=phases)

    async def swipe(self, evse, token):
        await self.station.swipe(token, evse)

    async def fault(self, evse, error):
        self._faults[evse].add(error)
        await self.station.fault(error, True, evse)

    async def heal(self, evse):
        while self._faults[evse]:
            await self.station.fault(self._faults[evse].pop(), False, evse)

    async def network(self, up):
        await self.station.network(up)

    async def meter(self, evse, more_wh):
        state = await self.station.state(evse)
        await self.station.command("meter", evse=evse, energy_wh=state["energy_wh"] + more_wh)

    async def pass_time(self, seconds):
        await self._quiet()
        async with self._time:
            await self.station._set_clock(seconds)
        self.played_s += seconds

    async def run(self, factor):
        """A tenth of a second so many times as fast: less than the time-out of a message."""
        async with self._time:  # on the way, what is told would be out of date
            await self.station._set_clock(factor=factor)
            await asyncio.sleep(0.1)
            await self.station._set_clock(factor=1)
        self.played_s += factor // 10

    async def reboot(self):
        await self.station.command("reboot")

    async def power_cut(self):
        """Process and RAM are gone: what waited there too, and the cars drive away."""
        self.station.exit_code = 3
        self.checks.power_cut()
        with contextlib.suppress(ConnectionError, TimeoutError):
            await self.station.command("power_cut")
        await self.station.charger.wait()
        self._crash()
        self._faults = {evse: set() for evse in _EVSES}
        await self.station.charger.stop()
        await self.station.start()
        self.station.exit_code = None

    # ---- the CSMS

    async def _call(self, action, payload):
        """The answer, or None: there is none as there is no connection, or it is a CALLERROR."""
        socket = self.csms.socket
        if socket is None:
            return None
        try:
            return await self.csms.call(action, payload, _ANSWER_S)
        except CallError:
            return None
        except websockets.exceptions.ConnectionClosed:
            return None
        except AssertionError:
            if self.csms.socket is socket:
                raise Broken(f"no answer to {action} within {_ANSWER_S} s") from None
            return None

    async def start_remotely(self, evse, token):
        self._remote_id += 1
        more = {"evseId": evse} if evse else {}
        await self._call("RequestStartTransaction", remote_start(self._remote_id, token, **more))

    async def _some_transaction(self, which):
        state = await self.station.state()
        running = [e["transactionId"] for e in state["evses"] if e["transactionId"]]
        if which is None or not running:
            return "no-such-transaction"
        return running[which % len(running)]

    async def stop(self, which):
        await self._call(
            "RequestStopTransaction", {"transactionId": await self._some_transaction(which)}
        )

    async def status(self, which):
        """GetTransactionStatus: of one, or at all."""
        if which is None:
            payload = {}
        else:
            payload = {"transactionId": await self._some_transaction(which)}
        answer = await self._call("GetTransactionStatus", payload)
        if answer is not None and which is None and "ongoingIndicator" in answer:
            raise Broken("ongoingIndicator without a transaction (E14.FR.06)")

    async def reset(self, kind, evse):
        await self._call("Reset", {"type": kind, **({"evseId": evse} if evse else {})})

    async def available(self, evse, operative):
        status = "Operative" if operative else "Inoperative"
        place = {"evse": {"id": evse}} if evse else {}
        await self._call("ChangeAvailability", {"operationalStatus": status, **place})

    async def set(self, name, text):
        item = {**variable(name), "attributeValue": text}
        await self._call("SetVariables", {"setVariableData": [item]})

    async def points(self, which, points):
        await self.set(f"TxCtrlr.Tx{which}Point", points)

    async def trigger(self, message, evse):
        place = {"evse": {"id": evse}} if evse else {}
        await self._call("TriggerMessage", {"requestedMessage": message, **place})

    async def unlock(self, evse):
        await self._call("UnlockConnector", {"evseId": evse, "connectorId": 1})

    async def clear_cache(self):
        await self._call("ClearCache", {})

    async def report(self, base):
        self._request_id += 1
        request = {"requestId": self._request_id, "reportBase": base}
        await self._call("GetBaseReport", request)

    # ---- the CSMS when it does not behave

    async def refuse(self, status):
        """The next token that an event tells is refused."""
        self._statuses.append(status)

    async def misbehave(self, action, how):
        self.csms.answer_next(action, STALL if how == "silence" else CallError("InternalError"))

    async def malform(self, action, text):
        def answer(message):
            # nobody knows whether the station takes it for an answer
            self.csms.conversation.give_up(FROM_STATION, message.id)
            return text

        self.csms.answer_next(action, answer)

    async def pend(self, status):
        self.csms.answer_next(
            "BootNotification", lambda message: self.csms.boot_answer(status, 10)
        )

    async def nonsense(self, text):
        self._unheard += 1
        if self.csms.socket is not None:
            with contextlib.suppress(websockets.exceptions.ConnectionClosed):
                await self.csms.socket.send(text.replace("$ID", f"nonsense-{self._unheard}"))

    async def close(self):
        if self.csms.socket is not None:
            await self.csms.close()

    async def cut(self):
        if self.csms.socket is not None:
            self.csms.cut()

    # ---- all is told

    async def calm(self):
        """The CSMS behaves, the network works, time passes until nothing waits.

        Raises:
            Broken: something still waits, or station and CSMS disagree.
        """
        self._obey()
        for _ in range(_CALM_STEPS):
            await self._quiet()
            if not (await self.station.state())["connected"]:
                await self.station.network(True)
                await asyncio.sleep(_NAP_S)
            wrong = await self._disagreement()
            if wrong is None:
                break
            await self.pass_time(8)  # an answer that never came has to be given up first
        else:
            raise Broken(f"after {_CALM_STEPS * 8} s of its time: {wrong}")
        self.checks.at_rest()
        self._crash()

    async def _disagreement(self):
        answer = await self._call("GetTransactionStatus", {})
        if not self.checks.accepted or answer is None:
            return "the station is not connected, or not accepted"
        if answer["messagesInQueue"]:
            return "TransactionEvents wait"
        return self.checks.disagreement(await self.station.state())

    # ---- looking

    async def _quiet(self):
        """Nothing is said for a moment, and no CALL of the station is open."""
        talk = self.csms.conversation
        seen = -1
        while seen != len(talk.messages) or talk.open_calls(FROM_STATION):
            seen = len(talk.messages)
            await asyncio.sleep(_NAP_S)

    async def _look(self):
        await self._until(self._hardware)
        self.checks.said()

    async def _hardware(self):
        return self.checks.hardware(await self.station.state(), self._faults)

    async def _until(self, wrong, patience=100):
        """Raise what `wrong()` says, unless it says nothing within moments."""
        for _ in range(patience):
            line = await wrong()
            if line is None:
                return
            await asyncio.sleep(0.02)
        raise Broken(line)

    async def _note_heap(self):
        self.heap.append((await self.station.command("heap"))["used"])

    def _crash(self):
        crashes = self.rig.crashes()
        if crashes:
            raise Broken("; ".join(crashes))

    def last_messages(self):
        """Lines, for a report."""
        lines = []
        for m in self.csms.conversation.messages[-_LAST_MESSAGES:]:
            arrow = ">" if m.direction == FROM_STATION else "<"
            kind = "" if m.is_call else f" answer {m.code}"
            said = summary.gist(m) if m.action else m.text
            lines.append(f"{m.time:%d %H:%M:%S.%f} {arrow} {m.action}{kind} {said}")
        return lines
