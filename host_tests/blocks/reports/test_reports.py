"""B07 and B08: GetBaseReport, GetReport and NotifyReport on the wire."""

import csv

import pytest
from conftest import ROOT
from rig import setting
from scripted_csms import STALL, CallError
from sessions import charge, write_status

from tools.csms.arguments import variable

with open(ROOT / "host_tests/conformance/variables.csv", encoding="utf-8") as _file:
    VARIABLES = list(csv.DictReader(_file))
PLACES = {"station": ("",), "evse": ("@1", "@2"), "connector": ("@1.1", "@2.1", "@2.2")}


def _key(item):
    """Component@evse.connector/instance.Variable/instance, in the words of tools.csms."""
    component, named = item["component"], item["variable"]
    place = component.get("evse")
    where = ""
    if place:
        where = f"@{place['id']}" + (f".{place['connectorId']}" if "connectorId" in place else "")
    inner = f"/{component['instance']}" if "instance" in component else ""
    outer = f"/{named['instance']}" if "instance" in named else ""
    return f"{component['name']}{inner}{where}.{named['name']}{outer}"


async def _pages(csms, request_id):
    """All NotifyReports of a report; checks what holds for each."""
    pages = []
    while not pages or pages[-1].get("tbc"):
        page = await csms.expect("NotifyReport", 10)
        assert page["requestId"] == request_id  # B07.FR.04, B08.FR.04
        assert page["seqNo"] == len(pages)  # B07.FR.10, B08.FR.14
        pages.append(page)
    return pages


async def _items(csms, request_id):
    return {
        _key(item): item
        for page in await _pages(csms, request_id)
        for item in page.get("reportData", ())
    }


async def _base(csms, base, request_id=1):
    answer = await csms.call("GetBaseReport", {"requestId": request_id, "reportBase": base})
    assert answer["status"] == "Accepted"
    return await _items(csms, request_id)


async def full_inventory(csms):
    """{name: item of reportData}"""
    return await _base(csms, "FullInventory")


async def _report(csms, criteria=(), items=(), request_id=7):
    request = {"requestId": request_id}
    if criteria:
        request["componentCriteria"] = list(criteria)
    if items:
        request["componentVariable"] = [
            i if isinstance(i, dict) else {k: variable(i)[k] for k in ("component", "variable")}
            for i in items
        ]
    answer = await csms.call("GetReport", request)
    if answer["status"] != "Accepted":
        return answer["status"]
    return await _items(csms, request_id)


async def test_TC_B_12_CS_configuration_inventory(rig):
    # B07.FR.01, B07.FR.07: what can be set, and nothing else
    csms, _ = await rig.booted()
    items = await _base(csms, "ConfigurationInventory")
    for key, item in items.items():
        (attribute,) = item["variableAttribute"]
        assert attribute["mutability"] in ("ReadWrite", "WriteOnly"), key
        assert attribute["persistent"] is True
    assert "OCPPCommCtrlr.OfflineThreshold" in items
    assert "SecurityCtrlr.BasicAuthPassword" in items
    assert "ChargingStation.Model" not in items


async def test_TC_B_13_CS_full_inventory(rig):
    # B07.FR.03, B07.FR.08, B07.FR.11: every variable once, with its characteristics
    csms, _ = await rig.booted(security_profile="1", password="0123456789abcdef")
    answer = await csms.call("GetBaseReport", {"requestId": 3, "reportBase": "FullInventory"})
    assert answer["status"] == "Accepted"
    pages = await _pages(csms, 3)
    told = [_key(item) for page in pages for item in page["reportData"]]
    assert len(told) == len(set(told)) > 70
    items = {_key(item): item for page in pages for item in page["reportData"]}
    assert items["SecurityCtrlr.BasicAuthPassword"]["variableAttribute"] == [
        {"type": "Actual", "mutability": "WriteOnly", "persistent": True, "constant": False}
    ]
    assert items["OCPPCommCtrlr.OfflineThreshold"]["variableAttribute"][0]["value"] == "60"
    assert items["OCPPCommCtrlr.OfflineThreshold"]["variableCharacteristics"] == {
        "unit": "s", "dataType": "integer", "minLimit": 0, "maxLimit": 536870,
        "supportsMonitoring": False,
    }  # fmt: skip
    points = items["TxCtrlr.TxStartPoint"]["variableCharacteristics"]
    assert points["dataType"] == "MemberList"
    assert "PowerPathClosed" in points["valuesList"].split(",")
    assert "minLimit" not in points
    model = items["ChargingStation.Model"]
    assert model["variableAttribute"][0]["constant"] is True
    assert model["variableCharacteristics"]["maxLimit"] == 20
    assert items["AlignedDataCtrlr.TxEndedMeasurands"]["variableAttribute"][0]["value"] == ""


