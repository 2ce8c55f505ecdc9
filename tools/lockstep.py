"""The emulated chip in lockstep with its host: counts of instructions that repeat to the last one.

QEMU counts time in instructions and skips what the chip sleeps; the two lines of the chip go
through named pipes, each byte at a certain millisecond (boards/emulated/lockstep.h). This end is
a serial-to-Ethernet module with a CSMS of a few lines behind it, and the control side. All of it
runs in turns with the chip: nothing depends on how fast the host is.
"""

import base64
import errno
import hashlib
import json
import os
import re
import struct
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from tools.bridge import ESCAPE, LineParser

BYTES_PER_MS = 92  # 921,600 baud
UTC = 1767225600  # 2026-01-01, when each life begins
_TO_HOST = struct.Struct("<IIIHHHH")
_FROM_HOST = struct.Struct("<IHH")
_IDLE_MS = 20  # between two exchanges when there is nothing to say
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_LAST, _PING, _PONG = 0x80, 0x89, 0x8A  # first bytes of frames

# An answer for each action that the station calls.
ANSWERS: dict[str, dict[str, object]] = {
    "BootNotification": {
        "currentTime": "2026-01-01T00:00:00Z",
        "interval": 86400,  # no heartbeat in between
        "status": "Accepted",
    },
    "Authorize": {"idTokenInfo": {"status": "Accepted"}},
    "Heartbeat": {"currentTime": "2026-01-01T00:00:00Z"},
}


class LockstepError(Exception):
    """The chip ended, or did not say what it should."""


class Counts(NamedTuple):
    """What the chip has told: ms and instructions (without sleep) since reset.

    `longest`: the longest turn of the event loop, in instructions, since it was last told.
    """

    ms: int
    instructions: int
    longest: int


class Peer:
    """The CSMS at the other end of the module: bytes in, bytes out.

    Attributes:
        said: texts of the station so far, whole messages.
    """

    def __init__(self) -> None:
        self.said: list[str] = []
        self._received = b""
        self._open = False
        self._text = b""

    def take(self, data: bytes) -> bytes:
        """Bytes of the station; what is to be sent back."""
        self._received += data
        answer = b""
        if not self._open:
            head, end, rest = self._received.partition(b"\r\n\r\n")
            if not end:
                return b""
            answer, self._received, self._open = self._accept(head), rest, True
        while (frame := self._frame()) is not None:
            answer += self._reply(*frame)
        return answer

    @staticmethod
    def _accept(head: bytes) -> bytes:
        key = re.search(rb"Sec-WebSocket-Key: *(\S+)", head, re.I)
        if key is None:
            raise LockstepError(f"no opening handshake: {head!r}")
        accept = base64.b64encode(hashlib.sha1(key[1] + _GUID).digest())
        return (
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Protocol: ocpp2.0.1\r\nSec-WebSocket-Accept: %s\r\n\r\n" % accept
        )

    def _frame(self) -> tuple[int, bytes] | None:
        """First byte and content of the next frame, if all of it has come."""
        data = self._received
        if len(data) < 2:
            return None
        size, at = data[1] & 127, 2
        if size == 126:
            size, at = int.from_bytes(data[2:4], "big"), 4
        if len(data) < at + 4 + size:
            return None
        mask, body = data[at : at + 4], data[at + 4 : at + 4 + size]
        self._received = data[at + 4 + size :]
        return data[0], bytes(byte ^ mask[i & 3] for i, byte in enumerate(body))

    def _reply(self, first: int, content: bytes) -> bytes:
        if first == _PING:
            return bytes((_PONG, len(content))) + content
        self._text += content
        if not first & _LAST:
            return b""
        text, self._text = self._text.decode(), b""
        self.said.append(text)
        message = json.loads(text)
        if message[0] != 2:
            return b""
        return frame(json.dumps([3, message[1], ANSWERS.get(message[2], {})]))


def frame(text: str) -> bytes:
    """As a WebSocket server sends it."""
    data = text.encode()
    size = len(data)
    if size < 126:
        return bytes((0x81, size)) + data
    if size < 65536:
        return b"\x81\x7e" + size.to_bytes(2, "big") + data
    return b"\x81\x7f" + size.to_bytes(8, "big") + data


