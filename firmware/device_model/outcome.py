"""What became of an attempt to read or write a variable: one small number each, so that many are kept in a
bytearray. `status` and `reason` tell what goes on the wire (B05.FR.04 to .10, B06.FR.06 to .10).
"""

from micropython import const
from tables.names import (
    ACCEPTED,
    NOT_SUPPORTED_ATTRIBUTE_TYPE,
    REBOOT_REQUIRED,
    REJECTED,
    UNKNOWN_COMPONENT,
    UNKNOWN_VARIABLE,
)

DONE = const(0)
REBOOT = const(1)
NO_COMPONENT = const(2)
NO_VARIABLE = const(3)
NO_ATTRIBUTE = const(4)
READ_ONLY = const(5)
WRITE_ONLY = const(6)
INVALID = const(7)
TOO_LOW = const(8)
TOO_HIGH = const(9)
TOO_LONG = const(10)
NOT_KEPT = const(11)

_STATUS = (
    ACCEPTED,
    REBOOT_REQUIRED,
    UNKNOWN_COMPONENT,
    UNKNOWN_VARIABLE,
    NOT_SUPPORTED_ATTRIBUTE_TYPE,
)
# Reason codes of the appendices, for everything from READ_ONLY on.
_REASON = (
    b"ReadOnly",
    b"WriteOnly",
    b"InvalidValue",
    b"ValueTooLow",
    b"ValueTooHigh",
    b"TooLargeElement",
    b"OutOfStorage",
)


def status(outcome):
    """Name id of the attribute's status."""
    return _STATUS[outcome] if outcome < READ_ONLY else REJECTED


def reason(outcome):
    """reasonCode for attributeStatusInfo, or None."""
    return None if outcome < READ_ONLY else _REASON[outcome - READ_ONLY]
