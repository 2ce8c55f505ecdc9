// The process: settings, then the firmware on a virtual machine that is started anew, in place, at each restart.
// Started by the name `micropython` it is a plain MicroPython with the firmware frozen in. See station.h.

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "py/builtin.h"
#include "py/cstack.h"
#include "py/gc.h"
#include "py/mphal.h"
#include "py/objmodule.h"
#include "py/runtime.h"

#include "boards/simulated/port.h"
#include "boards/simulated/sim.h"
#include "boards/unix/options.h"
#include "boards/unix/station.h"

#define STACK_SIZE 40000       // bytes, as MicroPython's own unix port has it
#ifndef WATCHDOG_S
#define WATCHDOG_S 60          // real time in which the process was not stopped
#endif
#define WATCHDOG_GRACE_S 5     // for the virtual machine to take notice
#define PAUSE_MAX_S 60
#define STABLE_MS 60000        // a firmware that ran for so long starts at the shortest pause again

int micropython_main(int argc, char **argv); // main() of MicroPython's unix port

static char boot_reason[24] = "PowerUp";
static nlr_buf_t *boot_frame;  // where a restart jumps to
static volatile bool restarting, barks;
static volatile unsigned hungry_s; // since the watchdog was fed
static volatile bool armed;
static mp_obj_exception_t watchdog_exception;

const char *station_boot_reason(void) {
    return boot_reason;
}

static void set_boot_reason(const char *reason, size_t length) {
    length = length < sizeof(boot_reason) ? length : sizeof(boot_reason) - 1;
    memcpy(boot_reason, reason, length);
    boot_reason[length] = 0;
}

// No handler of the firmware sees this: what a restart throws away is everything.
void station_restart(const char *reason, size_t length) {
    set_boot_reason(reason, length);
    restarting = true;
    MP_STATE_THREAD(nlr_top) = boot_frame;
    nlr_jump(MP_OBJ_FROM_PTR(&watchdog_exception));
}

void station_watchdog_fed(void) {
    hungry_s = 0;
    armed = true;
}

// In the control thread, with the lock held. The virtual machine raises the exception at its next jump.
void station_check_watchdog(void) {
    if (!armed || ++hungry_s < WATCHDOG_S) {
        return;
    }
    if (hungry_s > WATCHDOG_S + WATCHDOG_GRACE_S) {
        static const char text[] = "pilotwire: the firmware hangs and cannot be restarted\n";
        ssize_t written = write(STDERR_FILENO, text, sizeof(text) - 1);
        (void)written;
        _exit(1);
    }
    if (!barks) {
        barks = true;
        watchdog_exception.base.type = &mp_type_SystemExit;
        mp_sched_exception(MP_OBJ_FROM_PTR(&watchdog_exception));
        port_wake();
    }
}

// A traceback becomes one line of the log.
typedef struct {
    char text[1000];
    size_t length;
} trace_t;

static void trace_add(void *env, const char *text, size_t length) {
    trace_t *trace = env;
    for (size_t i = 0; i < length && trace->length + 3 < sizeof(trace->text); i++) {
        if (text[i] != '\n') {
            trace->text[trace->length++] = text[i];
        } else if (trace->length > 0) {
            memcpy(trace->text + trace->length, " | ", 3);
            trace->length += 3;
        }
    }
}

static void log_exception(mp_obj_t exception) {
    static const char what[] = "the firmware ended with an exception: ";
    static trace_t trace;
    trace.length = 0;
    trace_add(&trace, what, sizeof(what) - 1);
    mp_print_t print = {&trace, trace_add};
    mp_obj_print_exception(&print, exception);
    while (trace.length > 0 && strchr(" |", trace.text[trace.length - 1])) {
        trace.length--;
    }
    platform_log(LEVEL_ERROR, trace.text, trace.length);
}

static void run_main(void) {
    nlr_buf_t frame;
    if (nlr_push(&frame) == 0) {
        boot_frame = &frame;
        // As `-m main`: imported under the name __main__.
        mp_obj_t args[4] = {MP_OBJ_NEW_QSTR(qstr_from_str("main")), mp_const_none, mp_const_none, mp_const_false};
        mp_builtin___import__(MP_ARRAY_SIZE(args), args);
        nlr_pop();
        platform_logf(LEVEL_ERROR, "the firmware ended by itself");
    } else if (barks) {
        platform_logf(LEVEL_ERROR, "the watchdog was not fed for %d s", WATCHDOG_S);
    } else if (!restarting) {
        log_exception(MP_OBJ_FROM_PTR(frame.ret_val));
    }
}

// One life of the firmware. False: it crashed.
static MP_NOINLINE bool boot(void *heap) {
    memset(heap, 0, settings.heap);
    memset(&mp_state_ctx, 0, sizeof(mp_state_ctx));
    mp_cstack_init_with_sp_here(STACK_SIZE);
    gc_init(heap, (char *)heap + settings.heap);
    mp_init();
    mp_sys_path = mp_obj_new_list(0, NULL);
    mp_obj_list_append(mp_sys_path, MP_OBJ_NEW_QSTR(qstr_from_str(".frozen")));
    mp_obj_list_init(MP_OBJ_TO_PTR(mp_sys_argv), 0);
    restarting = barks = armed = false;
    run_main();
    bool orderly = restarting;
    restarting = barks = armed = false;
    mp_deinit();
    return orderly;
}

static void sleep_s(unsigned seconds) {
    struct timespec rest = {.tv_sec = (time_t)seconds};
    while (nanosleep(&rest, &rest) != 0) {
    }
}

static void run_station(void) {
    void *heap = malloc(settings.heap);
    unsigned pause_s = 1;
    for (;;) {
        uint64_t started = platform_real_ms();
        bool orderly = boot(heap);
        network_close_all();
        port_lock();
        sim_firmware_restarts();
        port_unlock();
        if (orderly) {
            pause_s = 1;
        } else {
            pause_s = platform_real_ms() - started > STABLE_MS ? 1 : pause_s;
            set_boot_reason("Watchdog", 8);
            platform_logf(LEVEL_WARNING, "the firmware is started again in %u s", pause_s);
            sleep_s(pause_s);
            pause_s = pause_s * 2 < PAUSE_MAX_S ? pause_s * 2 : PAUSE_MAX_S;
        }
        platform_logf(LEVEL_INFO, "restart: %s", boot_reason);
    }
}

int main(int argc, char **argv) {
    const char *slash = strrchr(argv[0], '/');
    bool plain = strcmp(slash ? slash + 1 : argv[0], "micropython") == 0;
    options_read(plain ? 1 : argc, argv);
    platform_init();
    storage_open();
    sim_init(settings.connectors, settings.evses);
    storage_load_meters();
    if (plain) {
        return micropython_main(argc, argv);
    }
    if (options[OPTION_BOOT_REASON].value) {
        set_boot_reason(options[OPTION_BOOT_REASON].value, strlen(options[OPTION_BOOT_REASON].value));
    }
    server_listen();
    server_start();
    run_station();
    return 0;
}
