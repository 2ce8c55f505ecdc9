"""The control socket: every command with its errors, several clients, hooks and events."""

import asyncio
import contextlib
import json
import re

import pytest
from scripted_csms import STALL
from target import PACE

from tools.csms.charger import ROOT
from tools.csms.control import ControlError

NOWHERE = "ws://127.0.0.1:1"  # the control socket does not need a CSMS


class Raw:
    """A control connection by hand."""

    def __init__(self, reader, writer):
        self.reader = reader
        self.writer = writer

    async def send(self, data):
        self.writer.write(data if isinstance(data, bytes) else data.encode() + b"\n")
        await self.writer.drain()

    async def receive(self, timeout=5):
        return json.loads(await asyncio.wait_for(self.reader.readline(), timeout * PACE))

    async def ask(self, data):
        await self.send(data)
        return await self.receive()


@contextlib.asynccontextmanager
async def connect(station):
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", station.charger.control_port, limit=1 << 20
    )
    try:
        yield Raw(reader, writer)
    finally:
        writer.close()


async def refused(station, cmd, **parameters):
    """The explanation with which a command is refused."""
    with pytest.raises(ControlError) as caught:
        await station.command(cmd, **parameters)
    return str(caught.value)


def connector(state, evse=1, number=1):
    return state["evses"][evse - 1]["connectors"][number - 1]


# ---- lines


async def test_capabilities_are_those_of_the_documentation(rig):
    station = await rig.station(NOWHERE)
    told = await station.command("capabilities")
    text = (ROOT / "boards/unix/README.md").read_text()
    table = text[text.index("| cmd |") : text.index("### state")]
    assert set(told["commands"]) == set(re.findall(r"^\| (\w+) \|", table, re.M)) - {"cmd"}
    events = text[text.index("| event | line |") : text.index("### Hook")]
    assert set(told["events"]) == set(re.findall(r"^\| (\w+) \|", events, re.M)) - {"event"}
    assert told["hooks"] == ["data_transfer"]
    assert told["ocpp"] == ["ocpp2.0.1"]


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("{", "not JSON: byte 1"),
        ('{"cmd": "state"} x', "not JSON: byte 17"),
        ('{"cmd": "st\\qate"}', "not JSON"),
        (b'{"cmd": "\xff"}\n', "UTF-8"),
        ("[" * 40 + "]" * 40, "at most 16 deep"),
        ("[]", "not a JSON object"),
        ("1", "not a JSON object"),
        ("{}", "cmd: missing"),
        ('{"cmd": 1}', "cmd: missing, or not a string"),
        ('{"cmd": "dance"}', "no such command: dance"),
        ('{"cmd": "' + "x" * 100 + '"}', "no such command"),
        ('{"cmd": "state", "id": {}}', "id: neither"),
        ('{"cmd": "state", "id": "%s"}' % ("x" * 80), "id: neither"),
        ('{"cmd": "%s"}' % ("x" * 40000), "too long"),
    ],
)
async def test_a_wrong_line_gets_a_clear_error(rig, line, error):
    station = await rig.station(NOWHERE)
    async with connect(station) as raw:
        reply = await raw.ask(line)
        assert reply["ok"] is False
        assert reply["id"] is None
        assert error in reply["error"]
        assert (await raw.ask('{"cmd": "state", "id": 1}'))["ok"] is True


@pytest.mark.parametrize("number", [0, 1, -7, 1.5, 'a\u20ac"b', None, True, 2**60])
async def test_the_id_comes_back_as_it_was(rig, number):
    station = await rig.station(NOWHERE)
    async with connect(station) as raw:
        reply = await raw.ask(json.dumps({"id": number, "cmd": "clock"}))
        assert reply["ok"] is True
        assert reply["id"] == number


async def test_lines_in_any_split(rig):
    station = await rig.station(NOWHERE)
    async with connect(station) as raw:
        for byte in b'\n  \r\n{"cmd": "cl\\u006fck", "id": 1}\r\n':
            await raw.send(bytes([byte]))
        assert (await raw.receive())["id"] == 1
        await raw.send(b'{"cmd":"clock","id":2}\n{"cmd":"nothing","id":3}\n{"cmd":"clock"')
        assert (await raw.receive())["id"] == 2
        assert (await raw.receive())["id"] == 3
        await raw.send(b',"id":4}\n')
        assert (await raw.receive())["id"] == 4


