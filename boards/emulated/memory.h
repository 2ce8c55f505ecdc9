// RAM: what the linker script (sections.ld) laid out, and how much of the stacks has ever been used.
#ifndef EMULATED_MEMORY_H
#define EMULATED_MEMORY_H

#include <stddef.h>
#include <stdint.h>

extern uint8_t _stack_bottom[], _stack_top[], _handler_stack_bottom[], _handler_stack_top[];
extern uint8_t _data_start[], _data_end[], _bss_start[], _bss_end[];
extern uint8_t _heap_start[], _ram_end[];
extern uint8_t _heap_size[]; // its address is the number of bytes given to the linker

#define MEMORY_HEAP_DEFAULT ((size_t)_heap_size)
#define MEMORY_HEAP_MOST ((size_t)(_ram_end - _heap_start))
#define MEMORY_STATIC ((size_t)(_bss_end - _data_start))
// The lowest bytes of the handlers' stack, where the chip refuses any access: a power of 2, and more than any frame of what handlers
// call, so that none steps over it (port.mk has it checked).
#define MEMORY_HANDLER_GUARD (512u)

// Called first of all, on the firmware's stack: fills what is unused of the stacks with a pattern, data and bss.
void memory_start(void);

// Bytes of stack used since reset.
size_t memory_stack_used(void);
size_t memory_handler_stack_used(void);

#endif
