"""The process is asked to end: the WebSocket is closed in good order, and the exit code is 0."""

import asyncio
import signal

import pytest
from target import PACE

GOING_AWAY = 1001


async def _ends(station):
    """The exit code of a process that has been asked to end."""
    return await asyncio.wait_for(station.charger.wait(), 10 * PACE)


def _ask(station, number=signal.SIGTERM):
    station.exit_code = 0
    station.charger.process.send_signal(number)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
async def test_asked_to_end_it_says_goodbye(rig, number):
    csms, station = await rig.booted()
    _ask(station, number)
    assert await _ends(station) == 0
    await csms.disconnected()
    assert csms.closes == [(GOING_AWAY, "")]
    assert len(csms.opening.requests) == 1


async def test_transactions_are_not_ended_by_it(rig):
    csms, station = await rig.booted()
    await station.swipe(evse=1)
    await station.ev("C")
    await station.until_relay(True)
    await rig.quiet(csms)
    csms.forget()
    _ask(station)
    assert await _ends(station) == 0
    await csms.disconnected()
    assert csms.closes == [(GOING_AWAY, "")]
    assert not [e for e in csms.calls("TransactionEvent") if e["eventType"] == "Ended"]
    await station.start()
    assert (await csms.expect("BootNotification", 10))["reason"] == "PowerUp"


async def test_a_csms_that_does_not_close_is_not_waited_for(rig):
    csms, station = await rig.booted()
    csms.socket.transport.pause_reading()
    _ask(station)
    assert await _ends(station) == 0


async def test_asked_again_it_waits_no_longer(rig):
    csms, station = await rig.booted()
    csms.socket.transport.pause_reading()
    _ask(station)
    assert (await station.state())["connected"]
    _ask(station)
    assert await _ends(station) == 0


async def test_a_firmware_that_takes_its_time_is_not_waited_for(rig):
    csms, station = await rig.booted()
    csms.socket.transport.pause_reading()
    await station.command("clock", factor=0.001)  # its two seconds are half an hour
    _ask(station)
    assert await _ends(station) == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [({}, "next attempt in"), ({"heap": 16384}, "started again in 2 s")],  # too small to start
)
async def test_without_a_connection(rig, options, said):
    station = await rig.station("ws://127.0.0.1:1", **options)
    await station.logged(said)
    _ask(station)
    assert await _ends(station) == 0
    station.charger.log.clear()


async def test_while_the_handshake_waits_for_its_answer(rig):
    csms = await rig.csms()
    csms.opening.stall = True
    station = await rig.station(csms)
    await csms.until(lambda: csms.opening.requests, "handshake")
    _ask(station)
    assert await _ends(station) == 0
