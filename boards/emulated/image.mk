# The image of a board on an emulated chip, and the empty image beside it; the board's image.mk includes this. Called by
# tools/image.sh, which starts afresh when settings have changed: MicroPython's make does not notice that by itself.
#
#   BOARD  folder below boards/
#   ROOT   this repository, an absolute path
#   TREE   MicroPython's source tree
#   OUT    where the product is built (tools/gen.mk)
#   HEAP   bytes of heap (as in port.mk)

PYTHON = $(ROOT)/build/venv/bin/python
OUT ?= build
HERE = $(OUT)/$(BOARD)
# Without firmware no product differs from another.
EMPTY = build/$(BOARD)/empty

all: $(HERE)/firmware.elf $(HERE)/pilotwire $(if $(filter build,$(OUT)),$(HERE)/empty.elf)
	@:

include tools/gen.mk

C_FROM = $(call find,boards/$(BOARD) boards/emulated boards/simulated firmware/native,*.[ch]) firmware/native/micropython.mk \
	$(wildcard boards/$(BOARD)/*.ld boards/emulated/*.ld) boards/$(BOARD)/Makefile \
	$(addprefix boards/emulated/, port.mk manifest.py freeze.sh) \
	$(wildcard tools/rom_objects/*.py tools/names/*.py)
# The board's own Python, else what it shares with the others.
BOARD_PY = boards/$(if $(wildcard boards/$(BOARD)/board.py),$(BOARD),emulated)
FROZEN_FROM = $(CODE_FROM) $(wildcard $(BOARD_PY)/*.py) $(EXTENSION) tools/freeze.py tools/inline.py $(GEN)/stamp

PORT = MICROPY_GIT_TAG=$$($(PYTHON) tools/micropython_version.py $(TREE)) MICROPY_GIT_HASH=release \
	ROOT=$(ROOT) TREE=$(TREE) PYTHON=$(PYTHON) SOURCE_DATE_EPOCH=$$(stat -c %Y $(TREE)/py/mpconfig.h) \
	sh tools/quietly.sh $(OUT)/log/$(BOARD)-$(notdir $(1)).log $(MAKE) -C boards/$(BOARD) \
		MPY_DIR=$(TREE) MPY_LIB_DIR=$(ROOT)/tools PYTHON=$(PYTHON) BUILD=$(ROOT)/$(1) \
		USER_C_MODULES=$(ROOT)/firmware PILOTWIRE_GEN=$(ROOT)/$(GEN) MAKE_MANIFEST="sh $(ROOT)/boards/emulated/freeze.sh" \
		MICROPY_MPYCROSS=$(ROOT)/build/mpy-cross/mpy-cross MICROPY_MPYCROSS_DEPENDENCY= \
		$(if $(HEAP),HEAP=$(HEAP))

# A charger as a program, like build/unix/pilotwire. What is not set is as the product says.
$(HERE)/pilotwire: boards/emulated/image.mk $(GEN)/ratings.sh
	@mkdir -p $(HERE)
	@{ echo '#!/bin/sh'; cat $(GEN)/ratings.sh; printf 'exec "%s" "%s" --image "%s" "$$@"\n' \
		$(PYTHON) $(ROOT)/tools/bridge.py $(ROOT)/$(HERE)/firmware.elf; } >$@
	@chmod +x $@

$(HERE)/frozen/stamp: $(FROZEN_FROM)
	@$(PYTHON) -m tools.freeze --product $(GEN)/product.json --start main --hooks $(GEN)/hooks.json --output $(HERE)/frozen \
		firmware $(BOARD_PY)=board.py boards/simulated/micropython=*.py $(GEN)
	@touch $@

# The goals lie in the folders that tools/image.sh removes when settings have changed: they are made anew then.
$(HERE)/firmware.elf: $(HERE)/port/firmware.elf
	@cp $< $@

$(HERE)/empty.elf: $(EMPTY)/firmware.elf
	@cp $< $@

$(HERE)/port/firmware.elf: $(HERE)/frozen/stamp $(C_FROM)
	@echo "MAKE $(BOARD) image"
	+@$(call PORT,$(HERE)/port) FROZEN_MANIFEST=$(ROOT)/boards/emulated/manifest.py \
		MICROPY_MANIFEST_FROZEN=$(ROOT)/$(HERE)/frozen
	@touch $@

$(EMPTY)/firmware.elf: $(C_FROM)
	@echo "MAKE $(BOARD) image without firmware"
	+@$(call PORT,$(EMPTY)) FROZEN_MANIFEST=$(ROOT)/boards/emulated/empty/manifest.py PILOTWIRE_FIRMWARE=0
	@touch $@
