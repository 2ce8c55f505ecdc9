"""The prompt of `make run`: what its commands send and show, and say about wrong arguments."""

import asyncio
import io
import json
import types

import pytest

from tools.csms.clock import SimClock
from tools.csms.commands import Office
from tools.csms.conversation import FROM_STATION, Conversation
from tools.csms.printer import Printer
from tools.csms.prompt import Prompt
from tools.csms.schemas import Schemas

_schemas = Schemas()


class _Ledger:
    def __init__(self):
        self.transactions = []

    def running(self):
        return [types.SimpleNamespace(id=name) for name in self.transactions]


class _Station:
    """Takes CALLs and answers them as it was told."""

    id = "CS001"

    def __init__(self):
        self.asked = []
        self.answers = {}
        self.conversation = Conversation(_schemas, SimClock())

    async def ask(self, action, payload):
        self.asked.append((action, payload))
        answer = self.answers.get(action, {"status": "Accepted"})
        return answer(payload) if callable(answer) else answer

    def note(self, number, action, payload):
        text = json.dumps([2, str(number), action, payload])
        return self.conversation.note(FROM_STATION, text)


class _Control:
    def __init__(self):
        self.asked = []

    async def ask(self, cmd, **parameters):
        self.asked.append((cmd, parameters))
        return {"ok": True}


class Bench:
    """A prompt with a station and a charger that note what they are asked for."""

    def __init__(self):
        self.station = _Station()
        self.control = _Control()
        self.ledger = _Ledger()
        csms = types.SimpleNamespace(
            stations={"CS001": self.station}, ledgers={"CS001": self.ledger}
        )
        self.out = io.StringIO()
        self.prompt = Prompt(Printer(self.out, False), Office(csms), self.control)

    async def type(self, line):
        """What is shown for a command that goes well."""
        self.out.seek(0)
        self.out.truncate()
        assert await self.prompt.carry_out(line), self.out.getvalue()
        return self.out.getvalue()

    async def fails(self, line):
        """What is shown for one that fails."""
        self.out.seek(0)
        self.out.truncate()
        assert not await self.prompt.carry_out(line)
        return self.out.getvalue()


@pytest.fixture
def bench():
    return Bench()


@pytest.mark.parametrize(
    ("line", "action", "payload"),
    [
        ("cache", "ClearCache", {}),
        ("unlock", "UnlockConnector", {"evseId": 1, "connectorId": 1}),
        ("unlock 2", "UnlockConnector", {"evseId": 2, "connectorId": 1}),
        ("unlock connector=2 3", "UnlockConnector", {"evseId": 3, "connectorId": 2}),
        ("report", "GetBaseReport", {"requestId": 1, "reportBase": "FullInventory"}),
        (
            "report Configuration",
            "GetBaseReport",
            {"requestId": 1, "reportBase": "ConfigurationInventory"},
        ),
    ],
)
async def test_what_goes_to_the_station(bench, line, action, payload):
    bench.station.answers["GetBaseReport"] = {"status": "EmptyResultSet"}
    shown = await bench.type(line)
    assert bench.station.asked == [(action, payload)]
    assert shown == ("  no report: EmptyResultSet\n" if "report" in line else "")


@pytest.mark.parametrize(
    ("line", "cmd", "parameters"),
    [
        ("plug", "plug", {"evse": 1, "connector": 1, "cable": 32}),
        ("plug 2 cable=20", "plug", {"evse": 2, "connector": 1, "cable": 20}),
        ("plug 1 2 63", "plug", {"evse": 1, "connector": 2, "cable": 63}),
        (
            "ev C",
            "ev",
            {
                "state": "C",
                "current": 16,
                "phases": 3,
                "evse": 1,
                "connector": 1,
                "obeys": True,
            },
        ),
        (
            "ev d 10 1 obeys=off evse=2",
            "ev",
            {
                "state": "D",
                "current": 10,
                "phases": 1,
                "evse": 2,
                "connector": 1,
                "obeys": False,
            },
        ),
        ("temperature 60", "temperature", {"celsius": 60, "evse": 1}),
        ("temperature -20 2", "temperature", {"celsius": -20, "evse": 2}),
    ],
)
async def test_what_goes_to_the_hardware(bench, line, cmd, parameters):
    await bench.type(line)
    assert bench.control.asked == [(cmd, parameters)]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("cache now", "'now' is too much. Usage: cache"),
        ("unlock 0", "EVSE is a whole number of at least 1, not '0'. Usage: unlock [EVSE"),
        ("unlock 1 x", "CONNECTOR is a whole number of at least 1, not 'x'"),
        ("unlock 1 1 1", "'1' is too much"),
        ("report all", "BASE is one of full, configuration, summary, not 'all'. Usage: report"),
        ("report full 2", "'2' is too much"),
        ("status a b", "'b' is too much. Usage: status [TRANSACTION]"),
        ("plug 1 1 16", "CABLE is one of 13, 20, 32, 63, not '16'. Usage: plug"),
        ("plug cable=", "CABLE is one of 13, 20, 32, 63, not ''"),
        ("ev C obeys=maybe", "OBEYS is one of on, off, not 'maybe'. Usage: ev STATE"),
        ("temperature", "CELSIUS is missing. Usage: temperature CELSIUS [EVSE]"),
        ("temperature warm", "CELSIUS is a whole number from -50 to 150, not 'warm'"),
        ("temperature 151", "CELSIUS is a whole number from -50 to 150, not '151'"),
        ("temperature -51", "CELSIUS is a whole number from -50 to 150, not '-51'"),
        ("temperature 20 -1", "EVSE is a whole number of at least 1, not '-1'"),
    ],
)
async def test_wrong_arguments_send_nothing(bench, line, why):
    assert why in await bench.fails(line)
    assert bench.station.asked == bench.control.asked == []


