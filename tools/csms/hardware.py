"""The commands that act on the simulated car and charger, through the control socket."""

import json

from .arguments import Arguments, UsageError, read_json
from .commands import Command, data_transfer

_CABLES = ("13", "20", "32", "63")
_FAULTS = (
    "GroundFailure",
    "OverCurrent",
    "UnderVoltage",
    "DiodeFault",
    "WeldedContact",
    "Temperature",
)


def _place(arguments):
    place = {
        "evse": arguments.number("evse", 1, 1),
        "connector": arguments.number("connector", 1, 1),
    }
    arguments.done()
    return place


async def _plug(control, text):
    arguments = Arguments(text)
    evse = arguments.number("evse", 1, 1)
    connector = arguments.number("connector", 1, 1)
    cable = int(arguments.choice("cable", _CABLES, "32"))
    arguments.done()
    await control.ask("plug", evse=evse, connector=connector, cable=cable)


async def _unplug(control, text):
    await control.ask("unplug", **_place(Arguments(text)))


async def _ev(control, text):
    arguments = Arguments(text)
    state = arguments.choice("state", tuple("ABCDEF"))
    current = arguments.number("current", 16, 0, 1000)
    phases = arguments.number("phases", 3, 1, 3)
    evse = arguments.number("evse", 1, 1)
    connector = arguments.number("connector", 1, 1)
    obeys = arguments.switch("obeys", "on")
    arguments.done()
    await control.ask(
        "ev",
        state=state,
        current=current,
        phases=phases,
        evse=evse,
        connector=connector,
        obeys=obeys,
    )


async def _temperature(control, text):
    arguments = Arguments(text)
    celsius = arguments.number("celsius", None, -50, 150)
    if celsius is None:
        raise UsageError("CELSIUS is missing")
    evse = arguments.number("evse", 1, 1)
    arguments.done()
    await control.ask("temperature", celsius=celsius, evse=evse)


async def _swipe(control, text):
    arguments = Arguments(text)
    token = arguments.word("token")
    evse = arguments.number("evse", None, 1)
    kind = arguments.word("type", "ISO14443")
    arguments.done()
    await control.ask("swipe", token=token, type=kind, evse=evse)


async def _fault(control, text):
    arguments = Arguments(text)
    error = arguments.word("error")
    on = arguments.switch("state", "on")
    await control.ask("fault", error=error, set=on, **_place(arguments))


async def _network(control, text):
    arguments = Arguments(text)
    up = arguments.switch("state")
    arguments.done()
    await control.ask("network", up=up)


async def _state(control, text):
    state = await control.ask("state")
    lines = ["connected" if state["connected"] else "not connected"]
    for evse in state["evses"]:
        transaction = evse["transactionId"] or "no transaction"
        lines.append(f"EVSE {evse['id']}: {transaction}, {evse['energy_wh']} Wh")
        for connector in evse["connectors"]:
            relay = "closed" if connector["relay"] else "open"
            lock = "locked" if connector["locked"] else "unlocked"
            pwm = f"{connector['pwm']:g} %"
            status = (
                f"{connector['status']}, pilot {connector['cp']}, {pwm}, relay {relay}, {lock}"
            )
            lines.append(f"  connector {connector['id']}: {status}")
    return lines


async def _clock(control, text):
    arguments = Arguments(text)
    what = arguments.choice("what", ("advance", "factor"))
    value = arguments.number("value", None, 1)
    if value is None:
        raise UsageError("VALUE is missing")
    arguments.done()
    advance, factor = (value, None) if what == "advance" else (None, value)
    reply = await control.ask("clock", advance_s=advance, factor=factor)
    return [f"the charger's time: {reply.get('time', 'unknown')}"]


async def _meter(control, text):
    arguments = Arguments(text)
    evse = arguments.number("evse", 1)
    energy = arguments.number("energy_wh", 0)
    arguments.done()
    await control.ask("meter", evse=evse, energy_wh=energy)


async def _reboot(control, text):
    Arguments(text).done()
    await control.ask("reboot")


async def _send(control, text):
    reply = await control.ask("data_transfer", timeout_s=60, **data_transfer(text))
    return [json.dumps({k: v for k, v in reply.items() if k not in ("id", "ok")})]


async def _hardware(control, text):
    request = read_json(text)
    if not isinstance(request, dict) or not isinstance(request.get("cmd"), str):
        raise UsageError('JSON is an object with "cmd", such as {"cmd": "capabilities"}')
    request.pop("id", None)
    return [json.dumps(await control.ask(request.pop("cmd"), **request))]


HARDWARE_COMMANDS = (
    Command(
        "plug [EVSE [CONNECTOR]] [cable=13|20|32|63]",
        "plug the cable in, at both ends; what its coding says (A)",
        _plug,
        tuple(f"cable={rating}" for rating in _CABLES),
    ),
    Command("unplug [EVSE [CONNECTOR]]", "unplug the cable", _unplug),
    Command(
        "ev STATE [CURRENT] [PHASES] [evse=1] [obeys=on|off]",
        "the car: B connected, C charges (A per phase); off: draws on whatever is offered",
        _ev,
        tuple("ABCDEF"),
    ),
    Command("temperature CELSIUS [EVSE]", "what the sensor at the outlet says", _temperature),
    Command("swipe TOKEN [EVSE] [TYPE]", "hold a card to the reader", _swipe),
    Command("fault ERROR [on|off] [EVSE]", f"such as {', '.join(_FAULTS[:3])}", _fault, _FAULTS),
    Command("network on|off", "cut the charger's network, or mend it", _network, ("on", "off")),
    Command(
        "clock advance|factor VALUE",
        "let time jump (s), or run faster",
        _clock,
        ("advance", "factor"),
    ),
    Command("meter EVSE ENERGY_WH", "set the meter's register", _meter),
    Command("reboot", "press the restart button", _reboot),
    Command("send VENDOR [MESSAGE] [JSON]", "let the charger send DataTransfer", _send),
    Command("state", "what the hardware is doing", _state),
    Command("hardware JSON", "any other command of the control socket", _hardware),
)
