"""One fault of the network at each frame of a session: the CSMS ends up with the whole truth.

Each case is a session of its own through proxy.py. Its id replays it: `pytest -k cut-up-7`. The
frames of a direction are counted from 0, the head of the opening handshake.
"""

import pytest
from proxy import DOWN, MASK_BIT, OPCODE, PAYLOAD, RESERVED_BIT, UP, Fault, Proxy
from rig import CARD, setting
from sessions import START

from tools.csms.ledger import registers

# What is done, and the frames that each direction has carried when all about it is said.
_STEPS = (("boot", 4), ("plug", 6), ("swipe", 8), ("charge", 9))
_STEPS += (("sample", 11), ("stop", 12), ("unplug", 13))
_FRAMES = _STEPS[-1][1]

_OVERRIDES = [
    START["EVConnected"],
    # the network may be gone when the card comes
    setting("AuthCtrlr.OfflineTxForUnknownIdEnabled", "true"),
]
_SAMPLE_S = 61  # TxUpdatedInterval is 60 s, WebSocketPingInterval 30 s
_STALL_S = 8  # less than MessageTimeout and the wait for a pong
_DEAD_S = 120  # by then pings have found out
_RETRY_S = 400  # MessageAttemptInterval for all attempts
_CONTINUES = ("stall", "split")  # faults that a connection outlives


def _cases():
    places = (RESERVED_BIT, PAYLOAD, OPCODE, MASK_BIT)
    for direction in (UP, DOWN):
        for kind in ("cut", "half_close"):
            for frame in range(_FRAMES):
                yield f"{kind}-{direction}-{frame}", Fault(kind, direction, frame)
        # Each of these goes through every third frame; up and down together miss few.
        first = 0 if direction == UP else 1
        for kind in ("stall", "dead", "split", "garbage"):
            for frame in range(first, _FRAMES, 3):
                yield f"{kind}-{direction}-{frame}", Fault(kind, direction, frame)
        for number, frame in enumerate(range(first, _FRAMES, 3)):
            fault = Fault("corrupt", direction, frame, places[number % len(places)])
            yield f"corrupt-{direction}-{frame}", fault
        # the messages about money, damaged in each way
        for frame in (9, 11):
            for place in places:
                fault = Fault("corrupt", direction, frame, place)
                yield f"corrupt-{place}-{direction}-{frame}", fault


