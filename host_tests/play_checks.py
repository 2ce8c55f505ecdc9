"""What has to hold in random play, whatever happens.

Nothing here depends on how fast anything is: what is true after a moment only is asked again.
All that a Checks is told is in its `record`; `replay` tells it to another one.
"""

import collections
import copy
import datetime
import functools
import types

from play_asked import Asked
from play_limits import offers_wrong
from play_rows import energies, events_wrong

from tools.csms.conversation import FROM_STATION, TO_STATION, Conversation
from tools.csms.ledger import Ledger, stamp
from tools.csms.schemas import Schemas

_CHARGING_PILOTS = ("C", "D")
_OFFLINE_S = 120  # more than any step lets pass while a message is on its way
_OF_THE_CONVERSATION = ("give_up", "connection_lost")
_CREEP = 1024  # bytes of heap that a play may leave in use


class Broken(AssertionError):
    """An invariant does not hold; str() says which."""


def _recorded(method):
    """What found nothing wrong is kept, to be replayed."""

    @functools.wraps(method)
    def wrapper(self, *args):
        kept = copy.deepcopy(args)
        wrong = method(self, *args)
        if wrong is None:
            self.record.append((method.__name__, kept))
        return wrong

    return wrapper


class Checks:
    """Hears every message of a play.

    Args:
        csms: conversation, ledger and opening, as ScriptedCsms has them.
        world: factory settings.

    Attributes:
        accepted: the CSMS has accepted the latest boot.
        counts: CALLs of the station, by action. charging: looks that found a relay closed.
        record: list of (name, arguments) of what it was told.
    """

    def __init__(self, csms, world):
        self.csms = csms
        self.world = world
        self.accepted = False
        self.asked = Asked()
        self.counts = collections.Counter()
        self.charging = 0
        self.record = []
        self._wrong = []
        self._handshakes = 0
        self._first = True  # nothing has been said on this connection yet
        self._online_since = None  # of the CSMS: connected and accepted; None: not
        self._connected_at = None
        self._boots = set()  # message ids
        self._triggered = set()  # what the CSMS has asked for before it accepted
        self._answers = collections.Counter()
        self._cut = set()  # transactions that a power cut may have taken the end of
        self._refused = set()  # transactions whose latest token was refused
        self._skewed = False  # the station has been told, or has, a wrong time
        self._unstamped = set()  # transactions that have seen such a time
        self._energy = {}
        self._status = {}
        self._seen = 0
        for name in _OF_THE_CONVERSATION:
            setattr(csms.conversation, name, self._kept(getattr(csms.conversation, name)))
        csms.conversation.observers.append(self._hear)

    def _kept(self, method):
        def wrapper(*args):
            self.record.append((method.__name__, args))
            return method(*args)

        return wrapper

    # ---- messages

    def _hear(self, message):
        handshakes = len(self.csms.opening.requests)
        self.record.append(("note", (message.direction, message.text, message.time, handshakes)))
        if handshakes != self._handshakes:
            self._handshakes = handshakes
            self._first = True
            self._connected_at = message.time
            self._online_since = message.time if self.accepted else None
        if message.direction == FROM_STATION:
            if message.is_call:
                self._call(message)
            elif message.request is not None:
                self._answer(message)
        elif message.action == "BootNotification" and not message.is_call:
            self._boot_answered(message, not message.code)
        elif message.id in self._boots and not message.code:  # late: it may count, or not
            self._boot_answered(message, True)
            self._first = True
        if not message.violations or message.direction == TO_STATION:
            self.asked.hear(message)

    def _call(self, message):
        action, payload = message.action, message.payload
        self.counts[action] += 1
        if message.violations:
            return
        if action == "BootNotification":
            self._boots.add(message.id)
            if payload["reason"] != "Triggered":
                self._boot()
        elif not self.accepted and action not in self._triggered:
            self._wrong.append(f"{action} before the boot is accepted (B02.FR.02, B03.FR.02)")
        self._first = False
        if action == "StatusNotification":
            place = payload["evseId"], payload["connectorId"]
            self._status[place] = payload["connectorStatus"]
        elif action == "TransactionEvent":
            self._event(message)

    def _boot_answered(self, message, good):
        payload = message.payload
        good = good and isinstance(payload, dict)
        self.accepted = good and payload.get("status") == "Accepted"
        self._online_since = message.time if self.accepted else None

    def _boot(self):
        if not self._first and self.accepted:
            self._wrong.append("BootNotification in the middle of a connection (B01.FR.01)")
        if self.accepted:  # else it may be the same one, told again
            self._triggered.clear()
        self._not_accepted()

    def _not_accepted(self):
        self.accepted = False
        self._online_since = None

    def _event(self, message):
        """Whether it says rightly that it happened offline (E11.FR.07, E12)."""
        event = message.payload
        if self._skewed:
            self._unstamped.add(event["transactionInfo"]["transactionId"])
            return
        margin = datetime.timedelta(seconds=_OFFLINE_S)
        at = stamp(event["timestamp"])
        if event.get("offline"):
            if self._online_since is not None and at > self._online_since + margin:
                self._wrong.append(f"an event of {at} is offline; it was not (E11.FR.07)")
        elif at < self._connected_at - margin:
            self._wrong.append(f"an event of {at}, before the connection, is not offline")

    def _answer(self, message):
        request = message.request
        self._answers[message.id] += 1
        if self._answers[message.id] > 1:
            self._wrong.append(f"{request.action} {message.id} is answered twice")
        if message.code or not isinstance(message.payload, dict):
            return
        if message.payload.get("status") == "Accepted":
            if request.action == "TriggerMessage":
                self._triggered.add(request.payload["requestedMessage"])
            elif request.action in ("GetBaseReport", "GetReport"):  # B02.FR.01
                self._triggered.add("NotifyReport")

    @_recorded
    def judged(self, transaction, status):
        """The CSMS has told the status of a token of this transaction."""
        if status == "Accepted":
            self._refused.discard(transaction)
        else:
            self._refused.add(transaction)

    @_recorded
    def token(self):
        """Somebody has come who may be accepted: refusals so far do not count any more."""
        self._refused.clear()

    @_recorded
    def cause(self, reason):
        """The next boot may tell this reason."""
        self.asked.causes.add(reason)

    @_recorded
    def power_cut(self):
        """What waits in RAM is lost, and transactions are without an end (README.md)."""
        self._cut |= {t.id for t in self.csms.ledger.running()}
        self.asked.power_cut()
        self._triggered.clear()
        self._not_accepted()

    @_recorded
    def skew(self, on):
        """From now on the station's time may be wrong; or it is right again."""
        self._skewed = on
        self._unstamped |= {t.id for t in self.csms.ledger.running()}

    @_recorded
    def said(self):
        """Raise Broken for what was said wrong since the last time."""
        messages = self.csms.conversation.messages
        for message in messages[self._seen :]:
            if message.direction == FROM_STATION:
                lines = [f"{message.action or message.text}: {w}" for w in message.violations]
                self._wrong += lines
        self._seen = len(messages)
        self._wrong += self.asked.wrong
        if self._wrong:
            raise Broken("; ".join(self._wrong))

    # ---- hardware

    @_recorded
    def hardware(self, state, faults, limits):
        """What is wrong with the reply of `state`, or None.

        Args:
            faults: {(evse, connector): set}. limits: arguments of play_limits.offers_wrong.
        """
        passing, never = offers_wrong(state, *limits)
        if never:
            self._wrong.append(never)
        if passing:
            return passing
        for evse in state["evses"]:
            number = evse["id"]
            if evse["energy_wh"] < self._energy.get(number, 0):
                return f"EVSE {number}: its energy falls"
            self._energy[number] = evse["energy_wh"]
            wrong = self._relays(evse, faults)
            if wrong:
                return wrong
        return None

    def _relays(self, evse, faults):
        number = evse["id"]
        closed = 0
        for connector in evse["connectors"]:
            if not connector["relay"]:
                continue
            broken = faults[number, connector["id"]]
            if "WeldedContact" in broken:  # it can't be helped
                continue
            closed += 1
            wrong = self._relay(evse, connector, broken)
            if wrong:
                return f"EVSE {number}: the relay is closed, but {wrong}: {connector}"
        self.charging += closed
        if closed > 1:
            return f"EVSE {number}: two relays are closed (E01.FR.14)"
        return None

    def _relay(self, evse, connector, faults):
        fixed = self.world["fixed_cable"] == "1"
        reasons = {
            f"there is the fault {faults}": faults,
            "there is no transaction": not evse["transactionId"],
            "no car asks": connector["cp"] not in _CHARGING_PILOTS,
            "nothing is offered": not 10 <= connector["pwm"] <= 96,
            "the cable is not locked": not (connector["locked"] or fixed),
            "the connector is not occupied": connector["status"] != "Occupied",
            "the token was refused": self._must_not(evse["transactionId"]),
        }
        return next((why for why, holds in reasons.items() if holds), None)

    def _must_not(self, transaction):
        # E05.FR.02, E05.FR.03, E05.FR.10: with no energy left for it the token's end is at once
        if self.world["TxCtrlr.MaxEnergyOnInvalidId"] != "0":
            return False
        return transaction in self._refused and self.world["AuthCtrlr.Enabled"] == "true"

    # ---- at rest

    @_recorded
    def disagreement(self, state):
        """What the CSMS believes and the station does not, or None; all has been told."""
        running = {e["transactionId"] for e in state["evses"] if e["transactionId"]}
        believed = {t.id for t in self.csms.ledger.running()} - self._cut
        # `state` has no place for a driver who has chosen no EVSE yet (E03)
        unbound = {t.id for t in self.csms.ledger.running() if not t.evse}
        if running != believed and running != believed - unbound:
            return f"the CSMS knows of transactions {believed}, the station of {running}"
        if self.asked.open_reports():
            return f"the reports {self.asked.open_reports()} are not over"
        for evse in state["evses"]:
            for connector in evse["connectors"]:
                wrong = self._status_wrong(evse, connector)
                if wrong:
                    return f"connector {evse['id']}, {connector['id']} {wrong}"
        return None

    def _status_wrong(self, evse, connector):
        """What a connector's status should not be, and is (G01)."""
        place = evse["id"], connector["id"]
        status = connector["status"]
        told = self._status.get(place)
        if told != status:
            return f"was told {told}, and is {status}"
        operative = self.asked.operative(*place)
        if status == "Unavailable":
            return "is Unavailable, and nobody wanted it" if operative else None
        if status != "Faulted" and operative is False and not evse["transactionId"]:
            return f"should be Unavailable, and is {status} (G03.FR.06, G03.FR.08)"
        if (status == "Available") > (connector["cp"] == "A" and not connector["locked"]):
            return f"is Available: {connector}"
        return "is not Faulted: its pilot is wrong" if self._pilot_only(connector) else None

    def _pilot_only(self, connector):
        return connector["cp"] in ("E", "F") and connector["status"] != "Faulted"

    @_recorded
    def at_rest(self):
        """Raise Broken if the transactions or reports so far do not add up."""
        lax = self.world["AuthCtrlr.OfflineTxForUnknownIdEnabled"] == "true"
        enabled = self.world["AuthCtrlr.Enabled"] == "true"
        last = {}
        for transaction in self.csms.ledger.transactions.values():
            stamps = transaction.id not in self._unstamped
            wrong = events_wrong(transaction, stamps=stamps, lax=lax, enabled=enabled)
            self._wrong += [f"transaction {transaction.id}: {line}" for line in wrong]
            told = list(energies(transaction.events))
            if told and transaction.evse:
                if told[0] < last.get(transaction.evse, 0):
                    self._wrong.append(f"transaction {transaction.id}: less energy than before")
                last[transaction.evse] = told[-1]
        self._wrong += self.asked.reports_wrong()
        self.said()

    @_recorded
    def at_the_end(self):
        running = {t.id for t in self.csms.ledger.running()} - self._cut
        if running:
            raise Broken(f"transactions without an end: {running}")

    @_recorded
    def creep(self, before, after):
        """The heap in use after the boot and at the end, both in bytes and at rest."""
        if after > before + _CREEP:
            raise Broken(f"the heap has crept from {before} to {after} B")


def replay(record, world):
    """Tell a new Checks all of `record`.

    Raises:
        Broken: as in the play that it is of; also for what `hardware` and `disagreement` return.
    """
    times = []
    csms = types.SimpleNamespace(
        ledger=Ledger(),
        opening=types.SimpleNamespace(requests=[]),
    )
    csms.conversation = Conversation(Schemas(), lambda: times[-1], [csms_book(csms.ledger)])
    checks = Checks(csms, world)
    for name, args in record:
        if name == "note":
            direction, text, at, handshakes = args
            csms.opening.requests = [None] * handshakes
            times.append(at)
            csms.conversation.note(direction, text)
        elif name in _OF_THE_CONVERSATION:
            getattr(csms.conversation, name)(*args)
        elif wrong := getattr(checks, name)(*args):
            raise Broken(wrong)


def csms_book(ledger):
    """An observer that books TransactionEvents as ScriptedCsms does."""

    def book(message):
        event = message.is_call and message.action == "TransactionEvent"
        if event and message.direction == FROM_STATION and not message.violations:
            ledger.book(message.payload)

    return book
