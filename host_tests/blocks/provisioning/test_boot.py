"""B01 to B03, G02: registration with the CSMS, and what may be said before it; heartbeat."""

import pytest
from opening import credentials, identity
from rig import setting
from scripted_csms import STALL, CallError
from sessions import START, booted_again, charge, read, remote_start, value, write_status

from tools.csms.ledger import stamp


async def test_TC_B_01_CS_boot_accepted(rig):
    # B01.FR.01, B01.FR.05
    csms = await rig.csms()
    csms.heartbeat_s = 123
    await rig.station(csms)
    boot = await csms.expect("BootNotification", 10)
    station = boot["chargingStation"]
    assert station["model"] and station["vendorName"]
    statuses = [await csms.expect("StatusNotification") for _ in range(2)]
    places = {(s["evseId"], s["connectorId"]): s["connectorStatus"] for s in statuses}
    assert places == {(1, 1): "Available", (2, 1): "Available"}
    assert await value(csms, "OCPPCommCtrlr.HeartbeatInterval") == "123"  # B01.FR.04
    actions = [m.action for m in csms.conversation.messages]
    assert actions[0] == "BootNotification"  # B01.FR.08
    assert len(csms.calls("BootNotification")) == 1


@pytest.mark.parametrize("reason", ["PowerUp", "Watchdog", "FirmwareUpdate"])
async def test_TC_B_01_CS_boot_reason(rig, reason):
    # B01.FR.09; --boot-reason counts for the first boot only
    csms, station = await rig.booted(boot_reason=reason)
    assert csms.calls("BootNotification")[0]["reason"] == reason
    await station.command("reboot")
    again = await csms.expect("BootNotification", 15)
    assert again["reason"] == "LocalReset"


async def test_TC_B_01_CS_identity_in_the_url(rig):
    csms, _ = await rig.booted(id="A:1%x")
    assert identity(csms.opening.requests[0]) == "A:1%x"
    assert csms.opening.requests[0].path.startswith("/A")
    assert "ocpp2.0.1" in csms.opening.requests[0].headers["Sec-WebSocket-Protocol"]


@pytest.mark.parametrize("interval", [604_800, 999_999_999, 1_000_000_000, 2_147_483_647])
async def test_a_long_interval_of_the_boot_answer(rig, interval):
    # B01.FR.04: as long as a heartbeat may wait, and said
    csms = await rig.csms()
    csms.heartbeat_s = interval
    station = await rig.station(csms)
    await csms.expect("BootNotification", 10)
    await rig.quiet(csms)
    assert await value(csms, "OCPPCommCtrlr.HeartbeatInterval") == "86400"
    assert await station.logged(f"{interval}")
    assert not [line for line in station.log if "ERROR" in line]
    await station.clock(86_390)
    await csms.never("Heartbeat", 0.2)
    await station.clock(20)
    await csms.expect("Heartbeat")  # G02.FR.07


async def test_a_wait_of_years_is_cut_and_said(rig):
    # B02.FR.08
    csms = await rig.csms()
    csms.answer("BootNotification", lambda m: csms.boot_answer("Pending", 2_147_483_647))
    station = await rig.station(csms)
    await csms.expect("BootNotification", 10)
    assert await station.logged("next BootNotification in 536870 s")


async def test_TC_B_01_CS_boot_tells_what_overrides_say(rig):
    # B01.FR.01: the same as the device model tells
    texts = {
        "VendorName": "V" * 50,
        "Model": "ä" * 20,
        "SerialNumber": "S" * 25,
        "FirmwareVersion": "F" * 50,
    }
    overrides = [setting(f"ChargingStation.{name}", text) for name, text in texts.items()]
    csms, _ = await rig.booted(overrides=overrides)
    told = csms.calls("BootNotification")[0]["chargingStation"]
    for name, text in texts.items():
        assert told[name[0].lower() + name[1:]] == text
        assert await value(csms, f"ChargingStation.{name}") == text


