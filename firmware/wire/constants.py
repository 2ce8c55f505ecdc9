# constants
"""Numbers that the parts of the JSON reader and writer share (README.md)."""

# The state: words of the array
S_MODE = 0
S_W = 1
S_N = 2
S_CONTINUED = 3
S_KIND = 4
S_TYPE = 5
S_STORE = 6
S_CHILD = 7
S_FRAME = 8
S_FREE = 9
S_BITS = 10
S_CAPACITY = 11
S_ARENA = 12
S_TABLE = 13
S_NAMES = 14
S_INDEX = 15
S_NUMBER = 16
S_MANTISSA = 17
S_DECIMALS = 18
S_FLAGS = 19
S_EXPONENT = 20
S_RAW = 21
S_RAW_LENGTH = 22
S_IN_ARRAY = 23
S_IS_KEY = 24
S_ERROR = 25
S_HEX_LEFT = 26  # hex digits still to come
S_CODE = 27  # of \uXXXX
S_HIGH = 28  # high surrogate that waits for its low one
S_LITERAL = 29
S_POSITION = 30
S_MESSAGE = 31
S_ID = 32
S_ACTION = 33
S_PENDING = 34
S_TEXT = 35
S_LIMIT = 36
S_MORE = 37  # UTF-8: bytes to come, and the range of the next one
S_MORE_LOW = 38
S_MORE_HIGH = 39
S_BAD_UTF8 = 40
S_AT_ERROR = 41
S_SCRATCH = 42  # 6 words
S_TOKEN = 48  # what the called function is told: TOKEN_*, or 1 for [ and 0 for {
S_RESULT = 49  # what it answers: 0, E_* or DO_*
S_SIZE = 50  # bytes fed
S_BUFFER = 51  # address of what is being scanned, for key()
S_AT = 52  # ... how far it is
S_END = 53
S_RAW_FROM = 54  # what of the buffer is still to be kept as raw text
S_FRAMES = 55
S_WORDS = 159  # S_FRAMES and 13 frames

# A frame: one open object or array of the schema
F_ARRAY = 0  # 1: an array
F_TYPE = 1  # where its fields are in TABLE; of an array: where its items' type is
F_SEEN = 2  # bits of the fields seen; of an array: items so far
F_NODE = 3  # where its declaration is in TABLE, 0: nothing of it is kept
F_SLOT = 4  # of an object: slot of its first leaf; of an array: S_STORE of its items
F_MARK = 5  # of an array: where its header is in the arena; of an object: 1: item with an end mark
F_NEXT = 6  # of an object: the field to try first; of an array: most items, 0: any number
F_NAME = 7  # of an object: name id of the field being read, for the report of an error
F_SIZE = 8

# S_MODE: what the scanner expects next. A closing bracket: odd ones above 1
M_DEAD = 0  # nothing: the outcome is certain
M_START = 1
M_VALUE = 2
M_VALUE_OR_CLOSE = 3
M_KEY = 4
M_KEY_OR_CLOSE = 5
M_COLON = 6
M_AFTER = 7  # comma or closing bracket
M_END = 8  # white space
M_STRING = 9  # from here on: in the middle of a token
M_DIGITS = 10
M_WORD = 11  # true, false, null
M_UNUSUAL = 16  # in a string: what is no plain ASCII; below: in the middle of that
M_LETTER = 17  # the letter of an escape
M_HEX = 18
M_LOW = 19  # the backslash of a low surrogate
M_LOW_U = 20  # ... its u
M_UTF8 = 21

# How a value or element ended
TOKEN_STRING = 0
TOKEN_NUMBER = 1
TOKEN_FALSE = 2
TOKEN_TRUE = 3
TOKEN_NULL = 4
TOKEN_OPEN = 5
TOKEN_END = 6  # the message has ended

# S_KIND, beside the KIND_* of tables.layout
KIND_ENVELOPE = 9  # an element of the message itself

# What the walk wants of the scanner
DO_OPEN = -1  # a bracket opens where an element of the message was expected
DO_RAW = -2  # the value that is kept as raw text ends here

# S_ERROR, in words and as RPC codes in message.py
E_SYNTAX = 1
E_CONTROL = 2
E_UTF8 = 3
E_DEEP = 4
E_SURROGATE = 5
E_TRUNCATED = 6
E_TYPE = 10
E_LONG = 11
E_VALUE = 12
E_RANGE = 13
E_UNKNOWN_FIELD = 14
E_TWICE = 15
E_MISSING = 16
E_FEW = 17
E_MANY = 18
E_SPACE = 19
E_ENVELOPE = 20
E_MESSAGE = 21
E_ACTION = 22
E_NOT_OURS = 23
E_PAYLOAD = 24
E_UNEXPECTED = 25
E_ID = 26
E_LONG_ID = 27

# Arena: slot << 3 | one of these
TAG_INT = 0
TAG_NUMBER = 1
TAG_STRING = 2
TAG_ARRAY = 3
TAG_SHORT = 4
TAG_BOOLEAN = 5
TAG_END = 255

# S_NUMBER: parts of a number; from PART_COMPLETE on it may end
PART_BEGIN = 0
PART_MINUS = 1
PART_POINT = 2
PART_E = 3
PART_SIGN = 4
PART_COMPLETE = 5
PART_ZERO = 5
PART_INTEGER = 6
PART_FRACTION = 7
PART_EXPONENT_DIGITS = 8

# S_FLAGS of a number
FLAG_NEGATIVE = 1
FLAG_HUGE = 2  # over 31 bits before the decimal point
FLAG_INEXACT = 4  # digits other than 0 were dropped
FLAG_ROUND = 8  # ... and the first of them is 5 or more
FLAG_DROPPED = 16
FLAG_EXPONENT_NEGATIVE = 32

# Sizes
HEAD = 3  # a token's text is gathered at arena[S_W + HEAD], where a kept string belongs
SHORT = 64  # of a key, an enum value or a date-time as much is gathered
TENTH = 214748364  # (2**31 - 1) // 10

# The writer: words of the state of json_out.copy() (native/json_out/json_out.h)
O_FROM = 0  # what of the source is still to be copied
O_TO = 1
O_AT = 2  # bytes in the buffer
O_SIZE = 3  # its length
O_BEGUN = 4  # the comma and the first quote of the piece are written

# What a piece has around it
PLAIN = 0
QUOTED = 1  # in quotes, and escaped as JSON has it
COUNTING = 2  # first pass
COMMA = 4  # a comma before it
COLON = 8  # a colon after it
