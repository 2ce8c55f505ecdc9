# From sources to build/unix/pilotwire. Called by tools/build.sh, which sets ROOT, TREE (MicroPython's) and OUT (gen.mk).
#
#   tools/*/compile.py -> build/gen/tables -> tools/freeze.py -> build/frozen -> MicroPython's unix port

PYTHON = $(ROOT)/build/venv/bin/python
OUT ?= build
PORT = $(OUT)/unix/port

all: $(OUT)/unix/pilotwire $(OUT)/unix/micropython
	@:

include tools/gen.mk

FROZEN_FROM = $(CODE_FROM) $(EXTENSION) tools/freeze.py tools/inline.py
C_FROM = $(call find,firmware boards/unix boards/simulated,*.[ch]) firmware/native/micropython.mk $(wildcard tools/rom_objects/*.py)

$(OUT)/frozen/stamp: $(GEN)/stamp $(FROZEN_FROM)
	@$(PYTHON) -m tools.freeze --product $(GEN)/product.json --start main --hooks $(GEN)/hooks.json \
		$(if $(filter-out 0,$(KEEP_GOING)),--keep-going) --output $(OUT)/frozen \
		firmware boards/unix=*.py boards/simulated/micropython=*.py $(GEN)
	@touch $@

$(OUT)/unix/pilotwire: $(OUT)/frozen/stamp manifest.py $(C_FROM) $(OUT)/unix/settings tools/build.mk
	@echo "MAKE unix port"
	@MICROPY_GIT_TAG=$$($(PYTHON) tools/micropython_version.py $(TREE)) MICROPY_GIT_HASH=release \
	SOURCE_DATE_EPOCH=$$(stat -c %Y $(TREE)/py/mpconfig.h) \
	sh tools/quietly.sh $(OUT)/log/unix.log $(MAKE) -C $(TREE)/ports/unix \
		VARIANT=pilotwire VARIANT_DIR=$(ROOT)/boards/unix/variant \
		BUILD=$(ROOT)/$(PORT) PROG=pilotwire PYTHON=$(PYTHON) \
		FROZEN_MANIFEST=$(ROOT)/manifest.py MAKE_MANIFEST="env PYTHONPATH=$(ROOT) $(PYTHON) -m tools.rom_objects $(TREE)/tools/makemanifest.py" MICROPY_MANIFEST_FROZEN=$(ROOT)/$(OUT)/frozen \
		USER_C_MODULES=$(ROOT)/firmware PILOTWIRE_GEN=$(ROOT)/$(GEN) MPY_LIB_DIR=$(ROOT)/tools \
		MICROPY_MPYCROSS=$(ROOT)/build/mpy-cross/mpy-cross MICROPY_MPYCROSS_DEPENDENCY= \
		TLS_IN=$(TLS_IN) TLS_OUT=$(TLS_OUT)
	@ln -f $(PORT)/pilotwire $@ && touch $@
	@echo "built $@ ($$(stat -c %s $@) bytes)"

# The same program; started by this name it is a plain MicroPython with the firmware frozen in.
$(OUT)/unix/micropython: $(OUT)/unix/pilotwire
	@ln -sf pilotwire $@
