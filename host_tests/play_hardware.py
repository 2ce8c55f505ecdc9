"""What drivers, cars, faults, networks, clocks and power cuts do in random play."""

import asyncio
import contextlib

_JUMP_S = 86400  # a longer one is cut into days, with real time in between
_DAY_S = 0.05


class Hardware:
    """Steps of play.Play, which has `station`, `checks`, `evses` and `place`."""

    async def plug(self, evse, connector):
        await self.station.plug(*self.place(evse, connector))

    async def unplug(self, evse, connector):
        await self.station.unplug(*self.place(evse, connector))

    async def ev(self, evse, connector, state, phases):
        await self.station.ev(state, *self.place(evse, connector), phases=phases)

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
        await self.station.charger.stop()
        await self.station.start()
        self.station.exit_code = None
