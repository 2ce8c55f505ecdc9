# What the unix board adds to MicroPython's unix port; variant/mpconfigvariant.mk includes it.

PILOTWIRE_ROOT := $(abspath $(dir $(lastword $(MAKEFILE_LIST)))/../..)

SRC_C += $(addprefix $(PILOTWIRE_ROOT)/boards/simulated/, \
	control.c control_deferred.c control_hardware.c control_parameters.c control_station.c control_transfer.c \
	json.c json_number.c json_text.c sim.c sim_clock.c sim_events.c sim_meter.c \
	$(addprefix micropython/, life.c modsim.c modsim_events.c modsim_platform.c))
SRC_C += $(addprefix $(PILOTWIRE_ROOT)/boards/unix/, \
	certificates.c main.c modsim_network.c modsim_settings.c network.c options.c options_check.c \
	overrides.c pieces.c platform.c server.c storage.c)

# Time on the virtual machine is the station's, which the control socket may accelerate (platform.c).
CFLAGS += -DMODSIM_HOST=1 -I$(PILOTWIRE_ROOT) -include $(PILOTWIRE_ROOT)/boards/unix/hooks.h
LDFLAGS += -pthread -Wl,--wrap=poll -Wl,--wrap=time

# A heap in fragments, for tests (pieces.c).
LDFLAGS += -Wl,--wrap=gc_alloc,--wrap=gc_realloc,--wrap=m_tracked_calloc
LDFLAGS += -Wl,--wrap=platform_firmware_ended,--wrap=station_watchdog_fed,--wrap=mp_obj_exception_add_traceback

# Encrypted private keys are handed to the TLS module decrypted, as DER (certificates.c).
CFLAGS += -DMBEDTLS_PK_WRITE_C

# The port's own main() makes `build/unix/micropython`, the same program under that name (main.c).
$(BUILD)/main.o: CFLAGS += -Dmain=micropython_main
