"""The log: one line an event, with a level.

The board sets `sink`; until then lines are dropped. What goes wrong is logged once, where it is
dealt with, with what the person at the other end can do about it.
"""

from micropython import const
from trace_core import where

DEBUG = const(0)
INFO = const(1)
WARNING = const(2)
ERROR = const(3)


def _drop(level, text):
    pass


sink = _drop


def _write(level, text, args):
    try:
        if args:
            text = text % tuple([str(a, "utf-8") if isinstance(a, bytes) else a for a in args])
    except MemoryError:
        pass  # without its values: a line in the log must not cost more than that
    sink(level, text)


def debug(text, *args):
    """What only a developer wants to see. `text` is a %-format; bytes among `args` are taken as
    UTF-8.
    """
    _write(DEBUG, text, args)


def info(text, *args):
    """An event of normal operation."""
    _write(INFO, text, args)


def warning(text, *args):
    """Something went wrong and was dealt with."""
    _write(WARNING, text, args)


def error(text, *args):
    """Something went wrong and somebody has to do something about it."""
    _write(ERROR, text, args)


def defect(what, exception):
    """An exception that nobody expected: `what` has failed; where, innermost line first."""
    error("%s failed: %r (%s)", what, exception, where(exception))
