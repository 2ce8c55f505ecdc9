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


@micropython.viper
def time_value(state):  # noqa: C901 one walk over the text
    """RFC 3339 date-time -> seconds since 2020 UTC, into the arena.

    No offset is taken for UTC: common CSMSs leave the Z out.
    """
    st = ptr32(state)
    text = ptr8(st[S_ARENA])
    at = st[S_W] + HEAD
    n = st[S_N]
    if n < 19 or n > SHORT:
        st[S_RESULT] = E_VALUE
        return
    value = 0
    field = S_SCRATCH
    j = 0
    while j < 19:
        c = text[at + j]
        if j == 4 or j == 7 or j == 10 or j == 13 or j == 16:
            st[field] = value
            field += 1
            value = 0
            expected = 58  # ':'
            if j < 10:
                expected = 45  # '-'
            elif j == 10:
                expected = 84  # 'T', 't' too
                c &= 223
            if c != expected:
                st[S_RESULT] = E_VALUE
                return
        elif c < 48 or c > 57:
            st[S_RESULT] = E_VALUE
            return
        else:
            value = value * 10 + c - 48
        j += 1
    seconds = value
    year = st[S_SCRATCH]
    month = st[S_SCRATCH + 1]
    day = st[S_SCRATCH + 2]
    hour = st[S_SCRATCH + 3]
    minute = st[S_SCRATCH + 4]
    last = 31
    if month == 4 or month == 6 or month == 9 or month == 11:
        last = 30
    elif month == 2:
        last = 28
        if year & 3 == 0 and (int(year % 100) or year & 15 == 0):
            last = 29
    if month < 1 or month > 12 or day < 1 or day > last:
        st[S_RESULT] = E_VALUE
        return
    if hour > 23 or minute > 59 or seconds > 60:
        st[S_RESULT] = E_VALUE
        return
    end = at + n
    at += 19
    if at < end and text[at] == 46:  # fraction: dropped
        at += 1
        j = at
        while at < end and text[at] >= 48 and text[at] <= 57:
            at += 1
        if j == at:
            st[S_RESULT] = E_VALUE
            return
    offset = 0
    if at < end:
        c = text[at]
        if c | 32 == 122 and at + 1 == end:  # 'Z'
            offset = 0
        elif (c == 43 or c == 45) and at + 6 == end and text[at + 3] == 58:
            j = 1
            while j < 6:
                if j != 3 and (text[at + j] < 48 or text[at + j] > 57):
                    st[S_RESULT] = E_VALUE
                    return
                j += 1
            value = (text[at + 1] - 48) * 10 + text[at + 2] - 48
            j = (text[at + 4] - 48) * 10 + text[at + 5] - 48
            if value > 23 or j > 59:
                st[S_RESULT] = E_VALUE
                return
            offset = value * 3600 + j * 60
            if c == 45:
                offset = 0 - offset
        else:
            st[S_RESULT] = E_VALUE
            return
    if month < 3:
        year -= 1
        month += 12
    days = 365 * year + (year >> 2) - int(year // 100) + int(year // 400)
    days += int((153 * month - 457) // 5) + day - 1 - _DAYS_2020
    seconds += hour * 3600 + minute * 60 - offset
    if days >= _DAYS_FAR:  # "never" of many CSMSs: the year 9999
        days = _DAYS_FAR
    elif days <= 0 - _DAYS_FAR:
        days = 0 - _DAYS_FAR
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