async def test_several_clients_at_once(rig):
    station = await rig.station(NOWHERE)
    async with contextlib.AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(connect(station)) for _ in range(20)]
        for number, client in enumerate(clients):
            await client.send(json.dumps({"cmd": "state", "id": number}))
        for number, client in enumerate(clients):
            assert (await client.receive())["id"] == number


async def test_a_client_that_goes_is_forgotten(rig):
    station = await rig.station(NOWHERE)
    for _ in range(100):
        async with connect(station) as raw:
            await raw.send('{"cmd": "hook", "name": "log", "on": true}')
    async with connect(station) as raw:
        assert (await raw.ask('{"cmd": "clock"}'))["ok"]


async def test_too_many_clients_are_told_so(rig):
    station = await rig.station(NOWHERE)
    async with contextlib.AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(connect(station)) for _ in range(32)]
        assert "too many" in (await clients[-1].receive())["error"]
        assert (await clients[0].ask('{"cmd": "clock"}'))["ok"]


async def test_it_answers_although_the_firmware_does_not_run(rig):
    # A heap in which the firmware cannot even start: it is started again and again, with pauses.
    station = await rig.station(NOWHERE, heap=16384)
    await station.logged("MemoryError")
    await station.plug()
    assert connector(await station.state())["cp"] == "B"
    await station.logged("started again in 2 s")
    station.charger.log.clear()


# ---- the heap


async def test_the_heap_is_told_after_a_collection(rig):
    _, station = await rig.booted(heap=40960)
    first = await station.command("heap")
    assert 10000 < first["used"] < 30000
    assert 0.9 * 40960 < first["used"] + first["free"] < 40960
    for _ in range(3):
        await station.command("swipe", token="x" * 500)
    await asyncio.sleep(0.2)
    assert abs((await station.command("heap"))["used"] - first["used"]) <= 256


async def test_the_heap_without_a_firmware_is_an_error(rig):
    station = await rig.station(NOWHERE, heap=16384)
    await station.logged("started again in 2 s")
    assert "restarted" in await refused(station, "heap")
    station.charger.log.clear()


# ---- the car


async def test_state_before_the_csms_is_reached(rig):
    station = await rig.station(NOWHERE, evses="1,2")
    state = await station.until(lambda s: connector(s, 2, 2)["status"] == "Available", "Available")
    rest = {"status": "Available", "cp": "A", "pwm": 100.0, "relay": False, "locked": False}
    place = {"transactionId": None, "energy_wh": 0}
    assert state["connected"] is False
    assert state["evses"] == [
        {"id": 1, "connectors": [{"id": 1, **rest}], **place},
        {"id": 2, "connectors": [{"id": 1, **rest}, {"id": 2, **rest}], **place},
    ]


async def test_plug_unplug_and_pilot_states(rig):
    station = await rig.station(NOWHERE)
    for cmd, parameters, pilot in [
        ("plug", {}, "B"),
        ("plug", {}, "B"),
        ("unplug", {}, "A"),
        *[("ev", {"state": state}, state) for state in "ABCDEF"],
        ("unplug", {}, "A"),
    ]:
        await station.command(cmd, evse=2, **parameters)
        assert connector(await station.state(), 2)["cp"] == pilot
    assert connector(await station.state(), 1)["cp"] == "A"


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({}, "evse: missing; give a number from 1 to 2"),
        ({"evse": 0}, "evse: not a whole number from 1 to 2"),
        ({"evse": 3}, "evse: not a whole number from 1 to 2"),
        ({"evse": "1"}, "evse: not a whole number"),
        ({"evse": 1.5}, "evse: not a whole number"),
        ({"evse": 2, "state": "C"}, "connector: missing; EVSE 2 has connectors 1 to 2"),
        ({"evse": 2, "connector": 3}, "connector: not a whole number from 1 to 2"),
        ({"evse": 1}, "state: missing"),
        ({"evse": 1, "state": "G"}, 'state: not one of "A" to "F"'),
        ({"evse": 1, "state": "BC"}, "state: not one of"),
        ({"evse": 1, "state": 1}, "state: not one of"),
        ({"evse": 1, "current": -0.1}, "current: not a number from 0 to 1000"),
        ({"evse": 1, "current": "16"}, "current: not a number"),
        ({"evse": 1, "current": 1e30}, "current: not a number"),
        ({"evse": 1, "phases": 0}, "phases: not a whole number from 1 to 3"),
        ({"evse": 1, "phases": 4}, "phases: not a whole number from 1 to 3"),
        ({"evse": 1, "obeys": "yes"}, "obeys: neither true nor false"),
    ],
)
async def test_ev_errors(rig, parameters, error):
    station = await rig.station(NOWHERE, evses="1,2")
    assert error in await refused(station, "ev", **parameters)


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({}, "token: missing"),
        ({"token": 1}, "token: not a string"),
        ({"token": "x" * 1100}, "token: longer than 1023 bytes"),
        ({"token": "\ud800"}, "surrogate"),
        ({"token": "A", "type": "Plastic"}, "type: not one of Central"),
        ({"token": "A", "evse": 3}, "evse: not a whole number from 0 to 2"),
        ({"token": "A", "evses": 1}, "evses: not an array"),
        ({"token": "A", "evses": [1, 3]}, "evses: not an array of numbers from 1 to 2"),
    ],
)
async def test_swipe_errors(rig, parameters, error):
    station = await rig.station(NOWHERE)
    assert error in await refused(station, "swipe", **parameters)


