"""B11, B12: Reset of the station and of one EVSE, idle and in a transaction; what survives it."""

import pytest
from rig import GROUP_CARD, setting
from scripted_csms import STALL
from sessions import booted_again, charge, remote_start, still_charging, value

_ALONE = setting("EVSE.AllowReset", "true", evse=1)


@pytest.mark.parametrize("kind", ["OnIdle", "Immediate"])
async def test_TC_B_20_CS_station_reset_idle(rig, kind):
    # B11.FR.01, B11.FR.03, B11.FR.04, B01.FR.03
    csms, station = await rig.booted()
    pid = station.charger.process.pid
    assert (await csms.call("Reset", {"type": kind}))["status"] == "Accepted"
    assert await booted_again(csms, "RemoteReset") == {(1, 1): "Available", (2, 1): "Available"}
    assert station.charger.running() and station.charger.process.pid == pid
    assert (await station.state())["connected"]


async def test_TC_B_21_CS_station_reset_on_idle_in_a_transaction(rig):
    # B12.FR.01, B12.FR.03
    csms, station = await rig.booted()
    transaction = await charge(rig, csms, station)
    assert (await csms.call("Reset", {"type": "OnIdle"}))["status"] == "Scheduled"
    await station.clock(120)
    await rig.quiet(csms)
    await still_charging(station, transaction)
    await station.swipe(evse=1)
    await csms.until(lambda: csms.ledger.transactions[transaction].ended, "Ended")
    assert csms.ledger.transactions[transaction].events[-1]["triggerReason"] != "ResetCommand"
    await station.unplug()
    await station.clock(10)
    await csms.expect("BootNotification", 15, lambda boot: boot["reason"] == "ScheduledReset")


async def test_TC_B_22_CS_station_reset_immediate_in_a_transaction(rig):
    # B12.FR.02, B12.FR.04, B01.FR.03
    csms, station = await rig.booted()
    transaction = await charge(rig, csms, station)
    assert (await csms.call("Reset", {"type": "Immediate"}))["status"] == "Accepted"
    await station.until_relay(False)
    await csms.until(lambda: csms.ledger.transactions[transaction].ended, "Ended")
    ended = csms.ledger.transactions[transaction].events[-1]
    assert ended["triggerReason"] == "ResetCommand"
    assert ended["transactionInfo"]["stoppedReason"] == "ImmediateReset"
    said = [m for m in csms.conversation.messages if m.action in ("Reset", "TransactionEvent")]
    assert [m.action for m in said[-3:]][0] == "Reset"  # the answer leaves before what it causes
    statuses = await booted_again(csms, "RemoteReset")
    assert statuses[1, 1] == "Occupied"  # the cable is still in


async def test_TC_B_23_CS_unavailable_survives_reset(rig):
    # B11.FR.02, B12.FR.06, G01.FR.02
    csms, station = await rig.booted()
    change = {"operationalStatus": "Inoperative", "evse": {"id": 1}}
    assert (await csms.call("ChangeAvailability", change))["status"] == "Accepted"
    status = await csms.expect("StatusNotification")
    assert (status["evseId"], status["connectorStatus"]) == (1, "Unavailable")
    assert (await csms.call("Reset", {"type": "OnIdle"}))["status"] == "Accepted"
    statuses = await booted_again(csms, "RemoteReset")
    assert statuses == {(1, 1): "Unavailable", (2, 1): "Available"}
    await station.restart()  # B01.FR.07
    assert (await booted_again(csms, "PowerUp"))[1, 1] == "Unavailable"


async def test_TC_B_25_CS_evse_reset_idle(rig):
    # B11.FR.01, B11.FR.08, B11.FR.10
    csms, _ = await rig.booted(overrides=[_ALONE])
    assert await value(csms, "EVSE@1.AllowReset") == "true"
    assert (await csms.call("Reset", {"type": "OnIdle", "evseId": 1}))["status"] == "Accepted"
    await csms.never("BootNotification", 0.5)


