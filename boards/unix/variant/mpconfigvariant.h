// MicroPython settings of the unix board. What is not named here is the unix port's own choice.

#define MICROPY_CONFIG_ROM_LEVEL (MICROPY_CONFIG_ROM_LEVEL_EXTRA_FEATURES)

// mbedtls allocates from the GC heap, as on a microcontroller, so that the heap's size tells the truth.
#define MICROPY_TRACKED_ALLOC (1)

// As on the targets: integers of up to 64 bits (a requestId exceeds a small int). Floats are here for the json module
// alone, to which `make bench` compares our reader; the targets have none, and lint keeps them out of firmware/.
#define MICROPY_LONGINT_IMPL (MICROPY_LONGINT_IMPL_LONGLONG)

#include "ports/unix/variants/mpconfigvariant_common.h"

// Nobody types at this one for long: no history in the home folder.
#undef MICROPY_USE_READLINE_HISTORY
#define MICROPY_USE_READLINE_HISTORY (0)

// A module's dictionary holds what its code stores, no more (firmware/native/rom_objects.c).
#define MICROPY_PY___FILE__ (0)

// Modules in ROM are found first (firmware/native/rom_objects.c).
#define mp_builtin___import__ rom_import