class _Session:
    """One session behind a proxy, with one fault or none."""

    def __init__(self, rig, csms, proxy, fault):
        self.rig = rig
        self.csms = csms
        self.proxy = proxy
        self.fault = fault
        self.station = None
        self._recovered = False

    async def play(self):
        for name, frames in _STEPS:
            await getattr(self, "_" + name)()
            if not self._recovered:
                await self.proxy.until(lambda n=frames: self._said(n), f"frame after {name}")
            if self.proxy.fired and not self._recovered:
                self._recovered = True
                await self._recover()
                if self.fault.kind in _CONTINUES:
                    await self.proxy.until(lambda n=frames: self._passed(n), "rest of the step")
        await self._pass_until(self._all_told, _RETRY_S, "whole truth")
        await self.rig.quiet(self.csms)

    # ---- what is done; each waits for what happens on the spot, not for the network

    async def _boot(self):
        self.station = await self.rig.station(self.proxy.url, _OVERRIDES)
        await self.station.command("hook", name="relay", on=True)

    async def _plug(self):
        await self.station.plug()

    async def _swipe(self):
        await self.station.swipe(CARD, evse=1)

    async def _charge(self):
        await self.station.ev("C")
        await self.station.until_relay(True)

    async def _sample(self):
        await self.station.pass_time(_SAMPLE_S, _SAMPLE_S)

    async def _stop(self):
        await self.station.swipe(CARD, evse=1)
        await self.station.until_relay(False)

    async def _unplug(self):
        await self.station.unplug()

    # ---- the network

    def _passed(self, frames):
        return min(self.proxy.counts.values()) >= frames

    def _said(self, frames):
        return self.proxy.fired or self._passed(frames)

    async def _recover(self):
        kind = self.fault.kind
        if kind in _CONTINUES:
            if kind == "stall":
                await self.station.pass_time(_STALL_S)
                self.proxy.release()
            return
        if kind == "dead":
            await self._pass_until(self._noticed, _DEAD_S, "end of a dead connection")
            self.proxy.release()
        await self.station.logged("next attempt in")  # it has noticed, by itself
        await self.station.network(True)  # in place of the back-off
        await self.proxy.until(lambda: self.proxy.connections > 1, "new connection")
        await self.csms.connected()
        await self._pass_until(self._booted, _RETRY_S, "accepted boot")
        await self.rig.quiet(self.csms)

    def _noticed(self):
        return any("next attempt in" in line for line in self.station.log)

    def _booted(self):
        return any("accepted by the CSMS" in line for line in self.station.log)

    async def _pass_until(self, condition, seconds, what):
        for _ in range(0, seconds, _STALL_S):
            if condition():
                return
            await self.station.pass_time(_STALL_S)
        raise AssertionError(f"no {what} within {seconds} s of the station's time")

    # ---- the truth

    def _all_told(self):
        transactions = list(self.csms.ledger.transactions.values())
        return transactions and transactions[0].ended and self._statuses()[-1:] == ["Available"]

    def _statuses(self):
        calls = self.csms.calls("StatusNotification")
        return [call["connectorStatus"] for call in calls if call["evseId"] == 1]

    async def check(self):
        state = await self.station.state(1)
        assert not state["relay"] and not state["locked"] and state["transactionId"] is None
        events = self.station.control.events
        relay = [events.get_nowait()["relay"] for _ in range(events.qsize())]
        assert relay == [True, False], "charging was interrupted"
        assert self._statuses()[-1] == "Available"
        (transaction,) = self.csms.ledger.transactions.values()
        assert not transaction.wrong()
        self._check_events(transaction.events, state["energy_wh"])
        self._check_repeats(transaction)

    @staticmethod
    def _check_events(events, energy_wh):
        def of(event):
            return event["triggerReason"], event["transactionInfo"].get("chargingState")

        told = [of(event) for event in events if of(event)[0] != "MeterValuePeriodic"]
        # the network took its time before the car drew
        waited = ("ChargingStateChanged", "SuspendedEV")
        if waited in told:
            told.remove(waited)
            assert told[2] == ("ChargingStateChanged", "Charging")
        assert told == [
            ("CablePluggedIn", "EVConnected"),
            ("Authorized", "EVConnected"),
            ("ChargingStateChanged", "Charging"),
            ("StopAuthorized", "EVConnected"),
        ]
        assert ("MeterValuePeriodic", "Charging") in [of(event) for event in events]
        card = {"idToken": CARD, "type": "ISO14443"}
        tokens = {e["triggerReason"]: e["idToken"] for e in events if "idToken" in e}
        assert tokens == {"Authorized": card, "StopAuthorized": card}
        charging = [of(event)[1] for event in events].index("Charging")
        assert {of(event)[1] for event in events[charging:-1]} == {"Charging"}
        assert energy_wh > 0
        begin = [wh for _, wh, context in registers(events[-1]) if context == "Transaction.Begin"]
        end = [wh for _, wh, context in registers(events[-1]) if context == "Transaction.End"]
        assert (begin, end) == ([0], [energy_wh])

    def _check_repeats(self, transaction):
        """Whatever was sent twice says the same, but that it comes late."""
        known = {}
        for event in self.csms.calls("TransactionEvent"):
            said = {name: value for name, value in event.items() if name != "offline"}
            assert known.setdefault(event["seqNo"], said) == said
        assert sorted(known) == list(range(len(transaction.events)))


async def _play(rig, fault=None):
    csms = await rig.csms()
    async with Proxy(csms.url, fault) as proxy:
        session = _Session(rig, csms, proxy, fault)
        await session.play()
        await session.check()
    return proxy


async def test_session_without_a_fault(rig):
    # _STEPS is true: no frame is left out, and each fault finds its frame
    proxy = await _play(rig)
    assert proxy.counts == {UP: _FRAMES, DOWN: _FRAMES}
    assert proxy.connections == 1


_PARAMETERS = [pytest.param(fault, id=name) for name, fault in _cases()]


@pytest.mark.limit(20)
@pytest.mark.parametrize("fault", _PARAMETERS)
async def test_fault(rig, fault):
    # E04.FR.02 to FR.04, E11, E13; Part 4, 5.3
    proxy = await _play(rig, fault)
    assert proxy.fired
    assert proxy.connections == (1 if fault.kind in _CONTINUES else 2)
