"""OCPP-J (Part 4, section 4): which message answers which, and what is to be done with one that
has come in.

Pure: no I/O and no clock. The reader has validated the message; time-outs and retries are for the
caller.
"""

from micropython import const
from tables.names import MESSAGE_TYPE_NOT_SUPPORTED, RPC_FRAMEWORK_ERROR

from wire.events import ANSWER, FAULT, HANDLE, IGNORE, REFUSE, REPEATED

_CALL = const(2)
_CALLRESULT = const(3)
_CALLERROR = const(4)

_NO_ID = b"-1"  # id of a CALLERROR about a message whose id can't be read


class Rpc:
    """The conversation over all connections; one CALL of ours outstanding at a time (FR.01).

    Args:
        reader: MessageReader; `pending_id` and `pending_action` of it are kept here.
        boot_count: a number never used by an earlier boot: ids are unique across reboots.
    """

    def __init__(self, reader, boot_count):
        self.reader = reader
        self.id = _NO_ID  # of the message last received, for its answer
        self.code = 0
        self._last = None
        self._boot_count = boot_count
        self._count = 0
        self.forget()

    def begin(self, action):
        """Our next CALL is outstanding from now on.

        Returns: its id, at most 36 characters of [0-9a-f-].
        """
        self._count += 1
        message_id = b"%x-%x" % (self._boot_count, self._count)
        self.reader.pending_id = message_id
        self.reader.pending_action = action
        return message_id

    def forget(self):
        """Nothing is outstanding any more: answered, timed out or lost. An answer from now on is
        ignored."""
        self.reader.pending_id = None
        self.reader.pending_action = 0

    def received(self):
        """A message is complete: what is to be done with it.

        Returns: HANDLE, REPEATED, REFUSE, ANSWER, FAULT or IGNORE. `id` is the message's id; with
            REFUSE `code` is the name id of the error code.
        """
        reader = self.reader
        kind = reader.finish()
        message_id = reader.message_id
        self.id = _NO_ID if message_id is None else message_id
        if kind == _CALLRESULT or kind == _CALLERROR:
            pending = reader.pending_id
            if pending is None or message_id != pending:
                return IGNORE
            self.forget()
            return FAULT if kind == _CALLERROR or reader.error else ANSWER
        self.code = reader.error
        if kind == _CALL:
            # A retry may carry the id of the original (Part 4): it is handled like any other.
            repeated = self.id == self._last
            self._last = self.id
            return REFUSE if self.code else REPEATED if repeated else HANDLE
        if kind:
            self.code = MESSAGE_TYPE_NOT_SUPPORTED
        elif not self.code:
            self.code = RPC_FRAMEWORK_ERROR
        return REFUSE