async def test_help_lists_them(bench):
    shown = await bench.type("help")
    for usage in (
        "report [full|configuration|summary] ",
        "unlock [EVSE [CONNECTOR]] ",
        "cache ",
        "status [TRANSACTION] ",
        "plug [EVSE [CONNECTOR]] [cable=13|20|32|63] ",
        "ev STATE [CURRENT] [PHASES] [evse=1] [obeys=on|off] ",
        "temperature CELSIUS [EVSE] ",
    ):
        assert f"\n  {usage}" in shown
    assert "cable=20" in bench.prompt.completions()["plug"]
    assert "summary" in bench.prompt.completions()["report"]


# ---- status of a transaction


@pytest.mark.parametrize(
    ("line", "running", "payload", "answer", "shown"),
    [
        (
            "status",
            [],
            {},
            {"messagesInQueue": True},
            "no transaction is running; messages wait: yes",
        ),
        (
            "status",
            ["t1"],
            {"transactionId": "t1"},
            {"messagesInQueue": False, "ongoingIndicator": True},
            "t1: ongoing; messages wait: no",
        ),
        (
            "status t0",
            ["t1", "t2"],
            {"transactionId": "t0"},
            {"messagesInQueue": True, "ongoingIndicator": False},
            "t0: not ongoing; messages wait: yes",
        ),
        (
            "status t0",
            [],
            {"transactionId": "t0"},
            {"messagesInQueue": False},
            "t0: unknown; messages wait: no",
        ),
    ],
)
async def test_status_of_a_transaction(bench, line, running, payload, answer, shown):
    bench.ledger.transactions = running
    bench.station.answers["GetTransactionStatus"] = answer
    assert await bench.type(line) == f"  {shown}\n"
    assert bench.station.asked == [("GetTransactionStatus", payload)]


@pytest.mark.parametrize("line", ["status", "stop"])
async def test_of_several_transactions_one_has_to_be_named(bench, line):
    bench.ledger.transactions = ["t1", "t2"]
    assert "running: t1, t2" in await bench.fails(line)
    assert bench.station.asked == []


# ---- a report


def _page(request_id, seq_no, *items, **more):
    stamp = "2026-01-31T12:00:00Z"
    page = {"requestId": request_id, "seqNo": seq_no, "generatedAt": stamp, **more}
    return {**page, "reportData": list(items)} if items else page


def _item(component, variable, *attributes, **characteristics):
    item = {
        "component": {"name": component},
        "variable": {"name": variable},
        "variableAttribute": list(attributes),
    }
    if characteristics:
        item["variableCharacteristics"] = {
            "dataType": "integer",
            "supportsMonitoring": False,
            **characteristics,
        }
    return item


async def test_the_pages_of_a_report_are_shown_as_they_come(bench):
    station = bench.station
    first = _item("TxCtrlr", "EVConnectionTimeOut", {"value": "60"}, unit="s")
    second = _item(
        "EVSE",
        "Power",
        {"value": "0", "mutability": "ReadOnly"},
        {"type": "MaxSet", "value": "22000", "mutability": "ReadOnly"},
    )
    secret = _item("SecurityCtrlr", "BasicAuthPassword", {"mutability": "WriteOnly"})
    station.note(1, "NotifyReport", _page(1, 0, secret))  # of before
    typing = asyncio.create_task(bench.type("report"))
    await asyncio.sleep(0)
    assert station.asked == [("GetBaseReport", {"requestId": 1, "reportBase": "FullInventory"})]
    station.note(2, "NotifyReport", _page(7, 0, secret))  # somebody else's
    station.note(3, "NotifyReport", _page(1, 0, first, tbc=True))
    for _ in range(10):
        await asyncio.sleep(0)
    rows = [
        ["variable", "access", "value"],
        ["TxCtrlr.EVConnectionTimeOut", "rw", "60", "s"],
    ]
    assert [line.split() for line in bench.out.getvalue().splitlines()] == rows
    station.note(4, "NotifyReport", _page(1, 1, second, secret, {"component": 1}))
    shown = await typing
    assert [line.split() for line in shown.splitlines()] == [
        *rows,
        ["EVSE.Power", "ro", "0"],
        ["EVSE.Power#MaxSet", "ro", "22000"],
        ["SecurityCtrlr.BasicAuthPassword", "wo", "-"],
        ['{"component":', "1}"],
        ["4", "variables"],
    ]


async def test_a_report_whose_pages_do_not_come(bench, monkeypatch):
    monkeypatch.setattr("tools.csms.report._PAGE_S", 0.01)

    def answer(payload):
        page = _page(payload["requestId"], 0, _item("A", "B", {}), tbc=True)
        bench.station.note(1, "NotifyReport", page)
        return {"status": "Accepted"}

    bench.station.answers["GetBaseReport"] = answer
    shown = await bench.fails("report")
    assert "A.B" in shown
    assert "report: the next page of the report did not come within" in shown
    assert bench.station.conversation.observers == []