async def test_any_string_is_a_legal_token(rig):
    station = await rig.station(NOWHERE)
    for token in ("", "04A1B2C3", '\0\n\t"\\', "\U0001f600é", "x" * 1023):
        await station.command("swipe", token=token)
        await station.command("swipe", token=token, type="eMAID", evses=[1, 2])


async def test_faults_come_and_go(rig):
    station = await rig.station(NOWHERE)
    await station.until(lambda s: connector(s)["status"] == "Available", "Available")
    await station.fault("GroundFailure")
    await station.fault("Any name at all")
    await station.until(lambda s: connector(s)["status"] == "Faulted", "Faulted")
    await station.fault("GroundFailure", on=False)
    await asyncio.sleep(0.1)
    assert connector(await station.state())["status"] == "Faulted"
    await station.fault("Any name at all", on=False)
    await station.until(lambda s: connector(s)["status"] == "Available", "Available")
    assert connector(await station.state(), 2)["status"] == "Available"


async def test_fault_errors(rig):
    station = await rig.station(NOWHERE)
    assert "error: missing" in await refused(station, "fault", evse=1)
    assert "error: empty" in await refused(station, "fault", evse=1, error="")
    assert "error: longer than 40" in await refused(station, "fault", evse=1, error="x" * 41)
    assert "set: neither true nor false" in await refused(
        station, "fault", evse=1, error="A", set=1
    )
    for number in range(6):
        await station.command("fault", evse=1, error=f"Fault{number}")
    assert "6 faults already" in await refused(station, "fault", evse=1, error="Fault6")
    await station.command("fault", evse=1, error="Fault3", set=False)
    await station.command("fault", evse=1, error="Fault6")
    await station.command("fault", evse=1, error="Unknown", set=False)


# ---- meter and clock


async def energy(station, evse=1):
    return (await station.state(evse))["energy_wh"]


async def test_the_meter_counts_at_the_rate_that_is_set(rig):
    station = await rig.station(NOWHERE)
    await station.command("meter", evse=1, energy_wh=1000.5, rate_w=3600)
    await station.command("clock", advance_s=7200)
    assert 8200 <= await energy(station) <= 8202
    assert await energy(station, 2) == 0
    await station.command("meter", evse=1, rate_w=json.loads("1800"))
    await station.command("clock", advance_s=3600)
    assert 10000 <= await energy(station) <= 10003


async def test_power_w_is_what_is_drawn(rig):
    station = await rig.station(NOWHERE)
    await station.command("meter", evse=0, power_w=11000)
    await station.command("clock", advance_s=36000)
    assert 110000 <= await energy(station, 1) <= 110010
    assert 110000 <= await energy(station, 2) <= 110010
    async with connect(station) as raw:  # null takes it back
        assert (await raw.ask('{"cmd": "meter", "power_w": null}'))["ok"]
    before = await energy(station)
    await station.command("clock", advance_s=36000)
    assert await energy(station) == before


