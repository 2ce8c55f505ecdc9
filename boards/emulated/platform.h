// What ties MicroPython and the simulated charger to this chip: station time, log, restarts, the watchdog.
#ifndef EMULATED_PLATFORM_H
#define EMULATED_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Takes the settings and powers the simulated charger on.
void platform_start(void);

// Station time, which the control protocol may accelerate or set ahead.
uint32_t platform_ticks_ms(void);

enum { LEVEL_DEBUG, LEVEL_INFO, LEVEL_WARNING, LEVEL_ERROR };
void platform_log(int level, const char *text, size_t length);

// A file in the storage folder of the host, made if it is missing; -1: it can't be.
int platform_open_in_storage(const char *name);

// Once a second, with the control side locked out: time-outs, the watchdog.
void platform_tick(void);

// ---- main.c: the firmware's life

void station_restart(const char *reason, size_t length) __attribute__((noreturn)); // only from the firmware
const char *station_boot_reason(void);
void station_set_boot_reason(const char *reason, size_t length);
void station_watchdog_fed(void);
void station_check_watchdog(void);

#endif
