"""Run by MicroPython (prepared.py) with the firmware frozen: the writer in little heap.

Prints "passed" at the end; test_json_writer.py starts it with 16 kB of heap.
"""

import gc

from tables.messages import (
    DataTransferRequest,
    MeterValueType,
    SampledValueType,
    TransactionEventRequest,
)

from wire.message import MessageWriter
from wire.names import name_id

gc.collect()  # what the compiler has left
writer = MessageWriter(bytearray(256))

# A steady message leaves no more than a little garbage and no heap behind.
SAMPLE = SampledValueType(
    value=230123,
    value_decimals=1,
    context=name_id(b"Sample.Periodic"),
    unitOfMeasure_unit=b"V",
)
READINGS = (MeterValueType(timestamp=131367600, sampledValue=[SAMPLE] * 4),)


def event(readings, charging_state=None):
    return TransactionEventRequest(
        eventType=name_id(b"Updated"),
        timestamp=131367600,
        triggerReason=name_id(b"MeterValuePeriodic"),
        seqNo=7,
        numberOfPhasesUsed=3,
        transactionInfo_transactionId=b"tx-1",
        transactionInfo_chargingState=charging_state or name_id(b"Charging"),
        evse_id=1,
        meterValue=readings,
    )


SLOTS = event(READINGS)


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


def send_large():
    send(event(READINGS, charging_state=bytearray(2000)))


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
send_large()
gc.collect()
assert gc.mem_alloc() < before + 500, gc.mem_alloc() - before


def failing():
    text = bytearray(2000)
    yield MeterValueType(timestamp=131367600, sampledValue=(sample for sample in (SAMPLE, SAMPLE)))
    raise LookupError(text)


def fail():
    writer.call(b"1-1", name_id(b"TransactionEvent"), event(failing()))
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
TRANSFER = DataTransferRequest(vendorId=b"v", messageId=pieces, data=pieces)
writer.call(b"1-1", name_id(b"DataTransfer"), TRANSFER)
left = count()
assert left == len(b'[2,"1-1","DataTransfer",{"vendorId":"v","messageId":"","data":}]') + 2 * 290
while left:
    left -= writer.fill()
print("passed")
