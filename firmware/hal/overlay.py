"""Modules that are needed now and then: imported where they are used, dropped afterwards.

A module costs its functions and its dictionary in heap while it is loaded; its code is in ROM.
"""

import sys


def drop(package, *names):
    """Forget modules of `package`; no effect on those that are not loaded."""
    for name in names:
        if sys.modules.pop(package + "." + name, None) is not None:
            # names: of modules
            delattr(sys.modules[package], name)
