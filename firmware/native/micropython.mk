# MicroPython takes this folder in as a user C module (USER_C_MODULES=firmware).
PILOTWIRE_NATIVE := $(USERMOD_DIR)
# Of the product (tools/gen.mk).
PILOTWIRE_GEN ?= $(PILOTWIRE_NATIVE)/../../build/gen
CFLAGS_USERMOD += -I$(PILOTWIRE_GEN)

ifeq ($(MICROPY_SSL_MBEDTLS),1)
SRC_USERMOD_LIB_C += $(PILOTWIRE_NATIVE)/tls_fragment_length.c
LDFLAGS_USERMOD += -Wl,--wrap=mbedtls_ssl_config_defaults
endif

# Modules, functions and classes of the firmware in ROM (tools/rom_objects). Settings of ports name rom_import().
SRC_USERMOD_LIB_C += $(PILOTWIRE_NATIVE)/rom_objects.c
LDFLAGS_USERMOD += -Wl,--wrap=gc_collect_start,--wrap=gc_init,--wrap=gc_free

# What only the frozen firmware calls: an image without it sets PILOTWIRE_FIRMWARE=0.
ifneq ($(PILOTWIRE_FIRMWARE),0)
SRC_USERMOD_LIB_C += $(addprefix $(PILOTWIRE_NATIVE)/, websocket/faults.c websocket/frames.c websocket/upgrade.c)
SRC_USERMOD_C += $(PILOTWIRE_NATIVE)/websocket/module.c
SRC_USERMOD_LIB_C += $(PILOTWIRE_NATIVE)/catalogue/catalogue.c $(PILOTWIRE_NATIVE)/json_out/json_out.c
SRC_USERMOD_C += $(PILOTWIRE_NATIVE)/catalogue/module.c
$(BUILD)/native/catalogue/module.o: $(PILOTWIRE_GEN)/tables/device_model.inc
SRC_USERMOD_C += $(PILOTWIRE_NATIVE)/json_out/module.c $(PILOTWIRE_NATIVE)/trace/module.c
SRC_USERMOD_LIB_C += $(addprefix $(PILOTWIRE_NATIVE)/wire/, date_time.c envelope.c faults.c keep.c names.c number.c \
	records.c scanner.c tables.c text.c walk.c)
SRC_USERMOD_C += $(PILOTWIRE_NATIVE)/wire/module.c
endif

# Names in little ROM (tools/names): a port sets this whose freezing ends with that step.
ifeq ($(COMPACT_NAMES),1)
SRC_USERMOD_C += $(PILOTWIRE_NATIVE)/names.c
LDFLAGS_USERMOD += -Wl,--wrap=qstr_init,--wrap=qstr_find_strn,--wrap=qstr_from_str,--wrap=qstr_from_strn
LDFLAGS_USERMOD += -Wl,--wrap=qstr_hash,--wrap=qstr_len,--wrap=qstr_str,--wrap=qstr_data,--wrap=qstr_pool_info
LDFLAGS_USERMOD += -Wl,--wrap=mp_decode_uint_skip
endif
