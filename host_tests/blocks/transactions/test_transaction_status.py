"""E14: GetTransactionStatus."""

from scripted_csms import STALL
from sessions import charge


async def _ask(csms, transaction_id=None):
    request = {} if transaction_id is None else {"transactionId": transaction_id}
    answer = await csms.call("GetTransactionStatus", request)
    return answer.get("ongoingIndicator"), answer["messagesInQueue"]


async def _stop(station, evse=1):
    await station.swipe(evse=evse)
    await station.until_relay(False, evse)
    await station.unplug(evse)


async def _queued(rig, csms, station):
    """A sample that the CSMS leaves without an answer."""
    csms.answer("TransactionEvent", STALL)
    await station.clock(60)
    await csms.expect("TransactionEvent")


async def test_TC_E_28_CS_unknown_id(rig):
    # E14.FR.01, also while there is another transaction
    csms, station = await rig.booted()
    assert await _ask(csms, "no-such-transaction") == (False, False)
    await charge(rig, csms, station)
    assert await _ask(csms, "no-such-transaction") == (False, False)


async def test_TC_E_29_CS_running_with_messages_queued(rig):
    # E14.FR.02, E14.FR.04: what was sent and is not answered is still queued
    csms, station = await rig.booted()
    transaction = await charge(rig, csms, station)
    await _queued(rig, csms, station)
    assert await _ask(csms, transaction) == (True, True)


async def test_TC_E_30_CS_running_with_nothing_queued(rig):
    # E14.FR.02, E14.FR.05
    csms, station = await rig.booted()
    transaction = await charge(rig, csms, station)
    assert await _ask(csms, transaction) == (True, False)


async def test_TC_E_31_CS_ended_with_messages_queued(rig):
    # E14.FR.03, E14.FR.04
    csms, station = await rig.booted()
    transaction = await charge(rig, csms, station)
    csms.answer("TransactionEvent", STALL)
    await _stop(station)
    await csms.expect("TransactionEvent")
    await station.until(lambda s: s["evses"][0]["transactionId"] is None, "no transaction")
    assert await _ask(csms, transaction) == (False, True)


async def test_TC_E_32_CS_ended_with_nothing_queued(rig):
    # E14.FR.03, E14.FR.05
    csms, station = await rig.booted()
    transaction = await charge(rig, csms, station)
    await _stop(station)
    await csms.until(lambda: csms.ledger.transactions[transaction].ended, "Ended")
    await rig.quiet(csms)
    assert await _ask(csms, transaction) == (False, False)


async def test_TC_E_33_CS_no_id_with_messages_queued(rig):
    # E14.FR.06, E14.FR.07: of any transaction
    csms, station = await rig.booted()
    transaction = await charge(rig, csms, station)
    other = await charge(rig, csms, station, 2, "04A1B2C4")
    csms.answer("TransactionEvent", STALL)
    await station.swipe("04A1B2C4", evse=2)
    await csms.expect("TransactionEvent")
    assert await _ask(csms) == (None, True)
    assert await _ask(csms, transaction) == (True, False)
    assert (await _ask(csms, other))[1] is True


async def test_TC_E_34_CS_no_id_with_nothing_queued(rig):
    # E14.FR.06, E14.FR.08
    csms, station = await rig.booted()
    assert await _ask(csms) == (None, False)
    await charge(rig, csms, station)
    assert await _ask(csms) == (None, False)
