"""Whether a text is a legal value of a variable (B05.FR.07, B05.FR.08)."""

from micropython import const
from tables.variable_format import (
    FIELD_MAX,
    FIELD_MIN,
    KIND_TYPE,
    TYPE_BOOLEAN,
    TYPE_DATE_TIME,
    TYPE_DECIMAL,
    TYPE_INTEGER,
    TYPE_OPTION_LIST,
    TYPE_STRING,
)
from wire_core import is_time

from device_model import catalogue
from device_model.outcomes import DONE, INVALID, TOO_HIGH, TOO_LONG, TOO_LOW

# 9 digits fit a small int of the 32-bit VM, and nothing that we count needs more: the tables limit
# every number to that.
_DIGITS = const(9)
_BEYOND = const(1000000000)  # above every limit
_LONG = const(200)
_POINT = const(46)
_MINUS = const(45)


def check(variable, value, values):
    """Check `value` (bytes; over 200 of them a memoryview) against data type, limits and list of
    values.

    Args:
        values: members that a list may have (DeviceModel.values).

    Returns:
        An outcome: DONE, INVALID, TOO_LOW, TOO_HIGH, TOO_LONG.
    """
    kind = catalogue.kind(variable) & KIND_TYPE
    if kind == TYPE_STRING:
        # Characters, not bytes: a limit on a string counts characters.
        size = _characters(value)
        return TOO_LONG if size > _limit(variable, FIELD_MAX) else _at_least(variable, size)
    if kind == TYPE_DATE_TIME:
        return DONE if is_time(value) else INVALID
    if len(value) > _LONG:
        # No list is longer than that of its members; and it may be no bytes, but a memoryview.
        if len(value) > len(values or b""):
            return INVALID
        value = bytes(value)
    if kind == TYPE_INTEGER or kind == TYPE_DECIMAL:
        number = scaled(value)
        if number is None or (kind == TYPE_INTEGER and _POINT in value):
            return INVALID
        # Every number has both limits: the compiler of the tables sees to it.
        if number < scaled(catalogue.text(variable, FIELD_MIN)):
            return TOO_LOW
        high = scaled(catalogue.text(variable, FIELD_MAX))  # None: it is computed
        return DONE if high is None or number <= high else TOO_HIGH
    if kind == TYPE_BOOLEAN:
        return DONE if value == b"true" or value == b"false" else INVALID
    return _list(variable, value, values, kind == TYPE_OPTION_LIST)


def scaled(value):
    """A decimal number in units of 10**-9, further decimals dropped; None: no number. One of over
    9 digits before the point becomes one that is above every limit, or below.
    """
    sign = 1
    if value[:1] == b"-":
        sign = -1
        value = value[1:]
    whole, point, fraction = value.partition(b".")
    if not whole.isdigit() or (point and not fraction.isdigit()):
        return None
    whole = whole.lstrip(b"0")
    if len(whole) > _DIGITS:
        return sign * _BEYOND * _BEYOND
    return sign * int(whole + (fraction + b"000000000")[:_DIGITS])


def cut(variable, value):
    """So many characters of a string as its limit allows."""
    left = _limit(variable, FIELD_MAX)
    for i, c in enumerate(value):
        if c & 0xC0 != 0x80:
            left -= 1
            if left < 0:
                return value[:i]
    return value


def _limit(variable, field):
    return int(catalogue.text(variable, field) or b"0")


def _at_least(variable, size):
    return DONE if size >= _limit(variable, FIELD_MIN) else TOO_LOW


def _characters(value):
    size = 0
    for c in value:
        if c & 0xC0 != 0x80:
            size += 1
    return size


def _list(variable, value, values, single):
    """Members are of the list of values and none comes twice; an OptionList has exactly one."""
    members = value.split(b",") if value else ()
    if single and len(members) != 1:
        return INVALID
    for i, member in enumerate(members):
        if not member or not catalogue.contains(values, member) or member in members[:i]:
            return INVALID
    return _at_least(variable, len(members))
