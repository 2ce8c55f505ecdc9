# The unix board's variant of MicroPython's unix port, built out of tree (tools/build.mk calls it).
# The port includes this file after its own mpconfigport.mk, so what is set here wins.

# The sizes of objects equal the target's only in a 32-bit build.
MICROPY_FORCE_32BIT = 1

# Not on the charger, so not here either.
MICROPY_PY_FFI = 0
MICROPY_PY_BTREE = 0
MICROPY_PY_THREAD = 0
MICROPY_PY_TERMIOS = 0
MICROPY_STANDALONE = 0

# The port itself needs the POSIX file system; the firmware uses littlefs on a block device.
MICROPY_VFS_FAT = 0
MICROPY_VFS_LFS1 = 0
MICROPY_VFS_LFS2 = 1

MICROPY_PY_SSL = 1
MICROPY_SSL_MBEDTLS = 1
MBEDTLS_CONFIG_FILE = '"$(VARIANT_DIR)/mbedtls_config.h"'
ifneq ($(TLS_IN),)
CFLAGS += -DPILOTWIRE_TLS_IN_CONTENT_LEN=$(TLS_IN)
endif
ifneq ($(TLS_OUT),)
CFLAGS += -DPILOTWIRE_TLS_OUT_CONTENT_LEN=$(TLS_OUT)
endif

# Must match MICROPY_LONGINT_IMPL in mpconfigvariant.h.
MPY_TOOL_FLAGS = -mlongint-impl=longlong

# The simulated charger: its C sources and link flags (SRC_C, CFLAGS, LDFLAGS).
-include $(VARIANT_DIR)/../port.mk
