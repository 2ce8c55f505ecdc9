"""G05: what a lock that fails means."""

from sessions import charge, read


async def test_TC_G_20_CS_lock_failure(rig):
    # G05.FR.01: no charging
    csms, station = await rig.booted()
    await station.fault("ConnectorLockFailure")
    status = await csms.expect("StatusNotification", 5)
    assert (status["evseId"], status["connectorStatus"]) == (1, "Faulted")
    await station.plug()
    await station.swipe(evse=1)
    await station.ev("C")
    await rig.quiet(csms)
    state = await station.state(1)
    assert (state["relay"], state["locked"]) == (False, False)
    assert csms.calls("TransactionEvent") == []


def _problem(message):
    """(actualValue, cleared) of a NotifyEvent about the lock of EVSE 1; its eventId."""
    assert message["seqNo"] == 0 and not message.get("tbc")
    (event,) = message["eventData"]
    assert event["component"] == {
        "name": "ConnectorPlugRetentionLock",
        "evse": {"id": 1, "connectorId": 1},
    }
    assert event["variable"] == {"name": "Problem"}
    assert (event["trigger"], event["eventNotificationType"]) == (
        "Alerting",
        "HardWiredNotification",
    )
    return (event["actualValue"], event.get("cleared", False)), event["eventId"]


async def _lock(csms):
    """Problem and Active of the lock of EVSE 1."""
    paths = (f"ConnectorPlugRetentionLock@1.1.{name}" for name in ("Problem", "Active"))
    return [result["attributeValue"] for result in await read(csms, *paths)]


async def test_TC_G_20_CS_lock_failure_is_told(rig):
    # G05.FR.02; it works again: cleared
    csms, station = await rig.booted()
    await station.fault("ConnectorLockFailure")
    failed, first = _problem(await csms.expect("NotifyEvent"))
    assert failed == ("true", False)
    assert await _lock(csms) == ["true", "false"]
    await station.fault("ConnectorLockFailure", False)
    mended, second = _problem(await csms.expect("NotifyEvent"))
    assert mended == ("false", True) and second > first
    await charge(rig, csms, station)
    assert await _lock(csms) == ["false", "true"]


async def test_lock_failure_while_offline(rig):
    # G05.FR.02: what is true when it can be told; a CSMS that knows is not told again
    csms, station = await rig.booted()
    await station.network(False)
    await csms.disconnected()
    await station.fault("ConnectorLockFailure")
    await station.fault("ConnectorLockFailure", evse=2)
    await station.fault("ConnectorLockFailure", False, evse=2)
    await station.network(True)
    assert _problem(await csms.expect("NotifyEvent", 10))[0] == ("true", False)
    await rig.quiet(csms)
    await station.network(False)
    await csms.disconnected()
    await station.network(True)
    await csms.connected(10)
    await rig.quiet(csms)
    assert len(csms.calls("NotifyEvent")) == 1


async def test_lock_failure_behind_another_fault(rig):
    # G05.FR.02: the status stays Faulted
    csms, station = await rig.booted()
    await station.fault("GroundFailure")
    await csms.expect("StatusNotification")
    await station.fault("ConnectorLockFailure")
    await rig.quiet(csms)
    await station.fault("GroundFailure", False)
    assert _problem(await csms.expect("NotifyEvent"))[0] == ("true", False)


async def test_fixed_cable_has_no_lock(rig):
    # B06.FR.06, B07.FR.08: what is not there is not told, and fails in no event
    csms, station = await rig.booted(fixed_cable=1)
    lock = "ConnectorPlugRetentionLock"
    paths = [f"{lock}@1.1.Active", f"{lock}@2.1.Problem", "Connector@1.1.Available"]
    results = await read(csms, *paths)
    assert [r["attributeStatus"] for r in results] == ["UnknownComponent"] * 2 + ["Accepted"]
    request = {"requestId": 1, "componentVariable": [{"component": {"name": lock}}]}
    assert (await csms.call("GetReport", request))["status"] == "EmptyResultSet"
    request = {"requestId": 2, "reportBase": "FullInventory"}
    assert (await csms.call("GetBaseReport", request))["status"] == "Accepted"
    await csms.expect("NotifyReport", where=lambda page: not page.get("tbc"))
    told = [i["component"]["name"] for p in csms.calls("NotifyReport") for i in p["reportData"]]
    assert "Connector" in told and lock not in told
    await station.fault("ConnectorLockFailure")
    status = await csms.expect("StatusNotification", 5)
    assert status["connectorStatus"] == "Faulted"
    await rig.quiet(csms)
    assert csms.calls("NotifyEvent") == []
