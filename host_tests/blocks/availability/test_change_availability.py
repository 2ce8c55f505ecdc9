"""G03 and G04: ChangeAvailability of a connector, an EVSE and the station.

The three levels behave alike: each certification case is one function, and the table below says
which connectors it moves. The station of the tests has 2 + 1 connectors.
"""

import pytest
from sessions import charge

EVSES = "2,1"
ALL = {(1, 1), (1, 2), (2, 1)}
STATION = (None, ALL)
EVSE = ({"id": 1}, {(1, 1), (1, 2)})
CONNECTOR = ({"id": 1, "connectorId": 1}, {(1, 1)})


async def _change(csms, status, evse):
    request = {"operationalStatus": status, **({"evse": evse} if evse else {})}
    return (await csms.call("ChangeAvailability", request))["status"]


async def _told(csms, n):
    """The next n StatusNotifications: {(evse, connector): status}."""
    told = {}
    for _ in range(n):
        status = await csms.expect("StatusNotification")
        told[status["evseId"], status["connectorId"]] = status["connectorStatus"]
    assert len(told) == n
    return told


async def _statuses(station):
    return {
        (e["id"], c["id"]): c["status"]
        for e in (await station.state())["evses"]
        for c in e["connectors"]
    }


async def _booted(rig, **options):
    csms, station = await rig.booted(evses=EVSES, **options)
    csms.forget()
    return csms, station


async def _inoperative(rig, place):
    # G03.FR.01, G03.FR.02, G03.FR.04, G03.FR.06, G04.FR.01, G04.FR.02, G04.FR.05, G04.FR.07
    evse, connectors = place
    csms, station = await _booted(rig)
    assert await _change(csms, "Inoperative", evse) == "Accepted"
    assert await _told(csms, len(connectors)) == dict.fromkeys(connectors, "Unavailable")
    await csms.never("StatusNotification", 0.2)
    now = await _statuses(station)
    for key in ALL:
        assert now[key] == ("Unavailable" if key in connectors else "Available")
    # nobody can charge there: no transaction, the relay stays open
    for number, connector in connectors:
        await station.plug(number, connector)
        await station.swipe(evse=number)
        await station.ev("C", evse=number, connector=connector)
    await csms.never("TransactionEvent", 0.3)
    for number, connector in connectors:
        assert not (await station.state(number, connector))["relay"]
    return csms, station


async def _operative(rig, place):
    # G03.FR.07, G04.FR.08: back to their own state
    evse, connectors = place
    csms, station = await _booted(rig)
    assert await _change(csms, "Inoperative", evse) == "Accepted"
    await _told(csms, len(connectors))
    await station.plug(1, 1)
    assert await _change(csms, "Operative", evse) == "Accepted"
    own = dict.fromkeys(connectors, "Available") | {(1, 1): "Occupied"}
    assert await _told(csms, len(connectors)) == own
    await csms.never("StatusNotification", 0.2)


async def _already(rig, place, status):
    # G03.FR.03, G04.FR.04: Accepted, and nothing changes
    evse, connectors = place
    csms, station = await _booted(rig)
    if status == "Inoperative":
        assert await _change(csms, status, evse) == "Accepted"
        await _told(csms, len(connectors))
    before = await _statuses(station)
    assert await _change(csms, status, evse) == "Accepted"
    await csms.never("StatusNotification", 0.3)
    assert await _statuses(station) == before


async def _in_a_transaction(rig, place):
    # G03.FR.05, G04.FR.06, G01.FR.05: Scheduled, and done when the transaction has ended; the
    # connectors that are not in use at once
    evse, connectors = place
    csms, station = await _booted(rig)
    transaction = await charge(rig, csms, station, 1)
    assert await _change(csms, "Inoperative", evse) == "Scheduled"
    free = connectors - {(1, 1)}
    assert await _told(csms, len(free)) == dict.fromkeys(free, "Unavailable")
    await csms.never("StatusNotification", 0.3)
    state = await station.state(1)
    assert state["relay"]
    assert state["transactionId"] == transaction
    await station.swipe(evse=1)
    await station.until_relay(False)
    await station.unplug()
    await csms.until(lambda: csms.ledger.transactions[transaction].ended, "Ended")
    told = {}
    while told.get((1, 1)) != "Unavailable":
        told |= await _told(csms, 1)
    await rig.quiet(csms)
    now = await _statuses(station)
    for key in ALL:
        assert now[key] == ("Unavailable" if key in connectors else "Available")


