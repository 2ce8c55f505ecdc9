"""The scanner: RFC 8259 in any split, one pass, no look-ahead.

Hands keys, values and brackets to the schema walk. All that outlives a call of scan() is in the
reader's state array (README.md). Nothing is raised for bad input: the first error ends the scan
and is kept in the state.
"""

import micropython
from tables.layout import KIND_ENUM, KIND_STRING, KIND_TIME

from wire.constants import (
    DO_OPEN,
    DO_PAYLOAD,
    DO_RAW,
    E_CONTROL,
    E_LONG,
    E_SPACE,
    E_SYNTAX,
    HEAD,
    KIND_ENVELOPE,
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
    S_AT_ERROR,
    S_BUFFER,
    S_CAPACITY,
    S_CONTINUED,
    S_DECIMALS,
    S_END,
    S_ERROR,
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
    S_RAW_LENGTH,
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
    TOKEN_FALSE,
    TOKEN_NULL,
    TOKEN_NUMBER,
    TOKEN_OPEN,
    TOKEN_PAYLOAD,
    TOKEN_STRING,
    TOKEN_TRUE,
)
from wire.envelope import envelope
from wire.number import digits
from wire.schema import close, key, leaf, open_
from wire.text import unusual, utf8

# What is expected next





# Parts of a number; from PART_COMPLETE on it may end

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
_WORDS = b"false\0true\0null\0"  # at 0, 6, 11: tokens 2, 3, 4

