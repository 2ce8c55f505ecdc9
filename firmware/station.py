"""The composition root: the only file that knows all the rooms.

One asyncio task each for the link, the outbox inside it, the timers and the hardware's events; a supervisor sees that
all of them live, and feeds the watchdog only then.
"""

import asyncio
import gc
import time

from micropython import const
from tables.names import NOT_SUPPORTED
from tables.variables import DEVICE_DATA_CTRLR_BYTES_PER_MESSAGE_SET_VARIABLES

from blocks.authorization import Authorization
from blocks.availability import Availability
from blocks.data_transfer import DataTransfer
from blocks.port import NOT_MINE
from blocks.provisioning import Heartbeat, Registration
from blocks.remote_control import RemoteControl
from blocks.reset import Reset
from blocks.transactions import Transactions
from blocks.trigger import Trigger
from blocks.variables import Variables
from charging.charging import Charging
from device_model.model import DeviceModel
from hal import events, log
from hal.errors import PilotwireError
from hal.timers import Timers
from link.link import Link
from storage.journal import Journal
from storage.store import Store

_SUPERVISE_MS = const(5000)
