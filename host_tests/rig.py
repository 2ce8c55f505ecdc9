"""The rig: simulated stations and scripted CSMSs, checked and ended when the test is over."""

import asyncio
import contextlib
import json
import re

import chosen
from scripted_csms import ScriptedCsms
from target import PACE

from tools.csms import summary
from tools.csms.charger import BINARY, MAKES, Charger  # noqa: F401
from tools.csms.clock import SimClock
from tools.csms.conversation import FROM_STATION

CARD = "04A1B2C3"  # tokens that the CSMS knows: tools/csms/tokens.py
GROUP_CARD, OTHER_GROUP_CARD = "04A1B2C4", "04A1B2C5"
BLOCKED, EXPIRED, INVALID, UNKNOWN = "04B10C4D", "04E0512E", "04DEAD00", "04FFFFFF"

_QUIET_S = 0.06 * PACE
_DAY_S = 86400
_IN_PIECES = {"PILOTWIRE_LARGEST_PIECE": "256"}  # boards/unix/pieces.c
_BROKE = re.compile(r"Traceback|MemoryError|ERROR .*(Error|Exception)\(|memory in pieces")


def setting(name, value, evse=None, connector=None):
    """An override; `name` is `Component.Variable` or `Component.Variable/instance`."""
    component, _, variable = name.partition(".")
    variable, _, instance = variable.partition("/")
    override = {"component": component, "variable": variable, "value": str(value)}
    extra = {"instance": instance or None, "evse": evse, "connector": connector}
    return {**override, **{k: v for k, v in extra.items() if v is not None}}


