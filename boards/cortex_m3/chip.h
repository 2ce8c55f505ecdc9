// What boards/emulated wants to know of this chip (the list: boards/emulated/README.md).
#ifndef CORTEX_M3_CHIP_H
#define CORTEX_M3_CHIP_H

#include <stdint.h>

#define CHIP_CLOCK_HZ (120000000u)

// Instructions executed in so many cycles when QEMU runs with -icount shift=4: each takes 16 ns, two cycles less a bit.
#define CHIP_INSTRUCTIONS(cycles) ((uint64_t)(cycles) * 25 / 48)

// Keeps all interrupt handlers away; returns what interrupts_restore() wants.
static inline uint32_t interrupts_off(void) {
    uint32_t before;
    __asm__ volatile ("mrs %0, primask\n cpsid i" : "=r" (before) : : "memory");
    return before;
}

static inline void interrupts_restore(uint32_t before) {
    __asm__ volatile ("msr primask, %0" : : "r" (before) : "memory");
}

// Returns when an interrupt is pending, also while interrupts_off().
static inline void wait_for_interrupt(void) {
    __asm__ volatile ("wfi");
}

static inline uint32_t semihosting_call(uint32_t service, const void *arguments) {
    register uint32_t r0 __asm__("r0") = service;
    register const void *r1 __asm__("r1") = arguments;
    __asm__ volatile ("bkpt 0xab" : "+r" (r0) : "r" (r1) : "memory");
    return r0;
}

#endif
