"""`make run`: a simulated charger, with a CSMS of our own or connected to somebody else's.

Settings are options or the environment variables of the same name in capitals (`make run CSMS=ws://...`).
"""

import argparse
import asyncio
import contextlib
import fcntl
import json
import os
import pathlib
import sys
import tempfile
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tools import settings as settings_of_make  # noqa: E402
from tools.csms import prompt as prompts  # noqa: E402
from tools.csms.__main__ import end_on_sigterm  # noqa: E402
from tools.csms.charger import BINARY, BUILD, MAKES, Charger, ChargerError, free_port  # noqa: E402
from tools.csms.commands import Office  # noqa: E402
from tools.csms.control import ControlError  # noqa: E402
from tools.csms.demo import Demo, DemoFailed  # noqa: E402
from tools.csms.printer import Printer  # noqa: E402
from tools.csms.schemas import Schemas  # noqa: E402
from tools.csms.server import Csms  # noqa: E402
from tools.csms.station import CallFailed  # noqa: E402

_CSMS_PORT = 9000
_CONTROL_PORT = 9100
_BOOT_S = 10
_CAR_A = 16
_HINTS = """
Type, for a first session:
  plug              the cable goes in
  swipe 04A1B2C3    a card that the CSMS accepts
  ev C 16 3         the car draws 16 A on three phases
  clock advance 600 ten minutes pass
  state             what the hardware is doing
  swipe 04A1B2C3    the same card again: stop
  unplug
"""
_CSMS_HINTS = """From afar:
  start, stop, status, report, get EVSE@1.AvailabilityState, trigger Heartbeat, reset
"""
_LAST_HINT = "help lists everything; quit (or Ctrl-D) ends.\n"


def _product():
    """What the charger is put together of: product.json (tools/blocks/product.py)."""
    return json.loads((BUILD / "gen" / "product.json").read_text(encoding="utf-8"))


def _draws(product):
    """(A, phases) that the demo's car draws."""
    of_outlet = int(product["rating"].split(",")[0])
    return min(_CAR_A, of_outlet, int(product["supply"]) or _CAR_A), int(product["phases"])


def _check(settings):
    """What is wrong with settings that each are right, and what would be right; else None."""
    if settings.demo and settings.csms:
        return f"CSMS={settings.csms}: the demo has a CSMS of its own; leave CSMS or DEMO out"
    if not settings.csms and settings.profile in ("2", "3"):
        return f"PROFILE={settings.profile}: our own CSMS has no TLS; 0 or 1, or CSMS=wss://..."
    if settings.profile == "1" and not settings.password:
        return (
            "PROFILE=1: basic authentication wants a password; add PASSWORD=, 16 to 40 characters"
        )
    return None


def _settings(arguments):
    env = {name: text for name, text in os.environ.items() if text}  # make sets all, if to nothing
    parser = argparse.ArgumentParser(prog="tools/run.py", description=__doc__)
    parser.add_argument(
        "--csms", default=env.get("CSMS"), metavar="URL", help="ws://... of another CSMS"
    )
    parser.add_argument("--id", default=env.get("ID", "CS001"), help="identity (%(default)s)")
    parser.add_argument("--password", default=env.get("PASSWORD"), help="basic authentication")
    parser.add_argument("--profile", default=env.get("PROFILE"), help="security profile 0 to 3")
    demo = env.get("DEMO", "") not in ("", "0")
    parser.add_argument("--demo", action="store_true", default=demo, help="play one session")
    return parser.parse_args(arguments)


def _locked(folder, stack):
    """Take the folder for this run; False when another run has it."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = stack.enter_context((folder / "lock").open("w"))
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextlib.contextmanager
def _storage(settings):
    """The charger's folder: kept from run to run; fresh for the demo and when it is in use."""
    where = urllib.parse.urlsplit(settings.csms).netloc if settings.csms else "own"
    name = urllib.parse.quote(f"{where}-{settings.id}", safe="")
    kept = BUILD / "run" / name
    with contextlib.ExitStack() as stack:
        if not settings.demo and _locked(kept, stack):
            yield kept
        else:
            yield stack.enter_context(tempfile.TemporaryDirectory(prefix="pilotwire-"))


def _charger(settings, url, storage, printer, verbose):
    profile = settings.profile or ("1" if settings.password else "0")

    def log(line):
        if verbose or "error" in line.lower() or "warning" in line.lower():
            printer.line(f"charger: {line}", "note")

    options = {
        "csms-url": url,
        "id": settings.id,
        "password": settings.password,
        "security-profile": profile,
        "storage": storage,
    }
    return Charger(options, log, _CONTROL_PORT)


