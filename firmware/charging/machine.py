"""What hardware, grant and transaction of an EVSE come to: outputs, charging state, events.

Whatever happens (evse.py) changes what is known, and then calls `update`. It moves the outputs
first, and then compares the *facts* of before and after: a transaction starts with the first fact
of TxStartPoint (E01) and ends when a fact of TxStopPoint is gone (E06). README.md has the tables.
"""

from micropython import const
from tables.names import (
    AUTHORIZED,
    AVAILABLE,
    CABLE_PLUGGED_IN,
    CHARGING,
    CHARGING_STATE_CHANGED,
    DEAUTHORIZED,
    ENDED,
    EV_CONNECTED,
    FAULTED,
    IDLE,
    OCCUPIED,
    OTHER,
    REMOTE_START,
    REMOTE_STOP,
    RESERVED,
    SIGNED_DATA_RECEIVED,
    STARTED,
    STOP_AUTHORIZED,
    STOPPED_BY_EV,
    SUSPENDED_EV,
    SUSPENDED_EVSE,
    UNAVAILABLE,
    UPDATED,
)
from tables.variables import (
    TX_CTRLR_EV_CONNECTION_TIME_OUT,
    TX_CTRLR_TX_START_POINT,
    TX_CTRLR_TX_STOP_POINT,
)

from charging.offer import Offer
from charging.outlet import duty
from charging.pilot import STEADY
from charging.session import Transaction
from hal.timers import Timer
from wire.names import name

# Facts; each is a start and stop point too. ParkingBayOccupancy needs a sensor: it is never one.
_CONNECTED = const(1)
_AUTHORIZED = const(2)
_PATH = const(4)
_ENERGY = const(8)
_SIGNED = const(16)  # looked at only while a transaction may begin
_BY_AUTHORIZATION = const(14)  # the stop points that the end of an authorization reaches
_POINTS = (
    (b"EVConnected", _CONNECTED),
    (b"Authorized", _AUTHORIZED),
    (b"PowerPathClosed", _PATH),
    (b"EnergyTransfer", _ENERGY),
    (b"DataSigned", _SIGNED),
)

# How sure it is that a transaction ends, besides by a stop point that is left.
_IF_STOP_POINT = const(0)
_IF_AUTHORIZATION = const(
    1
)  # the authorization is over: E05.FR.10, E06.FR.03, E06.FR.06, F03.FR.03
_CERTAIN = const(2)

# Events that tell the charging state before them; what follows is told as ChargingStateChanged.
_BEFORE_STATE = (AUTHORIZED, REMOTE_START, STOP_AUTHORIZED, REMOTE_STOP)

_EV_TAKES_MS = const(3000)  # for a car to answer an offer; then it is SuspendedEV
_LETS_GO_MS = const(3000)  # ... and to stop when it is taken away; then the relay opens
_LOOKS_MS = const(1000)  # at the register, while energy after a refusal is limited


