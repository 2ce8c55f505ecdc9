# What is made of a product before anything is compiled: tables, constants, the parts of its blocks. tools/build.mk and
# boards/emulated/image.mk include this; tools/blocks/product.py has written $(GEN)/product.mk before.
#
#   OUT   where the product is built: build, or build/products/<name>

OUT ?= build
GEN = $(OUT)/gen
TABLES = $(GEN)/tables
# EXTENSION, the maker's own variables and messages (boards/README.md); BLOCK_FOLDERS.
include $(GEN)/product.mk

find = $(shell find $(1) -type f -name '$(2)' 2>/dev/null)
GENERATED_FROM = $(call find,tools/schema tools/device_model tools/blocks,*.py) $(call find,firmware $(BLOCK_FOLDERS),*.txt) \
	$(call find,firmware,*.csv) $(wildcard firmware/hal/capabilities.py tools/inline.py) tools/requirements.txt tools/no_floats.py \
	$(EXTENSION) $(GEN)/product.json
CODE_FROM = $(sort $(call find,firmware boards/unix boards/emulated boards/simulated/micropython $(BLOCK_FOLDERS),*.py))
# What imports names; tables have those only.
NAMES_FROM = $(sort $(call find,firmware boards $(BLOCK_FOLDERS),*.py)) $(call find,firmware/native boards,*.c)
# A file that came or went is a change, too; so is code in a block's folder that has no declaration yet.
LISTED = $(sort $(GENERATED_FROM) $(NAMES_FROM))

$(GEN)/stamp: $(GENERATED_FROM) $(NAMES_FROM) tools/gen.mk $(GEN)/sources
	@mkdir -p $(TABLES)
ifneq ($(wildcard tools/device_model/compile.py),)
	@echo "GEN device model"
	@$(PYTHON) tools/device_model/compile.py --declarations $(wildcard firmware/*/variables.txt) \
		--blocks $(GEN)/product.json --out $(TABLES) $(if $(EXTENSION),--extension $(EXTENSION))
endif
ifneq ($(wildcard tools/schema/compile.py),)
	@echo "GEN schema"
	@$(PYTHON) tools/schema/compile.py --blocks $(GEN)/product.json --sources firmware $(wildcard boards) $(EXTENSION) --out $(TABLES)
endif
	@echo "GEN blocks"
	@$(PYTHON) -m tools.blocks.joins --tables $(TABLES) --output $(GEN)/parts.py $(GEN)/product.json
	@touch $@

$(GEN)/sources: FORCE
	@mkdir -p $(GEN)
	@echo "$(LISTED)" | cmp -s - $@ || echo "$(LISTED)" >$@

.PHONY: FORCE
FORCE:
