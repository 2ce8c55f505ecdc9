"""Run by MicroPython: outcomes of the messages in a file, a line each, for test_message.py.

A line of the file: pending action (or -), size of the pieces, message in hexadecimal.
"""

import sys

from wire.message import MessageReader
from wire.names import name_id


def plain(value):
    if isinstance(value, list):
        return [plain(v) for v in value]
    if value is None or isinstance(value, (int, bytes)):
        return value
    return [plain(list(v) if isinstance(v, list) else v) for v in value]


def outcome(reader, action, step, text):
    reader.pending_id = None if action == "-" else b"x"
    reader.pending_action = 0 if action == "-" else name_id(action.encode())
    reader.start()
    for i in range(0, len(text), step):
        reader.feed(text, i, min(i + step, len(text)))
    kind = reader.finish()
    facts = (kind, reader.message_id, reader.action, reader.error, reader.detail, reader.bad_utf8)
    return repr((facts, plain(reader.unpack())))


def outcomes(lines):
    reader = MessageReader(bytearray(1024))
    for line in lines:
        action, step, text = line.split()
        yield outcome(reader, action, int(step), bytes.fromhex(text))


if __name__ == "__main__":
    with open(sys.argv[1]) as file:
        for result in outcomes(file):
            print(result)
