# constants
"""Numbers that the parts of wire share."""

# Kinds of messages; 5 and 6 are those of OCPP 2.1
BAD = 0
CALL = 2
CALLRESULT = 3
CALLERROR = 4

# The writer: words of the state of json_out.copy() (native/json_out/json_out.h)
O_FROM = 0  # what of the piece is still to be copied, from here
O_TO = 1  # to here
O_AT = 2  # bytes in the buffer
O_SIZE = 3  # its length
O_BEGUN = 4  # within a piece

# What a piece has around it, and which part of its source it is
PLAIN = 0
QUOTED = 1  # in quotes, and escaped as JSON has it
COUNTING = 2  # first pass
COMMA = 4  # a comma before it
COLON = 8  # a colon after it
LENGTH = 8  # shift: its bytes; none: all of the source
FROM = 16  # shift: where in the source it begins
