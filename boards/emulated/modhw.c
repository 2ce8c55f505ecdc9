// Module `hw`: what measurements and board.py want of the chip itself.
//
//     hw.connect(host, port)   a connection to the CSMS that is being made: network.c
//     hw.facts()    (static RAM, heap size, heap in use after a collection, stack used: bytes each,
//                   instructions executed since reset, instructions' time slept)

#include "py/gc.h"
#include "py/objstr.h"
#include "py/runtime.h"

#include "clock.h"
#include "memory.h"

static mp_obj_t hw_facts(void) {
    gc_collect();
    gc_info_t heap;
    gc_info(&heap);
    uint64_t slept = clock_cycles_asleep();
    mp_obj_t facts[] = {
        MP_OBJ_NEW_SMALL_INT(MEMORY_STATIC),
        MP_OBJ_NEW_SMALL_INT(heap.total),
        MP_OBJ_NEW_SMALL_INT(heap.used),
        MP_OBJ_NEW_SMALL_INT(memory_stack_used()),
        mp_obj_new_int_from_ull(CHIP_INSTRUCTIONS(clock_cycles() - slept)),
        mp_obj_new_int_from_ull(CHIP_INSTRUCTIONS(slept)),
    };
    return mp_obj_new_tuple(MP_ARRAY_SIZE(facts), facts);
}
static MP_DEFINE_CONST_FUN_OBJ_0(hw_facts_obj, hw_facts);

MP_DECLARE_CONST_FUN_OBJ_2(network_connect_obj); // network.c

static const mp_rom_map_elem_t hw_globals[] = {
    { MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_hw) },
    { MP_ROM_QSTR(MP_QSTR_connect), MP_ROM_PTR(&network_connect_obj) },
    { MP_ROM_QSTR(MP_QSTR_facts), MP_ROM_PTR(&hw_facts_obj) },
};
static MP_DEFINE_CONST_DICT(hw_globals_dict, hw_globals);

const mp_obj_module_t hw_module = { .base = { &mp_type_module }, .globals = (mp_obj_dict_t *)&hw_globals_dict };
MP_REGISTER_MODULE(MP_QSTR_hw, hw_module);
