"""B05 and B06: SetVariables and GetVariables on the wire."""

import pytest
from rig import setting
from scripted_csms import CallError
from sessions import charge, read, value, write, write_status
from test_reports import full_inventory

from tools.csms.arguments import variable


def _echo(name):
    """What a result repeats of the request."""
    item = variable(name)
    return {k: item[k] for k in ("component", "variable")}


async def test_TC_B_06_CS_read_one(rig):
    # B06.FR.01, B06.FR.02, B06.FR.04, B06.FR.10, B06.FR.11
    csms, _ = await rig.booted()
    (result,) = await read(csms, "OCPPCommCtrlr.OfflineThreshold")
    assert result["attributeStatus"] == "Accepted"
    assert result["attributeValue"] == "60"
    assert result.get("attributeType", "Actual") == "Actual"
    assert {k: result[k] for k in ("component", "variable")} == _echo(
        "OCPPCommCtrlr.OfflineThreshold"
    )


async def test_TC_B_07_CS_read_several(rig):
    # B06.FR.01 to B06.FR.04, B06.FR.10
    csms, _ = await rig.booted()
    names = [
        "OCPPCommCtrlr.OfflineThreshold#Actual",
        "EVSE@1.AvailabilityState",
        "Connector@2.1.AvailabilityState",
        "DeviceDataCtrlr.ItemsPerMessage/GetVariables",
        "ChargingStation.Model",
    ]
    results = await read(csms, *names)
    assert [r["attributeStatus"] for r in results] == ["Accepted"] * len(names)
    for name, result in zip(names, results, strict=True):
        assert {k: result[k] for k in ("component", "variable")} == _echo(name)
    assert results[0]["attributeType"] == "Actual"
    assert [r["attributeValue"] for r in results[1:3]] == ["Available", "Available"]


async def test_TC_B_09_CS_write_one(rig):
    # B05.FR.01 to B05.FR.03, B05.FR.10, B05.FR.12
    csms, _ = await rig.booted()
    (result,) = await write(csms, ("OCPPCommCtrlr.OfflineThreshold#Actual", 250))
    assert result["attributeStatus"] == "Accepted"
    assert result["attributeType"] == "Actual"
    assert {k: result[k] for k in ("component", "variable")} == _echo(
        "OCPPCommCtrlr.OfflineThreshold"
    )
    assert await value(csms, "OCPPCommCtrlr.OfflineThreshold") == "250"


async def test_TC_B_10_CS_write_several(rig):
    # B05.FR.01, B05.FR.02, B05.FR.10: one result per item, each item for itself
    csms, _ = await rig.booted()
    results = await write(
        csms,
        ("OCPPCommCtrlr.OfflineThreshold", 99),
        ("Nonsense.OfflineThreshold", 99),
        ("TxCtrlr.StopTxOnInvalidId", "false"),
        ("TxCtrlr.TxStartPoint", "EVConnected,Authorized"),
    )
    statuses = [r["attributeStatus"] for r in results]
    assert statuses == ["Accepted", "UnknownComponent", "Accepted", "Accepted"]
    assert await value(csms, "OCPPCommCtrlr.OfflineThreshold") == "99"
    assert await value(csms, "TxCtrlr.StopTxOnInvalidId") == "false"
    assert await value(csms, "TxCtrlr.TxStartPoint") == "EVConnected,Authorized"


@pytest.mark.parametrize(
    "name, text",
    [
        ("OCPPCommCtrlr.OfflineThreshold", "soon"),
        ("OCPPCommCtrlr.OfflineThreshold", "12.5"),
        ("OCPPCommCtrlr.OfflineThreshold", "-1"),
        ("OCPPCommCtrlr.OfflineThreshold", ""),
        ("OCPPCommCtrlr.OfflineThreshold", "99999999999999999999"),
        ("TxCtrlr.StopTxOnInvalidId", "maybe"),
        ("TxCtrlr.TxStartPoint", "EVConnected,Nonsense"),
        ("TxCtrlr.TxStartPoint", "EVConnected,,Authorized"),
        ("SampledDataCtrlr.TxUpdatedMeasurands", "Energy.Active.Import.Register;Voltage"),
    ],
)
async def test_TC_B_11_CS_write_badly_formatted(rig, name, text):
    # B05.FR.07, B05.FR.08: Rejected, and the value stays
    csms, _ = await rig.booted()
    before = await value(csms, name)
    assert await write_status(csms, name, text) == "Rejected"
    assert await value(csms, name) == before


