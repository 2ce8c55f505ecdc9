"""The commands of the prompt: a table of names, usages and functions; the CSMS's own commands."""

import dataclasses
import difflib
from collections.abc import Callable

from . import summary, tokens
from .arguments import Arguments, UsageError, head, read_json, variable
from .report import BASES, report
from .station import CallFailed

_MESSAGES = [
    "BootNotification",
    "FirmwareStatusNotification",
    "Heartbeat",
    "LogStatusNotification",
    "MeterValues",
    "PublishFirmwareStatusNotification",
    "SignChargingStationCertificate",
    "SignCombinedCertificate",
    "SignV2GCertificate",
    "StatusNotification",
    "TransactionEvent",
]


class Quit(Exception):
    """The user wants to end."""


@dataclasses.dataclass(frozen=True)
class Command:
    """One command. `run(context, text)` gets what was typed after the name; gives lines or None.

    It is a coroutine function, or an async generator of lines that are shown as they come.
    """

    usage: str
    help: str
    run: Callable
    words: tuple = ()  # for completion

    @property
    def name(self):
        return self.usage.split()[0]


class Office:
    """What the CSMS's commands act on: the stations, and the one that was chosen.

    Args:
        csms: Csms.
        actions: all actions that OCPP knows, for completion and for the spelling.
    """

    def __init__(self, csms, actions=()):
        self.csms = csms
        self.actions = list(actions)
        self.chosen = None
        self._remote_start = 0
        self._request = 0

    def station(self):
        """The station that commands go to."""
        stations = self.csms.stations
        if self.chosen in stations:
            return stations[self.chosen]
        if len(stations) == 1:
            return next(iter(stations.values()))
        if not stations:
            raise UsageError("no station is connected")
        raise UsageError(f"several stations are connected; choose one: use {' | '.join(stations)}")

    def next_remote_start(self):
        self._remote_start += 1
        return self._remote_start

    def next_request(self):
        self._request += 1
        return self._request

    def running(self, what):
        """The id of the only transaction that is running at the station; None: there is none.

        Raises:
            UsageError: there are several; `what` says what one of them is wanted for.
        """
        running = self.csms.ledgers[self.station().id].running()
        if len(running) > 1:
            names = ", ".join(t.id for t in running)
            raise UsageError(f"say which transaction {what}; running: {names}")
        return running[0].id if running else None


def _evse(arguments):
    evse = arguments.number("evse", None, 1)
    connector = arguments.number("connector", None, 1)
    if evse is None:
        return {}
    return {"evse": {"id": evse} if connector is None else {"id": evse, "connectorId": connector}}


async def _start(office, text):
    arguments = Arguments(text)
    evse = arguments.number("evse", 1, 1)
    token = arguments.word("token", "")
    kind = arguments.word("type", "ISO14443")
    arguments.done()
    id_token = {"idToken": token, "type": kind} if token else tokens.REMOTE_TOKEN
    payload = {"evseId": evse, "remoteStartId": office.next_remote_start(), "idToken": id_token}
    await office.station().ask("RequestStartTransaction", payload)


async def _stop(office, text):
    arguments = Arguments(text)
    transaction = arguments.word("transaction", "")
    arguments.done()
    station = office.station()
    transaction = transaction or office.running("to stop")
    if transaction is None:
        raise UsageError("say which transaction to stop; running: none")
    await station.ask("RequestStopTransaction", {"transactionId": transaction})


async def _status(office, text):
    arguments = Arguments(text)
    transaction = arguments.word("transaction", "")
    arguments.done()
    station = office.station()
    transaction = transaction or office.running("to ask for")
    payload = {"transactionId": transaction} if transaction else {}
    answer = await station.ask("GetTransactionStatus", payload)
    waiting = f"messages wait: {'yes' if answer['messagesInQueue'] else 'no'}"
    if transaction is None:
        return [f"no transaction is running; {waiting}"]
    going = {True: "ongoing", False: "not ongoing"}.get(answer.get("ongoingIndicator"), "unknown")
    return [f"{transaction}: {going}; {waiting}"]


async def _get(office, text):
    items = [variable(word) for word in text.split()]
    if not items:
        raise UsageError("VARIABLE is missing")
    await office.station().ask("GetVariables", {"getVariableData": items})


async def _set(office, text):
    name, equals, value = text.partition("=")
    if not equals:
        raise UsageError("no '=' between the variable and its value")
    item = variable(name.strip())
    item["attributeValue"] = value.strip()
    await office.station().ask("SetVariables", {"setVariableData": [item]})


async def _report(office, text):
    arguments = Arguments(text)
    base = BASES[arguments.choice("base", tuple(BASES), "full")]
    arguments.done()
    async for line in report(office.station(), office.next_request(), base):
        yield line


async def _cache(office, text):
    Arguments(text).done()
    await office.station().ask("ClearCache", {})


