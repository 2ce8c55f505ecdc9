"""What one EVSE offers its car: the least of all limits (README.md, "How much")."""

import time

from micropython import const

from charging.pilot import ALL_MA, EV_FOLLOWS_MS, MIN_MA
from hal import log

_HELD_MS = const(4000)  # the others wait so long for what it has to give up
_OVER_MS = const(5000)  # drawing more for so long is overdraw
_OVER_MA = const(1000)  # ... by so much at least, and by a tenth
_UNUSED_MS = const(10000)  # what a car has not taken for so long is for the others
_UNUSED_MA = const(3000)  # ... if it is at least so much
_SPARE_MA = const(2000)  # that stays over what it takes
_GROWS_MA = const(1000)  # so near to what it was left, a car may want more
_WARM = const(60)  # degrees Celsius at the outlet; above, less is offered
_HOT = const(80)  # nothing is offered
_COOLS = const(5)  # degrees that it has to cool before more is offered


class Offer:
    """See README.md. Currents are mA per phase.

    Args:
        evse: Evse.

    Attributes:
        wanted: somebody may charge here now.
        ma: on the pilot; 0: nothing.
        limit_ma: the least limit, or its part of the supply if that is less; 0: less than can be
            offered, the car has to wait.
        part_ma: of the supply.
        need_ma: what its car makes use of.
    """

    def __init__(self, evse):
        self.evse = evse
        self.ma = self.part_ma = 0
        self._held_ma = 0  # what the car may draw still, by an earlier offer
        self._held_at = 0  # ticks of when that was lowered
        self.want(False)

    def want(self, wanted):
        """Somebody may charge here from now on, or nobody any more."""
        self.wanted = wanted
        self.need_ma = ALL_MA
        self.limit_ma = 0
        self.held_ma(time.ticks_ms())  # of the last session it holds nothing any more
        self._unused_at = None  # ticks since when the car takes less than it is offered
        self._over_at = None  # ticks from which on overdraw counts
        if not wanted:
            self.set(0)
        elif self.evse.active.hardware.proximity_ma() is None:
            log.warning("evse %d: cable unreadable, no offer", self.evse.id)

    def set(self, ma):
        """Change what is offered; who calls has the pilot moved."""
        now = time.ticks_ms()
        # Neither a hold nor a time to follow begins anew while one runs: changes without end would
        # excuse overdraw for ever.
        if ma < self.ma and self.held_ma(now) == self.ma:
            self._held_ma = self.ma
            self._held_at = now
        if self._over_at is None:
            self._at = now  # of the last change, as long as the car has time to follow
        self.ma = ma

    def held_ma(self, now):
        """What the car may draw: the offer, or an earlier one that it has not had to follow yet.

        Args:
            now: ticks.
        """
        if not self.evse.live() or time.ticks_diff(now, self._held_at) >= _HELD_MS:
            self._held_ma = 0
        return max(self.ma, self._held_ma)

    def limit(self):
        """Find the least of all limits but the supply's."""
        outlet = self.evse.active
        hardware = outlet.hardware
        rating_ma = hardware.rating_ma
        limit_ma = min(rating_ma, hardware.proximity_ma() or 0)
        celsius = hardware.celsius()
        if celsius is not None:  # else what it has said last counts
            outlet.celsius = max(celsius, min(outlet.celsius, celsius + _COOLS))
        cooler = max(_HOT - outlet.celsius, 0)
        limit_ma = min(limit_ma, rating_ma * cooler // (_HOT - _WARM))
        limit_ma = self.evse.charging.partners.limit_ma(limit_ma, self.evse)
        self.limit_ma = limit_ma if limit_ma >= MIN_MA else 0

    def watch(self, now):
        """Look at what the car draws.

        Args:
            now: ticks.

        Returns:
            it has drawn too much for too long.
        """
        drawn_ma = self.evse.current_ma()
        self._learn_need(drawn_ma, now)
        offered_ma = self.held_ma(now)
        if self._at is not None and time.ticks_diff(now, self._at) >= EV_FOLLOWS_MS:
            self._at = None
        if drawn_ma <= offered_ma + max(offered_ma // 10, _OVER_MA):
            self._over_at = None
        elif self._over_at is None:
            self._over_at = now if self._at is None else time.ticks_add(self._at, EV_FOLLOWS_MS)
        else:
            return self.ma > 0 and time.ticks_diff(now, self._over_at) >= _OVER_MS
        return False

    def _learn_need(self, drawn_ma, now):
        if drawn_ma + _GROWS_MA > self.need_ma:
            self.need_ma = ALL_MA
        if drawn_ma + _UNUSED_MA >= min(self.ma, self.need_ma):
            self._unused_at = None
        elif self._unused_at is None:
            self._unused_at = now
        elif time.ticks_diff(now, self._unused_at) >= _UNUSED_MS:
            self.need_ma = max(drawn_ma + _SPARE_MA, MIN_MA)
            self._unused_at = None
