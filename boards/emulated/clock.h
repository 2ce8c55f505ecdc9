// Time since reset, and waiting for something to happen.
#ifndef EMULATED_CLOCK_H
#define EMULATED_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "chip.h"

// Milliseconds since reset; wraps after 49 days, which callers allow for.
uint32_t clock_ms(void);

// Cycles of the chip's clock (CHIP_CLOCK_HZ) that were spent asleep since reset.
uint64_t clock_cycles_asleep(void);

// Sleeps until an interrupt handler has called clock_wake(), or one more tick of 1 ms is over; true: woken.
bool clock_sleep(void);

// Called by interrupt handlers when there is something for the event loop to look at.
void clock_wake(void);

// Called by the chip's timer interrupt, once for each millisecond.
void clock_tick(void);

// ---- of the chip

void clock_start(void);

// Cycles since reset.
uint64_t clock_cycles(void);

static inline uint64_t clock_us(void) {
    return clock_cycles() / (CHIP_CLOCK_HZ / 1000000u);
}

#endif
