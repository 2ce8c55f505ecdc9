"""A board, a device model and a clock for tests of charging and its blocks, all moved by hand.

    world = World()                 # two EVSEs with one detachable connector each
    world.plug(1)                   # pilot B
    world.swipe(b"A1")
    world.allow()                   # the CSMS accepts what it is asked
    world.ev(1, "C")
    world.events()                  # what has been told since, as Event
    world.relay(1)

The newest World gives `time` the functions of MicroPython, on its own clock.
"""

import functools
import time
from collections import namedtuple

import asyncio_core  # noqa: F401
from tables import names, variables
from tables.messages import (
    AuthorizeRequest,
    AuthorizeResponse,
    IdTokenInfoType,
    MeterValueType,
    RequestStartTransactionRequest,
    RequestStopTransactionRequest,
    SampledValueType,
    TransactionEventRequest,
    TransactionEventResponse,
)

from blocks.authorization.authorization import Authorization
from blocks.authorization.cache import AuthorizationCache
from blocks.metering.metering import Metering
from blocks.metering.signatures import Signatures
from blocks.port import ANSWERED
from blocks.remote_control.remote_control import RemoteControl
from blocks.transactions.transactions import Transactions
from charging.charging import Charging
from hal.timers import Timers
from storage.journal import Journal
from storage.store import Store
from tools.blocks.hooks import HOOKS, RULES
from wire.names import name

WRAP = 1 << 30
START_UTC = 200_000_000 - 200_000_000 % 86400 + 36000  # 10:00:00

DEFAULTS = {
    "AUTH_CACHE_CTRLR_DISABLE_POST_AUTHORIZE": b"false",
    "AUTH_CACHE_CTRLR_ENABLED": b"false",
    "AUTH_CACHE_CTRLR_LIFE_TIME": b"86400",
    "AUTH_CACHE_CTRLR_POLICY": b"LRU",
    "AUTH_CTRLR_DISABLE_REMOTE_AUTHORIZATION": b"false",
    "AUTH_CTRLR_ENABLED": b"true",
    "AUTH_CTRLR_LOCAL_AUTHORIZE_OFFLINE": b"true",
    "AUTH_CTRLR_LOCAL_PRE_AUTHORIZE": b"true",
    "AUTH_CTRLR_MASTER_PASS_GROUP_ID": b"",
    "AUTH_CTRLR_AUTHORIZE_REMOTE_START": b"false",
    "AUTH_CTRLR_OFFLINE_TX_FOR_UNKNOWN_ID_ENABLED": b"false",
    "ALIGNED_DATA_CTRLR_INTERVAL": b"0",
    "ALIGNED_DATA_CTRLR_MEASURANDS": b"Energy.Active.Import.Register",
    "ALIGNED_DATA_CTRLR_SEND_DURING_IDLE": b"false",
    "ALIGNED_DATA_CTRLR_SEND_DURING_IDLE_EVSE": b"false",
    "ALIGNED_DATA_CTRLR_SIGN_READINGS": b"false",
    "ALIGNED_DATA_CTRLR_TX_ENDED_INTERVAL": b"0",
    "ALIGNED_DATA_CTRLR_TX_ENDED_MEASURANDS": b"",
    "CHARGING_STATION_ENABLED": b"true",
    "EVSE_ENABLED": b"true",
    "CONNECTOR_ENABLED": b"true",
    "OCPP_COMM_CTRLR_MESSAGE_ATTEMPTS_TRANSACTION_EVENT": b"3",
    "OCPP_COMM_CTRLR_MESSAGE_ATTEMPT_INTERVAL_TRANSACTION_EVENT": b"10",
    "OCPP_COMM_CTRLR_UNLOCK_ON_EV_SIDE_DISCONNECT": b"true",
    "OCPP_COMM_CTRLR_PUBLIC_KEY_WITH_SIGNED_METER_VALUE": b"OncePerTransaction",
    "SAMPLED_DATA_CTRLR_SIGN_READINGS": b"false",
    "SAMPLED_DATA_CTRLR_TX_ENDED_INTERVAL": b"0",
    "SAMPLED_DATA_CTRLR_TX_ENDED_MEASURANDS": b"Energy.Active.Import.Register",
    "SAMPLED_DATA_CTRLR_TX_STARTED_MEASURANDS": b"Energy.Active.Import.Register",
    "SAMPLED_DATA_CTRLR_TX_UPDATED_INTERVAL": b"0",
    "SAMPLED_DATA_CTRLR_TX_UPDATED_MEASURANDS": (
        b"Energy.Active.Import.Register,Power.Active.Import"
    ),
    "TX_CTRLR_EV_CONNECTION_TIME_OUT": b"60",
    "TX_CTRLR_MAX_ENERGY_ON_INVALID_ID": b"0",
    "TX_CTRLR_STOP_TX_ON_EV_SIDE_DISCONNECT": b"true",
    "TX_CTRLR_STOP_TX_ON_INVALID_ID": b"true",
    "TX_CTRLR_TX_BEFORE_ACCEPTED_ENABLED": b"true",
    "TX_CTRLR_TX_START_POINT": b"EVConnected",
    "TX_CTRLR_TX_STOP_POINT": b"EVConnected,Authorized",
}