async def _wait_for_boot(csms, identity):
    async def accepted():
        await csms.arrived.wait()
        await csms.stations[identity].accepted.wait()

    await asyncio.wait_for(accepted(), _BOOT_S)


async def _converse(prompt, charger):
    """The prompt, until the user or the charger ends. The exit code."""
    typing = asyncio.create_task(prompt.run())
    ending = asyncio.create_task(charger.wait())
    try:
        await asyncio.wait([typing, ending], return_when=asyncio.FIRST_COMPLETED)
        if typing.done():
            return 1 if typing.result() and not sys.stdin.isatty() else 0
        return ending.result() or 0
    finally:
        typing.cancel()
        ending.cancel()
        await asyncio.gather(typing, ending, return_exceptions=True)


async def _own_csms(settings, storage, printer):
    csms = Csms(printer, settings.password)
    await csms.start(port=free_port(_CSMS_PORT))
    charger = _charger(settings, f"ws://127.0.0.1:{csms.port}", storage, printer, False)
    printer.line(f"CSMS at ws://127.0.0.1:{csms.port}, other stations may connect too", "good")
    try:
        await charger.start()
        printer.line(
            f"charger {settings.id}, control socket 127.0.0.1:{charger.control_port}", "good"
        )
        await _wait_for_boot(csms, settings.id)
        printer.line(_HINTS + _CSMS_HINTS + _LAST_HINT)
        office = Office(csms, Schemas().actions())
        office.chosen = settings.id
        return await _converse(prompts.Prompt(printer, office, charger.control), charger)
    except TimeoutError:
        printer.line(
            f"the charger did not send BootNotification within {_BOOT_S} s; its log:", "bad"
        )
        for line in charger.log:
            printer.line("  " + line)
        return 1
    finally:
        await charger.stop()
        await csms.stop()


async def _other_csms(settings, storage, printer):
    charger = _charger(settings, settings.csms.rstrip("/"), storage, printer, True)
    printer.line(f"charger {settings.id} connects to {settings.csms}", "good")
    try:
        await charger.start()
        printer.line(f"control socket 127.0.0.1:{charger.control_port}", "good")
        printer.line(_HINTS + _LAST_HINT)
        return await _converse(prompts.Prompt(printer, None, charger.control), charger)
    finally:
        await charger.stop()


async def _demo(settings, storage, printer):
    csms = Csms(printer, settings.password)
    await csms.start()
    charger = _charger(settings, f"ws://127.0.0.1:{csms.port}", storage, printer, False)
    faults = []
    try:
        await charger.start()
        demo = Demo(csms, settings.id, charger.control, printer, *_draws(_product()))
        try:
            await demo.play()
        except (DemoFailed, CallFailed, ControlError, TimeoutError, ConnectionError) as error:
            faults.append(str(error))
        if settings.id in csms.ledgers:
            faults += demo.faults()
            printer.line("\nsummary")
            for line in demo.summary():
                printer.line("  " + line)
    finally:
        code = await charger.stop()
        await csms.stop()
    if code not in (0, -15):
        faults.append(f"the charger ended with {code}")
    for fault in faults:
        printer.line(f"FAULT: {fault}", "bad")
    printer.line("demo failed" if faults else "demo passed", "bad" if faults else "good")
    return 1 if faults else 0


async def _run(settings, storage, printer):
    await end_on_sigterm()
    if settings.demo:
        return await _demo(settings, storage, printer)
    if settings.csms:
        return await _other_csms(settings, storage, printer)
    return await _own_csms(settings, storage, printer)


def main():
    printer = Printer()
    settings = _settings(None)
    try:
        given = {
            "CSMS": settings.csms or "",
            "ID": settings.id,
            "PROFILE": settings.profile or "",
        }
        settings_of_make.check(tuple(given), given)
    except settings_of_make.SettingError as error:
        printer.line(str(error), "bad")
        return 2
    if wrong := _check(settings):
        printer.line(wrong, "bad")
        return 2
    if not BINARY.exists():
        printer.line(f"{BINARY.relative_to(ROOT)} is missing; {MAKES} makes it", "bad")
        return 2
    lacks = [name for name in Demo.NEEDS if settings.demo and name not in _product()["blocks"]]
    if lacks:
        printer.line(f"DEMO=1: it plays {', '.join(lacks)}, which the product has not", "bad")
        return 2
    try:
        with _storage(settings) as storage:
            return asyncio.run(_run(settings, storage, printer))
    except ChargerError as error:
        printer.line(str(error), "bad")
        return 2
    except (KeyboardInterrupt, asyncio.CancelledError):
        printer.line("\nstopped")
        return 130


if __name__ == "__main__":
    sys.exit(main())
