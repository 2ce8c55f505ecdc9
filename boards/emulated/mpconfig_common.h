// MicroPython's settings on every emulated chip (its mpconfigport.h has the rest): what the firmware needs, and nothing that
// only a person at a prompt would want.
#include <alloca.h>
#include <stdint.h>

#define MICROPY_CONFIG_ROM_LEVEL (MICROPY_CONFIG_ROM_LEVEL_CORE_FEATURES)
#define MICROPY_OPT_MAP_LOOKUP_CACHE (1)
#define MICROPY_OPT_LOAD_ATTR_FAST_PATH (1) // 32 B, for up to 5 % of a message

// Code is compiled on the host into bytecode. The build rules ask for source files in the image, too, which would need the
// compiler.
#define MICROPY_ENABLE_COMPILER (0)
#define MICROPY_ENABLE_EXTERNAL_IMPORT (0) // only what is frozen can be imported
#undef MICROPY_MODULE_FROZEN_STR
#define MICROPY_MODULE_FROZEN_STR (0)
#define MICROPY_READER_VFS (0)
#define MICROPY_ALLOC_PATH_MAX (64)

// No floats (energies in Wh, currents in mA, ...), integers of up to 64 bits (a requestId exceeds a small int).
#define MICROPY_FLOAT_IMPL (MICROPY_FLOAT_IMPL_NONE)
#define MICROPY_LONGINT_IMPL (MICROPY_LONGINT_IMPL_LONGLONG)
#define MICROPY_PY_MATH (0)

// An exception says what and where: file and line cost about 2 % of the firmware's ROM, and are worth it in a log.
#define MICROPY_ERROR_REPORTING (MICROPY_ERROR_REPORTING_TERSE)
#define MICROPY_ENABLE_SOURCE_LINE (1)

#define MICROPY_ENABLE_GC (1)
#define MICROPY_ENABLE_FINALISER (1)
#define MICROPY_STACK_CHECK (1)
#define MICROPY_STACK_CHECK_MARGIN (1024) // what C functions and an interrupt may need beyond the last check

#define MICROPY_PY_SYS_EXIT (1)
#define MICROPY_PY_SYS_MODULES (1)
#define MICROPY_PY_SYS_STDFILES (0)
#define MICROPY_KBD_EXCEPTION (0)
#define MICROPY_HELPER_REPL (0)
#define MICROPY_PY_BUILTINS_INPUT (0)
#define MICROPY_PY_BUILTINS_HELP (0)

#define MICROPY_PY_ASYNCIO (1)
#define MICROPY_PY_SELECT (1)
#define MICROPY_PY_SELECT_SELECT (0)
#define MICROPY_PY_TIME (1)
#define MICROPY_STREAMS_NON_BLOCK (1)
#define MICROPY_MODULE_BUILTIN_INIT (1)

// What the firmware uses ...
#define MICROPY_PY_BUILTINS_MEMORYVIEW (1)
#define MICROPY_PY_ARRAY_SLICE_ASSIGN (1)
#define MICROPY_PY_BUILTINS_STR_PARTITION (1)
#define MICROPY_PY_BINASCII (1)
#define MICROPY_PY_BINASCII_CRC32 (1)

// ... and what it does not. (crc32() is asked for together with all of zlib: port.mk compiles it for itself.)
#ifndef MICROPY_PY_DEFLATE
#define MICROPY_PY_DEFLATE (0)
#endif
#define MICROPY_PY_STRUCT (0)
#define MICROPY_PY_COLLECTIONS (0)
#define MICROPY_PY_IO (0) // without it asyncio does without ThreadSafeFlag, which would need io.IOBase
#define MICROPY_PY_ATTRTUPLE (0)
#define MICROPY_PY_GENERATOR_PEND_THROW (0)
#define MICROPY_PY_BUILTINS_SET (0)
#define MICROPY_PY_BUILTINS_FILTER (0)
#define MICROPY_PY_BUILTINS_REVERSED (0)
#define MICROPY_PY_BUILTINS_STR_COUNT (0)
#define MICROPY_PY_BUILTINS_DICT_FROMKEYS (0)
#define MICROPY_PY_BUILTINS_RANGE_ATTRS (0)
#define MICROPY_BUILTIN_METHOD_CHECK_SELF_ARG (0) // no list.append(3, 4)
#define MICROPY_MULTIPLE_INHERITANCE (0)
#define MICROPY_PY___FILE__ (0)

// littlefs (port.mk sets MICROPY_VFS_LFS2) as a class of its own: no mount table (vm_littlefs.c).
#define MICROPY_VFS (1)
#define MICROPY_PY_VFS (0)
#define MICROPY_PY_OS (0)

#define MICROPY_USE_INTERNAL_ERRNO (1)

#define MP_SSIZE_MAX (0x7fffffff)
#define UINT_FMT "%lu"
#define INT_FMT "%ld"
typedef int32_t mp_int_t;
typedef uint32_t mp_uint_t;
typedef long mp_off_t;

#define MP_STATE_PORT MP_STATE_VM

// Waits for an interrupt that has something for the event loop, instead of polling every stream each millisecond.
void board_wait(mp_int_t timeout_ms);
#define MICROPY_INTERNAL_WFE(timeout_ms) board_wait((mp_int_t)(timeout_ms))

// vm_names.c has shorter tables than MicroPython, and one call for all functions: what they leave out the linker drops.
#ifndef VM_NAMES_HERE
#pragma weak mp_module_builtins_globals
#pragma weak mp_module_gc
#pragma weak mp_module_micropython
#pragma weak mp_module_sys
#pragma weak mp_module_time
#pragma weak mp_obj_array_locals_dict
#pragma weak mp_obj_bytearray_locals_dict
#pragma weak mp_obj_bytes_locals_dict
#pragma weak mp_obj_str_locals_dict
#pragma weak mp_type_fun_bc
#endif

// Functions in ROM take 8 bytes (firmware/native/rom_objects.h); of the linker script.
#define ROM_FLASH_START (_flash_start)
extern uint8_t _flash_start[];

// Modules in ROM are found first (firmware/native/rom_objects.c).
#define mp_builtin___import__ rom_import
