// MicroPython's settings of this chip.
#define MICROPY_PY_SYS_PLATFORM "cortex_m3"
#define MICROPY_EMIT_THUMB (1)
#define MICROPY_EMIT_INLINE_THUMB (0)
#define MICROPY_MAKE_POINTER_CALLABLE(p) ((void *)((mp_uint_t)(p) | 1))

#include "boards/emulated/mpconfig_common.h"
