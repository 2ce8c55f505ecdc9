// The machine's own UART leads to the serial-to-Ethernet module, one on its PCI bus to the control side of the simulation.
//
// That side runs in the software interrupt, which port_lock() keeps away, and nothing else: so the firmware does not lose bytes
// from the network while it looks at the simulated hardware.

#include "uart.h"

#include "boards/simulated/port.h"

#include "control_port.h"
#include "interrupts.h"
#include "registers.h"
#include "serial_ethernet.h"

static ns16550_registers_t *registers(uart_t uart) {
    return uart == UART_NETWORK ? BUILT_IN_UART : PCI_UART;
}

void external_interrupt(void) {
    uint32_t source;
    while ((source = PLIC_CLAIM) != 0) {
        if (source == BUILT_IN_UART_IRQ) {
            serial_ethernet_interrupt();
            PLIC_CLAIM = source;
        } else {
            uart_call_control(); // software_interrupt() writes the claim back
        }
    }
}

void software_interrupt(void) {
    CLINT_SOFTWARE_INTERRUPT = 0;
    control_port_interrupt();
    PLIC_CLAIM = PCI_UART_IRQ;
}

void uart_call_control(void) {
    CLINT_SOFTWARE_INTERRUPT = 1;
}

void uart_listen(uart_t uart, bool listening) {
    registers(uart)->interrupts = listening ? NS16550_RECEIVED_INTERRUPT : 0;
}

void uart_start(uart_t uart) {
    unsigned irq = uart == UART_NETWORK ? BUILT_IN_UART_IRQ : PCI_UART_IRQ;
    if (uart == UART_CONTROL) {
        PCI_UART_BASE_ADDRESS = PCI_UART_PORT;
        PCI_UART_COMMAND = PCI_COMMAND_IO;
    }
    registers(uart)->line_control = NS16550_DIVISOR;
    registers(uart)->data = 1; // the fastest
    registers(uart)->interrupts = 0;
    registers(uart)->line_control = NS16550_8_BITS;
    registers(uart)->fifo = NS16550_FIFO_INTERRUPT_AT_14;
    registers(uart)->modem_control = NS16550_READY;
    uart_listen(uart, true);
    PLIC_PRIORITY(irq) = 1;
    PLIC_ENABLE(irq);
    __asm__ volatile ("csrs mie, %0" : : "r" (MIE_EXTERNAL | MIE_SOFTWARE));
}

void uart_send(uart_t uart, uint8_t byte) {
    while (!(registers(uart)->line_status & NS16550_SEND_EMPTY)) {
    }
    registers(uart)->data = byte;
}

bool uart_receive(uart_t uart, uint8_t *byte) {
    if (!(registers(uart)->line_status & NS16550_RECEIVED)) {
        return false;
    }
    *byte = registers(uart)->data;
    return true;
}

void port_lock(void) {
    __asm__ volatile ("csrc mie, %0" : : "r" (MIE_SOFTWARE) : "memory");
}

void port_unlock(void) {
    __asm__ volatile ("csrs mie, %0" : : "r" (MIE_SOFTWARE) : "memory");
}
