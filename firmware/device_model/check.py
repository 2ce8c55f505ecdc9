"""Whether a text is a legal value of a variable (B05.FR.07, B05.FR.08)."""

from micropython import const
from tables.variable_format import (
    FIELD_MAX,
    FIELD_MIN,
    FIELD_VALUES,
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
from hal import log

# 9 digits fit a small int of the 32-bit VM, and nothing that we count needs more: the tables limit
# every number to that.
_DIGITS = const(9)
_BEYOND = const(1000000000)  # above every limit
_LONG = const(200)
_POINT = const(46)
_MINUS = const(45)


def check(variable, value):
    """Check `value` (bytes; over 200 of them a memoryview) against data type, limits and list of
    values.

    Returns:
        An outcome: DONE, INVALID, TOO_LOW, TOO_HIGH, TOO_LONG.
    """
    kind = catalogue.kind(variable) & KIND_TYPE
    if len(value) > _LONG and kind not in (TYPE_STRING, TYPE_DATE_TIME):
        # No list is longer than that of its members; and it may be no bytes, but a memoryview.
        if len(value) > len(catalogue.text(variable, FIELD_VALUES) or b""):
            return INVALID
        value = bytes(value)
    if kind in (TYPE_INTEGER, TYPE_DECIMAL):
        number = scaled(value)
        if number is None or (kind == TYPE_INTEGER and _POINT in value):
            return INVALID
        return _within(variable, number)
    if kind == TYPE_STRING:
        # Characters, not bytes: a limit on a string counts characters.
        size = _characters(value)
        return TOO_LONG if size > _limit(variable, FIELD_MAX) else _at_least(variable, size)
    if kind == TYPE_BOOLEAN:
        return DONE if value in (b"true", b"false") else INVALID
    if kind == TYPE_DATE_TIME:
        return DONE if is_time(value) else INVALID
    return _list(variable, value, kind == TYPE_OPTION_LIST)


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


def _within(variable, number):
    """Every number has both limits: the compiler of the tables sees to it."""
    if number < scaled(catalogue.text(variable, FIELD_MIN)):
        return TOO_LOW
    high = scaled(catalogue.text(variable, FIELD_MAX))  # None: it is computed
    return DONE if high is None or number <= high else TOO_HIGH


def legal(variable, value, source):
    """The value; or what its limit leaves of a number or of a text that the board tells too; or
    None. Other than the value is logged.

    Args:
        source: what it is, for the log.
    """
    outcome = check(variable, value)
    if outcome == DONE:
        return value
    title = catalogue.title(variable)
    left = None
    if outcome != INVALID and catalogue.kind(variable) & KIND_TYPE in (TYPE_INTEGER, TYPE_DECIMAL):
        left = catalogue.text(variable, FIELD_MIN if outcome == TOO_LOW else FIELD_MAX)
    elif outcome == TOO_LONG and catalogue.of_board(variable):
        left = cut(variable, value)
    if left is None:
        log.warning("%s ignored: not a legal value of %s", source, title)
    else:
        log.warning("%s of %s clamped to %s, not %s", source, title, left, value)
    return left


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


def _list(variable, value, single):
    """Members are of the list of values and none comes twice; an OptionList has exactly one."""
    if not value:
        return INVALID if single else _at_least(variable, 0)
    allowed = catalogue.text(variable, FIELD_VALUES)
    members = value.split(b",")
    if single and len(members) > 1:
        return INVALID
    for i, member in enumerate(members):
        if not member or not catalogue.contains(allowed, member) or member in members[:i]:
            return INVALID
    return _at_least(variable, len(members))
