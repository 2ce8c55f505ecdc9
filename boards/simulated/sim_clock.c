// The station's time: it may run faster than the world's, and jump. See sim.h.

#include "sim.h"

#include <string.h>

#include "port.h"

#define DAY_US (24ull * 3600 * 1000000)
#define REBASE_US (3600ull * 1000000) // keeps the product of time and factor within 64 bits

static uint64_t real_base, station_base;
static uint32_t factor = SIM_FACTOR_ONE;
static int64_t utc_offset;
static uint64_t advance_left_us;

uint64_t sim_ticks_us(void) {
    uint64_t passed = port_now_us() - real_base;
    if (passed >= REBASE_US) {
        station_base += passed / SIM_FACTOR_ONE * factor;
        real_base += passed / SIM_FACTOR_ONE * SIM_FACTOR_ONE;
        passed %= SIM_FACTOR_ONE;
    }
    return station_base + passed * factor / SIM_FACTOR_ONE;
}

void sim_clock_init(int64_t utc_us) {
    real_base = port_now_us();
    station_base = 0;
    sim_set_utc(utc_us);
}

int64_t sim_utc_us(void) {
    return (int64_t)sim_ticks_us() + utc_offset;
}

void sim_set_utc(int64_t utc_us) {
    utc_offset = utc_us - (int64_t)sim_ticks_us();
}

uint32_t sim_factor(void) {
    return factor;
}

void sim_set_factor(uint32_t thousandths) {
    station_base = sim_ticks_us();
    real_base = port_now_us();
    factor = thousandths;
    port_wake();
}

void sim_advance(uint64_t ms) {
    bool under_way = advance_left_us > 0;
    advance_left_us += ms * 1000;
    if (!under_way) {
        sim_advance_step();
    }
}

bool sim_advance_step(void) {
    uint64_t step = advance_left_us < DAY_US ? advance_left_us : DAY_US;
    if (step == 0) {
        return false;
    }
    advance_left_us -= step;
    station_base += step;
    sim_event_t event = {.kind = EVENT_CLOCK};
    if (!sim_event_push(&event)) {
        port_wake(); // it has more than enough to look at
    }
    return true;
}

uint64_t sim_advance_left_ms(void) {
    return advance_left_us / 1000;
}

// Days between 2020-01-01 and a date of the Gregorian calendar.
static int64_t days_of(int64_t year, int month, int day) {
    year -= month <= 2;
    int64_t era = year / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 737730;
}

static char *two_digits(char *to, int value) {
    *to++ = (char)('0' + value / 10 % 10);
    *to++ = (char)('0' + value % 10);
    return to;
}

void sim_stamp(int64_t utc_us, char *to) {
    int64_t seconds = utc_us / 1000000;
    int ms = (int)(utc_us % 1000000 / 1000);
    int64_t days = seconds / 86400;
    int rest = (int)(seconds % 86400);
    int year = 2020;
    while (days_of(year + 1, 1, 1) <= days) {
        year++;
    }
    int month = 1;
    while (month < 12 && days_of(year, month + 1, 1) <= days) {
        month++;
    }
    to = two_digits(to, year / 100);
    to = two_digits(to, year);
    *to++ = '-';
    to = two_digits(to, month);
    *to++ = '-';
    to = two_digits(to, (int)(days - days_of(year, month, 1)) + 1);
    *to++ = 'T';
    to = two_digits(to, rest / 3600);
    *to++ = ':';
    to = two_digits(to, rest / 60 % 60);
    *to++ = ':';
    to = two_digits(to, rest % 60);
    *to++ = '.';
    *to++ = (char)('0' + ms / 100);
    to = two_digits(to, ms);
    *to++ = 'Z';
    *to = 0;
}

// Reads `count` digits at *at; -1 when they are none.
static int take_digits(const char **at, int count) {
    int value = 0;
    while (count-- > 0) {
        if (**at < '0' || **at > '9') {
            return -1;
        }
        value = value * 10 + (*(*at)++ - '0');
    }
    return value;
}

static bool take_char(const char **at, char wanted) {
    return *(*at)++ == wanted;
}

// "Z", "+02:00" or "-02:00" and nothing after it, in seconds east of Greenwich.
static bool take_zone(const char *at, int *seconds) {
    *seconds = 0;
    if (*at == 'Z' || *at == 'z') {
        return at[1] == 0;
    }
    if (*at != '+' && *at != '-') {
        return false;
    }
    int sign = *at++ == '-' ? -1 : 1;
    int hours = take_digits(&at, 2);
    if (hours < 0 || hours > 23 || *at++ != ':') {
        return false;
    }
    int minutes = take_digits(&at, 2);
    *seconds = sign * (hours * 3600 + minutes * 60);
    return minutes >= 0 && minutes < 60 && *at == 0;
}

bool sim_parse_stamp(const char *at, int64_t *utc_us) {
    static const char separators[] = "--T::";
    static const int least[] = {2020, 1, 1, 0, 0, 0}, most[] = {2099, 12, 31, 23, 59, 59};
    int field[6];
    for (int i = 0; i < 6; i++) {
        field[i] = take_digits(&at, i == 0 ? 4 : 2);
        if (field[i] < least[i] || field[i] > most[i] || (i < 5 && !take_char(&at, separators[i]))) {
            return false;
        }
    }
    int64_t us = 0;
    if (*at == '.') {
        at++;
        int64_t weight = 100000;
        if (*at < '0' || *at > '9') {
            return false;
        }
        for (; *at >= '0' && *at <= '9'; at++, weight /= 10) {
            us += (*at - '0') * weight;
        }
    }
    int zone;
    if (!take_zone(at, &zone)) {
        return false;
    }
    int64_t days = days_of(field[0], field[1], field[2]);
    *utc_us = (days * 86400 + field[3] * 3600 + field[4] * 60 + field[5] - zone) * 1000000 + us;
    return true;
}
