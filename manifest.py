# What is frozen into the simulated charger: MicroPython's asyncio, and the whole firmware as
# tools/freeze.py has prepared it. C modules are chosen in boards/unix/variant.

include("$(MPY_DIR)/extmod/asyncio")

# Assertions and line numbers stay in: this program is what tests run and what developers debug.
freeze("$(FROZEN)", opt=0)
