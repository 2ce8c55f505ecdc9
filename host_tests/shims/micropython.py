"""MicroPython's `micropython` module for CPython; viper's types, with the bounds checks they lack.

A pointer's address is a made-up number, so that code which keeps addresses in an array runs too.
"""

import builtins
import collections
import itertools
import sys

import wake_for_cpython

sys.modules["hal.wake"] = wake_for_cpython  # the real one needs MicroPython's asyncio

_buffers = collections.OrderedDict()  # address -> buffer, the last used one at the end
_addresses = {}  # id of a buffer -> address
_numbers = itertools.count(1)
_MOST = 1000  # buffers whose addresses are remembered


def const(value):
    return value


def native(function):
    return function


def viper(function):
    return function


def opt_level(*_):
    return 0


def _forget_one():
    """Of pieces of messages only the latest are remembered; what is bound for good stays."""
    tables = vars(sys.modules["tables.schema"]).values() if "tables.schema" in sys.modules else ()
    for _ in range(len(_buffers) - _MOST):
        address, buffer = _buffers.popitem(last=False)
        if isinstance(buffer, bytes) and not any(buffer is table for table in tables):
            del _addresses[id(buffer)]
            return
        _buffers[address] = buffer


class _Pointer:
    """Indexing as in viper, but an index or value out of range is an AssertionError."""

    code = "B"
    low, high = (
        -255,
        255,
    )  # viper cuts off what is too large: only a byte's worth is expected of our code

    def __init__(self, target):
        if isinstance(target, int):
            _buffers.move_to_end(target)
            target = _buffers[target]
        self.target = target
        view = memoryview(self.target).cast("B")
        self.view = view if self.code == "B" else view.cast(self.code)

    def __getitem__(self, index):
        assert 0 <= index < len(self.view), "read out of bounds: %d of %d" % (
            index,
            len(self.view),
        )
        return self.view[index]

    def __setitem__(self, index, value):
        assert 0 <= index < len(self.view), "write out of bounds: %d of %d" % (
            index,
            len(self.view),
        )
        assert self.low <= value <= self.high, "value %d does not fit" % value
        self.view[index] = value

    def __int__(self):
        key = id(self.target)
        if key not in _addresses:
            _forget_one()
            _addresses[key] = 16 * next(_numbers)
            _buffers[_addresses[key]] = self.target  # kept alive: the id stays unique
        return _addresses[key]


class ptr8(_Pointer):
    low = 0


class ptr16(_Pointer):
    code = "H"
    low, high = 0, 65535


class ptr32(_Pointer):
    code = "i"
    low, high = -(2**31), 2**31 - 1


def uint(value):
    return int(value)


builtins.ptr8 = ptr8
builtins.ptr16 = ptr16
builtins.ptr32 = ptr32
builtins.ptr = ptr8
builtins.uint = uint
