"""Runs on the real VM: storage/store.py on a flash in which bits have flipped. Prints "FAIL ..."
and "flips <n>".
"""

from hal import log
from storage.store import Store

BLOCKS = 16
SIZE = 512
OLD = bytes(range(256)) * 3


class Device:
    progsize = 32

    def __init__(self, blocks):
        self.blocks = [bytearray(b) for b in blocks]

    def readblocks(self, block, buf, offset=0):
        buf[:] = self.blocks[block][offset : offset + len(buf)]

    def writeblocks(self, block, buf, offset=0):
        self.blocks[block][offset : offset + len(buf)] = buf

    def ioctl(self, op, arg):
        if op == 4:
            return BLOCKS
        if op == 5:
            return SIZE
        if op == 6:
            self.blocks[arg][:] = b"\xff" * SIZE
        return 0


found = []


def sink(level, text):
    if level >= log.WARNING:
        found.append(text)


log.sink = sink
base = Device([b"\xff" * SIZE] * BLOCKS)
store = Store(base)
store.write("x", OLD)
store.write("y", b"y")
flips = 0
reported = 0
state = 1
for block in range(BLOCKS):
    if base.blocks[block] == b"\xff" * SIZE:
        continue
    for _ in range(40):
        state = (state * 1103515 + 12345) & 0xFFFFFF
        device = Device(base.blocks)
        device.blocks[block][(state >> 4) % SIZE] ^= 1 << (state & 7)
        del found[:]
        store = Store(device)
        x = store.read("x")
        y = store.read("y")
        if x not in (OLD, None) or y not in (b"y", None):
            print("FAIL garbage", block, x, y)
        if x is None and not found:
            print("FAIL a loss is not reported", block)
        store.write("x", b"again")
        if store.read("x") != b"again":
            print("FAIL not writable", block)
        reported += 1 if found else 0
        flips += 1
print("reported", reported)
print("flips", flips)
