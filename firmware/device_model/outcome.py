"""What became of an attempt to read or write a variable: one small number each, so that many are
kept in a bytearray (outcomes.py). `status` and `reason` tell what goes on the wire (B05.FR.04 to
.10, B06.FR.06 to .10).
"""

from tables.names import (
    ACCEPTED,
    NOT_SUPPORTED_ATTRIBUTE_TYPE,
    REBOOT_REQUIRED,
    REJECTED,
    UNKNOWN_COMPONENT,
    UNKNOWN_VARIABLE,
)

from device_model.outcomes import READ_ONLY

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
