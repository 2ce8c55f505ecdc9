// Memory in pieces, for tests (README.md): with PILOTWIRE_LARGEST_PIECE=256 in the environment each heap allocation of more than
// 256 bytes fails once the firmware is up, as it may on a charger whose heap is in fragments. What TLS allocates is let pass.
// The linker puts these functions in the place of MicroPython's own (port.mk).

#include <stdio.h>
#include <stdlib.h>

#include "py/gc.h"
#include "py/runtime.h"

#include "boards/unix/station.h"

static size_t largest; // 0: as large as one likes
static bool up, tls;
static bool tells; // where the MemoryError comes by

void *__real_gc_alloc(size_t size, unsigned int flags);
void *__real_gc_realloc(void *piece, size_t size, bool may_move);
void *__real_m_tracked_calloc(size_t count, size_t size);
void __real_platform_firmware_ended(void);
void __real_station_watchdog_fed(void);
void __real_mp_obj_exception_add_traceback(mp_obj_t exception, qstr file, size_t line, qstr block);

static bool refused(size_t size) {
    if (!up || tls || size <= largest) {
        return false;
    }
    platform_logf(LEVEL_DEBUG, "memory in pieces: %u bytes refused", (unsigned)size);
    tells = true;
    return true;
}

void *__wrap_gc_alloc(size_t size, unsigned int flags) {
    return refused(size) ? NULL : __real_gc_alloc(size, flags);
}

// What was large when the firmware started may shrink.
void *__wrap_gc_realloc(void *piece, size_t size, bool may_move) {
    if (piece != NULL && size > gc_nbytes(piece) && refused(size)) {
        return NULL;
    }
    return piece == NULL ? __wrap_gc_alloc(size, 0) : __real_gc_realloc(piece, size, may_move);
}

void *__wrap_m_tracked_calloc(size_t count, size_t size) {
    tls = true;
    void *piece = __real_m_tracked_calloc(count, size);
    tls = false;
    return piece;
}

void __wrap_platform_firmware_ended(void) {
    up = false;
    __real_platform_firmware_ended();
}

// The firmware is up when it feeds the watchdog for the first time.
void __wrap_station_watchdog_fed(void) {
    const char *text = getenv("PILOTWIRE_LARGEST_PIECE");
    largest = text ? strtoul(text, NULL, 10) : 0;
    up = largest > 0;
    __real_station_watchdog_fed();
}

// The way of a refusal through the firmware, for whoever mends it.
void __wrap_mp_obj_exception_add_traceback(mp_obj_t exception, qstr file, size_t line, qstr block) {
    if (tells && mp_obj_get_type(exception) == &mp_type_MemoryError) {
        platform_logf(LEVEL_DEBUG, "memory in pieces: ... in %s, line %u, %s", qstr_str(file), (unsigned)line, qstr_str(block));
    }
    __real_mp_obj_exception_add_traceback(exception, file, line, block);
}