async def test_TC_B_53_CS_all_required_variables(rig):
    csms, _ = await rig.booted(evses="1,2")
    items = await _base(csms, "FullInventory")
    for row in VARIABLES:
        for place in PLACES[row["level"]]:
            instance = "/" + row["instance"] if row["instance"] else ""
            key = f"{row['component']}{place}.{row['variable']}{instance}"
            _check_variable(key, items[key], row)
    assert items["EVSE@1.Power"]["variableCharacteristics"]["maxLimit"] > 0


def _check_variable(key, item, row):
    """Type, unit, mutability and limits are as the device model of OCPP 2.0.1 has them."""
    told = item["variableCharacteristics"]
    assert told["dataType"] == row["type"], key
    assert told.get("unit", "") == row["unit"], key
    (actual,) = item["variableAttribute"]
    assert actual["type"] == "Actual"
    assert actual["mutability"] in row["mutability"].split(), key
    for limit in ("min", "max"):
        assert not row[limit] or told[limit + "Limit"] == int(row[limit]), key
    if row["type"].endswith("List"):
        members = told["valuesList"].split(",")
        assert members[0], key
        assert not row["values"] or set(members) <= set(row["values"].split()), key
        now = actual.get("value", "")
        assert not now or set(now.split(",")) <= set(members), key


async def test_values_are_those_of_get_variables(rig):
    # B07.FR.08: also what was set, and what is computed
    csms, _ = await rig.booted(overrides=[setting("EVSE.AllowReset", "false", evse=2)])
    assert await write_status(csms, "TxCtrlr.EVConnectionTimeOut", 77) == "Accepted"
    items = await _base(csms, "FullInventory")
    assert items["TxCtrlr.EVConnectionTimeOut"]["variableAttribute"][0]["value"] == "77"
    assert items["EVSE@1.AllowReset"]["variableAttribute"][0]["value"] == "true"
    assert items["EVSE@2.AllowReset"]["variableAttribute"][0]["value"] == "false"
    assert items["ClockCtrlr.DateTime"]["variableAttribute"][0]["value"].endswith("Z")


async def test_TC_B_14_CS_summary_inventory(rig):
    # B07.FR.09: availability of station, EVSEs and connectors, and what is wrong
    csms, station = await rig.booted()
    items = await _base(csms, "SummaryInventory")
    assert {k: i["variableAttribute"][0]["value"] for k, i in items.items()} == {
        "ChargingStation.AvailabilityState": "Available",
        "EVSE@1.AvailabilityState": "Available",
        "EVSE@2.AvailabilityState": "Available",
        "Connector@1.1.AvailabilityState": "Available",
        "Connector@2.1.AvailabilityState": "Available",
    }
    await station.fault("GroundFailure", evse=2)
    await csms.expect("StatusNotification")
    items = await _base(csms, "SummaryInventory", 2)
    assert items["EVSE@2.AvailabilityState"]["variableAttribute"][0]["value"] == "Faulted"
    assert items["EVSE@2.Problem"]["variableAttribute"][0]["value"] == "true"
    assert "EVSE@1.Problem" not in items


