"""blocks/variables: GetVariables and SetVariables, item by item. Certification case ids in the
names.
"""

import pytest
from fakes import FakeClock, chosen
from fakes import Reader as Request
from tables import names, variables
from tables.messages import (
    GetBaseReportRequest,
    GetBaseReportResponse,
    GetVariableDataType,
    GetVariableResultType,
    GetVariablesRequest,
    GetVariablesResponse,
    NotifyReportRequest,
    ReportDataType,
    SetVariableDataType,
    SetVariableResultType,
    SetVariablesRequest,
    SetVariablesResponse,
)
from test_device_model import Board, override
from test_store import Device

from blocks.port import ANSWERED
from blocks.reports.reports import Reports
from blocks.variables.variables import Variables
from device_model import settings
from device_model.model import DeviceModel
from device_model.values import Values
from hal.errors import CallError, StorageError
from storage.store import Store

GET, SET = names.GET_VARIABLES, names.SET_VARIABLES


# Here an item is (attribute, *place) of GetVariables, (attribute, value, *place) of SetVariables,
# `place` being what name() gives; a result has these fields.
PLACE = (
    "component_name",
    "component_instance",
    "component_evse_id",
    "component_evse_connectorId",
    "variable_name",
    "variable_instance",
)
INFO = ("attributeStatusInfo_reasonCode", "attributeStatusInfo_additionalInfo")
RESULT = {
    GET: ("attributeStatus", "attributeType", "attributeValue", *PLACE, *INFO),
    SET: ("attributeType", "attributeStatus", *PLACE, *INFO),
}


def record(action, item):
    """An item as the reader hands it out."""
    message, more = (
        (GetVariableDataType, ()) if action == GET else (SetVariableDataType, ("attributeValue",))
    )
    fields = ("attributeType", *more, *PLACE)
    slots = message(**dict(zip(fields, item, strict=True)))
    return chosen(slots, range(message.SLOTS))


def told(action, results):
    """What a response's array says."""
    message = GetVariableResultType if action == GET else SetVariableResultType
    places = [getattr(message, field) for field in RESULT[action]]
    return [tuple(chosen(each, places)) for each in results]


class Reader:
    """As wire.message.MessageReader: one reused record."""

    def __init__(self, action, items, size=100):
        self.slot = (
            GetVariablesRequest.getVariableData
            if action == GET
            else SetVariablesRequest.setVariableData
        )
        self.records = [record(action, item) for item in items]
        self.size = size
        self._record = []

    def count(self, slot):
        return len(self.records) if slot == self.slot else 0

    def each(self, slot):
        assert slot == self.slot
        for each in self.records:
            self._record[:] = each
            yield self._record


def results_of(action, response):
    """The array of a response."""
    if action == GET:
        return response[GetVariablesResponse.getVariableResult]
    return response[SetVariablesResponse.setVariableResult]


class Bench:
    def __init__(self, *factory):
        self.device = Device()
        self.writes = 0
        self.board = Board(*factory, password=b"p" * 16)
        self.model = DeviceModel(self.board, Store(self.device))
        self.block = Variables(self.model)
        write = self.model._store.write_steps

        def counted(name, parts):
            self.writes += 1
            return write(name, parts)

        self.model._store.write_steps = counted

    def ask(self, action, *records, **more):
        *turns, response = self.block.handle(action, Reader(action, records, **more))
        assert not any(turns)
        results = results_of(action, response)
        first = told(action, results)
        assert told(action, results) == first, "the writer's two passes differ"
        return first


@pytest.fixture
def bench():
    return Bench()


def name(component, variable, evse=None, connector=None, instance=None):
    return (component, None, evse, connector, variable, instance)


INTERVAL = name(b"OCPPCommCtrlr", b"HeartbeatInterval")
ENABLED = name(b"authctrlr", b"enabled")
PASSWORD = name(b"SecurityCtrlr", b"BasicAuthPassword")
MODEL = name(b"ChargingStation", b"Model")


