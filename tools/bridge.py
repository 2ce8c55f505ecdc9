#!/usr/bin/env python3
"""Run the image of an emulated chip in QEMU, and be the world around it.

    tools/bridge.py --csms-url ws://127.0.0.1:9000 --id CS001 --control 127.0.0.1:9100

Behaves like build/unix/pilotwire: the same options and environment variables, the same control
socket, log on standard error, exit codes (and 1: the firmware hangs, 4: processor fault or
stack overflow). This end of the two UARTs is a serial-to-Ethernet module and a hub for control
connections; boards/emulated/README.md describes both lines.
"""

import argparse
import asyncio
import contextlib
import ctypes
import json
import os
import pathlib
import signal
import socket
import sys
import tempfile
from typing import NamedTuple

ROOT = pathlib.Path(__file__).resolve().parents[1]
IMAGE = ROOT / "build" / "cortex_m3" / "firmware.elf"

EXIT_WRONG_SETTINGS = 2
EXIT_KILLED = 5

ESCAPE = 0x10
_CONNECT_S = 20
_HOLD_ABOVE = 8192  # bytes that wait for the network
_CLIENTS = "abcdef"
_QUIT = b".\n"  # a line that asks the charger to say goodbye to its CSMS, and to end
_FACTS = b"!"  # a line that asks for the facts of measurements; with a word: for a trial
_LINE_MAX = 1 << 20
_END_S = 3
_ROOM_S = 1
_PR_SET_PDEATHSIG = 1


class Option(NamedTuple):
    """A setting of the charger: name without dashes, default, meaning."""

    name: str
    fallback: str | None
    meaning: str

    @property
    def variable(self) -> str:
        return "STATION_" + self.name.upper().replace("-", "_")


# As boards/unix has them.
OPTIONS = (
    Option("csms-url", "ws://127.0.0.1:9000", "where the CSMS is"),
    Option("id", "CS001", "identity; user name of basic authentication"),
    Option("password", None, "password of basic authentication, at least 16 characters"),
    Option("security-profile", None, "1 ws + basic auth, 0 none; 2 and 3 need an image with TLS"),
    Option("ocpp-version", "ocpp2.0.1", "sub-protocols to offer, comma separated, best first"),
    Option("storage", None, "folder of what survives a power cut; created if missing"),
    Option("overrides", None, "JSON file with device-model factory defaults"),
    Option("evses", "1,1", "connectors of each EVSE"),
    Option("rating", "32", "A per phase of the outlets: one number, or one for each EVSE"),
    Option("supply", "0", "A per phase of the grid connection, shared; 0: not limited"),
    Option("fixed-cable", "0", "1: cables fixed to the station, of its rating"),
    Option("certs", None, "certificate directory (needs an image with TLS)"),
    Option("key-passphrase", None, "of encrypted private keys in it"),
    Option("control", None, "host:port where to listen for control connections"),
    Option("boot-reason", None, "reason in the first BootNotification, else found out"),
    Option("heap", None, "bytes of MicroPython heap, else what the image was built with"),
)
OVERRIDE_FIELDS = (
    "component component_instance evse connector variable instance attribute value mutability"
).split()


class WrongSettings(Exception):
    """The text says which setting, and what would be right."""


# ---- settings


def read_options(arguments: list[str]) -> argparse.Namespace:
    """Options of the charger, and how to emulate it."""
    parser = argparse.ArgumentParser(
        prog="tools/bridge.py",
        description="The charger's firmware on an emulated chip. Each setting is an option or "
        "an environment variable (STATION_ID, ...); the option wins.",
    )
    for option in OPTIONS:
        default = os.environ.get(option.variable) or option.fallback
        text = f"{option.meaning} ({option.variable})"
        parser.add_argument(f"--{option.name}", default=default, metavar="VALUE", help=text)
    parser.add_argument("--image", default=os.environ.get("IMAGE") or str(IMAGE), metavar="ELF")
    parser.add_argument(
        "--icount",
        action="store_true",
        help="time is counted in instructions of 16 ns each: exact and repeatable",
    )
    return parser.parse_args(arguments)


def _override_field(value: object) -> str:
    if value is None:
        return ""
    return f"#{value}" if isinstance(value, int) else f"={value}"


def _override_line(entry: object) -> str:
    if not isinstance(entry, dict) or not {"component", "variable"} <= entry.keys():
        raise WrongSettings(f"--overrides: {entry}: neither component nor variable")
    unknown = entry.keys() - set(OVERRIDE_FIELDS)
    if unknown:
        raise WrongSettings(f"--overrides: {entry}: no such field: {', '.join(unknown)}")
    fields = (entry.get(name) for name in OVERRIDE_FIELDS)
    return "\x1f".join(_override_field(field) for field in fields)


