// Time since reset, and waiting for something to happen.
#ifndef CORTEX_M3_CLOCK_H
#define CORTEX_M3_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define CLOCK_HZ (120000000u)

void clock_start(void);

// Milliseconds since reset; wraps after 49 days, which callers allow for.
uint32_t clock_ms(void);

// Cycles of the core's clock since reset, and those of them that were spent asleep.
uint64_t clock_cycles(void);
uint64_t clock_cycles_asleep(void);

// Sleeps until an interrupt handler has called clock_wake(), or one more tick of 1 ms is over; true: woken.
bool clock_sleep(void);

// Instructions executed in so many cycles when QEMU runs with -icount shift=4: each takes 16 ns, two cycles less a bit.
static inline uint64_t clock_instructions(uint64_t cycles) {
    return cycles * 25 / 48;
}

// Called by interrupt handlers when there is something for the event loop to look at.
void clock_wake(void);

#endif
