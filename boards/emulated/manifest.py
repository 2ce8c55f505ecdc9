# What is in the image: of MicroPython's asyncio what the firmware uses (no
# gather(), wait_for(), Lock, streams), and the firmware as tools/freeze.py prepared it.
# Assertions are left out: they are for those who develop, with the unix build.

package(
    "asyncio",
    ("__init__.py", "core.py", "event.py"),
    base_path="$(MPY_DIR)/extmod",
    opt=3,
)
freeze("$(FROZEN)", opt=1)
