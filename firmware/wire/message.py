"""A message in: MessageReader. A message out: MessageWriter (json_writer.py).

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
"""

from wire_core import MessageReader

from wire.json_writer import MessageWriter

__all__ = ("MessageReader", "MessageWriter")