async def test_TC_B_32_CS_read_unknown_component(rig):
    # B06.FR.06
    csms, _ = await rig.booted()
    for name in ("Nonsense.OfflineThreshold", "EVSE@9.AvailabilityState", "EVSE/x@1.Power"):
        (result,) = await read(csms, name)
        assert result["attributeStatus"] == "UnknownComponent", name
        assert "attributeValue" not in result


async def test_TC_B_33_CS_read_unknown_variable(rig):
    # B06.FR.07, B06.FR.15
    csms, _ = await rig.booted()
    names = (
        "OCPPCommCtrlr.Nonsense",
        "DeviceDataCtrlr.ItemsPerMessage",
        "OCPPCommCtrlr.OfflineThreshold/x",
    )
    for name in names:
        (result,) = await read(csms, name)
        assert result["attributeStatus"] == "UnknownVariable", name
        assert "attributeValue" not in result


async def test_TC_B_34_CS_read_missing_attribute(rig):
    # B06.FR.08, B06.FR.03
    csms, _ = await rig.booted()
    (result,) = await read(csms, "OCPPCommCtrlr.OfflineThreshold#Target")
    assert result["attributeStatus"] == "NotSupportedAttributeType"
    assert result["attributeType"] == "Target"
    assert "attributeValue" not in result


async def test_TC_B_35_CS_write_unknown_component(rig):
    # B05.FR.04
    csms, _ = await rig.booted()
    assert await write_status(csms, "Nonsense.OfflineThreshold", 1) == "UnknownComponent"


async def test_TC_B_36_CS_write_unknown_variable(rig):
    # B05.FR.05
    csms, _ = await rig.booted()
    assert await write_status(csms, "OCPPCommCtrlr.Nonsense", 1) == "UnknownVariable"


async def test_TC_B_37_CS_write_missing_attribute(rig):
    # B05.FR.06
    csms, _ = await rig.booted()
    status = await write_status(csms, "OCPPCommCtrlr.OfflineThreshold#MaxSet", 1)
    assert status == "NotSupportedAttributeType"


async def test_TC_B_39_CS_write_read_only(rig):
    # B05.FR.09
    csms, _ = await rig.booted()
    before = await value(csms, "DeviceDataCtrlr.ItemsPerMessage/GetVariables")
    assert (
        await write_status(csms, "DeviceDataCtrlr.ItemsPerMessage/GetVariables", 7) == "Rejected"
    )
    assert await value(csms, "DeviceDataCtrlr.ItemsPerMessage/GetVariables") == before


async def test_read_write_only(rig):
    # B06.FR.09
    csms, _ = await rig.booted(security_profile="1", password="0123456789abcdef")
    (result,) = await read(csms, "SecurityCtrlr.BasicAuthPassword")
    assert result["attributeStatus"] == "Rejected"
    assert "attributeValue" not in result


async def test_read_unset(rig):
    # B06.FR.13
    csms, _ = await rig.booted()
    assert await value(csms, "AlignedDataCtrlr.TxEndedMeasurands") == ""


async def test_more_items_than_fit(rig):
    # B06.FR.16
    csms, _ = await rig.booted()
    most = int(await value(csms, "DeviceDataCtrlr.ItemsPerMessage/GetVariables"))
    names = ["OCPPCommCtrlr.OfflineThreshold"] * most
    assert len(await read(csms, *names)) == most
    with pytest.raises(CallError) as refused:
        await read(csms, *names, *names)
    assert refused.value.code == "OccurrenceConstraintViolation"


async def test_more_items_than_fit_to_write(rig):
    # B05.FR.11: the whole message is refused
    csms, _ = await rig.booted()
    with pytest.raises(CallError) as refused:
        await write(csms, *[("OCPPCommCtrlr.OfflineThreshold", 7)] * 21)
    assert refused.value.code == "OccurrenceConstraintViolation"
    assert await value(csms, "OCPPCommCtrlr.OfflineThreshold") == "60"


