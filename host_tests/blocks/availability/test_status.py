"""G01: the status of connectors."""

import pytest
from rig import CARD
from scripted_csms import STALL
from sessions import charge


async def _status(csms):
    status = await csms.expect("StatusNotification")
    return status["evseId"], status["connectorId"], status["connectorStatus"]


@pytest.mark.parametrize("evse", [1, 2])
async def test_TC_G_01_CS_available_to_occupied(rig, evse):
    # G01.FR.01, G01.FR.03, E02.FR.05
    csms, station = await rig.booted()
    await station.plug(evse)
    assert await _status(csms) == (evse, 1, "Occupied")
    await csms.never("StatusNotification", 0.2)
    assert (await station.state(evse))["status"] == "Occupied"


async def test_TC_G_02_CS_occupied_to_available(rig):
    # G01.FR.01, G01.FR.04
    csms, station = await rig.booted()
    await station.plug()
    assert await _status(csms) == (1, 1, "Occupied")
    await station.unplug()
    assert await _status(csms) == (1, 1, "Available")


async def test_status_of_the_other_connector_is_not_told(rig):
    # G01.FR.08
    csms, station = await rig.booted(evses="2,1")
    await station.plug(1, 2)
    assert await _status(csms) == (1, 2, "Occupied")
    await csms.never("StatusNotification", 0.3)


async def test_fault_and_recovery(rig):
    csms, station = await rig.booted()
    await station.fault("GroundFailure")
    assert await _status(csms) == (1, 1, "Faulted")
    await station.fault("GroundFailure", False)
    assert await _status(csms) == (1, 1, "Available")


async def test_status_stays_occupied_while_charging(rig):
    csms, station = await rig.booted()
    await charge(rig, csms, station)
    await station.ev("B")
    await station.ev("C")
    await csms.never("StatusNotification", 0.3)
    await station.swipe(evse=1)
    await station.until_relay(False)
    await station.unplug()
    assert await _status(csms) == (1, 1, "Available")


async def test_unavailable_and_back(rig):
    # G01.FR.07
    csms, _ = await rig.booted()
    for wanted, status in (("Inoperative", "Unavailable"), ("Operative", "Available")):
        change = {"operationalStatus": wanted, "evse": {"id": 2, "connectorId": 1}}
        assert (await csms.call("ChangeAvailability", change))["status"] == "Accepted"
        assert await _status(csms) == (2, 1, status)


async def test_csms_that_answers_no_status_gets_the_rest(rig):
    # each is said again, but not before what else there is to say
    csms, station = await rig.booted()
    csms.answer_next("StatusNotification", *[STALL] * 20)
    await station.plug()
    await station.swipe(CARD, evse=1)
    await csms.expect("StatusNotification")
    await station.pass_time(35)  # MessageTimeout
    await csms.expect("Authorize")
    csms.default("StatusNotification")
    await station.ev("C")
    await csms.expect_event(eventType="Started")
    await csms.expect("StatusNotification", 10)
