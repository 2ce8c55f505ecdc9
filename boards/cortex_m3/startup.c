// From the reset vector to main(), and what happens when the processor can't go on.
//
// The firmware runs on the process stack, handlers on the main stack, so that the firmware's need can be told from theirs.

#include <stdbool.h>
#include <string.h>

#include "clock.h"
#include "memory.h"
#include "registers.h"
#include "semihosting.h"

#define STACK_PATTERN (0x5aa5c33cu)
#define EXIT_FAULT (4)
#define GUARD_SIZE (4096u)           // below RAM: larger than any frame
#define HANDLER_GUARD_SIZE (32u)     // the linker script leaves room for it
#define BELOW_FLASH_SIZE (0x8000000u) // where null pointers point to

extern uint8_t _data_in_flash[];

int main(void);
void systick_handler(void);
void usart1_handler(void);
void usart2_handler(void);

// A stack is filled with the pattern from `bottom` on, before it is used.
static void paint(uint8_t *bottom, const uint8_t *end) {
    for (uint32_t *word = (uint32_t *)bottom; word < (const uint32_t *)end; word++) {
        *word = STACK_PATTERN;
    }
}

static size_t used(const uint8_t *bottom, const uint8_t *top) {
    const uint32_t *word = (const uint32_t *)bottom;
    while (word < (const uint32_t *)top && *word == STACK_PATTERN) {
        word++;
    }
    return top - (const uint8_t *)word;
}

size_t memory_stack_used(void) {
    return used(_stack_bottom, _stack_top);
}

size_t memory_handler_stack_used(void) {
    return used(_handler_stack_bottom + HANDLER_GUARD_SIZE, _handler_stack_top);
}

static void forbid(uint32_t region, uint32_t base, uint32_t size) {
    MPU_REGION_NUMBER = region;
    MPU_REGION_BASE = base;
    MPU_REGION_ATTRIBUTES = MPU_NO_ACCESS(size);
}

// QEMU lets accesses to addresses where there is nothing pass in silence: the memory protection unit doesn't.
static void guard_memory(void) {
    forbid(0, (uint32_t)_stack_bottom - GUARD_SIZE, GUARD_SIZE);
    forbid(1, (uint32_t)_handler_stack_bottom, HANDLER_GUARD_SIZE);
    forbid(2, 0, BELOW_FLASH_SIZE);
    MPU_CONTROL = MPU_CONTROL_ENABLE_WITH_DEFAULT_MAP;
}

__attribute__((used, noreturn)) static void start(void) {
    uint8_t *here;
    __asm__ volatile ("mov %0, sp" : "=r" (here));
    paint(_stack_bottom, here - 64); // this function's calls need a little of it already
    paint(_handler_stack_bottom, _handler_stack_top);
    memcpy(_data_start, _data_in_flash, _data_end - _data_start);
    memset(_bss_start, 0, _bss_end - _bss_start);
    guard_memory();
    clock_start();
    semihosting_exit(main());
}

__attribute__((naked)) void reset_handler(void) {
    __asm__ volatile (
        "ldr r0, =_stack_top\n"
        "msr psp, r0\n"
        "movs r0, #2\n" // thread mode uses the process stack
        "msr control, r0\n"
        "isb\n"
        "b start\n");
}

static void log_text(const char *text) {
    semihosting_log(text, strlen(text));
}

static void log_hexadecimal(const char *name, uint32_t value) {
    char digits[8];
    for (int i = 7; i >= 0; i--, value >>= 4) {
        digits[i] = "0123456789abcdef"[value & 15];
    }
    log_text(name);
    semihosting_log(digits, sizeof(digits));
}

static bool is_stack_overflow(uint32_t status, uint32_t address) {
    return (status & FAULT_STATUS_STACKING) ||
           ((status & FAULT_STATUS_ADDRESS_VALID) &&
            (address - ((uint32_t)_stack_bottom - GUARD_SIZE) < GUARD_SIZE ||
             address - (uint32_t)_handler_stack_bottom < HANDLER_GUARD_SIZE));
}

// `frame`: r0-r3, r12, lr, pc, xpsr, as the processor stacked them, if it could.
__attribute__((used, noreturn)) static void report_fault(const uint32_t *frame) {
    uint32_t status = FAULT_STATUS, address = FAULT_ADDRESS;
    log_text(is_stack_overflow(status, address) ? "ERROR stack overflow:" : "ERROR processor fault:");
    if (!(status & FAULT_STATUS_STACKING) && (const uint8_t *)frame >= _stack_bottom) {
        log_hexadecimal(" pc ", frame[6]);
        log_hexadecimal(" lr ", frame[5]);
    }
    log_hexadecimal(" sp ", (uint32_t)frame);
    log_hexadecimal(" status ", status);
    if (status & FAULT_STATUS_ADDRESS_VALID) {
        log_hexadecimal(" address ", address);
    }
    log_text("\n");
    semihosting_exit(EXIT_FAULT);
}

__attribute__((naked)) static void fault_handler(void) {
    __asm__ volatile (
        "mrs r0, psp\n"
        "tst lr, #4\n" // which stack was in use
        "it eq\n"
        "mrseq r0, msp\n"
        "ldr r1, =_handler_stack_top\n" // what is on it is not needed any more
        "mov sp, r1\n"
        "b report_fault\n");
}

__attribute__((noreturn)) static void unexpected_interrupt(void) {
    log_text("ERROR unexpected interrupt\n");
    semihosting_exit(EXIT_FAULT);
}

typedef void (*handler_t)(void);

#define CORE_EXCEPTIONS (16)

__attribute__((section(".vectors"), used)) static const handler_t vectors[CORE_EXCEPTIONS + 81] = {
    (handler_t)_handler_stack_top,
    reset_handler,
    unexpected_interrupt, // NMI
    fault_handler,        // hard fault; the other faults are not enabled and end here too
    [4 ... 14] = unexpected_interrupt,
    [15] = systick_handler,
    [16 ... CORE_EXCEPTIONS + USART1_IRQ - 1] = unexpected_interrupt,
    [CORE_EXCEPTIONS + USART1_IRQ] = usart1_handler,
    [CORE_EXCEPTIONS + USART2_IRQ] = usart2_handler,
    [CORE_EXCEPTIONS + USART2_IRQ + 1 ... CORE_EXCEPTIONS + 80] = unexpected_interrupt,
};