class Chip:
    """One life of the chip, from reset; use as `with`.

    Args:
        heap: bytes of MicroPython's heap; 0: what the image says.
        options: more of QEMU's.

    Attributes:
        counts: Counts at the last exchange.
        longest: most of their `longest` since it was set to 0.
        peer: Peer.
    """

    def __init__(self, image: Path, heap: int = 0, options: Sequence[str] = ()) -> None:
        self._image = image
        self._heap = heap
        self._options = options
        self._folder = tempfile.TemporaryDirectory(prefix="pilotwire-")
        self._line = LineParser()
        self._number = "0"
        self._network = b""
        self._control = b""
        self.peer = Peer()
        self.counts = Counts(0, 0, 0)
        self.longest = 0

    def __enter__(self) -> "Chip":
        folder = Path(self._folder.name)
        for name in ("in", "out"):
            os.mkfifo(folder / name)
        settings = {
            "csms_url": "ws://127.0.0.1:9000",
            "id": "CS001",
            "security_profile": "0",
            "ocpp_version": "ocpp2.0.1",
            "storage": str(folder),
            "evses": "1,1",
            "lockstep": str(folder),
            "utc": str(UTC),
        }
        if self._heap:
            settings["heap"] = str(self._heap)
        text = "".join(f"{name}={value}\n" for name, value in settings.items())
        (folder / "settings").write_text(text)
        self._log = (folder / "log").open("wb")
        command = ["qemu-system-arm", "-M", "netduino2", "-nographic", "-monitor", "none"]
        command += ["-kernel", str(self._image), "-icount", "shift=4,sleep=off"]
        command += ["-serial", "null", "-serial", "null"]
        command += [
            "-semihosting-config",
            f"enable=on,target=native,arg={folder / 'settings'}",
            *self._options,
        ]
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log
        )
        # In the order in which the chip opens them.
        out = os.open(folder / "out", os.O_RDONLY | os.O_NONBLOCK)
        self._out = os.fdopen(out, "rb")
        self._in = os.fdopen(self._open_for_chip(folder / "in"), "wb", buffering=0)
        os.set_blocking(out, True)
        self._control = b"a+\n"
        return self

    def _open_for_chip(self, path: Path) -> int:
        """A pipe to write into, once the chip reads from it."""
        while True:
            try:
                pipe = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
            except OSError as error:
                if error.errno != errno.ENXIO:
                    raise
            else:
                os.set_blocking(pipe, True)
                return pipe
            if self._process.poll() is not None:
                raise LockstepError(f"QEMU has ended; {self.last_words()}")
            time.sleep(0.01)

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self._in.close()
        self._out.close()
        self._log.close()
        self._folder.cleanup()

    # ---- what the bench says

    def send(self, text: str) -> None:
        """A message of the CSMS."""
        self._to_station(frame(text))

    def command(self, **command: object) -> None:
        """A command of the control protocol, as boards/unix/README.md has them."""
        self._control += b"a=" + json.dumps({"id": 1, **command}).encode() + b"\n"

    def run(self, ms: int) -> Counts:
        """Let so much of the chip's time pass."""
        end = self.counts.ms + ms
        return self.until(lambda: self.counts.ms >= end, ms + 1)

    def until(self, condition: Callable[[], bool], limit_ms: int = 60_000) -> Counts:
        """Let time pass until `condition()`. Raises: LockstepError: it does not come true."""
        end = self.counts.ms + limit_ms
        while not condition():
            if self.counts.ms > end:
                raise LockstepError(f"nothing within {limit_ms} ms; {self.last_words()}")
            self._exchange()
        return self.counts

    def said(self, beginning: str) -> Callable[[], bool]:
        """For `until`: the station says something new that begins so."""
        start = len(self.peer.said)
        return lambda: any(text.startswith(beginning) for text in self.peer.said[start:])

    def last_words(self) -> str:
        self._log.flush()
        log = Path(self._log.name).read_text(errors="replace").splitlines()
        return "; ".join([*log[-3:], *(text[:80] for text in self.peer.said[-2:])])

    # ---- one exchange

    def _read(self, size: int) -> bytes:
        data = self._out.read(size)
        if len(data) < size:
            raise LockstepError(f"the chip has ended; {self.last_words()}")
        return data

    def _exchange(self) -> None:
        fields = _TO_HOST.unpack(self._read(_TO_HOST.size))
        self.counts = Counts(*fields[:3])
        self.longest = max(self.longest, self.counts.longest)
        network, control, room, full = fields[3:]
        self._take(self._read(network))
        self._read(control)
        if full:
            return
        give = min(room, BYTES_PER_MS)
        data, self._network = self._network[:give], self._network[give:]
        control_data, self._control = self._control[:give], self._control[give:]
        busy = data or control_data or not room
        next_ms = self.counts.ms + (1 if busy else _IDLE_MS)
        header = _FROM_HOST.pack(next_ms, len(data), len(control_data))
        self._in.write(header + data + control_data)

    def _take(self, data: bytes) -> None:
        for letter, argument in self._line.feed(data):
            if letter == "":
                self._to_station(self.peer.take(argument))
            elif letter == "C":
                self._number = argument[0]
                self.peer = Peer()
                self._network += bytes((ESCAPE,)) + b"O" + self._number.encode()

    def _to_station(self, data: bytes) -> None:
        escape = bytes((ESCAPE,))
        self._network += data.replace(escape, escape * 2)
