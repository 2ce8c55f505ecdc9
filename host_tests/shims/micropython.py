"""MicroPython's `micropython` module for CPython."""

import sys

import wake_for_cpython

sys.modules["hal.wake"] = wake_for_cpython  # the real one needs MicroPython's asyncio


def const(value):
    return value


def native(function):
    return function


def opt_level(*_):
    return 0
