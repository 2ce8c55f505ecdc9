// What measurements want to know of the running firmware, as one JSON object.
#ifndef EMULATED_FACTS_H
#define EMULATED_FACTS_H

#include "boards/simulated/json.h"

// {"heap", "heap_used" (garbage included), "stack_used", "handler_stack_used" (bytes),
//  "instructions" (since reset, without sleep), "asleep" (instructions' time),
//  "longest" (instructions between two turns of the event loop, at most, since it was last asked)}
// Called from an interrupt: the firmware stands still.
void facts_put(json_out_t *out);

// Of the same: "longest".
uint64_t facts_longest(void);

// Called at each turn of the event loop.
void facts_turn(void);

#endif
