"""B11, B12 Reset: of the station or of one EVSE, at once or when idle."""

from micropython import const
from tables.messages import ResetRequest, ResetResponse
from tables.names import (
    ACCEPTED,
    IMMEDIATE,
    IMMEDIATE_RESET,
    REBOOT,
    REJECTED,
    RESET_COMMAND,
    SCHEDULED,
)
from tables.variables import EVSE_ALLOW_RESET

from hal import log
from hal.timers import Timer

_SETTLE_MS = const(250)  # between two looks at whether everything is said
_LOOKS = const(
    40
)  # after that the messages wait in storage for the time after the reset (B12.FR.05)


class Reset:
    """Carries out a Reset once transactions have ended and the CSMS has been told.

    Args:
        board: its connectors.
        model: device model, EVSE.AllowReset.
        timers: for the wait.
        charging: active(evse), stopping(), end(evse, trigger, reason), restart(evse),
            drain(), closing; its partners know whether messages of transactions still wait.
        restart: callable(reason), restarts the firmware in good order.
    """

    def __init__(self, board, model, timers, charging, restart):
        self.board = board
        self.model = model
        self.timers = timers
        self.charging = charging
        self.restart = restart
        self._reason = None  # of the next boot, while a reset of the station is due
        self._evses = 0  # bit mask of the EVSEs to be reset when idle
        self._looks = 0
        self._timer = Timer(self._look)

    def handle(self, action, reader):
        kind, evse = reader.unpack(ResetRequest.type, ResetRequest.evseId)
        evse = evse or 0
        if evse < 0 or evse > len(self.board.connectors):
            return ResetResponse(status=REJECTED, statusInfo_reasonCode=b"UnknownEvse")
        if evse and not self.model.flag(EVSE_ALLOW_RESET, evse):
            return ResetResponse(
                status=REJECTED, statusInfo_reasonCode=b"UnsupportedRequest"
            )  # B11.FR.09, B12.FR.09
        busy = self.charging.active(evse)
        log.info(
            "reset of %s: %s",
            "evse %d" % evse if evse else "the station",
            "when idle" if busy and kind != IMMEDIATE else "now",
        )
        waits = busy and kind != IMMEDIATE
        if evse:
            self._evses |= 1 << evse
        elif not (waits and self._reason):
            self._reason = b"ScheduledReset" if waits else b"RemoteReset"
        if not waits:
            self._end(evse, IMMEDIATE_RESET)  # B12.FR.04, B12.FR.08
        self._looks = 0
        self.timers.start(self._timer, _SETTLE_MS)
        return ResetResponse(status=SCHEDULED if waits else ACCEPTED)

    def restart_asked(self, reason):
        """The station is to restart for a reason of its own (the button): orderly, transactions
        are ended first.

        Args:
            reason: BootReason of the next boot.
        """
        self._reason = reason
        self._looks = 0
        self._end(0, REBOOT)  # E06.FR.08, E07.FR.06
        self.timers.start(self._timer, _SETTLE_MS)

    def _end(self, evse, reason):
        """End sessions at an EVSE, or all of them; then none begins before the restart, which
        would have to wait for it or cut it off.
        """
        if not evse:
            self.charging.closing = True
        self.charging.end(evse, RESET_COMMAND, reason)

    def transaction_ended(self):
        """charging: a transaction has ended; a reset may have waited for it (B12.FR.03,
        B12.FR.07).
        """
        if self._reason or self._evses:
            self.timers.start(self._timer, _SETTLE_MS)

    def _look(self):
        charging = self.charging
        if charging.stopping():  # no reset breaks a load
            self.timers.start(self._timer, _SETTLE_MS)
            return
        for evse in range(1, len(self.board.connectors) + 1):
            if self._evses >> evse & 1 and not charging.active(evse):
                self._evses &= ~(1 << evse)
                charging.restart(evse)
        if not self._reason:
            return
        if charging.active():
            if not charging.closing:
                charging.drain()
            return
        if not charging.closing:  # it was to be when idle
            self._end(0, IMMEDIATE_RESET)
            self.timers.start(self._timer, _SETTLE_MS)  # a car may have to let go
            return
        self._looks += 1
        if charging.partners.unsent() and self._looks <= _LOOKS:
            self.timers.start(self._timer, _SETTLE_MS)
            return
        self.restart(self._reason)