async def _survives(rig, place):
    # G03.FR.08, G04.FR.09, G01.FR.02: a reboot and a power cut
    evse, connectors = place
    csms, station = await _booted(rig)
    assert await _change(csms, "Inoperative", evse) == "Accepted"
    await _told(csms, len(connectors))
    csms.forget()
    wanted = {key: "Unavailable" if key in connectors else "Available" for key in ALL}
    assert (await csms.call("Reset", {"type": "Immediate"}))["status"] == "Accepted"
    await csms.expect("BootNotification", 15)
    assert await _told(csms, 3) == wanted
    csms.forget()
    await station.restart()
    await csms.expect("BootNotification", 15)
    assert await _told(csms, 3) == wanted
    assert await _change(csms, "Operative", evse) == "Accepted"
    assert await _told(csms, len(connectors)) == dict.fromkeys(connectors, "Available")


async def test_TC_G_03_CS_evse_inoperative(rig):
    await _inoperative(rig, EVSE)


async def test_TC_G_04_CS_evse_operative(rig):
    await _operative(rig, EVSE)


async def test_TC_G_05_CS_station_inoperative(rig):
    await _inoperative(rig, STATION)


async def test_TC_G_06_CS_station_operative(rig):
    await _operative(rig, STATION)


async def test_TC_G_07_CS_connector_inoperative(rig):
    await _inoperative(rig, CONNECTOR)


async def test_TC_G_08_CS_connector_operative(rig):
    await _operative(rig, CONNECTOR)


async def test_TC_G_09_CS_evse_already_operative(rig):
    await _already(rig, EVSE, "Operative")


async def test_TC_G_10_CS_evse_already_inoperative(rig):
    await _already(rig, EVSE, "Inoperative")


async def test_TC_G_11_CS_evse_in_a_transaction(rig):
    await _in_a_transaction(rig, EVSE)


async def test_TC_G_12_CS_station_already_operative(rig):
    await _already(rig, STATION, "Operative")


async def test_TC_G_13_CS_station_already_inoperative(rig):
    await _already(rig, STATION, "Inoperative")


async def test_TC_G_14_CS_station_in_a_transaction(rig):
    await _in_a_transaction(rig, STATION)


async def test_TC_G_15_CS_connector_already_operative(rig):
    await _already(rig, CONNECTOR, "Operative")


async def test_TC_G_16_CS_connector_already_inoperative(rig):
    await _already(rig, CONNECTOR, "Inoperative")


async def test_TC_G_17_CS_connector_in_a_transaction(rig):
    await _in_a_transaction(rig, CONNECTOR)


async def test_TC_G_18_CS_evse_survives_a_reboot(rig):
    await _survives(rig, EVSE)


async def test_TC_G_19_CS_connector_survives_a_reboot(rig):
    await _survives(rig, CONNECTOR)


async def test_TC_G_21_CS_station_survives_a_reboot(rig):
    await _survives(rig, STATION)


async def test_scheduled_is_kept_when_the_power_fails(rig):
    # G03.FR.08: what was promised holds when the transaction ends with the power
    csms, station = await _booted(rig)
    await charge(rig, csms, station, 1)
    assert await _change(csms, "Inoperative", {"id": 1}) == "Scheduled"
    await rig.quiet(csms)
    csms.forget()
    await station.restart()
    await csms.expect("BootNotification", 15)
    assert await _told(csms, 3) == {
        (1, 1): "Unavailable",
        (1, 2): "Unavailable",
        (2, 1): "Available",
    }


async def test_scheduled_is_taken_back(rig):
    csms, station = await _booted(rig)
    transaction = await charge(rig, csms, station, 1)
    assert await _change(csms, "Inoperative", {"id": 1}) == "Scheduled"
    assert await _change(csms, "Operative", {"id": 1}) == "Accepted"
    await station.swipe(evse=1)
    await station.until_relay(False)
    await station.unplug()
    await csms.until(lambda: csms.ledger.transactions[transaction].ended, "Ended")
    await rig.quiet(csms)
    assert (await _statuses(station))[1, 1] == "Available"


