"""What each product has to do, whatever its blocks: boot, charge, report what GetVariables tells,
and refuse what they do not receive. For `make products` and test_products_play.py.
"""

import re
from pathlib import Path

from chosen import messages
from rig import CARD, Rig, setting
from scripted_csms import CallError
from sessions import remote_start

from tools.blocks.declaration import Declaration, lines, read_all
from tools.blocks.product import Product
from tools.csms.charger import ROOT
from tools.csms.conversation import FROM_STATION
from tools.csms.schemas import Schemas

_UNKNOWN = ("UnknownComponent", "UnknownVariable")
_AT_ONCE = 10  # variables that are asked for
_MINUTES = 3
_FAST = 15  # s that the last pages of a report may take


class Session:
    """One product, played.

    Args:
        rig: a Rig, of the product's charger.
        product: its Product.
        known: all blocks that there are.
    """

    def __init__(self, rig: Rig, product: Product, known: list[Declaration]):
        self._rig = rig
        self._product = product
        self._there = [block for block in known if block.name in product.blocks]
        self._left_out = [block for block in known if block.name not in product.blocks]
        self._csms = self._station = None

    def _has(self, block):
        return block in self._product.blocks

    async def play(self):
        """All of it; AssertionError: it is not as it should be."""
        await self._boot()
        await self._charge()
        await self._report()
        await self._refuse()
        sends = messages(self._there, "send")
        for message in self._csms.conversation.messages:
            if message.is_call and message.direction == FROM_STATION:
                assert message.action in sends, f"{message.action} is of no block that is there"

    async def _boot(self):
        self._csms = await self._rig.csms()
        asks = self._has("authorization") or self._has("remote_control")
        everybody = [] if asks else [setting("AuthCtrlr.Enabled", "false")]
        self._station = await self._rig.station(self._csms, everybody)
        told = (await self._csms.expect("BootNotification", 10))["chargingStation"]
        assert told["vendorName"] == self._product.vendor
        assert told["model"] == (self._product.model or "Simulated")
        assert told["firmwareVersion"] == self._product.firmware
        await self._rig.quiet(self._csms)
        statuses = self._csms.calls("StatusNotification")
        due = 2 if self._has("availability") else 0
        assert len(statuses) == due, f"{len(statuses)} StatusNotifications, not {due}"

    async def _charge(self):
        csms, station = self._csms, self._station
        await station.plug(1)
        await self._rig.quiet(csms)
        if self._has("authorization"):
            await station.swipe(CARD, evse=1)
        elif self._has("remote_control"):
            answer = await csms.call("RequestStartTransaction", remote_start(7, evseId=1))
            assert answer["status"] == "Accepted"
        await self._rig.quiet(csms)
        await station.ev("C", evse=1)
        await station.until_relay(True, 1)
        for _ in range(_MINUTES):
            await station.clock(60)
        state = await station.state(1)
        assert state["energy_wh"] > 100 * _MINUTES
        await station.ev("B", evse=1)
        await station.unplug(1)
        await station.until_relay(False, 1)
        await self._rig.quiet(csms)
        kinds = [event["eventType"] for event in csms.calls("TransactionEvent")]
        if self._has("transactions"):
            assert kinds[:1] == ["Started"] and kinds[-1:] == ["Ended"], kinds
            (told,) = csms.ledger.transactions.values()
            assert told.energy_wh() > 100 * _MINUTES
        else:
            assert not kinds

    # ---- the device model

    async def _report(self):
        reported = await self._full_inventory() if self._has("reports") else {}
        theirs = _declared(self._left_out) - _declared(self._there)
        names = {(component, variable) for component, variable, *_ in reported}
        assert not names & theirs, f"of blocks that are left out: {names & theirs}"
        if not self._has("variables"):
            return
        for asked in _portions(list(reported)):
            for key, answer in zip(asked, await self._get(asked), strict=True):
                if reported[key] is None:  # write-only
                    assert answer["attributeStatus"] == "Rejected", answer
                    continue
                assert answer["attributeStatus"] == "Accepted", answer
                if key[:2] not in _live():
                    assert answer["attributeValue"] == reported[key], key
        for asked in _portions([(*name, None, None, None, None, "Actual") for name in theirs]):
            for answer in await self._get(asked):
                assert answer["attributeStatus"] in _UNKNOWN, answer

    async def _full_inventory(self):
        """(component, variable, instance of both, EVSE, connector, attribute) -> its value, None:
        it is not told.
        """
        csms = self._csms
        csms.forget()
        request = {"requestId": 7, "reportBase": "FullInventory"}
        assert (await csms.call("GetBaseReport", request))["status"] == "Accepted"
        found = {}
        more = True
        while more:
            page = await csms.expect("NotifyReport", _FAST)
            more = page.get("tbc", False)
            for item in page["reportData"]:
                found |= _attributes(item)
        assert found
        await self._rig.quiet(csms)
        return found

    async def _get(self, asked):
        items = []
        for component, variable, of_component, of_variable, evse, connector, attribute in asked:
            place = {"id": evse, "connectorId": connector} if evse else None
            named = {"name": component, "instance": of_component, "evse": place}
            item = {"component": named, "variable": {"name": variable, "instance": of_variable}}
            items.append(_without_none({**item, "attributeType": attribute}))
        answer = await self._csms.call("GetVariables", {"getVariableData": items})
        return answer["getVariableResult"]

    # ---- what nobody receives

    async def _refuse(self):
        ours = messages(self._there, "receive") | messages(self._there, "send")
        refused = set(Schemas().actions()) - ours
        assert refused >= messages(self._left_out, "receive") - ours
        for action in sorted(refused):
            try:
                answer = await self._csms.call(action, {})
            except CallError as error:
                assert error.code == "NotImplemented", f"{action}: {error}"
            else:
                raise AssertionError(f"{action} is answered: {answer}")


