"""A message out: templates over slots, run twice, first to count, then to send from one buffer.

The template of a message is its declaration in TABLE (README.md): name, kind and slot of each
field.
"""

import array

from json_out import copy
from micropython import const
from tables.layout import (
    AT_ACTIONS,
    AT_NODE_INDEX,
    FIRST_ACTION,
    KIND_ANY,
    KIND_ARRAY,
    KIND_BOOLEAN,
    KIND_INTEGER,
    KIND_NUMBER,
    KIND_OBJECT,
    KIND_STRING,
    KIND_TIME,
    UNDECLARED,
)
from wire_core import TABLE, write_number, write_time

from hal.errors import WriterMismatch
from wire.constants import (
    COLON,
    COMMA,
    COUNTING,
    FROM,
    LENGTH,
    O_AT,
    O_BEGUN,
    O_FROM,
    O_SIZE,
    O_TO,
    PLAIN,
    QUOTED,
)

_CALL = const(2)
_CALLRESULT = const(3)
_CALLERROR = const(4)
_LEAST = const(64)  # bytes of a buffer
_LONGEST_SCALAR = const(24)
_DEEPEST = const(10)  # objects within each other
_STEP = const(64)  # pieces that are counted in one turn of the event loop

# What is neither a name nor a value is a part of this.
_MARKS = b"[{}]{}]falsetrue[2,[3,[4,"
_OPEN_ARRAY = const(1 << LENGTH)
_OPEN_RECORDS = const(2 << LENGTH)
_OPEN = const(1 << FROM | 1 << LENGTH)
_CLOSE = const(2 << FROM | 1 << LENGTH)
_CLOSE_ARRAY = const(3 << FROM | 1 << LENGTH)
_NO_DETAILS = const(4 << FROM | 3 << LENGTH)
_FALSE = const(7 << FROM | 5 << LENGTH)
_TRUE = const(12 << FROM | 4 << LENGTH)
_HEAD = const(16 << FROM | 3 << LENGTH)
_NEXT_HEAD = const(3 << FROM)