class Machine:
    """The state of an EVSE; of Evse 0, without outlets: where a session waits for its EVSE (E03).

    Args:
        charging: Charging, which lends board, model, timers and partners.
        number: evse id.
        outlets: tuple of Outlet.
    """

    def __init__(self, charging, number, outlets):
        self.charging = charging
        self.id = number
        self.outlets = outlets
        self.active = outlets[0] if outlets else None  # where the car is, or was last
        self.grant = None  # who may charge
        self.held = None  # Grant whose owner has to free the cable (E05.FR.11, E09.FR.03)
        self.transaction = None
        self.state = IDLE  # ChargingStateEnumType
        self.offer = Offer(self) if outlets else None  # what its car is offered
        self.facts = 0
        self.armed = False  # a start point counts: something has begun since the last transaction
        self.patient = True  # the car has not had its time to answer the offer yet
        self.later = None  # (trigger, reason) of what is told when the relay has opened
        self.ending = False  # ... and ends the transaction
        self._timer = Timer(self.late)

    def live(self):
        """A relay is closed."""
        for outlet in self.outlets:
            if outlet.on:
                return True
        return False

    def stopping(self):
        """The car has been told to stop, and its relay is closed still."""
        return self.live() and self.active.stopping

    def status(self, connector):
        """name id of a connector's ConnectorStatusEnumType (G01.FR.01)."""
        outlet = self.outlets[connector - 1]
        if outlet.fault is not None:
            return FAULTED
        if not outlet.operative and (self.transaction is None or outlet is not self.active):
            return UNAVAILABLE  # G01.FR.05, G03.FR.05
        if outlet.plugged or outlet.locked():
            return OCCUPIED
        if self.charging.partners.kept(self.id, connector, None):
            return RESERVED
        return AVAILABLE

    def update(self, trigger=0, reason=0, end=_IF_STOP_POINT):
        """Move the outputs to where they belong, and tell what has changed.

        Args:
            trigger: name id of TriggerReason; 0: tell only what follows from it.
            reason: name id of stoppedReason, should the transaction end.
            end: how sure its end is.
        """
        before = self.facts
        shown = self.state
        self._move()
        if self.transaction is None:
            shown = self._begin(trigger, shown)
        else:
            shown = self._go_on(before, shown, trigger, reason, end)
        if self.transaction is not None and shown != self.state:
            self._tell(UPDATED, CHARGING_STATE_CHANGED, self.state)  # E01.FR.18
        self._set_timer(before)

    def _move(self):
        """Outputs, facts and statuses by what is known now; the relay first."""
        charging = self.charging
        grant = self.grant
        offer = self.offer
        for outlet in self.outlets:
            here = outlet is self.active
            use = here and outlet.plugged and (outlet.operative or self.transaction is not None)
            if use and grant is not None and outlet.lock(True):
                charging.watch_lock()
            if here:
                wanted = use and outlet.fault is None and self._may_draw()
                if wanted != offer.wanted:
                    charging.limits.want(offer, wanted)
            if outlet.drive(duty(offer.ma) if here else STEADY):
                charging.timers.stop(self._timer)  # it has its time from now on
            if not here or (grant is None and self.held is None):
                outlet.lock(False)  # E06.FR.10, E07.FR.07, E09.FR.02
            if outlet.settling > 1:
                outlet.settling = 1
                charging.watch()
        self._look()
        for outlet in self.outlets:
            status = self.status(outlet.number)
            if status != outlet.status:
                outlet.status = status
                charging.board.indicator.status(self.id, outlet.number, name(status))
                charging.partners.connector_changed(self.id, outlet.number)

    def _look(self):
        """Find facts and charging state."""
        outlet = self.active
        facts = 0 if self.grant is None else _AUTHORIZED
        state = IDLE
        if outlet is not None and outlet.plugged:
            state = EV_CONNECTED
            if outlet.fault is None and (self.transaction is not None or outlet.operative):
                facts |= _CONNECTED
                if self.transaction is not None:
                    self.transaction.joined = True
                if self.grant is not None:
                    facts |= _PATH
                    state = self._state_of(outlet)
                if outlet.on:
                    facts |= _ENERGY
                    state = CHARGING
        self.facts = facts
        self.state = state

    def _state_of(self, outlet):
        """The charging state of an authorized car that is not charging."""
        offer = self.offer
        if outlet.on:
            self.patient = False
        if not offer.limit_ma:
            return SUSPENDED_EVSE
        if self.patient:
            return EV_CONNECTED
        return SUSPENDED_EVSE if outlet.drawing or not offer.ma else SUSPENDED_EV

    def _may_draw(self):
        grant = self.grant
        return grant is not None and (
            grant.limit_wh is None or self.energy_wh() < grant.limit_wh
        )

    def _begin(self, trigger, shown):
        """Start a transaction if a start point is reached; the charging state that was told."""
        if not self.armed or not self.facts or not self.charging.may_begin():
            return shown
        points = self._points(TX_CTRLR_TX_START_POINT)
        hit = self.facts & points
        if points & _SIGNED and self.facts & _PATH and self.charging.board.meter(self.id).signed():
            hit |= _SIGNED
        if not hit:
            return shown
        self.armed = False
        if hit & ~_ENERGY & ~_SIGNED:
            trigger = trigger or CABLE_PLUGGED_IN
            shown = self._shown(trigger, shown)
        else:
            trigger = CHARGING_STATE_CHANGED if hit & _ENERGY else SIGNED_DATA_RECEIVED
            shown = self.state
        grant = self.grant
        if grant is not None and grant.remote_start_id is not None:
            trigger = REMOTE_START  # F01.FR.19, F02.FR.21
        self.transaction = Transaction(self.charging.transaction_id(), grant)
        self.transaction.joined = self.facts & _CONNECTED != 0
        if self.id:
            self.transaction.start_wh = self.energy_wh()
        self._tell(STARTED, trigger, shown)
        self.show(self.transaction.id)
        return shown

    def show(self, transaction_id):
        """A transaction has begun, or ended (None): tell the board, once it is known where."""
        if self.id:
            self.charging.board.indicator.transaction(self.id, transaction_id)

    def _ends(self, before, end):
        facts = self.facts
        if end == _CERTAIN or not facts & (_CONNECTED | _AUTHORIZED):
            return True
        points = self._points(TX_CTRLR_TX_STOP_POINT)
        return before & ~facts & points or (
            end == _IF_AUTHORIZATION and points & _BY_AUTHORIZATION
        )

    def _go_on(self, before, shown, trigger, reason, end):
        """Tell what has happened in the transaction, or its end; what stops the flow of energy is
        told when it has stopped (E05.FR.09), with the register as it is then.

        Returns:
            the charging state that was told.
        """
        if self.ending or self._ends(before, end):
            self.ending = True
            self.grant = None
            self.armed = False
            self._move()
        first = self.later is None or end == _CERTAIN  # the first cause counts
        if not self.stopping():
            if not first:
                trigger, reason = self.later
            self.later = None
        elif self.ending or trigger == DEAUTHORIZED or (reason and not trigger):
            if first:
                self.later = trigger, reason
            return shown
        if self.ending:
            self._finish(trigger, reason)
        elif trigger:
            shown = self._shown(trigger, shown)
            self._tell(UPDATED, trigger, shown)
        return shown

    def _finish(self, trigger, reason):
        transaction = self.transaction
        self.ending = False
        outlet = self.active
        stopped = outlet is not None and (outlet.drawing or outlet.stopping)
        reason = transaction.reason or reason or (OTHER if stopped else STOPPED_BY_EV)
        self.transaction = None
        self.charging.partners.transaction_event(
            self, transaction, ENDED, trigger or CHARGING_STATE_CHANGED, self.state, reason
        )
        self._move()  # a connector whose unavailability was scheduled (G01.FR.05)
        self.show(None)
        self.charging.partners.transaction_ended()

    def energy_wh(self):
        """The register of its meter."""
        meter = self.charging.board.meter(self.id) if self.id else None
        return meter.energy_wh() if meter else 0

    def current_ma(self):
        """What is drawn, by the phase with the most."""
        meter = self.charging.board.meter(self.id)
        if meter is None:
            return 0
        return max(meter.current_ma(1), meter.current_ma(2), meter.current_ma(3))

    def _tell(self, kind, trigger, state):
        self.charging.partners.transaction_event(
            self, self.transaction, kind, trigger, state, 0
        )

    def _shown(self, trigger, before):
        if trigger == CABLE_PLUGGED_IN:
            return EV_CONNECTED
        return before if trigger in _BEFORE_STATE else self.state

    def _points(self, variable):
        points = 0
        members = self.charging.model.text(variable).split(b",")
        for point, fact in _POINTS:
            if point in members:
                points |= fact
        return points

    def _set_timer(self, before):
        """Wait for the car: to let go, to come, to answer the offer, or to have used up its
        energy.
        """
        wait_ms = 0
        if self.stopping():
            wait_ms = _LETS_GO_MS
            before = self.facts  # whatever else happens
        elif self.grant is not None:
            if not self.facts & _CONNECTED:
                if self.active is None or not self.active.locked():  # E10.FR.01
                    wait_ms = self.charging.model.int(TX_CTRLR_EV_CONNECTION_TIME_OUT) * 1000
            elif self.state == EV_CONNECTED:
                wait_ms = _EV_TAKES_MS
            elif self.state == CHARGING and self.grant.limit_wh is not None:
                wait_ms = _LOOKS_MS
            elif (
                self.transaction is None
                and self.armed
                and self._points(TX_CTRLR_TX_START_POINT) & _SIGNED
            ):
                wait_ms = _LOOKS_MS  # for the meter to sign (E01.FR.04)
        timers = self.charging.timers
        if not wait_ms or before != self.facts:
            timers.stop(self._timer)
        if wait_ms and not self._timer.active():
            timers.start(self._timer, wait_ms)