# TransactionEventRequest, names as str
EVENT = {
    "kind": TransactionEventRequest.eventType,
    "at": TransactionEventRequest.timestamp,
    "trigger": TransactionEventRequest.triggerReason,
    "seq_no": TransactionEventRequest.seqNo,
    "offline": TransactionEventRequest.offline,
    "phases": TransactionEventRequest.numberOfPhasesUsed,
    "reservation_id": TransactionEventRequest.reservationId,
    "transaction_id": TransactionEventRequest.transactionInfo_transactionId,
    "state": TransactionEventRequest.transactionInfo_chargingState,
    "spent_s": TransactionEventRequest.transactionInfo_timeSpentCharging,
    "reason": TransactionEventRequest.transactionInfo_stoppedReason,
    "remote_start_id": TransactionEventRequest.transactionInfo_remoteStartId,
    "evse": TransactionEventRequest.evse_id,
    "connector": TransactionEventRequest.evse_connectorId,
    "token": TransactionEventRequest.idToken_idToken,
    "token_kind": TransactionEventRequest.idToken_type,
    "additional_info": TransactionEventRequest.idToken_additionalInfo,
    "meter_value": TransactionEventRequest.meterValue,
}
Event = namedtuple("Event", EVENT)
VALUE = {
    "value": SampledValueType.value,
    "decimals": SampledValueType.value_decimals,
    "context": SampledValueType.context,
    "measurand": SampledValueType.measurand,
    "phase": SampledValueType.phase,
    "location": SampledValueType.location,
    "unit": SampledValueType.unitOfMeasure_unit,
    "multiplier": SampledValueType.unitOfMeasure_multiplier,
    "signed": SampledValueType.signedMeterValue_signedMeterData,
    "method": SampledValueType.signedMeterValue_signingMethod,
    "encoding": SampledValueType.signedMeterValue_encodingMethod,
    "key": SampledValueType.signedMeterValue_publicKey,
}
Value = namedtuple("Value", VALUE)


def chosen(slots, places):
    """Of a message or record what is in these places; behind its end there is None."""
    return [slots[place] if place < len(slots) else None for place in places]


def token_info(**fields):
    """What the CSMS says about a token."""
    return chosen(IdTokenInfoType(**fields), range(IdTokenInfoType.SLOTS))


def word(name_id):
    """A name id as str."""
    return None if name_id is None else name(name_id).decode()


def readings(meter_value):
    """[(timestamp, [Value])], read twice as the writer does."""
    passes = []
    for _ in range(2):
        groups = []
        for reading in meter_value or ():
            at, samples = chosen(reading, (MeterValueType.timestamp, MeterValueType.sampledValue))
            values = [Value(*chosen(sample, VALUE.values())) for sample in samples]
            values = [v._replace(signed=v.signed and b"".join(v.signed)) for v in values]
            groups.append((at, values))
        passes.append(groups)
    assert passes[0] == passes[1]
    return [
        (
            at,
            [
                v._replace(
                    context=word(v.context),
                    measurand=word(v.measurand),
                    phase=word(v.phase),
                )
                for v in values
            ],
        )
        for at, values in passes[0]
    ]


class FakeClock:
    def __init__(self):
        self.ms = WRAP - 5000  # ticks wrap during the test
        self.known = True

    def utc(self):
        return START_UTC + (self.ms - WRAP + 5000) // 1000 if self.known else None


