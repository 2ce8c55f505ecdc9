"""Runs on the real VM (prepared.py; argument: build/gen): bytes of heap of charging and its
blocks, idle and in a session, and whether a thousand samples or a hundred sessions leave anything
behind.
"""

import gc
import sys
import time

from tables.messages import AuthorizeResponse, MeterValueType, TransactionEventRequest

import wire.names  # noqa: F401  somebody else's, like all that is imported here
from hal import log  # noqa: F401
from hal.timers import Timers


class Connector:
    detachable = True
    rating_ma = 32000

    def __init__(self):
        self.state = 0
        self.on = self.is_locked = False

    def pilot(self):
        return self.state

    def set_pwm(self, permille):
        pass

    def relay(self, on):
        self.on = on

    def relay_closed(self):
        return self.on

    def lock(self, on):
        self.is_locked = on

    def locked(self):
        return self.is_locked

    def fault(self):
        return None

    def proximity_ma(self):
        return 32000

    def celsius(self):
        return 25


class Meter:
    def energy_wh(self):
        return 123456

    def power_w(self):
        return 11040

    def current_ma(self, phase):
        return 16000

    def voltage_dv(self, phase):
        return 2300

    def phases(self):
        return 3

    def signed(self):
        return None


class Board:
    connectors = (1, 1)
    supply_ma = 40000
    phases = 3
    hardware = (Connector(), Connector())
    its_meter = Meter()

    def connector(self, evse, connector):
        return self.hardware[evse - 1]

    def meter(self, evse):
        return self.its_meter if evse else None

    @property
    def indicator(self):
        return partner

    def utc(self):
        return 200000000


class Model:
    """Values as the real one has them; what it costs is measured elsewhere."""

    def text(self, variable, evse=0, connector=0):
        return b"PowerPathClosed" if variable == START else b"EVConnected,Authorized"

    def int(self, variable, evse=0, connector=0):
        return 60

    def flag(self, variable, evse=0, connector=0):
        return variable not in OFF

    def members(self, variable, evse=0, connector=0):
        return (ENERGY, POWER, CURRENT, VOLTAGE)

    def set(self, variable, value, evse=0, connector=0):
        pass


class Partner:
    """The indicator, the link, the store, and the parts that are asked and told."""

    def status(self, evse, connector, name):
        pass

    def transaction(self, evse, transaction_id):
        pass

    def transaction_ended(self):
        pass

    def display(self, evse, text):
        pass

    def wake(self):
        pass

    def records(self, name):
        return ()


class Answer:
    error = 0

    def unpack(self):
        return ACCEPTED_ANSWER + (None,) * (AuthorizeResponse.SLOTS - len(ACCEPTED_ANSWER))


def used():
    gc.collect()
    gc.collect()
    return gc.mem_alloc()


def constants(file, *wanted):
    """Numbers of generated constants, which the build has inlined."""
    found = {}
    with open(sys.argv[1] + "/tables/" + file) as lines:
        for line in lines:
            name, _, value = line.partition(" = ")
            if name in wanted:
                found[name] = int(value)
    return [found[name] for name in wanted]


START, *OFF = constants(
    "variables.py",
    "TX_CTRLR_TX_START_POINT",
    "AUTH_CACHE_CTRLR_ENABLED",
    "AUTH_CTRLR_AUTHORIZE_REMOTE_START",
    "AUTH_CTRLR_DISABLE_REMOTE_AUTHORIZATION",
)
ENERGY, POWER, CURRENT, VOLTAGE, ACCEPTED, STARTED, UPDATED, ENDED, PERIODIC, CHANGED = constants(
    "names.py",
    "ENERGY_ACTIVE_IMPORT_REGISTER",
    "POWER_ACTIVE_IMPORT",
    "CURRENT_IMPORT",
    "VOLTAGE",
    "ACCEPTED",
    "STARTED",
    "UPDATED",
    "ENDED",
    "METER_VALUE_PERIODIC",
    "CHARGING_STATE_CHANGED",
)
ACCEPTED_ANSWER = AuthorizeResponse(idTokenInfo_status=ACCEPTED)

board = Board()
model = Model()
timers = Timers()
partner = Partner()
from storage.journal import Journal  # noqa: E402