async def test_a_connector_beside_the_one_in_use_changes_at_once(rig):
    # G03.FR.05: the transaction is not there
    csms, station = await _booted(rig)
    await charge(rig, csms, station, 1)
    place = {"id": 1, "connectorId": 2}
    assert await _change(csms, "Inoperative", place) == "Accepted"
    assert await _told(csms, 1) == {(1, 2): "Unavailable"}
    assert await _change(csms, "Operative", place) == "Accepted"
    assert await _told(csms, 1) == {(1, 2): "Available"}
    assert (await station.state(1))["relay"]


async def test_faulted_stays_faulted(rig):
    # G03.FR.06, G03.FR.07
    csms, station = await _booted(rig)
    await station.fault("GroundFailure", evse=1, connector=1)
    assert await _told(csms, 1) == {(1, 1): "Faulted"}
    assert await _change(csms, "Inoperative", {"id": 1}) == "Accepted"
    assert await _told(csms, 1) == {(1, 2): "Unavailable"}
    assert await _change(csms, "Operative", {"id": 1}) == "Accepted"
    assert await _told(csms, 1) == {(1, 2): "Available"}
    await station.fault("GroundFailure", False, evse=1, connector=1)
    assert await _told(csms, 1) == {(1, 1): "Available"}


async def test_a_fault_is_over_while_unavailable(rig):
    # G03.FR.06: Faulted hides Unavailable, and comes back to it
    csms, station = await _booted(rig)
    await station.fault("GroundFailure", evse=2)
    assert await _told(csms, 1) == {(2, 1): "Faulted"}
    assert await _change(csms, "Inoperative", {"id": 2}) == "Accepted"
    await csms.never("StatusNotification", 0.2)
    await station.fault("GroundFailure", False, evse=2)
    assert await _told(csms, 1) == {(2, 1): "Unavailable"}
    await station.fault("GroundFailure", evse=2)
    assert await _told(csms, 1) == {(2, 1): "Faulted"}
    await station.fault("GroundFailure", False, evse=2)
    assert await _told(csms, 1) == {(2, 1): "Unavailable"}


async def test_levels_are_kept_apart(rig):
    # an EVSE made inoperative stays so when the station becomes operative again
    csms, station = await _booted(rig)
    assert await _change(csms, "Inoperative", {"id": 2}) == "Accepted"
    assert await _told(csms, 1) == {(2, 1): "Unavailable"}
    assert await _change(csms, "Inoperative", None) == "Accepted"
    assert await _told(csms, 2) == {(1, 1): "Unavailable", (1, 2): "Unavailable"}
    assert await _change(csms, "Operative", None) == "Accepted"
    assert await _told(csms, 2) == {(1, 1): "Available", (1, 2): "Available"}
    assert (await _statuses(station))[2, 1] == "Unavailable"


@pytest.mark.parametrize("evse", [{"id": 3}, {"id": 1, "connectorId": 3}])
async def test_places_that_are_not_there(rig, evse):
    csms, _ = await _booted(rig)
    assert await _change(csms, "Inoperative", evse) == "Rejected"
    await csms.never("StatusNotification", 0.2)


async def test_a_car_at_an_unavailable_connector_gets_nothing_of_a_token_for_the_other(rig):
    # G03.FR.06: the token waits for a cable at connector 2
    csms, station = await _booted(rig)
    assert await _change(csms, "Inoperative", CONNECTOR[0]) == "Accepted"
    await station.swipe(evse=1)
    await rig.quiet(csms)
    await station.ev("C", 1, 1)
    await rig.quiet(csms)
    state = await station.state(1, 1)
    assert (state["relay"], state["locked"], state["status"]) == (False, False, "Unavailable")
    await station.ev("C", 1, 2)
    await station.until_relay(True, 1, 2)
    await rig.quiet(csms)
    (transaction,) = csms.ledger.transactions.values()
    assert transaction.events[0]["evse"] == {"id": 1, "connectorId": 2}
    assert not (await station.state(1, 1))["relay"]


@pytest.mark.parametrize("how", ["unavailable", "faulted"])
async def test_a_car_at_a_connector_out_of_order_does_not_block_the_other(rig, how):
    csms, station = await _booted(rig)
    await station.ev("C", 1, 1)
    await station.ev("C", 1, 2)
    if how == "unavailable":
        assert await _change(csms, "Inoperative", CONNECTOR[0]) == "Accepted"
    else:
        await station.fault("OverCurrent", True, 1, 1)
    await rig.quiet(csms)
    await station.swipe(evse=1)
    await station.until_relay(True, 1, 2)
    assert not (await station.state(1, 1))["relay"]