class FakeModel:
    def __init__(self):
        self.values = {getattr(variables, key): value for key, value in DEFAULTS.items()}

    def text(self, variable, evse=0, connector=0):
        return self.values.get((variable, evse, connector), self.values[variable])

    def int(self, variable, evse=0, connector=0):
        return int(self.text(variable, evse, connector))

    def flag(self, variable, evse=0, connector=0):
        return self.text(variable, evse, connector) == b"true"

    def members(self, variable, evse=0, connector=0):
        members = self.text(variable, evse, connector).split(b",")
        return tuple(_KNOWN[m] for m in members if m)

    def set(self, variable, value, evse=0, connector=0):
        self.values[(variable, evse, connector)] = value


_IDS = {value for key, value in vars(names).items() if key.isupper()}
_KNOWN = {name(i): i for i in range(1, 900) if i in _IDS}


def offered_ma(permille):
    """The current that a pilot signal offers (IEC 61851-1)."""
    if permille >= 1000:
        return 0
    return permille * 60 if permille <= 850 else (permille - 640) * 250


class FakeConnector:
    """A car that `obeys` goes to B when the offer is taken away; `told` hears of it."""

    def __init__(self, meter, told):
        self.meter = meter
        self.told = told
        self.obeys = True
        self.wanted_ma = 16000
        self.cable_ma = 32000
        self.rating_ma = 32000
        self.degrees = 25
        self.opened_under_load = 0
        self.detachable = True
        self.state = 0
        self.error = None
        self.permille = 0
        self.closed = False
        self.welded = False
        self.is_locked = False
        self.jammed = False

    def pilot(self):
        return self.state

    def set_pwm(self, permille):
        assert permille in (0, 50, 1000) or 100 <= permille <= 960
        self.meter.count()
        taken_away = permille == 1000 and 0 < self.permille < 1000
        self.permille = permille
        if taken_away and self.obeys and self.state in (2, 3):
            self.state = 1
            self.told()

    def proximity_ma(self):
        return self.cable_ma

    def celsius(self):
        return self.degrees

    def drawn_ma(self):
        """What the car draws, per phase."""
        if not self.relay_closed() or self.state not in (2, 3):
            return 0
        return min(self.wanted_ma, offered_ma(self.permille)) if self.obeys else self.wanted_ma

    def relay(self, on):
        assert not (on and self.error), "closed in spite of a fault"
        self.meter.count()
        if self.closed and not on and self.drawn_ma():
            self.opened_under_load += 1
        self.closed = on

    def relay_closed(self):
        return self.closed or self.welded

    def lock(self, on):
        if not self.jammed:
            self.is_locked = on

    def locked(self):
        return self.is_locked

    def fault(self):
        return self.error


class FakeMeter:
    def __init__(self, clock, connectors):
        self.clock = clock
        self.connectors = connectors
        self.mwh = 1_000_000
        self.rest = 0
        self.since = clock.ms
        self.phase_count = 3
        self.record = None  # what it signs: signedMeterData, signingMethod, encodingMethod
        self.key = b""

    def drawn_ma(self):
        return sum(c.drawn_ma() for c in self.connectors)

    def count(self):
        self.rest += (self.clock.ms - self.since) * self.power_w()
        self.since = self.clock.ms
        self.mwh += self.rest // 3600
        self.rest %= 3600

    def energy_wh(self):
        self.count()
        return self.mwh // 1000

    def power_w(self):
        return self.drawn_ma() * 3 * 230 // 1000

    def current_ma(self, phase):
        return self.drawn_ma() if phase <= self.phase_count else 0

    def voltage_dv(self, phase):
        return 2300 if phase <= self.phase_count else 0

    def phases(self):
        return self.phase_count if self.drawn_ma() else 0

    def signed(self):
        return self.record

    def public_key(self):
        return self.key


@functools.cache
def _asked(hook, count):
    """callable(answers, *arguments): what stands in place of a hook when so many answer it."""
    rule, names = HOOKS[hook]
    given = ", ".join(names[1:] if rule == "least" else names)
    calls = [f"answers[{i}]({given})" for i in range(count)]
    if rule == "all":
        return eval(f"lambda {', '.join(('answers', *names))}: [{', '.join(calls)}] and None")
    return eval(f"lambda {', '.join(('answers', *names))}: {RULES[rule](calls, list(names))}")


class Partners:
    """The hooks of charging and of the device model, as tools/freeze.py puts them in place.

    Args:
        answers: HOOK -> functions, in their order.
    """

    def __init__(self, **answers):
        assert answers.keys() <= HOOKS.keys()
        self.answers = answers

    def __getattr__(self, hook):
        answers = self.answers.get(hook, ())
        return functools.partial(_asked(hook, len(answers)), answers)


