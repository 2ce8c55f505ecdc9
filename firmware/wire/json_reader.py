"""The scanner: RFC 8259 in any split, one pass, no look-ahead.

Hands keys, values and brackets to the schema walk. All that outlives a call of scan() is in the
reader's state array (README.md). Nothing is raised for bad input: the first error ends the scan
and is kept in the state.
"""

import micropython
from tables.layout import KIND_ENUM, KIND_STRING, KIND_TIME

from wire.constants import (
    DO_ENVELOPE,
    DO_PAYLOAD,
    DO_RAW,
    E_CONTROL,
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
    S_ARENA,
    S_AT_ERROR,
    S_CAPACITY,
    S_CONTINUED,
    S_DECIMALS,
    S_ERROR,
    S_EXPONENT,
    S_FLAGS,
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
    S_STORE,
    S_W,
    SHORT,
    TAG_STRING,
    TOKEN_END,
    TOKEN_NUMBER,
    TOKEN_OPEN,
    TOKEN_PAYLOAD,
    TOKEN_STRING,
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
def scan(reader, buf, i: int, end: int):  # noqa: C901 one loop, so that the state stays in locals
    """Takes in buf[i:end]; `reader` has the attributes state and arena."""
    state = reader.state
    st = ptr32(state)
    b = ptr8(buf)
    arena = ptr8(st[S_ARENA])
    special = ptr8(_SPECIAL)
    end_key = key
    end_value = leaf
    mode = st[S_MODE]
    raw = i
    e = 0
    token = 0
    while i < end and mode:
        if mode == M_STRING:
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
            i += 1
            if c == 34:
                if st[S_IS_KEY]:
                    mode = M_COLON
                    if st[S_FREE] == 0:
                        e = int(end_key(state))
                else:
                    mode = M_AFTER
                    token = TOKEN_STRING
                    if st[S_FREE] == 0:
                        e = int(end_value(state, TOKEN_STRING))
            elif c < 32:
                e = E_CONTROL
            else:
                i -= 1
                mode = M_UNUSUAL
        elif mode == M_DIGITS:
            i = int(digits(state, buf, i, end))
            if st[S_NUMBER] < 0:
                e = E_SYNTAX
            elif i < end:
                mode = M_AFTER
                token = TOKEN_NUMBER
                if st[S_FREE] == 0:
                    e = int(end_value(state, TOKEN_NUMBER))
        elif mode >= M_UNUSUAL:
            st[S_MODE] = mode
            i = int(unusual(state, buf, i, end))
            mode = st[S_MODE]
            if mode == M_DEAD:
                e = st[S_ERROR]
        elif mode == M_WORD:
            p = st[S_LITERAL]
            words = ptr8(_WORDS)
            while i < end and words[p] == b[i]:
                p += 1
                i += 1
            st[S_LITERAL] = p
            if words[p] == 0:
                mode = M_AFTER
                token = 2 if p == 5 else 3 if p == 10 else 4
                if st[S_FREE] == 0:
                    e = int(end_value(state, token))
            elif i < end:
                e = E_SYNTAX
        else:
            c = b[i]
            i += 1
            if c <= 32:
                if c != 32 and c != 10 and c != 13 and c != 9:
                    e = E_SYNTAX
            elif c == 93 or c == 125:
                if mode & 1 == 0 or mode == M_START or st[S_IN_ARRAY] != (c >> 5) & 1 ^ 1:
                    e = E_SYNTAX
                else:
                    mode = M_AFTER
                    token = TOKEN_END
                    e = int(close(state, st[S_IN_ARRAY]))
            elif mode == M_AFTER:
                if c != 44:
                    e = E_SYNTAX
                mode = M_VALUE if st[S_IN_ARRAY] else M_KEY
            elif mode == M_COLON:
                if c != 58:
                    e = E_SYNTAX
                mode = M_VALUE
            elif c == 34:
                st[S_N] = 0
                st[S_CONTINUED] = 0
                limit = 0
                if mode == M_KEY or mode == M_KEY_OR_CLOSE:
                    st[S_IS_KEY] = 1
                    if st[S_FREE] == 0:
                        limit = SHORT
                elif mode == M_VALUE or mode == M_VALUE_OR_CLOSE:
                    st[S_IS_KEY] = 0
                    if st[S_FREE] == 0:
                        kind = st[S_KIND]
                        if kind == KIND_ENUM or kind == KIND_TIME:
                            limit = SHORT
                        elif kind == KIND_ENVELOPE or (kind == KIND_STRING and st[S_STORE]):
                            limit = st[S_CAPACITY] - st[S_W] - HEAD
                        if st[S_RAW] == 1:
                            st[S_RAW] = 2
                            raw = i - 1
                else:
                    e = E_SYNTAX
                st[S_LIMIT] = limit
                mode = M_STRING
            elif mode != M_VALUE and mode != M_VALUE_OR_CLOSE:
                e = E_SYNTAX
                if mode == M_START and c == 91:
                    e = 0
                    mode = M_VALUE_OR_CLOSE
            else:
                if st[S_RAW] == 1:
                    st[S_RAW] = 2
                    raw = i - 1
                if c == 123 or c == 91:
                    token = 1 if c == 91 else 0
                    mode = M_VALUE_OR_CLOSE if token else M_KEY_OR_CLOSE
                    e = int(open_(state, token))
                    if e == DO_ENVELOPE:
                        e = int(envelope(state, TOKEN_OPEN, reader.arena))
                        if e == 0:
                            e = int(open_(state, token))
                elif c == 45 or (c >= 48 and c <= 57):
                    i -= 1
                    mode = M_DIGITS
                    st[S_NUMBER] = 0
                    st[S_MANTISSA] = 0
                    st[S_DECIMALS] = 0
                    st[S_FLAGS] = 0
                    st[S_EXPONENT] = 0
                else:
                    mode = M_WORD
                    st[S_LITERAL] = 1
                    if c == 116:
                        st[S_LITERAL] = 7
                    elif c == 110:
                        st[S_LITERAL] = 12
                    elif c != 102:
                        e = E_SYNTAX
        if e:
            if e == DO_RAW:
                e = int(_keep_raw(state, buf, raw, i))
                st[S_W] += HEAD + st[S_RAW_LENGTH]
                st[S_RAW] = 0
                st[S_RAW_LENGTH] = 0
            elif e < 0:
                if e == DO_PAYLOAD:
                    token = TOKEN_PAYLOAD
                e = int(envelope(state, token, reader.arena))
                if token == TOKEN_END:
                    mode = M_END
            if e:
                st[S_ERROR] = e
                st[S_AT_ERROR] = i
                mode = M_DEAD
    st[S_MODE] = mode
    if mode == M_DEAD:
        if i < end:
            utf8(state, buf, i, end)
    elif st[S_RAW] == 2:
        e = int(_keep_raw(state, buf, raw, i))
        if e:
            st[S_ERROR] = e
            st[S_AT_ERROR] = i
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
