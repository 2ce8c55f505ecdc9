"""Module wire_core for CPython: the same C (firmware/native/wire) as on the charger, by ctypes.

Only what module.c does with MicroPython's objects is done here in Python.
"""

import ctypes

import wire_library
from tables.layout import LAST_NAME, NAME_MOST
from wire_library import Value

_core = wire_library.load()
_TAG_NUMBER, _TAG_STRING, _TAG_ARRAY, _TAG_BOOLEAN = 1, 2, 3, 5
_KIND, _ID, _ACTION, _ERROR, _SIZE, _CERTAIN, _BAD_UTF8, _TEXT = range(8)
_CALLERROR = 4
_DETAIL_MOST = 100
_TIME_LENGTH = 20
_LONGEST_BYTES = 200



class MessageReader:
    """firmware/wire/message.py describes it."""

    def __init__(self, arena):
        self._arena = arena
        self._bytes = (ctypes.c_uint8 * len(arena)).from_buffer(arena)
        self._reader = ctypes.create_string_buffer(_core.host_reader_size())
        self._facts = (ctypes.c_int32 * 8)()
        self._slots = []
        self.pending_id = None
        self.pending_action = 0
        if not _core.wire_init(self._reader, self._bytes, ctypes.c_size_t(len(arena))):
            raise ValueError("arena: 512 to 65535 bytes")

    def start(self):
        _core.wire_start(self._reader, 0 if self.pending_id is None else self.pending_action)

    def feed(self, buf, start, end):
        if start < 0 or end > len(buf):
            raise ValueError("feed: outside of the buffer")
        if start < end:
            piece = bytes(memoryview(buf)[start:end])
            _core.wire_feed(self._reader, piece, ctypes.c_size_t(len(piece)))

    def finish(self):
        expected = self.pending_id
        n = ctypes.c_size_t(len(expected or b""))
        return _core.wire_finish(self._reader, expected, n)

    def _fact(self, which):
        _core.host_facts(self._reader, self._facts)
        return self._facts[which]

    kind = property(lambda self: self._fact(_KIND))
    action = property(lambda self: self._fact(_ACTION))
    error = property(lambda self: self._fact(_ERROR))
    size = property(lambda self: self._fact(_SIZE))
    stop_early = property(lambda self: self._fact(_CERTAIN) != 0)
    bad_utf8 = property(lambda self: self._fact(_BAD_UTF8) != 0)

    @property
    def message_id(self):
        n = self._fact(_ID)
        return None if n < 0 else ctypes.string_at(_core.wire_id(self._reader), n)

    @property
    def detail(self):
        text = ctypes.create_string_buffer(_DETAIL_MOST + 1)
        n = _core.wire_detail(self._reader, text)
        return text.raw[:n]

    def unpack(self, *slots):
        if self.kind == _CALLERROR:
            text = ctypes.string_at(_core.wire_text(self._reader), self._fact(_TEXT))
            return [self.action, text]
        at, end = ctypes.c_uint16(), ctypes.c_uint16()
        node = _core.wire_fields(self._reader, ctypes.byref(at), ctypes.byref(end))
        if not node:
            return []
        self._decode(at, end, node, self._slots)
        return [self._slots[slot] for slot in slots] if slots else self._slots

    def each(self, slot):
        found = self._array(slot)
        return iter(found or ())

    def count(self, slot):
        found = self._array(slot)
        return len(found) if found else 0

    def _array(self, slot):
        value = Value()
        found = _core.wire_array(self._reader, slot, ctypes.byref(value))
        return _Records(self, value) if found else None

    def _next(self, at, end):
        value = Value()
        found = _core.wire_value(self._reader, ctypes.byref(at), end, ctypes.byref(value))
        return value if found else None

    def _object(self, value):
        if value.tag == _TAG_STRING:
            text = memoryview(self._arena)[value.at : value.end]
            return text if len(text) > _LONGEST_BYTES else bytes(text)
        if value.tag == _TAG_ARRAY:
            return _Records(self, value)
        return value.number != 0 if value.tag == _TAG_BOOLEAN else value.number

    def _decode(self, at, end, node, slots):
        slots[:] = [None] * _core.wire_slots(node)
        while value := self._next(at, end):
            slots[value.slot] = self._object(value)
            if value.tag == _TAG_NUMBER:
                slots[value.slot + 1] = value.decimals


class _Records:
    """A declared array."""

    def __init__(self, reader, value):
        self._reader = reader
        self._value = value

    def __len__(self):
        return self._value.count

    def __iter__(self):
        reader, node = self._reader, self._value.node
        at, end = ctypes.c_uint16(self._value.at), ctypes.c_uint16(self._value.end)
        slots = []
        while at.value < end.value:
            if _core.wire_is_scalar(node):
                yield reader._object(reader._next(at, end))
            else:
                reader._decode(at, end, node, slots)
                yield slots


def name(name_id):
    if not 1 <= name_id <= LAST_NAME:
        raise ValueError("name: no such id")
    text = ctypes.create_string_buffer(NAME_MOST)
    n = _core.wire_name(name_id, text)
    return text.raw[:n]


def name_id(text):
    return _core.wire_name_id(bytes(text), ctypes.c_size_t(len(text)))


def is_utf8(text):
    state = (ctypes.c_uint8 * 3)()
    good = _core.wire_utf8(state, bytes(text), ctypes.c_size_t(len(text)))
    return good and state[0] == 0


def is_time(text):
    seconds = ctypes.c_int32()
    return bool(
        _core.wire_read_time(bytes(text), ctypes.c_size_t(len(text)), ctypes.byref(seconds))
    )


def _room(buffer, n):
    if len(buffer) < n:
        raise ValueError("buffer too small")
    return (ctypes.c_uint8 * len(buffer)).from_buffer(buffer)


def _int_32(value):
    if not -(2**31) <= value < 2**31:
        raise OverflowError
    return ctypes.c_int32(value)


def write_time(buffer, seconds):
    return _core.wire_write_time(_room(buffer, _TIME_LENGTH), _int_32(seconds))
