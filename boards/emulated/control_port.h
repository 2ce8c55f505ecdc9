// The control connection of the simulated charger, on UART_CONTROL: whoever plays the driver, the car and the weather.
//
// Several clients share the line (tools/bridge.py makes a TCP connection of each): every line starts with the client's
// letter, `a` to `d`, and `+` for a new one, `-` for one that has gone, `=` and a JSON line
// of the control protocol. The letter `!` alone asks for the facts of measurements (facts.h), which come as a JSON line. `*`
// comes from here once, when the port is open: what is sent earlier is lost.
#ifndef EMULATED_CONTROL_PORT_H
#define EMULATED_CONTROL_PORT_H

void control_port_start(void);

// Called by the clock once a second: platform_tick() runs in the control side's interrupt, soon.
void control_port_tick(void);

// Called by the UART's interrupt: a byte has come, or uart_call_control() was called.
void control_port_interrupt(void);

#endif
