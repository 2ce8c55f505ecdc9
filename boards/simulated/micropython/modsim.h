// The parts of the module `_sim` among themselves (modsim*.c, and what each board adds).

#ifndef PILOTWIRE_SIMULATED_MODSIM_H
#define PILOTWIRE_SIMULATED_MODSIM_H

#include "py/obj.h"
#include "py/objmodule.h"

// modsim_events.c
extern const mp_obj_base_t modsim_event_source;
MP_DECLARE_CONST_FUN_OBJ_0(modsim_event_obj);
MP_DECLARE_CONST_FUN_OBJ_0(modsim_event_waits_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(modsim_hook_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(modsim_data_transfer_reply_obj);
MP_DECLARE_CONST_FUN_OBJ_3(modsim_heap_reply_obj);
extern const mp_obj_module_t modsim_indicator;

// modsim_platform.c
extern const mp_obj_module_t modsim_clock;
MP_DECLARE_CONST_FUN_OBJ_1(modsim_random_obj);
MP_DECLARE_CONST_FUN_OBJ_1(modsim_restart_obj);
MP_DECLARE_CONST_FUN_OBJ_0(modsim_watchdog_obj);
MP_DECLARE_CONST_FUN_OBJ_0(modsim_boot_reason_obj);
MP_DECLARE_CONST_FUN_OBJ_0(modsim_serial_number_obj);
MP_DECLARE_CONST_FUN_OBJ_2(modsim_log_obj);
MP_DECLARE_CONST_FUN_OBJ_0(modsim_network_up_obj);

// Of each board
extern const mp_obj_module_t modsim_storage;
MP_DECLARE_CONST_FUN_OBJ_1(modsim_option_obj);
MP_DECLARE_CONST_FUN_OBJ_0(modsim_overrides_obj);
MP_DECLARE_CONST_FUN_OBJ_1(modsim_error_text_obj);

// What a board is called where the product names no model.
#ifndef MODSIM_MODEL
#define MODSIM_MODEL "Simulated"
#endif

// Of a board with an operating system (MODSIM_HOST): looking up names, the folder of certificates
#ifndef MODSIM_HOST
#define MODSIM_HOST (0)
#endif
MP_DECLARE_CONST_FUN_OBJ_2(modsim_lookup_obj);
MP_DECLARE_CONST_FUN_OBJ_1(modsim_trusted_obj);
MP_DECLARE_CONST_FUN_OBJ_0(modsim_own_certificate_obj);

// Bytes or str, or None: text is NULL then.
typedef struct {
    const char *text;
    size_t length;
} modsim_text_t;
modsim_text_t modsim_text(mp_obj_t object);

#endif
