// What the platform under the simulated hardware has to deliver: boards/unix does it with threads and sockets, an
// emulated microcontroller with interrupts and a UART.

#ifndef PILOTWIRE_SIMULATED_PORT_H
#define PILOTWIRE_SIMULATED_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Real monotonic time in microseconds. The station's own time is made from it (sim_clock.c).
uint64_t port_now_us(void);

// Mutual exclusion of the firmware's side and the control side. Not recursive.
void port_lock(void);
void port_unlock(void);

// All of these are called with the lock held and return at once.
void port_wake(void);                            // the firmware has an event to take, or time has jumped
void port_meter(uint8_t evse, uint64_t mwh);     // the register has changed: it survives a power cut
void port_network(bool up);                      // false: cut what connections there are
void port_power_cut(void);                       // ends everything without any clean-up; does not return

#endif
