"""What the EVSEs offer their cars, together: no more than the supply (README.md, "How much")."""

import time

from micropython import const

from charging.pilot import MIN_MA
from hal.timers import Timer

_LOOKS_MS = const(700)  # so that a lower limit is on the pilot within a second
_VOLTS = const(230)


class Limits:
    """All that limits the current. Partners are asked every 0.7 s while somebody may charge, and
    at once by `look`.

    Args:
        charging: Charging.
    """

    def __init__(self, charging):
        self.charging = charging
        self._timer = Timer(self.look)

    def rated_w(self, evse):
        """What an EVSE (id) can deliver, in W."""
        board = self.charging.board
        ma = self.charging.outlet(evse, 1).hardware.rating_ma
        return min(ma, board.supply_ma or ma) * board.phases * _VOLTS // 1000

    def want(self, offer, wanted):
        """Somebody may charge by `offer` from now on, or nobody any more."""
        offer.want(wanted)
        if wanted:
            self._share()
            offer.set(self._room(offer))
        self.charging.timers.start(self._timer, 0)  # the others have more now, or less

    def look(self):
        """Look at all limits and at what is drawn; lower what is too high, then raise what there
        is room for.
        """
        now = time.ticks_ms()
        wanted = False
        for evse in self.charging.evses:
            if evse.offer.wanted:
                wanted = True
                if evse.offer.watch(now):
                    evse.overdrawn()
        self._share()
        for up in (False, True):
            for evse in self.charging.evses:
                offer = evse.offer
                ma = self._room(offer) if up else min(offer.ma, offer.limit_ma)
                if offer.wanted and ma != offer.ma:
                    offer.set(ma)
                    evse.update()
        if wanted:
            self.charging.timers.start(self._timer, _LOOKS_MS)

    def _room(self, offer):
        """What `offer` can be now: others may not have followed their new ones yet."""
        left_ma = self.charging.board.supply_ma
        if not left_ma:
            return offer.limit_ma
        now = time.ticks_ms()
        for evse in self.charging.evses:
            if evse.offer is not offer:
                left_ma -= evse.offer.held_ma(now)
        ma = min(offer.limit_ma, left_ma)
        return max(ma if ma >= MIN_MA else 0, offer.ma)

    def _share(self):
        """Set the limit of each offer: equal parts of the supply, and what one does not take is
        for the others. If there are too many, those that have something keep it.
        """
        offers = []
        for evse in self.charging.evses:
            if evse.offer.wanted:
                evse.offer.limit()
                offers.append(evse.offer)
        left_ma = self.charging.board.supply_ma
        if not left_ma:
            return
        served = []
        for waits in (False, True):
            for offer in offers:
                if (not offer.ma) == waits and offer.limit_ma:
                    offer.part_ma = 0
                    if len(served) < left_ma // MIN_MA:
                        served.append(offer)
        left_ma = _fill(served, left_ma, True)
        _fill(served, left_ma, False)  # what nobody needs
        for offer in offers:
            offer.limit_ma = min(offer.limit_ma, offer.part_ma)


def _fill(offers, left_ma, needed):
    """Deal out equal parts, until all have what they need or, if not `needed`, may have; what is
    left.
    """
    given_ma = len(offers) and left_ma
    while given_ma:
        part_ma = max(left_ma // len(offers), 1)
        given_ma = 0
        for offer in offers:
            most_ma = min(offer.limit_ma, offer.need_ma) if needed else offer.limit_ma
            ma = min(part_ma, left_ma, most_ma - offer.part_ma)
            offer.part_ma += ma
            left_ma -= ma
            given_ma += ma
    return left_ma