async def test_a_timestamp_says_when_the_register_had_its_value(rig):
    station = await rig.station(NOWHERE)
    now = (await station.command("clock"))["time"]
    await station.command("clock", advance_s=3600)
    await station.command("meter", evse=1, energy_wh=5000, rate_w=2000, timestamp=now)
    assert 7000 <= await energy(station) <= 7002


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({}, "give energy_wh, power_w or rate_w"),
        ({"evse": 3, "power_w": 1}, "evse: not a whole number from 0 to 2"),
        ({"energy_wh": -1}, "energy_wh: not a number from 0 to 1000000000"),
        ({"energy_wh": "1"}, "energy_wh: not a number"),
        ({"power_w": 1.5}, "power_w: not a whole number from 0 to 4000000"),
        ({"rate_w": -1}, "rate_w: not a whole number"),
        ({"timestamp": "2026-01-01T00:00:00Z"}, "give energy_wh too"),
        ({"energy_wh": 1, "timestamp": "yesterday"}, "timestamp: not of the form"),
        ({"energy_wh": 1, "timestamp": 5}, "timestamp: not a string"),
    ],
)
async def test_meter_errors(rig, parameters, error):
    station = await rig.station(NOWHERE)
    assert error in await refused(station, "meter", **parameters)


async def test_the_register_survives_a_power_cut(rig):
    station = await rig.station(NOWHERE)
    await station.command("meter", evse=2, energy_wh=123456, rate_w=3600)
    await station.command("clock", advance_s=3600)
    station.exit_code = 3
    async with connect(station) as raw:
        await raw.send('{"cmd": "power_cut", "id": 1}')
        assert await raw.reader.read() == b""
    assert await station.charger.wait() == 3
    await station.start()
    station.exit_code = None
    assert 127056 <= await energy(station, 2) <= 127058
    assert connector(await station.state())["cp"] == "A"


async def test_the_register_survives_a_kill(rig):
    station = await rig.station(NOWHERE)
    await station.command("meter", evse=1, energy_wh=77)
    station.charger.process.kill()
    await station.charger.wait()
    await station.start()
    assert await energy(station) == 77


def seconds(stamp):
    hours, minutes, rest = stamp[11:-1].split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(rest)


async def test_the_clock_jumps(rig):
    station = await rig.station(NOWHERE)
    before = await station.command("clock")
    after = await station.command("clock", advance_s=1800.5)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", after["time"])
    assert 1800 <= (seconds(after["time"]) - seconds(before["time"])) % 86400 <= 1803
    assert after["factor"] == 1


async def test_the_clock_runs_faster(rig):
    station = await rig.station(NOWHERE)
    first = await station.command("clock", factor=600)
    assert first["factor"] == 600
    await asyncio.sleep(0.5)
    second = await station.command("clock", factor=0.5)
    assert 300 <= (seconds(second["time"]) - seconds(first["time"])) % 86400 <= 600
    assert second["factor"] == 0.5


async def test_a_jump_of_weeks_is_cut_into_days(rig):
    station = await rig.station(NOWHERE)
    await station.command("meter", evse=1, rate_w=1000)
    before = (await station.command("clock"))["time"]
    after = (await station.command("clock", advance_s=20 * 86400))["time"]
    assert after[:10] > before[:10]
    await station.until(lambda s: s["evses"][0]["energy_wh"] >= 480000, "the end of the jump", 30)
    assert (await station.command("clock"))["time"][:10] == after[:10]


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"advance_s": -1}, "advance_s: not a number from 0 to 31622400"),
        ({"advance_s": 1e9}, "advance_s: not a number"),
        ({"advance_s": "1"}, "advance_s: not a number"),
        ({"factor": 0}, "factor: not a number above 0 to 10000"),
        ({"factor": 10001}, "factor: not a number"),
    ],
)
async def test_clock_errors(rig, parameters, error):
    station = await rig.station(NOWHERE)
    assert error in await refused(station, "clock", **parameters)


# ---- events


async def next_event(station, timeout=5):
    return await asyncio.wait_for(station.control.events.get(), timeout)


async def test_events_are_for_the_client_that_asked(rig):
    station = await rig.station(NOWHERE)
    await station.until(lambda s: connector(s)["status"] == "Available", "Available")
    async with connect(station) as raw:
        assert (await raw.ask('{"cmd": "hook", "name": "status", "on": true}'))["ok"]
        await station.fault("GroundFailure")
        wanted = {"event": "status", "evse": 1, "connector": 1, "status": "Faulted"}
        assert await raw.receive() == wanted
        assert (await raw.ask('{"cmd": "hook", "name": "status", "on": false}'))["ok"]
        await station.fault("GroundFailure", on=False)
        await station.until(lambda s: connector(s)["status"] == "Available", "Available")
        assert "time" in await raw.ask('{"cmd": "clock"}')
    assert station.control.events.empty()


async def test_log_events(rig):
    station = await rig.station(NOWHERE)
    await station.command("hook", name="log", on=True)
    await station.command("reboot")
    event = await next_event(station)
    assert event["event"] == "log"
    assert event["level"] in ("DEBUG", "INFO", "WARNING", "ERROR")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", event["time"])
    assert event["text"]


