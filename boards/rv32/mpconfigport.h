// MicroPython's settings of this chip.
#define MICROPY_PY_SYS_PLATFORM "rv32"
#define MICROPY_EMIT_RV32 (1)

#include "boards/emulated/mpconfig_common.h"
