"""B07 and B08: what the station consists of, told in NotifyReports.

A report is a walk through the ROM tables, so it costs the same heap whatever the number of
variables: what is kept is the request and the page that is being sent.
"""

import array

from micropython import const
from tables.messages import ComponentVariableType as Item
from tables.messages import (
    GetBaseReportRequest,
    GetBaseReportResponse,
    GetReportRequest,
    GetReportResponse,
    NotifyReportRequest,
    ReportDataType,
    VariableAttributeType,
)
from tables.names import (
    ACCEPTED,
    BOOLEAN,
    CONFIGURATION_INVENTORY,
    DATE_TIME,
    DECIMAL,
    EMPTY_RESULT_SET,
    FULL_INVENTORY,
    GET_BASE_REPORT,
    GET_REPORT,
    INTEGER,
    MEMBER_LIST,
    NOTIFY_REPORT,
    OPTION_LIST,
    PROBLEM,
    REJECTED,
    SEQUENCE_LIST,
    STRING,
    SUMMARY_INVENTORY,
)
from tables.variable_format import (
    FIELD_INSTANCE,
    FIELD_MAX,
    FIELD_MIN,
    FIELD_UNIT,
    FLAG_VOLATILE,
    KIND_TYPE,
    TYPE_DECIMAL,
    TYPE_INTEGER,
    TYPE_STRING,
)
from tables.variable_format import READ_ONLY as NEVER_WRITTEN
from tables.variable_format import WRITE_ONLY as NEVER_READ
from tables.variables import (
    DEVICE_DATA_CTRLR_BYTES_PER_MESSAGE_GET_REPORT,
    DEVICE_DATA_CTRLR_ITEMS_PER_MESSAGE_GET_REPORT,
)

from blocks.port import LOST
from device_model import catalogue
from device_model.limits import check_size
from wire.names import name

_PAGE = const(10)  # variables in a NotifyReport: about 3 kB, and no long turn of the event loop
_ANY = const(0xFFFF)
_UNKNOWN = const(0xFFFE)

_A_PIECE = const(16)  # items of GetReport's list in a piece

_ABNORMAL = (b"Problem", b"Tripped", b"Overload", b"Fallback")
_TYPES = (
    STRING, DECIMAL, INTEGER, DATE_TIME, BOOLEAN, OPTION_LIST, SEQUENCE_LIST, MEMBER_LIST,
)  # fmt: skip


