# The image and the empty image beside it: `make image` calls this when `make build` has been here.
#
#   ROOT  this repository, an absolute path
#   TREE  MicroPython's source tree
#   HEAP  bytes of heap (as in Makefile)

PYTHON = $(ROOT)/build/venv/bin/python
OUT = build/cortex_m3

find = $(shell find $(1) -type f -name '$(2)' 2>/dev/null)
C_FROM = $(call find,boards/cortex_m3 boards/simulated boards/unix firmware/native,*.[ch]) \
	$(addprefix boards/cortex_m3/, Makefile manifest.py stm32f205.ld freeze.sh) \
	tools/thumb_branches.py $(wildcard tools/rom_objects/*.py)
FROZEN_FROM = $(call find,firmware,*.py) boards/cortex_m3/board.py tools/freeze.py tools/inline.py build/gen/stamp

PORT = MICROPY_GIT_TAG=$$($(PYTHON) tools/micropython_version.py $(TREE)) MICROPY_GIT_HASH=release \
	ROOT=$(ROOT) TREE=$(TREE) PYTHON=$(PYTHON) SOURCE_DATE_EPOCH=$$(stat -c %Y $(TREE)/py/mpconfig.h) \
	sh tools/quietly.sh build/log/cortex_m3-$(1).log $(MAKE) -C boards/cortex_m3 \
		MPY_DIR=$(TREE) MPY_LIB_DIR=$(ROOT)/tools PYTHON=$(PYTHON) BUILD=$(ROOT)/$(OUT)/$(1) \
		USER_C_MODULES=$(ROOT)/firmware MAKE_MANIFEST="sh $(ROOT)/boards/cortex_m3/freeze.sh" \
		MICROPY_MPYCROSS=$(ROOT)/build/mpy-cross/mpy-cross MICROPY_MPYCROSS_DEPENDENCY= \
		$(if $(HEAP),HEAP=$(HEAP))

all: $(OUT)/firmware.elf $(OUT)/empty.elf $(OUT)/pilotwire

# A charger as a program, like build/unix/pilotwire.
$(OUT)/pilotwire: boards/cortex_m3/image.mk
	@mkdir -p $(OUT)
	@printf '#!/bin/sh\nexec "%s" "%s" --image "%s" "$$@"\n' \
		$(PYTHON) $(ROOT)/tools/bridge.py $(ROOT)/$(OUT)/firmware.elf >$@
	@chmod +x $@

$(OUT)/frozen/stamp: $(FROZEN_FROM)
	@$(PYTHON) -m tools.freeze --output $(OUT)/frozen firmware boards/cortex_m3=board.py build/gen
	@touch $@

$(OUT)/firmware.elf: $(OUT)/frozen/stamp $(C_FROM)
	@echo "MAKE cortex_m3 image"
	@$(call PORT,port) FROZEN_MANIFEST=$(ROOT)/boards/cortex_m3/manifest.py \
		MICROPY_MANIFEST_FROZEN=$(ROOT)/$(OUT)/frozen
	@cp $(OUT)/port/firmware.elf $@

$(OUT)/empty.elf: $(C_FROM)
	@echo "MAKE cortex_m3 image without firmware"
	@$(call PORT,empty) FROZEN_MANIFEST=$(ROOT)/boards/cortex_m3/empty/manifest.py
	@cp $(OUT)/empty/firmware.elf $@
