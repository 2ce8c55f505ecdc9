#include "facts.h"

#include "py/gc.h"

#include "clock.h"
#include "memory.h"

static uint64_t last_turn, longest; // in cycles awake; 0: the event loop has not turned yet

static uint64_t cycles_awake(void) {
    return clock_cycles() - clock_cycles_asleep();
}

void facts_turn(void) {
    uint64_t now = cycles_awake();
    // A tick between the two readings of cycles_awake() counts as sleep already: then it may go back a little.
    if (last_turn != 0 && now > last_turn && now - last_turn > longest) {
        longest = now - last_turn;
    }
    last_turn = now;
}

uint64_t facts_longest(void) {
    uint64_t cycles = longest;
    longest = 0;
    return CHIP_INSTRUCTIONS(cycles);
}

static void put(json_out_t *out, const char *name, uint64_t value) {
    json_put(out, name);
    json_put_number(out, (int64_t)value);
}

void facts_put(json_out_t *out) {
    gc_info_t heap;
    gc_info(&heap);
    put(out, "{\"heap\":", heap.total);
    put(out, ",\"heap_used\":", heap.used);
    put(out, ",\"stack_used\":", memory_stack_used());
    put(out, ",\"handler_stack_used\":", memory_handler_stack_used());
    put(out, ",\"instructions\":", CHIP_INSTRUCTIONS(cycles_awake()));
    put(out, ",\"asleep\":", CHIP_INSTRUCTIONS(clock_cycles_asleep()));
    put(out, ",\"longest\":", facts_longest());
    json_put(out, "}");
}
