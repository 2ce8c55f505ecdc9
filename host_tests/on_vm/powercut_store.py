"""Runs on the real VM: storage/store.py over littlefs on a block device that loses its power.

Prints one line a finding, "FAIL <id> <what>", and at the end "cuts <n>". An id is MODE:OPERATION;
as argument it replays that cut alone.
"""

import sys

from hal import log
from hal.errors import StorageError
from storage.store import Store

BLOCKS = 16
SIZE = 512
SYNC = 3
COUNT = 4
BLOCK_SIZE = 5
ERASE = 6
OLD = b"old value"
NEW = b"new value that is longer " * 20
SMALL = b"s"
RECORDS = [b"one", b"record two " * 12, b"third"]
ROTATED = RECORDS[1:] + RECORDS[:1]


class Device:
    """Flash in RAM. After operation `cut` nothing works any more; how that one ends depends on the
    mode.

    clean: not done at all. torn: half of it is there. erased: an erase leaves garbage, a write
        nothing.
    """

    progsize = 32

    def __init__(self, mode="clean"):
        self.mode = mode
        self.blocks = [bytearray(b"\xff" * SIZE) for _ in range(BLOCKS)]
        self.operations = 0
        self.cut = -1

    def copy(self, mode):
        device = Device(mode)
        device.blocks = [bytearray(b) for b in self.blocks]
        return device

    def _alive(self):
        """1: do it, 0: power goes during it, -1: it is gone."""
        n = self.operations
        self.operations += 1
        if self.cut < 0 or n < self.cut:
            return 1
        return 0 if n == self.cut else -1

    def readblocks(self, block, buf, offset=0):
        buf[:] = self.blocks[block][offset : offset + len(buf)]

    def writeblocks(self, block, buf, offset=0):
        state = self._alive()
        if state == 1:
            self.blocks[block][offset : offset + len(buf)] = buf
            return 0
        if state == 0 and self.mode == "torn":
            half = len(buf) // 2
            self.blocks[block][offset : offset + half] = buf[:half]
        # A number, no exception: one would jump out of the middle of littlefs.
        return -5

    def ioctl(self, op, arg):
        if op == COUNT:
            return BLOCKS
        if op == BLOCK_SIZE:
            return SIZE
        if op == ERASE:
            state = self._alive()
            if state == 1:
                self.blocks[arg][:] = b"\xff" * SIZE
            elif state == 0 and self.mode != "clean":
                for i in range(SIZE // 2):
                    self.blocks[arg][i] = i * 37 & 0xFF
            return 0 if state == 1 else -5
        return 0


errors = []


def sink(level, text):
    if level == log.ERROR:
        errors.append(text)


log.sink = sink


def rewritten(store):
    """Records as the authorization cache writes them: the old file is open meanwhile."""
    for record in store.records("r"):
        if record != RECORDS[0]:
            yield bytes((len(record),))
            yield record
    yield bytes((len(RECORDS[0]),))
    yield RECORDS[0]


def work(device):
    """What a boot and some changes do. Returns how far it came."""
    done = 0
    try:
        store = Store(device)
        done = 1
        store.write("x", NEW)
        done = 2
        store.write("y", SMALL)
        done = 3
        store.write("y", NEW)
        done = 4
        store.remove("z")
        done = 5
        store.write_from("r", rewritten(store))
        done = 6
    except StorageError:
        pass  # the power went
    return done


def verify(where, device, done):
    device.cut = -1
    del errors[:]
    store = Store(device)
    x, y, z = store.read("x"), store.read("y"), store.read("z")
    if errors:
        print("FAIL", where, "damage seen:", errors)
    if x not in ((OLD, NEW) if done < 2 else (NEW,)):
        print("FAIL", where, "x", x)
    ys = ((None, SMALL), (None, SMALL), (None, SMALL), (SMALL, NEW), (NEW,), (NEW,), (NEW,))
    if y not in ys[done]:
        print("FAIL", where, "y", y)
    if z != OLD and not (done >= 4 and z is None):
        print("FAIL", where, "z", z)
    if list(store.records("r")) not in (
        (RECORDS,) if done < 5 else (RECORDS, ROTATED) if done < 6 else (ROTATED,)
    ):
        print("FAIL", where, "r", list(store.records("r")))
    if store.boot_count not in (2, 3):
        print("FAIL", where, "boot_count", store.boot_count)
    store.write("x", SMALL)
    if store.read("x") != SMALL:
        print("FAIL", where, "not writable")


def main(only):
    base = Device()
    store = Store(base)
    store.write("x", OLD)
    store.write("z", OLD)
    store.write("r", *[bytes((len(record),)) + record for record in RECORDS])
    del errors[:]
    cuts = 0
    for mode in ("clean", "torn", "erased"):
        cut = 0
        done = 0
        while done < 6:
            where = "%s:%d" % (mode, cut)
            device = base.copy(mode)
            device.cut = cut
            if only in (None, where):
                done = work(device)
                verify(where, device, done)
                cuts += 1
            elif only.split(":")[0] != mode or cut > int(only.split(":")[1]):
                break
            cut += 1
    # The first start of all: power goes while the flash is being formatted.
    for cut in range(40):
        device = Device("torn")
        device.cut = cut
        Store(device)
        device.cut = -1
        store = Store(device)
        store.write("x", NEW)
        if store.read("x") != NEW:
            print("FAIL format:%d" % cut)
        cuts += 1
    print("cuts", cuts)


main(sys.argv[1] if len(sys.argv) > 1 else None)
