"""Date-times (RFC 3339) as seconds since 2020-01-01T00:00:00Z, in both directions."""

import micropython
from micropython import const

from wire.constants import (
    E_VALUE,
    HEAD,
    S_ARENA,
    S_DECIMALS,
    S_MANTISSA,
    S_N,
    S_RESULT,
    S_SCRATCH,
    S_W,
    SHORT,
)
from wire.number import keep

_DAYS_FAR = const(12425)  # January 2054: seconds that are still a small int
_DAYS_2020 = const(737730)
_DAYS_1984 = const(13089)  # from 1984-03-01; up to 2099 every fourth year is a leap year


# The fixed part, and the most that its six numbers may be (the year: any)
_PATTERN = b"0000-00-00T00:00:00"
_MOST = b"\xff\x0c\x1f\x17\x3b\x3c"


@micropython.viper
def time_value(state):  # noqa: C901 one walk over the text
    """RFC 3339 date-time -> seconds since 2020 UTC, into the arena.

    No offset is taken for UTC: common CSMSs leave the Z out. S_RESULT: 0 or an error.
    """
    st = ptr32(state)
    st[S_RESULT] = E_VALUE  # until it is known to be right
    text = ptr8(st[S_ARENA])
    pattern = ptr8(_PATTERN)
    most = ptr8(_MOST)
    at = st[S_W] + HEAD
    end = at + st[S_N]
    if st[S_N] < 19 or st[S_N] > SHORT:
        return
    st[S_SCRATCH + 5] = 0
    field = 0
    value = 0
    j = 0
    while j < 19:
        c = text[at + j]
        if pattern[j] == 48:
            if c < 48 or c > 57:
                return
            value = value * 10 + c - 48
            st[field + S_SCRATCH] = value
            if value > most[field] and field:
                return
        elif c == pattern[j] or (c == 116 and j == 10):  # 't' is as good as 'T'
            field += 1
            value = 0
        else:
            return
        j += 1
    year = st[S_SCRATCH]
    month = st[S_SCRATCH + 1]
    day = st[S_SCRATCH + 2]
    last = 30 + ((month + (month >> 3)) & 1)
    if month == 2:
        last = 28
        if year & 3 == 0 and (int(year % 100) or year & 15 == 0):
            last = 29
    if month == 0 or day == 0 or day > last:
        return
    at += 19
    if at < end and text[at] == 46:  # fraction: dropped
        at += 1
        j = at
        while at < end and text[at] >= 48 and text[at] <= 57:
            at += 1
        if j == at:
            return
    offset = 0
    if at < end:
        c = text[at]
        at += 1
        if c | 32 != 122:  # no 'Z': hours and minutes as in 00:00:00
            if (c != 43 and c != 45) or at + 5 != end:
                return
            field = 3
            value = 0
            j = 11
            while j < 16:
                digit = text[at] - 48
                at += 1
                if j == 13:
                    if digit != 10:  # ':'
                        return
                    offset = value * 3600
                    value = 0
                    field = 4
                elif digit < 0 or digit > 9:
                    return
                else:
                    value = value * 10 + digit
                    if value > most[field]:
                        return
                j += 1
            offset += value * 60
            if c == 45:
                offset = 0 - offset
        if at != end:
            return
    if month < 3:
        year -= 1
        month += 12
    days = 365 * year + (year >> 2) - int(year // 100) + int(year // 400)
    days += int((153 * month - 457) // 5) + day - 1 - _DAYS_2020
    if days >= _DAYS_FAR:  # "never" of many CSMSs: the year 9999
        days = _DAYS_FAR
    elif days <= 0 - _DAYS_FAR:
        days = 0 - _DAYS_FAR
    seconds = st[S_SCRATCH + 3] * 3600 + st[S_SCRATCH + 4] * 60 + st[S_SCRATCH + 5] - offset
    st[S_MANTISSA] = seconds + days * 86400
    st[S_DECIMALS] = -1
    keep(state)


@micropython.viper
def write_time(buffer, seconds: int) -> int:
    """Writes seconds since 2020 (1984 to 2088) as YYYY-MM-DDTHH:MM:SSZ; -> length."""
    out = ptr8(buffer)
    days = int(seconds // 86400)
    seconds -= days * 86400
    days += _DAYS_1984
    year = int((4 * days + 3) // 1461)
    days -= int(1461 * year // 4)
    month = int((5 * days + 2) // 153)
    days -= int((153 * month + 2) // 5)
    year += 1984
    if month < 10:
        month += 3
    else:
        month -= 9
        year += 1
    minutes = int(seconds // 60)
    hours = int(minutes // 60)
    century = int(year // 100)
    two_digits(buffer, 0, century)
    two_digits(buffer, 2, year - 100 * century)
    two_digits(buffer, 5, month)
    two_digits(buffer, 8, days + 1)
    two_digits(buffer, 11, hours)
    two_digits(buffer, 14, minutes - 60 * hours)
    two_digits(buffer, 17, seconds - 60 * minutes)
    out[4] = out[7] = 45
    out[10] = 84
    out[13] = out[16] = 58
    out[19] = 90
    return 20


@micropython.viper
def two_digits(buffer, at: int, value: int):
    out = ptr8(buffer)
    tens = int(value // 10)
    out[at] = 48 + tens
    out[at + 1] = 48 + value - 10 * tens
