// What the simulated charger on MicroPython wants of the platform under it, and gives to it (life.c, modsim*.c).

#ifndef PILOTWIRE_SIMULATED_STATION_H
#define PILOTWIRE_SIMULATED_STATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// ---- life.c: the firmware on a virtual machine that is started anew, in place, at each restart

typedef struct {
    char *heap;
    size_t heap_size;  // bytes
    char *stack_top;   // of the C stack, which grows downwards
    size_t stack_size; // bytes from there on that the firmware may use
} life_memory_t;

// Does not return.
void life_run(const life_memory_t *memory) __attribute__((noreturn));

const char *station_boot_reason(void);
void station_set_boot_reason(const char *reason, size_t length);
void station_restart(const char *reason, size_t length) __attribute__((noreturn)); // only from the firmware
void station_watchdog_fed(void);
void station_check_watchdog(void); // once a second, from the control side
// The process is to end: the firmware says goodbye to the CSMS, and platform_quit() is called as soon as the connection is
// gone; at once if there is none. From the control side, which bounds the time.
void station_quit(void);
void station_disconnected(void); // the firmware shows that it is not connected any more; the lock is held

// ---- of the platform

enum { LEVEL_DEBUG, LEVEL_INFO, LEVEL_WARNING, LEVEL_ERROR };
// One line on standard error and to the control clients that want it. The lock must not be held.
void platform_log(int level, const char *text, size_t length);

void platform_firmware_starts(void); // MicroPython is ready, and its heap empty
void platform_firmware_ended(void);  // what connections there are have lost their owner
void platform_sleep_s(unsigned seconds);

// End the process, or switch off the chip. With the control side's lock held: the firmware takes no notice of the watchdog.
void platform_hangs(void) __attribute__((noreturn));
// As above, but all is well: exit code 0.
void platform_quit(void) __attribute__((noreturn));
// The firmware needs more heap than --heap gives it, again and again: wrong settings.
void platform_heap_too_small(void) __attribute__((noreturn));

// The identity: copies what fits to `id` and returns the whole length.
size_t platform_id(char *id, size_t size);

// Waiting for events: a file descriptor that is readable while there are some, or -1 where the event loop asks the
// stream itself, which then calls platform_loop_turns().
extern int platform_event_fd;
void platform_event_settled(void); // the firmware has taken all events; the lock is held
void platform_loop_turns(void);

#endif