async def test_TC_B_26_CS_evse_reset_on_idle_in_a_transaction(rig):
    # B12.FR.01, B12.FR.07
    csms, station = await rig.booted(overrides=[_ALONE])
    transaction = await charge(rig, csms, station)
    answer = await csms.call("Reset", {"type": "OnIdle", "evseId": 1})
    assert answer["status"] == "Scheduled"
    await station.clock(30)
    await still_charging(station, transaction)
    await station.swipe(evse=1)
    await csms.until(lambda: csms.ledger.transactions[transaction].ended, "Ended")
    await csms.never("BootNotification", 0.5)


async def test_TC_B_27_CS_evse_reset_immediate_in_a_transaction(rig):
    # B12.FR.02, B12.FR.08; the other EVSE goes on
    csms, station = await rig.booted(overrides=[_ALONE])
    first = await charge(rig, csms, station, 1)
    second = await charge(rig, csms, station, 2, GROUP_CARD)
    answer = await csms.call("Reset", {"type": "Immediate", "evseId": 1})
    assert answer["status"] == "Accepted"
    await csms.until(lambda: csms.ledger.transactions[first].ended, "Ended")
    ended = csms.ledger.transactions[first].events[-1]
    assert ended["triggerReason"] == "ResetCommand"
    assert ended["transactionInfo"]["stoppedReason"] == "ImmediateReset"
    await csms.never("BootNotification", 0.5)
    await still_charging(station, second, 2)


async def test_TC_B_28_CS_evse_reset_unsupported(rig):
    # B11.FR.09
    csms, _ = await rig.booted(overrides=[setting("EVSE.AllowReset", "false", evse=1)])
    for kind in ("OnIdle", "Immediate"):
        answer = await csms.call("Reset", {"type": kind, "evseId": 1})
        assert answer["status"] == "Rejected"
    await csms.never("BootNotification", 0.5)


async def test_TC_B_29_CS_evse_reset_unsupported_in_a_transaction(rig):
    # B12.FR.09
    csms, station = await rig.booted(overrides=[setting("EVSE.AllowReset", "false", evse=1)])
    transaction = await charge(rig, csms, station)
    for kind in ("OnIdle", "Immediate"):
        answer = await csms.call("Reset", {"type": kind, "evseId": 1})
        assert answer["status"] == "Rejected"
    await csms.never("TransactionEvent", 0.5)
    await still_charging(station, transaction)


async def test_reset_of_an_evse_that_is_not_there(rig):
    csms, _ = await rig.booted()
    assert (await csms.call("Reset", {"type": "OnIdle", "evseId": 9}))["status"] == "Rejected"


async def test_TC_B_41_CS_station_reset_on_idle_in_several_transactions(rig):
    # B12.FR.01, B12.FR.03: not before the last one has ended
    csms, station = await rig.booted()
    first = await charge(rig, csms, station, 1)
    second = await charge(rig, csms, station, 2, GROUP_CARD)
    assert (await csms.call("Reset", {"type": "OnIdle"}))["status"] == "Scheduled"
    await station.swipe(evse=1)
    await csms.until(lambda: csms.ledger.transactions[first].ended, "Ended")
    await station.unplug(1)
    await csms.never("BootNotification", 0.5)
    await still_charging(station, second, 2)
    await station.swipe(GROUP_CARD, evse=2)
    await csms.until(lambda: csms.ledger.transactions[second].ended, "Ended")
    await station.unplug(2)
    await station.clock(10)
    await csms.expect("BootNotification", 15, lambda boot: boot["reason"] == "ScheduledReset")


