"""Modules that are needed now and then: imported where they are used, dropped afterwards.

A module that is loaded from a file costs its functions and its dictionary in heap; so does a
frozen one whose body does more than define (tools/rom_objects/README.md).
"""

import sys


def drop(package, *names):
    """Forget modules of `package`; no effect on those that are not loaded."""
    for name in names:
        loaded = sys.modules.pop(package + "." + name, None)
        if loaded is not None and package in sys.modules:  # a package in ROM isn't there
            # names: of modules
            delattr(sys.modules[package], name)
