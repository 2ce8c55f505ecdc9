"""What the rows E01 to E10, E15, F01 to F03 want of one EVSE, for any start and stop points.

Written from the rows, not from charging/: a step that happens at the EVSE comes in, and what the
CSMS has to be told comes out. Only what a station without bay sensor and ISO 15118 can have.
`choice` marks where the rows leave it open (firmware/charging/README.md).

    model = Model({"EVConnected"}, {"Authorized"})
    model.step("plug")
    model.told                      # [Told]
"""

from collections import namedtuple

POINTS = ("EVConnected", "Authorized", "PowerPathClosed", "EnergyTransfer")
START_POINTS = (*POINTS, "DataSigned")  # E06.FR.05: it ends nothing
STEPS = (
    "plug", "card", "remote_start", "draw", "pause", "remote_stop", "refuse", "unplug", "fault",
    "repair", "wait",
)  # fmt: skip

# transaction: 1 for the first; token, remote: the event carries idToken, remoteStartId
Told = namedtuple("Told", "transaction seq_no kind trigger state reason token remote")


class Model:
    """One EVSE with one connector, one driver and his card.

    Args:
        start, stop: sets of START_POINTS, of POINTS.
        signs: the meter signs when a session may begin.
        stop_on_disconnect: StopTxOnEVSideDisconnect. unlock: UnlockOnEVSideDisconnect.
        stop_on_invalid: StopTxOnInvalidId. detachable: the cable has a lock.
    """

    def __init__(
        self,
        start,
        stop,
        stop_on_disconnect=True,
        unlock=True,
        stop_on_invalid=True,
        detachable=True,
        signs=True,
    ):
        self.start = start
        self.stop = stop
        self.stop_on_disconnect = stop_on_disconnect
        self.unlock = unlock
        self.stop_on_invalid = stop_on_invalid
        self.detachable = detachable
        self.signs = signs
        self.told = []
        self.plugged = self.drawing = self.faulty = False
        self.authorized = self.remote = False
        self.refused = False  # but goes on without energy (E05.FR.02)
        self.answered = False  # the EV has charged, or let its time for it pass
        self.locked = self.held = False  # held: until the owner comes
        self.fresh = False  # a cable or a token has come since the last transaction
        self.open = False
        self.count = self.seq_no = 0
        self.cause = None  # the first stoppedReason
        self.owed = self.owed_remote = False  # to the next event

    # ---- what holds

    @property
    def offered(self):
        """The EV may take energy."""
        return self.plugged and self.authorized and not (self.refused or self.faulty)

    @property
    def energy(self):
        """The power path is closed and the EV takes energy."""
        return self.offered and self.drawing

    @property
    def state(self):
        if not self.plugged:
            return "Idle"
        if self.energy:
            return "Charging"
        if self.faulty or not self.authorized:
            return "EVConnected"
        if self.refused:
            return "SuspendedEVSE"  # E05.FR.02
        return "SuspendedEV" if self.answered else "EVConnected"  # E01.FR.19

    def reached(self):
        """The start points that hold: E01.FR.02 to E01.FR.06."""
        connected = self.plugged and not self.faulty
        holds = {
            "EVConnected": connected,
            "Authorized": self.authorized,
            "PowerPathClosed": connected and self.authorized,
            "EnergyTransfer": self.energy,
            "DataSigned": connected and self.authorized and self.signs,  # E01.FR.04
        }
        return {point for point in START_POINTS if holds[point]}

    # ---- what happens

    def step(self, name):
        """One of STEPS; nothing comes of it where it can't happen."""
        before = self.reached()
        state = self.state
        offered = self.offered
        getattr(self, "_" + name)(before, state)
        if offered and not self.offered:
            self.drawing = False  # the EV opens the circuit
        self.answered = self.answered or self.energy

    def _plug(self, before, state):
        if self.plugged:
            return
        self.plugged = True
        self.answered = False
        self.fresh = self.fresh or not self.open
        self._lock()
        if not self.faulty:
            self._happened(before, "EVConnected", "CablePluggedIn")  # E02.FR.06

    def _card(self, before, state):
        if self.authorized:  # E07.FR.01
            self._over(before, state, "StopAuthorized", "Local", token=True)
        elif self.held:  # choice: frees the cable only; the next time it asks (E09.FR.01)
            self.held = self.locked = False  # E09.FR.03
        elif not self.faulty:
            self._authorize(before, state, False)

    def _remote_start(self, before, state):
        if not (self.authorized or self.faulty or self.held):  # F01.FR.23, F01.FR.24
            self._authorize(before, state, True)

    def _authorize(self, before, state, remote):
        self.authorized = True
        self.remote = remote
        self.refused = self.held = self.answered = False
        self.fresh = self.fresh or not self.open
        self.cause = None
        self.owed = True
        self.owed_remote = remote
        self._lock()
        # E02.FR.01, F01.FR.19, F02.FR.21
        self._happened(before, state, "RemoteStart" if remote else "Authorized")

    def _draw(self, before, state):
        if self.plugged and not self.drawing:
            self.drawing = True
            self._happened(before, state, None)

    def _pause(self, before, state):
        if self.drawing:
            self.drawing = False
            self._happened(before, state, None, "StoppedByEV")

    def _remote_stop(self, before, state):
        if self.open:  # F03.FR.03
            self.cause = None  # RemoteStop goes with Remote (E06.FR.15)
            self._over(before, state, "RemoteStop", "Remote")

    def _refuse(self, before, state):
        """The CSMS finds the token invalid in the answer to an event (E05)."""
        if not self.open or not self.authorized or self.refused:
            return
        if self.stop_on_invalid:
            self.held = self.locked  # E05.FR.11
            self._over(before, None, "Deauthorized", "DeAuthorized")  # E05.FR.09, E05.FR.10
        else:
            self.refused = True
            self._happened(before, state, None, "DeAuthorized")  # E05.FR.02

    def _unplug(self, before, state):
        if not self.plugged:
            return
        self.plugged = self.drawing = False
        if not self.open:
            self.fresh = False
        if self.unlock:
            self.held = False  # E09.FR.02
        trigger, reason = "EVCommunicationLost", "EVDisconnected"
        if self.authorized and (self.stop_on_disconnect or self.refused):  # E09.FR.01
            if not self.unlock:
                self.held = self.locked  # E09.FR.03
            self._over(before, None, trigger, reason)
        else:  # E10
            self._happened(before, None, trigger, reason)
            self._free()

    def _fault(self, before, state):
        if self.faulty:
            return
        self.faulty = True
        self.held = False
        self.authorized = self.refused = False
        if self.open:
            self.cause = "GroundFault"
            self._end("AbnormalCondition", None)  # E06.FR.16
        self._free()

    def _repair(self, before, state):
        if self.faulty:
            self.faulty = False
            if self.fresh and self.plugged:  # choice: it has come only now
                self._happened(before, "EVConnected", "CablePluggedIn")

    def _wait(self, before, state):
        """Longer than EVConnectionTimeOut."""
        if not self.authorized:
            return
        if not self.plugged and not self.locked:  # E10.FR.01, E10.FR.02
            self._over(before, None, "EVConnectTimeout", "Timeout")  # E03.FR.05
        elif self.plugged:
            self.answered = True
            self._happened(before, state, None)

    # ---- what comes of it

    def _over(self, before, state, trigger, reason, token=False):
        """The authorization is over."""
        self.authorized = self.refused = False
        self.owed = token  # E07.FR.02; a token of before is not told any more
        self.owed_remote = False
        if self.open:
            self.cause = self.cause or reason
            # E05.FR.10, E06.FR.03, E06.FR.06, F03.FR.03; E03.FR.05 whatever the stop points
            if self.stop - {"EVConnected"} or not self.plugged:
                self._end(trigger, reason)
            else:
                self._tell("Updated", trigger, state or self.state)
                self._follow(state)
        self._free()

    def _happened(self, before, state, trigger, reason=None):
        """Something that tells `state`, None: the state after it."""
        if not self.open:
            self._begin(state, trigger)
            return
        gone = (before - self.reached()) & self.stop  # E06.FR.02, E06.FR.06, E06.FR.07
        if gone or not (self.plugged or self.authorized):  # choice: nobody there
            self._end(trigger or "ChargingStateChanged", reason)
            return
        if trigger:
            self._tell("Updated", trigger, state or self.state)
            self._follow(state)
        else:
            self._follow(state)

    def _begin(self, state, trigger):
        reached = self.reached() & self.start
        if not reached or not self.fresh:
            return
        self.open = True
        self.fresh = False
        self.count += 1
        self.seq_no = 0
        self.cause = None
        if reached <= {"EnergyTransfer", "DataSigned"}:
            energy = "EnergyTransfer" in reached  # E01.FR.06, E01.FR.04
            trigger = "ChargingStateChanged" if energy else "SignedDataReceived"
            state = self.state
        if self.authorized and self.remote:
            trigger = "RemoteStart"  # F02.FR.21: of the first event there is
        if not self.authorized:
            self.owed = self.owed_remote = False
        self._tell("Started", trigger, state or self.state)
        self._follow(state)

    def _follow(self, told):
        """E01.FR.18: what has changed besides."""
        if told is not None and told != self.state:
            self._tell("Updated", "ChargingStateChanged", self.state)

    def _end(self, trigger, reason):
        self.authorized = self.refused = self.fresh = False
        self._tell("Ended", trigger, self.state, self.cause or reason)
        self.open = False
        self._free()

    def _lock(self):
        if self.plugged and self.authorized and self.detachable:
            self.locked = True

    def _free(self):
        if not self.authorized and not self.held:
            self.locked = False  # E06.FR.10, E07.FR.07

    def _tell(self, kind, trigger, state, reason=None):
        self.told.append(
            Told(
                self.count, self.seq_no, kind, trigger, state, reason, self.owed, self.owed_remote
            )
        )
        self.seq_no += 1
        self.owed = self.owed_remote = False
