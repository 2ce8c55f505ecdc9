"""firmware/native/wire under AddressSanitizer and UndefinedBehaviorSanitizer, in a process of its
own: each piece of a message and the arena lie alone, so that no byte beside them is read or
written unnoticed.
"""

import random
import subprocess

import pytest
from messages import RECEIVED, Maker, split_message
from test_json_reader import HEAD, INVALID, NOT_UTF8, TAIL, VALID
from test_message import CASES
from wire_library import sanitized_program

from wire.message import MessageReader
from wire.names import name_id

EACH = 60  # mutated messages for each message that a station receives
STEPS = (1, 2, 7, 64, 10**6)
PIECES = (b'"', b"}", b"]", b"{", b"[", b"\\", b"\\ud800", b",", b":", b"\xf0", b"9" * 40, b"1e")
PIECES += (b"0" * 90, b"." + b"7" * 90, b"e-9", b"e99999999999", b"\\u0037" * 20, b":60Z")


def mutated(rnd, text):
    """The message with up to four damages."""
    text = bytearray(text)
    for _ in range(rnd.randrange(5)):
        at = rnd.randrange(len(text) + 1)
        change = rnd.randrange(5)
        if change == 0:
            text[at : at + 1] = bytes((rnd.randrange(256),))
        elif change == 1:
            del text[at : at + rnd.randrange(1, 30)]
        elif change == 2:
            text[at:at] = rnd.choice(PIECES)
        elif change == 3:
            text[at:at] = text[at : at + rnd.randrange(100)] * rnd.randrange(1, 9)
        else:
            text[at:at] = bytes(rnd.randrange(32, 127) for _ in range(rnd.randrange(300)))
    return bytes(text)


def messages(rnd):
    """(pending action, message)"""
    make = Maker(rnd)
    for document in (*VALID, *INVALID, *NOT_UTF8):
        yield 0, HEAD + document + TAIL
    for case in CASES:
        yield 0, case[0]
    for message in RECEIVED:
        action, is_request = split_message(message)
        pending = 0 if is_request else name_id(action.encode())
        for _ in range(EACH):
            payload = make.payload(message)
            payload = make.broken(payload) if rnd.random() < 0.5 else payload
            values = (action, make.text(payload)) if is_request else (make.text(payload),)
            text = ('[2,"x","%s",%s]' if is_request else '[3,"x",%s]') % values
            yield pending, mutated(rnd, text.encode())
        for text in (b'[4,"x","GenericError","d",{"a":[1,{}]}]', b"[3,null,{}]"):
            yield pending, mutated(rnd, text)


def here(arena, pending, step, text):
    """What shims/wire_core.py finds in the message."""
    reader = MessageReader(bytearray(arena))
    reader.pending_id, reader.pending_action = b"x" if pending else None, pending
    reader.start()
    for i in range(0, len(text), step):
        reader.feed(text, i, min(i + step, len(text)))
    kind = reader.finish()
    n = -1 if reader.message_id is None else len(reader.message_id)
    return "%d %d %d %d %d %d %d" % (
        (kind, n, reader.action, reader.error, reader.size, reader.stop_early, reader.bad_utf8)
    ), "[%s]" % reader.detail.decode()


@pytest.mark.parametrize("seed", [1, 20250301])
def test_no_message_leads_out_of_bounds_or_to_what_is_undefined(seed):
    rnd = random.Random(seed)
    found = [
        (rnd.choice((512, 600, 4096)), pending, rnd.choice(STEPS), text)
        for pending, text in messages(rnd)
        if 0 < len(text) < 100000
    ]
    assert len(found) > 4000
    lines = ["%d %d %d %s" % (*numbers, text.hex()) for *numbers, text in found]
    done = subprocess.run(
        [sanitized_program()],
        input="\n".join(lines),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    outcomes = done.stdout.splitlines()
    assert len(outcomes) == len(found)
    for message, outcome in zip(found, outcomes, strict=True):
        facts, detail = here(*message)
        assert outcome.startswith(facts + " "), message
        assert detail in outcome, message
    assert sum("[]" in outcome for outcome in outcomes) > 400  # enough of them are valid


def test_the_sanitizers_are_there():
    program = sanitized_program()
    symbols = subprocess.run(["nm", program], capture_output=True, text=True, check=True).stdout
    assert "__asan_init" in symbols
    assert "__ubsan_handle" in symbols
