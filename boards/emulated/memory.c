#include "memory.h"

#include <string.h>

#define STACK_PATTERN (0x5aa5c33cu)
#define FRAME_IN_USE (128) // bytes: memory_start()'s own and its callers'

extern uint8_t _data_in_flash[];

static void paint(uint8_t *bottom, const uint8_t *end) {
    for (uint32_t *word = (uint32_t *)bottom; word < (const uint32_t *)end; word++) {
        *word = STACK_PATTERN;
    }
}

static size_t used(const uint8_t *bottom, const uint8_t *top) {
    const uint32_t *word = (const uint32_t *)bottom;
    while (word < (const uint32_t *)top && *word == STACK_PATTERN) {
        word++;
    }
    return top - (const uint8_t *)word;
}

void memory_start(void) {
    paint(_stack_bottom, (const uint8_t *)(((uintptr_t)__builtin_frame_address(0) - FRAME_IN_USE) & ~3u));
    paint(_handler_stack_bottom, _handler_stack_top);
    memcpy(_data_start, _data_in_flash, _data_end - _data_start);
    memset(_bss_start, 0, _bss_end - _bss_start);
}

size_t memory_stack_used(void) {
    return used(_stack_bottom, _stack_top);
}

size_t memory_handler_stack_used(void) {
    return used(_handler_stack_bottom + MEMORY_HANDLER_GUARD, _handler_stack_top);
}
