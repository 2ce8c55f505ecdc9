// The machine timer as the clock: it counts on by itself, and interrupts each millisecond.

#include "chip.h"
#include "clock.h"
#include "interrupts.h"
#include "registers.h"

#define CYCLES_PER_MS (CHIP_CLOCK_HZ / 1000u)

static uint64_t next_tick;

uint64_t clock_cycles(void) {
    uint32_t low, high;
    do {
        high = CLINT_TIME_HIGH;
        low = CLINT_TIME_LOW;
    } while (high != CLINT_TIME_HIGH);
    return (uint64_t)high << 32 | low;
}

static void set_alarm(void) {
    CLINT_COMPARE_HIGH = UINT32_MAX; // none in between
    CLINT_COMPARE_LOW = (uint32_t)next_tick;
    CLINT_COMPARE_HIGH = (uint32_t)(next_tick >> 32);
}

void clock_start(void) {
    next_tick = clock_cycles() + CYCLES_PER_MS;
    set_alarm();
    __asm__ volatile ("csrs mie, %0" : : "r" (MIE_TIMER));
}

// Other handlers, and the host, may have kept this one waiting for more than one tick.
void timer_interrupt(void) {
    do {
        next_tick += CYCLES_PER_MS;
        clock_tick();
    } while (next_tick <= clock_cycles());
    set_alarm();
}
