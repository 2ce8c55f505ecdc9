"""Numbers: RFC 8259's grammar, then an exact scaled integer; see json_reader.py and schema.py."""

import micropython
from micropython import const
from tables.layout import KIND_INTEGER

from wire.constants import (
    E_RANGE,
    E_SPACE,
    E_SYNTAX,
    FLAG_DROPPED,
    FLAG_EXPONENT_NEGATIVE,
    FLAG_HUGE,
    FLAG_INEXACT,
    FLAG_NEGATIVE,
    FLAG_ROUND,
    M_AFTER,
    PART_BEGIN,
    PART_COMPLETE,
    PART_E,
    PART_EXPONENT_DIGITS,
    PART_FRACTION,
    PART_INTEGER,
    PART_MINUS,
    PART_POINT,
    PART_SIGN,
    PART_ZERO,
    S_ARENA,
    S_AT,
    S_BUFFER,
    S_CAPACITY,
    S_DECIMALS,
    S_END,
    S_EXPONENT,
    S_FLAGS,
    S_KIND,
    S_MANTISSA,
    S_MODE,
    S_NUMBER,
    S_RESULT,
    S_STORE,
    S_TABLE,
    S_TOKEN,
    S_TYPE,
    S_W,
    TAG_NUMBER,
    TENTH,
    TOKEN_NUMBER,
)

_HALF = const(1073741823)  # (2**31 - 1) // 2; 2**31 - 1 itself is no small int
_MAX_DECIMALS = const(9)
_PRECISION = const(100000000)  # fraction digits are taken in up to 9 digits in all


@micropython.viper
def digits(state):  # noqa: C901 a case for each part
    """Takes in a number's characters from S_AT on."""
    st = ptr32(state)
    b = ptr8(st[S_BUFFER])
    i = st[S_AT]
    end = st[S_END]
    part = st[S_NUMBER]
    m = st[S_MANTISSA]
    while i < end:
        c = b[i]
        if c >= 48 and c <= 57:
            c -= 48
            if part == PART_INTEGER:
                if m < TENTH or (m == TENTH and c < 8):
                    m = m * 10 + c
                else:
                    st[S_FLAGS] |= FLAG_HUGE
            elif part <= PART_MINUS:
                m = c
                part = PART_INTEGER if c else PART_ZERO
            elif part == PART_FRACTION or part == PART_POINT:
                part = PART_FRACTION
                if m < _PRECISION and st[S_DECIMALS] < 9:
                    m = m * 10 + c
                    st[S_DECIMALS] += 1
                elif st[S_FLAGS] & FLAG_DROPPED == 0:
                    st[S_FLAGS] |= FLAG_DROPPED
                    if c:
                        st[S_FLAGS] |= FLAG_INEXACT
                    if c >= 5:
                        st[S_FLAGS] |= FLAG_ROUND
                elif c:
                    st[S_FLAGS] |= FLAG_INEXACT
            elif part == PART_ZERO:
                part = -1
                break
            else:
                part = PART_EXPONENT_DIGITS
                if st[S_EXPONENT] < 1000:  # more changes nothing: 0 or out of range
                    st[S_EXPONENT] = st[S_EXPONENT] * 10 + c
        elif c == 45 and part == PART_BEGIN:
            st[S_FLAGS] |= FLAG_NEGATIVE
            part = PART_MINUS
        elif c == 46 and (part == PART_ZERO or part == PART_INTEGER):
            part = PART_POINT
        elif c | 32 == 101 and part >= PART_COMPLETE and part != PART_EXPONENT_DIGITS:
            part = PART_E
        elif (c == 43 or c == 45) and part == PART_E:
            part = PART_SIGN
            if c == 45:
                st[S_FLAGS] |= FLAG_EXPONENT_NEGATIVE
        else:
            if part < PART_COMPLETE:
                part = -1
            break
        i += 1
    st[S_NUMBER] = part
    st[S_MANTISSA] = m
    st[S_AT] = i
    if part < 0:
        st[S_RESULT] = E_SYNTAX
    elif i < end:
        st[S_MODE] = M_AFTER
        st[S_TOKEN] = TOKEN_NUMBER


@micropython.viper
def number_value(state):  # noqa: C901 straight on
    """The number in the state, into the arena; 0 or an error.

    An integer is exact. Of any other number 9 digits are, further decimals are rounded half up.
    """
    st = ptr32(state)
    m = st[S_MANTISSA]
    d = st[S_DECIMALS]
    x = st[S_EXPONENT]
    flags = st[S_FLAGS]
    if flags & FLAG_HUGE:
        st[S_RESULT] = E_RANGE
        return
    if flags & FLAG_ROUND and m >> 1 < _HALF:
        m += 1
    if flags & FLAG_EXPONENT_NEGATIVE:
        d += x
        x = 0
    digit = 0
    while d > _MAX_DECIMALS and m:
        digit = int(m % 10)
        if digit:
            flags |= FLAG_INEXACT
        m = int(m // 10)
        d -= 1
    if digit >= 5 and d == _MAX_DECIMALS:
        m += 1
    while d and m and int(m % 10) == 0:
        m = int(m // 10)
        d -= 1
    if m == 0:
        d = 0
        x = 0
    while x:
        if d:
            d -= 1
        elif m > TENTH:
            st[S_RESULT] = E_RANGE
            return
        else:
            m *= 10
        x -= 1
    table = ptr16(st[S_TABLE])
    if flags & FLAG_NEGATIVE and m:
        if table[st[S_TYPE]] >> 8:  # minimum 0
            st[S_RESULT] = E_RANGE
            return
        m = 0 - m
    if st[S_KIND] == KIND_INTEGER:
        if d or flags & FLAG_INEXACT:
            return  # S_RESULT is E_TYPE
        d = -1
    st[S_MANTISSA] = m
    st[S_DECIMALS] = d
    keep(state)


@micropython.viper
def keep(state):
    """S_MANTISSA, and S_DECIMALS if it is not -1, to the arena."""
    st = ptr32(state)
    st[S_RESULT] = 0
    store = st[S_STORE]
    if store == 0:
        return
    w = st[S_W]
    if w + 6 > st[S_CAPACITY]:
        st[S_RESULT] = E_SPACE
        return
    arena = ptr8(st[S_ARENA])
    value = st[S_MANTISSA]
    arena[w] = (store - 1) << 3
    arena[w + 1] = value & 255
    arena[w + 2] = (value >> 8) & 255
    arena[w + 3] = (value >> 16) & 255
    arena[w + 4] = (value >> 24) & 255
    w += 5
    if st[S_DECIMALS] >= 0:
        arena[w - 5] = ((store - 1) << 3) | TAG_NUMBER
        arena[w] = st[S_DECIMALS]
        w += 1
    st[S_W] = w


@micropython.viper
def write_number(buffer, value: int, decimals: int) -> int:
    """Writes value / 10**decimals without trailing zeros; -> length, at most 21."""
    out = ptr8(buffer)
    at = 0
    if value < 0:
        out[0] = 45
        at = 1
        value = 0 - value
    while decimals and int(value % 10) == 0:
        value = int(value // 10)
        decimals -= 1
    # Digits from the last to the first, then turned round.
    first = at
    width = 0
    while value or width <= decimals:
        if width == decimals and decimals and out[at - 1] != 46:
            out[at] = 46
        else:
            out[at] = 48 + int(value % 10)
            value = int(value // 10)
            width += 1
        at += 1
    last = at - 1
    while first < last:
        digit = out[first]
        out[first] = out[last]
        out[last] = digit
        first += 1
        last -= 1
    return at