class FakeBoard:
    def __init__(self, clock, connectors=(1, 1)):
        self.connectors = connectors
        self.clock = clock
        self.supply_ma = 0
        self.phases = 3
        self.outlets = {}
        self.meters = {}
        self.moved = []  # (evse, connector) whose pilot events wait
        for e, n in enumerate(connectors, 1):
            mine = []
            self.meters[e] = FakeMeter(clock, mine)
            for c in range(1, n + 1):
                told = functools.partial(self.moved.append, (e, c))
                self.outlets[e, c] = FakeConnector(self.meters[e], told)
                mine.append(self.outlets[e, c])

    def connector(self, evse, connector):
        return self.outlets[evse, connector]

    def meter(self, evse):
        return self.meters.get(evse)


class Indicator:
    """What driver and technician see."""

    def __init__(self):
        self.statuses = []
        self.texts = []

    def status(self, evse, connector, name):
        self.statuses.append((evse, connector, name.decode()))

    def transaction(self, evse, transaction_id):
        assert evse

    def display(self, evse, text):
        self.texts.append((evse, text.decode()))


class Reader:
    """What a block gets as `reader`, of a message as tables.messages makes it."""

    def __init__(self, slots=(), error=0):
        self.slots = [*slots] + [None] * (31 - len(slots))
        self.error = error
        self.detail = b"somewhere"
        self.message_id = b"1"

    def unpack(self, *places):
        return chosen(self.slots, places) if places else self.slots

    def each(self, slot):
        return self.slots[slot] or ()


class Flash:
    """A block device whose files the `vfs` shim keeps."""

    files = None

    def readblocks(self, block, buf, offset=0):
        buf[:] = b"\xff" * len(buf)


