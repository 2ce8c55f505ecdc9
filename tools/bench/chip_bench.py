"""The firmware on the emulated Cortex-M3: instructions (without sleep) that repeat exactly.

All of it is played twice (tools/lockstep.py) and has to give the same within 1 %. Instructions are
those of firmware, virtual machine and drivers; at 120 MHz and one instruction a cycle a million
takes 8.3 ms.
"""

import json
from collections.abc import Callable
from pathlib import Path
from statistics import linear_regression
from typing import NamedTuple

from tools.bench.json_bench import requests
from tools.lockstep import Chip, LockstepError

IMAGE = Path("cortex_m3") / "firmware.elf"
TOLERANCE = 0.01


class Limit(NamedTuple):
    """The most that a figure may (gate) and should (goal) be, in instructions."""

    gate: int
    goal: int


# The goals are what was asked for; a quarter more is no longer the same charger.
LIMITS = {
    "chip_idle_second": Limit(1_250_000, 1_000_000),
    "chip_longest_turn": Limit(3_000_000, 2_400_000),
    "chip_reset_to_boot_notification": Limit(15_000_000, 12_000_000),
}

_SETTLED_MS = 3000
IDLE_S = 20
TIMES = 5  # a message is handled so often; the mean counts
_PAUSE_MS = 300  # after a message everything is done
_CARD = "04A1B2C3"
_SIZES = (1000, 1750, 2500, 3250)  # bytes of a request, about
_EACH = 12  # requests of a size: into some of them, not all, falls a collection

# Twenty variables, each set to what it was not.
_SETTINGS = (
    ("AlignedDataCtrlr", "TxEndedInterval", "60"),
    ("AuthCacheCtrlr", "LifeTime", "86400"),
    ("AuthCacheCtrlr", "Policy", "FIFO"),
    ("AuthCtrlr", "LocalAuthorizeOffline", "false"),
    ("AuthCtrlr", "LocalPreAuthorize", "false"),
    ("AuthCtrlr", "MasterPassGroupId", "M" * 36),
    ("OCPPCommCtrlr", "HeartbeatInterval", "600"),
    ("OCPPCommCtrlr", "NetworkProfileConnectionAttempts", "5"),
    ("OCPPCommCtrlr", "OfflineThreshold", "90"),
    ("OCPPCommCtrlr", "ResetRetries", "2"),
    ("OCPPCommCtrlr", "RetryBackOffRandomRange", "7"),
    ("OCPPCommCtrlr", "RetryBackOffRepeatTimes", "3"),
    ("OCPPCommCtrlr", "RetryBackOffWaitMinimum", "6"),
    ("OCPPCommCtrlr", "UnlockOnEVSideDisconnect", "false"),
    ("SampledDataCtrlr", "TxEndedMeasurands", "Voltage,Energy.Active.Import.Register"),
    ("SampledDataCtrlr", "TxStartedMeasurands", "Voltage,Energy.Active.Import.Register"),
    ("SecurityCtrlr", "OrganizationName", "O" * 40),
    ("TxCtrlr", "EVConnectionTimeOut", "90"),
    ("TxCtrlr", "MaxEnergyOnInvalidId", "10"),
    ("TxCtrlr", "StopTxOnInvalidId", "false"),
)

Figures = dict[str, object]


class ChipBenchError(RuntimeError):
    """There is no image, or two runs differ."""


def _nobody(name: str) -> None:
    """Nobody wants to know which step begins."""


class Play:
    """A session on the chip, measured step by step.

    `begins` gets the name of each step, and "" when it is over.
    """

    def __init__(self, chip: Chip, begins: Callable[[str], None] = _nobody) -> None:
        self._chip = chip
        self._begins = begins
        self._sent = 0
        self._idle_ms = 0.0  # instructions of one ms in which nothing happens
        self.longest: dict[str, int] = {}

    def boot(self) -> int:
        """Instructions from reset to the BootNotification's last byte."""
        chip = self._chip
        self._begins("boot")
        counts = chip.until(chip.said("[2,"))
        self._begins("")
        chip.run(_SETTLED_MS)
        self._turn("boot")
        return counts.instructions

    def idle(self, name: str = "idle") -> int:
        """Instructions of a second of what goes on now; from here on, steps count without it."""
        chip = self._chip
        before = chip.counts
        self._begins(name)
        after = chip.run(IDLE_S * 1000)
        self._begins("")
        self._idle_ms = (after.instructions - before.instructions) / (after.ms - before.ms)
        self._turn(name)
        return round(self._idle_ms * 1000)

    def handled(self, name: str, action: str, payload: str, times: int = TIMES) -> int:
        """Instructions of a request that comes in and is answered, with what follows from it."""
        chip = self._chip

        def ask() -> None:
            for _ in range(times):
                self._sent += 1
                chip.send(f'[2,"{self._sent}","{action}",{payload}]')
                number = str(self._sent)
                chip.until(lambda n=number: self._answered(n))  # type: ignore[misc]
                chip.run(_PAUSE_MS)

        return self.step(name, ask) // times

    def _answered(self, number: str) -> bool:
        last = self._chip.peer.said[-1]
        return last.startswith((f'[3,"{number}"', f'[4,"{number}"'))

    def step(self, name: str, what: Callable[[], object]) -> int:
        """Instructions of `what` without idling; its longest turn is noted as `name`."""
        before = self._chip.counts
        self._begins(name)
        what()
        self._begins("")
        after = self._chip.counts
        self._turn(name)
        passed = after.ms - before.ms
        return round(after.instructions - before.instructions - passed * self._idle_ms)

    def _turn(self, name: str) -> None:
        self.longest[name] = max(self.longest.get(name, 0), self._chip.longest)
        self._chip.longest = 0

    def report(self) -> int:
        """Instructions of a report of every variable, all its pages."""
        chip = self._chip

        def ask() -> None:
            chip.send('[2,"r","GetBaseReport",{"requestId":1,"reportBase":"FullInventory"}]')
            chip.until(lambda: _is_last_page(chip.peer.said[-1]))
            chip.run(_PAUSE_MS)

        return self.step("GetBaseReport", ask)

    def charge(self) -> int:
        """Start charging. Instructions."""
        chip = self._chip

        def start() -> None:
            chip.command(cmd="plug", evse=1)
            chip.run(1000)
            chip.command(cmd="swipe", token=_CARD, type="ISO14443", evse=1)
            chip.run(1000)
            chip.command(cmd="ev", evse=1, connector=1, state="C", current=16, phases=3)
            chip.until(lambda: any('"Charging"' in text for text in chip.peer.said))
            chip.run(1000)

        return self.step("charging starts", start)

    def sample(self) -> int:
        """Instructions of one meter sample, taken and sent; idle() is that of charging."""
        chip = self._chip
        told = chip.said("[2,")

        def wait() -> None:
            chip.until(told, 120_000)
            chip.run(_PAUSE_MS)

        return self.step("meter sample", wait)


