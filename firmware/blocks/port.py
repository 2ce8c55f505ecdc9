# constants
"""What a block tells whoever handed it a CALL, and what the outbox tells a block (README.md)."""

from micropython import const

DEFER = const(-2)  # handle(): the reply follows through link.reply()

ANSWERED = const(0)  # answered(): the response is valid, reader.unpack() has it
ERROR = const(1)  # a CALLERROR, or a response that breaks the schema
TIMEOUT = const(2)  # no answer within MessageTimeout
LOST = const(3)  # the connection was lost before the answer
