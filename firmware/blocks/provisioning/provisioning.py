"""B01-B03 cold boot: BootNotification, and what may be said before the CSMS has accepted the
station.
"""

from micropython import const
from tables.messages import (
    BootNotificationRequest,
    BootNotificationResponse,
    HeartbeatRequest,
    HeartbeatResponse,
)
from tables.names import (
    ACCEPTED,
    BOOT_NOTIFICATION,
    HEARTBEAT,
    PENDING,
    REJECTED,
    SECURITY_ERROR,
    TRIGGERED,
)
from tables.variables import (
    CHARGING_STATION_FIRMWARE_VERSION,
    CHARGING_STATION_MODEL,
    CHARGING_STATION_SERIAL_NUMBER,
    CHARGING_STATION_VENDOR_NAME,
    CLOCK_CTRLR_TIME_SOURCE,
    OCPP_COMM_CTRLR_HEARTBEAT_INTERVAL,
    OCPP_COMM_CTRLR_RETRY_BACK_OFF_WAIT_MINIMUM,
)

from blocks.port import ANSWERED, LOST
from hal import log
from hal.timers import Timer
from wire.names import name_id

_OWN_WAIT_S = const(60)  # B02.FR.07, B03.FR.05: the CSMS left the wait to us
_LONGEST_S = const(536870)  # 6 days, what a timer can wait
_CLOSE_S = const(1)
_SILENT = const(2)  # unanswered BootNotifications before the connection is made anew


class Registration:
    """Where the station stands with its CSMS; sends BootNotification until it is accepted.

    Args:
        board: the clock and the reason of this boot.
        model: device model.
        timers: for the wait before the next attempt.
        on_accepted: callable(), once for each Accepted.
    """

    def __init__(self, board, model, timers, on_accepted):
        self.board = board
        self.model = model
        self.timers = timers
        self.on_accepted = on_accepted
        self.link = None  # set by the station
        self.status = 0  # name id of RegistrationStatus; 0: not answered yet
        self._reason = name_id(board.boot_reason)
        self._due = False
        self._triggered = False
        self._silent = 0
        self._timer = Timer(self._attempt)

    def accepted(self):
        """Whether the CSMS has accepted the station. False: it is Pending, and may say what it is
        asked for (B02.FR.02); None: nothing but BootNotification (B01.FR.08, B03.FR.02).
        """
        return self.status == ACCEPTED if self.status in (ACCEPTED, PENDING) else None

    def connected(self, up):
        """The connection came or went. A boot that is not accepted yet is (re)notified on a new
        connection, but not before a wait that the CSMS has asked for is over (B02.FR.04,
        B03.FR.02).
        """
        if not up:
            self._due = False
        elif not self.accepted() and not self._timer.active():
            self._attempt()

    def trigger(self):
        """TriggerMessage(BootNotification): at once, unless already accepted (F06.FR.17); returns
        whether it is sent.
        """
        if self.accepted():
            return False
        self.timers.stop(self._timer)
        self._triggered = True
        self._attempt()
        return True

    def refusal(self, action):
        """What a CALL of the CSMS gets instead of being handled: None or a CALLERROR code."""
        return SECURITY_ERROR if self.status == REJECTED else None  # B03.FR.08

    def take(self, accepted):
        if not self._due:
            return None
        self._due = False
        reason = TRIGGERED if self._triggered else self._reason  # B01.FR.09
        self._triggered = False
        text = self.model.text
        return BOOT_NOTIFICATION, BootNotificationRequest(
            reason=reason,
            chargingStation_model=text(CHARGING_STATION_MODEL),
            chargingStation_vendorName=text(CHARGING_STATION_VENDOR_NAME),
            chargingStation_serialNumber=text(CHARGING_STATION_SERIAL_NUMBER) or None,
            chargingStation_firmwareVersion=text(CHARGING_STATION_FIRMWARE_VERSION) or None,
        )

    def answered(self, outcome, reader):
        if outcome == ANSWERED:
            self._silent = 0
            self._answer(reader)
            return
        if outcome == LOST:
            return  # connected() sends it again
        self._silent += 1
        wait_s = self.model.int(OCPP_COMM_CTRLR_RETRY_BACK_OFF_WAIT_MINIMUM)
        log.warning(
            "BootNotification without a valid answer (%d), again in %d s: is this OCPP 2.0.1?",
            self._silent,
            wait_s,
        )
        self._wait(wait_s)
        if self._silent >= _SILENT:
            self._silent = 0
            self.link.reconnect()

    def _answer(self, reader):
        current_time, interval_s, status = reader.unpack(
            BootNotificationResponse.currentTime,
            BootNotificationResponse.interval,
            BootNotificationResponse.status,
        )
        set_clock(self.board, self.model, current_time)
        self.status = status
        if status == ACCEPTED:
            variable = OCPP_COMM_CTRLR_HEARTBEAT_INTERVAL
            if interval_s > 0:  # B01.FR.04
                self.model.set(variable, b"%d" % interval_s)
            log.info("accepted by the CSMS, heartbeat every %d s", self.model.int(variable))
            self.on_accepted()
            return
        # B02.FR.08, B03.FR.06
        wait_s = min(interval_s, _LONGEST_S) if interval_s > 0 else _OWN_WAIT_S
        log.warning(
            "the CSMS answers %s, next BootNotification in %d s",
            "Pending" if status == PENDING else "Rejected",
            wait_s,
        )
        self._wait(wait_s)

    def _wait(self, wait_s):
        self.timers.start(self._timer, wait_s * 1000)

    def _attempt(self):
        self._due = True
        self.link.wake()


class Heartbeat:
    """G02: a Heartbeat at the interval that the CSMS has given, which also sets the clock
    (G02.FR.06).
    """

    def __init__(self, board, model, timers):
        self.board = board
        self.model = model
        self.timers = timers
        self.link = None  # set by the station
        self._due = False
        self._asked = False
        self._timer = Timer(self._tick)

    def accepted_by_csms(self):
        """(Re)start the interval: after Accepted, and when HeartbeatInterval has changed."""
        interval_s = self.model.int(OCPP_COMM_CTRLR_HEARTBEAT_INTERVAL)  # a day at most: G02.FR.07
        self.timers.start(self._timer, interval_s * 1000)

    def _tick(self):
        self._due = True
        self.accepted_by_csms()
        self.link.wake()

    def trigger(self):
        """TriggerMessage(Heartbeat)."""
        self._asked = True
        self.link.wake()
        return True

    def take(self, accepted):
        if self._asked or (self._due and accepted):
            self._asked = False
            self._due = False
            return HEARTBEAT, HeartbeatRequest()
        return None

    def answered(self, outcome, reader):
        if outcome == ANSWERED:
            set_clock(self.board, self.model, reader.unpack()[HeartbeatResponse.currentTime])


def set_clock(board, model, utc_s):
    """Set the clock from the CSMS when TimeSource names Heartbeat (B01.FR.06, G02.FR.06).

    Args:
        utc_s: seconds since 2020.
    """
    if utc_s is None or not model.has(CLOCK_CTRLR_TIME_SOURCE, HEARTBEAT):
        return
    if utc_s < 0:
        log.warning("the clock of the CSMS is wrong: before 2020; ignored")
        return
    now_s = board.clock.utc()
    # The stamp is of whole seconds and has been under way: following it closer would only make
    # time jump.
    if now_s is None or not -_CLOSE_S <= utc_s - now_s <= _CLOSE_S:
        board.clock.set_utc(utc_s)
