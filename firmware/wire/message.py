"""A message in: MessageReader. A message out: MessageWriter (json_writer.py)."""

import array

import micropython
from micropython import const
from tables.layout import AT_ACTIONS, FIRST_ACTION
from tables.schema import INDEX, NAMES, TABLE

from wire.constants import (
    E_TRUNCATED,
    E_UNEXPECTED,
    F_ARRAY,
    HEAD,
    KIND_ENVELOPE,
    M_DEAD,
    M_END,
    M_START,
    S_ACTION,
    S_ARENA,
    S_AT_ERROR,
    S_BAD_UTF8,
    S_BITS,
    S_CAPACITY,
    S_CHILD,
    S_CONTINUED,
    S_ERROR,
    S_FRAME,
    S_FRAMES,
    S_FREE,
    S_HIGH,
    S_ID,
    S_IN_ARRAY,
    S_INDEX,
    S_KIND,
    S_MESSAGE,
    S_MODE,
    S_MORE,
    S_NAMES,
    S_PENDING,
    S_POSITION,
    S_RAW,
    S_RAW_LENGTH,
    S_RESULT,
    S_SIZE,
    S_STORE,
    S_TABLE,
    S_TEXT,
    S_W,
    S_WORDS,
)
from wire.faults import code, detail
from wire.json_reader import scan
from wire.json_writer import MessageWriter
from wire.names import bind
from wire.records import array_at, decode, node_at

__all__ = ("MessageReader", "MessageWriter")

BAD = const(0)
CALL = const(2)
CALLRESULT = const(3)
CALLERROR = const(4)


_GUARD = const(80)  # room behind the last record for a key, an enum value or a date-time
_LEAST_ARENA = const(512)


class MessageReader:
    """Reads one message at a time, in any split; RAM is the arena and 0.8 kB, whatever the length.

    pending_id, pending_action: the CALL whose answer is awaited (bytes or None; name id), set
    before start(). finish() makes kind, message_id, action, error, detail and the accepted fields
    (unpack(), each(), count()) known; they stay so until the next start().
    Bad input of any sort ends as `error`, a name id of an RPC error code; nothing is raised.
    """

    def __init__(self, arena):
        if not _LEAST_ARENA <= len(arena) <= 65535:
            raise ValueError("arena: 512 to 65535 bytes")
        self.arena = arena
        self.state = array.array("i", bytes(4 * S_WORDS))
        bind(self.state, S_ARENA, arena)
        bind(self.state, S_TABLE, TABLE)
        bind(self.state, S_NAMES, NAMES)
        bind(self.state, S_INDEX, INDEX)
        self.state[S_CAPACITY] = len(arena) - _GUARD
        self.view = memoryview(arena)
        self.pending_id = None
        self.pending_action = 0
        self._slots = []
        self.start()

    def start(self):
        """A message begins."""
        _reset(self.state, 0 if self.pending_id is None else self.pending_action)

    @property
    def size(self):
        """Bytes fed since start()."""
        return self.state[S_SIZE]

    @property
    def stop_early(self):
        """The outcome is certain: what is still to come may be skipped.

        What is fed all the same is only checked to be UTF-8.
        """
        return self.state[S_MODE] == M_DEAD

    @property
    def bad_utf8(self):
        """What was fed is not UTF-8; known at once, of a last character cut off after finish()."""
        return self.state[S_BAD_UTF8] != 0

    def feed(self, buf, start, end):
        """Takes in buf[start:end]."""
        if start < 0 or end > len(buf):
            raise ValueError("feed: outside of the buffer")
        scan(self.state, buf, start, end)

    def finish(self):
        """The message has ended; -> kind."""
        kind = _finish(self.state)
        if kind > CALL and kind <= CALLERROR:
            pending = self.pending_id
            if pending is None or self.message_id != pending:
                self.state[S_ERROR] = E_UNEXPECTED
        return kind

    @property
    def kind(self):
        """CALL, CALLRESULT, CALLERROR, 5 or 6 (of OCPP 2.1), or BAD; after finish()."""
        return self.state[S_MESSAGE]

    @property
    def message_id(self):
        """Bytes; None: unreadable."""
        n = self.state[S_ID]
        return bytes(self.view[HEAD : HEAD + n]) if n >= 0 else None

    @property
    def action(self):
        """Name id of a CALL's action, or of that to which this is the answer; 0: unknown."""
        return self.state[S_ACTION]

    @property
    def error(self):
        """0: valid. Else the name id of the RPC error code for it; `detail` says more."""
        return code(self.state) if self.state[S_ERROR] else 0

    @property
    def detail(self):
        """Where and what is wrong, for errorDescription and the log: up to 100 bytes of ASCII."""
        return detail(self.state, self.view) if self.state[S_ERROR] else b""

    def _root(self):
        """Where the declaration of this message's fields is in TABLE."""
        at = 2 * AT_ACTIONS + 6 * (self.action - FIRST_ACTION) + self.kind
        return node_at(TABLE[at])

    def unpack(self):
        """The slots of a valid message, in a list that is used again. CALLERROR: [code, text]."""
        state = self.state
        if self.kind == CALLERROR:
            at = state[S_W] + HEAD
            return [state[S_ACTION], bytes(self.view[at : at + state[S_TEXT]])]
        if self.error:
            return []
        decode(self.view, HEAD + state[S_ID], state[S_W], self._root(), self._slots)
        return self._slots

    def each(self, k=0):
        """Iterates over records (one list, used again) or scalars of the k-th array declared."""
        found = array_at(self.view, HEAD + self.state[S_ID], self.state[S_W], self._root(), k)
        return iter(found or ())

    def count(self, k=0):
        """Elements of the k-th declared array, 0 if it is absent."""
        found = array_at(self.view, HEAD + self.state[S_ID], self.state[S_W], self._root(), k)
        return len(found) if found else 0


@micropython.viper
def _reset(state, pending: int):
    """What has to be known when a message begins; the rest is set before it is read."""
    st = ptr32(state)
    st[S_MODE] = M_START
    st[S_KIND] = KIND_ENVELOPE
    st[S_FRAME] = S_FRAMES
    st[S_FRAMES + F_ARRAY] = 1
    st[S_IN_ARRAY] = 1
    st[S_ID] = -1
    st[S_PENDING] = pending
    i = S_W
    while i <= S_CONTINUED:
        st[i] = 0
        i += 1
    st[S_STORE] = 0
    st[S_CHILD] = 0
    st[S_FREE] = 0
    st[S_BITS] = 0
    st[S_RAW] = 0
    st[S_RAW_LENGTH] = 0
    st[S_ERROR] = 0
    st[S_HIGH] = 0
    st[S_POSITION] = 0
    st[S_MESSAGE] = 0
    st[S_ACTION] = 0
    st[S_TEXT] = 0
    st[S_MORE] = 0
    st[S_BAD_UTF8] = 0
    st[S_RESULT] = 0
    st[S_SIZE] = 0


@micropython.viper
def _finish(state) -> int:
    """The text has ended: was that all? -> kind."""
    st = ptr32(state)
    if st[S_MORE]:
        st[S_BAD_UTF8] = 1
    if st[S_MODE] != M_END and st[S_ERROR] == 0:
        st[S_ERROR] = E_TRUNCATED
        st[S_AT_ERROR] = st[S_SIZE]
    st[S_MODE] = M_DEAD
    if st[S_MESSAGE] < CALL or st[S_MESSAGE] > 6:
        st[S_MESSAGE] = BAD
    return st[S_MESSAGE]
