// The firmware's life: a heap, a MicroPython, main.py; again after a restart, or when it failed.

#include <string.h>

#include "py/builtin.h"
#include "py/cstack.h"
#include "py/gc.h"
#include "py/mphal.h"
#include "py/runtime.h"
#include "shared/runtime/gchelper.h"

#include "boards/simulated/port.h"
#include "boards/simulated/sim.h"

#include "fault.h"
#include "memory.h"
#include "platform.h"
#include "semihosting.h"
#include "serial_ethernet.h"
#include "settings.h"

#define EXIT_HANGS (1)
#define EXIT_WRONG_SETTINGS (2)
#define WATCHDOG_MS (60000u)
#define WATCHDOG_GRACE_MS (5000u) // for the virtual machine to take notice
#define PAUSE_MAX_MS (60000u)
#define STABLE_MS (60000u)        // a firmware that ran for so long starts at the shortest pause again

#define LOG(level, text) platform_log(level, text, sizeof(text) - 1)

static char boot_reason[24] = "PowerUp";
static nlr_buf_t *boot_frame; // where a restart jumps to
static bool restarting;
static volatile bool barks;
static volatile uint32_t fed_ms; // 0: the watchdog is not armed
static mp_obj_exception_t watchdog_exception;

const char *station_boot_reason(void) {
    return boot_reason;
}

void station_set_boot_reason(const char *reason, size_t length) {
    length = length < sizeof(boot_reason) ? length : sizeof(boot_reason) - 1;
    memcpy(boot_reason, reason, length);
    boot_reason[length] = 0;
}

// No handler of the firmware sees this: what a restart throws away is everything.
void station_restart(const char *reason, size_t length) {
    station_set_boot_reason(reason, length);
    restarting = true;
    MP_STATE_THREAD(nlr_top) = boot_frame;
    nlr_jump(&watchdog_exception);
}

void station_watchdog_fed(void) {
    fed_ms = clock_ms() | 1;
    barks = false;
}

// In the control side's interrupt. The virtual machine raises the exception at its next jump.
void station_check_watchdog(void) {
    uint32_t hungry_ms = clock_ms() - fed_ms;
    if (fed_ms == 0 || (int32_t)hungry_ms < (int32_t)WATCHDOG_MS) {
        return;
    }
    if (barks && hungry_ms > WATCHDOG_MS + WATCHDOG_GRACE_MS) {
        LOG(LEVEL_ERROR, "the firmware hangs and cannot be restarted");
        semihosting_exit(EXIT_HANGS);
    }
    if (!barks) {
        barks = true;
        watchdog_exception.base.type = &mp_type_SystemExit;
        MP_STATE_MAIN_THREAD(mp_pending_exception) = MP_OBJ_FROM_PTR(&watchdog_exception);
        clock_wake();
    }
}

static void add_to_log(void *env, const char *text, size_t length) {
    (void)env;
    semihosting_log(text, length);
}

static void run_main(void) {
    nlr_buf_t frame;
    if (nlr_push(&frame) == 0) {
        boot_frame = &frame;
        mp_import_name(MP_QSTR_main, mp_const_none, MP_OBJ_NEW_SMALL_INT(0));
        nlr_pop();
        LOG(LEVEL_ERROR, "the firmware ended by itself");
    } else if (barks) {
        LOG(LEVEL_ERROR, "the watchdog was not fed for 60 s");
    } else if (!restarting) {
        static const mp_print_t print = { NULL, add_to_log };
        LOG(LEVEL_ERROR, "the firmware ended with an exception:");
        mp_obj_print_exception(&print, MP_OBJ_FROM_PTR(frame.ret_val));
    }
}

// One life of the firmware. False: it failed.
static bool boot(size_t heap_size) {
    memset(_heap_start, 0, heap_size);
    memset(&mp_state_ctx, 0, sizeof(mp_state_ctx));
    mp_cstack_init_with_top(_stack_top, _stack_top - _stack_bottom);
    gc_init(_heap_start, _heap_start + heap_size);
    mp_init();
    restarting = barks = false;
    fed_ms = 0;
    run_main();
    fed_ms = 0;
    barks = false;
    mp_deinit();
    return restarting;
}

static void pause_for(uint32_t ms) {
    for (uint32_t start = clock_ms(); clock_ms() - start < ms;) {
        clock_sleep();
    }
}

int main(void) {
    platform_start();
    size_t heap_size = settings_number("heap", MEMORY_HEAP_DEFAULT);
    if (heap_size > MEMORY_HEAP_MOST) {
        LOG(LEVEL_ERROR, "--heap: more than the chip has");
        return EXIT_WRONG_SETTINGS;
    }
    uint32_t pause_ms = 1000;
    for (;;) {
        uint32_t started = clock_ms();
        bool orderly = boot(heap_size);
        serial_ethernet_close();
        port_lock();
        sim_firmware_restarts();
        port_unlock();
        if (orderly) {
            pause_ms = 1000;
        } else {
            static const char watchdog[] = "Watchdog";
            station_set_boot_reason(watchdog, sizeof(watchdog) - 1);
            pause_ms = clock_ms() - started > STABLE_MS ? 1000 : pause_ms;
            pause_for(pause_ms);
            pause_ms = pause_ms * 2 < PAUSE_MAX_MS ? pause_ms * 2 : PAUSE_MAX_MS;
        }
        char text[40] = "restart: ";
        strcat(text, boot_reason);
        platform_log(LEVEL_INFO, text, strlen(text));
    }
}

void gc_collect(void) {
    gc_collect_start();
    gc_helper_collect_regs_and_stack();
    gc_collect_end();
}

// An exception with nobody to catch it: only a mistake in the port's own C leads here.
void nlr_jump_fail(void *exception) {
    LOG(LEVEL_ERROR, "exception outside of the firmware");
    semihosting_exit(EXIT_FAULT);
}