def test_tc_b_06_cs_one_value_is_read(bench):
    assert bench.ask(GET, (None, *INTERVAL)) == [
        (names.ACCEPTED, names.ACTUAL, b"300", *INTERVAL, None, None)
    ]


def test_tc_b_07_cs_several_values_are_read_in_the_order_of_the_request(bench):
    found = bench.ask(GET, (names.ACTUAL, *ENABLED), (None, *INTERVAL), (None, *MODEL))
    assert [(r[0], r[2]) for r in found] == [
        (names.ACCEPTED, b"true"),
        (names.ACCEPTED, b"300"),
        (names.ACCEPTED, b"M1"),
    ]
    assert found[0][3:9] == ENABLED  # as sent, not as declared


def test_tc_b_09_cs_one_value_is_set(bench):
    assert bench.ask(SET, (None, b"60", *INTERVAL)) == [
        (names.ACTUAL, names.ACCEPTED, *INTERVAL, None, None)
    ]
    assert bench.ask(GET, (None, *INTERVAL))[0][2] == b"60"


def test_tc_b_10_cs_several_values_are_set_with_one_write(bench):
    told = []
    bench.model.changed = lambda variable, evse, connector: told.append(
        (variable, bench.model.text(variable))
    )
    found = bench.ask(SET, (None, b"60", *INTERVAL), (names.ACTUAL, b"false", *ENABLED))
    assert [r[1] for r in found] == [names.ACCEPTED] * 2
    assert bench.writes == 1
    assert [value for _, value in told] == [b"60", b"false"]
    again = DeviceModel(bench.board, Store(bench.device))
    assert again.int(variables.OCPP_COMM_CTRLR_HEARTBEAT_INTERVAL) == 60


# Twenty variables: their staging and their write take several turns of the event loop.
MANY = [
    (None, b"7", *name(component, variable))
    for component, variable in (
        (b"AlignedDataCtrlr", b"TxEndedInterval"),
        (b"OCPPCommCtrlr", b"HeartbeatInterval"),
        (b"OCPPCommCtrlr", b"OfflineThreshold"),
        (b"OCPPCommCtrlr", b"NetworkProfileConnectionAttempts"),
        (b"OCPPCommCtrlr", b"ResetRetries"),
        (b"OCPPCommCtrlr", b"RetryBackOffRandomRange"),
        (b"OCPPCommCtrlr", b"RetryBackOffRepeatTimes"),
        (b"OCPPCommCtrlr", b"RetryBackOffWaitMinimum"),
        (b"OCPPCommCtrlr", b"WebSocketPingInterval"),
        (b"TxCtrlr", b"EVConnectionTimeOut"),
        (b"TxCtrlr", b"MaxEnergyOnInvalidId"),
    )
]


def _turns():
    """How many turns MANY takes, on a bench of its own."""
    return len(list(Bench().block.handle(SET, Reader(SET, MANY)))) - 1


def _stored(bench):
    """A station that starts now, after a power cut."""
    return DeviceModel(bench.board, Store(bench.device))


def test_in_every_turn_all_values_are_old_or_all_new(bench):
    seen = set()
    another = Variables(bench.model)  # one block is in one CALL at a time
    for _ in another.handle(SET, Reader(SET, MANY)):
        values = [bench.ask(GET, (None, *item[2:]))[0][2] == b"7" for item in MANY]
        assert len(set(values)) == 1
        seen.add(values[0])
    assert seen == {False, True}
    assert bench.writes == 1


def test_in_every_turn_a_power_cut_leaves_all_old_or_all_new(bench):
    seen = []
    for _ in bench.block.handle(SET, Reader(SET, MANY)):
        model = _stored(bench)
        handles = [model.locate(*item[2:]) for item in MANY]
        values = {model.read(handle, None)[1] == b"7" for handle in handles}
        assert len(values) == 1
        seen += values
    assert seen == sorted(seen)
    assert seen[-1]


