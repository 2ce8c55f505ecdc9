# constants
"""What a board may have or not, for `board.has()`; the meaning stands in README.md.

Declarations of variables name these in small letters: `when=signing_meter`. Numbers from 1 to 127.
"""

from micropython import const

SIGNING_METER = const(1)
LOCK = const(2)
DISPLAY = const(3)
READER = const(4)
RCD = const(5)
TEMPERATURE_SENSOR = const(6)
