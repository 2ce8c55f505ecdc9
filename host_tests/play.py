"""Random play with the real charger: does the steps of play_steps.py, looks after each.

What has to hold whatever happens is in play_checks.py. Between the steps nothing is waited for but
that all is said for a moment; `calm` lets all be told, and compares the station's truth with that
of the CSMS.
"""

import asyncio

from play_checks import Broken, Checks
from play_hardware import Hardware
from play_limits import COOL, Limits
from play_mischief import Mischief
from play_requests import Requests, custom
from play_steps import layout, options, overrides
from rig import CARD
from target import PACE

from tools.csms import summary, tokens
from tools.csms.conversation import FROM_STATION

HEAP = 32768  # what the firmware has to do with (DESIGN.md, 5)
_NAP_S = 0.01 * PACE
_CALM_STEPS = 60
_LAST_MESSAGES = 25
_LENIENT = ("stamps of events run backwards", "the energy register falls")  # by stamps
# so that a plain session is possible, whatever the play has set
_PLAIN = (
    ("AuthCtrlr.DisableRemoteAuthorization", "false"),
    ("AuthCtrlr.MasterPassGroupId", ""),
    ("AuthCacheCtrlr.DisablePostAuthorize", "false"),
    ("TxCtrlr.StopTxOnEVSideDisconnect", "true"),
    ("OCPPCommCtrlr.UnlockOnEVSideDisconnect", "true"),
)


class Play(Hardware, Requests, Mischief):
    """One play.

    Args:
        rig: Rig.
        world: factory settings, play_steps.world().

    Attributes:
        evses: number of connectors of each EVSE.
        heap: bytes used after the boot and at the end. played_s: of the station's time.
    """

    def __init__(self, rig, world):
        self.rig = rig
        self.world = world
        self.evses = layout(world)
        self.csms = None
        self.station = None
        self.checks = None
        self.played_s = 0
        self.heap = []
        self.time = asyncio.Lock()  # held while the clocks jump: nobody tells the time
        self.with_custom = False
        self.statuses = []  # what tokens of the next events are
        self.held = []  # answers that are late
        self.transfers = []  # tasks
        self.faults = {}
        self._skewed = False
        self._remote_id = 0
        self._request_id = 0
        self._last_malformed = 0
        self.no_faults()
        self.limits = Limits(world, self.places())

    def places(self):
        """All (evse, connector)."""
        return [(e + 1, c + 1) for e, count in enumerate(self.evses) for c in range(count)]

    def place(self, evse, connector):
        """(evse, connector) that exist, for any two numbers from 1."""
        evse = (evse - 1) % len(self.evses) + 1
        return evse, (connector - 1) % self.evses[evse - 1] + 1

    def no_faults(self):
        self.faults = {place: set() for place in self.places()}

    async def start(self):
        self.csms = await self.rig.csms()
        self.rig.lenient += _LENIENT
        self.csms.heartbeat_s = 600
        self._obey()
        self.checks = Checks(self.csms, self.world)
        self.station = await self.rig.station(
            self.csms, overrides(self.world), heap=HEAP, **options(self.world)
        )
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
        """End all; nothing is left open, and everybody can charge."""
        await self.calm()
        for name, text in _PLAIN:
            await self.set(name, text)
        for evse in range(len(self.evses)):
            await self.heat(evse + 1, COOL)
        for place in self.places():
            await self.heal(*place)
            await self.do(("plug", *place))  # a cable that waits for its car or driver (E10.FR.01)
            await self.do(("unplug", *place))
            await self.unlock(*place)
        await self.calm()
        await self.pass_time(400)  # a grant that nobody used times out
        await self.calm()
        left = [e["transactionId"] for e in (await self.station.state())["evses"]]
        if any(left):
            raise Broken(f"no cable, no fault, no grant, but transactions {left} go on")
        self.checks.at_the_end()
        await self._plain_sessions()
        await self._note_heap()
        self.checks.creep(*self.heap)

    async def _plain_sessions(self):
        for evse, connector in [(None, None), *[(e + 1, None) for e in range(len(self.evses))]]:
            await self.available(evse, connector, True)
        for place in self.places():
            await self.available(*place, True)
            await self._plain_session(*place)
        await self.calm()
        self.checks.at_the_end()

    async def _plain_session(self, evse, connector):
        known = set(self.csms.ledger.transactions)
        await self.do(("plug", evse, connector))
        if self.world["AuthCtrlr.Enabled"] == "true":
            await self.do(("swipe", evse, CARD))
        await self.do(("ev", evse, connector, "C", 3))
        await self._until(lambda: self._closed(evse, connector))
        await self.do(("pass_time", 60))
        await self.do(("unplug", evse, connector))
        await self.calm()
        told = [t for t in self.csms.ledger.transactions.values() if t.id not in known]
        if [(t.evse, t.ended) for t in told] != [(evse, True)]:
            raise Broken(f"of a plain session the CSMS has heard {told}")

    async def _closed(self, evse, connector):
        state = await self.station.state(evse, connector)
        return None if state["relay"] else f"a plain session at EVSE {evse} does not charge"

    # ---- what the CSMS does when it behaves

    def _obey(self):
        for queue in self.csms._queued.values():
            queue.clear()
        for action in ("BootNotification", "Heartbeat"):
            self.csms.answer(action, self._tell_time)
        for action in ("Authorize", "NotifyReport", "StatusNotification", "MeterValues"):
            self.csms.answer(action, lambda message: self._say_more(self.csms._default(message)))
        self.csms.answer("TransactionEvent", self._accept)
        self.csms.answer("DataTransfer", self._echo)
        self.statuses.clear()

    def _say_more(self, payload):
        return custom(payload) if self.with_custom else payload

    def _echo(self, message):
        return {"status": "Accepted", "data": message.payload["data"]}

    async def _tell_time(self, message):
        async with self.time:
            return self._say_more(self.csms._default(message))

    def _accept(self, message):
        token = message.payload.get("idToken")
        if token is None:
            return {}
        info = tokens.info(token)
        if self.statuses:
            info = {"status": self.statuses.pop(0)}
        self.checks.judged(message.payload["transactionInfo"]["transactionId"], info["status"])
        return self._say_more({"idTokenInfo": info})

    def skew(self):
        """Until all is told, the station's time may be wrong."""
        self._skewed = True
        self.checks.skew(True)

    # ---- all is told

    async def calm(self):
        """The CSMS behaves, the network works, time passes until nothing waits.

        Raises:
            Broken: something still waits, or station and CSMS disagree.
        """
        self._obey()
        await self.tell_held()
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
        if self._skewed:
            self._skewed = False
            self.checks.skew(False)
        self._crash()

    async def _disagreement(self):
        answer = await self.call("GetTransactionStatus", {})
        if not self.checks.accepted or answer is None:
            return "the station is not connected, or not accepted"
        if answer["messagesInQueue"]:
            return "TransactionEvents wait"
        if self._skewed:
            await self.call("TriggerMessage", {"requestedMessage": "Heartbeat"})
            await self._quiet()
        wrong = self.transfers_wrong()
        return wrong or self.checks.disagreement(await self.station.state())

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
        broken = self.limits.broken(self.station.log, self.faults)
        if broken:
            raise Broken("; ".join(broken))

    async def _hardware(self):
        least = self.limits.least(), self.limits.supply_ma
        return self.checks.hardware(await self.station.state(), self.faults, least)

    async def _until(self, wrong, patience=250):
        """Raise what `wrong()` says, unless it says nothing within moments."""
        for _ in range(patience):
            line = await wrong()
            if line is None:
                return
            await asyncio.sleep(0.02 * PACE)
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