async def test_TC_B_16_CS_component_criteria(rig):
    # B08.FR.01, B08.FR.05, B08.FR.07 to B08.FR.10, B08.FR.12, B08.FR.13
    csms, station = await rig.booted()
    everything = await _base(csms, "FullInventory")
    # No lock is closed; nothing else has that variable.
    active = {key for key in everything if not key.startswith("ConnectorPlugRetentionLock")}
    assert 0 < len(active) < len(everything)
    assert set(await _report(csms, ["Active"])) == active
    assert await _report(csms, ["Problem"]) == "EmptyResultSet"
    await station.fault("GroundFailure", evse=1)
    await csms.expect("StatusNotification")
    problem = await _report(csms, ["Problem"])
    assert {key.partition(".")[0] for key in problem} == {"EVSE@1", "Connector@1"}
    assert "EVSE@1.Power" in problem
    # one of the criteria is enough
    assert set(await _report(csms, ["Problem", "Available"])) == set(everything)
    answer = await csms.call(
        "ChangeAvailability", {"operationalStatus": "Inoperative", "evse": {"id": 2}}
    )
    assert answer["status"] == "Accepted"
    enabled = {key.partition(".")[0] for key in await _report(csms, ["Enabled"])}
    assert "EVSE@2" not in enabled
    assert "EVSE@1" in enabled
    assert "TxCtrlr" in enabled


async def test_TC_B_17_CS_component_and_variable(rig):
    # B08.FR.11, B08.FR.12
    csms, _ = await rig.booted()
    (item,) = (await _report(csms, items=["EVSE@1.AvailabilityState"])).values()
    assert _key(item) == "EVSE@1.AvailabilityState"
    assert item["variableCharacteristics"]["dataType"] == "OptionList"


async def test_TC_B_18_CS_criteria_and_list(rig):
    # B08.FR.05: only what both allow; B08.FR.15
    csms, station = await rig.booted()
    both = ["EVSE@1.AvailabilityState", "EVSE@2.AvailabilityState"]
    assert await _report(csms, ["Problem"], both) == "EmptyResultSet"
    await station.fault("GroundFailure", evse=2)
    await csms.expect("StatusNotification")
    assert list(await _report(csms, ["Problem"], both)) == ["EVSE@2.AvailabilityState"]
    assert list(await _report(csms, ["Available"], both)) == both


async def test_TC_B_19_CS_unknown_component(rig):
    # B08.FR.15
    csms, _ = await rig.booted()
    for name in ("Nonsense.Power", "EVSE@1.Nonsense", "EVSE@3.Power", "EVSE/x@1.Power"):
        assert await _report(csms, items=[name]) == "EmptyResultSet", name
    found = await _report(csms, items=["Nonsense.Power", "evse@1.POWER"])
    assert list(found) == ["EVSE@1.Power"]  # without regard to case


async def test_TC_B_54_CS_variable_without_instance(rig):
    # B08.FR.21
    csms, _ = await rig.booted()
    assert sorted(await _report(csms, items=["DeviceDataCtrlr.ItemsPerMessage"])) == [
        "DeviceDataCtrlr.ItemsPerMessage/GetReport",
        "DeviceDataCtrlr.ItemsPerMessage/GetVariables",
        "DeviceDataCtrlr.ItemsPerMessage/SetVariables",
    ]


async def test_TC_B_55_CS_variable_with_instance(rig):
    csms, _ = await rig.booted()
    name = "DeviceDataCtrlr.ItemsPerMessage/GetReport"
    assert list(await _report(csms, items=[name])) == [name]


async def test_TC_B_56_CS_component_without_evse(rig):
    # B08.FR.20, B08.FR.22, B08.FR.23
    csms, _ = await rig.booted(evses="2,1")
    names = await _report(csms, items=["Connector.ConnectorType"])
    assert sorted(names) == [f"Connector@{p}.ConnectorType" for p in ("1.1", "1.2", "2.1")]
    names = await _report(csms, items=["Connector@1.ConnectorType"])
    assert sorted(names) == [f"Connector@{p}.ConnectorType" for p in ("1.1", "1.2")]
    everything = await _report(csms, items=[{"component": {"name": "EVSE"}}])
    assert {key.partition(".")[0] for key in everything} == {"EVSE@1", "EVSE@2"}
    assert "EVSE@2.SupplyPhases" in everything


async def test_TC_B_15_CS_any_base_is_supported(rig):
    # B07.FR.02 has no case: all three are. One that OCPP does not know is no valid request.
    csms, _ = await rig.booted()
    with pytest.raises(CallError) as refused:
        await csms.call("GetBaseReport", {"requestId": 1, "reportBase": "Everything"})
    assert refused.value.code == "PropertyConstraintViolation"