@micropython.viper
def scan(state, buf, i: int, end: int):  # noqa: C901 one loop, so that the state stays in locals
    """Takes in buf[i:end]."""
    st = ptr32(state)
    b = ptr8(buf)
    arena = ptr8(st[S_ARENA])
    table = ptr8(st[S_TABLE])
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
    raw = i
    e = 0
    while i < end and mode:
        if mode <= M_END:
            c = b[i]
            i += 1
            if c == 34:
                st[S_N] = 0
                st[S_CONTINUED] = 0
                if mode >> 1 == M_KEY >> 1:
                    mode = M_STRING
                    if st[S_FREE]:
                        st[S_IS_KEY] = 1
                        st[S_LIMIT] = 0
                    else:
                        st[S_IS_KEY] = 0
                        st[S_AT] = i
                        at_key(state)
                        st[S_LIMIT] = SHORT
                        if st[S_IS_KEY] == 0:
                            e = st[S_RESULT]
                            i = st[S_AT]
                            mode = M_COLON
                            if i < end and b[i] == 58:
                                mode = M_VALUE
                                i += 1
                elif mode >> 1 == M_VALUE >> 1:
                    st[S_IS_KEY] = 0
                    limit = 0
                    if st[S_FREE] == 0:
                        kind = st[S_KIND]
                        if kind == KIND_STRING:
                            if st[S_STORE]:
                                limit = st[S_CAPACITY] - st[S_W] - HEAD
                        elif kind == KIND_ENUM or kind == KIND_TIME:
                            limit = SHORT
                        elif kind == KIND_ENVELOPE:
                            limit = st[S_CAPACITY] - st[S_W] - HEAD
                        elif st[S_RAW] == 1:
                            st[S_RAW] = 2
                            raw = i - 1
                    st[S_LIMIT] = limit
                    mode = M_STRING
                else:
                    e = E_SYNTAX
            elif c == 44:
                if mode != M_AFTER:
                    e = E_SYNTAX
                mode = M_VALUE if st[S_IN_ARRAY] else M_KEY
            elif c == 125 or c == 93:
                if mode & 1 == 0 or mode == M_START or st[S_IN_ARRAY] != ((c >> 5) & 1) ^ 1:
                    e = E_SYNTAX
                else:
                    mode = M_AFTER
                    st[S_TOKEN] = TOKEN_END
                    if st[S_FRAME] == S_FRAMES and st[S_FREE] == 0:
                        mode = M_END
                        envelope(state)
                    else:
                        at_close(state)
                    e = st[S_RESULT]
            elif c <= 32:
                if c != 32 and c != 10 and c != 13 and c != 9:
                    e = E_SYNTAX
            elif c > 127:
                e = E_SYNTAX
                i -= 1  # utf8() begins with it
            elif mode == M_COLON:
                if c != 58:
                    e = E_SYNTAX
                mode = M_VALUE
            elif mode >> 1 != M_VALUE >> 1:
                if mode == M_START and c == 91:
                    mode = M_VALUE_OR_CLOSE
                else:
                    e = E_SYNTAX
            else:
                if st[S_RAW] == 1:
                    st[S_RAW] = 2
                    raw = i - 1
                if c == 123 or c == 91:
                    st[S_TOKEN] = 1 if c == 91 else 0
                    mode = M_VALUE_OR_CLOSE if c == 91 else M_KEY_OR_CLOSE
                    at_open(state)
                    at_value = leaf
                    e = st[S_RESULT]
                elif c == 45 or (c >= 48 and c <= 57):
                    st[S_DECIMALS] = 0
                    st[S_FLAGS] = 0
                    st[S_EXPONENT] = 0
                    st[S_NUMBER] = PART_BEGIN
                    mode = M_DIGITS
                    m = c - 48
                    i -= 1
                    if c > 48:  # most numbers are short integers: done at once
                        start = i
                        i += 1
                        while i < end and m < 100000000:
                            c = b[i] - 48
                            if c < 0 or c > 9:
                                break
                            m = m * 10 + c
                            i += 1
                        c = 0
                        if i < end:
                            c = b[i]
                        if c == 44 or c == 125 or c == 93:
                            st[S_MANTISSA] = m
                            mode = M_AFTER
                            st[S_TOKEN] = TOKEN_NUMBER
                            if st[S_FREE] == 0:
                                at_value(state)
                                e = st[S_RESULT]
                        else:
                            i = start
                else:
                    mode = M_WORD
                    st[S_LITERAL] = 1
                    if c == 116:
                        st[S_LITERAL] = 7
                    elif c == 110:
                        st[S_LITERAL] = 12
                    elif c != 102:
                        e = E_SYNTAX
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
            st[S_N] = n + i
            if i == end:
                break
            c = b[i]
            if c == 34:
                i += 1
                if st[S_IS_KEY]:
                    mode = M_COLON
                    if i < end and b[i] == 58:
                        mode = M_VALUE
                        i += 1
                    if st[S_FREE] == 0:
                        at_key(state)
                        e = st[S_RESULT]
                else:
                    mode = M_AFTER
                    if st[S_FREE] == 0:
                        if st[S_KIND] == KIND_STRING and st[S_IN_ARRAY] == 0:
                            # As leaf() has it: half of all values are such strings.
                            n = st[S_N]
                            t = st[S_TYPE]
                            limit = table[t + 2] | (table[t + 3] << 8)
                            w = st[S_W]
                            if n - st[S_CONTINUED] > limit and limit:
                                e = E_LONG
                            elif st[S_STORE]:
                                if w + n > st[S_CAPACITY] - HEAD:
                                    e = E_SPACE
                                else:
                                    arena[w] = ((st[S_STORE] - 1) << 3) | TAG_STRING
                                    arena[w + 1] = n & 255
                                    arena[w + 2] = n >> 8
                                    st[S_W] = w + HEAD + n
                        else:
                            st[S_TOKEN] = TOKEN_STRING
                            at_value(state)
                            e = st[S_RESULT]
            elif c < 32:
                e = E_CONTROL
            else:
                mode = M_UNUSUAL
        elif mode == M_DIGITS:
            i = int(digits(state, buf, i, end))
            if st[S_NUMBER] < 0:
                e = E_SYNTAX
            elif i < end:
                mode = M_AFTER
                st[S_TOKEN] = TOKEN_NUMBER
                if st[S_FREE] == 0:
                    at_value(state)
                    e = st[S_RESULT]
        elif mode == M_WORD:
            p = st[S_LITERAL]
            words = ptr8(_WORDS)
            while i < end and words[p] == b[i]:
                p += 1
                i += 1
            st[S_LITERAL] = p
            if words[p] == 0:
                mode = M_AFTER
                st[S_TOKEN] = TOKEN_FALSE if p == 5 else TOKEN_TRUE if p == 10 else TOKEN_NULL
                if st[S_FREE] == 0:
                    at_value(state)
                    e = st[S_RESULT]
            elif i < end:
                e = E_SYNTAX
        else:
            st[S_MODE] = mode
            i = int(unusual(state, buf, i, end))
            mode = st[S_MODE]
            if mode == M_DEAD:
                e = st[S_ERROR]
        if e:
            st[S_RESULT] = 0
            if e == DO_RAW:
                e = int(_keep_raw(state, buf, raw, i))
                st[S_W] += HEAD + st[S_RAW_LENGTH]
                st[S_RAW] = 0
                st[S_RAW_LENGTH] = 0
            elif e < 0:
                c = st[S_TOKEN]
                if e == DO_PAYLOAD:
                    st[S_TOKEN] = TOKEN_PAYLOAD
                else:
                    st[S_TOKEN] = TOKEN_OPEN
                envelope(state)
                if e == DO_OPEN and st[S_RESULT] == 0:
                    st[S_TOKEN] = c
                    open_(state)
                e = st[S_RESULT]
            if e:
                st[S_ERROR] = e
                st[S_AT_ERROR] = st[S_SIZE] - end + i
                mode = M_DEAD
    st[S_MODE] = mode
    if mode == M_DEAD:
        if i < end:
            utf8(state, buf, i, end)
    elif st[S_RAW] == 2:
        e = int(_keep_raw(state, buf, raw, i))
        if e:
            st[S_ERROR] = e
            st[S_AT_ERROR] = st[S_SIZE]
            st[S_MODE] = M_DEAD


@micropython.viper
def _keep_raw(state, buf, i: int, end: int) -> int:
    """Adds buf[i:end] to the raw text of a value and brings its length in the arena up to date."""
    st = ptr32(state)
    b = ptr8(buf)
    w = st[S_W]
    n = st[S_RAW_LENGTH]
    if w + HEAD + n + end - i > st[S_CAPACITY]:
        return E_SPACE
    arena = ptr8(st[S_ARENA])
    arena[w] = ((st[S_STORE] - 1) << 3) | TAG_STRING
    shift = w + HEAD + n - i
    n += end - i
    while i < end:
        arena[i + shift] = b[i]
        i += 1
    st[S_RAW_LENGTH] = n
    arena[w + 1] = n & 255
    arena[w + 2] = n >> 8
    return 0