async def _unlock(office, text):
    arguments = Arguments(text)
    evse = arguments.number("evse", 1, 1)
    connector = arguments.number("connector", 1, 1)
    arguments.done()
    await office.station().ask("UnlockConnector", {"evseId": evse, "connectorId": connector})


async def _reset(office, text):
    arguments = Arguments(text)
    payload = {"type": arguments.choice("type", ("Immediate", "OnIdle"), "OnIdle")}
    evse = arguments.number("evse", None, 1)
    arguments.done()
    if evse is not None:
        payload["evseId"] = evse
    await office.station().ask("Reset", payload)


async def _trigger(office, text):
    arguments = Arguments(text)
    message = arguments.choice("message", _MESSAGES)
    payload = {"requestedMessage": message, **_evse(arguments)}
    arguments.done()
    await office.station().ask("TriggerMessage", payload)


async def _availability(office, text):
    arguments = Arguments(text)
    status = arguments.choice("status", ("Operative", "Inoperative"))
    payload = {"operationalStatus": status, **_evse(arguments)}
    arguments.done()
    await office.station().ask("ChangeAvailability", payload)


def data_transfer(text):
    """VENDOR [MESSAGE] [JSON] as the fields of a DataTransfer."""
    vendor, rest = head(text, "vendor")
    payload = {"vendorId": vendor}
    if rest and rest[0] not in '{["0123456789-':
        payload["messageId"], rest = head(rest, "message")
    if rest:
        payload["data"] = read_json(rest)
    return payload


async def _transfer(office, text):
    await office.station().ask("DataTransfer", data_transfer(text))


async def _call(office, text):
    action, rest = head(text, "action")
    payload = read_json(rest or "{}", "the payload")
    known = office.actions
    close = difflib.get_close_matches(action, known, 1) if known and action not in known else ()
    try:
        await office.station().ask(action, payload)
    except CallFailed as failed:
        if close:
            failed.args = (f"{failed} (OCPP has no {action}; did you mean {close[0]}?)",)
        raise


async def _stations(office, text):
    Arguments(text).done() if text else None
    lines = [
        f"{name}{' (chosen)' if name == office.chosen else ''}" for name in office.csms.stations
    ]
    return lines or ["no station is connected"]


async def _use(office, text):
    identity, _ = head(text, "identity")
    if identity not in office.csms.stations:
        names = ", ".join(office.csms.stations) or "none"
        raise UsageError(f"{identity} is not connected; connected: {names}")
    office.chosen = identity


async def _transactions(office, text):
    lines = []
    for identity, ledger in office.csms.ledgers.items():
        for transaction in ledger.transactions.values():
            state = "ended" if transaction.ended else "running"
            energy = transaction.energy_wh()
            amount = "no reading" if energy is None else f"{energy:g} Wh"
            events = len(transaction.events)
            lines.append(f"{identity} {transaction.id} {state}, {events} events, {amount}")
    return lines or ["no transaction so far"]


async def _tokens(office, text):
    return tokens.describe()


async def _show(office, text):
    arguments = Arguments(text)
    count = arguments.number("count", 1, 1)
    arguments.done()
    messages = office.station().conversation.messages[-count:]
    return [f"{m.direction}: {summary.shorten(str(m.text), 4000)}" for m in messages]


CSMS_COMMANDS = (
    Command("start [EVSE] [TOKEN] [TYPE]", "start a transaction from afar", _start),
    Command("stop [TRANSACTION]", "stop a transaction from afar", _stop),
    Command("status [TRANSACTION]", "ask how a transaction is, and what waits", _status),
    Command("get VARIABLE ...", "read variables, such as TxCtrlr.EVConnectionTimeOut", _get),
    Command("set VARIABLE=VALUE", "set one, such as SampledDataCtrlr.TxUpdatedInterval=60", _set),
    Command(
        "report [full|configuration|summary]",
        "read all variables, as a table",
        _report,
        tuple(BASES),
    ),
    Command("unlock [EVSE [CONNECTOR]]", "free the cable from afar", _unlock),
    Command("cache", "clear the charger's authorization cache", _cache),
    Command(
        "reset [onidle|immediate] [EVSE]", "restart the charger", _reset, ("onidle", "immediate")
    ),
    Command("trigger MESSAGE [EVSE [CONNECTOR]]", "ask for a message", _trigger, tuple(_MESSAGES)),
    Command(
        "availability operative|inoperative [EVSE [CONNECTOR]]",
        "take out of service, or back",
        _availability,
        ("operative", "inoperative"),
    ),
    Command("transfer VENDOR [MESSAGE] [JSON]", "send DataTransfer to the charger", _transfer),
    Command("call ACTION [JSON]", "send any CALL, right or wrong, as it is", _call),
    Command("transactions", "list the transactions", _transactions),
    Command("tokens", "list the tokens that this CSMS knows", _tokens),
    Command("show [COUNT]", "the last messages as they were on the wire", _show),
    Command("stations", "list the connected stations", _stations),
    Command("use IDENTITY", "choose the station that commands go to", _use),
)
