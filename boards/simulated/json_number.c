// Numbers of the JSON reader. See json.h.

#include "json.h"


// Reads the exponent of a number; clipped, because only its order matters then.
static int read_exponent(const char *at, const char *end) {
    bool negative = at < end && *at == '-';
    if (at < end && (*at == '-' || *at == '+')) {
        at++;
    }
    int exponent = 0;
    for (; at < end; at++) {
        exponent = exponent < 10000 ? exponent * 10 + (*at - '0') : exponent;
    }
    return negative ? -exponent : exponent;
}

bool json_scaled(json_t value, unsigned decimals, int64_t *result) {
    if (!value.text || !(*value.text == '-' || (*value.text >= '0' && *value.text <= '9'))) {
        return false;
    }
    const char *at = value.text;
    const char *end = value.text + value.length;
    bool negative = *at == '-';
    at += negative;
    uint64_t mantissa = 0;
    int scale = (int)decimals; // the result is mantissa * 10**scale
    bool fraction = false;
    for (; at < end && *at != 'e' && *at != 'E'; at++) {
        if (*at == '.') {
            fraction = true;
            continue;
        }
        if (mantissa < 100000000000000000u) {
            mantissa = mantissa * 10 + (uint64_t)(*at - '0');
            scale -= fraction;
        } else {
            scale += !fraction; // further digits only count by their place
        }
    }
    if (at < end) {
        scale += read_exponent(at + 1, end);
    }
    for (; scale > 0 && mantissa != 0; scale--) {
        if (mantissa > (uint64_t)INT64_MAX / 10) {
            return false;
        }
        mantissa *= 10;
    }
    for (; scale < -1 && mantissa != 0; scale++) {
        mantissa /= 10;
    }
    if (scale == -1) {
        mantissa = (mantissa + 5) / 10;
    }
    *result = negative ? -(int64_t)mantissa : (int64_t)mantissa;
    return true;
}

bool json_whole(json_t value, int64_t lowest, int64_t highest, int64_t *result) {
    int64_t thousandths;
    if (!json_scaled(value, 3, &thousandths) || thousandths % 1000 != 0) {
        return false;
    }
    *result = thousandths / 1000;
    return *result >= lowest && *result <= highest;
}
