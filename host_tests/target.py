"""Behaviour tests on an emulated chip (`make test-target`): which of them, how much slower it is.

The environment variable BOARD says which charger the tests drive (tools/csms/charger.py). Without
it all is as ever: build/unix/pilotwire and every test.
"""

import fnmatch
import pathlib

from tools.csms.charger import BOARD

EMULATED = BOARD != "unix"
# What real time the tests wait for is multiplied by this.
PACE = 4 if EMULATED else 1

# Tests that drive a charger but cannot be played there: pattern of file::name, reason.
NOT_THERE = (("test_tls.py::*", "the image has no TLS"),)

_CORE = pathlib.Path(__file__).with_name("target_core.txt")


def core_tests():
    """file::name of the chosen tests, as target_core.txt lists them."""
    lines = _CORE.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def reason_not_there(place):
    """Why a test cannot be played on an emulated chip, or None. `place`: file::name."""
    reasons = (why for pattern, why in NOT_THERE if fnmatch.fnmatchcase(place, pattern))
    return next(reasons, None)
