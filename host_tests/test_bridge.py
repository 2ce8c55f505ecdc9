"""tools/bridge.py: its settings, both lines, and how it ends, with a program in place of QEMU."""

import asyncio
import json
import os
import pathlib
import signal
import subprocess
import sys

import pytest
from conftest import ROOT

from tools import bridge

# Plays QEMU and the chip: connects to both lines, says that it listens, does as it is told.
_CHIP = """#!%s
import os, re, socket, sys, time
paths = re.findall(r"(?:unix:|path=)(\\S+?)(?=,| |$)", " ".join(sys.argv))
control, network = (socket.socket(socket.AF_UNIX) for _ in range(2))
control.connect(paths[0]); network.connect(paths[1])
%s
"""


@pytest.fixture
def chip(tmp_path, monkeypatch):
    """Gives a function: run a bridge with a qemu-system-arm that plays this script."""
    image = tmp_path / "firmware.elf"
    image.write_bytes(bytes(18) + (40).to_bytes(2, "little"))
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

    def run(script, *arguments, **more):
        program = tmp_path / "qemu-system-arm"
        program.write_text(_CHIP % (sys.executable, script))
        program.chmod(0o755)
        words = [sys.executable, ROOT / "tools" / "bridge.py", "--image", image, *arguments]
        return subprocess.Popen(
            [str(word) for word in words], stderr=subprocess.PIPE, text=True, **more
        )

    return run


def _end(process):
    _, log = process.communicate(timeout=30)
    return process.returncode, log


@pytest.mark.parametrize("code", [0, 1, 2, 3, 4])
def test_the_chips_exit_status_is_the_bridges(chip, code):
    assert _end(chip(f"sys.exit({code})"))[0] == code


def test_a_chip_that_dies_is_told(chip):
    code, log = _end(chip("os.kill(os.getpid(), 9)"))
    assert code == bridge.EXIT_KILLED
    assert "ended by signal 9" in log


def test_asked_to_end_it_ends_the_chip(chip, tmp_path):
    note = tmp_path / "pid"
    script = f"open({str(note)!r}, 'w').write(str(os.getpid())); control.recv(1); time.sleep(60)"
    process = chip(script)
    while not (note.exists() and note.read_text()):
        assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    assert _end(process)[0] == 0
    with pytest.raises(ProcessLookupError):
        os.kill(int(note.read_text()), 0)


def test_asked_to_end_it_lets_the_chip_say_goodbye(chip, tmp_path):
    note = tmp_path / "lines"
    script = f"""
out = open({str(note)!r}, "w")
out.write("ready\\n"); out.flush()
out.write(repr(control.makefile("rb").readline())); out.flush()
"""
    process = chip(script)
    while not (note.exists() and note.read_text()):
        assert process.poll() is None
    process.send_signal(signal.SIGHUP)
    assert _end(process)[0] == 0
    assert note.read_text() == "ready\nb'.\\n'"


def test_asked_again_it_ends_the_chip(chip, tmp_path):
    note = tmp_path / "lines"
    script = f"""
out = open({str(note)!r}, "w")
out.write("ready"); out.flush()
control.makefile("rb").readline()
out.write(" asked"); out.flush()
time.sleep(60)
"""
    process = chip(script)
    for word, number in (("ready", signal.SIGTERM), ("asked", signal.SIGTERM)):
        while not (note.exists() and note.read_text().endswith(word)):
            assert process.poll() is None
        process.send_signal(number)
    assert _end(process)[0] == 0


def test_its_log_is_the_chips(chip):
    assert "ERROR stack overflow" in _end(chip("os.write(2, b'ERROR stack overflow\\n')"))[1]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--control", "9100"], "give host:port"),
        (["--control", "127.0.0.1:99999"], "give host:port"),
        (["--overrides", "/nowhere/file.json"], "/nowhere/file.json"),
        (["--password", "x" * 15], "16 to 40 characters"),
        (["--password", "x" * 16, "--id", "a:b"], "security profile 0 or 3"),
        (["--rating", "16,16,16"], "one for each of the 2 EVSEs"),
        (["--rating", "5"], "6 to 80"),
        (["--supply", "-1"], "1 to 10000"),
        (["--fixed-cable", "yes"], "give 1 for cables"),
        (["--image", "/nowhere/firmware.elf"], "/nowhere/firmware.elf"),
        (["--image", str(ROOT / "Makefile")], "not for a chip that is known"),
        (["--frobnicate"], "--frobnicate"),
    ],
)
def test_wrong_settings_are_told(chip, arguments, text):
    code, log = _end(chip("time.sleep(60)", *arguments))
    assert code == 2
    assert text in log
    assert "Traceback" not in log