def read_overrides(path: str | None) -> list[str]:
    """Overrides as the board reads them.

    Fields are separated by 0x1f; each is empty, `=` and a text, or `#` and a number.
    """
    if not path:
        return []
    try:
        entries = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise WrongSettings(f"--overrides {path}: {error}") from error
    if not isinstance(entries, list):
        raise WrongSettings(f"--overrides {path}: not a list")
    return [_override_line(entry) for entry in entries]


def _escaped(value: str) -> str:
    return "".join(f"%{ord(c):02X}" if c < " " or c == "%" else c for c in value)


def _security_profile(options: argparse.Namespace) -> str:
    """The given one, or the highest that the other settings allow."""
    if options.security_profile:
        return options.security_profile
    if options.csms_url.startswith("wss:"):
        return "2" if options.password else "3"
    return "1" if options.password else "0"


def _whole(text: str, least: int, most: int) -> bool:
    return text.isascii() and text.isdecimal() and least <= int(text) <= most


def _check_installation(options: argparse.Namespace) -> None:
    """As the unix board checks them (boards/unix/options_check.c)."""
    ratings = options.rating.split(",")
    evses = options.evses.count(",") + 1
    if len(ratings) not in (1, evses) or not all(_whole(word, 6, 80) for word in ratings):
        raise WrongSettings(
            f"--rating {options.rating}: give A per phase, 6 to 80: one number, or one for each"
            f" of the {evses} EVSEs, as in {'16,32' if evses > 1 else '16'}"
        )
    if not _whole(options.supply, 0, 10000):
        raise WrongSettings(
            f"--supply {options.supply}: give A per phase, 1 to 10000, or 0: not limited"
        )
    if options.fixed_cable not in ("0", "1"):
        raise WrongSettings(
            f"--fixed-cable {options.fixed_cable}: give 1 for cables that are fixed to the"
            " station, else 0"
        )


def _check_identity(options: argparse.Namespace) -> None:
    if options.password and len(options.password) < 16:
        raise WrongSettings(
            "--password (not shown): shorter than 16 characters; OCPP allows 16 to 40 characters"
        )
    if ":" in options.id and options.security_profile in ("1", "2"):
        raise WrongSettings(
            f"--id {options.id}: has a colon, which basic authentication (security profiles 1"
            " and 2) can't carry; give an identity without one, or security profile 0 or 3"
        )


def settings_text(options: argparse.Namespace) -> str:
    """The file of settings that the board reads by semihosting.

    Raises: WrongSettings.
    """
    _check_installation(options)
    options.security_profile = _security_profile(options)
    _check_identity(options)
    lines = []
    for option in OPTIONS:
        name = option.name.replace("-", "_")
        value = getattr(options, name)
        if value and name not in ("control", "overrides"):
            lines.append(f"{name}={_escaped(value)}")
    lines += [f"override={_escaped(line)}" for line in read_overrides(options.overrides)]
    return "".join(line + "\n" for line in lines)


def control_address(text: str | None) -> tuple[str, int] | None:
    if not text:
        return None
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65535 or not host:
        raise WrongSettings(f"--control {text}: give host:port, as in 127.0.0.1:9100")
    return host.strip("[]"), int(port)


# ---- the serial-to-Ethernet module


class LineParser:
    """Separates data from commands in what the charger sends: (letter, argument) or ("", data)."""

    def __init__(self):
        self._rest = b""

    def feed(self, data: bytes):
        rest = self._rest + data
        while rest:
            at = rest.find(ESCAPE)
            if at != 0:
                end = len(rest) if at < 0 else at
                yield "", rest[:end]
                rest = rest[end:]
                continue
            if len(rest) < 2:
                break
            letter = chr(rest[1])
            if rest[1] == ESCAPE:
                yield "", rest[:1]
                rest = rest[2:]
            elif letter == "C":
                end = rest.find(b"\n")
                if end < 0:
                    break
                yield letter, rest[2:end].decode("ascii", "replace")
                rest = rest[end + 1 :]
            else:
                yield letter, ""
                rest = rest[2:]
        self._rest = rest


