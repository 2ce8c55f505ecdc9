#include "clock.h"
#include "control_port.h"
#include "registers.h"

#define CYCLES_PER_MS (CLOCK_HZ / 1000u)

static volatile uint32_t milliseconds;
static uint64_t cycles_asleep;
static volatile bool woken;

void systick_handler(void) {
    if (++milliseconds % 1000 == 0) {
        control_port_tick();
    }
}

void clock_start(void) {
    SYSTICK_RELOAD = CYCLES_PER_MS - 1;
    SYSTICK_VALUE = 0;
    SYSTICK_CONTROL = SYSTICK_ENABLE_INTERRUPT_CORE_CLOCK;
}

uint32_t clock_ms(void) {
    return milliseconds;
}

uint64_t clock_cycles_asleep(void) {
    return cycles_asleep;
}

static uint32_t interrupts_off(void) {
    uint32_t before;
    __asm__ volatile ("mrs %0, primask\n cpsid i" : "=r" (before) : : "memory");
    return before;
}

static void interrupts_restore(uint32_t before) {
    __asm__ volatile ("msr primask, %0" : : "r" (before) : "memory");
}

uint64_t clock_cycles(void) {
    uint32_t before = interrupts_off();
    uint32_t value = SYSTICK_VALUE;
    uint64_t ticks = milliseconds;
    if (INTERRUPT_CONTROL & INTERRUPT_CONTROL_SYSTICK_PENDING) {
        // The counter has passed 0 and the handler has not run yet: read it again, now surely after 0.
        value = SYSTICK_VALUE;
        ticks++;
    }
    interrupts_restore(before);
    return ticks * CYCLES_PER_MS + (CYCLES_PER_MS - 1 - value);
}

void clock_wake(void) {
    woken = true;
}

bool clock_sleep(void) {
    // With interrupts masked a pending one still ends the sleep, and runs only after the time has been taken: nothing is
    // lost between looking at `woken` and sleeping, and what handlers do is not counted as sleep.
    uint32_t before = interrupts_off();
    if (!woken) {
        uint64_t start = clock_cycles();
        __asm__ volatile ("wfi");
        cycles_asleep += clock_cycles() - start;
    }
    interrupts_restore(before);
    bool result = woken;
    woken = false;
    return result;
}
