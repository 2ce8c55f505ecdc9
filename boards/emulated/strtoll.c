// The one thing that MicroPython wants of the C library's number reading, for int() of what is no small int: digits without
// sign, prefix or space. The library's own brings its tables of characters and 100 bytes of RAM along.
#include <limits.h>
#include <stdlib.h>

static unsigned digit_of(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'z' ? c - 'a' + 10u : UINT_MAX;
}

long long strtoll(const char *restrict text, char **restrict end, int base) {
    unsigned long long value = 0;
    unsigned digit;
    for (unsigned long long most = (unsigned long long)LLONG_MAX / base; (digit = digit_of(*text)) < (unsigned)base; text++) {
        value = value > most || value * base + digit > LLONG_MAX ? LLONG_MAX : value * base + digit;
    }
    *end = (char *)text;
    return value;
}