journal = Journal()
base = used()
from charging.charging import Charging  # noqa: E402

after_charging = used()
from blocks.authorization.authorization import Authorization  # noqa: E402
from blocks.authorization.cache import AuthorizationCache  # noqa: E402
from blocks.metering.metering import Metering  # noqa: E402
from blocks.metering.signatures import Signatures  # noqa: E402
from blocks.remote_control.remote_control import RemoteControl  # noqa: E402
from blocks.transactions.transactions import Transactions  # noqa: E402

code = used()
charging = Charging(board, model, timers, board, b"01234567-1-")
metering = Metering(charging, Signatures(charging, partner))
transactions = Transactions(charging, journal, metering)
cache = AuthorizationCache(partner, model, board)
authorization = Authorization(charging, cache)
remote = RemoteControl(charging)
# As build/gen/parts.py names them: calls of these stand in place of charging's hooks.
charging.partners = partner
partner.authorization, partner.cache, partner.journal = authorization, cache, journal
partner.link = partner.reset = partner
partner.metering, partner.transactions = metering, transactions
for source in (metering, transactions, authorization):
    source.link = partner
charging.resume()
metering.started()
timers.fire_due()
idle = used()


def pilot(evse, state):
    board.hardware[evse - 1].state = state
    charging.pilot_changed(evse, 1)


def drain():
    item = transactions.take(True)
    if item:
        for reading in item[1][TransactionEventRequest.meterValue] or ():
            for _ in reading[MeterValueType.sampledValue]:
                pass
        journal.drop_first()


def begin(evse):
    pilot(evse, 1)
    charging.token(1 << (evse - 1), b"04A1B2C3D4E5F6", b"ISO14443")
    authorization.take(True)
    authorization.answered(0, Answer())
    pilot(evse, 2)
    drain()


def end(evse):
    charging.token(1 << (evse - 1), b"04A1B2C3D4E5F6", b"ISO14443")
    pilot(evse, 1)  # the car lets go
    drain()
    pilot(evse, 0)


charging.online = True
begin(1)
begin(2)
running = used()


def sample(n):
    evse = charging.evses[0]
    for _ in range(n):
        transactions.event(evse, evse.transaction, UPDATED, PERIODIC, evse.state, 0)
        drain()


sample(10)
gc.collect()
before = gc.mem_alloc()
gc.disable()
sample(1)
one = gc.mem_alloc() - before
gc.enable()
few = used()
sample(1000)
many = used()
gc.collect()
before = gc.mem_alloc()
gc.disable()
charging.limits.look()
look = gc.mem_alloc() - before
gc.enable()
t = time.ticks_us()
sample(100)
t = time.ticks_diff(time.ticks_us(), t) // 100
end(1)
end(2)
for _ in range(10):
    begin(1)
    end(1)
ten = used()
for _ in range(100):
    begin(1)
    end(1)
hundred = used()
# Not a byte of heap is left: Started and Ended are told all the same.
kept = []
i = 0  # a new global would want heap later
hoard = [None] * 4000
begin(1)


def fill():
    at = 0
    size = 8192
    while size >= 16:
        try:
            hoard[at] = bytearray(size - 16)
            at += 1
        except MemoryError:
            size >>= 1


for kind in (STARTED, UPDATED, ENDED):
    while journal.count():
        journal.drop_first()
    evse = charging.evses[0]
    gc.collect()
    fill()
    transactions.event(evse, evse.transaction, kind, CHANGED, evse.state, 0)
    for i in range(len(hoard)):
        hoard[i] = None
    kept.append(journal.count())
    transactions.event(evse, evse.transaction, UPDATED, PERIODIC, evse.state, 0)
    kept.append(transactions._reserve is not None)
end(1)
print("charging code", after_charging - base)
print("blocks code", code - after_charging)
print("objects of 2 EVSEs", idle - code)
print("idle", idle - base)
print("two sessions", running - idle)
print("garbage of a sample", one)
print("garbage of a look at the limits", look)
print("creep of 1000 samples", many - few)
print("creep of 100 sessions", hundred - ten)
print("us for a sample", t)
assert idle - base <= 4000
assert many - few <= 32
assert hundred - ten <= 32
assert kept == [1, True] * 3, kept
