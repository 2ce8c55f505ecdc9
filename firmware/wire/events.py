# constants
"""What websocket.py and rpc.py say to their caller."""

from micropython import const

# Events of WebSocket.next()
NONE = const(0)  # nothing more in what has been received
START = const(1)  # a text message begins
DATA = const(2)  # a piece of it: rx[start:end]
END = const(3)  # the message is complete, and is UTF-8
PING = const(4)  # to be answered with the frame of pong()
PONG = const(5)
CLOSE = const(6)  # inside of websocket.py
ROOM = const(7)  # ... a control frame needs more

# Words of the state of a WebSocket (native/websocket/frames.h)
W_START = const(0)  # of DATA: rx[start:end]
W_END = const(1)
W_AT = const(2)
W_STOP = const(3)
W_COUNT = const(4)  # bytes of a control frame's payload
W_CODE = const(5)
W_FAULT = const(6)
W_LEFT = const(7)  # of ROOM: bytes of payload
W_WORDS = const(15)

# Close codes (RFC 6455, 7.4.1)
NORMAL = const(1000)
GOING_AWAY = const(1001)
PROTOCOL_ERROR = const(1002)
UNSUPPORTED_DATA = const(1003)
NO_CODE = const(1005)
INVALID_DATA = const(1007)
TOO_BIG = const(1009)
INTERNAL_FAILURE = const(1011)

HEADROOM = const(14)  # bytes in front of a payload, for the longest frame header that we send

# Slots of a CALLERROR: MessageReader.unpack()
ERROR_CODE = const(0)
ERROR_TEXT = const(1)

# Verdicts of Rpc.received()
HANDLE = const(0)  # a valid CALL: to be handled and answered
REPEATED = const(1)  # the same, but its id is that of the CALL before
REFUSE = const(2)  # to be answered with a CALLERROR: `code`, and the reader's detail
ANSWER = const(3)  # the valid response to our CALL
FAULT = const(4)  # our CALL was answered by a CALLERROR, or by a response that breaks the schema
IGNORE = const(5)  # an answer to nothing that is outstanding: nothing happens
