"""Copies pieces of a message into the transmit buffer (see json_writer.py)."""

import micropython

from wire.constants import (
    COLON,
    COMMA,
    COUNTING,
    O_AT,
    O_BEGUN,
    O_FROM,
    O_SIZE,
    O_TO,
    QUOTED,
)

_HEX = b"0123456789abcdef"


@micropython.viper
def copy(state, buffer, source, around: int) -> int:  # noqa: C901 straight on
    """Copies what the buffer has room for; 1: the whole piece, 0: empty the buffer first."""
    st = ptr32(state)
    out = ptr8(buffer)
    text = ptr8(source)
    digits = ptr8(_HEX)
    counting = around & COUNTING
    size = st[O_SIZE]
    at = st[O_AT]
    i = st[O_FROM]
    end = st[O_TO]
    if st[O_BEGUN] == 0:
        if counting == 0 and at + 2 > size:
            return 0
        if around & COMMA:
            if counting == 0:
                out[at] = 44
            at += 1
        if around & QUOTED:
            if counting == 0:
                out[at] = 34
            at += 1
        st[O_BEGUN] = 1
        st[O_AT] = at
    if around & QUOTED == 0:
        if counting:
            at += end - i
            i = end
        while i < end and at < size:
            out[at] = text[i]
            at += 1
            i += 1
    while i < end:  # quoted
        c = text[i]
        width = 1
        if c == 34 or c == 92:
            width = 2
        elif c < 32:
            width = 6
        if counting == 0:
            if at + width > size:
                break
            if width == 1:
                out[at] = c
            else:
                out[at] = 92
                out[at + 1] = c
                if width == 6:
                    out[at + 1] = 117
                    out[at + 2] = 48
                    out[at + 3] = 48
                    out[at + 4] = digits[c >> 4]
                    out[at + 5] = digits[c & 15]
        at += width
        i += 1
    st[O_FROM] = i
    st[O_AT] = at
    if i < end:
        return 0
    if around & (QUOTED | COLON):
        if counting == 0 and at + 2 > size:
            return 0
        if around & QUOTED:
            if counting == 0:
                out[at] = 34
            at += 1
        if around & COLON:
            if counting == 0:
                out[at] = 58
            at += 1
        st[O_AT] = at
    return 1
