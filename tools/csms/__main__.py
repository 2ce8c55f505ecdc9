"""`python -m tools.csms`: the CSMS alone, for any stations."""

import argparse
import asyncio
import contextlib
import errno
import signal
import sys

from .commands import Office
from .printer import Printer
from .prompt import Prompt
from .schemas import Schemas
from .server import Csms


def _options(arguments):
    parser = argparse.ArgumentParser(prog="python -m tools.csms", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at (%(default)s)")
    parser.add_argument("--port", type=int, default=9000, help="0: any free one (%(default)s)")
    parser.add_argument("--password", help="stations must authenticate with it (HTTP basic)")
    parser.add_argument(
        "--heartbeat", type=int, default=300, metavar="S", help="interval (%(default)s)"
    )
    return parser.parse_args(arguments)


async def end_on_sigterm():
    """Let SIGTERM end the main task in order, as Ctrl-C does."""
    task = asyncio.current_task()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)


async def _serve(options):
    printer = Printer()
    csms = Csms(printer, options.password, heartbeat_s=options.heartbeat)
    await end_on_sigterm()
    try:
        await csms.start(options.host, options.port)
    except OSError as error:
        busy = error.errno == errno.EADDRINUSE
        reason = (
            "is in use; choose another with --port"
            if busy
            else f"cannot be opened: {error.strerror}"
        )
        printer.line(f"port {options.port} {reason}", "bad")
        return 2
    printer.line(
        f"CSMS at ws://{options.host}:{csms.port}/<identity>; `help` lists the commands", "good"
    )
    try:
        await Prompt(printer, Office(csms, Schemas().actions())).run()
    finally:
        await csms.stop()
    return 1 if csms.violations() else 0


def main():
    options = _options(None)
    with contextlib.suppress(KeyboardInterrupt, asyncio.CancelledError):
        return asyncio.run(_serve(options))
    return 0


if __name__ == "__main__":
    sys.exit(main())