async def test_boot_tells_what_fits_of_long_overrides(rig):
    # B01.FR.01: the schema's lengths, in characters; the rest is cut, and said
    longest = {"VendorName": 50, "Model": 20, "SerialNumber": 25, "FirmwareVersion": 50}
    overrides = [setting(f"ChargingStation.{name}", "ä€" * 40) for name in longest]
    csms, station = await rig.booted(overrides=overrides)
    told = csms.calls("BootNotification")[0]["chargingStation"]
    for name, size in longest.items():
        text = ("ä€" * 40)[:size]
        assert told[name[0].lower() + name[1:]] == text
        assert await value(csms, f"ChargingStation.{name}") == text
        assert await station.logged(f"override of ChargingStation.{name} clamped")


async def test_boot_sets_the_clock(rig):
    # B01.FR.06
    rig.clock.advance(40_000_000)
    csms, _ = await rig.booted()
    told = stamp(csms.calls("StatusNotification")[0]["timestamp"])
    assert abs((told - rig.clock.now()).total_seconds()) < 5


async def test_TC_B_02_CS_boot_pending(rig):
    # B02.FR.02, B02.FR.04, B02.FR.06, B02.FR.08
    csms = await rig.csms()
    csms.answer_next("BootNotification", lambda m: csms.boot_answer("Pending", 30))
    station = await rig.station(csms)
    await csms.expect("BootNotification", 10)
    await station.plug()
    await station.swipe()
    await rig.quiet(csms)
    assert len(csms.conversation.messages) == 2  # BootNotification and its answer
    # B02.FR.01
    (result,) = await read(csms, "OCPPCommCtrlr.HeartbeatInterval")
    assert result["attributeStatus"] == "Accepted"
    assert await write_status(csms, "OCPPCommCtrlr.OfflineThreshold", 77) == "Accepted"
    # B02.FR.05
    started = await csms.call("RequestStartTransaction", remote_start(1, evseId=1))
    assert started["status"] == "Rejected"
    stopped = await csms.call("RequestStopTransaction", {"transactionId": "none"})
    assert stopped["status"] == "Rejected"
    await station.clock(25)
    await csms.never("BootNotification", 0.3)
    await station.clock(6)
    await csms.expect("BootNotification")
    for _ in range(2):
        await csms.expect("StatusNotification")
    assert len(csms.opening.requests) == 1


async def test_TC_B_02_CS_trigger_in_pending(rig):
    # B02.FR.02, B02.FR.04, F06.FR.17
    csms = await rig.csms()
    csms.answer_next("BootNotification", lambda m: csms.boot_answer("Pending", 600))
    await rig.station(csms)
    await csms.expect("BootNotification", 10)
    place = {"id": 1, "connectorId": 1}
    trigger = {"requestedMessage": "StatusNotification", "evse": place}
    assert (await csms.call("TriggerMessage", trigger))["status"] == "Accepted"
    status = await csms.expect("StatusNotification")
    assert (status["evseId"], status["connectorId"]) == (1, 1)
    answer = await csms.call("TriggerMessage", {"requestedMessage": "BootNotification"})
    assert answer["status"] == "Accepted"
    boot = await csms.expect("BootNotification")
    assert boot["reason"] == "Triggered"
    await csms.expect("StatusNotification")


async def test_transaction_event_asked_for_in_pending(rig):
    # B02.FR.02, F06.FR.07: what is asked for is told, behind the events of before; no more
    csms = await rig.csms()
    csms.answer("BootNotification", lambda m: csms.boot_answer("Pending", 600))
    station = await rig.station(csms, [setting("TxCtrlr.TxStartPoint", "EVConnected")])
    await csms.expect("BootNotification", 10)
    trigger = {"requestedMessage": "TransactionEvent", "evse": {"id": 1}}
    assert (await csms.call("TriggerMessage", trigger))["status"] == "Rejected"
    await station.plug()
    await rig.quiet(csms)
    assert csms.calls("TransactionEvent") == []  # B02.FR.02
    assert (await csms.call("TriggerMessage", trigger))["status"] == "Accepted"
    first = await csms.expect("TransactionEvent")
    assert (first["eventType"], first["seqNo"]) == ("Started", 0)
    second = await csms.expect("TransactionEvent")
    assert (second["triggerReason"], second["seqNo"]) == ("Trigger", 1)
    await station.unplug()
    await rig.quiet(csms)
    assert len(csms.calls("TransactionEvent")) == 2
    csms.answer("BootNotification", lambda m: csms.boot_answer())
    await csms.call("TriggerMessage", {"requestedMessage": "BootNotification"})
    last = await csms.expect("TransactionEvent", 10)
    assert (last["eventType"], last["seqNo"]) == ("Ended", 2)