def _payload(text: bytes) -> tuple[str, str]:
    """Action and payload of a request that json_bench made."""
    _, _, action, payload = text.decode().split(",", 3)
    return action.strip('"'), payload[:-1]


def _per_byte(play: Play) -> dict[str, float]:
    """Instructions for each byte more of a request that is checked and then refused.

    The slope of the line through several sizes, at each the least of several requests: what comes
    now and then, a collection of 0.1 to 0.4 million, is not in it, as reading makes no garbage.
    """
    wanted = "RequestStartTransaction"
    costs, sizes = [], []
    for size in _SIZES:
        text = next(text for action, text in requests(size) if action == wanted)
        name = f"{wanted} of {size} B"
        costs.append(min(play.handled(name, *_payload(text), 1) for _ in range(_EACH)))
        sizes.append(len(text))
    return {wanted: round(linear_regression(sizes, costs).slope, 1)}


def _is_last_page(text: str) -> bool:
    return '"NotifyReport"' in text and '"tbc":true' not in text


def _settings() -> str:
    """_SETTINGS as a SetVariablesRequest."""
    items = (
        {"component": {"name": component}, "variable": {"name": name}, "attributeValue": value}
        for component, name, value in _SETTINGS
    )
    return json.dumps({"setVariableData": list(items)}, separators=(",", ":"))


def _items(count: int, more: str = "") -> str:
    component, name = '{"name":"OCPPCommCtrlr"}', '{"name":"OfflineThreshold"}'
    item = f'{{"component":{component},"variable":{name}{more}}}'
    return "[" + ",".join([item] * count) + "]"


def session(chip: Chip, begins: Callable[[str], None] = _nobody) -> Figures:
    """Play all of it; figures of one life of the chip. `begins` as Play has it.

    Raises:
        LockstepError
    """
    played = Play(chip, begins)
    boot = played.boot()
    idle = played.idle()
    messages = {
        "GetVariables of 1": played.handled(
            "GetVariables of 1", "GetVariables", f'{{"getVariableData":{_items(1)}}}'
        ),
        "DataTransfer": played.handled("DataTransfer", "DataTransfer", '{"vendorId":"x"}'),
        "GetVariables of 20": played.handled(
            "GetVariables of 20", "GetVariables", f'{{"getVariableData":{_items(20)}}}', 1
        ),
    }
    setting = _items(20, ',"attributeValue":"60"')
    messages["SetVariables of 20"] = played.handled(
        "SetVariables of 20", "SetVariables", f'{{"setVariableData":{setting}}}', 1
    )
    messages["SetVariables of 20 different"] = played.handled(
        "SetVariables of 20 different", "SetVariables", _settings(), 1
    )
    messages["GetBaseReport"] = played.report()
    byte = _per_byte(played)
    messages["charging starts"] = played.charge()
    charging = played.idle("charging")
    messages["meter sample"] = played.sample()
    return {
        "chip_reset_to_boot_notification": boot,
        "chip_idle_second": idle,
        "chip_charging_second": charging,
        "chip_longest_turn": max(played.longest.values()),
        "chip_longest_turn_in": played.longest,
        "chip_message": messages,
        "chip_byte": byte,
    }


def play(image: Path) -> Figures:
    """The figures of a session from reset. Raises: LockstepError."""
    with Chip(image) as chip:
        return session(chip)


def different(first: Figures, second: Figures) -> list[str]:
    """What two runs do not agree on within the tolerance, in words."""
    found = []
    for name, value in first.items():
        other = second[name]
        if isinstance(value, dict) and isinstance(other, dict):
            found += [f"{name}, {line}" for line in different(value, other)]
        elif isinstance(value, int | float) and isinstance(other, int | float):
            far = abs(value - other) > TOLERANCE * max(abs(value), abs(other))
            found += [f"{name}: {value} and {other}"] if far else []
    return found


def run(build_dir: Path) -> Figures:
    """-> figures in instructions; those with limits as {"value", "gate", "goal"}."""
    image = Path(build_dir) / IMAGE
    if not image.exists():
        raise ChipBenchError(f"{image} is missing; `make image` makes it")
    try:
        figures, again = play(image), play(image)
    except LockstepError as error:
        raise ChipBenchError(str(error)) from error
    if unlike := different(figures, again):
        raise ChipBenchError("two runs differ: " + "; ".join(unlike))
    for name, limit in LIMITS.items():
        figures[name] = {"value": figures[name], **limit._asdict()}
    return figures
