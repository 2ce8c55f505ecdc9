// The registers of QEMU's machine `virt` and of its RISC-V core that this board uses (RISC-V privileged specification 1.12, SiFive
// CLINT, RISC-V PLIC 1.0, 16550 data sheet, PCI 3.0; addresses: QEMU's hw/riscv/virt.c).
#ifndef RV32_REGISTERS_H
#define RV32_REGISTERS_H

#include <stdint.h>

#define REGISTER(address) (*(volatile uint32_t *)(address))

// Bits of the core's register mie, and numbers in mcause.
#define MIE_SOFTWARE (1u << 3)
#define MIE_TIMER (1u << 7)
#define MIE_EXTERNAL (1u << 11)
#define CAUSE_SOFTWARE (0x80000003u)
#define CAUSE_TIMER (0x80000007u)
#define CAUSE_EXTERNAL (0x8000000bu)
#define CAUSE_LOAD_FAULT (5u)
#define CAUSE_STORE_FAULT (7u)

// Physical memory protection: a region of `size` bytes (a power of 2, `base` a multiple), also for the machine mode we run in.
#define PMP_READ_EXECUTE (0x9du)
#define PMP_NO_ACCESS (0x98u)
#define PMP_ADDRESS(base, size) ((uint32_t)(base) >> 2 | ((uint32_t)(size) / 8u - 1u))

// CLINT: the timer, and an interrupt that the program itself asks for.
#define CLINT_SOFTWARE_INTERRUPT REGISTER(0x2000000u)
#define CLINT_COMPARE_LOW REGISTER(0x2004000u)
#define CLINT_COMPARE_HIGH REGISTER(0x2004004u)
#define CLINT_TIME_LOW REGISTER(0x200bff8u)
#define CLINT_TIME_HIGH REGISTER(0x200bffcu)

// PLIC: the other interrupts.
#define PLIC_PRIORITY(irq) REGISTER(0xc000000u + 4u * (irq))
#define PLIC_ENABLE(irq) REGISTER(0xc002000u + 4u * ((irq) / 32u)) |= 1u << ((irq) % 32u)
#define PLIC_CLAIM REGISTER(0xc200004u) // read: the source, from then on silent until it is written back; 0: none

// NS16550: one of the machine's own, one on its PCI bus, in slot 1, at an I/O address that we give it.
typedef struct {
    volatile uint8_t data;
    volatile uint8_t interrupts;
    volatile uint8_t fifo;
    volatile uint8_t line_control;
    volatile uint8_t modem_control;
    volatile uint8_t line_status;
} ns16550_registers_t;

#define NS16550_RECEIVED_INTERRUPT (1u)
#define NS16550_FIFO_INTERRUPT_AT_14 (0xc1u) // bytes, or when none has come for four bytes' time
#define NS16550_8_BITS (3u)
#define NS16550_DIVISOR (1u << 7) // data and interrupts are the divisor's low and high byte
#define NS16550_READY (3u)     // modem control: DTR and RTS
#define NS16550_RECEIVED (1u)
#define NS16550_SEND_EMPTY (1u << 5)

#define BUILT_IN_UART ((ns16550_registers_t *)0x10000000u)
#define BUILT_IN_UART_IRQ (10)

#define PCI_UART_PORT (0x1000u)
#define PCI_UART ((ns16550_registers_t *)(0x3000000u + PCI_UART_PORT))
#define PCI_UART_IRQ (33)
#define PCI_UART_COMMAND REGISTER(0x30008004u)
#define PCI_UART_BASE_ADDRESS REGISTER(0x30008010u)
#define PCI_COMMAND_IO (1u)

#endif
