// The two UARTs of an emulated chip, 8 bits, hardware flow control; each chip has its driver.
//
// At a byte that comes in the driver's interrupt calls serial_ethernet_interrupt() or control_port_interrupt(). The latter runs
// below the other one and the clock, or at least not while port_lock() holds (boards/simulated/port.h).
#ifndef EMULATED_UART_H
#define EMULATED_UART_H

#include <stdbool.h>
#include <stdint.h>

typedef enum {
    UART_NETWORK, // to the serial-to-Ethernet module
    UART_CONTROL, // to whoever plays driver, car and weather
} uart_t;

// Both directions, and its interrupt.
void uart_start(uart_t uart);

// Returns when there is room for the byte: 11 us at 921,600 baud.
void uart_send(uart_t uart, uint8_t byte);

// False: nothing has come.
bool uart_receive(uart_t uart, uint8_t *byte);

// While false, no interrupt at bytes that come in; flow control holds back what doesn't fit into the UART.
void uart_listen(uart_t uart, bool listening);

// The interrupt of UART_CONTROL, without a byte, soon.
void uart_call_control(void);

#endif
