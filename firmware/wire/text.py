"""What is rarer in JSON: escapes and UTF-8 (strictly: RFC 3629), words, values kept as text."""

import micropython

from wire.constants import (
    E_CONTROL,
    E_SPACE,
    E_SURROGATE,
    E_SYNTAX,
    E_UTF8,
    HEAD,
    M_AFTER,
    M_DEAD,
    M_HEX,
    M_LETTER,
    M_LOW,
    M_LOW_U,
    M_STRING,
    M_UNUSUAL,
    M_UTF8,
    S_ARENA,
    S_AT,
    S_BAD_UTF8,
    S_BUFFER,
    S_CAPACITY,
    S_CODE,
    S_CONTINUED,
    S_END,
    S_HEX_LEFT,
    S_HIGH,
    S_LIMIT,
    S_LITERAL,
    S_MODE,
    S_MORE,
    S_MORE_HIGH,
    S_MORE_LOW,
    S_N,
    S_RAW_FROM,
    S_RAW_LENGTH,
    S_RESULT,
    S_STORE,
    S_TOKEN,
    S_W,
    TAG_STRING,
    TOKEN_FALSE,
    TOKEN_NULL,
    TOKEN_TRUE,
)

_ESCAPES = b'""\\\\//b\bf\fn\nr\rt\t\0'
_WORDS = b"false\0true\0null\0"  # at 0, 6, 11: tokens 2, 3, 4


@micropython.viper
def unusual(state):  # noqa: C901 a case for each mode
    """Takes in escapes and UTF-8 sequences from S_AT on; S_MODE says what is expected then."""
    st = ptr32(state)
    b = ptr8(st[S_BUFFER])
    i = st[S_AT]
    end = st[S_END]
    arena = ptr8(st[S_ARENA])
    mode = st[S_MODE]
    limit = st[S_LIMIT]
    at = st[S_W] + HEAD
    n = st[S_N]
    e = 0
    while i < end:
        c = b[i]
        if mode == M_UNUSUAL:
            if c == 92:
                mode = M_LETTER
            elif c < 32:
                e = E_CONTROL
            elif c < 128:
                mode = M_STRING
                break
            else:
                mode = M_UTF8
                e = int(lead(state, c))
                if n < limit:
                    arena[at + n] = c
                n += 1
        elif mode == M_UTF8:
            if c < st[S_MORE_LOW] or c > st[S_MORE_HIGH]:
                e = E_UTF8
            if n < limit:
                arena[at + n] = c
            n += 1
            st[S_CONTINUED] += 1
            st[S_MORE_LOW] = 128
            st[S_MORE_HIGH] = 191
            st[S_MORE] -= 1
            if st[S_MORE] == 0:
                mode = M_UNUSUAL
        elif mode == M_HEX:
            if c >= 48 and c <= 57:
                c -= 48
            else:
                c = (c | 32) - 87
                if c < 10 or c > 15:
                    e = E_SYNTAX
            st[S_CODE] = (st[S_CODE] << 4) | (c & 15)
            st[S_HEX_LEFT] -= 1
            if st[S_HEX_LEFT] == 0:
                st[S_N] = n
                mode = int(code_point(state))
                n = st[S_N]
                if mode == M_DEAD:
                    e = E_SURROGATE
        elif mode == M_LETTER or mode == M_LOW_U:
            if c == 117:
                mode = M_HEX
                st[S_HEX_LEFT] = 4
                st[S_CODE] = 0
            elif mode == M_LOW_U:
                e = E_SURROGATE
            else:
                mode = M_UNUSUAL
                escapes = ptr8(_ESCAPES)
                j = 0
                while escapes[j] != c and escapes[j]:
                    j += 2
                if escapes[j]:
                    if n < limit:
                        arena[at + n] = escapes[j + 1]
                    n += 1
                else:
                    e = E_SYNTAX
        else:
            mode = M_LOW_U
            if c != 92:
                e = E_SURROGATE
        if e:
            st[S_RESULT] = e
            if e == E_UTF8:
                st[S_BAD_UTF8] = 1
            break
        i += 1
    st[S_MODE] = mode
    st[S_N] = n
    st[S_AT] = i


@micropython.viper
def put(state, byte: int):
    """A byte of a code point that was escaped."""
    st = ptr32(state)
    n = st[S_N]
    if n < st[S_LIMIT]:
        arena = ptr8(st[S_ARENA])
        arena[st[S_W] + HEAD + n] = byte
    st[S_N] = n + 1


