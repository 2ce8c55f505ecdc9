# constants
"""Numbers of the control pilot (IEC 61851-1)."""

from micropython import const

STEADY = const(1000)  # pwm, permille: no current is offered
MIN_MA = const(6000)  # less can't be offered
ALL_MA = const(80000)  # nor more
EV_FOLLOWS_MS = const(5000)  # the time that a car has to follow a change of the offer