async def test_hook_errors(rig):
    station = await rig.station(NOWHERE)
    assert "name: missing" in await refused(station, "hook", on=True)
    assert "name: not one of log, status" in await refused(station, "hook", name="x", on=True)
    assert "on: missing" in await refused(station, "hook", name="log")
    assert "up: missing" in await refused(station, "network")
    assert "seq: missing" in await refused(station, "reply")
    assert "nothing of that number" in await refused(station, "reply", seq=1, result={})


# ---- with a CSMS


async def test_relay_events_follow_the_contactor(rig):
    _, station = await rig.booted()
    await station.command("hook", name="relay", on=True)
    await station.swipe(evse=1)
    await station.ev("C")
    assert await next_event(station) == {
        "event": "relay",
        "evse": 1,
        "connector": 1,
        "relay": True,
    }
    await station.ev("B")
    assert (await next_event(station))["relay"] is False


async def test_a_car_that_obeys_lets_go_when_the_offer_is_taken_away(rig):
    _, station = await rig.booted()
    await station.ev("C")
    assert (await station.state(1))["cp"] == "C"  # nothing is offered yet
    await station.swipe(evse=1)
    await station.until_relay(True)
    assert (await station.state(1))["pwm"] < 100
    await station.command("hook", name="relay", on=True)
    await station.swipe(evse=1)
    assert (await next_event(station))["relay"] is False
    state = await station.state(1)
    assert (state["cp"], state["pwm"]) == ("B", 100)


async def test_a_car_lets_go_when_the_firmware_restarts(rig):
    csms, station = await rig.booted()
    await station.swipe(evse=1)
    await station.ev("C")
    await station.ev("C", evse=2)
    await station.until_relay(True)
    await station.command("reboot")
    await csms.expect("BootNotification", 10)
    assert (await station.state(1))["cp"] == "B"
    assert (await station.state(2))["cp"] == "C"


async def test_a_car_that_does_not_obey_draws_on(rig):
    _, station = await rig.booted()
    await station.swipe(evse=1)
    await station.ev("C", current=10, obeys=False)
    await station.until_relay(True)
    await station.command("ev", evse=1, connector=1, current=100, obeys=False)
    before = await energy(station)
    await station.command("clock", advance_s=3)
    assert abs(await energy(station) - before - 57) <= 3
    await station.swipe(evse=1)
    await station.until_relay(False)
    assert (await station.state(1))["cp"] == "C"


async def test_cable_and_temperature_errors(rig):
    station = await rig.station(NOWHERE)
    assert "give 13, 20, 32 or 63" in await refused(station, "plug", evse=1, cable=16)
    assert "celsius: missing" in await refused(station, "temperature", evse=1)
    assert "from -50 to 150" in await refused(station, "temperature", evse=1, celsius=200)
    assert connector(await station.state())["cp"] == "A"
    for cable in (13, 20, 32, 63):
        await station.plug(cable=cable)
    await station.temperature(85, evse=2)
    await station.temperature(-50)


async def test_with_a_fixed_cable_its_coding_is_ignored(rig):
    station = await rig.station(NOWHERE, fixed_cable=1)
    await station.plug(cable=13)
    assert connector(await station.state())["cp"] == "B"


async def test_a_fixed_cable_is_not_locked(rig):
    for fixed in (1, 0):
        _, station = await rig.booted(fixed_cable=fixed)
        await station.swipe(evse=1)
        await station.ev("C")
        await station.until_relay(True)
        assert (await station.state(1))["locked"] is not bool(fixed)


async def test_a_welded_contactor_stays_closed(rig):
    _, station = await rig.booted()
    await station.swipe(evse=1)
    await station.ev("C")
    await station.until_relay(True)
    await station.fault("WeldedContact")
    await station.unplug()
    await asyncio.sleep(0.3)
    assert connector(await station.state())["relay"] is True
    await station.fault("WeldedContact", on=False)
    await station.until_relay(False)


async def test_the_meter_follows_the_car(rig):
    _, station = await rig.booted()
    await station.swipe(evse=1)
    await station.ev("C", current=10, phases=2)
    await station.until_relay(True)
    before = await energy(station)
    await station.command("clock", advance_s=3600)
    assert before + 4600 <= await energy(station) <= before + 4602
    await station.ev("C", current=500, phases=1)  # the pilot offers at most 32 A here
    pwm = connector(await station.state())["pwm"]
    before = await energy(station)
    await station.command("clock", advance_s=3600)
    assert abs(await energy(station) - before - pwm * 0.6 * 230) <= 10


