"""Runs the simulated charger (build/BOARD/pilotwire, or that of PRODUCT) as a child process."""

import asyncio
import collections
import contextlib
import ctypes
import os
import pathlib
import signal
import socket

from tools.blocks.product import folder_of

from .control import Control

ROOT = pathlib.Path(__file__).resolve().parents[2]
BOARD = os.environ.get("BOARD") or "unix"
PRODUCT = os.environ.get("PRODUCT", "")
BUILD = ROOT / folder_of(PRODUCT, ROOT)
BINARY = BUILD / BOARD / "pilotwire"
_OF = f" PRODUCT={PRODUCT}" if PRODUCT else ""
MAKES = f"`make build{_OF}`" if BOARD == "unix" else f"`make image{_OF} BOARD={BOARD}`"
_START_S = 10
_END_S = 5  # a charger that is asked to end says goodbye to its CSMS first, for 3 s at most
_LOG_LINES = 5000
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


def free_port(preferred=0, host="127.0.0.1"):
    """`preferred` if nobody listens there, else any free TCP port."""
    for port in (preferred, 0):
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
            return probe.getsockname()[1]
    raise OSError("no free TCP port")


def _end_with_parent():
    """In the child: it ends when the parent was killed and could not end it (Linux: prctl(2))."""
    with contextlib.suppress(AttributeError):
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _command_line(options):
    given = [(f"--{name}", str(value)) for name, value in options.items() if value is not None]
    return [word for pair in given for word in pair]


class ChargerError(Exception):
    """The process could not be started, or has ended by itself."""


class Charger:
    """One charger process with its control connection.

    Args:
        options: dict of its options, names without the dashes; None: left out.
        on_log: called with each line of its log.
        control_port: preferred port of the control socket.
        command: what to start, for trials with another program.
        environment: dict of variables that it gets besides our own.
    """

    def __init__(self, options, on_log=None, control_port=0, command=None, environment=None):
        self._options = dict(options)
        self._on_log = on_log
        self._command = command or [str(BINARY)]
        self._environment = {**os.environ, **(environment or {})}
        self._preferred_port = control_port
        self.control_port = 0
        self.process = None
        self.control = None
        self.log = collections.deque(maxlen=_LOG_LINES)
        self._pump = None

    async def start(self):
        """Start the process and connect to its control socket.

        Raises:
            ChargerError: it is missing, ended at once or does not answer.
        """
        self.control_port = free_port(self._preferred_port)
        self._options["control"] = f"127.0.0.1:{self.control_port}"
        arguments = _command_line(self._options)
        try:
            self.process = await asyncio.create_subprocess_exec(
                *self._command,
                *arguments,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for the parent, which ends it in order
                preexec_fn=_end_with_parent,
                env=self._environment,
            )
        except OSError as error:
            raise ChargerError(
                f"{self._command[0]}: {error.strerror}; {MAKES} makes it"
            ) from error
        self._pump = asyncio.create_task(self._read_log())
        await self._connect()

    async def _connect(self):
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _START_S
        while loop.time() < deadline:
            if self.process.returncode is not None:
                await self._pump
                last = "; ".join(list(self.log)[-3:]) or "no message"
                raise ChargerError(f"the charger ended with {self.process.returncode}: {last}")
            with contextlib.suppress(OSError):
                self.control = await Control.connect("127.0.0.1", self.control_port)
                return
            await asyncio.sleep(0.02)
        await self.stop()
        raise ChargerError(f"no control socket on port {self.control_port} within {_START_S} s")

    async def _read_log(self):
        while line := await self.process.stdout.readline():
            text = line.decode("utf-8", "replace").rstrip()
            self.log.append(text)
            if self._on_log:
                self._on_log(text)
        await self.process.wait()

    def running(self):
        return self.process is not None and self.process.returncode is None

    async def wait(self):
        """The exit code, once it has ended; its log is complete then."""
        await asyncio.shield(self._pump)
        return self.process.returncode

    async def stop(self):
        """End the process: SIGTERM, then SIGKILL. Its exit code."""
        if self.control is not None:
            await self.control.close()
        if self.process is None:
            return None
        if self.running():
            with contextlib.suppress(ProcessLookupError):
                self.process.terminate()
        try:
            await asyncio.wait_for(self.process.wait(), _END_S)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()
        return await self.wait()
