"""Run by MicroPython with the firmware frozen: the writer in little heap.

Prints "passed" at the end; test_json_writer.py starts it with 16 kB of heap.
"""

import gc

from wire.message import MessageWriter
from wire.names import name_id

writer = MessageWriter(bytearray(256))

# A steady message leaves no more than a little garbage and no heap behind.
SAMPLE = [(230123, 1, name_id(b"Sample.Periodic"), None, None, None, b"V", None)] * 4
SLOTS = (name_id(b"Updated"), 131367600, name_id(b"MeterValuePeriodic"), 7, None, 3, None)
SLOTS += (b"tx-1", name_id(b"Charging"), None, None, None, 1, None, None, None, None)
SLOTS += (((131367600, SAMPLE),),)


def count():
    length = 0
    while not length:
        length = writer.count()
    return length


def raised(function, *args):
    try:
        function(*args)
    except Exception as error:  # noqa: BLE001, the caller looks at it
        return type(error)
    return None


def send(slots):
    writer.call(b"1-1", name_id(b"TransactionEvent"), slots)
    left = length = count()
    while left:
        n = writer.fill()
        assert 0 < n <= left
        left -= n
    return length


early = late = 0
for i in range(50):
    send(SLOTS)
    gc.collect()
    if i == 9:
        early = gc.mem_alloc()
late = gc.mem_alloc()
assert late <= early + 32, (early, late)
gc.disable()
before = gc.mem_alloc()
length = send(SLOTS)
garbage = gc.mem_alloc() - before
gc.enable()
print("garbage of a meter values event of %d bytes: %d bytes" % (length, garbage))
assert garbage < 300, garbage

# What has been sent is held no longer, nor is what has failed.
gc.collect()
before = gc.mem_alloc()
send(SLOTS[:7] + (bytearray(2000),) + SLOTS[8:])
gc.collect()
assert gc.mem_alloc() < before + 500, gc.mem_alloc() - before


def failing():
    text = bytearray(2000)
    yield 131367600, (sample for sample in SAMPLE)
    raise LookupError(text)


def fail():
    writer.call(b"1-1", name_id(b"TransactionEvent"), SLOTS[:-1] + (failing(),))
    assert raised(count) is LookupError
    assert raised(count) is ValueError
    assert not writer.fill()


fail()
writer.error(b"1-1", name_id(b"InternalError"))
assert writer.count() == writer.fill() == len(b'[4,"1-1","InternalError","",{}]')
gc.collect()
assert gc.mem_alloc() < before + 500, gc.mem_alloc() - before

# Objects of no use.
for slots in ((b"v", 1.5), (b"v", True), (b"v", [1]), (b"v", None, -1), 7, None, b"v"):
    writer.call(b"1-1", name_id(b"DataTransfer"), slots)
    assert raised(count) in (TypeError, ValueError), slots
for wrong in ((), (b"i",), (b"i", 1 << 40, ()), (b"i", name_id(b"GetVariables"), ())):
    assert raised(writer.call, *wrong) in (TypeError, ValueError, OverflowError), wrong

# A text in pieces, in two passes.
pieces = tuple(b"%d," % i for i in range(100))
writer.call(b"1-1", name_id(b"DataTransfer"), (b"v", pieces, pieces))
left = count()
assert left == len(b'[2,"1-1","DataTransfer",{"vendorId":"v","messageId":"","data":}]') + 2 * 290
while left:
    left -= writer.fill()
print("passed")
