"""Asks a station for a base report, and makes a table of its pages as they come."""

import asyncio
import json

from . import summary
from .conversation import FROM_STATION

BASES = {
    "full": "FullInventory",
    "configuration": "ConfigurationInventory",
    "summary": "SummaryInventory",
}
_PAGE_S = 10  # for the next page to come
_ACCESS = {"ReadOnly": "ro", "WriteOnly": "wo", "ReadWrite": "rw"}
_ROW = "{:<56} {:<6} {}"


def _rows(item):
    """One line for each attribute of a variable."""
    try:
        unit = item.get("variableCharacteristics", {}).get("unit", "")
        rows = []
        for attribute in item["variableAttribute"]:
            name = summary.variable({**item, "attributeType": attribute.get("type", "Actual")})
            access = _ACCESS[attribute.get("mutability", "ReadWrite")]
            value = summary.shorten(f"{attribute.get('value', '-')} {unit}".rstrip())
            rows.append(_ROW.format(name, access, value))
        return rows
    except (KeyError, TypeError, AttributeError):  # breaks its schema: show it as it is
        return [summary.shorten(json.dumps(item))]


def _is_page(message, request_id):
    notify = message.direction == FROM_STATION and message.action == "NotifyReport"
    payload = message.payload
    return (
        notify
        and message.is_call
        and isinstance(payload, dict)
        and payload.get("requestId") == request_id
    )


async def report(station, request_id, base):
    """Send GetBaseReport.

    Args:
        station: Station.
        request_id: by which its pages are told from those of other reports.
        base: ReportBaseEnumType.

    Yields: lines for a person.

    Raises: CallFailed. TimeoutError: no answer, or a page did not come in time.
    """
    pages = asyncio.Queue()

    def watch(message):
        if _is_page(message, request_id):
            pages.put_nowait(message.payload)

    station.conversation.observers.append(watch)
    try:
        request = {"requestId": request_id, "reportBase": base}
        answer = await station.ask("GetBaseReport", request)
        if answer["status"] != "Accepted":
            yield f"no report: {answer['status']}"
            return
        yield _ROW.format("variable", "access", "value")
        count = 0
        more = True
        while more:
            try:
                page = await asyncio.wait_for(pages.get(), _PAGE_S)
            except TimeoutError:
                raise TimeoutError(
                    f"the next page of the report did not come within {_PAGE_S} s"
                ) from None
            for item in page.get("reportData", ()):
                for row in _rows(item):
                    yield row
                count += 1
            more = page.get("tbc", False)
        yield f"{count} variables"
    finally:
        station.conversation.observers.remove(watch)
