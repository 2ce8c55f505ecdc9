# The image of a board on an emulated chip, and the empty image beside it; the board's image.mk includes this. Called by
# tools/image.sh, which starts afresh when settings have changed: MicroPython's make does not notice that by itself.
#
#   BOARD  folder below boards/
#   ROOT   this repository, an absolute path
#   TREE   MicroPython's source tree
#   HEAP   bytes of heap (as in port.mk)

PYTHON = $(ROOT)/build/venv/bin/python
OUT = build/$(BOARD)

find = $(shell find $(1) -type f -name '$(2)' 2>/dev/null)
C_FROM = $(call find,boards/$(BOARD) boards/emulated boards/simulated firmware/native,*.[ch]) firmware/native/micropython.mk \
	$(wildcard boards/$(BOARD)/*.ld boards/emulated/*.ld) boards/$(BOARD)/Makefile \
	$(addprefix boards/emulated/, port.mk manifest.py freeze.sh) \
	$(wildcard tools/rom_objects/*.py tools/names/*.py)
FROZEN_FROM = $(call find,firmware,*.py) boards/emulated/board.py $(wildcard boards/simulated/micropython/*.py boards/unix/extension.py) tools/freeze.py tools/inline.py build/gen/stamp

PORT = MICROPY_GIT_TAG=$$($(PYTHON) tools/micropython_version.py $(TREE)) MICROPY_GIT_HASH=release \
	ROOT=$(ROOT) TREE=$(TREE) PYTHON=$(PYTHON) SOURCE_DATE_EPOCH=$$(stat -c %Y $(TREE)/py/mpconfig.h) \
	sh tools/quietly.sh build/log/$(BOARD)-$(1).log $(MAKE) -C boards/$(BOARD) \
		MPY_DIR=$(TREE) MPY_LIB_DIR=$(ROOT)/tools PYTHON=$(PYTHON) BUILD=$(ROOT)/$(OUT)/$(1) \
		USER_C_MODULES=$(ROOT)/firmware MAKE_MANIFEST="sh $(ROOT)/boards/emulated/freeze.sh" \
		MICROPY_MPYCROSS=$(ROOT)/build/mpy-cross/mpy-cross MICROPY_MPYCROSS_DEPENDENCY= \
		$(if $(HEAP),HEAP=$(HEAP))

all: $(OUT)/firmware.elf $(OUT)/empty.elf $(OUT)/pilotwire
	@:

# A charger as a program, like build/unix/pilotwire.
$(OUT)/pilotwire: boards/emulated/image.mk
	@mkdir -p $(OUT)
	@printf '#!/bin/sh\nexec "%s" "%s" --image "%s" "$$@"\n' \
		$(PYTHON) $(ROOT)/tools/bridge.py $(ROOT)/$(OUT)/firmware.elf >$@
	@chmod +x $@

$(OUT)/frozen/stamp: $(FROZEN_FROM)
	@$(PYTHON) -m tools.freeze --start main --hooks build/gen/hooks.json --output $(OUT)/frozen firmware boards/emulated=board.py boards/simulated/micropython=*.py boards/unix=extension.py build/gen
	@touch $@

# The goals lie in the folders that tools/image.sh removes when settings have changed: they are made anew then.
$(OUT)/firmware.elf: $(OUT)/port/firmware.elf
	@cp $< $@

$(OUT)/empty.elf: $(OUT)/empty/firmware.elf
	@cp $< $@

$(OUT)/port/firmware.elf: $(OUT)/frozen/stamp $(C_FROM)
	@echo "MAKE $(BOARD) image"
	+@$(call PORT,port) FROZEN_MANIFEST=$(ROOT)/boards/emulated/manifest.py \
		MICROPY_MANIFEST_FROZEN=$(ROOT)/$(OUT)/frozen
	@touch $@

$(OUT)/empty/firmware.elf: $(C_FROM)
	@echo "MAKE $(BOARD) image without firmware"
	+@$(call PORT,empty) FROZEN_MANIFEST=$(ROOT)/boards/emulated/empty/manifest.py PILOTWIRE_FIRMWARE=0
	@touch $@
