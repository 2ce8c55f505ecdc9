"""F05: UnlockConnector."""

import pytest
from scripted_csms import CallError
from sessions import charge, stop_at

from tools.csms.conversation import FROM_STATION


async def _unlock(csms, evse=1, connector=1, timeout=5):
    request = {"evseId": evse, "connectorId": connector}
    return (await csms.call("UnlockConnector", request, timeout))["status"]


async def test_TC_F_05_CS_in_a_transaction(rig):
    # F05.FR.01, F05.FR.02: nothing is done
    csms, station = await rig.booted()
    transaction = await charge(rig, csms, station)
    assert await _unlock(csms) == "OngoingAuthorizedTransaction"
    state = await station.state(1)
    assert (state["relay"], state["locked"], state["transactionId"]) == (True, True, transaction)
    await csms.never("TransactionEvent", 0.2)


async def test_TC_F_06_CS_idle(rig):
    # F05.FR.01, F05.FR.04
    csms, station = await rig.booted()
    await station.plug()
    await rig.quiet(csms)
    assert await _unlock(csms) == "Unlocked"
    assert not (await station.state(1))["locked"]


async def test_cable_that_waits_for_its_owner(rig):
    # F05.FR.04: the cable of a session that the CSMS has ended
    csms, station = await rig.booted()
    await charge(rig, csms, station)
    csms.answer_next("TransactionEvent", {"idTokenInfo": {"status": "Blocked"}})
    await station.clock(60)
    event = await csms.expect("TransactionEvent", 5)
    while event["eventType"] != "Ended":
        event = await csms.expect("TransactionEvent", 5)
    assert event["transactionInfo"]["stoppedReason"] == "DeAuthorized"
    await rig.quiet(csms)
    assert (await station.state(1))["locked"]
    assert await _unlock(csms) == "Unlocked"
    assert not (await station.state(1))["locked"]


async def test_unlocking_is_told_in_the_transaction(rig):
    # E02.FR.17: it is open still, but nobody may charge
    csms, station = await rig.booted(overrides=[stop_at("EVConnected")])
    await charge(rig, csms, station)
    csms.answer_next("TransactionEvent", {"idTokenInfo": {"status": "Blocked"}})
    await station.clock(60)
    await csms.expect("TransactionEvent", where=lambda e: e["triggerReason"] == "Deauthorized")
    await rig.quiet(csms)
    assert await _unlock(csms) == "Unlocked"
    await csms.expect_event(eventType="Updated", triggerReason="UnlockCommand")


async def test_TC_F_07_CS_no_cable(rig):
    # F05.FR.06
    csms, station = await rig.booted()
    assert await _unlock(csms) == "Unlocked"


@pytest.mark.parametrize("evse, connector", [(1, 2), (3, 1), (0, 1), (1, 0), (-1, 1)])
async def test_TC_F_10_CS_unknown_connector(rig, evse, connector):
    # F05.FR.03
    csms, _ = await rig.booted()
    try:
        assert await _unlock(csms, evse, connector) == "UnknownConnector"
    except CallError as refused:  # the schema has nothing below 0
        assert evse < 0, refused


async def test_a_lock_that_does_not_open(rig):
    # F05.FR.05
    csms, station = await rig.booted()
    await charge(rig, csms, station)
    await station.fault("ConnectorLockFailure")
    await station.until_relay(False)
    await rig.quiet(csms)
    assert (await station.state(1))["locked"]
    assert await _unlock(csms) == "UnlockFailed"
    await station.fault("ConnectorLockFailure", False)
    assert await _unlock(csms) == "Unlocked"
    assert not (await station.state(1))["locked"]


async def test_the_answer_belongs_to_the_connection_of_its_call(rig):
    # the lock is still moving when another connection is made
    csms, station = await rig.booted()
    await charge(rig, csms, station)
    await station.fault("ConnectorLockFailure")
    await station.until_relay(False)
    await station.clock(factor=0.001)
    await csms.send('[2,"unlock","UnlockConnector",{"evseId":1,"connectorId":1}]')
    await rig.quiet(csms)
    await station.network(False)
    await csms.disconnected()
    await station.network(True)
    await csms.connected()
    await station.clock(2)
    await station.clock(factor=1)
    assert await _unlock(csms) == "UnlockFailed"
    ids = [m.id for m in csms.conversation.messages if m.direction == FROM_STATION]
    assert "unlock" not in ids