async def test_statuses_in_one_message(rig):
    # B05.FR.01 to B05.FR.12: in the order of the request; B05.FR.13: of duplicates the last counts
    csms, _ = await rig.booted()
    results = await write(
        csms,
        ("OCPPCommCtrlr.OfflineThreshold", 70),
        ("OCPPCommCtrlr.NetworkConfigurationPriority", 1),
        ("OCPPCommCtrlr.OfflineThreshold#Target", 71),
        ("OCPPCommCtrlr.OfflineThreshold#MinSet", 71),
        ("EVSE@7.Power", 1),
        ("EVSE@1.Nonsense", 1),
        ("ChargingStation.Model", "x"),
        ("OCPPCommCtrlr.OfflineThreshold#Actual", 72),
        ("OCPPCommCtrlr.OfflineThreshold", "x"),
    )
    assert [(r["attributeStatus"], r["attributeType"]) for r in results] == [
        ("Accepted", "Actual"),
        ("RebootRequired", "Actual"),
        ("NotSupportedAttributeType", "Target"),
        ("NotSupportedAttributeType", "MinSet"),
        ("UnknownComponent", "Actual"),
        ("UnknownVariable", "Actual"),
        ("Rejected", "Actual"),
        ("Accepted", "Actual"),
        ("Rejected", "Actual"),
    ]
    assert await value(csms, "OCPPCommCtrlr.OfflineThreshold") == "72"


@pytest.mark.parametrize("attribute", ["Target", "MinSet", "MaxSet"])
async def test_attributes_that_a_variable_has_not(rig, attribute):
    # B05.FR.06, B06.FR.08, also of one that can't be read
    csms, _ = await rig.booted()
    for name in ("TxCtrlr.EVConnectionTimeOut", "SecurityCtrlr.BasicAuthPassword"):
        (result,) = await read(csms, f"{name}#{attribute}")
        assert result["attributeStatus"] == "NotSupportedAttributeType"
        assert result["attributeType"] == attribute
        assert "attributeValue" not in result
        status = await write_status(csms, f"{name}#{attribute}", 1)
        assert status == "NotSupportedAttributeType"


@pytest.mark.parametrize(
    "name, text, status",
    [
        ("TxCtrlr.StopTxOnInvalidId", "True", "Rejected"),
        ("TxCtrlr.StopTxOnInvalidId", "1", "Rejected"),
        ("TxCtrlr.StopTxOnInvalidId", "", "Rejected"),
        ("TxCtrlr.EVConnectionTimeOut", "60.0", "Rejected"),
        ("TxCtrlr.EVConnectionTimeOut", "6e1", "Rejected"),
        ("TxCtrlr.EVConnectionTimeOut", "+60", "Rejected"),
        ("TxCtrlr.EVConnectionTimeOut", " 60", "Rejected"),
        ("TxCtrlr.EVConnectionTimeOut", "0", "Rejected"),
        ("TxCtrlr.EVConnectionTimeOut", "060", "Accepted"),
        ("AuthCacheCtrlr.Policy", "LRU,FIFO", "Rejected"),
        ("AuthCacheCtrlr.Policy", "", "Rejected"),
        ("TxCtrlr.TxStopPoint", "Authorized,Authorized", "Rejected"),
        ("TxCtrlr.TxStopPoint", "", "Rejected"),
        ("SampledDataCtrlr.TxEndedMeasurands", "", "Accepted"),
        ("ClockCtrlr.TimeSource", "", "Rejected"),
        ("SecurityCtrlr.OrganizationName", "ä" * 64, "Accepted"),
        ("SecurityCtrlr.OrganizationName", "x" * 65, "Rejected"),
        ("SecurityCtrlr.OrganizationName", "x" * 1000, "Rejected"),
        ("SecurityCtrlr.OrganizationName", "", "Accepted"),
        ("SecurityCtrlr.BasicAuthPassword", "x" * 15, "Rejected"),
        ("SecurityCtrlr.BasicAuthPassword", "x" * 41, "Rejected"),
    ],
)
async def test_formats(rig, name, text, status):
    # B05.FR.07, B05.FR.08, B05.FR.10
    csms, _ = await rig.booted()
    assert await write_status(csms, name, text) == status
    if status == "Accepted":
        assert await value(csms, name) == text


async def test_value_longer_than_the_schema_allows(rig):
    csms, _ = await rig.booted()
    with pytest.raises(CallError) as refused:
        await write(csms, ("SecurityCtrlr.OrganizationName", "x" * 1001))
    assert refused.value.code in ("PropertyConstraintViolation", "FormatViolation")


