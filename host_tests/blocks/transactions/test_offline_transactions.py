"""E13, and transactions without their CSMS: nothing is lost, nothing twice, all in order."""

import pytest
from proxy import UP, Proxy
from rig import CARD, setting
from scripted_csms import STALL, CallError
from sessions import charge, still_charging

_RETRY = [
    setting("OCPPCommCtrlr.MessageAttempts/TransactionEvent", 3),
    setting("OCPPCommCtrlr.MessageAttemptInterval/TransactionEvent", 10),
]


async def test_TC_E_40_CS_link_lost_in_a_transaction(rig):
    # E04.FR.02 to FR.04, E11
    csms, station = await rig.booted()
    transaction = await charge(rig, csms, station)
    await station.network(False)
    await csms.disconnected()
    for _ in range(3):
        await station.clock(60)
    await station.ev("B")
    await still_charging_or_suspended(station, transaction)
    await station.network(True)
    await csms.connected()
    await csms.expect(
        "TransactionEvent",
        where=lambda e: e["transactionInfo"].get("chargingState") == "SuspendedEV",
    )
    await rig.quiet(csms)
    events = csms.ledger.transactions[transaction].events
    late = [event for event in events if event.get("offline")]
    assert len([e for e in late if e["triggerReason"] == "MeterValuePeriodic"]) >= 2
    assert not csms.ledger.wrong()


async def still_charging_or_suspended(station, transaction):
    assert (await station.state(1))["transactionId"] == transaction


async def test_TC_E_44_CS_stopped_while_offline(rig):
    # E08.FR.01, E08.FR.04 to E08.FR.08: the card that started stops without the CSMS
    csms, station = await rig.booted()
    transaction = await charge(rig, csms, station)
    await station.network(False)
    await csms.disconnected()
    await station.swipe(CARD, evse=1)
    await station.until_relay(False)
    await station.unplug()
    await station.network(True)
    await csms.until(lambda: csms.ledger.transactions[transaction].ended, "Ended", 10)
    ended = csms.ledger.transactions[transaction].events[-1]
    assert ended["offline"] is True


async def test_TC_E_42_CS_event_repeated_until_answered(rig):
    # E13.FR.01 to FR.03
    csms, station = await rig.booted(overrides=_RETRY)
    csms.answer_next("TransactionEvent", STALL)
    await station.plug()
    await station.swipe(CARD, evse=1)
    first = await csms.expect("TransactionEvent")
    await station.pass_time(35)  # MessageTimeout
    await station.clock(11)  # MessageAttemptInterval
    assert await csms.expect("TransactionEvent", 10) == first
    await station.ev("C")
    await rig.quiet(csms)
    assert not csms.ledger.wrong()


async def test_TC_E_51_CS_event_repeated_after_an_error(rig):
    # E13.FR.01 to FR.03
    csms, station = await rig.booted(overrides=_RETRY)
    csms.answer_next("TransactionEvent", CallError("InternalError", "no database"))
    await station.plug()
    await station.swipe(CARD, evse=1)
    first = await csms.expect("TransactionEvent")
    await rig.quiet(csms)
    await station.clock(11)
    assert await csms.expect("TransactionEvent", 10) == first


async def test_TC_E_50_CS_attempts_used_up(rig):
    # E13.FR.04: the next event goes out, the transaction goes on
    csms, station = await rig.booted(overrides=_RETRY)
    error = CallError("InternalError", "no database")
    csms.answer_next("TransactionEvent", error, error, error)
    await station.plug()
    await station.swipe(CARD, evse=1)
    for _ in range(3):
        first = await csms.expect("TransactionEvent", 10)
        assert first["seqNo"] == 0
        await rig.quiet(csms)
        await station.clock(35)
    await station.ev("C")
    event = await csms.expect("TransactionEvent", 10)
    assert event["seqNo"] == 1
    transaction = event["transactionInfo"]["transactionId"]
    await rig.quiet(csms)
    await still_charging(station, transaction)


async def test_TC_E_41_CS_attempts_used_up_without_an_answer(rig):
    # E13.FR.01 to FR.04
    csms, station = await rig.booted(overrides=_RETRY)
    csms.answer_next("TransactionEvent", STALL, STALL, STALL)
    await station.plug()
    await station.swipe(CARD, evse=1)
    for attempt in range(3):
        first = await csms.expect("TransactionEvent", 10)
        assert first["seqNo"] == 0
        await station.pass_time(35)  # MessageTimeout
        if attempt < 2:
            await csms.never("TransactionEvent", 0.2)
            await station.clock(10 * (attempt + 1) + 1)
    await station.ev("C")
    event = await csms.expect("TransactionEvent", 10)
    assert event["seqNo"] == 1
    await rig.quiet(csms)
    await still_charging(station, event["transactionInfo"]["transactionId"])


async def test_lost_connection_is_no_attempt(rig):
    # E13: the event is sent again on the new connection, and counts as sent once
    csms, station = await rig.booted(overrides=_RETRY)
    csms.answer("TransactionEvent", STALL)
    await station.plug()
    await station.swipe(CARD, evse=1)
    first = await csms.expect("TransactionEvent")
    for _ in range(4):
        csms.cut()
        await csms.disconnected()
        await station.network(False)
        await station.network(True)
        await csms.connected()
        again = await csms.expect("TransactionEvent", 10)
        # E11.FR.07: what still waits when the link breaks is offline too
        assert again == {**first, "offline": True}
    csms.default("TransactionEvent")


async def test_silence_is_no_attempt(rig):
    # E13: without pings only a CALL that nobody answers tells that the peer is gone
    csms = await rig.csms()
    no_pings = setting("OCPPCommCtrlr.WebSocketPingInterval", 0)
    async with Proxy(csms.url) as proxy:
        station = await rig.station(proxy.url, [*_RETRY, no_pings])
        await csms.expect("BootNotification", 10)
        transaction = await charge(rig, csms, station)
        proxy.fail("dead", UP)
        await station.swipe(CARD, evse=1)
        await station.until_relay(False)
        await station.unplug()
        for _ in range(4):
            await station.pass_time(200)
        await csms.until(lambda: csms.ledger.transactions[transaction].ended, "Ended", 10)
        await rig.quiet(csms)
        assert proxy.connections == 2
    assert any("the CSMS is silent; next attempt" in line for line in station.log)
    assert not [line for line in station.log if "given up" in line]
    assert not csms.ledger.wrong()


@pytest.mark.parametrize("interval_s", [0, 54])
async def test_silence_time_after_time_is_no_attempt(rig, interval_s):
    # E13: on each connection the CSMS answers a while, then falls silent
    pings = setting("OCPPCommCtrlr.WebSocketPingInterval", interval_s)
    csms, station = await rig.booted(overrides=[*_RETRY, pings])
    transaction = await charge(rig, csms, station)
    deaf = []

    def fall_silent(message):
        csms.socket.transport.pause_reading()
        deaf.append(csms.socket)
        return STALL

    csms.answer("TransactionEvent", fall_silent)
    await station.ev("B")
    for number in range(5):
        await csms.until(lambda: csms.socket in deaf, "an event meets with silence", 10)
        old = csms.socket
        await (station.unplug(2) if number % 2 else station.plug(2))
        while csms.socket is old or csms.socket is None:
            await station.pass_time(8)
    csms.default("TransactionEvent")
    await station.unplug()
    while not csms.ledger.transactions[transaction].ended:
        await station.pass_time(8)
    await rig.quiet(csms)
    assert not [line for line in station.log if "given up" in line]
    assert not csms.ledger.wrong()
