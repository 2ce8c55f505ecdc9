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
NOT_THERE = (
    ("test_tls.py::*", "the image has no TLS"),
    ("test_control.py::test_several_clients_at_once", "the chip has room for six of them"),
    (
        "test_control.py::test_the_clock_runs_faster",
        "the chip's time stands still while the host has no time for it",
    ),
    (
        "test_heap.py::test_request_of_a_megabyte*",
        "QEMU hands a UART its bytes one by one: a megabyte takes minutes",
    ),
    ("test_extension.py::*", "builds a unix charger of its own"),
    ("test_dummy_block.py::*", "builds a charger of its own"),
    ("test_rv32.py::*", "has a chip of its own"),
    (
        "test_data_transfer.py::test_data_that_fits_no_memory_is_refused_without_a_restart",
        "the chip takes control lines of 4,096 bytes at most",
    ),
    ("test_creep.py::*", "a thousand sessions take too long"),
    ("test_network_faults.py::*", "the module on the line, not the chip, has the connection"),
    ("test_budget.py::*", "about the unix build"),
)

_CORE = pathlib.Path(__file__).with_name("target_core.txt")


def core_tests():
    """file::name of the chosen tests, as target_core.txt lists them."""
    lines = _CORE.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def reason_not_there(place):
    """Why a test cannot be played on an emulated chip, or None. `place`: file::name."""
    reasons = (why for pattern, why in NOT_THERE if fnmatch.fnmatchcase(place, pattern))
    return next(reasons, None)
