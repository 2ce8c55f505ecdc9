"""Runs on the real VM: what store and device model cost, in bytes of heap, and what a reading
leaves behind.
"""

import gc

from device_model.model import DeviceModel
from storage.store import Store


class Board:
    connectors = (1, 1)
    model = vendor_name = serial_number = firmware_version = b"x"
    phases = 3

    def option(self, name):
        return None

    def overrides(self):
        return ()

    def has(self, capability, evse, connector):
        return False


class Device:
    progsize = 32

    def __init__(self):
        self.data = bytearray(b"\xff" * 16384)

    def readblocks(self, block, buf, offset=0):
        buf[:] = memoryview(self.data)[block * 512 + offset : block * 512 + offset + len(buf)]

    def writeblocks(self, block, buf, offset=0):
        self.data[block * 512 + offset : block * 512 + offset + len(buf)] = buf

    def ioctl(self, op, arg):
        return 32 if op == 4 else 512 if op == 5 else 0


def used():
    gc.collect()
    gc.collect()
    return gc.mem_alloc()


device = Device()
board = Board()
start = used()
store = Store(device)
print("store", used() - start)
start = used()
model = DeviceModel(board, store)
print("model", used() - start)
interval = model.locate(b"OCPPCommCtrlr", None, None, None, b"HeartbeatInterval", None)
time_out = model.locate(b"TxCtrlr", None, None, None, b"EVConnectionTimeOut", None)
start = used()
model.set(interval, b"61")
print("changed", used() - start)
gc.collect()
gc.disable()
start = gc.mem_alloc()
for _ in range(100):
    model.int(time_out)
print("garbage", (gc.mem_alloc() - start) // 100)
start = gc.mem_alloc()
model.set(interval, b"62")
print("writing", gc.mem_alloc() - start)
gc.enable()
