"""The station as its CSMS sees it: how fast it answers, what it takes to the BootNotification.

The real build/unix/pilotwire talks to a CSMS of a few lines on the loopback, which has its
requests ready as bytes and asks the next thing once the last one is answered. What is counted per
second depends on the machine, instructions do not: callgrind counts a run of N requests and one of
2 N.

Heap: what the firmware has in use after a collection, while its BootNotification is unanswered.
"""

import asyncio
import base64
import hashlib
import re
import statistics
import tempfile
import time
from pathlib import Path

from tools.csms.charger import Charger

BOOTS = 5  # the median counts
SECONDS = 3.0  # of asking
REQUESTS = 150  # the first N under callgrind
_PATIENCE_S = 120  # callgrind is slow
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_ACCEPTED = (
    b'{"currentTime":"2026-01-01T00:00:00Z","interval":86400,"status":"Accepted"}'  # no heartbeat
)
# A request of about 150 bytes, and one of a Heartbeat's size.
_ASKED = {
    "get_variables": b'[2,"%d","GetVariables",{"getVariableData":[{"component":{"name":'
    b'"OCPPCommCtrlr"},"variable":{"name":"HeartbeatInterval"}}]}]',
    "data_transfer": b'[2,"%d","DataTransfer",{"vendorId":"x"}]',
}


class StationBenchError(Exception):
    """The station did not say what it should."""


class Connection:
    """The WebSocket of one station, from the CSMS's side; whole frames of at most 64 kB."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def open(self) -> None:
        request = await self._reader.readuntil(b"\r\n\r\n")
        key = re.search(rb"Sec-WebSocket-Key: *(\S+)", request, re.I)
        if key is None:
            raise StationBenchError(f"no opening handshake: {request!r}")
        accept = base64.b64encode(hashlib.sha1(key[1] + _GUID).digest())
        self._writer.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Protocol: ocpp2.0.1\r\nSec-WebSocket-Accept: %s\r\n\r\n" % accept
        )

    def send(self, text: bytes) -> None:
        size = len(text)
        head = bytes((0x81, size)) if size < 126 else b"\x81\x7e" + size.to_bytes(2, "big")
        self._writer.write(head + text)

    async def receive(self) -> bytes:
        """The next text message."""
        text = b""
        while True:
            first, second = await self._reader.readexactly(2)
            size = second & 127
            if size == 126:
                size = int.from_bytes(await self._reader.readexactly(2), "big")
            mask = await self._reader.readexactly(4)
            data = await self._reader.readexactly(size)
            key = int.from_bytes((mask * (size // 4 + 1))[:size], "big")
            text += (int.from_bytes(data, "big") ^ key).to_bytes(size, "big")
            if first == 0x80 or first == 0x81:
                return text
            if first & 0x0F > 1:
                raise StationBenchError(f"frame {first:#x} instead of an answer: {text!r}")


class Session:
    """One life of the station, up to the BootNotification; use as `async with`.

    Attributes:
        connection: Connection. boot_s: from the start of the process to the BootNotification.
        charger: its process; its control connection is there when `control` is true.
    """

    def __init__(self, binary: Path, folder: Path, callgrind: bool = False) -> None:
        command = [str(binary)]
        self.counts = folder / "callgrind"
        if callgrind:
            output = f"--callgrind-out-file={self.counts}"
            command = ["valgrind", "--tool=callgrind", output, *command]
        self._command = command
        self._arrived: asyncio.Future[Connection] = asyncio.get_running_loop().create_future()
        self.boot_s = 0.0

    async def __aenter__(self) -> "Session":
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self._server = server
        port = server.sockets[0].getsockname()[1]
        options = {"csms-url": f"ws://127.0.0.1:{port}", "id": "CS001", "security-profile": "0"}
        self.charger = Charger(options, command=self._command)
        self._started = time.monotonic()
        await self.charger.start()
        try:
            self.connection = await asyncio.wait_for(self._arrived, _PATIENCE_S)
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.charger.stop()
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._arrived.done():
            writer.close()
            return
        connection = Connection(reader, writer)
        await connection.open()
        self._boot = await connection.receive()
        self.boot_s = time.monotonic() - self._started
        self._arrived.set_result(connection)

    async def accept(self) -> None:
        """Let the station in, and hear what it says then."""
        await self._answer(self._boot, b"BootNotification", _ACCEPTED)
        for _ in range(2):
            await self._answer(await self.connection.receive(), b"StatusNotification", b"{}")

    async def _answer(self, call: bytes, action: bytes, payload: bytes) -> None:
        said = re.match(rb'\[2,"([^"]+)","(\w+)"', call)
        if said is None or said[2] != action:
            raise StationBenchError(f"{action.decode()} was expected, not {call!r}")
        self.connection.send(b'[3,"%s",%s]' % (said[1], payload))

    async def ask(self, request: bytes, number: int) -> None:
        self.connection.send(request % number)
        answer = await self.connection.receive()
        if not answer.startswith(b'[3,"%d",' % number):
            raise StationBenchError(f"{request!r} was answered {answer!r}")


def _counted(file: Path) -> int:
    """Instructions of a process that has ended."""
    found = re.search(r"^(?:summary|totals): (\d+)", file.read_text(), re.M)
    if found is None:
        raise StationBenchError("callgrind has counted nothing")
    return int(found[1])


async def _per_second(session: Session, request: bytes) -> float:
    for number in range(20):  # buffers and caches are warm
        await session.ask(request, number)
    number, start = 0, time.monotonic()
    while (passed := time.monotonic() - start) < SECONDS:
        await session.ask(request, number)
        number += 1
    return number / passed


async def _speed(binary: Path, folder: Path) -> dict[str, float]:
    async with Session(binary, folder) as session:
        await session.accept()
        return {
            f"answered_{name}_per_s": round(await _per_second(session, request), 1)
            for name, request in _ASKED.items()
        }


async def _instructions(binary: Path, folder: Path, request: bytes, requests: int) -> int:
    """Of a life with this many requests; -1: that ends with the BootNotification."""
    async with Session(binary, folder, callgrind=True) as session:
        if requests >= 0:
            await session.accept()
            for number in range(requests):
                await session.ask(request, number)
    return _counted(session.counts)


async def _boot(binary: Path, folder: Path) -> dict[str, float]:
    times, used = [], []
    for _ in range(BOOTS):
        async with Session(binary, folder) as session:
            times.append(session.boot_s * 1000)
            used.append((await session.charger.control.ask("heap"))["used"])
    return {
        "boot_to_notification_ms": round(statistics.median(times), 1),
        "boot_to_notification_instructions": await _instructions(binary, folder, b"", -1),
        "boot_heap_bytes": statistics.median(used),
    }


async def _run(binary: Path, folder: Path) -> dict[str, object]:
    figures: dict[str, object] = {**await _boot(binary, folder), **await _speed(binary, folder)}
    for name, request in _ASKED.items():
        once, twice = [
            await _instructions(binary, folder, request, n) for n in (REQUESTS, 2 * REQUESTS)
        ]
        figures[f"answered_{name}_instructions"] = (twice - once) // REQUESTS
    return figures


def run(build_dir: Path) -> dict[str, object]:
    """-> requests answered per second, instructions of one; time, instructions, heap of boot."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_run(Path(build_dir) / "unix" / "pilotwire", Path(folder)))
