"""Seconds since 2020-01-01T00:00:00Z as text."""

from micropython import const

_DAY = const(86400)
_FOUR_YEARS = const(1461)


def stamp(seconds):
    """RFC 3339 text (bytes) of `seconds`, 0 to 2**30 (January 2054)."""
    days = seconds // _DAY
    seconds %= _DAY
    # 2020 is a leap year and so is every fourth until 2100: the cycle starts with it.
    year = 2020 + days // _FOUR_YEARS * 4
    days %= _FOUR_YEARS
    length = 366
    while days >= length:
        days -= length
        year += 1
        length = 365
    february = 29 if length == 366 else 28
    month = 1
    for length in (31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31):
        if days < length:
            break
        days -= length
        month += 1
    return b"%04d-%02d-%02dT%02d:%02d:%02dZ" % (
        year,
        month,
        days + 1,
        seconds // 3600,
        seconds // 60 % 60,
        seconds % 60,
    )
