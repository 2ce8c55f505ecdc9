// What boards/emulated wants to know of this chip (the list: boards/emulated/README.md).
#ifndef RV32_CHIP_H
#define RV32_CHIP_H

#include <stdint.h>

#define CHIP_CLOCK_HZ (10000000u) // of the machine timer; the core's own clock can't be seen from inside

// Instructions executed in so many cycles when QEMU runs with -icount shift=4: each takes 16 ns.
#define CHIP_INSTRUCTIONS(cycles) ((uint64_t)(cycles) * 25 / 4)

#define MSTATUS_INTERRUPTS (8u)

// Keeps all interrupt handlers away; returns what interrupts_restore() wants.
static inline uint32_t interrupts_off(void) {
    uint32_t before;
    __asm__ volatile ("csrrci %0, mstatus, %1" : "=r" (before) : "i" (MSTATUS_INTERRUPTS) : "memory");
    return before;
}

static inline void interrupts_restore(uint32_t before) {
    __asm__ volatile ("csrs mstatus, %0" : : "r" (before & MSTATUS_INTERRUPTS) : "memory");
}

// Returns when an interrupt is pending, also while interrupts_off().
static inline void wait_for_interrupt(void) {
    __asm__ volatile ("wfi" : : : "memory");
}

static inline uint32_t semihosting_call(uint32_t service, const void *arguments) {
    register uint32_t a0 __asm__("a0") = service;
    register const void *a1 __asm__("a1") = arguments;
    // The three instructions that tell a call from a breakpoint have to lie in one page, none of them compressed.
    __asm__ volatile (
        ".option push\n"
        ".option norvc\n"
        ".balign 16\n"
        "slli zero, zero, 0x1f\n"
        "ebreak\n"
        "srai zero, zero, 7\n"
        ".option pop\n"
        : "+r" (a0) : "r" (a1) : "memory");
    return a0;
}

#endif
