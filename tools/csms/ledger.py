"""Keeps book of the transactions of a station and says what does not add up."""

import dataclasses
import datetime

REGISTER = "Energy.Active.Import.Register"


def stamp(text):
    """The datetime of a date-time string of OCPP."""
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def registers(event):
    """The energy registers in one TransactionEvent: list of (stamp, Wh, context)."""
    found = []
    for value in event.get("meterValue", ()):
        for sample in value["sampledValue"]:
            # Part 2, 2.43: an absent measurand is the energy register, an absent unit Wh
            if sample.get("measurand", REGISTER) != REGISTER or "phase" in sample:
                continue
            unit = sample.get("unitOfMeasure", {})
            factor = 10 ** unit.get("multiplier", 0)
            factor *= 1000 if unit.get("unit") == "kWh" else 1
            context = sample.get("context", "Sample.Periodic")
            found.append((value["timestamp"], sample["value"] * factor, context))
    return found


@dataclasses.dataclass
class Transaction:
    """All events of one transaction, in the order in which they came."""

    id: str
    events: list = dataclasses.field(default_factory=list)

    @property
    def ended(self):
        return bool(self.events) and self.events[-1]["eventType"] == "Ended"

    @property
    def evse(self):
        return next((e["evse"]["id"] for e in self.events if "evse" in e), 0)

    def energy(self):
        """List of the registers (Wh) in the order of their stamps."""
        values = [reading for event in self.events for reading in registers(event)]
        # Ended may repeat earlier readings; within one second nothing tells their order
        return [wh for _, wh in sorted((stamp(when), wh) for when, wh, _ in values)]

    def energy_wh(self):
        """Energy delivered, in Wh; None when no register was reported."""
        values = self.energy()
        return values[-1] - values[0] if values else None

    def triggers(self):
        return [event["triggerReason"] for event in self.events]

    def wrong(self):
        """What does not add up within this transaction, one line each."""
        found = []
        kinds = [event["eventType"] for event in self.events]
        numbers = [event["seqNo"] for event in self.events]
        if numbers != list(range(len(numbers))):  # E01.FR.07
            found.append(f"seqNo runs {numbers}, not from 0 by one without gaps")
        if kinds[0] != "Started" or "Started" in kinds[1:]:
            found.append(f"starts with {kinds[0]}; one Started at the beginning is due")
        if "Ended" in kinds[:-1]:
            found.append("has events after Ended")
        stamps = [stamp(event["timestamp"]) for event in self.events]
        if stamps != sorted(stamps):
            found.append("stamps of events run backwards")
        values = self.energy()
        if any(after < before for before, after in zip(values, values[1:], strict=False)):
            found.append(f"the energy register falls: {values} Wh")  # J02.FR.16
        return [f"transaction {self.id} {line}" for line in found]


def _same(one, other):
    names = ("seqNo", "eventType", "timestamp", "triggerReason")
    return all(one[name] == other[name] for name in names)


class Ledger:
    """The transactions of one station, from its TransactionEvents."""

    def __init__(self):
        self.transactions = {}

    def book(self, event):
        """Take in the payload of a TransactionEventRequest (a valid one)."""
        key = event["transactionInfo"]["transactionId"]
        transaction = self.transactions.setdefault(key, Transaction(key))
        # a repetition (E13) says nothing new
        if not any(_same(known, event) for known in transaction.events):
            transaction.events.append(event)
        return transaction

    def running(self):
        return [t for t in self.transactions.values() if not t.ended]

    def wrong(self):
        return [line for t in self.transactions.values() for line in t.wrong()]
