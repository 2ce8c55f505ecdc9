"""firmware/native/json_out/module.c for CPython: MessageWriter around the same C, by ctypes."""

import ctypes
import operator
import types

import wire_library

_core = wire_library.load()
_CALL, _CALLRESULT, _CALLERROR = 2, 3, 4
_LEAST = 64
_TEXT, _NAME, _PIECES = range(3)
_INT_32 = range(-(2**31), 2**31)

_void = ctypes.c_void_p
_FUNCTIONS = {
    "slot": ctypes.CFUNCTYPE(_void, _void, ctypes.c_uint),
    "iterate": ctypes.CFUNCTYPE(_void, _void),
    "next": ctypes.CFUNCTYPE(_void, _void),
    "integer": ctypes.CFUNCTYPE(ctypes.c_int32, _void),
    "is_true": ctypes.CFUNCTYPE(ctypes.c_bool, _void),
    "sort": ctypes.CFUNCTYPE(ctypes.c_int, _void),
    "text": ctypes.CFUNCTYPE(_void, _void, ctypes.POINTER(ctypes.c_size_t)),
}


class _Objects(ctypes.Structure):
    """host_objects_t"""

    _fields_ = [*_FUNCTIONS.items(), ("failed", ctypes.c_int)]


class MessageWriter:
    """firmware/wire/message.py describes it. C knows an object by its number in `_known`."""

    def __init__(self, buf):
        if len(buf) < _LEAST:
            raise ValueError("transmit buffer: 64 bytes at least")
        self._buffer = (ctypes.c_uint8 * len(buf)).from_buffer(buf)
        self._writer = ctypes.create_string_buffer(_core.host_json_out_size())
        self._known = []
        self._error = None
        # What C calls must live as long as this.
        functions = {name: self._called(name, type_) for name, type_ in _FUNCTIONS.items()}
        self._objects = _Objects(**functions)
        _core.json_out_init(self._writer, self._buffer, ctypes.c_size_t(len(buf)))

    def call(self, message_id, action, slots):
        self._begin(_CALL, message_id, action, slots)

    def result(self, message_id, action, slots):
        self._begin(_CALLRESULT, message_id, action, slots)

    def error(self, message_id, code, description=b""):
        self._begin(_CALLERROR, message_id, code, description)

    def count(self):
        return self._run(_core.host_json_out_count)

    def fill(self):
        return self._run(_core.host_json_out_fill)

    def _begin(self, message, message_id, name, slots):
        self._known.clear()
        numbers = _void(self._number(message_id)), name, _void(self._number(slots))
        if not _core.json_out_begin(self._writer, message, *numbers):
            raise ValueError("not declared")

    def _run(self, function):
        self._error = None
        found = function(self._writer, ctypes.byref(self._objects))
        if found < 0:
            raise self._error or ValueError
        return found

    def _number(self, object_):
        if object_ is None:
            return None
        self._known.append(object_)
        return len(self._known)

    def _called(self, name, type_):
        function = getattr(self, f"_{name}")

        def call(number, *args):
            try:
                return function(self._known[number - 1], *args)
            except BaseException as error:  # noqa: BLE001, it goes on in _run()
                self._error = error
                self._objects.failed = 1
                return 0

        return type_(call)

    # ---- what the writer asks of its objects

    def _slot(self, slots, slot):
        if not isinstance(slots, (tuple, list)):
            raise TypeError
        return self._number(slots[slot]) if slot < len(slots) else None

    def _iterate(self, object_):
        return self._number(iter(object_))

    def _next(self, items):
        return self._number(next(items, None))

    def _integer(self, object_):
        number = operator.index(object_)
        if number not in _INT_32:
            raise OverflowError
        return number

    def _is_true(self, object_):
        return bool(object_)

    def _sort(self, object_):
        if isinstance(object_, int) and not isinstance(object_, bool):
            return _NAME
        return _PIECES if isinstance(object_, (types.GeneratorType, tuple)) else _TEXT

    def _text(self, object_, n):
        text = memoryview(object_).cast("B")
        n[0] = len(text)
        self._copy = (ctypes.c_uint8 * max(len(text), 1)).from_buffer_copy(bytes(text) or b"\0")
        return ctypes.addressof(self._copy)