@pytest.mark.parametrize("how", ["button", "Immediate", "OnIdle"])
async def test_nobody_begins_to_charge_before_a_restart(rig, how):
    # B12.FR.03, B12.FR.04: it restarts when all is told; a new session would delay it for hours
    csms, station = await rig.booted()
    transaction = await charge(rig, csms, station)
    csms.answer_next("TransactionEvent", STALL)
    if how == "button":
        await station.command("reboot")
    else:
        await csms.call("Reset", {"type": how})
    if how == "OnIdle":
        await station.unplug()
    await csms.expect("TransactionEvent")
    await station.pass_time(1)
    await station.plug(2)
    await station.swipe(evse=2)
    await station.ev("C", 2)
    start = remote_start(7, GROUP_CARD, evseId=2)
    assert (await csms.call("RequestStartTransaction", start))["status"] == "Rejected"
    assert not (await station.state(2))["relay"]
    csms.forget("StatusNotification")
    await station.pass_time(15, 5)
    reason = {"button": "LocalReset", "Immediate": "RemoteReset", "OnIdle": "ScheduledReset"}
    await booted_again(csms, reason[how])
    await rig.quiet(csms)
    assert csms.ledger.transactions[transaction].ended
    assert len(csms.ledger.transactions) == 1


async def test_scheduled_reset_lets_nobody_else_in(rig):
    # B12.FR.03: else it would never come; B11.FR.03 may be told
    csms, station = await rig.booted()
    transaction = await charge(rig, csms, station, 1)
    assert (await csms.call("Reset", {"type": "OnIdle"}))["status"] == "Scheduled"
    status = await csms.expect("StatusNotification")
    assert (status["evseId"], status["connectorStatus"]) == (2, "Unavailable")
    answer = await csms.call("RequestStartTransaction", remote_start(1, GROUP_CARD, evseId=2))
    assert answer["status"] == "Rejected"
    await station.plug(2)
    await station.swipe(GROUP_CARD, evse=2)
    await csms.never("TransactionEvent", 0.2)
    await still_charging(station, transaction)
    await station.swipe(evse=1)
    await csms.until(lambda: csms.ledger.transactions[transaction].ended, "Ended")
    csms.forget()
    await station.unplug(1)
    boot = await csms.expect("BootNotification", 15)
    assert boot["reason"] == "ScheduledReset"
    await csms.expect("StatusNotification", 5, lambda s: s["connectorStatus"] == "Occupied")


async def test_immediate_reset_while_one_is_scheduled(rig):
    # B12.FR.02, B12.FR.04
    csms, station = await rig.booted()
    transaction = await charge(rig, csms, station, 1)
    for _ in range(2):
        assert (await csms.call("Reset", {"type": "OnIdle"}))["status"] == "Scheduled"
    assert (await csms.call("Reset", {"type": "Immediate"}))["status"] == "Accepted"
    await csms.until(lambda: csms.ledger.transactions[transaction].ended, "Ended")
    ended = csms.ledger.transactions[transaction].events[-1]
    assert ended["transactionInfo"]["stoppedReason"] == "ImmediateReset"
    assert (await csms.expect("BootNotification", 15))["reason"] == "RemoteReset"


async def test_evse_reset_with_a_transaction_elsewhere(rig):
    # B11.FR.08: the EVSE is idle, so it is reset at once
    csms, station = await rig.booted()
    transaction = await charge(rig, csms, station, 2)
    for kind in ("OnIdle", "Immediate"):
        assert (await csms.call("Reset", {"type": kind, "evseId": 1}))["status"] == "Accepted"
    await csms.never("BootNotification", 0.5)
    await still_charging(station, transaction, 2)
    await station.unplug(2)


async def test_reset_in_pending(rig):
    # B02.FR.01, B11.FR.04
    csms = await rig.csms()
    csms.answer_next("BootNotification", lambda m: csms.boot_answer("Pending", 600))
    await rig.station(csms)
    await csms.expect("BootNotification", 10)
    change = {"operationalStatus": "Inoperative", "evse": {"id": 2}}
    assert (await csms.call("ChangeAvailability", change))["status"] == "Accepted"
    await csms.never("StatusNotification", 0.2)  # B02.FR.02
    assert (await csms.call("Reset", {"type": "OnIdle"}))["status"] == "Accepted"
    statuses = await booted_again(csms, "RemoteReset")
    assert statuses == {(1, 1): "Available", (2, 1): "Unavailable"}
