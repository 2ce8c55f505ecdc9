# MicroPython on an emulated chip: one linked image. A board's Makefile says what the chip is, and includes this.
#
#   MPY_DIR          MicroPython's source tree
#   BUILD            where the output goes
#   FROZEN_MANIFEST  what is frozen in: empty/manifest.py for an image without firmware
#   HEAP             bytes of MicroPython's heap, unless --heap says another number at run time
#   STACK            bytes of stack for the firmware
#   HANDLER_STACK    bytes of stack for interrupt handlers, 512 of them a guard (memory.h)
#
# Of the chip: CROSS_COMPILE, CHIP (its sources), LINKER_SCRIPT, CPU and LIBC (flags), GC_HELPER, MPY_ARCH.

MPY_DIR ?= $(error set MPY_DIR to the MicroPython tree)
MPY_LIB_DIR ?= $(MPY_DIR)/lib/micropython-lib
TOP = $(MPY_DIR)
BUILD ?= build
REPOSITORY = ../..
EMULATED = $(REPOSITORY)/boards/emulated
FROZEN_MANIFEST ?= $(EMULATED)/empty/manifest.py
HEAP ?= 28672
STACK ?= 7168
HANDLER_STACK ?= 2560

all:

include $(TOP)/py/mkenv.mk

QSTR_DEFS = $(EMULATED)/qstrdefsport.h
QSTR_GLOBAL_DEPENDENCIES += mpconfigport.h $(EMULATED)/mpconfig_common.h
MICROPY_ROM_TEXT_COMPRESSION = 1
MICROPY_VFS_LFS2 = 1
COMPACT_NAMES = 1

# Must match MICROPY_LONGINT_IMPL in mpconfig_common.h.
MPY_TOOL_FLAGS += -mlongint-impl=longlong

include $(TOP)/py/py.mk
include $(TOP)/extmod/extmod.mk

INC += -I. -I$(EMULATED) -I$(REPOSITORY) -I$(TOP) -I$(BUILD)
CFLAGS += $(INC) $(CPU) -std=gnu11 -Os -DNDEBUG -Wall
CFLAGS += -ffunction-sections -fdata-sections -fno-common
# Smaller code of the same source, a little slower: boards/emulated/README.md has what each saves.
CFLAGS += -fno-tree-loop-optimize -fno-ivopts -fno-move-loop-invariants -fno-schedule-insns2 \
	-fno-tree-dominator-opts -fno-guess-branch-probability -fno-thread-jumps -fno-tree-tail-merge \
	-fmerge-all-constants
# MicroPython compiles vm.c and gc.c with -O3 otherwise: 0.9 kB.
CSUPEROPT = -Os
LDFLAGS += $(CPU) -T $(LINKER_SCRIPT) -L $(EMULATED) -Wl,--gc-sections -Wl,-Map=$(BUILD)/firmware.map
LDFLAGS += -nostartfiles $(LIBC)
# lockstep.c, trials.c
LDFLAGS += -Wl,--wrap=clock_tick,--wrap=clock_cycles_asleep,--wrap=uart_send,--wrap=uart_receive,--wrap=mp_hal_get_random,--wrap=platform_log
LDFLAGS += -Wl,--defsym=_heap_size=$(HEAP) -Wl,--defsym=_stack_size=$(STACK)
LDFLAGS += -Wl,--defsym=_handler_stack_size=$(HANDLER_STACK)

# The simulated charger: portable C, in sizes that fit beside the firmware.
SIMULATION = $(notdir $(wildcard $(REPOSITORY)/boards/simulated/*.c)) modsim.c modsim_events.c modsim_platform.c modsim_settings.c \
	control_port.c facts.c flash_image.c lockstep.c platform.c semihosting.c settings.c trials.c
PORT = clock.c fault.c life.c main.c memory.c modhw.c mphalport.c network.c serial_ethernet.c strtoll.c vm_littlefs.c \
	vm_names.c vm_types.c $(CHIP)
vpath %.c $(EMULATED) $(REPOSITORY)/boards/simulated $(REPOSITORY)/boards/simulated/micropython
CFLAGS += -DSIM_EVSES_MAX=4 -DSIM_CONNECTORS_MAX=2 -DSIM_EVENTS_SIZE=4096 \
	-DCONTROL_LINE_MAX=4096 -DCONTROL_OUT_MAX=4096 -DCONTROL_CLIENTS_MAX=6
$(addprefix $(BUILD)/, $(PORT:.c=.o)): CFLAGS += -Werror
# No frame of C that handlers may call is as large as the guard of their stack, with the registers that it saves. The rest is
# the firmware's alone.
HANDLERS = $(filter-out life.c main.c mod%.c vm_%.c, $(PORT) $(SIMULATION))
$(addprefix $(BUILD)/, $(HANDLERS:.c=.o)): CFLAGS += -Werror=frame-larger-than=448

SRC_C = $(PORT) $(SIMULATION) \
	shared/libc/string0.c \
	shared/runtime/gchelper_native.c \
	shared/timeutils/timeutils.c
# binascii.crc32() without zlib.
SRC_C += lib/uzlib/crc32.c
$(BUILD)/vm_types.o: CFLAGS += -DMICROPY_PY_DEFLATE=1

SRC_S = shared/runtime/$(GC_HELPER)
SRC_QSTR += $(addprefix $(EMULATED)/, flash_image.c modhw.c modsim_settings.c network.c vm_littlefs.c vm_names.c) \
	$(addprefix $(REPOSITORY)/boards/simulated/micropython/, life.c modsim.c modsim_events.c modsim_platform.c)

# In place of which vm_littlefs.c and vm_types.c are compiled.
PY_O := $(filter-out $(addprefix $(BUILD)/, extmod/modbinascii.o extmod/modselect.o extmod/vfs.o extmod/vfs_lfs.o \
	py/objdict.o py/objlist.o py/objproperty.o py/objrange.o py/objslice.o), $(PY_O))
OBJ = $(PY_O) $(addprefix $(BUILD)/, $(SRC_C:.c=.o) $(SRC_S:.s=.o))

all: $(BUILD)/firmware.elf

$(BUILD)/firmware.elf: $(OBJ) $(LINKER_SCRIPT) $(EMULATED)/sections.ld
	$(ECHO) "LINK $@"
	$(Q)$(CC) $(LDFLAGS) -o $@ $(OBJ) $(LIBS)
	$(Q)$(SIZE) $@

include $(TOP)/py/mkrules.mk