def test_without_qemu_it_says_what_is_missing(chip, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    code, log = _end(chip("pass"))
    assert code == 2
    assert "qemu-system-arm" in log and "make image" in log
    assert "Traceback" not in log


# ---- settings


def _settings(*arguments):
    return bridge.settings_text(bridge.read_options(list(arguments)))


def test_settings_are_lines(monkeypatch):
    monkeypatch.setenv("STATION_ID", "from the environment")
    assert "id=from the environment\n" in _settings()
    assert "id=given\n" in _settings("--id", "given")
    assert "key_passphrase=100%25%0A\n" in _settings("--key-passphrase", "100%\n")


def test_the_installation_is_in_the_settings(monkeypatch):
    text = _settings("--evses", "1,2", "--rating", "16,63", "--supply", "80")
    assert {"rating=16,63", "supply=80", "fixed_cable=0"} <= set(text.splitlines())
    monkeypatch.setenv("STATION_FIXED_CABLE", "1")
    assert "fixed_cable=1\n" in _settings()


@pytest.mark.parametrize(
    ("arguments", "profile"),
    [
        ([], "0"),
        (["--password", "x" * 16], "1"),
        (["--password", "x" * 16, "--csms-url", "wss://a"], "2"),
        (["--csms-url", "wss://a"], "3"),
        (["--password", "x" * 16, "--security-profile", "0"], "0"),
    ],
)
def test_the_security_profile_is_the_highest_possible(arguments, profile):
    assert f"security_profile={profile}\n" in _settings(*arguments)


def test_overrides(tmp_path):
    file = tmp_path / "overrides.json"
    file.write_text(json.dumps([{"component": "A", "variable": "B", "evse": 2, "value": "x"}]))
    assert _settings("--overrides", str(file)).endswith(
        "override==A%1F%1F#2%1F%1F=B%1F%1F%1F=x%1F\n"
    )


@pytest.mark.parametrize("text", ["{", "{}", "[1]", '[{"component": "A"}]'])
def test_wrong_overrides_are_told(tmp_path, text):
    file = tmp_path / "overrides.json"
    file.write_text(text)
    with pytest.raises(bridge.WrongSettings, match="--overrides"):
        bridge.read_overrides(str(file))


# ---- the lines


def test_commands_and_data_at_every_split():
    sent = b"abc\x10\x10d\x10C1host 00080\nGET\x10X\x10?e"
    whole = [("", b"abc\x10d"), ("C", "1host 00080"), ("", b"GET"), ("X", ""), ("?", "")]
    whole.append(("", b"e"))

    def joined(parts):
        found = []
        for letter, argument in parts:
            if letter == "" and found and found[-1][0] == "":
                argument = found.pop()[1] + argument
            found.append((letter, argument))
        return found

    for at in range(len(sent) + 1):
        parser = bridge.LineParser()
        assert joined([*parser.feed(sent[:at]), *parser.feed(sent[at:])]) == whole


class _Wire:
    """A line to the chip: what the bridge writes is in `sent`."""

    def __init__(self):
        self.reader = asyncio.StreamReader()
        self.sent = b""
        self.changed = asyncio.Event()

    def write(self, data):
        self.sent += data
        self.changed.set()

    async def drain(self):
        pass

    async def until(self, data):
        async with asyncio.timeout(10):
            while data not in self.sent:
                self.changed.clear()
                await self.changed.wait()


async def _listener(serve):
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    return server, server.sockets[0].getsockname()[1]


async def test_a_connection_through_the_module():
    heard = asyncio.Queue()

    async def serve(reader, writer):
        await heard.put(await reader.readexactly(3))
        writer.write(b"x\x10y")
        writer.close()

    server, port = await _listener(serve)
    wire = _Wire()
    module = asyncio.create_task(bridge.SerialEthernet(wire.reader, wire).run())
    wire.reader.feed_data(b"\x10C7127.0.0.1 %05d\n" % port)
    await wire.until(b"\x10O7")
    wire.reader.feed_data(b"a\x10\x10c")
    await wire.until(b"\x10Z7")
    assert wire.sent == b"\x10O7x\x10\x10y\x10Z7"
    assert await heard.get() == b"a\x10c"
    wire.reader.feed_eof()
    await module
    server.close()


async def test_a_refused_connection_is_told():
    server, port = await _listener(lambda reader, writer: None)
    server.close()
    await server.wait_closed()
    wire = _Wire()
    module = asyncio.create_task(bridge.SerialEthernet(wire.reader, wire).run())
    wire.reader.feed_data(b"\x10C3127.0.0.1 %05d\n" % port)
    await wire.until(b"\x10R3")
    wire.reader.feed_eof()
    await module


async def test_control_clients_share_the_line():
    wire = _Wire()
    hub = bridge.ControlHub(wire.reader, wire)
    running = asyncio.create_task(hub.run())
    server, port = await _listener(hub.serve)
    clients = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
    await wire.until(b"a+\n")
    await wire.until(b"b+\n")
    clients[1][1].write(b'{"cmd": "state"}\r\n')
    await wire.until(b'b={"cmd": "state"}\n')
    wire.reader.feed_data(b'b={"ok": true}\n?=nobody\n')
    assert await clients[1][0].readline() == b'{"ok": true}\n'
    clients[0][1].write(b"!\n")
    await wire.until(b"!\n")
    wire.reader.feed_data(b'!{"heap": 1}\n')
    assert await clients[0][0].readline() == b'{"heap": 1}\n'
    clients[0][1].close()
    await wire.until(b"a-\n")
    clients[1][1].close()
    await wire.until(b"b-\n")
    wire.reader.feed_eof()
    await running
    server.close()


async def test_more_control_clients_than_the_chip_has_room_for(monkeypatch):
    monkeypatch.setattr(bridge, "_ROOM_S", 0.01)
    wire = _Wire()
    hub = bridge.ControlHub(wire.reader, wire)
    server, port = await _listener(hub.serve)
    clients = []
    for letter in bridge._CLIENTS:
        clients.append(await asyncio.open_connection("127.0.0.1", port))
        await wire.until(letter.encode() + b"+\n")
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    assert "too many" in json.loads(await reader.readline())["error"]
    for _, client in [*clients, (reader, writer)]:
        client.close()
    await wire.until(bridge._CLIENTS[-1].encode() + b"-\n")
    server.close()


def test_the_unix_build_has_the_same_options():
    page = (ROOT / "boards" / "unix" / "options.c").read_text(encoding="utf-8")
    missing = [option.name for option in bridge.OPTIONS if f'"{option.name}"' not in page]
    assert not missing
    assert pathlib.Path(bridge.IMAGE).name == "firmware.elf"
