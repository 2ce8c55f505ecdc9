// The way to the CSMS: a serial-to-Ethernet module (or a modem) on UART_NETWORK. Its protocol is described in README.md.
#ifndef EMULATED_SERIAL_ETHERNET_H
#define EMULATED_SERIAL_ETHERNET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum {
    SERIAL_ETHERNET_CLOSED,     // never opened, closed by us, or by the peer: then what it sent can still be read
    SERIAL_ETHERNET_CONNECTING,
    SERIAL_ETHERNET_OPEN,
    SERIAL_ETHERNET_NO_NAME,    // the host's name is not known
    SERIAL_ETHERNET_REFUSED,
    SERIAL_ETHERNET_TIMEOUT,    // no answer, no route, no link
} serial_ethernet_state_t;

// Starts the port. Whatever the module had open is closed: after a reset it may still have an older connection.
void serial_ethernet_start(void);

// Starts to open a connection; an earlier one is closed, and what it brought is dropped.
// Returns the connection's number.
uint8_t serial_ethernet_connect(const char *host, size_t length, unsigned port);
void serial_ethernet_close(void);
// The network is gone: as if the other side had been lost.
void serial_ethernet_lose(void);

serial_ethernet_state_t serial_ethernet_state(void);

// Called by the UART's interrupt.
void serial_ethernet_interrupt(void);
// Called by the clock's, each millisecond.
void serial_ethernet_tick(void);

// Number of bytes that can be read now.
size_t serial_ethernet_available(void);
size_t serial_ethernet_read(uint8_t *buffer, size_t size);
// True: the module takes no more data for the time being, except for a rest of at most SERIAL_ETHERNET_MORE bytes.
#define SERIAL_ETHERNET_MORE (1024)
bool serial_ethernet_held(void);
// Returns when all of it has left: 11 us a byte at 921,600 baud.
void serial_ethernet_write(const uint8_t *data, size_t size);

#endif
