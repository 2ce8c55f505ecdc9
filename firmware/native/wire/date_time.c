// Date-times (RFC 3339) as seconds since 2020-01-01T00:00:00Z, in both directions.

#include "firmware/native/wire/reader.h"

enum {
    DAY = 86400,
    LONG_ENOUGH = 32,
    DAYS_FAR = 12425, // January 2054: seconds that are still a small int
    DAYS_2020 = 737730,
    DAYS_1984 = 13089, // from 1984-03-01; up to 2099 every fourth year is a leap year
};

enum { YEAR, MONTH, MONTH_DAY, HOUR, MINUTE, SECOND, FIELDS };
enum { LEAP = 60 }; // a second

// The fixed part, and the most that its numbers may be (the year: any; a leap second is one).
static const char PATTERN[] = "0000-00-00T00:00:00";
static const uint16_t MOST[FIELDS] = { 9999, 12, 31, 23, 59, LEAP };
enum { PATTERN_LENGTH = sizeof(PATTERN) - 1, OFFSET_AT = 11, OFFSET_LENGTH = 5 };

static bool is_digit(uint8_t c) {
    return c >= '0' && c <= '9';
}

// Numbers as PATTERN[from:to] has them, the first of them number `field`.
static bool numbers(const uint8_t *text, unsigned from, unsigned to, unsigned field, int32_t *fields) {
    int32_t value = 0;
    for (; from < to; from++, text++) {
        if (PATTERN[from] == '0') {
            if (!is_digit(*text)) {
                return false;
            }
            value = value * 10 + *text - '0';
            if (value > MOST[field]) {
                return false;
            }
            fields[field] = value;
        } else if (*text == (uint8_t)PATTERN[from] || (*text == 't' && PATTERN[from] == 'T')) {
            field++;
            value = 0;
        } else {
            return false;
        }
    }
    return true;
}

static bool is_day(const int32_t *fields) {
    int32_t year = fields[YEAR];
    int32_t month = fields[MONTH];
    int32_t last = 30 + ((month + (month >> 3)) & 1);
    if (month == 2) {
        last = year % 4 == 0 && (year % 100 != 0 || year % 16 == 0) ? 29 : 28;
    }
    return month != 0 && fields[MONTH_DAY] != 0 && fields[MONTH_DAY] <= last;
}

// What follows the seconds: a fraction, which is dropped, and Z or an offset. No offset is taken for UTC: common
// CSMSs leave the Z out.
static bool offset_s(const uint8_t *text, const uint8_t *end, int32_t *seconds) {
    int32_t fields[FIELDS];
    uint8_t sign;
    *seconds = 0;
    if (text < end && *text == '.') {
        const uint8_t *first = ++text;
        while (text < end && is_digit(*text)) {
            text++;
        }
        if (text == first) {
            return false;
        }
    }
    if (text == end) {
        return true;
    }
    sign = *text++;
    if ((sign | 32) == 'z') {
        return text == end;
    }
    if ((sign != '+' && sign != '-') || end - text != OFFSET_LENGTH ||
        !numbers(text, OFFSET_AT, OFFSET_AT + OFFSET_LENGTH, HOUR, fields)) {
        return false;
    }
    *seconds = fields[HOUR] * 3600 + fields[MINUTE] * 60;
    if (sign == '-') {
        *seconds = -*seconds;
    }
    return true;
}

static int32_t days_since_2020(int32_t year, int32_t month, int32_t day) {
    int32_t days;
    if (month < 3) { // years begin in March
        year--;
        month += 12;
    }
    days = 365 * year + (year >= 0 ? year / 4 - year / 100 + year / 400 : 0);
    days += (153 * month - 457) / 5 + day - 1 - DAYS_2020;
    // "never" of many CSMSs: the year 9999
    return days > DAYS_FAR ? DAYS_FAR : days < -DAYS_FAR ? -DAYS_FAR : days;
}

// A fraction may have any number of digits (RFC 3339, 5.6): behind LONG_ENOUGH characters, those that follow three others
// are dropped. Nowhere else in a date-time, at that place, may so many digits follow each other.
bool wire_is_surplus(const wire_reader_t *r, uint8_t c) {
    const uint8_t *p = wire_gathered(r) + r->n;
    unsigned digits = 0;
    if (!wire_in_time(r) || r->n - LONG_ENOUGH >= SHORT - LONG_ENOUGH) {
        return false;
    }
    for (; digits < 4 && is_digit(c); digits++) {
        c = *--p;
    }
    return digits == 4;
}

bool wire_read_time(const uint8_t *text, size_t n, int32_t *since_2020) {
    int32_t fields[FIELDS];
    int32_t offset;
    if (n < PATTERN_LENGTH || !numbers(text, 0, PATTERN_LENGTH, YEAR, fields) || !is_day(fields) ||
        !offset_s(text + PATTERN_LENGTH, text + n, &offset)) {
        return false;
    }
    offset = fields[HOUR] * 3600 + fields[MINUTE] * 60 + fields[SECOND] - offset;
    *since_2020 = days_since_2020(fields[YEAR], fields[MONTH], fields[MONTH_DAY]) * DAY + offset;
    return fields[SECOND] != LEAP || offset % DAY == 0; // only at 23:59:60 UTC (RFC 3339, 5.7)
}

// The date-time that was gathered.
wire_error_t wire_time(wire_reader_t *r) {
    int32_t since_2020;
    if (r->n > SHORT || !wire_read_time(wire_gathered(r), r->n, &since_2020)) {
        return E_VALUE;
    }
    return wire_keep(r, TAG_INT, since_2020, 0);
}

static void two_digits(uint8_t *out, unsigned value) {
    out[0] = '0' + value / 10;
    out[1] = '0' + value % 10;
}

size_t wire_write_time(uint8_t out[WIRE_TIME_LENGTH], int32_t since_2020) {
    uint32_t seconds = (uint32_t)since_2020 + (uint32_t)DAYS_1984 * DAY;
    uint32_t days = seconds / DAY;
    uint32_t year = (4 * days + 3) / 1461;
    uint32_t month;
    size_t i;
    seconds %= DAY;
    days -= 1461 * year / 4;
    month = (5 * days + 2) / 153;
    days -= (153 * month + 2) / 5;
    year += 1984;
    if (month < 10) {
        month += 3;
    } else {
        month -= 9;
        year++;
    }
    for (i = 0; i < PATTERN_LENGTH; i++) {
        out[i] = PATTERN[i];
    }
    out[i] = 'Z';
    two_digits(out, year / 100);
    two_digits(out + 2, year % 100);
    two_digits(out + 5, month);
    two_digits(out + 8, days + 1);
    two_digits(out + 11, seconds / 3600);
    two_digits(out + 14, seconds / 60 % 60);
    two_digits(out + 17, seconds % 60);
    return WIRE_TIME_LENGTH;
}