@pytest.mark.parametrize(
    "message, told", [("Heartbeat", 1), ("MeterValues", 2), ("StatusNotification", 2)]
)
async def test_what_can_be_asked_for_in_pending(rig, message, told):
    # B02.FR.01, B02.FR.02: it is sent, once, and nothing else
    csms = await rig.csms()
    csms.answer("BootNotification", lambda m: csms.boot_answer("Pending", 600))
    await rig.station(csms)
    await csms.expect("BootNotification", 10)
    answer = await csms.call("TriggerMessage", {"requestedMessage": message})
    assert answer["status"] == "Accepted"
    for _ in range(told):
        await csms.expect(message)
    await rig.quiet(csms)
    assert len(csms.calls(message)) == told
    said = [m.action for m in csms.conversation.messages if m.is_call]
    assert sorted(set(said)) == sorted({"BootNotification", "TriggerMessage", message})


async def test_nothing_but_boot_before_its_first_answer(rig):
    # B01.FR.08: what was asked for too early waits until the CSMS has answered Pending
    csms = await rig.csms()
    csms.answer_next("BootNotification", STALL)
    csms.answer("BootNotification", lambda m: csms.boot_answer("Pending", 600))
    station = await rig.station(csms)
    await csms.expect("BootNotification", 10)
    trigger = {"requestedMessage": "Heartbeat"}
    assert (await csms.call("TriggerMessage", trigger))["status"] == "Accepted"
    await station.pass_time(35)  # MessageTimeout
    await station.logged("BootNotification without")
    await station.pass_time(120, 30)
    await csms.expect("Heartbeat", 10)
    said = [m.action for m in csms.conversation.messages if m.is_call]
    assert said == ["BootNotification", "TriggerMessage", "BootNotification", "Heartbeat"]


async def test_what_was_asked_for_in_pending_is_not_said_when_refused(rig):
    # B03.FR.02; the event waits for its next attempt (E13) when the CSMS changes its mind
    csms = await rig.csms()
    csms.answer_next("BootNotification", lambda m: csms.boot_answer("Pending", 600))
    csms.answer("BootNotification", lambda m: csms.boot_answer("Rejected", 600))
    csms.answer_next("TransactionEvent", CallError("InternalError", "no database"))
    station = await rig.station(csms, [setting("TxCtrlr.TxStartPoint", "EVConnected")])
    await csms.expect("BootNotification", 10)
    await station.plug()
    await rig.quiet(csms)
    await csms.call("TriggerMessage", {"requestedMessage": "TransactionEvent"})
    assert (await csms.expect("TransactionEvent"))["seqNo"] == 0
    await csms.call("TriggerMessage", {"requestedMessage": "BootNotification"})
    await csms.expect("BootNotification")
    await rig.quiet(csms)
    await station.clock(300)
    await rig.quiet(csms)
    assert len(csms.calls("TransactionEvent")) == 1
    csms.answer("BootNotification", lambda m: csms.boot_answer())
    await station.clock(301)
    await csms.expect("BootNotification", 10)
    assert [(await csms.expect("TransactionEvent"))["seqNo"] for _ in range(2)] == [0, 1]


@pytest.mark.parametrize("status", ["Pending", "Rejected"])
async def test_a_new_connection_does_not_shorten_the_wait(rig, status):
    # B02.FR.04, B03.FR.02; a wait that ends offline is followed by Boot as soon as it can be sent
    csms = await rig.csms()
    csms.answer("BootNotification", lambda m: csms.boot_answer(status, 300))
    station = await rig.station(csms)
    await csms.expect("BootNotification", 10)
    for away_s in (100, 300):
        await rig.quiet(csms)
        await station.network(False)
        await csms.disconnected()
        await station.clock(away_s)
        await station.network(True)
        await csms.connected(10)
        if away_s == 100:
            await rig.quiet(csms)
            assert len(csms.calls("BootNotification")) == 1
    await csms.expect("BootNotification", 10)


