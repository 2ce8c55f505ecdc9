# constants
"""What an authority knows of a token (README.md, "Who may charge"); False: nothing."""

from micropython import const

GOOD = const(1)
REFUSED = const(2)  # the CSMS may know better
REFUSED_FOR_GOOD = const(3)  # ... and is not asked
