"""One EVSE: what car, driver and CSMS do to it."""

from micropython import const
from tables.names import (
    ABNORMAL_CONDITION,
    AUTHORIZED,
    CABLE_PLUGGED_IN,
    DE_AUTHORIZED,
    DEAUTHORIZED,
    EV_COMMUNICATION_LOST,
    EV_CONNECT_TIMEOUT,
    EV_DISCONNECTED,
    OVERCURRENT_FAULT,
    REMOTE_START,
    REMOTE_STOP,
    TIMEOUT,
)
from tables.variables import (
    OCPP_COMM_CTRLR_UNLOCK_ON_EV_SIDE_DISCONNECT,
    TX_CTRLR_MAX_ENERGY_ON_INVALID_ID,
    TX_CTRLR_STOP_TX_ON_EV_SIDE_DISCONNECT,
    TX_CTRLR_STOP_TX_ON_INVALID_ID,
)

from charging.machine import Machine
from charging.outlet import fault_reason
from hal import log

# As in machine.py
_CONNECTED = const(1)
_IF_AUTHORIZATION = const(1)
_CERTAIN = const(2)


class Evse(Machine):
    """See Machine. One transaction at a time, whatever its connectors (E01.FR.14)."""

    def resume(self):
        """Power on, or reset of this EVSE (B12.FR.08): look at everything anew."""
        self.grant = self.held = None
        for outlet in self.outlets:
            outlet.plugged = False
        self.update()
        for outlet in self.outlets:
            self.hardware_changed(outlet)

    def hardware_changed(self, outlet):
        """Pilot or fault contacts of a connector have moved, or what it may be used for."""
        was_plugged = outlet.plugged
        was_faulty = outlet.fault is not None
        outlet.look()
        if outlet is not self.active and outlet.plugged and outlet.usable() and not self._in_use():
            self.active = outlet
            was_plugged = False
        if outlet is not self.active:  # E01.FR.14
            self.update()
        elif outlet.fault is not None and not was_faulty:
            if not outlet.plugged and self._turn():
                self.update()
            else:
                self.end(ABNORMAL_CONDITION, fault_reason(outlet.fault))  # E06.FR.16
            self._next()
        elif was_plugged and not outlet.plugged:
            self._unplugged()
        elif outlet.plugged and (not was_plugged or (was_faulty and self.armed)):
            self._plugged()
        else:
            self.update()

    def set_operative(self, outlet, operative):
        """A connector may be used from now on, or not, once it is idle (G03.FR.05)."""
        arrives = (
            operative
            and not outlet.operative
            and outlet is self.active
            and outlet.plugged
            and self.armed
        )
        outlet.operative = operative
        if arrives and self.transaction is None:
            self._plugged()
        elif not operative and self.grant is not None and outlet is self.active:
            turned = not outlet.plugged and self._turn()
            self.update() if turned or self.transaction is not None else self.deauthorize(0, 0)
        else:
            self.update()
        self._next()

    def authorize(self, grant):
        """Somebody may charge here from now on."""
        self.receive(grant)
        self.update(AUTHORIZED if grant.remote_start_id is None else REMOTE_START)

    def receive(self, grant):
        """Like `authorize`, but what tells it follows."""
        self.grant = grant
        self.held = self.later = None
        self.patient = True
        if self.active is not None and not self.active.usable():
            self._turn()
        transaction = self.transaction
        if transaction is None:
            self.armed = True
        else:
            transaction.grant = transaction.tell = grant
            transaction.reason = 0

    def adopt(self, other):
        """Take over the session of the Evse without outlets: its car has come here (E03)."""
        self.grant = other.grant
        self.transaction = other.transaction
        self.armed = self.transaction is None
        other.transaction = other.grant = None
        other.update()
        if self.grant.limit_wh is not None:
            self.grant.limit_wh += self.energy_wh()
        if self.transaction is not None:
            self.transaction.start_wh = self.energy_wh()
            self.show(self.transaction.id)

    def deauthorize(self, trigger, reason, tell=None, hold=False):
        """The authorization is over, also of a transaction that has none.

        Args:
            trigger: name id of TriggerReason for the event.
            reason: name id of stoppedReason, if it comes to that.
            tell: Grant, the token that stopped it (E07.FR.02).
            hold: a detachable cable stays locked until the owner presents the token.
        """
        if self.ending:
            return  # the first cause counts, and its token
        if hold and self.active is not None and self.active.locked():
            self.held = self.grant
        self.grant = None
        transaction = self.transaction
        if transaction is not None:
            if not transaction.reason or trigger == REMOTE_STOP:  # a legal pair: E06.FR.15
                transaction.reason = reason
            transaction.tell = tell
        self.update(trigger, reason, _IF_AUTHORIZATION)

    def refuse(self):
        """The CSMS does not accept the token that charges here (E05)."""
        model = self.charging.model
        if model.flag(TX_CTRLR_STOP_TX_ON_INVALID_ID):
            self.deauthorize(
                DEAUTHORIZED, DE_AUTHORIZED, None, True
            )  # E05.FR.09, E05.FR.10, E05.FR.11
            return
        start_wh = self.transaction.start_wh
        limit_wh = model.int(TX_CTRLR_MAX_ENERGY_ON_INVALID_ID)  # E05.FR.02, E05.FR.03
        self.grant.limit_wh = limit_wh + (self.energy_wh() if start_wh is None else start_wh)
        self.update(0, DE_AUTHORIZED)

    def end(self, trigger, reason):
        """End session and transaction, whatever the stop points."""
        self.grant = self.held = None
        if self.transaction is not None:
            self.transaction.reason = reason
        self.update(trigger, reason, _CERTAIN)

    def overdrawn(self):
        """The car draws more than it is offered: it is told to stop, and cut off if it does not.
        The fault is there until it is unplugged.
        """
        log.error("evse %d: overdraw, stopped", self.id)
        self.active.overdrawn = True
        self.end(ABNORMAL_CONDITION, OVERCURRENT_FAULT)

    def _plugged(self):
        self.armed = self.armed or self.transaction is None
        self.patient = True
        if not self.active.locked():  # else it waits for its owner, whose EV ever (E09.FR.03)
            self.held = None
        if self.active.usable():
            self.charging.plugged(self)
        self.update(CABLE_PLUGGED_IN)

    def _unplugged(self):
        model = self.charging.model
        grant = self.grant
        self.armed = False
        if model.flag(OCPP_COMM_CTRLR_UNLOCK_ON_EV_SIDE_DISCONNECT):
            self.held = None  # E09.FR.02, also of a cable that E05.FR.11 holds
        if grant is not None and (
            grant.limit_wh is not None or model.flag(TX_CTRLR_STOP_TX_ON_EV_SIDE_DISCONNECT)
        ):
            hold = not model.flag(
                OCPP_COMM_CTRLR_UNLOCK_ON_EV_SIDE_DISCONNECT
            )  # E09.FR.01 to FR.03
            self.deauthorize(EV_COMMUNICATION_LOST, EV_DISCONNECTED, None, hold)
        else:
            self.update(EV_COMMUNICATION_LOST, EV_DISCONNECTED)
        self._next()

    def _next(self):
        """Turn to a car that came while another connector was in use, or is so no more."""
        if self.grant is None and not self._in_use():
            for outlet in self.outlets:
                if outlet is not self.active and outlet.plugged and outlet.usable():
                    self.active = outlet
                    self._plugged()
                    return

    def late(self):
        """What was waited for has not come."""
        if self.stopping():
            self.active.open()
            self.hardware_changed(self.active)
        elif self.grant is not None and not self.facts & _CONNECTED:
            self.deauthorize(
                EV_CONNECT_TIMEOUT, TIMEOUT
            )  # C01.FR.26, E03.FR.05, E10.FR.02, F02.FR.07
        else:
            self.patient = False
            self.update()

    def _turn(self):
        """Turn from a connector that is not usable, or not any more, to one that is: is there one?
        What waits for its plug waits on.
        """
        if not self._in_use():
            for outlet in self.outlets:
                if outlet.usable():
                    self.active = outlet
                    return True
        return False

    def free(self, grant, plugged):
        """Whether somebody new may be let in here.

        Args:
            grant: who asks.
            plugged: looked for is an EVSE where a car waits, or one without.
        """
        if self.grant is not None or self.held is not None or self.ending:
            return False
        transaction = self.transaction
        if (
            transaction is not None
            and transaction.grant is not None
            and not transaction.grant.same(grant)
        ):
            return False  # C01.FR.23
        here = self.active.plugged and self.active.usable()
        if plugged or here:
            return (
                not self.charging.partners.kept(self.id, self.active.number, grant)
                and plugged
                and here
            )
        for outlet in self.outlets:
            if (
                not self.charging.partners.kept(self.id, outlet.number, grant)
                and outlet.usable()
                and not outlet.plugged
            ):
                return True
        return False

    def _in_use(self):
        """The active outlet can't change: a car is there, its cable is locked, or its transaction
        is open.
        """
        active = self.active
        transaction = self.transaction
        return (
            (active.plugged and active.usable())
            or active.locked()
            or active.on
            or (transaction is not None and (transaction.joined or active.plugged))
        )
