"""One connector: where its pilot, relay and lock are moved, and its faults are found out."""

from micropython import const
from tables.names import (
    EMERGENCY_STOP,
    GROUND_FAULT,
    OTHER,
    OVERCURRENT_FAULT,
    POWER_LOSS,
    POWER_QUALITY,
)

from charging.pilot import MIN_MA, STEADY

_A = const(0)
_C = const(2)
_D = const(3)
_LOCK_FAILURE = b"ConnectorLockFailure"
_REASON_OF = (
    (b"Ground", GROUND_FAULT),
    (b"Residual", GROUND_FAULT),
    (b"OverCurrent", OVERCURRENT_FAULT),
    (b"Emergency", EMERGENCY_STOP),
    (b"PowerLoss", POWER_LOSS),
    (b"UnderVoltage", POWER_QUALITY),
    (b"OverVoltage", POWER_QUALITY),
    (b"Frequency", POWER_QUALITY),
)


def duty(limit_ma):
    """Pilot duty cycle in permille that offers `limit_ma`; STEADY below 6 A (IEC 61851-1)."""
    if limit_ma < MIN_MA:
        return STEADY
    if limit_ma <= 51000:
        return limit_ma // 60
    return min(limit_ma // 250 + 640, 960)


def fault_reason(fault):
    """name id of the ReasonEnumType that a fault's name stands for."""
    for start, reason in _REASON_OF:
        if fault.startswith(start):
            return reason
    return OTHER


class Outlet:
    """What a connector's hardware says, as of the last `look`.

    Args:
        hardware: board.connector(evse, number).
        number: 1 or more.
    """

    def __init__(self, hardware, number):
        self.hardware = hardware
        self.number = number
        self.operative = True  # as set by the CSMS
        self.plugged = False  # pilot B to D; E and F leave it as it was
        self.drawing = False  # pilot C or D: the car closes the circuit
        self.fault = None  # name
        self.on = False  # relay, as commanded
        self.stopping = False  # the offer was taken away while the relay was closed
        self.overdrawn = False  # since it was plugged in
        self.celsius = 0  # its temperature, the highest of late
        # 2: the relay has just moved, 1: a moment ago; 0: its feedback counts
        self.settling = 2
        self.status = 0  # name id of ConnectorStatus as last told
        self.jammed = False  # the lock has not closed when it was told to, and not since
        self._permille = -1
        self._locking = False
        hardware.relay(False)

    def look(self):
        """Read the hardware; the relay opens at once when it must not be closed any more."""
        hardware = self.hardware
        pilot = hardware.pilot()
        if pilot <= _D:
            self.plugged = pilot != _A
            self.overdrawn = self.overdrawn and self.plugged
        self.drawing = pilot == _C or pilot == _D
        fault = hardware.fault()
        if fault is None and pilot > _D:
            fault = b"PilotFault"
        if self.on and (fault is not None or not self.drawing):
            self.open()
        if fault is None and not self.on:
            if not self.settling and hardware.relay_closed():
                fault = b"WeldedContact"
            elif self.overdrawn:
                fault = b"OverCurrent"
        self.fault = fault

    def usable(self):
        """Somebody new may charge here."""
        return self.operative and self.fault is None

    def lock_problem(self):
        """The lock, if there is one, has failed (G05)."""
        return self.hardware.detachable and (self.jammed or self.fault == _LOCK_FAILURE)

    def locked(self):
        return self.hardware.detachable and self.hardware.locked()

    def drive(self, permille):
        """Offer current, and close the relay if the car asks for it and nothing speaks against it.

        Args:
            permille: of the pilot's duty cycle, or STEADY: nothing is offered.

        Returns:
            True: the car is told to stop; it opens the circuit, or `open` has to.
        """
        held = self.locked() or not self.hardware.detachable  # G05.FR.01
        if self.on and not held:
            self.open()
        if permille != self._permille:
            self._permille = permille
            self.hardware.set_pwm(permille)
        if permille == STEADY:
            stops = self.on and not self.stopping
            self.stopping = self.stopping or self.on
            return stops
        self.stopping = False
        if held and not self.on and self.drawing and self.fault is None:
            self._switch(True)
        return False

    def open(self):
        """Open the relay."""
        self._switch(False)

    def lock(self, on):
        """Lock or free a detachable cable; it is never freed while it may be live.

        Returns:
            True: it begins to lock, or tries once more, and takes its time: call `look_at_lock`
            then.
        """
        hardware = self.hardware
        if not hardware.detachable:
            return False
        if on:
            moves = not self._locking or not hardware.locked()  # it may be on its way to open
        else:
            moves = hardware.locked() and not self.on and not hardware.relay_closed()
        if moves:
            hardware.lock(on)
        begins = not self._locking or self.jammed
        self._locking = on
        return on and not self.look_at_lock(self.jammed) and begins

    def look_at_lock(self, jammed=True):
        """Whether the lock was told to close and has.

        Args:
            jammed: what to think of one that is open still.
        """
        closed = self._locking and self.locked()
        if self._locking:
            self.jammed = jammed and not closed
        return closed

    def _switch(self, on):
        self.on = on
        self.settling = 2
        self.hardware.relay(on)
