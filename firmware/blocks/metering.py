"""J01, J02 meter values: what is read when, and MeterValues of idle EVSEs."""

import time

from micropython import const
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
    ALIGNED_DATA_CTRLR_TX_ENDED_INTERVAL,
    ALIGNED_DATA_CTRLR_TX_ENDED_MEASURANDS,
    SAMPLED_DATA_CTRLR_TX_ENDED_INTERVAL,
    SAMPLED_DATA_CTRLR_TX_ENDED_MEASURANDS,
    SAMPLED_DATA_CTRLR_TX_STARTED_MEASURANDS,
    SAMPLED_DATA_CTRLR_TX_UPDATED_INTERVAL,
    SAMPLED_DATA_CTRLR_TX_UPDATED_MEASURANDS,
)

from charging.records import Readings, read, stamp
from hal.timers import Timer

_DAY_S = const(86400)
_LONGEST_MS = const(0x1FFFFFFF)
_LONGEST_S = const(536870)
_KEPT = const(
    12
)  # readings of a transaction for its Ended event; thinned when there are more (E06.FR.13)


class Metering:
    """Reads the meters when it is time to; a source, of MeterValues of idle EVSEs.

    Args:
        charging: Charging; its `events` tell the samples of transactions.
    """

    def __init__(self, charging):
        self.charging = charging
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
        return (self._read(evse.id, variable, context, at),)  # E02.FR.10

    # ---- for the station

    def configure(self):
        """At boot, and when intervals have been set: find out what is due when."""
        for evse in self.charging.evses:
            if evse.transaction is not None and evse.transaction.sampled:
                self._schedule(evse.transaction)
        self.align()

    def align(self):
        """When the clock may have been set: samples go on at their interval (J02.FR.11)."""
        self._clock_due = self._next_aligned(ALIGNED_DATA_CTRLR_INTERVAL)
        self._ended_due = self._next_aligned(ALIGNED_DATA_CTRLR_TX_ENDED_INTERVAL)
        self._plan()

    def trigger(self, evse=0):
        """TriggerMessage(MeterValues) for an EVSE (0: all, F06.FR.11): is there something to read
        (F06.FR.10)?
        """
        asked = 0
        variable = ALIGNED_DATA_CTRLR_MEASURANDS
        for each in self.charging.evses:
            if evse in (0, each.id) and self._read(each.id, variable, TRIGGER):
                asked |= 1 << each.id
        self._asked |= asked
        self.link.wake()
        return asked != 0

    def connected(self, up):
        if not up:
            self._idle_due = self._asked = 0  # readings of idle EVSEs are not kept

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
                return METER_VALUES, (evse, Readings(reading, 0, self.charging.clock.utc() or 0))
        return None

    def answered(self, outcome, reader):
        pass

    # ---- when

    def _schedule(self, transaction):
        """Samples begin when an EV is connected."""
        transaction.sampled = True
        now = time.ticks_ms()
        transaction.updated_due = self._after(SAMPLED_DATA_CTRLR_TX_UPDATED_INTERVAL, now, now)
        transaction.ended_due = self._after(SAMPLED_DATA_CTRLR_TX_ENDED_INTERVAL, now, now)
        self._plan(transaction)

    def _after(self, variable, due, now):
        """Ticks one interval after `due`, or after now if that is over; None: off."""
        interval_ms = min(self.charging.model.int(variable), _LONGEST_S) * 1000
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

    def _plan(self, starting=None):
        """Have the timer fire when the next thing is due.

        Args:
            starting: a transaction that its Evse may not know yet, or None.
        """
        wait_ms = _LONGEST_MS
        now = time.ticks_ms()
        transactions = [evse.transaction for evse in self.charging.evses]
        transactions.append(starting)
        for transaction in transactions:
            if transaction is not None:
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
        utc = self.charging.clock.utc()
        if self._ended_due and utc >= self._ended_due:
            for evse in self.charging.evses:
                if evse.transaction is not None:
                    variable = ALIGNED_DATA_CTRLR_TX_ENDED_MEASURANDS
                    self._keep(evse, evse.transaction, variable, SAMPLE_CLOCK, self._ended_due)
            self._ended_due = self._next_aligned(ALIGNED_DATA_CTRLR_TX_ENDED_INTERVAL)
        if self._clock_due and utc >= self._clock_due:
            self._aligned_at = self._clock_due
            self._clock_due = self._next_aligned(ALIGNED_DATA_CTRLR_INTERVAL)
            self._tell_aligned()
        self._plan()

    def _tell(self, evse, trigger):
        self.charging.events.event(evse, evse.transaction, UPDATED, trigger, evse.state, 0)

    def _tell_aligned(self):
        """J01.FR.14 MeterValues of an idle EVSE, J01.FR.22 TransactionEvent of a busy one."""
        charging = self.charging
        idle_only = charging.model.flag(ALIGNED_DATA_CTRLR_SEND_DURING_IDLE)
        if idle_only and charging.active():
            return  # J01.FR.20
        for evse in charging.evses:
            if evse.transaction is not None:
                self._tell(evse, METER_VALUE_CLOCK)
            elif charging.online:
                self._idle_due |= 1 << evse.id
        if charging.online:
            self._idle_due |= 1  # J01.FR.04
            self.link.wake()

    # ---- what

    def _keep(self, evse, transaction, variable, context, at=None):
        """Keep a reading for Ended; of too many every second goes, never the first (E06.FR.13)."""
        reading = self._read(evse.id, variable, context, at)
        readings = transaction.readings
        if reading:
            if len(readings) >= _KEPT:
                transaction.readings = readings = [r for i, r in enumerate(readings) if not i & 1]
            readings.append(reading)

    def _read(self, evse, variable, context, at=None):
        """A packed reading of the measurands that `variable` lists; empty: nothing to read.

        Args:
            at: the time it stands for, seconds since 2020, if not now.
        """
        charging = self.charging
        meter = charging.board.meter(evse)
        if meter is None:
            return b""
        if at is None:
            at = stamp(charging.clock.utc())
        return read(meter, charging.model.members(variable), context, at)


def _passed(due, now):
    return due is not None and time.ticks_diff(due, now) <= 0