class SerialEthernet:
    """The module on the network UART: one TCP connection at a time, by the charger's commands."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        self._reader = reader
        self._writer = writer
        self._number = "0"
        self._connection: asyncio.StreamWriter | None = None
        self._task: asyncio.Task | None = None
        self._drain: asyncio.Task | None = None

    async def run(self):
        parser = LineParser()
        while data := await self._reader.read(4096):
            for letter, argument in parser.feed(data):
                if letter == "":
                    self._send(argument)
                elif letter == "C":
                    self._close()
                    self._number = argument[0]
                    host, _, port = argument[1:].partition(" ")
                    self._task = asyncio.create_task(self._connect(host, int(port)))
                elif letter == "X":
                    self._close()
        self._close()

    def _event(self, letter: str):
        self._writer.write(bytes((ESCAPE,)) + (letter + self._number).encode())

    def _send(self, data: bytes):
        if self._connection is None:
            return
        self._connection.write(data)
        if self._drain is None and self._waiting(self._connection) > _HOLD_ABOVE:
            self._event("H")
            self._drain = asyncio.create_task(self._go_on(self._connection))

    @staticmethod
    def _waiting(connection: asyncio.StreamWriter) -> int:
        return connection.transport.get_write_buffer_size()

    async def _go_on(self, connection: asyncio.StreamWriter):
        with contextlib.suppress(OSError):
            await connection.drain()
        self._event("G")
        self._drain = None

    def _close(self):
        for task in (self._task, self._drain):
            if task is not None:
                task.cancel()
        if self._connection is not None:
            self._connection.close()
        self._task = self._drain = self._connection = None

    async def _connect(self, host: str, port: int):
        try:
            reader, connection = await asyncio.wait_for(
                asyncio.open_connection(host.strip("[]"), port), _CONNECT_S
            )
        except socket.gaierror:
            self._event("N")
        except ConnectionRefusedError:
            self._event("R")
        except (OSError, TimeoutError):
            self._event("T")
        else:
            connection.get_extra_info("socket").setsockopt(
                socket.IPPROTO_TCP, socket.TCP_NODELAY, 1
            )
            connection.transport.set_write_buffer_limits(high=_HOLD_ABOVE)
            self._connection = connection
            self._event("O")
            await self._receive(reader)

    async def _receive(self, reader: asyncio.StreamReader):
        escape = bytes((ESCAPE,))
        with contextlib.suppress(OSError):
            while data := await reader.read(2048):
                self._writer.write(data.replace(escape, escape * 2))
                await self._writer.drain()
        self._event("Z")
        if self._connection is not None:
            self._connection.close()
        self._connection = None


# ---- the control line


class ControlHub:
    """The control connections, multiplexed on one UART."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        self._reader = reader
        self._writer = writer
        self._clients: dict[str, asyncio.StreamWriter] = {}
        self._free: asyncio.Queue[str] = asyncio.Queue()
        for letter in _CLIENTS:
            self._free.put_nowait(letter)
        self._curious: list[asyncio.StreamWriter] = []

    async def ready(self):
        """Waits until the chip listens: what is sent earlier is lost."""
        await self._reader.readline()

    async def run(self):
        """Hands lines of the charger to the clients."""
        while line := await self._reader.readline():
            if line[:1] == _FACTS:
                for client in self._curious:
                    client.write(line[1:])
                self._curious.clear()
            client = self._clients.get(chr(line[0]))
            if client is None:
                continue
            if line[1:2] == b"=":
                client.write(line[2:])
            else:
                client.close()

    async def serve(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter):
        """One control connection."""
        try:
            # One that has just gone makes room for it.
            letter = await asyncio.wait_for(self._free.get(), _ROOM_S)
        except TimeoutError:
            client.write(b'{"id":null,"ok":false,"error":"too many control connections"}\n')
            client.close()
            return
        self._clients[letter] = client
        self._put(letter, b"+\n")
        try:
            while line := await reader.readline():
                if line[:1] == _FACTS:
                    if line.strip() == _FACTS:
                        self._curious.append(client)
                    self._writer.write(line.strip() + b"\n")
                    continue
                self._put(letter, b"=" + line.rstrip(b"\r\n") + b"\n")
                await self._writer.drain()
        except (OSError, ValueError, asyncio.CancelledError):
            pass  # gone, no control client at all, or the charger has ended
        finally:
            self._put(letter, b"-\n")
            del self._clients[letter]
            self._free.put_nowait(letter)
            client.close()

    def _put(self, letter: str, rest: bytes):
        self._writer.write(letter.encode() + rest)


# ---- QEMU


class Line:
    """One end of a UART: a UNIX socket that QEMU connects to."""

    def __init__(self, folder: str, name: str):
        self.path = os.path.join(folder, name)
        self.opened: asyncio.Future = asyncio.get_running_loop().create_future()
        self._server: asyncio.Server | None = None

    async def listen(self):
        def connected(reader, writer):
            if not self.opened.done():
                self.opened.set_result((reader, writer))

        self._server = await asyncio.start_unix_server(connected, self.path, limit=_LINE_MAX)


