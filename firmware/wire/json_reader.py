"""The scanner: RFC 8259 in any split, one pass, no look-ahead.

Hands keys, values and brackets to the schema walk. All that outlives a call of scan() is in the
reader's state array (README.md). Nothing is raised for bad input: the first error ends the scan
and is kept in the state.
"""

import micropython
from tables.layout import KIND_STRING

from wire.constants import (
    E_LONG,
    E_SPACE,
    E_SYNTAX,
    HEAD,
    M_AFTER,
    M_COLON,
    M_DEAD,
    M_DIGITS,
    M_END,
    M_KEY,
    M_KEY_OR_CLOSE,
    M_START,
    M_STRING,
    M_UNUSUAL,
    M_VALUE,
    M_VALUE_OR_CLOSE,
    M_WORD,
    PART_BEGIN,
    S_ARENA,
    S_AT,
    S_BUFFER,
    S_CAPACITY,
    S_CONTINUED,
    S_DECIMALS,
    S_END,
    S_EXPONENT,
    S_FLAGS,
    S_FRAME,
    S_FRAMES,
    S_FREE,
    S_IN_ARRAY,
    S_IS_KEY,
    S_KIND,
    S_LIMIT,
    S_LITERAL,
    S_MANTISSA,
    S_MODE,
    S_N,
    S_NUMBER,
    S_RAW,
    S_RAW_FROM,
    S_RESULT,
    S_SIZE,
    S_STORE,
    S_TABLE,
    S_TOKEN,
    S_TYPE,
    S_W,
    SHORT,
    TAG_STRING,
    TOKEN_END,
    TOKEN_NUMBER,
    TOKEN_STRING,
)
from wire.envelope import envelope, request
from wire.nesting import close, open_
from wire.number import digits
from wire.schema import key, leaf
from wire.text import keep_raw, unusual, utf8, word

# 1: ends a run of plain characters in a string
_SPECIAL = (
    b"\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1"
    b"\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
    b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0"
    b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
    b"\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1"
    b"\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1"
    b"\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1"
    b"\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1"
)