class Station:
    """A simulated station. The control commands are methods: `plug`, `unplug`, `ev`, `swipe` ...

    Args:
        clock: SimClock that is moved along with the station's.
        folder: for its storage and files.
        options: of the process; names with underscores.
        overrides: list of `setting(...)`.
        settled: coroutine function that waits until nothing is being said.
        command: list of str, what to start instead of the simulated charger.
        environment: dict of variables that the process gets besides.
    """

    def __init__(self, clock, folder, options, overrides, settled, command=None, environment=None):
        self._clock = clock
        self._settled = settled
        self._folder = folder
        self._given = {name.replace("_", "-"): value for name, value in options.items()}
        self._overrides = list(overrides)
        self._command = command
        self._environment = environment
        self.exit_code = None  # that the test expects; None: it runs to the end
        self.charger = None

    async def start(self):
        self._folder.mkdir(parents=True, exist_ok=True)
        options = {
            "id": "CS001",
            "security-profile": "0",
            "evses": "1,1",
            **chosen.RATINGS,
            "storage": self._folder / "storage",
            **self._given,
        }
        if self._overrides:
            file = self._folder / "overrides.json"
            file.write_text(json.dumps(self._overrides))
            options["overrides"] = file
        self.charger = Charger(options, command=self._command, environment=self._environment)
        await self.charger.start()

    async def restart(self):
        """End the process and start it again with the same storage."""
        await self.charger.stop()
        await self.start()

    @property
    def log(self):
        return list(self.charger.log)

    @property
    def control(self):
        return self.charger.control

    async def logged(self, text, timeout=5):
        """Wait for a line of the log that contains `text` (any case); the line."""
        deadline = asyncio.get_running_loop().time() + timeout * PACE
        while asyncio.get_running_loop().time() < deadline:
            for line in self.log:
                if text.lower() in line.lower():
                    return line
            await asyncio.sleep(0.02)
        raise AssertionError(f"no line with {text!r} in the log")

    async def command(self, cmd, **parameters):
        chosen.skip_unless_heard(cmd)
        return await self.control.ask(cmd, **parameters)

    async def plug(self, evse=1, connector=1, cable=None):
        await self.command("plug", evse=evse, connector=connector, cable=cable)

    async def unplug(self, evse=1, connector=1):
        await self.command("unplug", evse=evse, connector=connector)

    async def ev(self, state, evse=1, connector=1, current=16, phases=3, obeys=None):
        await self.command(
            "ev",
            evse=evse,
            connector=connector,
            state=state,
            current=current,
            phases=phases,
            obeys=obeys,
        )

    async def temperature(self, celsius, evse=1):
        await self.command("temperature", evse=evse, celsius=celsius)

    async def swipe(self, token=CARD, evse=None, kind="ISO14443"):
        await self.command("swipe", token=token, type=kind, evse=evse)

    async def fault(self, error, on=True, evse=1, connector=1):
        await self.command("fault", evse=evse, connector=connector, error=error, set=on)

    async def network(self, up):
        await self.command("network", up=up)

    async def state(self, evse=None, connector=1):
        """The whole state; with `evse` that of one connector plus transactionId and energy_wh."""
        state = await self.command("state")
        if evse is None:
            return state
        place = next(e for e in state["evses"] if e["id"] == evse)
        found = next(c for c in place["connectors"] if c["id"] == connector)
        return {**found, "transactionId": place["transactionId"], "energy_wh": place["energy_wh"]}

    async def until(self, condition, what, timeout=5):
        """Wait until `condition(state)` is true for the whole state."""
        deadline = asyncio.get_running_loop().time() + timeout * PACE
        while asyncio.get_running_loop().time() < deadline:
            state = await self.state()
            if condition(state):
                return state
            await asyncio.sleep(0.02)
        raise AssertionError(f"the station does not get to: {what}; it is {state}")

    async def until_relay(self, closed, evse=1, connector=1):
        def condition(state):
            place = state["evses"][evse - 1]["connectors"][connector - 1]
            return place["relay"] == closed

        await self.until(condition, f"relay {'closed' if closed else 'open'}")

    async def clock(self, advance_s=None, factor=None):
        """Let the time of station and CSMS jump, or run faster, once all is said; the reply."""
        await self._settled()
        return await self._set_clock(advance_s, factor)

    async def _set_clock(self, advance_s=None, factor=None):
        if (advance_s or 0) > _DAY_S:  # in several jumps: the CSMS has to answer in between
            return await self._move(advance_s, factor)
        async with self._clock.moving:
            return await self._move(advance_s, factor)

    async def _move(self, advance_s, factor):
        reply = await self.command("clock", advance_s=advance_s, factor=factor)
        if advance_s:
            self._clock.advance(advance_s)
        if factor:
            self._clock.run_at(factor)
        return reply

    async def pass_time(self, seconds, step_s=8):
        """Let time pass in small jumps.

        A jump counts less than its length for a message's time-out: an answer may be on its way.
        """
        for _ in range(-(-seconds // step_s)):
            await self._set_clock(step_s)
            await asyncio.sleep(0.02)

    async def stop(self):
        await self.charger.stop()

    def crashes(self):
        """What in its log or exit code shows that the firmware broke."""
        found = [line for line in self.log if _BROKE.search(line)]
        if self.charger.process is not None and not self.charger.running():
            code = self.charger.process.returncode
            if code != self.exit_code:
                found.append(f"the process ended with {code}")
        return found


class Rig:
    """Makes the parts of a test; at its end it ends them and checks that the station did no wrong.

    Args:
        folder: Path, for what the stations store.
        command: list of str, the program that is a station instead of build/unix/pilotwire.
        pieces: the heap of stations is in fragments: they allocate no more than 256 bytes at once.

    Attributes:
        lenient: what would be wrong at the end, lines of `violations` or of the log, is let pass
            if it contains one of these texts.
    """

    def __init__(self, folder, command=None, pieces=False):
        self._folder = folder
        self._command = command
        self._environment = _IN_PIECES if pieces else None
        self._stack = contextlib.AsyncExitStack()
        self._stations = []
        self._csmses = []
        self.clock = SimClock()
        self.lenient = []

    async def csms(self):
        """A ScriptedCsms that listens."""
        csms = await self._stack.enter_async_context(ScriptedCsms(self.clock))
        self._csmses.append(csms)
        return csms

    async def station(self, csms=None, overrides=(), **options):
        """A Station, started; `csms`: ScriptedCsms or URL."""
        url = getattr(csms, "url", csms)
        folder = self._folder / f"station{len(self._stations) + 1}"
        options.setdefault("csms_url", url)
        station = Station(
            self.clock,
            folder,
            options,
            overrides,
            self.settled,
            self._command,
            self._environment,
        )
        self._stations.append(station)
        await station.start()
        self._stack.push_async_callback(station.stop)
        return station

    async def booted(self, overrides=(), **options):
        """(csms, station) after boot: accepted, statuses told, nothing outstanding."""
        csms = await self.csms()
        station = await self.station(csms, overrides, **options)
        await csms.expect("BootNotification", 10)
        count = sum(int(n) for n in options.get("evses", "1,1").split(","))
        for _ in range(count if "availability" not in chosen.LACKING else 0):
            await csms.expect("StatusNotification")
        await self.quiet(csms)
        return csms, station

    async def quiet(self, csms):
        """Wait until nothing is said for a moment and no CALL is open."""
        talk = csms.conversation
        seen = -1
        while seen != len(talk.messages) or talk.open_calls(FROM_STATION):
            seen = len(talk.messages)
            await asyncio.sleep(_QUIET_S)

    async def settled(self):
        """Wait until no CSMS of this test is talked to."""
        await asyncio.sleep(_QUIET_S)
        for csms in self._csmses:
            await self.quiet(csms)

    def crashes(self):
        """What shows so far that a firmware broke."""
        stations = [station for station in self._stations if station.charger is not None]
        return [line for station in stations for line in station.crashes()]

    def _lets_pass(self, line):
        return any(text in line for text in self.lenient)

    async def __aenter__(self):
        return self

    async def __aexit__(self, kind, *_):
        crashes = [line for line in self.crashes() if not self._lets_pass(line)]
        await self._stack.aclose()
        if kind is not None:
            return
        wrong = [line for csms in self._csmses for line in csms.violations()]
        wrong = [line for line in wrong if not self._lets_pass(line)]
        assert not crashes, "\n".join(crashes)
        assert not wrong, "against the specification:\n" + "\n".join(wrong)

    def report(self):
        """For the report of a failed test: what was said, and the logs."""
        for number, csms in enumerate(self._csmses, 1):
            lines = []
            for m in csms.conversation.messages:
                arrow = ">" if m.direction == FROM_STATION else "<"
                kind = "" if m.is_call else " answer"
                lines.append(f"{m.time:%H:%M:%S.%f} {arrow} {m.action}{kind} {summary.gist(m)}")
                lines += [f"      VIOLATION {wrong}" for wrong in m.violations]
            yield f"conversation {number}", "\n".join(lines)
        for number, station in enumerate(self._stations, 1):
            if station.charger is not None:
                yield f"log of station {number}", "\n".join(station.log)