async def test_charges_with_every_number_at_its_largest(rig):
    # what a CSMS may set must not break anything: intervals as long as can be told
    csms, station = await rig.booted()
    items = await full_inventory(csms)
    numbers = [
        (key, min(item["variableCharacteristics"].get("maxLimit", 999999999), 999999999))
        for key, item in items.items()
        if item["variableCharacteristics"]["dataType"] == "integer"
        and item["variableAttribute"][0]["mutability"] == "ReadWrite"
    ]
    assert len(numbers) > 15
    for i in range(0, len(numbers), 20):
        results = await write(csms, *numbers[i : i + 20])
        assert {r["attributeStatus"] for r in results} == {"Accepted"}
    await charge(rig, csms, station)
    await station.clock(600)
    await station.network(False)
    await station.network(True)
    await station.ev("A")
    ended = await csms.expect_event(eventType="Ended")
    assert ended["transactionInfo"]["stoppedReason"]


async def test_every_number_tells_its_limits_and_keeps_them(rig):
    # B05.FR.08, B07.FR.08: what is refused is beyond a limit that is told
    csms, _ = await rig.booted()
    items = await full_inventory(csms)
    numbers = {
        key: item
        for key, item in items.items()
        if item["variableCharacteristics"]["dataType"] in ("integer", "decimal")
    }
    assert len(numbers) > 30
    writable = []
    for key, item in numbers.items():
        facts = item["variableCharacteristics"]
        low, high = facts["minLimit"], facts["maxLimit"]
        attribute = item["variableAttribute"][0]
        if attribute.get("value"):
            assert low <= float(attribute["value"]) <= high, key
        if attribute["mutability"] == "ReadWrite":
            writable += [(key, low - 1, "ValueTooLow"), (key, high + 1, "ValueTooHigh")]
            writable.append((key, 10**30, "ValueTooHigh"))
    assert len(writable) > 45
    for i in range(0, len(writable), 18):
        part = writable[i : i + 18]
        results = await write(csms, *[(key, int(number)) for key, number, _ in part])
        told = [(r["attributeStatus"], r["attributeStatusInfo"]["reasonCode"]) for r in results]
        assert told == [("Rejected", reason) for _, _, reason in part]


async def test_a_long_heartbeat_interval(rig):
    # G02.FR.07
    csms, _ = await rig.booted()
    items = await full_inventory(csms)
    name = "OCPPCommCtrlr.HeartbeatInterval"
    (key,) = [k for k in items if k.startswith(name)]
    high = int(items[key]["variableCharacteristics"]["maxLimit"])
    assert await write_status(csms, name, high) == "Accepted"
    for number in (high + 1, 1_000_000_000):
        (result,) = await write(csms, (name, number))
        assert result["attributeStatus"] == "Rejected"
        assert result["attributeStatusInfo"]["reasonCode"] == "ValueTooHigh"
    assert await value(csms, name) == str(high)


async def test_written_values_survive(rig):
    # and win over options and overrides
    csms, station = await rig.booted(overrides=[setting("OCPPCommCtrlr.OfflineThreshold", 33)])
    assert await value(csms, "OCPPCommCtrlr.OfflineThreshold") == "33"
    assert await write_status(csms, "OCPPCommCtrlr.OfflineThreshold", 44) == "Accepted"
    csms.forget()
    await station.restart()
    await csms.expect("BootNotification", 10)
    assert await value(csms, "OCPPCommCtrlr.OfflineThreshold") == "44"


async def test_overrides_change_read_only_values_and_mutability(rig):
    locked = {**setting("OCPPCommCtrlr.OfflineThreshold", 33), "mutability": "ReadOnly"}
    overrides = [
        locked,
        setting("EVSE.AllowReset", "false", evse=1),
        setting("Nonsense.Nothing", "1"),
    ]
    csms, station = await rig.booted(overrides=overrides)
    assert await value(csms, "EVSE@1.AllowReset") == "false"
    assert await value(csms, "EVSE@2.AllowReset") == "true"
    assert await write_status(csms, "OCPPCommCtrlr.OfflineThreshold", 44) == "Rejected"
    assert await station.logged("Nonsense")


