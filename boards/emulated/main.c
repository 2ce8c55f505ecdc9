// From the chip's start to the firmware (boards/simulated/micropython/life.c), and what MicroPython wants of a port.

#include "py/gc.h"
#include "py/runtime.h"
#include "shared/runtime/gchelper.h"

#include "boards/simulated/micropython/station.h"

#include "clock.h"
#include "fault.h"
#include "memory.h"
#include "platform.h"
#include "semihosting.h"
#include "serial_ethernet.h"
#include "settings.h"

#define EXIT_HANGS (1)
#define EXIT_WRONG_SETTINGS (2)

#define LOG_ERROR(text) platform_log(LEVEL_ERROR, text, sizeof(text) - 1)

void platform_hangs(void) {
    LOG_ERROR("the firmware hangs and cannot be restarted");
    semihosting_exit(EXIT_HANGS);
}

void platform_quit(void) {
    platform_save_meters();
    semihosting_exit(0);
}

void platform_heap_too_small(void) {
    LOG_ERROR("--heap: too small: the firmware ran out of memory before it was up; give more");
    semihosting_exit(EXIT_WRONG_SETTINGS);
}

void platform_firmware_starts(void) {
}

void platform_firmware_ended(void) {
    serial_ethernet_close();
}

void platform_sleep_s(unsigned seconds) {
    for (uint32_t start = clock_ms(); clock_ms() - start < seconds * 1000;) {
        clock_sleep();
    }
}

int main(void) {
    platform_start();
    life_memory_t memory = {
        .heap = (char *)_heap_start,
        .heap_size = settings_number("heap", MEMORY_HEAP_DEFAULT),
        .stack_top = (char *)_stack_top,
        .stack_size = _stack_top - _stack_bottom,
    };
    if (memory.heap_size > MEMORY_HEAP_MOST) {
        LOG_ERROR("--heap: more than the chip has");
        return EXIT_WRONG_SETTINGS;
    }
    life_run(&memory);
}

void gc_collect(void) {
    gc_collect_start();
    gc_helper_collect_regs_and_stack();
    gc_collect_end();
}

// An exception with nobody to catch it: only a mistake in the port's own C leads here.
void nlr_jump_fail(void *exception) {
    LOG_ERROR("exception outside of the firmware");
    semihosting_exit(EXIT_FAULT);
}
