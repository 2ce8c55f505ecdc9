# What is frozen into the program: MicroPython's asyncio, and the firmware as tools/freeze.py prepared it.
# (C modules, parsing of TLS and the like are chosen in boards/*/variant.)

include("$(MPY_DIR)/extmod/asyncio")

# Assertions and line numbers stay in: this program is what the tests run and what developers debug with.
freeze("$(FROZEN)", opt=0)