@pytest.mark.parametrize("size", [200, 1000000])
async def test_bytes_per_message_as_overridden(rig, size):
    # B06.FR.17; a size without room is clamped and logged, a small one concerns only its message
    names = ("GetVariables", "SetVariables")
    overrides = [setting(f"DeviceDataCtrlr.BytesPerMessage/{name}", size) for name in names]
    csms, station = await rig.booted(overrides=overrides)
    told = int(await value(csms, "DeviceDataCtrlr.BytesPerMessage/SetVariables"))
    assert told == size or (4096 <= told < size and await station.logged("clamped"))
    items = [variable("OCPPCommCtrlr.OfflineThreshold")] * 4
    if size == 200:
        with pytest.raises(CallError, match="FormatViolation"):
            await csms.call("GetVariables", {"getVariableData": items})
    more = {"additionalIdToken": "x" * 36, "type": "y" * 50}
    token = {"idToken": "z" * 36, "type": "Central", "additionalInfo": [more, more]}
    answer = await csms.call("RequestStartTransaction", {"remoteStartId": 1, "idToken": token})
    assert answer["status"] == "Accepted"


async def test_TC_P_03_CS_custom_data_is_taken(rig):
    csms, _ = await rig.booted()
    custom = {"customData": {"vendorId": "org.example", "deep": [{"x": [1, 2.5, None, "ü"]}]}}
    item = {**variable("OCPPCommCtrlr.OfflineThreshold"), **custom}
    answer = await csms.call("GetVariables", {"getVariableData": [item], **custom})
    assert answer["getVariableResult"][0]["attributeStatus"] == "Accepted"


@pytest.mark.parametrize(
    "name, place, wanted, told",
    [
        ("ChargingStation.Problem", (), "ReadWrite", "true"),
        ("EVSE.AvailabilityState", (1,), "ReadWrite", "Faulted"),
        ("Connector.Enabled", (1, 1), "WriteOnly", "false"),
        ("ClockCtrlr.DateTime", (), "ReadWrite", "2030-01-01T00:00:00Z"),
    ],
)
async def test_an_override_makes_no_live_variable_writable(rig, name, place, wanted, told):
    # B05.FR.09, B07.FR.07: what is Accepted is in force; the station itself says what these are
    override = {**setting(name, "", *place), "mutability": wanted}
    del override["value"]
    csms, station = await rig.booted(overrides=[override])
    assert await station.logged(f"mutability {wanted} of {name}")
    at = "@" + ".".join(str(n) for n in place) if place else ""
    component, _, variable_name = name.partition(".")
    path = f"{component}{at}.{variable_name}"
    before = await value(csms, path)
    (result,) = await write(csms, (path, told))
    assert result["attributeStatus"] == "Rejected"
    assert result["attributeStatusInfo"]["reasonCode"] == "ReadOnly"
    if variable_name != "DateTime":
        assert await value(csms, path) == before


async def test_evse_0_is_the_station(rig):
    # B05.FR.02, B06.FR.02; the EVSE is echoed as it came
    csms, station = await rig.booted()
    item = {
        "component": {"name": "ChargingStation", "evse": {"id": 0}},
        "variable": {"name": "AvailabilityState"},
    }
    nowhere = [
        {**item, "component": {"name": "ChargingStation", "evse": evse}}
        for evse in ({"id": 0, "connectorId": 1}, {"id": -1}, {"id": 3})
    ]
    of_evse = {"component": {"name": "EVSE", "evse": {"id": 0}}, "variable": {"name": "Problem"}}
    request = {"getVariableData": [item, *nowhere, of_evse]}
    results = (await csms.call("GetVariables", request))["getVariableResult"]
    assert [r["attributeStatus"] for r in results] == ["Accepted"] + ["UnknownComponent"] * 4
    assert results[0]["component"] == item["component"]
    assert results[0]["attributeValue"] == "Available"
    name = "OCPPCommCtrlr.OfflineThreshold"
    item = {**variable(name), "attributeValue": "44"}
    item["component"]["evse"] = {"id": 0}
    (result,) = (await csms.call("SetVariables", {"setVariableData": [item]}))["setVariableResult"]
    assert result["attributeStatus"] == "Accepted"
    assert result["component"]["evse"] == {"id": 0}
    assert await value(csms, name) == "44"
    wanted = {"component": {"name": "OCPPCommCtrlr", "evse": {"id": 0}}}
    request = {"requestId": 5, "componentVariable": [wanted]}
    assert (await csms.call("GetReport", request))["status"] == "Accepted"  # B08.FR.20
    report = await csms.expect("NotifyReport")
    assert {d["component"]["name"] for d in report["reportData"]} == {"OCPPCommCtrlr"}