async def test_a_wait_of_days_is_kept(rig):
    # B02.FR.04, B02.FR.08
    csms = await rig.csms()
    csms.answer("BootNotification", lambda m: csms.boot_answer("Pending", 200_000))
    station = await rig.station(csms)
    await csms.expect("BootNotification", 10)
    await station.clock(199_000)
    await rig.quiet(csms)
    assert len(csms.calls("BootNotification")) == 1
    await station.clock(1001)
    await csms.expect("BootNotification", 10)


async def test_TC_B_03_CS_boot_refused(rig):
    # B03.FR.02, B03.FR.06
    csms = await rig.csms()
    csms.answer_next("BootNotification", lambda m: csms.boot_answer("Rejected", 20))
    station = await rig.station(csms)
    await csms.expect("BootNotification", 10)
    await station.plug()
    await station.clock(15)
    await rig.quiet(csms)
    assert len(csms.conversation.messages) == 2
    await station.clock(6)
    await csms.expect("BootNotification", 10)
    statuses = [await csms.expect("StatusNotification") for _ in range(2)]
    assert {s["connectorStatus"] for s in statuses} == {"Occupied", "Available"}


@pytest.mark.parametrize(
    "action, payload",
    [
        (
            "GetVariables",
            {"getVariableData": [{"component": {"name": "A"}, "variable": {"name": "B"}}]},
        ),
        ("RequestStartTransaction", remote_start(1, evseId=1)),
        ("TriggerMessage", {"requestedMessage": "BootNotification"}),
        ("Reset", {"type": "Immediate"}),
    ],
)
async def test_TC_B_30_CS_refused_answers_security_error(rig, action, payload):
    # B03.FR.08
    csms = await rig.csms()
    csms.answer("BootNotification", lambda m: csms.boot_answer("Rejected", 600))
    await rig.station(csms)
    await csms.expect("BootNotification", 10)
    await rig.quiet(csms)
    with pytest.raises(CallError) as refused:
        await csms.call(action, payload)
    assert refused.value.code == "SecurityError"


@pytest.mark.parametrize("status", ["Pending", "Rejected"])
async def test_boot_interval_zero_does_not_flood(rig, status):
    # B02.FR.07, B03.FR.05
    csms = await rig.csms()
    csms.answer("BootNotification", lambda m: csms.boot_answer(status, 0))
    station = await rig.station(csms)
    await csms.expect("BootNotification", 10)
    await station.clock(8)
    await csms.never("BootNotification", 0.5)
    await station.clock(1800)
    await csms.expect("BootNotification", 10)


async def test_boot_unanswered_is_repeated_and_said(rig):
    csms = await rig.csms()
    csms.answer_next("BootNotification", STALL)
    station = await rig.station(csms)
    await csms.expect("BootNotification", 10)
    await station.pass_time(35)  # MessageTimeout
    await station.logged("BootNotification without")
    await station.clock(120)
    await csms.expect("BootNotification", 10)
    await csms.expect("StatusNotification")


async def test_boot_answered_with_an_error_is_repeated(rig):
    csms = await rig.csms()
    csms.answer_next("BootNotification", CallError("InternalError", "no database"))
    station = await rig.station(csms)
    await csms.expect("BootNotification", 10)
    await rig.quiet(csms)
    await station.clock(120)
    await csms.expect("BootNotification", 10)
    await csms.expect("StatusNotification")


async def test_basic_authentication(rig):
    # A00.FR.202, A00.FR.204
    csms, _ = await rig.booted(security_profile="1", password="0123456789abcdef")
    assert credentials(csms.opening.requests[0]) == ("CS001", "0123456789abcdef")


async def test_G02_heartbeat_interval(rig):
    # G02.FR.01, G02.FR.02; G02.FR.05 lets the station count from any message it sends
    csms = await rig.csms()
    csms.heartbeat_s = 100
    station = await rig.station(csms)
    await csms.expect("BootNotification", 10)
    await csms.expect("StatusNotification")
    await rig.quiet(csms)
    await station.clock(90)
    await csms.never("Heartbeat", 0.2)
    for _ in range(3):
        await station.clock(101)
        await csms.expect("Heartbeat")
        await rig.quiet(csms)
    assert len(csms.calls("Heartbeat")) == 3