@micropython.viper
def lead(state, c: int) -> int:
    """The first byte of a UTF-8 sequence: how many follow, and the range of the next one."""
    st = ptr32(state)
    st[S_MORE_LOW] = 128
    st[S_MORE_HIGH] = 191
    if c >= 194 and c < 224:
        st[S_MORE] = 1
    elif c >= 224 and c < 240:
        st[S_MORE] = 2
        if c == 224:
            st[S_MORE_LOW] = 160
        elif c == 237:  # surrogates
            st[S_MORE_HIGH] = 159
    elif c >= 240 and c < 245:
        st[S_MORE] = 3
        if c == 240:
            st[S_MORE_LOW] = 144
        elif c == 244:
            st[S_MORE_HIGH] = 143
    else:
        return E_UTF8
    return 0


@micropython.viper
def code_point(state) -> int:
    r"""A whole \uXXXX, into the string or kept as high surrogate; -> next mode, M_DEAD: lone."""
    st = ptr32(state)
    code = st[S_CODE]
    high = st[S_HIGH]
    st[S_HIGH] = 0
    if code >= 0xDC00 and code < 0xE000:
        if high == 0:
            return M_DEAD
        code = ((high - 0xD800) << 10) + code - 0xDC00 + 0x10000
    elif high:
        return M_DEAD
    elif code >= 0xD800 and code < 0xDC00:
        st[S_HIGH] = code
        return M_LOW
    if code < 0x80:
        put(state, code)
        return M_UNUSUAL
    shift = 6
    if code < 0x800:
        put(state, 0xC0 | (code >> 6))
    elif code < 0x10000:
        put(state, 0xE0 | (code >> 12))
        shift = 12
    else:
        put(state, 0xF0 | (code >> 18))
        shift = 18
    while shift:
        shift -= 6
        put(state, 0x80 | ((code >> shift) & 63))
        st[S_CONTINUED] += 1
    return M_UNUSUAL


@micropython.viper
def utf8(state):
    """What comes after the outcome is certain: skipped, but it has to be UTF-8 (RFC 6455, 8.1)."""
    st = ptr32(state)
    b = ptr8(st[S_BUFFER])
    i = st[S_AT]
    end = st[S_END]
    while i < end and st[S_BAD_UTF8] == 0:
        c = b[i]
        i += 1
        if st[S_MORE]:
            st[S_MORE] -= 1
            if c < st[S_MORE_LOW] or c > st[S_MORE_HIGH]:
                st[S_BAD_UTF8] = 1
            st[S_MORE_LOW] = 128
            st[S_MORE_HIGH] = 191
        elif c >= 128 and int(lead(state, c)):
            st[S_BAD_UTF8] = 1


@micropython.viper
def word(state):
    """Takes in true, false or null from S_AT on."""
    st = ptr32(state)
    b = ptr8(st[S_BUFFER])
    i = st[S_AT]
    words = ptr8(_WORDS)
    p = st[S_LITERAL]
    while i < st[S_END] and words[p] == b[i]:
        p += 1
        i += 1
    st[S_LITERAL] = p
    st[S_AT] = i
    if words[p] == 0:
        st[S_MODE] = M_AFTER
        st[S_TOKEN] = TOKEN_FALSE if p == 5 else TOKEN_TRUE if p == 10 else TOKEN_NULL
    elif i < st[S_END]:
        st[S_RESULT] = E_SYNTAX


@micropython.viper
def keep_raw(state):
    """Adds what was scanned to the raw text of a value; its length in the arena is up to date."""
    st = ptr32(state)
    b = ptr8(st[S_BUFFER])
    arena = ptr8(st[S_ARENA])
    w = st[S_W]
    i = st[S_RAW_FROM]
    end = st[S_AT]
    n = st[S_RAW_LENGTH] + end - i
    if w + HEAD + n > st[S_CAPACITY]:
        st[S_RESULT] = E_SPACE
        return
    arena[w] = ((st[S_STORE] - 1) << 3) | TAG_STRING
    arena[w + 1] = n & 255
    arena[w + 2] = n >> 8
    shift = w + HEAD + n - end
    while i < end:
        arena[i + shift] = b[i]
        i += 1
    st[S_RAW_LENGTH] = n
