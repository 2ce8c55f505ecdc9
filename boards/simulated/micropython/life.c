// The firmware's life: a heap, a MicroPython, main.py; again after a restart, or when it failed. See station.h.

#include <string.h>

#include "py/cstack.h"
#include "py/gc.h"
#include "py/mpprint.h"
#include "py/runtime.h"

#include "boards/simulated/micropython/station.h"
#include "boards/simulated/port.h"
#include "boards/simulated/sim.h"

#ifndef WATCHDOG_S
#define WATCHDOG_S (60)       // real time in which the charger was not stopped
#endif
#define WATCHDOG_GRACE_S (5)  // for the virtual machine to take notice
#define PAUSE_MAX_S (60)
#define STABLE_US (60000000u) // a firmware that ran for so long starts at the shortest pause again
#define LOG_LINE_MAX (1000)
#define SHORT_LIVES_MAX (4)   // that end for want of memory before the firmware is up, one after the other

static char boot_reason[24] = "PowerUp";
static nlr_buf_t *boot_frame; // where a restart jumps to
static volatile bool restarting, barks;
static volatile bool quits; // the next life is not to begin
static volatile bool armed; // the watchdog has been fed: the firmware is up
static volatile unsigned hungry_s; // since then
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
    nlr_jump(MP_OBJ_FROM_PTR(&watchdog_exception));
}

void station_watchdog_fed(void) {
    hungry_s = 0;
    armed = true;
}

void station_quit(void) {
    quits = true;
    station_disconnected(); // or never connected
    sim_quit();
}

void station_disconnected(void) {
    if (quits && !sim.connected) {
        platform_quit();
    }
}

// The virtual machine raises the exception at its next jump.
void station_check_watchdog(void) {
    if (!armed || ++hungry_s < WATCHDOG_S) {
        return;
    }
    if (hungry_s > WATCHDOG_S + WATCHDOG_GRACE_S) {
        platform_hangs();
    }
    if (!barks) {
        barks = true;
        watchdog_exception.base.type = &mp_type_SystemExit;
        mp_sched_exception(MP_OBJ_FROM_PTR(&watchdog_exception));
        port_wake();
    }
}

// ---- the log: what is printed to a line_t becomes one line, a traceback, too

typedef struct {
    mp_print_t print; // first: a pointer to it is one to the whole
    size_t length;
    char text[LOG_LINE_MAX];
} line_t;

static void line_add(void *env, const char *text, size_t length) {
    line_t *line = env;
    for (size_t i = 0; i < length && line->length + 3 < sizeof(line->text); i++) {
        if (text[i] != '\n') {
            line->text[line->length++] = text[i];
        } else if (line->length > 0) {
            memcpy(line->text + line->length, " | ", 3);
            line->length += 3;
        }
    }
}

static void line_start(line_t *line) {
    line->print = (mp_print_t) {line, line_add};
    line->length = 0;
}

static void line_log(line_t *line, int level) {
    while (line->length > 0 && strchr(" |", line->text[line->length - 1])) {
        line->length--;
    }
    platform_log(level, line->text, line->length);
}

// In functions of their own, so that the line is not on the stack while the firmware runs.
static MP_NOINLINE void log_exception(mp_obj_t exception) {
    line_t line;
    line_start(&line);
    mp_print_str(&line.print, "the firmware ended with an exception: ");
    mp_obj_print_exception(&line.print, exception);
    line_log(&line, LEVEL_ERROR);
}

static MP_NOINLINE void log_number(int level, const char *format, unsigned number) {
    line_t line;
    line_start(&line);
    mp_printf(&line.print, format, number);
    line_log(&line, level);
}

static MP_NOINLINE void log_restart(void) {
    line_t line;
    line_start(&line);
    mp_printf(&line.print, "restart: %s", boot_reason);
    line_log(&line, LEVEL_INFO);
}

// ---- one life

static bool is_memory_error(mp_obj_t exception) {
    return mp_obj_is_subclass_fast(MP_OBJ_FROM_PTR(mp_obj_get_type(exception)), MP_OBJ_FROM_PTR(&mp_type_MemoryError));
}

// True: the firmware ran out of memory before it was up.
static bool run_main(void) {
    nlr_buf_t frame;
    if (nlr_push(&frame) == 0) {
        static const char by_itself[] = "the firmware ended by itself";
        boot_frame = &frame;
        mp_import_name(MP_QSTR_main, mp_const_none, MP_OBJ_NEW_SMALL_INT(0));
        nlr_pop();
        platform_log(LEVEL_ERROR, by_itself, sizeof(by_itself) - 1);
    } else if (barks) {
        log_number(LEVEL_ERROR, "the watchdog was not fed for %u s", WATCHDOG_S);
    } else if (!restarting) {
        mp_obj_t exception = MP_OBJ_FROM_PTR(frame.ret_val);
        log_exception(exception);
        return !armed && is_memory_error(exception);
    }
    return false;
}

// False: it failed.
static MP_NOINLINE bool live(const life_memory_t *memory, unsigned *short_lives) {
    memset(memory->heap, 0, memory->heap_size);
    memset(&mp_state_ctx, 0, sizeof(mp_state_ctx));
    mp_cstack_init_with_top(memory->stack_top, memory->stack_size);
    gc_init(memory->heap, memory->heap + memory->heap_size);
    mp_init();
    platform_firmware_starts();
    restarting = barks = armed = false;
    *short_lives = run_main() ? *short_lives + 1 : 0;
    bool orderly = restarting;
    restarting = barks = armed = false;
    mp_deinit();
    return orderly;
}

void life_run(const life_memory_t *memory) {
    unsigned pause_s = 1, short_lives = 0;
    for (;;) {
        uint64_t started = port_now_us();
        bool orderly = live(memory, &short_lives);
        if (short_lives == SHORT_LIVES_MAX) {
            platform_heap_too_small();
        }
        platform_firmware_ended();
        port_lock();
        if (quits) {
            platform_quit();
        }
        sim_firmware_restarts();
        port_unlock();
        if (orderly) {
            pause_s = 1;
        } else {
            pause_s = port_now_us() - started > STABLE_US ? 1 : pause_s;
            station_set_boot_reason("Watchdog", 8);
            log_number(LEVEL_WARNING, "the firmware is started again in %u s", pause_s);
            platform_sleep_s(pause_s);
            pause_s = pause_s * 2 < PAUSE_MAX_S ? pause_s * 2 : PAUSE_MAX_S;
        }
        log_restart();
    }
}
