#include "trials.h"

#include <stdbool.h>
#include <stdint.h>

#include "py/cstack.h"
#include "py/misc.h"

#include "py/runtime.h"

#include "boards/simulated/micropython/station.h"

#include "clock.h"
#include "memory.h"

#define TOO_MUCH (1u << 24) // bytes, more than any chip here has
#define LARGE_FRAME (440)   // bytes, as the largest of the handlers have

static volatile char wanted;
static volatile bool deeper = true; // not to be optimised away

static __attribute__((noinline)) uint32_t recurse(uint32_t depth, bool checked) {
    volatile uint32_t frame[8] = { depth };
    if (checked) {
        mp_cstack_check();
    }
    return deeper ? recurse(depth + 1, checked) + frame[0] : depth;
}

// Down to the end of the handlers' stack in large frames of which one word is touched, and back.
static __attribute__((noinline)) uint32_t leap(void) {
    volatile uint32_t frame[LARGE_FRAME / 4];
    if ((uint8_t *)frame <= _handler_stack_bottom) {
        return 0;
    }
    frame[0] = deeper;
    return leap() + frame[0];
}

void trials_ask_for(char letter) {
    if (letter == 'h') {
        recurse(0, false);
    } else if (letter == 'l') {
        leap();
    }
    wanted = letter;
    clock_wake();
}

void __real_platform_log(int level, const char *text, size_t length);

// The task that logs next fails, and nobody waits for it.
void __wrap_platform_log(int level, const char *text, size_t length) {
    if (wanted == 't' && level == LEVEL_WARNING) {
        wanted = 0;
        mp_raise_ValueError(MP_ERROR_TEXT("trial of a task"));
    }
    __real_platform_log(level, text, length);
}

void trials_run(void) {
    char letter = wanted;
    wanted = letter == 't' ? letter : 0;
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
