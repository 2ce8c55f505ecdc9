"""What drivers, cars, faults, networks, clocks and power cuts do in random play."""

import asyncio
import contextlib

from play_limits import Limits

_JUMP_S = 86400  # a longer one is cut into days, with real time in between
_DAY_S = 0.05


class Hardware:
    """Steps of play.Play, which has `station`, `checks`, `evses` and `place`."""

    async def plug(self, evse, connector, cable=None):
        place = self.place(evse, connector)
        self.limits.plugged(place, cable)
        await self.station.plug(*place, cable=cable)

    async def heat(self, evse, celsius):
        evse, _ = self.place(evse, 1)
        self.limits.celsius[evse] = celsius
        await self.station.temperature(celsius, evse)

    async def unplug(self, evse, connector):
        place = self.place(evse, connector)
        self.limits.unplugged(place)
        await self.station.unplug(*place)

    async def ev(self, evse, connector, state, phases, obeys=True, current=16):
        place = self.place(evse, connector)
        self.limits.car(place, state, obeys)
        await self.station.ev(state, *place, phases=phases, obeys=obeys, current=current)

    async def swipe(self, evse, token, kind="ISO14443"):
        self.checks.token()
        await self.station.swipe(token, evse and self.place(evse, 1)[0], kind)

    async def fault(self, evse, connector, error):
        place = self.place(evse, connector)
        self.faults[place].add(error)
        await self.station.fault(error, True, *place)

    async def heal(self, evse, connector):
        place = self.place(evse, connector)
        while self.faults[place]:
            await self.station.fault(self.faults[place].pop(), False, *place)

    async def network(self, up):
        await self.station.network(up)

    async def meter(self, evse, more_wh):
        evse, _ = self.place(evse, 1)
        state = await self.station.state(evse)
        await self.station.command("meter", evse=evse, energy_wh=state["energy_wh"] + more_wh)

    # ---- time

    async def pass_time(self, seconds):
        await self._quiet()
        async with self.time:
            await self.station._set_clock(seconds)
            await asyncio.sleep(seconds // _JUMP_S * _DAY_S)
        self.played_s += seconds

    async def run(self, factor):
        """A tenth of a second so many times as fast: less than the time-out of a message."""
        async with self.time:  # on the way, what is told would be out of date
            await self.station._set_clock(factor=factor)
            await asyncio.sleep(0.1)
            await self.station._set_clock(factor=1)
        self.played_s += factor // 10

    async def drift(self, seconds):
        """The station's clock runs ahead of everybody else's, until the CSMS tells the time."""
        await self._quiet()
        self.skew()
        async with self.time:
            await self.station.command("clock", advance_s=seconds)

    # ---- power

    async def reboot(self):
        self.checks.cause("LocalReset")
        await self.station.command("reboot")

    async def power_cut(self):
        """Process and RAM are gone: what waited there too, and the cars drive away."""
        self.station.exit_code = 3
        self.checks.power_cut()
        with contextlib.suppress(ConnectionError, TimeoutError):
            await self.station.command("power_cut")
        await self.station.charger.wait()
        self._crash()
        self.no_faults()
        self.limits = Limits(self.world, self.places())
        await self.station.charger.stop()
        await self.station.start()
        self.station.exit_code = None
