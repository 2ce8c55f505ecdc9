// Hex of a line on standard input, for programs of the host's tests.
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

// Bytes that `hex` has become in `text`, which has room for them.
static inline size_t from_hex(const char *hex, uint8_t *text) {
    unsigned byte;
    size_t n = 0;
    while (sscanf(hex + 2 * n, "%2x", &byte) == 1) {
        text[n++] = byte;
    }
    return n;
}
