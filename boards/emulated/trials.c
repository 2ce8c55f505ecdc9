#include "trials.h"

#include <stdbool.h>
#include <stdint.h>

#include "py/cstack.h"
#include "py/misc.h"

#include "clock.h"

#define TOO_MUCH (1u << 24) // bytes, more than any chip here has

static volatile char wanted;
static volatile bool deeper = true; // not to be optimised away

static __attribute__((noinline)) uint32_t recurse(uint32_t depth, bool checked) {
    volatile uint32_t frame[8] = { depth };
    if (checked) {
        mp_cstack_check();
    }
    return deeper ? recurse(depth + 1, checked) + frame[0] : depth;
}

void trials_ask_for(char letter) {
    if (letter == 'h') {
        recurse(0, false);
    }
    wanted = letter;
    clock_wake();
}

void trials_run(void) {
    char letter = wanted;
    wanted = 0;
    switch (letter) {
        case 'm':
            m_malloc(TOO_MUCH);
            break;
        case 'r':
            recurse(0, true);
            break;
        case 's':
            recurse(0, false);
            break;
        default:
            break;
    }
}