async def test_network_down_and_up(rig):
    csms, station = await rig.booted()
    await station.network(False)
    await csms.until(lambda: csms.socket is None, "end of the connection")
    await station.until(lambda s: not s["connected"], "not connected")
    await station.network(True)
    await csms.until(lambda: csms.socket, "connection")
    await station.until(lambda s: s["connected"], "connected")


async def test_reboot_is_in_place(rig):
    csms, station = await rig.booted()
    await station.plug()
    await station.fault("Temperature", evse=2)
    await station.command("meter", evse=1, energy_wh=5000)
    pid = station.charger.process.pid
    await station.command("reboot")
    boot = await csms.expect("BootNotification", 10)
    assert boot["reason"] == "LocalReset"
    assert station.charger.process.pid == pid
    state = await station.until(lambda s: s["connected"], "connected")
    assert connector(state)["cp"] == "B"
    assert state["evses"][0]["energy_wh"] == 5000
    await station.until(lambda s: connector(s, 2)["status"] == "Faulted", "Faulted")


async def test_data_transfer_to_the_csms(rig):
    csms, station = await rig.booted()
    data = {"a": [1, 2.50, None, True, "\u20ac\n"]}
    csms.answer("DataTransfer", {"status": "Accepted", "data": data})
    reply = await station.command(
        "data_transfer", vendorId="com.example", messageId="M", data=data
    )
    assert reply["status"] == "Accepted"
    assert reply["data"] == data
    assert await csms.expect("DataTransfer") == {
        "vendorId": "com.example",
        "messageId": "M",
        "data": data,
    }
    csms.answer("DataTransfer", {"status": "UnknownVendorId"})
    reply = await station.command("data_transfer", vendorId="com.example")
    assert reply["status"] == "UnknownVendorId"
    assert "data" not in reply
    assert await csms.expect("DataTransfer") == {"vendorId": "com.example"}


async def test_data_transfer_errors(rig):
    station = await rig.station(NOWHERE)
    assert "vendorId: missing" in await refused(station, "data_transfer")
    assert "vendorId: not a string" in await refused(station, "data_transfer", vendorId=1)
    assert "messageId: not a string" in await refused(
        station, "data_transfer", vendorId="a", messageId={}
    )


async def test_data_transfer_ends_with_a_restart(rig):
    csms, station = await rig.booted()
    csms.answer("DataTransfer", STALL)
    asking = asyncio.create_task(refused(station, "data_transfer", vendorId="a"))
    await csms.expect("DataTransfer")
    await station.command("reboot")
    assert re.search("restarted|connection was lost|not connected", await asking)


async def test_the_hook_answers_a_data_transfer_of_the_csms(rig):
    csms, station = await rig.booted()
    await station.command("hook", name="data_transfer", on=True)
    request = {"vendorId": "V", "messageId": "M", "data": [{"x": 1}, "\n"]}
    asking = asyncio.create_task(csms.call("DataTransfer", request))
    event = await next_event(station)
    seq = event.pop("seq")
    assert event == {"event": "data_transfer", **request}
    assert "result: give" in await refused(station, "reply", seq=seq, result={"data": 1})
    result = {"status": "Accepted", "data": {"y": [2]}}
    await station.command("reply", seq=seq, result=result)
    assert await asking == result
    assert "nothing of that number" in await refused(station, "reply", seq=seq, result=result)


async def test_when_nobody_is_left_to_reply_the_csms_is_refused(rig):
    csms, station = await rig.booted()
    async with connect(station) as raw:
        await raw.ask('{"cmd": "hook", "name": "data_transfer", "on": true}')
        asking = asyncio.create_task(csms.call("DataTransfer", {"vendorId": "V"}))
        assert (await raw.receive())["event"] == "data_transfer"
    assert (await asking)["status"] == "Rejected"


async def test_a_jump_of_weeks_breaks_no_connection(rig):
    csms, station = await rig.booted()
    await station.command("meter", evse=1, rate_w=1000)
    await station.command("clock", advance_s=31 * 86400)
    await station.until(lambda s: s["evses"][0]["energy_wh"] >= 744000, "the end of the jump", 30)
    await rig.quiet(csms)
    assert (await station.state())["connected"]
    assert "next attempt" not in "\n".join(station.log)
