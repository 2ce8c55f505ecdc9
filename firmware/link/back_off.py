"""How long to wait before the next attempt to connect (Part 4, 5.3)."""

from micropython import const
from tables.variables import (
    OCPP_COMM_CTRLR_RETRY_BACK_OFF_RANDOM_RANGE,
    OCPP_COMM_CTRLR_RETRY_BACK_OFF_REPEAT_TIMES,
    OCPP_COMM_CTRLR_RETRY_BACK_OFF_WAIT_MINIMUM,
)

_LEAST_MS = const(1000)  # whatever the variables say: never a flood
_MAX_WAIT_S = const(86400)


def back_off_ms(model, random, failures):
    """The wait after `failures` (1 and up) failures in a row.

    RetryBackOffWaitMinimum, doubled with each further failure, RetryBackOffRepeatTimes times at
    most; to each wait a new random time of at most RetryBackOffRandomRange is added. At least a
    second, at most a day and the random time.

    Args:
        random: callable(n) -> n random bytes.
    """
    wait_s = model.int(OCPP_COMM_CTRLR_RETRY_BACK_OFF_WAIT_MINIMUM)
    doublings = min(failures - 1, model.int(OCPP_COMM_CTRLR_RETRY_BACK_OFF_REPEAT_TIMES))
    wait_s = min(wait_s << doublings, _MAX_WAIT_S)
    spread_s = model.int(OCPP_COMM_CTRLR_RETRY_BACK_OFF_RANDOM_RANGE)
    spread_ms = int.from_bytes(random(3), "big") % (spread_s * 1000 + 1)
    return max(_LEAST_MS, wait_s * 1000 + spread_ms)
