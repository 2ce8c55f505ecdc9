// What ties MicroPython and the simulated charger to this chip: station time, log, restarts, the watchdog.
#ifndef EMULATED_PLATFORM_H
#define EMULATED_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "boards/simulated/micropython/station.h"

// Takes the settings and powers the simulated charger on.
void platform_start(void);

// Station time, which the control protocol may accelerate or set ahead.
uint32_t platform_ticks_ms(void);

// When a jump of the clock has a further day to go, and it is time for it: takes it.
bool platform_clock_jumps(void);

// A file in the storage folder of the host, made if it is missing; -1: it can't be.
int platform_open_in_storage(const char *name);

// Writes the meters' registers up to now.
void platform_save_meters(void);

// Once a second, with the control side locked out: time-outs, the watchdog.
void platform_tick(void);

#endif