def _attributes(item):
    component, variable = item["component"], item["variable"]
    place = component.get("evse", {})
    of_both = (component.get("instance"), variable.get("instance"))
    key = (
        component["name"],
        variable["name"],
        *of_both,
        place.get("id"),
        place.get("connectorId"),
    )
    return {
        (*key, attribute.get("type", "Actual")): attribute.get(
            "value", None if attribute.get("mutability") == "WriteOnly" else ""
        )
        for attribute in item["variableAttribute"]
    }


def _without_none(value):
    if not isinstance(value, dict):
        return value
    return {name: _without_none(each) for name, each in value.items() if each is not None}


def _portions(items):
    return [items[at : at + _AT_ONCE] for at in range(0, len(items), _AT_ONCE)]


def _variables(declared):
    """(component, variable, what follows) of lines as in [variables]."""
    component = None
    for _, line in declared:
        word, _, rest = line.partition(" ")
        if word == "component":
            component = rest.split()[0]
        elif word != "define":
            yield component, re.match(r"\w+", word)[0], rest.split()


def _declared(blocks):
    """Names of the variables, component first, that blocks own."""
    sections = (block.sections.get("variables", ()) for block in blocks)
    return {found[:2] for section in sections for found in _variables(section)}


def _live():
    """Names of those that may have changed from one reading to the next."""
    sections = [lines(path) for path in (ROOT / "firmware").glob("*/variables.txt")]
    blocks = read_all(ROOT / "firmware" / "blocks")
    sections += [block.sections.get("variables", []) for block in blocks]
    found = (each for section in sections for each in _variables(section))
    return {(component, name) for component, name, words in found if "live" in words}


async def session(folder: Path, charger: Path, product: Product, known: list[Declaration]):
    """Play a product.

    Args:
        folder: for what the charger stores.
        charger: the program.
        known: all blocks that there are.
    """
    async with Rig(folder, command=[str(charger)]) as rig:
        await Session(rig, product, known).play()
