// MicroPython's hardware layer: time and the console. Waiting happens in the board's own way, see board_wait().
#include <stddef.h>
#include <stdint.h>

#include "clock.h"
#include "platform.h"

static inline mp_uint_t mp_hal_ticks_ms(void) {
    return platform_ticks_ms();
}

mp_uint_t mp_hal_ticks_us(void);
void mp_hal_get_random(size_t count, uint8_t *bytes);

static inline mp_uint_t mp_hal_ticks_cpu(void) {
    return (mp_uint_t)clock_cycles();
}

static inline void mp_hal_set_interrupt_char(int c) {
    (void)c; // nobody can type control-C on a charger
}