@pytest.mark.parametrize("fails", (False, True))
def test_what_the_firmware_sets_in_any_turn_is_kept(fails):
    turns = _turns()
    assert turns > 6
    for turn in range(turns):
        bench = Bench()
        faults = [StorageError("worn out")] * fails  # one, amid the long write
        write = bench.model._store.write_steps

        def broken(name, parts, write=write, faults=faults):
            for i, _ in enumerate(write(name, parts)):
                if faults and i == len(MANY):
                    raise faults.pop()
                yield

        bench.model._store.write_steps = broken
        steps = bench.block.handle(SET, Reader(SET, MANY))
        for _ in range(turn + 1):
            next(steps)
        assert bench.model.set(variables.EVSE_ENABLED, b"false", 2) == names.ACCEPTED
        list(steps)
        assert not bench.model.flag(variables.EVSE_ENABLED, 2)
        assert not _stored(bench).flag(variables.EVSE_ENABLED, 2)
        assert not faults
        most = _stored(bench).int(variables.TX_CTRLR_MAX_ENERGY_ON_INVALID_ID)
        assert most == (0 if fails else 7)


def test_what_a_request_has_staged_before_it_failed_is_forgotten(bench):
    steps = bench.block.handle(SET, Reader(SET, [(None, b"60", *INTERVAL), *MANY[2:6]]))
    next(steps)
    next(steps)
    next(steps)  # one item is staged, at least
    steps.close()
    bench.ask(SET, (None, b"false", *ENABLED))
    for model in (bench.model, _stored(bench)):
        assert model.int(variables.OCPP_COMM_CTRLR_HEARTBEAT_INTERVAL) == 300
        assert not model.flag(variables.AUTH_CTRLR_ENABLED)


def test_tc_b_11_cs_badly_formatted_values(bench):
    found = bench.ask(
        SET,
        (None, b"soon", *INTERVAL),
        (None, b"yes", *ENABLED),
        (None, b"0", *INTERVAL),
        (None, b"short", *PASSWORD),
    )
    assert [(r[1], r[8]) for r in found] == [
        (names.REJECTED, b"InvalidValue"),
        (names.REJECTED, b"InvalidValue"),
        (names.REJECTED, b"ValueTooLow"),
        (names.REJECTED, b"ValueTooLow"),
    ]
    assert bench.writes == 0


UNKNOWN = [
    ("tc_b_32_cs tc_b_35_cs", name(b"Nope", b"Enabled"), None, "UNKNOWN_COMPONENT"),
    ("no such EVSE", name(b"EVSE", b"Power", 9), None, "UNKNOWN_COMPONENT"),
    ("no such connector", name(b"Connector", b"Available", 1, 2), None, "UNKNOWN_COMPONENT"),
    ("tc_b_33_cs tc_b_36_cs", name(b"AuthCtrlr", b"Nope"), None, "UNKNOWN_VARIABLE"),
    ("b06_fr_15", name(b"DeviceDataCtrlr", b"ItemsPerMessage"), None, "UNKNOWN_VARIABLE"),
    ("tc_b_34_cs tc_b_37_cs", ENABLED, names.TARGET, "NOT_SUPPORTED_ATTRIBUTE_TYPE"),
]


@pytest.mark.parametrize(("case", "where", "attribute", "status"), UNKNOWN)
def test_unknown(bench, case, where, attribute, status):
    status = getattr(names, status)
    echoed = attribute or names.ACTUAL
    assert bench.ask(GET, (attribute, *where)) == [(status, echoed, None, *where, None, None)]
    assert bench.ask(SET, (attribute, b"true", *where)) == [(echoed, status, *where, None, None)]
    assert bench.writes == 0


def test_tc_b_39_cs_a_read_only_variable_is_not_set(bench):
    found = bench.ask(SET, (None, b"M2", *MODEL))
    assert found == [(names.ACTUAL, names.REJECTED, *MODEL, b"ReadOnly", None)]
    assert bench.ask(GET, (None, *MODEL))[0][2] == b"M1"


