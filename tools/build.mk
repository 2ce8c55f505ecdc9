# From sources to build/unix/pilotwire. Called by tools/build.sh, which sets ROOT and TREE (MicroPython's).
#
#   tools/*/compile.py -> build/gen/tables -> tools/freeze.py -> build/frozen -> MicroPython's unix port

PYTHON = $(ROOT)/build/venv/bin/python
GEN = build/gen/tables
PORT = build/unix/port
# The maker's own variables and messages (boards/README.md).
EXTENSION = $(wildcard boards/unix/extension.py)

find = $(shell find $(1) -type f -name '$(2)' 2>/dev/null)
GENERATED_FROM = $(call find,tools/schema tools/device_model tools/blocks,*.py) $(call find,firmware,*.txt) \
	$(call find,firmware,*.csv) $(wildcard firmware/hal/capabilities.py tools/inline.py) tools/requirements.txt tools/no_floats.py $(EXTENSION)
# What imports names; tables have those only.
NAMES_FROM = $(call find,firmware boards,*.py) $(call find,firmware/native boards,*.c)
# A file that came or went is a change, too; so is code in a block's folder that has no declaration yet.
LISTED = $(sort $(GENERATED_FROM) $(NAMES_FROM))
FROZEN_FROM = $(call find,firmware,*.py) $(wildcard boards/unix/*.py boards/simulated/micropython/*.py) tools/freeze.py tools/inline.py
C_FROM = $(call find,firmware boards/unix boards/simulated,*.[ch]) firmware/native/micropython.mk

all: build/unix/pilotwire build/unix/micropython
	@:

build/gen/stamp: $(GENERATED_FROM) $(NAMES_FROM) tools/build.mk build/gen/sources
	@mkdir -p $(GEN)
ifneq ($(wildcard tools/device_model/compile.py),)
	@echo "GEN device model"
	@$(PYTHON) tools/device_model/compile.py --declarations $(wildcard firmware/*/variables.txt) \
		--blocks firmware/blocks --out $(GEN) $(if $(EXTENSION),--extension $(EXTENSION))
endif
ifneq ($(wildcard tools/schema/compile.py),)
	@echo "GEN schema"
	@$(PYTHON) tools/schema/compile.py --blocks firmware/blocks --sources firmware $(wildcard boards) --out $(GEN)
endif
	@echo "GEN blocks"
	@$(PYTHON) -m tools.blocks.joins --tables $(GEN) --output build/gen/parts.py firmware/blocks
	@touch $@

build/gen/sources: FORCE
	@mkdir -p build/gen
	@echo "$(LISTED)" | cmp -s - $@ || echo "$(LISTED)" >$@

.PHONY: FORCE
FORCE:

build/frozen/stamp: build/gen/stamp $(FROZEN_FROM)
	@$(PYTHON) -m tools.freeze --start main --hooks build/gen/hooks.json $(if $(filter-out 0,$(KEEP_GOING)),--keep-going) --output build/frozen firmware boards/unix=*.py boards/simulated/micropython=*.py build/gen
	@touch $@

build/unix/pilotwire: build/frozen/stamp manifest.py $(C_FROM) build/unix/settings tools/build.mk
	@echo "MAKE unix port"
	@MICROPY_GIT_TAG=$$($(PYTHON) tools/micropython_version.py $(TREE)) MICROPY_GIT_HASH=release \
	SOURCE_DATE_EPOCH=$$(stat -c %Y $(TREE)/py/mpconfig.h) \
	sh tools/quietly.sh build/log/unix.log $(MAKE) -C $(TREE)/ports/unix \
		VARIANT=pilotwire VARIANT_DIR=$(ROOT)/boards/unix/variant \
		BUILD=$(ROOT)/$(PORT) PROG=pilotwire PYTHON=$(PYTHON) \
		FROZEN_MANIFEST=$(ROOT)/manifest.py MAKE_MANIFEST="env PYTHONPATH=$(ROOT) $(PYTHON) -m tools.rom_objects $(TREE)/tools/makemanifest.py" MICROPY_MANIFEST_FROZEN=$(ROOT)/build/frozen \
		USER_C_MODULES=$(ROOT)/firmware MPY_LIB_DIR=$(ROOT)/tools \
		MICROPY_MPYCROSS=$(ROOT)/build/mpy-cross/mpy-cross MICROPY_MPYCROSS_DEPENDENCY= \
		TLS_IN=$(TLS_IN) TLS_OUT=$(TLS_OUT)
	@ln -f $(PORT)/pilotwire $@ && touch $@
	@echo "built $@ ($$(stat -c %s $@) bytes)"

# The same program; started by this name it is a plain MicroPython with the firmware frozen in.
build/unix/micropython: build/unix/pilotwire
	@ln -sf pilotwire $@
