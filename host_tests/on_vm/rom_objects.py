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
delattr(sys.modules["hal"], "log")
from hal import log as again  # noqa: E402

check("an import after it was forgotten", not hasattr(again, "extra5") and again.INFO == 1)