def test_b06_fr_09_a_write_only_variable_is_not_read(bench):
    assert bench.ask(SET, (None, b"new-password-1234", *PASSWORD))[0][1] == names.ACCEPTED
    found = bench.ask(GET, (None, *PASSWORD))
    assert found == [(names.REJECTED, names.ACTUAL, None, *PASSWORD, b"WriteOnly", None)]


def test_b06_fr_13_an_unset_value_is_an_empty_string(bench):
    where = name(b"EVSE", b"Power", 1)
    assert bench.ask(GET, (None, *where))[0][:3] == (names.ACCEPTED, names.ACTUAL, b"")


def test_b06_fr_16_too_many_items():
    bench = Bench(override(b"DeviceDataCtrlr", b"ItemsPerMessage", b"2", instance=b"GetVariables"))
    assert len(bench.ask(GET, *[(None, *MODEL)] * 2)) == 2
    with pytest.raises(CallError) as e:
        bench.ask(GET, *[(None, *MODEL)] * 3)
    assert e.value.code == names.OCCURRENCE_CONSTRAINT_VIOLATION
    with pytest.raises(CallError):
        bench.ask(SET, *[(None, b"60", *INTERVAL)] * 21)
    assert bench.writes == 0


@pytest.mark.parametrize("action", [GET, SET])
def test_b06_fr_17_too_many_bytes(bench, action):
    with pytest.raises(CallError) as e:
        bench.ask(action, (None, b"1", *INTERVAL)[-7 if action == GET else 0 :], size=4097)
    assert e.value.code == names.FORMAT_VIOLATION


def test_live_values_do_not_move_between_the_two_passes(bench):
    ticks = iter(range(1000, 2000))
    bench.model.live = lambda variable, evse, connector: next(ticks)
    clock, power = name(b"ClockCtrlr", b"DateTime"), name(b"EVSE", b"Power", 1)
    found = bench.ask(GET, (None, *clock), (names.TARGET, *clock), (None, *power), (None, *MODEL))
    assert found[0][2] == b"2020-01-01T00:16:40Z"
    assert found[1][2] is None
    assert found[2][2].isdigit()
    assert found[3][2] == b"M1"


def test_long_live_values(bench):
    # as long as an attributeValue may be
    bench.model.live = lambda variable, evse, connector: b"x" * (1000 + evse)
    wanted = [name(b"EVSE", b"Power", evse) for evse in (2, 1)]
    found = bench.ask(GET, *[(None, *where) for where in wanted], (None, *MODEL))
    assert [len(r[2]) for r in found] == [1002, 1001, 2]


def test_what_the_firmware_sets_by_itself_does_not_move_between_the_two_passes(bench):
    # a ChangeAvailability that has waited for the end of a transaction
    bench.model.live = lambda variable, evse, connector: None
    reader = Reader(GET, [(None, *name(b"EVSE", b"Enabled", 1)), (None, *INTERVAL)])
    *_, response = bench.block.handle(GET, reader)
    results = results_of(GET, response)
    first = told(GET, results)
    bench.model.set(variables.EVSE_ENABLED, b"false", 1)
    assert told(GET, results) == first
    assert first[0][2] == b"true"
    assert bench.ask(GET, (None, *name(b"EVSE", b"Enabled", 1)))[0][2] == b"false"


ACCEPTED = GetBaseReportResponse(status=names.ACCEPTED)


def base_report(bench, base, live):
    """Reports, and a request for a GetBaseReport; `live`: what every live variable says."""

    class Link:
        def wake(self):
            pass

    bench.model.live = lambda variable, evse, connector: live
    bench.model.most = lambda evse: 22080
    bench.board.clock = FakeClock()
    reports = Reports(bench.board, bench.model)
    reports.link = Link()
    return reports, Request(GetBaseReportRequest(requestId=1, reportBase=base))


