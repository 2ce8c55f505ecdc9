"""The demo: one session from plugging in to unplugging, checked as it goes."""

import asyncio

from .ledger import registers

_CARD = "04A1B2C3"
_SESSION_MIN = 30
_SAMPLE_S = 300
_STEP_S = 60
_PATIENCE_S = 10
_QUIET_S = 0.05
_VOLTS = 230
_REQUIRED = (
    "Authorized",
    "ChargingStateChanged",
    "MeterValuePeriodic",
    "StopAuthorized",
)


class DemoFailed(Exception):
    """The session did not go as it should; str() says where."""


class Demo:
    """Plays the session.

    Args:
        csms: Csms that the charger is connected to.
        identity: of the charger.
        control: its Control.
        printer: Printer.
        current_a: that the car draws, on each of `phases`.
    """

    NEEDS = ("authorization", "availability", "transactions", "variables")  # functional blocks

    def __init__(self, csms, identity, control, printer, current_a=16, phases=3):
        self._csms = csms
        self._identity = identity
        self._control = control
        self._printer = printer
        self._current_a = current_a
        self._phases = phases

    def _messages(self):
        conversation = self._csms.conversations.get(self._identity)
        return conversation.messages if conversation else []

    async def _until(self, what, condition):
        """Wait until `condition()` is true; DemoFailed says `what` did not come."""
        deadline = asyncio.get_running_loop().time() + _PATIENCE_S
        while not condition():
            if asyncio.get_running_loop().time() > deadline:
                raise DemoFailed(f"{what} did not come within {_PATIENCE_S} s")
            await asyncio.sleep(0.01)

    async def _quiet(self):
        """Wait until nothing is said any more, so that a jump of time hits no open CALL."""
        seen = -1
        while seen != len(self._messages()):
            seen = len(self._messages())
            await asyncio.sleep(_QUIET_S)

    def _events(self, trigger):
        ledger = self._csms.ledgers[self._identity]
        events = [event for t in ledger.transactions.values() for event in t.events]
        return [event for event in events if event["triggerReason"] == trigger]

    def _ended(self):
        transactions = self._csms.ledgers[self._identity].transactions.values()
        return any(t.ended for t in transactions)

    def _is(self, status):
        """Whether the last StatusNotification of EVSE 1 says so."""
        told = [
            m.payload["connectorStatus"]
            for m in self._messages()
            if m.is_call and m.action == "StatusNotification" and m.payload["evseId"] == 1
        ]
        return told[-1:] == [status]

    def _step(self, text):
        self._printer.line(f"--- {text}", "note")

    async def _advance(self, seconds):
        clock = self._csms.clock
        async with clock.moving:
            await self._control.ask("clock", advance_s=seconds)
            clock.advance(seconds)

    async def play(self):
        """Play it. Raises DemoFailed, or what Control and Station raise."""
        await self._until("BootNotification", lambda: self._identity in self._csms.stations)
        await self._csms.stations[self._identity].accepted.wait()
        await self._until("StatusNotification Available", lambda: self._is("Available"))
        await self._quiet()
        await self._settings()
        self._step("the driver plugs the cable in")
        await self._control.ask("plug", evse=1, connector=1)
        await self._until("StatusNotification Occupied", lambda: self._is("Occupied"))
        await self._advance(8)
        self._step(f"and holds the card {_CARD} to the reader")
        await self._control.ask("swipe", token=_CARD, type="ISO14443", evse=1)
        await self._until("an event Authorized", lambda: self._events("Authorized"))
        await self._advance(3)
        phases = "three phases" if self._phases == 3 else "one phase"
        self._step(
            f"the car draws {self._current_a} A on {phases} for half an hour (the clock runs fast)"
        )
        car = {"state": "C", "current": self._current_a, "phases": self._phases}
        await self._control.ask("ev", evse=1, connector=1, **car)
        await self._until("ChargingStateChanged", lambda: self._events("ChargingStateChanged"))
        await self._charge()
        self._step("the driver holds the card to the reader again")
        await self._control.ask("swipe", token=_CARD, type="ISO14443", evse=1)
        await self._until("an event StopAuthorized", lambda: self._events("StopAuthorized"))
        await self._quiet()
        await self._advance(12)
        self._step("and unplugs")
        await self._control.ask("unplug", evse=1, connector=1)
        await self._until("TransactionEvent Ended", self._ended)
        await self._until("StatusNotification Available", lambda: self._is("Available"))
        await self._quiet()

    async def _settings(self):
        self._step(f"the CSMS asks for a reading every {_SAMPLE_S} s")
        station = self._csms.stations[self._identity]
        item = {
            "component": {"name": "SampledDataCtrlr"},
            "variable": {"name": "TxUpdatedInterval"},
            "attributeValue": str(_SAMPLE_S),
        }
        answer = await station.ask("SetVariables", {"setVariableData": [item]})
        status = answer["setVariableResult"][0]["attributeStatus"]
        if status != "Accepted":
            raise DemoFailed(f"SetVariables of TxUpdatedInterval was answered {status}")

    async def _charge(self):
        for minute in range(1, _SESSION_MIN + 1):
            await self._quiet()
            await self._advance(_STEP_S)
            due = minute * _STEP_S // _SAMPLE_S
            if minute * _STEP_S % _SAMPLE_S == 0:
                enough = due - 1  # the first interval may start a moment after the jump
                await self._until(
                    f"reading {enough}",
                    lambda: len(self._events("MeterValuePeriodic")) >= enough,  # noqa: B023
                )
        await self._quiet()

    def faults(self):
        """All that was wrong with the session, one line each; empty: nothing."""
        found = list(self._csms.violations())
        transactions = list(self._csms.ledgers[self._identity].transactions.values())
        if len(transactions) != 1:
            return [*found, f"{len(transactions)} transactions instead of one"]
        transaction = transactions[0]
        if not transaction.ended:
            found.append("the transaction has no Ended")
        missing = [trigger for trigger in _REQUIRED if trigger not in transaction.triggers()]
        if missing:
            found.append(f"no event with triggerReason {', '.join(missing)}")
        found += self._energy_faults(transaction)
        errors = [m for m in self._messages() if m.code]
        found += [f"CALLERROR {m.code} for {m.action}: {m.description}" for m in errors]
        return found

    def _energy_faults(self, transaction):
        energy = transaction.energy_wh()
        due = self._current_a * self._phases * _VOLTS * _SESSION_MIN / 60
        if energy is None:
            return ["no event carries the energy register"]
        if not 0.8 * due <= energy <= 1.2 * due:
            return [f"{energy:g} Wh were delivered instead of about {due:g}"]
        contexts = {context for event in transaction.events for _, _, context in registers(event)}
        missing = {"Transaction.Begin", "Sample.Periodic", "Transaction.End"} - contexts
        return [f"no reading with context {', '.join(sorted(missing))}"] if missing else []

    def summary(self):
        """Lines about the session."""
        lines = []
        for transaction in self._csms.ledgers[self._identity].transactions.values():
            first, last = transaction.events[0], transaction.events[-1]
            readings = sum(len(registers(event)) for event in transaction.events)
            lines.append(f"transaction {transaction.id} on EVSE {transaction.evse}")
            lines.append(f"  from {first['timestamp']} to {last['timestamp']}")
            lines.append(f"  energy {transaction.energy_wh() or 0:g} Wh, {readings} readings")
            lines.append(
                f"  {len(transaction.events)} events: {', '.join(transaction.triggers())}"
            )
        calls = [m for m in self._messages() if m.is_call]
        lines.append(f"{len(calls)} requests, each checked against the schemas in both directions")
        return lines