def _cortex_m3(control: Line, network: Line) -> list[str]:
    command = ["qemu-system-arm", "-M", "netduino2"]
    return [*command, "-serial", f"unix:{control.path}", "-serial", f"unix:{network.path}"]


def _rv32(control: Line, network: Line) -> list[str]:
    command = ["qemu-system-riscv32", "-M", "virt", "-bios", "none", "-m", "8M"]
    command += ["-serial", f"unix:{network.path}"]
    command += ["-chardev", f"socket,id=control,path={control.path}"]
    return [*command, "-device", "pci-serial,chardev=control,addr=1"]


# By the processor that the image's ELF header names.
MACHINES = {40: _cortex_m3, 243: _rv32}


def qemu_command(
    options: argparse.Namespace, settings: str, control: Line, network: Line
) -> list[str]:
    with pathlib.Path(options.image).open("rb") as image:
        processor = int.from_bytes(image.read(20)[18:], "little")
    if processor not in MACHINES:
        raise WrongSettings(f"--image {options.image}: not for a chip that is known here")
    command = MACHINES[processor](control, network)
    command += ["-nographic", "-monitor", "none", "-kernel", options.image]
    command += ["-semihosting-config", f"enable=on,target=native,arg={settings}"]
    if options.icount:
        command += ["-icount", "shift=4"]
    return command


def _end_with_parent() -> None:
    """In QEMU's process: it doesn't outlive a bridge that is killed (Linux: prctl(2))."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


async def _run_lines(control: Line, network: Line, address: tuple[str, int] | None):
    hub = ControlHub(*await control.opened)
    module = SerialEthernet(*await network.opened)
    await hub.ready()
    if address is not None:
        await asyncio.start_server(hub.serve, *address, limit=_LINE_MAX)
    await asyncio.gather(hub.run(), module.run())


async def _end(process: asyncio.subprocess.Process):
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), _END_S)
    except TimeoutError:
        process.kill()


async def emulate(options: argparse.Namespace, folder: str) -> int:
    """Runs the charger; returns its exit code."""
    address = control_address(options.control)
    if options.storage is None:
        options.storage = folder
    pathlib.Path(options.storage).mkdir(parents=True, exist_ok=True)
    options.storage = str(pathlib.Path(options.storage).resolve())
    settings = pathlib.Path(folder) / "settings"
    settings.write_text(settings_text(options), encoding="utf-8")
    control, network = Line(folder, "control"), Line(folder, "network")
    for line in (control, network):
        await line.listen()
    asked_to_end, at_once = asyncio.Event(), asyncio.Event()

    def ask():
        (at_once if asked_to_end.is_set() else asked_to_end).set()

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, ask)
    command = qemu_command(options, str(settings), control, network)
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.DEVNULL, preexec_fn=_end_with_parent
        )
    except OSError as error:
        why = f"{command[0]}: {error.strerror}; `make image` installs it"
        raise WrongSettings(why) from error
    lines = asyncio.create_task(_run_lines(control, network, address))
    ended = asyncio.create_task(process.wait())
    asked = asyncio.create_task(asked_to_end.wait())
    await asyncio.wait({ended, asked, lines}, return_when=asyncio.FIRST_COMPLETED)
    by_itself = not asked.done()
    if by_itself:
        # A line that breaks is QEMU ending, or this program's mistake.
        await asyncio.wait({ended}, timeout=_END_S)
        by_itself = ended.done()
    elif control.opened.done():
        control.opened.result()[1].write(_QUIT)
        hurry = asyncio.create_task(at_once.wait())
        wait = {ended, hurry}
        await asyncio.wait(wait, timeout=_END_S, return_when=asyncio.FIRST_COMPLETED)
        hurry.cancel()
    if not ended.done():
        await _end(process)
    lines.cancel()
    with contextlib.suppress(OSError, asyncio.CancelledError):
        await lines
    code = await ended
    if by_itself and code < 0:
        print(f"bridge: {command[0]} was ended by signal {-code}", file=sys.stderr)
        return EXIT_KILLED
    return code if by_itself else 0


def main() -> int:
    options = read_options(sys.argv[1:])
    if not pathlib.Path(options.image).exists():
        print(f"bridge: {options.image}: no such image; `make image` makes it", file=sys.stderr)
        return EXIT_WRONG_SETTINGS
    try:
        with tempfile.TemporaryDirectory(prefix="pilotwire-") as folder:
            return asyncio.run(emulate(options, folder))
    except WrongSettings as error:
        print(f"bridge: {error}", file=sys.stderr)
        return EXIT_WRONG_SETTINGS


if __name__ == "__main__":
    sys.exit(main())