class Reports:
    """One report at a time; another one is Rejected until its last page is answered (B07.FR.13,
    B08.FR.16). A page that was lost with the connection is sent again with the next one.

    Args:
        board: for its connectors, and the clock that stamps pages.
        model: DeviceModel.
    """

    def __init__(self, board, model):
        self._board = board
        self._model = model
        self.link = None  # set by the station
        self._request = None  # requestId; None: no report is under way
        self._base = 0  # name id of the ReportBase, 0: GetReport
        self._criteria = ()  # of ComponentCriteria: name ids
        # GetReport's componentVariable, in pieces: its slots as words, of a text where it is in
        # the catalogue, or _ANY
        self._items = None
        self._next = 0  # handle that the next page begins with, 0: this is the last one
        self._page = None  # handles
        self._values = None  # of live variables: what the page tells, in both passes of the writer
        self._at = 0
        self._seq = 0

    def handle(self, action, reader):
        """Answer GetBaseReport or GetReport.

        Raises:
            CallError: more items (B08.FR.17) or bytes (B08.FR.18) than the device model allows.
        """
        if action == GET_REPORT:
            check_size(
                self._model,
                reader,
                GetReportRequest.componentVariable,
                DEVICE_DATA_CTRLR_ITEMS_PER_MESSAGE_GET_REPORT,
                DEVICE_DATA_CTRLR_BYTES_PER_MESSAGE_GET_REPORT,
            )
        if self._request is not None:
            return (GetBaseReportResponse | GetReportResponse)(
                status=REJECTED,
                statusInfo_reasonCode=b"Busy",
                statusInfo_additionalInfo=b"a report is under way",
            )
        slots = reader.unpack()
        self._base = 0
        self._items = None
        if action == GET_BASE_REPORT:
            self._base = slots[GetBaseReportRequest.reportBase]
        else:
            self._select(reader)
        self._page = None
        self._seq = 0
        self._next = 0
        for handle in self._walk(0):  # microcontrollers' next() has no default
            self._next = handle
            break
        if not self._next:
            # B08.FR.15
            return (GetBaseReportResponse | GetReportResponse)(status=EMPTY_RESULT_SET)
        # Only now: nothing can fail any more.
        self._request = slots[(GetBaseReportRequest | GetReportRequest).requestId]
        self.link.wake()
        return (GetBaseReportResponse | GetReportResponse)(status=ACCEPTED)

    def take(self, accepted):
        # Whoever asked gets it, before Accepted too (B02.FR.01, B02.FR.02).
        if self._request is None:
            return None
        if self._page is None:
            self._turn()
        return NOTIFY_REPORT, NotifyReportRequest(
            requestId=self._request,
            generatedAt=self._at,
            tbc=self._next > 0,
            seqNo=self._seq,
            reportData=self,
        )

    def answered(self, outcome, reader):
        if outcome == LOST:
            return
        self._page = None
        self._seq += 1  # B07.FR.10, B08.FR.14
        if self._next:
            self.link.wake()
        else:
            self._request = None
            self._items = None
            self._values = None

    def _turn(self):
        """The next page."""
        model = self._model
        page = []
        values = []
        following = 0
        for handle in self._walk(self._next):
            if len(page) == _PAGE:
                following = handle
                break
            page.append(handle)
            values.append(model.read(handle, None)[1] if model.is_live(handle) else None)
        # All at once: what has failed for want of memory is asked for again.
        self._at = self._board.clock.utc() or 0
        self._next = following
        self._values = values
        self._page = page

    # ---- what belongs to the report

    def _select(self, reader):
        """GetReport's criteria and list."""
        self._criteria = list(reader.each(GetReportRequest.componentCriteria))
        if not reader.count(GetReportRequest.componentVariable):
            return
        self._items = []
        for n, item in enumerate(reader.each(GetReportRequest.componentVariable)):
            if n % _A_PIECE == 0:
                items = array.array("H")
                self._items.append(items)
            for i, value in enumerate(item):
                if value is None:
                    items.append(_ANY)
                elif i == Item.component_evse_id or i == Item.component_evse_connectorId:
                    items.append(value if 0 <= value < _UNKNOWN else _UNKNOWN)
                else:
                    ref = catalogue.find(value)
                    items.append(ref if ref >= 0 else _UNKNOWN)

    def _walk(self, handle):
        """Yields the handles of the report from `handle` on, 0: from the first."""
        connectors = self._board.connectors
        handle = handle or catalogue.following(0, connectors)
        place = -1
        meets = True
        while handle:
            component = catalogue.component_of(handle & 0xFFFF)
            here = handle >> 16 << 16 | component
            if here != place:
                place = here
                meets = self._meets(component, handle)
            if meets and self._wants(component, handle):
                yield handle
            handle = catalogue.following(handle, connectors)

    def _meets(self, component, handle):
        """Whether a component meets one of the criteria, if there are any (B08.FR.13)."""
        if self._base or not self._criteria:
            return True
        _, evse, connector = catalogue.split(handle)
        for criterion in self._criteria:
            problem = criterion == PROBLEM
            variable = catalogue.find_variable(component, name(criterion), b"")
            if variable < 0 or not self._model.there(variable, evse, connector):
                if not problem:  # B08.FR.07 to B08.FR.09
                    return True
            elif self._model.flag(variable, evse, connector):
                return True  # B08.FR.10
        return False

    def _wants(self, component, handle):
        """Whether the report tells this variable."""
        base = self._base
        variable, evse, connector = catalogue.split(handle)
        if not self._model.there(variable, evse, connector):
            return False
        if base == CONFIGURATION_INVENTORY:  # B07.FR.07
            return self._model.mutability(handle) != NEVER_WRITTEN
        if base == SUMMARY_INVENTORY:  # B07.FR.09
            text = catalogue.name(variable)
            return text == b"AvailabilityState" or (
                text in _ABNORMAL and self._model.flag(variable, evse, connector)
            )
        if base == FULL_INVENTORY or self._items is None:
            return True
        for items in self._items:
            at = 0
            while at < len(items):  # B08.FR.11, B08.FR.20 to B08.FR.25
                if (
                    items[at + Item.component_name] == catalogue.component_ref(component)
                    and items[at + Item.component_instance]
                    in (_ANY, catalogue.component_ref(component, 2))
                    and items[at + Item.component_evse_id] in (_ANY, evse)
                    and items[at + Item.component_evse_connectorId] in (_ANY, connector)
                    and items[at + Item.variable_name] in (_ANY, catalogue.ref(variable))
                    and items[at + Item.variable_instance]
                    in (_ANY, catalogue.instance_ref(variable))
                ):
                    return True
                at += Item.SLOTS
        return False

    # ---- the page, as the writer wants it

    def __iter__(self):
        """The records of the page: reportData."""
        for i, handle in enumerate(self._page):
            variable, evse, connector = catalogue.split(handle)
            component = catalogue.component_of(variable)
            kind = catalogue.kind(variable) & KIND_TYPE
            told = kind == TYPE_INTEGER or kind == TYPE_DECIMAL or kind == TYPE_STRING
            least, least_decimals = self._limit(variable, FIELD_MIN, evse, told)
            most, most_decimals = self._limit(variable, FIELD_MAX, evse, told)
            yield ReportDataType(
                component_name=catalogue.string(catalogue.component_ref(component)),
                component_instance=catalogue.string(catalogue.component_ref(component, 2)) or None,
                component_evse_id=evse or None,
                component_evse_connectorId=connector or None,
                variable_name=catalogue.name(variable),
                variable_instance=catalogue.text(variable, FIELD_INSTANCE),
                variableAttribute=self._attributes(handle, self._values[i]),
                variableCharacteristics_unit=catalogue.text(variable, FIELD_UNIT),
                variableCharacteristics_dataType=_TYPES[kind],
                variableCharacteristics_minLimit=least,
                variableCharacteristics_minLimit_decimals=least_decimals,
                variableCharacteristics_maxLimit=most,
                variableCharacteristics_maxLimit_decimals=most_decimals,
                variableCharacteristics_valuesList=self._model.values(variable, evse, connector),
                variableCharacteristics_supportsMonitoring=self._model.partners.monitorable(variable),
            )

    def _limit(self, variable, field, evse, told):
        """A limit as mantissa and decimals; of a string, its length. The number of a list's
        members has no place in variableCharacteristics.
        """
        text = catalogue.text(variable, field) if told else None
        if not text:
            return None, None
        if text == b"live":
            return self._model.most(evse), 0
        whole, _, fraction = text.partition(b".")
        return int(whole + fraction), len(fraction)

    def _attributes(self, handle, live):
        """The variable's attributes, unset ones too (B07.FR.11)."""
        model = self._model
        variable = handle & 0xFFFF
        attributes = []
        left = catalogue.attributes(variable) & 15
        i = 0
        while left:
            if left & 1:
                mutability = model.mutability(handle, i)
                value = live
                if (i or live is None) and mutability != NEVER_READ:
                    value = model.value(handle, i)
                writable = mutability != NEVER_WRITTEN
                attributes.append(
                    VariableAttributeType(
                        type=catalogue.ATTRIBUTES[i],
                        value=value,
                        mutability=catalogue.MUTABILITIES[mutability],
                        persistent=writable and not catalogue.kind(variable) & FLAG_VOLATILE,
                        constant=not writable and catalogue.of_board(variable),
                    )
                )
            left >>= 1
            i += 1
        return attributes
