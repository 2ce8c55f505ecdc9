#include "py/mphal.h"
#include "py/runtime.h"

#include "platform.h"
#include "semihosting.h"

mp_uint_t mp_hal_ticks_us(void) {
    return (mp_uint_t)clock_us();
}

void mp_hal_delay_ms(mp_uint_t ms) {
    mp_uint_t start = mp_hal_ticks_ms();
    while (mp_hal_ticks_ms() - start < ms) {
        mp_event_wait_ms(ms);
    }
}

void mp_hal_delay_us(mp_uint_t us) {
    mp_uint_t start = mp_hal_ticks_us();
    while (mp_hal_ticks_us() - start < us) {
    }
}

// What print() and tracebacks write goes where the log goes.
mp_uint_t mp_hal_stdout_tx_strn(const char *text, size_t length) {
    semihosting_log(text, length);
    return length;
}

void mp_hal_stdout_tx_strn_cooked(const char *text, size_t length) {
    semihosting_log(text, length);
}

uint64_t mp_hal_time_ns(void) {
    return (uint64_t)mp_hal_ticks_ms() * 1000000u; // asked for by littlefs' port; the firmware stores no file times
}

// QEMU has no model of a chip's random number generator: the host's stands in.
void mp_hal_get_random(size_t count, uint8_t *bytes) {
    static int source = -1;
    if (source < 0) {
        source = semihosting_open("/dev/urandom", SEMIHOSTING_READ);
    }
    semihosting_read_at(source, 0, bytes, count);
}

// Waits until there may be something to do for the event loop, at most `timeout_ms` of station time (-1: for ever).
void board_wait(mp_int_t timeout_ms) {
    mp_uint_t start = mp_hal_ticks_ms();
    if (timeout_ms == 0) {
        return;
    }
    while (!platform_clock_jumps() && !clock_sleep() && (timeout_ms < 0 || mp_hal_ticks_ms() - start < (mp_uint_t)timeout_ms)) {
    }
}
