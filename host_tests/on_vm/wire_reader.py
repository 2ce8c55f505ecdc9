"""Run by MicroPython (prepared.py) with the firmware frozen: the reader in little heap.

Prints "passed" at the end; test_message.py starts it with 20 kB of heap.
"""

import gc

from tables.messages import (
    BootNotificationResponse,
    SetVariableDataType,
    SetVariablesRequest,
)
from wire_core import is_utf8

from wire.message import MessageReader
from wire.names import name, name_id

gc.collect()  # what the compiler has left
arena = bytearray(4096)
reader = MessageReader(arena)
ITEM = b'{"component":{"name":"Ctrl"},"variable":{"name":"Heartbeat"},"attributeType":"Actual"}'
MEGABYTE = 1000000


def large(head, item, end):
    """Feeds head, then items up to a megabyte, then end; -> name of the error."""
    reader.start()
    reader.feed(head, 0, len(head))
    size = len(head)
    first = True
    gc.collect()
    before = gc.mem_alloc()
    while size < MEGABYTE:
        if not first:
            reader.feed(b",", 0, 1)
        first = False
        reader.feed(item, 0, len(item))
        size += len(item) + 1
    gc.collect()
    assert gc.mem_alloc() - before < 64, gc.mem_alloc() - before
    reader.feed(end, 0, len(end))
    assert reader.finish() == 2
    assert reader.size >= MEGABYTE
    return name(reader.error) if reader.error else b""


HEAD = b'[2,"i","GetVariables",{"getVariableData":['
assert large(HEAD, ITEM, b"]}]") == b"OccurrenceConstraintViolation"
assert reader.message_id == b"i" and reader.action == name_id(b"GetVariables")
# No block receives it, so nothing of it is checked.
assert large(b'[2,"i","MakeCoffee",[', ITEM, b"]]") == b"NotImplemented"
HEAD = b'[2,"i","ClearCache",{"customData":{"vendorId":"v","list":['
assert large(HEAD, b'{"a":[1,2.5e3,null,"\\u00e9"]}', b"]}}]") == b""
HEAD = b'[2,"i","DataTransfer",{"vendorId":"v","data":['
assert large(HEAD, b'"text"', b"]}]") == b"FormatViolation"
HEAD = b'[2,"i","ClearCache",{"customData":{"vendorId":"v","text":"'
assert large(HEAD, b"x" * 500, b'"}}]') == b""

# Every split of one message, on the real machine.
text = (
    b'[2,"id-1","SetVariables",{"setVariableData":[{"attributeValue":"\\u00e9\xf0\x9f\x98\x80",'
    b'"component":{"name":"A","evse":{"id":1,"connectorId":-2147483648}},"variable":{"name":"B"'
    b'},"customData":{"vendorId":"x","y":[true,{"z":-1.5e-3}]}}]}]'
)
wanted = SetVariableDataType(
    attributeType=None,
    attributeValue=b"\xc3\xa9\xf0\x9f\x98\x80",
    component_name=b"A",
    component_instance=None,
    component_evse_id=1,
    component_evse_connectorId=-2147483648,
    variable_name=b"B",
    variable_instance=None,
)
for i in range(len(text) + 1):
    reader.start()
    reader.feed(text, 0, i)
    reader.feed(text, i, len(text))
    assert reader.finish() == 2 and not reader.error, (i, reader.detail)
    for record in reader.each(SetVariablesRequest.setVariableData):
        assert tuple(record) == wanted, record

# UTF-8, which MicroPython's str does not judge strictly.
GOOD = (b"", b"a", b"\xc3\xa9", b"\xed\x9f\xbf", b"\xf4\x8f\xbf\xbf", memoryview(b"\xe2\x82\xac"))
BAD = (b"\xff", b"\xc0\xaf", b"\xe0\x80\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"a\xe2\x82")
assert all(is_utf8(text) for text in GOOD)
assert not any(is_utf8(text) for text in BAD)

# An integer beyond the small ints, in any spelling.
reader.pending_id, reader.pending_action = b"x", name_id(b"BootNotification")
for spelling in (b"2147483647", b"21474836470e-1", b"2147483647.0", b"2.147483647e9"):
    text = b'[3,"x",{"currentTime":"2016-12-31T23:59:60Z","interval":%s,"status":"Accepted"}]'
    text %= spelling
    reader.start()
    reader.feed(text, 0, len(text))
    assert reader.finish() == 3 and not reader.error, reader.detail
    now, interval = reader.unpack(
        BootNotificationResponse.currentTime, BootNotificationResponse.interval
    )
    assert (now, interval) == (-94608000, 2147483647)
reader.pending_id = None

print("passed")
