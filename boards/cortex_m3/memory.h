// RAM: what the linker script laid out, and how much of the stack has ever been used.
#ifndef CORTEX_M3_MEMORY_H
#define CORTEX_M3_MEMORY_H

#include <stddef.h>
#include <stdint.h>

extern uint8_t _stack_bottom[], _stack_top[], _handler_stack_bottom[], _handler_stack_top[];
extern uint8_t _data_start[], _data_end[], _bss_start[], _bss_end[];
extern uint8_t _heap_start[], _ram_end[];
extern uint8_t _heap_size[]; // its address is the number of bytes given to the linker

#define MEMORY_HEAP_DEFAULT ((size_t)_heap_size)
#define MEMORY_HEAP_MOST ((size_t)(_ram_end - _heap_start))
#define MEMORY_STATIC ((size_t)(_bss_end - _data_start))

// Bytes of stack used since reset: it was filled with a pattern before the first use.
size_t memory_stack_used(void);
size_t memory_handler_stack_used(void);

#endif
