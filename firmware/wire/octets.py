"""What is done to each byte of a WebSocket connection."""

import micropython


@micropython.viper
def check_utf8(buf: ptr8, start: int, end: int, state: int) -> int:  # noqa: C901, a call a byte would cost more than it tells
    """Go on checking UTF-8 (RFC 3629) through buf[start:end].

    Args:
        state: 0 at the beginning of a text, else what the last call returned.

    Returns: the state after it: 0 between two characters; -1: not UTF-8.
    """
    # Within a character: bytes missing << 16 | least next byte << 8 | greatest next byte.
    four = end - 3
    while start < end:
        if state == 0:
            while start < four:
                if (buf[start] | buf[start + 1] | buf[start + 2] | buf[start + 3]) >= 0x80:
                    break
                start += 4
            if start >= end:
                break
            c = buf[start]
            if c >= 0x80:
                if c < 0xC2 or c > 0xF4:
                    return -1
                low = 0x80
                high = 0xBF
                missing = 1
                if c >= 0xE0:
                    missing = 2
                    if c == 0xE0:
                        low = 0xA0  # shorter forms exist
                    elif c == 0xED:
                        high = 0x9F  # surrogates
                    elif c >= 0xF0:
                        missing = 3
                        if c == 0xF0:
                            low = 0x90
                        elif c == 0xF4:
                            high = 0x8F  # beyond U+10FFFF
                state = (missing << 16) | (low << 8) | high
        else:
            c = buf[start]
            if c < ((state >> 8) & 0xFF) or c > (state & 0xFF):
                return -1
            missing = (state >> 16) - 1
            state = 0
            if missing > 0:
                state = (missing << 16) | 0x80BF
        start += 1
    return state


@micropython.viper
def mask(buf: ptr8, start: int, end: int, key: ptr8):
    """Mask buf[start:end] in place (RFC 6455, 5.3).

    Args:
        key: four bytes, and a fifth that says which of them comes next: it is kept from piece to
            piece of a payload.
    """
    turn = key[4]
    while start < end:
        buf[start] = buf[start] ^ key[turn]
        turn = (turn + 1) & 3
        start += 1
    key[4] = turn


def printable(text):
    """`text` as it may go into a log line, whatever the peer put into it."""
    return bytes([c if 32 <= c < 127 else 63 for c in text])
