# What is in the image: MicroPython's asyncio, and the firmware as tools/freeze.py prepared it.
# Assertions are left out: they are for those who develop, with the unix build.

include("$(MPY_DIR)/extmod/asyncio")
freeze("$(FROZEN)", opt=1)
