"""An EVSE with two connectors: one transaction at a time (E01.FR.14)."""

from rig import CARD, OTHER_GROUP_CARD
from sessions import START, remote_start


async def test_second_connector_waits_for_the_first(rig):
    # E01.FR.14, E01.FR.16, F01.FR.24, G01.FR.01
    csms, station = await rig.booted(overrides=[START["EVConnected"]], evses="2,1")
    await station.plug(1, 2)
    first = await csms.expect_event(eventType="Started", triggerReason="CablePluggedIn")
    assert first["evse"] == {"id": 1, "connectorId": 2}
    await station.swipe(CARD, evse=1)
    await station.ev("C", 1, 2)
    await station.until_relay(True, 1, 2)
    await rig.quiet(csms)
    csms.forget()

    await station.plug(1, 1)
    status = await csms.expect("StatusNotification")
    assert (status["connectorId"], status["connectorStatus"]) == (1, "Occupied")
    await station.ev("C", 1, 1)
    await station.swipe(OTHER_GROUP_CARD, evse=1)
    request = remote_start(7, OTHER_GROUP_CARD, evseId=1)
    assert (await csms.call("RequestStartTransaction", request))["status"] == "Rejected"
    await rig.quiet(csms)
    assert not (await station.state(1, 1))["relay"]
    await csms.never("TransactionEvent", 0)

    await station.unplug(1, 2)
    await csms.expect_event(eventType="Ended", stoppedReason="EVDisconnected")
    second = await csms.expect_event(eventType="Started", triggerReason="CablePluggedIn")
    assert second["evse"] == {"id": 1, "connectorId": 1}
    await station.swipe(OTHER_GROUP_CARD, evse=1)
    await station.until_relay(True, 1, 1)


async def test_token_first_then_the_second_connector(rig):
    # E01.FR.16, F02.FR.21: the EVSE is known from the start, the connector with the EV
    csms, station = await rig.booted(overrides=[START["Authorized"]], evses="2,1")
    request = remote_start(8, "op-1", "Central", evseId=1)
    assert (await csms.call("RequestStartTransaction", request))["status"] == "Accepted"
    event = await csms.expect_event(eventType="Started", triggerReason="RemoteStart")
    assert event["evse"] == {"id": 1}
    await station.plug(1, 2)
    event = await csms.expect_event(eventType="Updated", triggerReason="CablePluggedIn")
    assert event["evse"] == {"id": 1, "connectorId": 2}
    await station.ev("C", 1, 2)
    await station.until_relay(True, 1, 2)
