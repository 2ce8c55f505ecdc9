// From the reset vector to main(), the way into handlers, and what happens when the processor can't go on.
//
// Handlers have a stack of their own, so that the firmware's need can be told from theirs. They don't interrupt each other.

#include <stdbool.h>

#include "chip.h"
#include "clock.h"
#include "fault.h"
#include "interrupts.h"
#include "memory.h"
#include "registers.h"
#include "semihosting.h"

#define GUARD_SIZE (4096u) // below RAM, where flash is: larger than any frame

extern uint8_t _flash_start[], _flash_size[];

int main(void);

#define PROTECT(number, base, size) \
    __asm__ volatile ("csrw pmpaddr" #number ", %0" : : "r" (PMP_ADDRESS(base, size)))

// The firmware's stack grows down into flash, which can't be written.
static void guard_memory(void) {
    PROTECT(0, _flash_start, _flash_size);
    PROTECT(1, _handler_stack_bottom, MEMORY_HANDLER_GUARD);
    PROTECT(2, _ram_end, GUARD_SIZE);
    __asm__ volatile ("csrw pmpcfg0, %0" : : "r" (PMP_READ_EXECUTE | PMP_NO_ACCESS << 8 | PMP_NO_ACCESS << 16));
}

__attribute__((used, noreturn)) static void start(void) {
    memory_start();
    guard_memory();
    clock_start();
    interrupts_restore(MSTATUS_INTERRUPTS);
    semihosting_exit(main());
}

// mscratch holds the top of the handlers' stack, or 0 in a handler.
__attribute__((naked, section(".vectors"))) void reset_handler(void) {
    __asm__ volatile (
        ".option push\n"
        ".option norelax\n"
        "la gp, __global_pointer$\n"
        ".option pop\n"
        "la tp, _bss_start\n" // the C library's data of the only thread
        "la sp, _stack_top\n"
        "la t0, _handler_stack_top\n"
        "csrw mscratch, t0\n"
        "la t0, trap_entry\n"
        "csrw mtvec, t0\n"
        "j start\n");
}

static bool is_stack_overflow(uint32_t cause, uint32_t address) {
    return (cause == CAUSE_STORE_FAULT && (uint32_t)_stack_bottom - address <= GUARD_SIZE) ||
           ((cause == CAUSE_STORE_FAULT || cause == CAUSE_LOAD_FAULT) &&
            address - (uint32_t)_handler_stack_bottom < MEMORY_HANDLER_GUARD);
}

__attribute__((used, noreturn)) static void report_fault(uint32_t cause, uint32_t sp, uint32_t ra) {
    uint32_t pc, address;
    __asm__ volatile ("csrr %0, mepc" : "=r" (pc));
    __asm__ volatile ("csrr %0, mtval" : "=r" (address));
    fault_text(is_stack_overflow(cause, address) ? "ERROR stack overflow:" : "ERROR processor fault:");
    fault_number(" pc ", pc);
    fault_number(" ra ", ra);
    fault_number(" sp ", sp);
    fault_number(" cause ", cause);
    fault_number(" address ", address);
    fault_end();
}

__attribute__((used)) static void handle(uint32_t cause, uint32_t sp, uint32_t ra) {
    switch (cause) {
        case CAUSE_TIMER:
            timer_interrupt();
            break;
        case CAUSE_EXTERNAL:
            external_interrupt();
            break;
        case CAUSE_SOFTWARE:
            software_interrupt();
            break;
        default:
            report_fault(cause, sp, ra);
    }
}

// Saves what C functions may change, on the handlers' stack, with sp last; a fault inside a handler is reported at once.
__attribute__((naked, used, aligned(4))) static void trap_entry(void) {
    __asm__ volatile (
        "csrrw sp, mscratch, sp\n"
        "beqz sp, 1f\n"
        "addi sp, sp, -80\n"
        "sw ra, 0(sp)\n"
        "sw t0, 4(sp)\n"
        "sw t1, 8(sp)\n"
        "sw t2, 12(sp)\n"
        "sw t3, 16(sp)\n"
        "sw t4, 20(sp)\n"
        "sw t5, 24(sp)\n"
        "sw t6, 28(sp)\n"
        "sw a0, 32(sp)\n"
        "sw a1, 36(sp)\n"
        "sw a2, 40(sp)\n"
        "sw a3, 44(sp)\n"
        "sw a4, 48(sp)\n"
        "sw a5, 52(sp)\n"
        "sw a6, 56(sp)\n"
        "sw a7, 60(sp)\n"
        "csrr a0, mcause\n"
        "csrrw a1, mscratch, zero\n"
        "mv a2, ra\n"
        "sw a1, 64(sp)\n"
        "jal handle\n"
        "addi t0, sp, 80\n"
        "csrw mscratch, t0\n"
        "lw ra, 0(sp)\n"
        "lw t0, 4(sp)\n"
        "lw t1, 8(sp)\n"
        "lw t2, 12(sp)\n"
        "lw t3, 16(sp)\n"
        "lw t4, 20(sp)\n"
        "lw t5, 24(sp)\n"
        "lw t6, 28(sp)\n"
        "lw a0, 32(sp)\n"
        "lw a1, 36(sp)\n"
        "lw a2, 40(sp)\n"
        "lw a3, 44(sp)\n"
        "lw a4, 48(sp)\n"
        "lw a5, 52(sp)\n"
        "lw a6, 56(sp)\n"
        "lw a7, 60(sp)\n"
        "lw sp, 64(sp)\n"
        "mret\n"
        "1:\n" // what is on the handlers' stack is not needed any more
        "csrr a0, mcause\n"
        "csrr a1, mscratch\n"
        "mv a2, ra\n"
        "la sp, _handler_stack_top\n"
        "j report_fault\n");
}
