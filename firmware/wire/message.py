"""A message in: MessageReader. A message out: MessageWriter.

MessageReader(arena) reads one message at a time, in any split; what is kept of it lies in the
arena (a bytearray of 512 to 65535 bytes whose size must not change), else it takes 0.4 kB,
whatever the length. It is C: firmware/native/wire. Bad input of any sort ends as `error`; nothing
is raised for it.

    pending_id, pending_action   the CALL whose answer is awaited: bytes or None, and a name id;
                                 set before start()
    start()                      a message begins
    feed(buf, start, end)        takes in buf[start:end]; ValueError if that is outside
    finish()                     the message has ended; -> kind. From now on are known, and stay so
                                 until the next start():
    kind                         CALL, CALLRESULT, CALLERROR, 5 or 6 (of OCPP 2.1), or BAD
    message_id                   bytes; None: unreadable
    action                       name id of a CALL's action, or of that to which this is the
                                 answer; 0: unknown
    error                        0: valid. Else the name id of the RPC error code for it
    detail                       where and what is wrong, for errorDescription and the log: up to
                                 100 bytes of ASCII
    unpack()                     the slots of a valid message, in a list that is used again; of a
                                 CALLERROR those of wire.events; a text over 200 bytes is a
                                 memoryview of the arena. With names of slots: those, in that order
                                 (blocks/README.md; the build sees to that, not the reader)
    each(slot)                   iterates over the records (one list, used again) or scalars of the
                                 array in that slot
    count(slot)                  its elements; 0 if it is absent

Known at once: `size`, bytes fed since start(); `bad_utf8`, what was fed is not UTF-8 (of a last
character cut off: after finish()); `stop_early`, the outcome is certain, so that what is still to
come may be skipped; if it is fed all the same, it is only checked to be UTF-8.

MessageWriter(buf) writes one message at a time through its transmit buffer (64 bytes at least;
its size must not change). It is C: firmware/native/json_out.

    call(message_id, action, slots)      [2, id, action, payload]: the next message; action is a
                                         name id
    result(message_id, action, slots)    [3, id, payload]: ..., the answer to the CSMS's CALL
    error(message_id, code, description=b"")    [4, id, code, description, {}]: ...
    count()                              a step of the first pass, short enough for one turn of the
                                         event loop; -> bytes of the message, 0: come again
    fill()                               the next part of the message into the buffer; -> its
                                         bytes, 0: the message is not the one that was counted.
                                         What fits into the buffer is written once, by count()

Slots: tuples or lists in declared order, what is missing at the end is None; for an array anything
that can be iterated twice. Left out are fields that are None, objects without any field and arrays
without any element. Where a string is declared, an int is a name id, and a generator (another one
in each pass) or a tuple gives a long text in pieces; raw JSON may be in pieces, too. ValueError,
OverflowError or TypeError: what is given can't be written. That, and what is raised by what is
iterated over, ends the message.
"""

from json_out import MessageWriter
from wire_core import MessageReader

__all__ = ("MessageReader", "MessageWriter")
