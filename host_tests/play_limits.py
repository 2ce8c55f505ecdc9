"""What limits the offers in random play, and whether the station keeps to it."""

import re

_UNDER_LOAD = re.compile(r"evse (\d+) connector (\d+): the contactor opens under load")
_WARM, _HOT = 60, 80  # firmware/charging/README.md
COOL = 25


def offered_ma(pwm):
    """The current that a duty cycle (percent, as `state` tells it) offers (IEC 61851-1)."""
    permille = round(pwm * 10)
    if not 100 <= permille <= 960:
        return 0
    return permille * 60 if permille <= 850 else (permille - 640) * 250


class Limits:
    """The installation, cables, temperatures and cars of a play.

    Args:
        world: play_steps.world(). places: all (evse, connector).
    """

    def __init__(self, world, places):
        ratings = [int(a) * 1000 for a in world["rating"].split(",")]
        self._ratings = {p: ratings[p[0] - 1] if len(ratings) > 1 else ratings[0] for p in places}
        self.supply_ma = int(world["supply"]) * 1000
        self._fixed = world["fixed_cable"] == "1"
        self._cables = dict.fromkeys(places, 32000)
        self.celsius = {}
        self._stubborn = set()
        self._asks = None
        self._read = 0  # lines of the log

    def plugged(self, place, cable):
        self._cables[place] = (cable or 32) * 1000
        self._stubborn.discard(place)

    def unplugged(self, place):
        self._cables[place] = 0
        self._stubborn.discard(place)

    def car(self, place, state, obeys):
        """One that comes without a cable brings one of 32 A (boards/unix/README.md)."""
        if state == "A":
            self.unplugged(place)
        elif state in "BCD":
            self._cables[place] = self._cables[place] or 32000
        self._stubborn.discard(place)
        if not obeys:
            self._stubborn.add(place)
        # it may be asked to draw in the moment in which it is told to stop
        self._asks = place if state in "CD" else None

    def least(self):
        """{(evse, connector): mA} that may be offered at most."""
        found = {}
        for place, rating_ma in self._ratings.items():
            cable_ma = rating_ma if self._fixed else self._cables[place]
            warm = max(self.celsius.get(place[0], COOL) - _WARM, 0)
            cool_ma = rating_ma * max(_HOT - _WARM - warm, 0) // (_HOT - _WARM)
            found[place] = min(rating_ma, cable_ma, cool_ma)
        return found

    def broken(self, log, faults):
        """What is wrong with contactors that have opened under load since the last time."""
        wrong = []
        for line in log[self._read :]:
            if match := _UNDER_LOAD.search(line):
                place = int(match[1]), int(match[2])
                if not faults[place] and place not in (*self._stubborn, self._asks):
                    wrong.append(line)
        self._read = len(log)
        self._asks = None
        return wrong


def offers_wrong(state, least, supply_ma):
    """(what must pass within a moment, what must never be), each a text or None.

    Args:
        state: reply of `state`. least: Limits.least(). supply_ma: 0: not limited.
    """
    total_ma = 0
    for evse in state["evses"]:
        for connector in evse["connectors"]:
            ma = offered_ma(connector["pwm"])
            total_ma += ma
            if ma > least[evse["id"], connector["id"]]:
                return f"EVSE {evse['id']}: {ma} mA are offered, over {least}", None
    if supply_ma and total_ma > supply_ma:
        return None, f"{total_ma} mA are offered, over the supply of {supply_ma}"
    return None, None
