"""What the CSMS of a play has asked for, and what the station has to stand by once it said yes.

All is taken from the messages. A request without an answer may have been done or not: what it was
about is not known then, until the next one.
"""

from tools.csms import summary
from tools.csms.conversation import FROM_STATION

_REPORTS = ("GetBaseReport", "GetReport")
_UNKNOWN = object()


def _variable(item):
    return summary.variable(item)


def _page(payload):
    return payload["seqNo"], payload.get("tbc", False)


class Asked:
    """Hears every message of a play.

    Attributes:
        causes: reasons that the next boot may tell. wrong: lines, taken by play_checks.
    """

    def __init__(self):
        self.wrong = []
        self.causes = set()
        self._reason = "PowerUp"  # of the last boot
        self._values = {}  # of variables; absent: nobody has set it, or it is not known
        self._operative = {}  # (evse, connector), 0: the whole of it -> bool or _UNKNOWN
        self._remote = set()  # ids of remote starts that may have been accepted
        self._pages = {}  # requestId -> [(seqNo, tbc)], of reports that were accepted
        self._maybe = set()  # requestIds of which nobody knows
        self._reporting = set()
        self._drains = False  # a reset of the station may wait for the last transaction

    def power_cut(self):
        """Nothing that was to come comes any more."""
        self.causes.clear()
        self._drains = False
        self._reason = "PowerUp"

    def hear(self, message):
        """Any message that breaks no schema."""
        handlers = {
            "SetVariables": self._set,
            "GetVariables": self._get,
            "ChangeAvailability": self._available,
            "RequestStartTransaction": self._start,
            "BootNotification": self._boot_answered,
            "Reset": self._reset,
            "GetBaseReport": self._report,
            "GetReport": self._report,
        }
        if message.direction == FROM_STATION and message.is_call:
            self._told(message.action, message.payload)
            return
        handle = handlers.get(message.action)
        request = message if message.is_call else message.request
        if handle is None or request is None:
            return
        if message.is_call:
            if not message.violations:
                handle(request.payload, None)
        elif not request.violations and not message.code:
            handle(request.payload, message.payload)
        elif message.code and not request.violations:
            self._undo(request)

    def _undo(self, request):
        if request.action == "RequestStartTransaction":
            self._remote.discard(request.payload["remoteStartId"])
        elif request.action in _REPORTS:
            self._maybe.discard(request.payload["requestId"])

    # ---- what the CSMS asks, and then (`answer`) hears

    def _set(self, request, answer):
        items = request["setVariableData"]
        if answer is None:
            for item in items:
                self._values.pop(_variable(item), None)
            return
        results = answer["setVariableResult"]
        self._same_order(items, results)
        for item, result in zip(items, results, strict=False):
            if result["attributeStatus"] == "Accepted":
                self._values[_variable(item)] = item["attributeValue"]

    def _get(self, request, answer):
        if answer is None:
            return
        items, results = request["getVariableData"], answer["getVariableResult"]
        self._same_order(items, results)
        for result in results:
            due = self._values.get(_variable(result))
            found = result.get("attributeValue")
            if due is not None and result["attributeStatus"] == "Accepted" and found != due:
                self.wrong.append(f"{_variable(result)} was set to {due!r}, and is {found!r}")

    def _same_order(self, items, results):
        asked = [_variable(item) for item in items]
        told = [_variable(result) for result in results]
        if asked != told:  # B05.FR.01, B06.FR.01
            self.wrong.append(f"asked for {asked}, the results are of {told}")

    def _available(self, request, answer):
        evse = request.get("evse", {})
        place = evse.get("id", 0), evse.get("connectorId", 0)
        if answer is None:
            self._before = self._operative.get(place, True)
            self._operative[place] = _UNKNOWN
        elif answer["status"] == "Rejected":
            self._operative[place] = self._before
        else:
            self._operative[place] = request["operationalStatus"] == "Operative"

    def _start(self, request, answer):
        number = request["remoteStartId"]
        if answer is None or answer["status"] == "Accepted":
            self._remote.add(number)
        else:
            self._remote.discard(number)

    def _reset(self, request, answer):
        if "evseId" not in request and (answer is None or answer["status"] != "Rejected"):
            self.causes |= {"RemoteReset", "ScheduledReset"}
            self._drains = True

    def _boot_answered(self, request, answer):
        self._values.pop("OCPPCommCtrlr.HeartbeatInterval", None)  # B01.FR.04: set by the interval

    def _report(self, request, answer):
        number = request["requestId"]
        if answer is None:
            self._maybe.add(number)
            return
        self._maybe.discard(number)
        if answer["status"] == "Accepted":
            self._pages.setdefault(number, [])
            self._reporting.add(number)

    # ---- what the station tells

    def _told(self, action, payload):
        if action == "BootNotification" and payload["reason"] != "Triggered":
            self._boot(payload["reason"])
        elif action == "TransactionEvent":
            number = payload["transactionInfo"].get("remoteStartId")
            if number is not None and number not in self._remote:
                self.wrong.append(f"remote start {number} was never accepted (F01.FR.25)")
        elif action == "NotifyReport":
            self._page(payload)

    def _boot(self, reason):
        if reason not in {*self.causes, self._reason}:
            self.wrong.append(f"a boot for {reason}; due: {self._reason}, {sorted(self.causes)}")
        self.causes.discard(reason)
        self._reason = reason
        self._drains = False
        self._reporting.clear()  # what was not told by then is forgotten

    def _page(self, payload):
        number = payload["requestId"]
        if number in self._maybe:
            self._pages.setdefault(number, [])
        pages = self._pages.get(number)
        if pages is None:
            self.wrong.append(f"pages of report {number}, which was not accepted")
            return
        page = _page(payload)
        if page not in pages[-1:]:  # once more, on another connection
            pages.append(page)
        if not page[1]:
            self._reporting.discard(number)

    # ---- at rest

    def open_reports(self):
        """requestIds whose last page is due."""
        return self._reporting

    def reports_wrong(self):
        """Lines: what of the pages does not add up (B07.FR.09)."""
        for number, pages in self._pages.items():
            numbers = [page for page, _ in pages]
            ends = [page for page, more in pages if not more]
            if numbers != list(range(len(pages))) or ends not in ([], numbers[-1:]):
                yield f"report {number} has the pages {pages} (B07.FR.09)"

    def operative(self, evse, connector):
        """Whether a connector may be used; None: nobody knows."""
        places = [(0, 0), (evse, 0), (evse, connector)]
        found = [self._operative.get(place, True) for place in places]
        if False in found:
            return False
        # An EVSE without a transaction may be closed before a reset (B11.FR.03, B12.FR.03).
        return None if _UNKNOWN in found or self._drains else True
