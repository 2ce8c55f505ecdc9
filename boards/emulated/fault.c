#include "fault.h"

#include <string.h>

#include "semihosting.h"

void fault_text(const char *text) {
    semihosting_log(text, strlen(text));
}

void fault_number(const char *name, uint32_t value) {
    char digits[8];
    for (int i = 7; i >= 0; i--, value >>= 4) {
        digits[i] = "0123456789abcdef"[value & 15];
    }
    fault_text(name);
    semihosting_log(digits, sizeof(digits));
}

void fault_end(void) {
    fault_text("\n");
    semihosting_exit(EXIT_FAULT);
}
