"""Functions, classes and modules in ROM behave as those on the heap do (test_rom_objects.py)."""

import gc
import sys


def cost(name):
    gc.collect()
    before = gc.mem_alloc()
    __import__(name)
    gc.collect()
    return gc.mem_alloc() - before


def check(what, right):
    print("ok" if right else "WRONG", what)


check("a module's functions and classes take no heap", cost("charging.evse") < 1200)

from charging.evse import Evse  # noqa: E402
from charging.machine import Machine  # noqa: E402
from hal import log  # noqa: E402
from hal.timers import Timer, Timers  # noqa: E402
from storage.journal import Journal  # noqa: E402
from wire.message import MessageReader  # noqa: E402

check("inherits", issubclass(Evse, Machine) and Evse.update is Machine.update)
check("a method of an instance", Timer(None).active() is False)
check("a default value", len(Journal()._buffer) == 2048 and len(Journal(64)._buffer) == 64)
check("a property", MessageReader(bytearray(512)).size == 0)

try:
    Timer()
    check("arguments are counted", False)
except TypeError:
    check("arguments are counted", True)

run = Timers().run()
check("a coroutine", type(run).__name__ == "generator")
run.close()

lines = []
log.sink = lambda level, text: lines.append(text)
log.warning("%s and %d", b"text", 5)
check("a global that is set from outside is seen inside", lines == ["text and 5"])

# More names than the dictionary has room for: it moves to the heap, and lives.
for i in range(60):
    setattr(log, "extra%d" % i, [i])
for _ in range(20):
    gc.collect()
    [bytearray(100) for _ in range(50)]
check(
    "a dictionary that outgrows its place",
    all(getattr(log, "extra%d" % i) == [i] for i in range(60)),
)
log.info("still %s", b"there")
check("and is still the module's", lines[-1] == "still there")

# Imported, forgotten, imported again: what it holds is fresh.
del sys.modules["hal.log"]
from hal import log as again  # noqa: E402

check("an import after it was forgotten", not hasattr(again, "extra5") and again.INFO == 1)

# Modules in ROM.
check("a module that only defines takes no heap", cost("blocks.trigger.trigger") < 64)
check("and needs no place among the loaded ones", "blocks.trigger.trigger" not in sys.modules)

import storage.journal  # noqa: E402
import wire.websocket as websocket  # noqa: E402
from wire import rpc  # noqa: E402

check("a module is an attribute of its package", storage.journal.Journal is Journal)
check("a module has a name", websocket.__name__ == "wire.websocket")
check("a module has its functions", callable(rpc.Rpc))

for name in ("wire.nothing", "nothing", "hal.log.nothing"):
    try:
        __import__(name)
        check("a missing module", False)
    except ImportError:
        check("a missing module", True)
try:
    from wire import nothing  # noqa: F401

    check("a missing name", False)
except ImportError:
    check("a missing name", True)
try:
    websocket.changed = 1
    check("a module in ROM can't be changed", False)
except AttributeError:
    check("a module in ROM can't be changed", True)

from hal.errors import CallError, PilotwireError, StorageError  # noqa: E402

try:
    raise CallError(7, b"why")
except PilotwireError as error:
    check("an exception", error.code == 7 and error.description == b"why")
    check(
        "its text", str(StorageError("full")) == "full" and repr(error) == "CallError(7, b'why')"
    )
