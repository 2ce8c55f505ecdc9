// The last words of a chip that can't go on: one line of the log, with registers, and the exit code.
#ifndef EMULATED_FAULT_H
#define EMULATED_FAULT_H

#include <stdint.h>

#define EXIT_FAULT (4)

void fault_text(const char *text);
void fault_number(const char *name, uint32_t value); // in hexadecimal
__attribute__((noreturn)) void fault_end(void);

#endif