async def test_more_items_than_fit(rig):
    # B08.FR.17
    csms, _ = await rig.booted()
    with pytest.raises(CallError) as refused:
        await _report(csms, items=["EVSE@1.Power"] * 21)
    assert refused.value.code == "OccurrenceConstraintViolation"


async def test_more_bytes_than_fit(rig):
    # B08.FR.18
    least = setting("DeviceDataCtrlr.BytesPerMessage/GetReport", 90)
    csms, _ = await rig.booted(overrides=[least])
    with pytest.raises(CallError) as refused:
        await _report(csms, items=["EVSE@1.Power"] * 2)
    assert refused.value.code == "FormatViolation"
    assert list(await _report(csms, ["Available"]))  # and no report is under way


async def test_lists_without_evse_and_instance_together(rig):
    # B08.FR.05, B08.FR.21 to B08.FR.25
    csms, station = await rig.booted(evses="2,1")
    await station.fault("GroundFailure", evse=1, connector=2)
    await csms.expect("StatusNotification")
    wanted = ["Connector.Problem", "EVSE.Problem", "OCPPCommCtrlr.MessageAttempts"]
    assert sorted(await _report(csms, items=wanted)) == [
        *(f"Connector@{p}.Problem" for p in ("1.1", "1.2", "2.1")),
        "EVSE@1.Problem",
        "EVSE@2.Problem",
        "OCPPCommCtrlr.MessageAttempts/TransactionEvent",
    ]
    found = await _report(csms, ["Problem"], wanted)
    assert "Connector@1.2.Problem" in found
    assert not [key for key in found if "@2" in key or "OCPP" in key]
    # the level of the place counts: no station, no EVSE 3, no connector of an EVSE's component
    for name in ("ChargingStation@1", "EVSE@3", "EVSE@1.1", "EVSE@0"):
        assert await _report(csms, items=[f"{name}.Problem"]) == "EmptyResultSet", name


async def test_second_report_while_one_runs(rig):
    # B07.FR.13, B08.FR.16
    csms, station = await rig.booted()
    csms.answer_next("NotifyReport", STALL)
    request = {"requestId": 2**31 - 1, "reportBase": "FullInventory"}
    assert (await csms.call("GetBaseReport", request))["status"] == "Accepted"
    assert (await csms.call("GetBaseReport", request))["status"] == "Rejected"
    assert (await csms.call("GetReport", {"requestId": 2}))["status"] == "Rejected"
    await station.pass_time(35)  # the first page is not answered
    await _pages(csms, 2**31 - 1)
    assert len(await _report(csms)) > 70


async def test_report_goes_on_after_lost_connection(rig):
    csms, station = await rig.booted()
    whole = await _base(csms, "FullInventory")
    csms.answer_next("NotifyReport", STALL)
    request = {"requestId": 5, "reportBase": "FullInventory"}
    assert (await csms.call("GetBaseReport", request))["status"] == "Accepted"
    first = await csms.expect("NotifyReport")
    await station.network(False)
    await station.network(True)
    items = dict.fromkeys(_key(i) for i in first["reportData"])
    again = await csms.expect("NotifyReport", 30)
    assert (again["seqNo"], again["reportData"]) == (0, first["reportData"])
    while again["tbc"]:
        again = await csms.expect("NotifyReport")
        items.update(dict.fromkeys(_key(i) for i in again["reportData"]))
    assert set(items) == set(whole)


async def test_report_in_pending(rig):
    # B02.FR.01, B02.FR.02: who asks, gets an answer
    csms = await rig.csms()
    csms.answer("BootNotification", csms.boot_answer("Pending"))
    await rig.station(csms)
    await csms.expect("BootNotification")
    assert "EVSE@1.Power" in await _base(csms, "FullInventory")


async def test_report_while_charging(rig):
    # live values change while a page is written, and between the pages
    csms, station = await rig.booted()
    await charge(rig, csms, station, 1)
    for n in range(5):
        items = await _base(csms, "FullInventory", n)
        assert items["EVSE@1.AvailabilityState"]["variableAttribute"][0]["value"] == "Occupied"
        assert int(items["EVSE@1.Power"]["variableAttribute"][0]["value"]) > 1000
