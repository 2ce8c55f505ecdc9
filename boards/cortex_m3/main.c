// The firmware's life: a heap, a MicroPython, main.py; again after a restart.

#include "py/builtin.h"
#include "py/cstack.h"
#include "py/gc.h"
#include "py/mphal.h"
#include "py/runtime.h"
#include "shared/runtime/gchelper.h"

#include "control_port.h"
#include "memory.h"
#include "semihosting.h"
#include "serial_ethernet.h"

#define EXIT_ASKED (0)
#define EXIT_FIRMWARE_FAILED (1)
#define EXIT_FAULT (4)

// main.py is not expected to come back; when it does, or fails, there is nobody left to charge a car.
static int run_firmware(void) {
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        mp_import_name(MP_QSTR_main, mp_const_none, MP_OBJ_NEW_SMALL_INT(0));
        nlr_pop();
        return EXIT_ASKED;
    }
    mp_obj_t exception = MP_OBJ_FROM_PTR(nlr.ret_val);
    if (mp_obj_is_subclass_fast(MP_OBJ_FROM_PTR(mp_obj_get_type(exception)), MP_OBJ_FROM_PTR(&mp_type_SystemExit))) {
        mp_obj_t code = mp_obj_exception_get_value(exception);
        return mp_obj_is_small_int(code) ? MP_OBJ_SMALL_INT_VALUE(code) : EXIT_ASKED;
    }
    mp_obj_print_exception(&mp_plat_print, exception);
    return EXIT_FIRMWARE_FAILED;
}

int main(void) {
    serial_ethernet_start();
    control_port_start();
    mp_cstack_init_with_top(_stack_top, _stack_top - _stack_bottom);
    gc_init(_heap_start, _heap_start + MEMORY_HEAP_DEFAULT);
    mp_init();
    int code = run_firmware();
    mp_deinit();
    return code;
}

void gc_collect(void) {
    gc_collect_start();
    gc_helper_collect_regs_and_stack();
    gc_collect_end();
}

// An exception with nobody to catch it: only a mistake in the port's own C leads here.
void nlr_jump_fail(void *exception) {
    static const char text[] = "ERROR exception outside of the firmware\n";
    semihosting_log(text, sizeof(text) - 1);
    semihosting_exit(EXIT_FAULT);
}