async def test_G02_heartbeat_interval_changed(rig):
    csms, station = await rig.booted()
    assert await write_status(csms, "OCPPCommCtrlr.HeartbeatInterval", 20) == "Accepted"
    await station.clock(21)
    await csms.expect("Heartbeat")


async def test_G02_heartbeat_sets_the_clock(rig):
    # G02.FR.06
    csms, station = await rig.booted(overrides=[setting("ClockCtrlr.TimeSource", "Heartbeat")])
    csms.clock.advance(5301)
    await station.command("clock", advance_s=301)
    await csms.expect("Heartbeat")
    await rig.quiet(csms)
    told = stamp(await value(csms, "ClockCtrlr.DateTime"))
    assert abs((told - csms.clock.now()).total_seconds()) < 5


async def test_boot_again_after_the_button(rig):
    # B01.FR.03
    csms, station = await rig.booted()
    pid = station.charger.process.pid
    await station.command("reboot")
    statuses = await booted_again(csms, "LocalReset")
    assert set(statuses.values()) == {"Available"}
    assert station.charger.process.pid == pid and station.charger.running()


async def test_the_button_in_a_transaction(rig):
    # E06.FR.08, B01.FR.09: an orderly restart ends what goes on
    csms, station = await rig.booted()
    transaction = await charge(rig, csms, station)
    await station.command("reboot")
    await csms.until(lambda: csms.ledger.transactions[transaction].ended, "Ended")
    ended = csms.ledger.transactions[transaction].events[-1]
    assert ended["triggerReason"] == "ResetCommand"
    assert ended["transactionInfo"]["stoppedReason"] == "Reboot"
    await booted_again(csms, "LocalReset")


async def test_a_csms_without_a_clock_does_not_set_ours(rig):
    # G02.FR.06
    csms, station = await rig.booted()
    csms.answer("Heartbeat", {"currentTime": "1970-01-01T00:00:00Z"})
    await csms.call("TriggerMessage", {"requestedMessage": "Heartbeat"})
    await csms.expect("Heartbeat")
    assert await station.logged("before 2020")
    assert (await station.command("clock"))["time"] >= "2020-01-02"


@pytest.mark.parametrize(
    "more",
    [
        [START["EVConnected"]],
        [setting("AuthCtrlr.Enabled", "false")],
        [setting("AuthCtrlr.OfflineTxForUnknownIdEnabled", "true")],
    ],
)
async def test_nobody_starts_before_accepted_if_so_set(rig, more):
    # B03.FR.01, TxBeforeAcceptedEnabled
    csms = await rig.csms()
    csms.answer("BootNotification", csms.boot_answer("Pending", 60))
    overrides = [setting("TxCtrlr.TxBeforeAcceptedEnabled", "false"), *more]
    station = await rig.station(csms, overrides=overrides)
    await csms.expect("BootNotification", 10)
    await station.plug()
    await station.swipe(evse=1)
    await station.ev("C")
    await rig.quiet(csms)
    state = await station.state(1)
    assert (state["relay"], state["transactionId"]) == (False, None)
    csms.default("BootNotification")
    await station.clock(61)
    await csms.expect("BootNotification", 10)
    await rig.quiet(csms)
    # what needs no driver goes on by itself, the others show their card again
    if more[0]["variable"] == "OfflineTxForUnknownIdEnabled":
        await station.swipe(evse=1)
    event = await csms.expect("TransactionEvent")
    assert (event["eventType"], event.get("offline", False)) == ("Started", False)


async def test_who_starts_before_accepted_is_told_later(rig):
    # B03.FR.01, B02.FR.02: charging does not wait for the CSMS, its events do
    csms = await rig.csms()
    csms.answer("BootNotification", csms.boot_answer("Pending", 60))
    station = await rig.station(csms, overrides=[setting("AuthCtrlr.Enabled", "false")])
    await csms.expect("BootNotification", 10)
    await station.plug()
    await station.ev("C")
    await station.until_relay(True)
    await csms.never("TransactionEvent", 0.3)
    csms.default("BootNotification")
    await station.clock(61)
    event = await csms.expect("TransactionEvent", 10)
    assert (event["eventType"], event["seqNo"]) == ("Started", 0)
