# Pilotwire. Everything that is made lies in build/; what the machine lacks is installed by tools/setup.sh.
# Settings, where a target says so: make run DEMO=1, make build PRODUCT=core MICROPYTHON_DIR=... TLS_IN=... TLS_OUT=...

PYTHON = build/venv/bin/python
# What tools/run.py and the build read.
export BOARD CSMS DEMO HEAP HOURS ID KEEP_GOING MICROPYTHON_DIR PASSWORD PRODUCT PROFILE SEED SHRINK STEPS TLS_IN TLS_OUT
export PYTHONDONTWRITEBYTECODE = 1

.DEFAULT_GOAL = help
.PHONY: conformance play products run test test-target lint build image budget bench clean help

# What may be said on the command line, and which of it is only switched on or off.
FLAGS = CORE DEMO KEEP_GOING RECORD SHRINK
SETTINGS = ARGS BOARD CSMS HEAP HOURS ID MICROPYTHON_DIR PASSWORD PRODUCT PROFILE SEED STEPS TLS_IN TLS_OUT $(FLAGS)
on = $(filter-out 0,$($(1)))
$(foreach name,$(FLAGS),$(if $(filter-out 0 1,$($(name))),$(error $(name)=$($(name)): 1 switches it on, 0 or nothing off)))
$(foreach name,$(filter-out $(SETTINGS),$(.VARIABLES)),$(if $(filter command,$(origin $(name))),\
	$(warning $(name)=$($(name)) is no setting of this project; these are: $(sort $(SETTINGS)))))

# The boards that run in QEMU.
EMULATED = $(patsubst boards/%/image.mk,%,$(filter-out boards/emulated/%,$(wildcard boards/*/image.mk)))
ifneq ($(filter-out unix $(EMULATED),$(BOARD)),)
$(error BOARD=$(BOARD): no such board; there are: unix $(EMULATED))
endif
ALL_BOARDS = $(filter bench budget conformance products,$(MAKECMDGOALS))
ifneq ($(and $(ALL_BOARDS),$(filter-out unix,$(BOARD))),)
$(error BOARD=$(BOARD): $(ALL_BOARDS) takes the boards that it needs; leave BOARD out)
endif

ifneq ($(and $(ALL_BOARDS),$(PRODUCT)),)
$(error PRODUCT=$(PRODUCT): $(ALL_BOARDS) takes the products that it needs; leave PRODUCT out)
endif

run: build $(if $(filter $(EMULATED),$(BOARD)),image)  ## a CSMS and a charger: DEMO=1 plays a session, CSMS=ws://... ID=... uses your CSMS; BOARD=cortex_m3 emulates it
	@$(PYTHON) tools/run.py

test: build  ## all tests; ARGS="-k boot" goes to pytest; PRODUCT=core: with that charger; PIECES=1: no allocation over 256 bytes succeeds (host_tests/README.md)
	@$(PYTHON) -m pytest $(if $(PIECES),--pieces) $(ARGS)

test-target: export BOARD := $(or $(filter-out unix,$(BOARD)),cortex_m3)
test-target: image  ## the behaviour tests on the emulated chip; CORE=1: a chosen core of them; BOARD=rv32 ARGS=...
	@$(PYTHON) -m pytest -o timeout=300 $(if $(call on,CORE),--core) $(ARGS)

lint:  ## ruff, mypy and the rule of floors
	@sh tools/setup.sh host
	@$(PYTHON) -m tools.lint

build:  ## build/unix/pilotwire, the simulated charger; PRODUCT=core: with that product's blocks (boards/products/)
	@sh tools/setup.sh build
	@sh tools/build.sh

image: build  ## build/cortex_m3/firmware.elf, the charger on an emulated chip; BOARD=rv32 builds that one, HEAP= its heap
	@board=$$($(PYTHON) -m tools.blocks.product --board) && sh tools/setup.sh image $$board && sh tools/image.sh $$board

budget: image  ## sizes and memory against their limits, also in build/budget.json; RECORD=1 keeps them to compare with
	@$(PYTHON) -m tools.budget $(if $(call on,RECORD),--record)

bench: image  ## speed and memory, also in build/bench.json
	@sh tools/setup.sh bench
	@$(PYTHON) -m tools.bench $(ARGS)

play: build  ## random play on an accelerated clock: HOURS=24, SEED= for the same play again, SHRINK=1 for fewer steps
	@$(PYTHON) -m tools.play

products: build  ## builds and plays core, all, and all without each block; ARGS="core without-reset" takes these, ARGS=--list tells which
	@$(PYTHON) -m tools.products $(ARGS)

conformance: build  ## certification cases, each with its tests, and what has none
	@$(PYTHON) -m tools.conformance $(ARGS)

clean:  ## remove what was built; fetched sources and Python tools stay (rm -r build removes these too)
	rm -rf build/unix $(EMULATED:%=build/%) build/gen build/frozen build/every build/products build/log build/*.json build/*.svg

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*##  *\(.*\)/make \1	\2/p' Makefile | expand -t 18
