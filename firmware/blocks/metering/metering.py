"""J01, J02 meter values: what is read when, and MeterValues of idle EVSEs."""

import time

from micropython import const
from tables.messages import MeterValuesRequest
from tables.names import (
    CHARGING,
    ENDED,
    METER_VALUE_CLOCK,
    METER_VALUE_PERIODIC,
    METER_VALUES,
    OTHER,
    SAMPLE_CLOCK,
    SAMPLE_PERIODIC,
    STARTED,
    TRANSACTION_BEGIN,
    TRANSACTION_END,
    TRIGGER,
    UPDATED,
)
from tables.variables import (
    ALIGNED_DATA_CTRLR_INTERVAL,
    ALIGNED_DATA_CTRLR_MEASURANDS,
    ALIGNED_DATA_CTRLR_SEND_DURING_IDLE,
    ALIGNED_DATA_CTRLR_SEND_DURING_IDLE_EVSE,
    ALIGNED_DATA_CTRLR_SIGN_READINGS,
    ALIGNED_DATA_CTRLR_TX_ENDED_INTERVAL,
    ALIGNED_DATA_CTRLR_TX_ENDED_MEASURANDS,
    OCPP_COMM_CTRLR_PUBLIC_KEY_WITH_SIGNED_METER_VALUE,
    SAMPLED_DATA_CTRLR_SIGN_READINGS,
    SAMPLED_DATA_CTRLR_TX_ENDED_INTERVAL,
    SAMPLED_DATA_CTRLR_TX_ENDED_MEASURANDS,
    SAMPLED_DATA_CTRLR_TX_STARTED_MEASURANDS,
    SAMPLED_DATA_CTRLR_TX_UPDATED_INTERVAL,
    SAMPLED_DATA_CTRLR_TX_UPDATED_MEASURANDS,
)

from blocks.metering.signatures import KEY
from charging.records import Readings, read, stamp
from hal import log
from hal.timers import Timer

_DAY_S = const(86400)
_LONGEST_MS = const(0x1FFFFFFF)
_KEPT = const(
    12
)  # readings of a transaction for its Ended event; thinned when there are more (E06.FR.13)


class Metering:
    """Reads the meters when it is time to; a source, of MeterValues of idle EVSEs.

    Args:
        charging: Charging; its partners tell the samples of transactions.
        signatures: Signatures.
    """

    def __init__(self, charging, signatures):
        self.charging = charging
        self.signatures = signatures
        self._sending = b""  # the reading of the MeterValues that is under way
        self.telling = None  # the transaction of the event that is being made
        self.link = None  # set by the station
        self._idle_due = 0  # bit mask of EVSEs (0: main meter) with an aligned reading to be sent
        self._asked = 0  # the same for TriggerMessage
        self._clock_due = 0  # seconds since 2020 of the next clock-aligned reading, 0: none
        self._ended_due = 0  # the same for those that go into the Ended event
        self._aligned_at = 0  # the time that the readings in _idle_due stand for
        self._timer = Timer(self._fire)

    # ---- for the transactions block

    def of_event(self, evse, transaction, kind, trigger, state):
        """Packed readings for a TransactionEvent, a list or tuple, the oldest first."""
        self.telling = transaction
        if not evse.id:
            return ()  # no meter yet
        if not transaction.metered:
            transaction.metered = True
            self._keep(
                evse, transaction, SAMPLED_DATA_CTRLR_TX_ENDED_MEASURANDS, TRANSACTION_BEGIN
            )
        if transaction.joined and not transaction.sampled:
            self._schedule(transaction)
        if kind == ENDED:
            self._keep(evse, transaction, SAMPLED_DATA_CTRLR_TX_ENDED_MEASURANDS, TRANSACTION_END)
            return transaction.readings  # E06.FR.11
        variable = SAMPLED_DATA_CTRLR_TX_UPDATED_MEASURANDS
        context = OTHER
        at = None
        if not transaction.begun and (kind == STARTED or state == CHARGING):
            transaction.begun = True  # E01.FR.09, E01.FR.17
            variable = SAMPLED_DATA_CTRLR_TX_STARTED_MEASURANDS
            context = TRANSACTION_BEGIN
        elif trigger == METER_VALUE_CLOCK:
            variable = ALIGNED_DATA_CTRLR_MEASURANDS
            context = SAMPLE_CLOCK
            at = self._aligned_at
        elif trigger == METER_VALUE_PERIODIC:
            context = SAMPLE_PERIODIC
        elif trigger == TRIGGER:
            context = TRIGGER
        elif transaction.updated_due is None:
            return ()
        return (self._read(evse.id, variable, context, at, transaction),)  # E02.FR.10

    def readings(self, tell):
        """Tell of all packed readings that are kept for MeterValues and Ended."""
        tell(self._sending, 0)
        for transaction in self._transactions(self.telling):
            for reading in transaction.readings:
                tell(reading, 0)

    def thin(self):
        """Short of memory: keep every second reading for Ended (J02.FR.20)."""
        for transaction in self._transactions(self.telling):
            transaction.readings = transaction.readings[::2]

    # ---- for the station

    def started(self, variable=0):
        """At boot, and when an interval, `variable`, has been set: find out what is due when."""
        for transaction in self._transactions():
            if transaction.sampled:
                self._schedule(transaction, variable)
        self._align()

    def _align(self):
        """When the clock may have been set: samples go on at their interval (J02.FR.11)."""
        self._clock_due = self._next_aligned(ALIGNED_DATA_CTRLR_INTERVAL)
        self._ended_due = self._next_aligned(ALIGNED_DATA_CTRLR_TX_ENDED_INTERVAL)
        self._plan()

    def trigger(self, evse=0):
        """TriggerMessage(MeterValues) for an EVSE (0: all, F06.FR.11): is there something to read
        (F06.FR.10)?
        """
        charging = self.charging
        if not charging.model.members(ALIGNED_DATA_CTRLR_MEASURANDS):
            return False
        asked = 0
        for each in charging.evses:
            if evse in (0, each.id) and charging.board.meter(each.id) is not None:
                asked |= 1 << each.id
        self._asked |= asked
        self.link.wake()
        return asked != 0

    def online(self, up):
        if not up:
            self._idle_due = self._asked = 0  # readings of idle EVSEs are not kept
        self._align()

    def take(self, accepted):
        while self._asked or (self._idle_due and accepted):
            due = self._asked or self._idle_due
            evse = 0
            while not due >> evse & 1:
                evse += 1
            if self._asked:
                self._asked &= ~(1 << evse)
                reading = self._read(evse, ALIGNED_DATA_CTRLR_MEASURANDS, TRIGGER)
            else:
                self._idle_due &= ~(1 << evse)
                at = self._aligned_at
                reading = self._read(evse, ALIGNED_DATA_CTRLR_MEASURANDS, SAMPLE_CLOCK, at)
            if reading:
                self._sending = reading
                utc = self.charging.clock.utc() or 0
                return METER_VALUES, MeterValuesRequest(
                    evseId=evse, meterValue=Readings(reading, 0, utc, self.signatures)
                )
        return None

    def answered(self, outcome, reader):
        self._sending = b""

    # ---- when

    def _schedule(self, transaction, variable=0):
        """Samples begin with an EV, and anew when their interval, `variable`, is set."""
        transaction.sampled = True
        now = time.ticks_ms()
        if variable in (0, SAMPLED_DATA_CTRLR_TX_UPDATED_INTERVAL):
            transaction.updated_due = self._after(SAMPLED_DATA_CTRLR_TX_UPDATED_INTERVAL, now, now)
        if variable in (0, SAMPLED_DATA_CTRLR_TX_ENDED_INTERVAL):
            transaction.ended_due = self._after(SAMPLED_DATA_CTRLR_TX_ENDED_INTERVAL, now, now)
        self._plan(transaction)

    def _after(self, variable, due, now):
        """Ticks one interval after `due`, or after now if that is over; None: off."""
        interval_ms = self.charging.model.int(variable) * 1000
        if not interval_ms:
            return None
        due = time.ticks_add(due, interval_ms)
        return time.ticks_add(now, interval_ms) if _passed(due, now) else due

    def _next_aligned(self, variable):
        """The next multiple of an interval since midnight UTC, in seconds since 2020; 0: none."""
        interval_s = self.charging.model.int(variable)
        utc = self.charging.clock.utc()
        if not interval_s or utc is None:
            return 0
        today_s = utc % _DAY_S
        return utc - today_s + min(today_s - today_s % interval_s + interval_s, _DAY_S)

    def _transactions(self, another=None):
        """The open ones, and another one (or None) that its Evse may not know."""
        found = [] if another is None else [another]
        for evse in self.charging.evses:
            if evse.transaction is not None and evse.transaction is not another:
                found.append(evse.transaction)
        return found

    def _last_aligned(self, variable, utc):
        """The last multiple of an interval since midnight UTC, in seconds since 2020."""
        return utc - utc % _DAY_S % max(self.charging.model.int(variable), 1)

    def _plan(self, starting=None):
        """Have the timer fire when the next thing is due.

        Args:
            starting: a transaction that its Evse may not know yet, or None.
        """
        wait_ms = _LONGEST_MS
        now = time.ticks_ms()
        for transaction in self._transactions(starting):
            for due in (transaction.updated_due, transaction.ended_due):
                if due is not None:
                    wait_ms = min(wait_ms, max(time.ticks_diff(due, now), 0))
        utc = self.charging.clock.utc()
        for due in (self._clock_due, self._ended_due):
            if due:
                wait_ms = min(wait_ms, max(min(due - utc, _DAY_S) * 1000, 0))
        timers = self.charging.timers
        if wait_ms < _LONGEST_MS:
            timers.start(self._timer, wait_ms)
        else:
            timers.stop(self._timer)

    def _fire(self):
        now = time.ticks_ms()
        # The aligned ones first: what they stand for is past, and the register goes up meanwhile.
        utc = self.charging.clock.utc()
        if self._ended_due and utc >= self._ended_due:
            at = self._last_aligned(ALIGNED_DATA_CTRLR_TX_ENDED_INTERVAL, utc)
            for evse in self.charging.evses:
                if evse.transaction is not None:
                    variable = ALIGNED_DATA_CTRLR_TX_ENDED_MEASURANDS
                    self._keep(evse, evse.transaction, variable, SAMPLE_CLOCK, at)
            self._ended_due = self._next_aligned(ALIGNED_DATA_CTRLR_TX_ENDED_INTERVAL)
        if self._clock_due and utc >= self._clock_due:
            self._aligned_at = self._last_aligned(ALIGNED_DATA_CTRLR_INTERVAL, utc)
            self._clock_due = self._next_aligned(ALIGNED_DATA_CTRLR_INTERVAL)
            self._tell_aligned()
        for evse in self.charging.evses:
            transaction = evse.transaction
            if transaction is None:
                continue
            due = transaction.ended_due
            if _passed(due, now):
                due = self._after(SAMPLED_DATA_CTRLR_TX_ENDED_INTERVAL, due, now)
                transaction.ended_due = due
                self._keep(
                    evse, transaction, SAMPLED_DATA_CTRLR_TX_ENDED_MEASURANDS, SAMPLE_PERIODIC
                )
            due = transaction.updated_due
            if _passed(due, now):  # J02.FR.11
                due = self._after(SAMPLED_DATA_CTRLR_TX_UPDATED_INTERVAL, due, now)
                transaction.updated_due = due
                self._tell(evse, METER_VALUE_PERIODIC)
        self._plan()

    def _tell(self, evse, trigger):
        self.charging.partners.transaction_event(
            evse, evse.transaction, UPDATED, trigger, evse.state, 0
        )

    def _tell_aligned(self):
        """J01.FR.14 MeterValues of an idle EVSE, J01.FR.22 TransactionEvent of a busy one."""
        charging = self.charging
        flag = charging.model.flag
        if flag(ALIGNED_DATA_CTRLR_SEND_DURING_IDLE) and charging.active():
            return  # J01.FR.20
        for evse in charging.evses:
            if evse.transaction is not None:
                if not flag(ALIGNED_DATA_CTRLR_SEND_DURING_IDLE_EVSE, evse.id):  # J01.FR.19
                    self._tell(evse, METER_VALUE_CLOCK)
            elif charging.online:
                self._idle_due |= 1 << evse.id
        if charging.online:
            self._idle_due |= 1  # J01.FR.04
            self.link.wake()

    # ---- what

    def _keep(self, evse, transaction, variable, context, at=None):
        """Keep a reading for Ended; of too many every second goes, never the first (E06.FR.13)."""
        told = transaction if context == TRANSACTION_END else None
        try:
            reading = self._read(evse.id, variable, context, at, told)
            if reading:
                readings = transaction.readings
                if len(readings) >= _KEPT:
                    transaction.readings = readings[::2]
                transaction.readings.append(reading)
        except MemoryError:
            log.warning("out of memory: a reading for Ended is dropped")

    def _read(self, evse, variable, context, at=None, transaction=None):
        """A packed reading of the measurands that `variable` lists; empty: nothing to read.

        Args:
            at: the time it stands for, seconds since 2020, if not now.
            transaction: that is told of it now, and maybe for the first time the meter's key.
        """
        charging = self.charging
        meter = charging.board.meter(evse)
        measurands = charging.model.members(variable)
        if meter is None or not measurands:
            return b""
        if at is None:
            at = stamp(charging.clock.utc())
        signs = SAMPLED_DATA_CTRLR_SIGN_READINGS
        if context == SAMPLE_CLOCK or variable == ALIGNED_DATA_CTRLR_MEASURANDS:
            signs = ALIGNED_DATA_CTRLR_SIGN_READINGS
        signature = None
        if evse and charging.model.flag(signs):  # E02.FR.14, J01.FR.21, J02.FR.21
            signature = self.signatures.keep(evse)
            if signature is not None and self._key(transaction):
                signature |= KEY
        return read(meter, measurands, context, at, signature)

    def _key(self, transaction):
        """Whether publicKey goes along with a signed reading."""
        policy = self.charging.model.text(OCPP_COMM_CTRLR_PUBLIC_KEY_WITH_SIGNED_METER_VALUE)
        if transaction is None or policy != b"OncePerTransaction":
            return policy == b"EveryMeterValue"
        told = transaction.key_told
        transaction.key_told = True
        return not told


def _passed(due, now):
    return due is not None and time.ticks_diff(due, now) <= 0
