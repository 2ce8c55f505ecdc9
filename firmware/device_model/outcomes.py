# constants
"""Outcomes of an attempt to read or write a variable, kept in a bytearray."""

DONE = 0
REBOOT = 1
NO_COMPONENT = 2
NO_VARIABLE = 3
NO_ATTRIBUTE = 4
READ_ONLY = 5
WRITE_ONLY = 6
INVALID = 7
TOO_LOW = 8
TOO_HIGH = 9
TOO_LONG = 10
NOT_KEPT = 11