class World:
    """charging and its blocks around fakes; variables are set by their constants' names."""

    def __init__(self, connectors=(1, 1), resume=True, online=True, journal=16000, **settings):
        self.clock = FakeClock()
        self.install()
        self.board = FakeBoard(self.clock, connectors)
        self.model = FakeModel()
        self.set(**settings)
        self.timers = Timers()
        self.journal = Journal(journal)
        self.charging = Charging(self.board, self.model, self.timers, self.clock, b"tx-")
        self.board.indicator = Indicator()
        self.store = Store(Flash())
        self.signatures = Signatures(self.charging, self.store)
        self.metering = Metering(self.charging, self.signatures)
        self.transactions = Transactions(self.charging, self.journal, self.metering)
        self.cache = AuthorizationCache(self.store, self.model, self.clock)
        self.authorization = Authorization(self.charging, self.cache)
        self.remote = RemoteControl(self.charging)
        self.accepted = lambda: True
        self.charging.partners = self.partners = Partners(
            known=[self.cache.known],
            judged=[self.cache.put],
            ask_csms=[self.authorization.ask_csms],
            transaction_event=[self.transactions.event],
            readings=[self.transactions.readings, self.metering.readings],
            thin=[self.metering.thin, self.journal.thin],
            unsent=[self.journal.count],
            connector_changed=[lambda evse, connector: self.wake()],
            lock_changed=[self.wake],
        )
        for part in (self.metering, self.transactions, self.authorization, self.remote):
            part.link = self
        self.statuses = self.board.indicator.statuses
        self.texts = self.board.indicator.texts
        self.wakes = 0
        if online:
            self.connect(True)
        if resume:
            self.charging.resume()
            self.metering.started()
            self.statuses.clear()

    # ---- the clock

    def install(self):
        time.ticks_ms = lambda: self.clock.ms % WRAP
        time.ticks_add = lambda ticks, delta: (ticks + delta) % WRAP
        time.ticks_diff = lambda a, b: (a - b + WRAP // 2) % WRAP - WRAP // 2

    def advance(self, seconds):
        """Let time pass, and timers fire when they are due."""
        self.settle()
        end = self.clock.ms + int(seconds * 1000)
        while True:
            wait = self.timers.fire_due()
            self.settle()
            wait = min(wait, self.timers.fire_due())
            step = min(wait, end - self.clock.ms)
            self.clock.ms += step
            if self.clock.ms >= end and wait > step:
                return
            if self.clock.ms >= end:
                self.timers.fire_due()
                self.settle()
                return

    # ---- the link

    def wake(self):
        self.wakes += 1

    # ---- the world outside

    def settle(self):
        """Cars that were told to stop have done so: the firmware hears of it."""
        while self.board.moved:
            self.charging.pilot_changed(*self.board.moved.pop(0))

    def set(self, **settings):
        for key, value in settings.items():
            self.model.values[getattr(variables, key)] = value.encode()

    def connect(self, up):
        self.settle()
        self.charging.online = up
        self.authorization.online(up)
        self.transactions.online(up)
        self.metering.online(up)

    def ev(self, evse, state, connector=1):
        self.settle()
        hardware = self.board.outlets[evse, connector]
        hardware.meter.count()
        hardware.state = "ABCDEF".index(state)
        self.charging.pilot_changed(evse, connector)

    def plug(self, evse, connector=1):
        self.ev(evse, "B", connector)

    def unplug(self, evse, connector=1):
        self.ev(evse, "A", connector)

    def fault(self, evse, error, connector=1):
        self.settle()
        hardware = self.board.outlets[evse, connector]
        hardware.error = error
        self.charging.pilot_changed(evse, connector)

    def swipe(self, token, evse=0, kind=b"ISO14443"):
        self.settle()
        self.charging.token(1 << (evse - 1) if evse else 0, token, kind)

    def asked(self):
        """The token that the CSMS is asked about now, or None."""
        item = self.authorization.take(True)
        return None if item is None else item[1][AuthorizeRequest.idToken_idToken]

    def answer(self, status, group=None, evses=None, outcome=ANSWERED):
        """The CSMS answers Authorize."""
        self.settle()
        assert self.authorization.take(True) is not None
        kind = names.CENTRAL if group else None
        answer = AuthorizeResponse(
            idTokenInfo_status=status,
            idTokenInfo_groupIdToken_idToken=group,
            idTokenInfo_groupIdToken_type=kind,
            idTokenInfo_evseId=evses,
        )
        self.authorization.answered(outcome, Reader(answer))

    def allow(self, group=None):
        self.answer(names.ACCEPTED, group)

    def start(self, token=b"R1", evse=None, remote_start_id=7, kind=names.CENTRAL, group=None):
        self.settle()
        request = RequestStartTransactionRequest(
            evseId=evse,
            remoteStartId=remote_start_id,
            idToken_idToken=token,
            idToken_type=kind,
            groupIdToken_idToken=group,
            groupIdToken_type=names.CENTRAL if group else None,
        )
        return self.remote.handle(names.REQUEST_START_TRANSACTION, Reader(request))

    def stop(self, transaction_id):
        self.settle()
        request = RequestStopTransactionRequest(transactionId=transaction_id)
        return self.remote.handle(names.REQUEST_STOP_TRANSACTION, Reader(request))

    # ---- what has come of it

    def event(self, status=None, outcome=ANSWERED, group=None):
        """The next TransactionEvent as the CSMS gets it, or None; it answers `status`."""
        self.settle()
        item = self.transactions.take(True)
        if item is None:
            return None
        event = Event(*chosen(item[1], EVENT.values()))
        assert item[0] == names.TRANSACTION_EVENT
        event = event._replace(
            kind=word(event.kind),
            trigger=word(event.trigger),
            state=word(event.state),
            reason=word(event.reason),
            token_kind=word(event.token_kind),
            meter_value=readings(event.meter_value),
        )
        kind = names.CENTRAL if group else None
        answer = TransactionEventResponse(
            idTokenInfo_status=status,
            idTokenInfo_groupIdToken_idToken=group,
            idTokenInfo_groupIdToken_type=kind,
        )
        self.transactions.answered(outcome, Reader(answer))
        return event

    def events(self):
        """All that waits, as Event."""
        result = []
        while (event := self.event()) is not None:
            result.append(event)
        return result

    def told(self):
        """All that waits, in short: (kind, trigger, state) and the reason of an end."""
        return [
            (e.kind, e.trigger, e.state) + ((e.reason,) if e.reason else ()) for e in self.events()
        ]

    def status(self, evse, connector=1):
        self.settle()
        return word(self.charging.status(evse, connector))

    def relay(self, evse, connector=1):
        self.settle()
        return self.board.outlets[evse, connector].closed

    def pwm(self, evse, connector=1):
        self.settle()
        return self.board.outlets[evse, connector].permille

    def locked(self, evse, connector=1):
        self.settle()
        return self.board.outlets[evse, connector].is_locked