@micropython.viper
def scan(state, buf, i: int, end: int):  # noqa: C901 one loop, so that the state stays in locals
    """Takes in buf[i:end]."""
    st = ptr32(state)
    b = ptr8(buf)
    arena = ptr8(st[S_ARENA])
    table = ptr16(st[S_TABLE])
    special = ptr8(_SPECIAL)
    at_key = key
    at_open = open_
    at_close = close
    at_value = leaf
    if st[S_FRAME] == S_FRAMES:
        at_value = envelope
    mode = st[S_MODE]
    st[S_SIZE] += end - i
    st[S_BUFFER] = int(b)
    st[S_END] = end
    st[S_RAW_FROM] = i
    while i < end and mode:
        if mode <= M_END:
            c = b[i]
            i += 1
            if c == 34:
                st[S_N] = 0
                st[S_CONTINUED] = 0
                st[S_LIMIT] = 0
                if mode >> 1 == M_KEY >> 1:
                    mode = M_STRING
                    st[S_IS_KEY] = 1
                    if st[S_FREE] == 0:
                        st[S_IS_KEY] = 0
                        st[S_AT] = i
                        at_key(state)
                        st[S_LIMIT] = SHORT
                        if st[S_IS_KEY] == 0:
                            i = st[S_AT]
                            mode = M_COLON
                            if i < end and b[i] == 58:
                                mode = M_VALUE
                                i += 1
                elif mode >> 1 == M_VALUE >> 1:
                    mode = M_STRING
                    st[S_IS_KEY] = 0
                    if st[S_RAW] == 1:
                        st[S_RAW] = 2
                        st[S_RAW_FROM] = i - 1
                    elif st[S_FREE] == 0 and (st[S_STORE] or st[S_KIND] > KIND_STRING):
                        st[S_LIMIT] = st[S_CAPACITY] + SHORT - st[S_W]
                else:
                    st[S_RESULT] = E_SYNTAX
            elif c == 44:
                if mode != M_AFTER:
                    st[S_RESULT] = E_SYNTAX
                mode = M_VALUE if st[S_IN_ARRAY] else M_KEY
            elif c == 125 or c == 93:
                if mode & 1 == 0 or mode == M_START or st[S_IN_ARRAY] != ((c >> 5) & 1) ^ 1:
                    st[S_RESULT] = E_SYNTAX
                else:
                    mode = M_AFTER
                    if st[S_FRAME] == S_FRAMES and st[S_FREE] == 0:
                        mode = M_END
                        st[S_TOKEN] = TOKEN_END
                        envelope(state)
                    else:
                        at_close(state)
            elif c <= 32:
                if c != 32 and c != 10 and c != 13 and c != 9:
                    st[S_RESULT] = E_SYNTAX
            elif c > 127:
                st[S_RESULT] = E_SYNTAX
                i -= 1  # utf8() begins with it
            elif mode == M_COLON and c == 58:
                mode = M_VALUE
            elif mode == M_START and c == 91:
                mode = M_VALUE_OR_CLOSE
            elif mode >> 1 != M_VALUE >> 1:
                st[S_RESULT] = E_SYNTAX
            else:
                if st[S_RAW] == 1:
                    st[S_RAW] = 2
                    st[S_RAW_FROM] = i - 1
                if c == 123:
                    st[S_TOKEN] = 0
                    mode = M_KEY_OR_CLOSE
                    at_open(state)
                    at_value = leaf
                elif c == 91:
                    st[S_TOKEN] = 1
                    mode = M_VALUE_OR_CLOSE
                    at_open(state)
                    at_value = leaf
                else:
                    i -= 1
                    mode = M_DIGITS
                    st[S_NUMBER] = PART_BEGIN
                    st[S_DECIMALS] = 0
                    st[S_FLAGS] = 0
                    st[S_EXPONENT] = 0
                    n = 0
                    stop = i
                    if c > 48:  # most numbers are short integers: done at once
                        while stop < end and n < 100000000:
                            c = b[stop]
                            if c < 48 or c > 57:
                                break
                            n = n * 10 + c - 48
                            stop += 1
                    if stop > i and (c == 44 or c == 125 or c == 93):
                        i = stop
                        st[S_MANTISSA] = n
                        st[S_TOKEN] = TOKEN_NUMBER
                        mode = M_AFTER
                        if st[S_FREE] == 0:
                            at_value(state)
                    elif b[i] > 57:
                        mode = M_WORD
                        st[S_LITERAL] = 0
                        if b[i] == 116:
                            st[S_LITERAL] = 6
                        elif b[i] == 110:
                            st[S_LITERAL] = 11
        elif mode == M_STRING:
            n = st[S_N]
            stop = i + st[S_LIMIT] - n
            if stop > end:
                stop = end
            shift = st[S_W] + HEAD + n - i
            n -= i
            while i < stop:
                c = b[i]
                if special[c]:
                    break
                arena[i + shift] = c
                i += 1
            if i >= stop:  # the rest is only counted
                while i < end:
                    if special[b[i]]:
                        break
                    i += 1
            n += i
            st[S_N] = n
            if i == end:
                break
            if b[i] != 34:
                mode = M_UNUSUAL
                continue
            i += 1
            mode = M_AFTER
            if st[S_IS_KEY]:
                mode = M_COLON
                if st[S_FREE] == 0:
                    at_key(state)
            elif st[S_FREE] == 0:
                if st[S_KIND] == KIND_STRING:
                    t = table[st[S_TYPE] + 1]
                    if n - st[S_CONTINUED] > t and t:
                        st[S_RESULT] = E_LONG
                    elif st[S_STORE]:
                        t = st[S_W]
                        if t + n > st[S_CAPACITY] - HEAD:
                            st[S_RESULT] = E_SPACE
                        else:
                            arena[t] = ((st[S_STORE] - 1) << 3) | TAG_STRING
                            arena[t + 1] = n & 255
                            arena[t + 2] = n >> 8
                            st[S_W] = t + HEAD + n
                else:
                    st[S_TOKEN] = TOKEN_STRING
                    at_value(state)
        else:
            st[S_AT] = i
            st[S_MODE] = mode
            if mode == M_DIGITS:
                digits(state)
            elif mode == M_WORD:
                word(state)
            else:
                unusual(state)
            i = st[S_AT]
            mode = st[S_MODE]
            if mode == M_AFTER and st[S_FREE] == 0:
                at_value(state)
        if st[S_RESULT]:
            st[S_AT] = i
            if mode != M_END:
                st[S_MODE] = mode
            mode = int(request(state, mode))
    st[S_AT] = i
    st[S_MODE] = mode
    if mode == M_DEAD:
        utf8(state)
    elif st[S_RAW] == 2:
        keep_raw(state)
        if st[S_RESULT]:
            st[S_MODE] = int(request(state, mode))