class MessageWriter:
    """Writes one message at a time; `buf` is its transmit buffer (at least 64 bytes).

    call(), result() or error() take the message, count() and length() count its bytes, chunks()
    hands it out in pieces. Slots: tuples or lists in declared order, what is missing at the end is
    None; for an array anything that can be iterated twice. Left out are fields that are None,
    objects without any field and arrays without any element. Where a string is declared, an int is
    a name id, and a generator (another one in each pass) gives a long text in pieces; raw JSON may
    be a tuple of pieces.
    """

    def __init__(self, buf):
        if len(buf) < _LEAST:
            raise ValueError("transmit buffer: 64 bytes at least")
        self._buf = buf
        self._view = memoryview(buf)
        self._state = array.array("i", bytes(20))
        self._state[O_SIZE] = len(buf)
        self._scalar = bytearray(_LONGEST_SCALAR)
        self._stack = [None] * (6 * _DEEPEST)
        self._length = 0
        self._walk = None  # the first pass, while it is under way

    def call(self, message_id, action, slots):
        """[2, id, action, payload]: the next message; action is a name id."""
        self._begin(_CALL, message_id, action, slots)

    def result(self, message_id, action, slots):
        """[3, id, payload]: the next message, the answer to the CSMS's CALL `action`."""
        self._begin(_CALLRESULT, message_id, action, slots)

    def error(self, message_id, code, description=b""):
        """[4, id, code, description, {}]: the next message. No message_id: "-1"."""
        self._begin(_CALLERROR, message_id, code, description)

    def _begin(self, kind, message_id, name_id, slots):
        self._kind = kind
        self._id = b"-1" if message_id is None else message_id
        self._name = name_id
        self._slots = slots
        self._length = 0
        self._walk = None
        if kind != _CALLERROR:
            node = TABLE[2 * AT_ACTIONS + 6 * (name_id - FIRST_ACTION) + 2 + kind]
            if node == UNDECLARED:
                raise WriterMismatch("no block sends this message")
            self._node = _node_at(node)

    def count(self):
        """A step of the first pass, short enough for one turn of the event loop.

        Returns:
            True: it was the last one.
        """
        if self._length:
            return True
        state = self._state
        if self._walk is None:
            state[O_AT] = 0
            state[O_BEGUN] = 0
            self._walk = self._pieces()
        left = _STEP
        for around in self._walk:
            copy(state, self._buf, self._source, around | COUNTING)
            left -= 1
            if not left:
                return False
        self._walk = None
        self._length = state[O_AT]
        return True

    def length(self):
        """Bytes of the message, after all that is left of the first pass."""
        while not self.count():
            pass
        return self._length

    def chunks(self):
        """Yields memoryviews of the buffer, together the message: the second pass.

        Raises WriterMismatch when it differs from the first; no byte too many has left then.
        """
        left = self.length()
        state = self._state
        state[O_AT] = 0
        state[O_BEGUN] = 0
        for around in self._pieces():
            while not copy(state, self._buf, self._source, around):
                left -= state[O_AT]
                if left < 0:
                    raise WriterMismatch("a message grew while it was sent")
                yield self._view[: state[O_AT]]
                state[O_AT] = 0
        if left != state[O_AT]:
            raise WriterMismatch("a message changed while it was sent")
        yield self._view[:left]

    def _pieces(self):
        """Points out the message piece by piece: copy() gets `_source` and what is yielded."""
        kind = self._kind
        self._source = _MARKS
        yield _HEAD + (kind - _CALL) * _NEXT_HEAD
        self._source = self._id
        yield QUOTED
        if kind != _CALLRESULT:
            self._source = self._name
            yield QUOTED | COMMA
        if kind == _CALLERROR:
            self._source = self._slots
            yield QUOTED | COMMA
            self._source = _MARKS
            yield _NO_DETAILS | COMMA
            return
        yield from self._payload()
        self._source = _MARKS
        yield _CLOSE_ARRAY

    def _payload(self):  # noqa: C901 one generator for all levels: no garbage for each object
        """The object of the slots. The stack has six entries for each object around this one."""
        stack = self._stack
        depth = 0
        node = self._node
        slots = self._slots
        base = 0
        self._source = _MARKS
        yield _OPEN | COMMA
        at = node + 2
        fields = TABLE[node]
        comma = PLAIN
        while True:
            while fields:
                fields -= 1
                kind = TABLE[at + 1]
                slot = base + TABLE[at + 2]
                child = TABLE[at + 3]
                at += 4
                value = slots[slot] if slot < len(slots) else None
                items = None
                if kind == KIND_OBJECT:
                    if not _any(_node_at(child), slots, slot):
                        continue
                elif value is None:
                    continue
                elif kind == KIND_ARRAY:
                    items = iter(value)
                    value = _next(items)
                    if value is None:
                        continue
                self._source = TABLE[at - 4]
                yield comma | QUOTED | COLON
                comma = COMMA
                if kind != KIND_OBJECT and kind != KIND_ARRAY:
                    if kind == KIND_STRING and hasattr(value, "send"):
                        yield from self._text(value)
                        continue
                    if kind == KIND_ANY and isinstance(value, tuple):
                        for self._source in value:
                            yield PLAIN
                        continue
                    decimals = slots[slot + 1] if kind == KIND_NUMBER else 0
                    yield self._leaf(kind, value, decimals, PLAIN)
                    continue
                child = _node_at(child)
                if kind == KIND_ARRAY and not TABLE[child + 2]:  # of scalars
                    self._source = _MARKS
                    yield _OPEN_ARRAY
                    around = PLAIN
                    while value is not None:
                        yield self._leaf(TABLE[child + 3], value, 0, around)
                        around = COMMA
                        value = _next(items)
                    self._source = _MARKS
                    yield _CLOSE_ARRAY
                    continue
                stack[depth] = at
                stack[depth + 1] = fields
                stack[depth + 2] = base
                stack[depth + 3] = slots
                stack[depth + 4] = node
                stack[depth + 5] = items
                depth += 6
                node = child
                base = slot
                if items is None:
                    self._source = _MARKS
                    yield _OPEN
                else:
                    self._source = _MARKS
                    yield _OPEN_RECORDS
                    slots = value
                    base = 0
                at = node + 2
                fields = TABLE[node]
                comma = PLAIN
            self._source = _MARKS
            yield _CLOSE
            if not depth:
                return
            items = stack[depth - 1]
            value = None if items is None else _next(items)
            if value is not None:
                self._source = _MARKS
                yield _OPEN | COMMA
                slots = value
                at = node + 2
                fields = TABLE[node]
                comma = PLAIN
                continue
            if items is not None:
                self._source = _MARKS
                yield _CLOSE_ARRAY
            depth -= 6
            at = stack[depth]
            fields = stack[depth + 1]
            base = stack[depth + 2]
            slots = stack[depth + 3]
            node = stack[depth + 4]
            stack[depth + 3] = stack[depth + 5] = None
            comma = COMMA

    def _text(self, pieces):
        """A string that comes in pieces."""
        state = self._state
        self._source = b""
        yield QUOTED
        for piece in pieces:
            state[O_AT] -= 1  # without the closing quote, and without another one before it
            state[O_FROM] = 0
            state[O_TO] = len(piece)
            state[O_BEGUN] = 1
            self._source = piece
            yield QUOTED

    def _leaf(self, kind, value, decimals, around):
        """A scalar as piece."""
        if kind == KIND_BOOLEAN:
            self._source = _MARKS
            return around | (_TRUE if value else _FALSE)
        if kind == KIND_INTEGER or kind == KIND_NUMBER:
            self._source = self._scalar
            return around | write_number(self._scalar, value, decimals) << LENGTH
        if kind == KIND_TIME:
            self._source = self._scalar
            return around | QUOTED | write_time(self._scalar, value) << LENGTH
        self._source = value
        return around if kind == KIND_ANY else around | QUOTED


def _node_at(number):
    """Where in TABLE the node `number` is."""
    at = 2 * (AT_NODE_INDEX + number)
    return 2 * (TABLE[at] | TABLE[at + 1] << 8)


def _any(node, slots, base):
    """Whether an object has any field."""
    at = node + 2
    for _ in range(TABLE[node]):
        slot = base + TABLE[at + 2]
        if TABLE[at + 1] == KIND_OBJECT:
            if _any(_node_at(TABLE[at + 3]), slots, slot):
                return True
        elif slot < len(slots) and slots[slot] is not None:
            return True
        at += 4
    return False


def _next(items):
    """The next record or scalar; None: there is none."""
    try:
        return next(items)
    except StopIteration:
        return None
