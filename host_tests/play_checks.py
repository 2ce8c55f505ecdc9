"""What has to hold in random play, whatever happens.

Nothing here depends on how fast anything is: what is true after a moment only is asked again.
"""

import collections

from play_steps import ACCEPTED_CARDS

from tools.csms.conversation import FROM_STATION

_CHARGING_PILOTS = ("C", "D")


class Broken(AssertionError):
    """An invariant does not hold; str() says which."""


class Checks:
    """Hears every message of a play.

    Args:
        csms: ScriptedCsms. world: factory settings.

    Attributes:
        accepted: the CSMS has accepted the latest boot.
        counts: CALLs of the station, by action. charging: looks that found a relay closed.
    """

    def __init__(self, csms, world):
        self.csms = csms
        self.world = world
        self.accepted = False
        self.counts = collections.Counter()
        self.charging = 0
        self._wrong = []
        self._handshakes = 0
        self._first = True  # nothing has been said on this connection yet
        self._triggered = set()  # what the CSMS has asked for before it accepted
        self._answers = collections.Counter()
        self._cut = set()  # transactions that a power cut may have taken the end of
        self._refused = set()  # transactions whose latest token was refused
        self._energy = {}
        self._status = {}
        self._pages = collections.defaultdict(list)
        self._seen = 0
        csms.conversation.observers.append(self._hear)

    # ---- messages

    def _hear(self, message):
        handshakes = len(self.csms.opening.requests)
        if handshakes != self._handshakes:
            self._handshakes = handshakes
            self._first = True
        if message.direction == FROM_STATION:
            if message.is_call:
                self._call(message)
            elif message.request is not None:
                self._answer(message)
        elif message.action == "BootNotification" and not message.is_call:
            self.accepted = not message.code and message.payload.get("status") == "Accepted"

    def _call(self, message):
        action, payload = message.action, message.payload
        self.counts[action] += 1
        if message.violations:
            return
        if action == "BootNotification":
            if payload["reason"] != "Triggered":
                self._boot()
        elif not self.accepted and action not in self._triggered:
            self._wrong.append(f"{action} before the boot is accepted (B02.FR.02, B03.FR.02)")
        self._first = False
        if action == "StatusNotification":
            place = payload["evseId"], payload["connectorId"]
            self._status[place] = payload["connectorStatus"]
        elif action == "NotifyReport":
            self._pages[payload["requestId"]].append((payload["seqNo"], payload.get("tbc", False)))

    def _boot(self):
        if not self._first and self.accepted:
            self._wrong.append("BootNotification in the middle of a connection (B01.FR.01)")
        self.accepted = False
        self._triggered.clear()

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
            elif request.action == "GetBaseReport":  # B02.FR.01
                self._triggered.add("NotifyReport")

    def judged(self, transaction, status):
        """The CSMS has told the status of a token of this transaction."""
        if status == "Accepted":
            self._refused.discard(transaction)
        else:
            self._refused.add(transaction)

    def power_cut(self):
        """What waits in RAM is lost, and transactions are without an end (README.md)."""
        self._cut |= {t.id for t in self.csms.ledger.running()}

    def said(self):
        """Raise Broken for what was said wrong since the last time."""
        messages = self.csms.conversation.messages
        for message in messages[self._seen :]:
            if message.direction == FROM_STATION:
                lines = [f"{message.action or message.text}: {w}" for w in message.violations]
                self._wrong += lines
        self._seen = len(messages)
        if self._wrong:
            raise Broken("; ".join(self._wrong))

    # ---- hardware

    def hardware(self, state, faults):
        """What is wrong with the reply of `state`, or None."""
        for evse in state["evses"]:
            number = evse["id"]
            if evse["energy_wh"] < self._energy.get(number, 0):
                return f"EVSE {number}: its energy falls"
            self._energy[number] = evse["energy_wh"]
            for connector in evse["connectors"]:
                self.charging += connector["relay"]
                if connector["relay"] and "WeldedContact" not in faults[number]:
                    wrong = self._relay(evse, connector, faults[number])
                    if wrong:
                        return f"EVSE {number}: the relay is closed, but {wrong}: {connector}"
        return None

    def _relay(self, evse, connector, faults):
        reasons = {
            f"there is the fault {faults}": faults,
            "there is no transaction": not evse["transactionId"],
            "no car asks": connector["cp"] not in _CHARGING_PILOTS,
            "nothing is offered": not 10 <= connector["pwm"] <= 96,
            "the cable is not locked": not connector["locked"],
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

    def disagreement(self, state):
        """What the CSMS believes and the station does not, or None; all has been told."""
        running = {e["transactionId"] for e in state["evses"] if e["transactionId"]}
        believed = {t.id for t in self.csms.ledger.running()} - self._cut
        # `state` has no place for a driver who has chosen no EVSE yet (E03)
        unbound = {t.id for t in self.csms.ledger.running() if not t.evse}
        if running != believed and running != believed - unbound:
            return f"the CSMS knows of transactions {believed}, the station of {running}"
        for evse in state["evses"]:
            for connector in evse["connectors"]:
                place = evse["id"], connector["id"]
                told = self._status.get(place)
                if told != connector["status"]:
                    return f"connector {place} was told {told}, and is {connector['status']}"
        return None

    def at_rest(self):
        """Raise Broken if the transactions or reports so far do not add up."""
        for transaction in self.csms.ledger.transactions.values():
            self._wrong += transaction.wrong()
            self._wrong += self._authorized(transaction)
            self._wrong += self._states(transaction)
        for number, pages in self._pages.items():
            if sorted({page for page, _ in pages}) != list(range(len({p for p, _ in pages}))):
                self._wrong.append(f"report {number} has the pages {pages} (B07.FR.09)")
        self.said()

    def _authorized(self, transaction):
        """Charging needs a token that the CSMS, or a setting, has accepted (C01.FR.01, F01)."""
        lax = self.world["AuthCtrlr.OfflineTxForUnknownIdEnabled"] == "true"
        if lax or self.world["AuthCtrlr.Enabled"] == "false":
            return
        allowed = False
        for event in transaction.events:
            token = event.get("idToken", {}).get("idToken")
            allowed |= token in ACCEPTED_CARDS or "remoteStartId" in event["transactionInfo"]
            if event["transactionInfo"].get("chargingState") == "Charging" and not allowed:
                yield f"transaction {transaction.id} charges for nobody the CSMS has accepted"
                return

    def _states(self, transaction):
        """A change of the charging state is told once (E02.FR.03)."""
        if any(event.get("offline") for event in transaction.events):
            return
        last = None
        for event in transaction.events:
            state = event["transactionInfo"].get("chargingState")
            told = event["triggerReason"] == "ChargingStateChanged"
            if told and state == last and event["eventType"] == "Updated":
                yield f"transaction {transaction.id} tells {state} twice, seqNo {event['seqNo']}"
            last = state or last

    def at_the_end(self):
        running = {t.id for t in self.csms.ledger.running()} - self._cut
        if running:
            raise Broken(f"transactions without an end: {running}")