def test_report_page_does_not_move_between_the_two_passes(bench):
    reports, request = base_report(bench, names.FULL_INVENTORY, None)
    assert reports.handle(names.GET_BASE_REPORT, request) == ACCEPTED
    moved = 0
    more = True
    value = True
    while more:
        message = reports.take(True)[1]
        more = message[NotifyReportRequest.tbc]
        page = message[NotifyReportRequest.reportData]
        first = list(page)
        value = not value
        for variable, *place in (
            (variables.CHARGING_STATION_ENABLED,),
            (variables.EVSE_ENABLED, 2),
            (variables.CONNECTOR_ENABLED, 2, 2),
        ):
            bench.model.set(variable, b"true" if value else b"false", *place)
        assert list(page) == first
        moved += sum(
            r[ReportDataType.variable_name] == b"Enabled"
            and r[ReportDataType.component_name] != b"AuthCtrlr"
            for r in first
        )
        reports.answered(ANSWERED, None)
    assert moved >= 6
    assert reports.take(True) is None


def test_page_that_memory_was_short_for_is_made_later(bench):
    reports, request = base_report(bench, names.SUMMARY_INVENTORY, b"Available")
    reports.handle(names.GET_BASE_REPORT, request)
    read = bench.model.read
    bench.model.read = lambda *args: (_ for _ in ()).throw(MemoryError)
    with pytest.raises(MemoryError):
        reports.take(True)
    bench.model.read = read
    message = reports.take(True)[1]
    assert message[NotifyReportRequest.tbc] is False
    assert message[NotifyReportRequest.seqNo] == 0
    assert len(list(message[NotifyReportRequest.reportData])) == 6


def test_report_that_memory_was_short_for_is_not_under_way(bench):
    reports, request = base_report(bench, names.SUMMARY_INVENTORY, b"Available")
    there = bench.model.there
    bench.model.there = lambda *args: (_ for _ in ()).throw(MemoryError)
    with pytest.raises(MemoryError):
        reports.handle(names.GET_BASE_REPORT, request)
    bench.model.there = there
    assert reports.take(True) is None
    assert reports.handle(names.GET_BASE_REPORT, request) == ACCEPTED


def test_memory_runs_out_and_everything_stays_as_it_was(bench, monkeypatch):
    def short(*args):
        raise MemoryError

    monkeypatch.setattr(settings, "_parts", lambda values: map(short, (1,)))
    found = bench.ask(SET, (None, b"60", *INTERVAL), (None, b"x", *ENABLED))
    assert [(r[1], r[8]) for r in found] == [
        (names.REJECTED, b"OutOfStorage"),
        (names.REJECTED, b"InvalidValue"),
    ]
    assert bench.ask(GET, (None, *INTERVAL))[0][2] == b"300"


def test_memory_is_short_for_one_of_the_values(bench, monkeypatch):
    put = Values.put

    def short(self, handle, attribute, value):
        if value == b"60":
            raise MemoryError
        put(self, handle, attribute, value)

    monkeypatch.setattr(Values, "put", short)
    found = bench.ask(SET, (None, b"60", *INTERVAL), (None, b"false", *ENABLED))
    assert [(r[1], r[8]) for r in found] == [
        (names.REJECTED, b"OutOfStorage"),
        (names.ACCEPTED, None),
    ]
    assert _stored(bench).int(variables.OCPP_COMM_CTRLR_HEARTBEAT_INTERVAL) == 300
    assert not _stored(bench).flag(variables.AUTH_CTRLR_ENABLED)


def test_b05_fr_09_flash_fails_and_everything_stays_as_it_was(bench):
    told = []
    bench.model.changed = lambda *args: told.append(args)
    bench.device.fail = True
    found = bench.ask(SET, (None, b"60", *INTERVAL), (None, b"x", *ENABLED))
    assert [(r[1], r[8]) for r in found] == [
        (names.REJECTED, b"OutOfStorage"),
        (names.REJECTED, b"InvalidValue"),
    ]
    assert bench.ask(GET, (None, *INTERVAL))[0][2] == b"300"
    assert not told


def test_reboot_required(bench):
    where = name(b"OCPPCommCtrlr", b"NetworkConfigurationPriority")
    assert bench.ask(SET, (None, b"1", *where))[0][1] == names.REBOOT_REQUIRED
