#include "clock.h"
#include "control_port.h"
#include "serial_ethernet.h"

static volatile uint32_t milliseconds;
static uint64_t cycles_asleep;
static volatile bool woken;

void clock_tick(void) {
    serial_ethernet_tick();
    if (++milliseconds % 1000 == 0) {
        control_port_tick();
    }
}

uint32_t clock_ms(void) {
    return milliseconds;
}

uint64_t clock_cycles_asleep(void) {
    return cycles_asleep;
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
        wait_for_interrupt();
        cycles_asleep += clock_cycles() - start;
    }
    interrupts_restore(before);
    bool result = woken;
    woken = false;
    return result;
}
