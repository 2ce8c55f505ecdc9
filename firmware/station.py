"""The composition root: the only file that knows all the rooms.

Three tasks: the link (with its outbox), the timers, the hardware's events. A supervisor sees that
all of them live, and feeds the watchdog only then.
"""

import asyncio
import gc

from micropython import const
from tables.extension import EXTENSION
from tables.names import AVAILABLE, FAULTED, OCCUPIED
from tables.variables import (
    ALIGNED_DATA_CTRLR_INTERVAL,
    ALIGNED_DATA_CTRLR_TX_ENDED_INTERVAL,
    AUTH_CACHE_CTRLR_STORAGE,
    CHARGING_STATION_AVAILABILITY_STATE,
    CHARGING_STATION_PROBLEM,
    CLOCK_CTRLR_DATE_TIME,
    CONNECTOR_AVAILABILITY_STATE,
    CONNECTOR_PLUG_RETENTION_LOCK_ACTIVE,
    CONNECTOR_PLUG_RETENTION_LOCK_PROBLEM,
    CONNECTOR_PROBLEM,
    DEVICE_DATA_CTRLR_BYTES_PER_MESSAGE_GET_VARIABLES,
    DEVICE_DATA_CTRLR_BYTES_PER_MESSAGE_SET_VARIABLES,
    EVSE_AVAILABILITY_STATE,
    EVSE_POWER,
    EVSE_PROBLEM,
    OCPP_COMM_CTRLR_HEARTBEAT_INTERVAL,
    SAMPLED_DATA_CTRLR_TX_ENDED_INTERVAL,
    SAMPLED_DATA_CTRLR_TX_UPDATED_INTERVAL,
    SECURITY_CTRLR_BASIC_AUTH_PASSWORD,
)

from blocks.authorization import Authorization
from blocks.availability import Availability
from blocks.data_transfer import DataTransfer
from blocks.events import Events
from blocks.metering import Metering
from blocks.port import NOT_MINE
from blocks.provisioning import Heartbeat, Registration
from blocks.remote_control import RemoteControl
from blocks.reports import Reports
from blocks.reset import Reset
from blocks.transactions import Transactions
from blocks.trigger import Trigger
from blocks.variables import Variables
from charging.authorization_cache import AuthorizationCache
from charging.charging import Charging
from charging.signatures import Signatures
from device_model.model import DeviceModel
from hal import log
from hal.events import (
    CLOCK,
    DATA_TRANSFER,
    FAULT,
    HEAP,
    HOOK_REPLY,
    NETWORK,
    PILOT,
    QUIT,
    REBOOT,
    TOKEN,
)
from hal.timers import Timers
from link.link import Link
from storage.journal import Journal
from storage.store import Store
from wire.names import name

if EXTENSION:
    from extension_guard import Guard  # around what the maker's charger has (boards/README.md)

_SUPERVISE_MS = const(5000)
_ARENA_SIZE = const(4096)  # at least, also when BytesPerMessage is less: for all other messages
_RX_SIZE = const(512)
_TX_SIZE = const(512)


# What metering plans its readings by.
_METERING = (
    ALIGNED_DATA_CTRLR_INTERVAL,
    ALIGNED_DATA_CTRLR_TX_ENDED_INTERVAL,
    SAMPLED_DATA_CTRLR_TX_ENDED_INTERVAL,
    SAMPLED_DATA_CTRLR_TX_UPDATED_INTERVAL,
)

_FLAGS = (
    CHARGING_STATION_PROBLEM,
    CONNECTOR_PLUG_RETENTION_LOCK_ACTIVE,
    CONNECTOR_PLUG_RETENTION_LOCK_PROBLEM,
    CONNECTOR_PROBLEM,
    EVSE_PROBLEM,
)


class Station:
    """A charging station on a board.

    Args:
        board: the hardware (firmware/hal/README.md).
    """

    def __init__(self, board):
        self.board = board
        self.timers = timers = Timers()
        self.store = Store(board.storage)
        self.model = model = DeviceModel(board, self.store)
        gc.collect()  # the large buffers first, while the heap is in one piece
        arena = _arena(model)
        rx_buf = bytearray(_RX_SIZE)
        tx_buf = bytearray(_TX_SIZE)
        self.journal = Journal()
        self._transactions_begun = 0
        self._reason = None  # of the next boot
        self._prefix = b"%s-%x-" % (_hex(board.random(4)), self.store.boot_count)
        self.charging = charging = Charging(
            board, model, timers, board.clock, self._transaction_id
        )
        self.registration = Registration(board, model, timers, self._accepted)
        self.heartbeat = Heartbeat(board, model, timers)
        self.availability = Availability(board, model, charging)
        self.events = Events(
            board.clock, charging, self.availability.places, self.store.boot_count
        )
        self.extension = Guard(board, model, timers) if EXTENSION else None
        self.data_transfer = DataTransfer(
            self.extension if EXTENSION else board, timers, self.extension
        )
        if EXTENSION:
            self.extension.block = self.data_transfer
        self.authorization = Authorization(charging)
        self.metering = Metering(charging, Signatures(charging, self.store))
        self.transactions = Transactions(charging, self.journal, self.metering)
        self.reports = Reports(board, model)
        self.remote_control = RemoteControl(charging)
        self.reset = Reset(board, model, timers, charging, self.journal, self._restart)
        self.trigger = Trigger(
            board,
            self.registration,
            self.heartbeat,
            self.availability,
            self.metering,
            self.transactions,
        )
        self._blocks = (
            Variables(model),
            self.authorization,
            self.reports,
            self.remote_control,
            self.transactions,
            self.data_transfer,
            self.availability,
            self.reset,
            self.trigger,
        )
        sources = [
            self.registration,
            self.authorization,
            self.availability,
            self.events,
            self.data_transfer,
            self.transactions,
            self.metering,
            self.reports,
            self.trigger,
            self.heartbeat,
        ]
        self.link = Link(
            board,
            model,
            timers,
            sources,
            self._handle,
            rx_buf,
            tx_buf,
            arena,
            self.store.boot_count,
        )
        self.link.accepted = self.registration.accepted
        self.link.on_connection = self._connected
        for source in sources:
            source.link = self.link
        self.remote_control.link = self.link
        charging.listener = self
        charging.events = self.transactions
        charging.authorizer = self.authorization
        charging.cache = AuthorizationCache(self.store, model, board.clock)
        model.live = self._live
        model.most = charging.limits.rated_w
        model.changed = self._changed

    async def run(self):
        """Charge, until the board restarts the firmware."""
        board = self.board
        log.info(
            "boot %d (%s), firmware %s",
            self.store.boot_count,
            board.boot_reason,
            board.firmware_version,
        )
        self.journal.load(self.store)
        self.charging.resume()
        self.metering.configure()
        tasks = [
            asyncio.create_task(t) for t in (self._talk(), self.timers.run(), self._hardware())
        ]
        while True:
            board.watchdog()
            await asyncio.sleep_ms(_SUPERVISE_MS)
            for task in tasks:
                if task.done():
                    await task  # raises what ended it
                    raise RuntimeError("a task has ended")

    # ---- the hardware

    async def _hardware(self):
        hardware = self.board.events
        while True:
            event = hardware.get()
            if event is None:
                await hardware.wait()
            else:
                self._event(event)
                if EXTENSION:
                    self.extension.event(event)

    def _event(self, event):
        kind = event[0]
        charging = self.charging
        if kind in (PILOT, FAULT):
            charging.pilot_changed(event[1], event[2])
            self.link.wake()  # a lock's failure may not show in the status
        elif kind == TOKEN:
            charging.token(event[1], event[2], event[3])
        else:
            self._other_event(kind, event)

    def _other_event(self, kind, event):
        if kind == CLOCK:
            self.timers.wake()
        elif kind == NETWORK:
            self.link.network(event[1])
        elif kind == DATA_TRANSFER:
            self.data_transfer.send(*event[1:])
        elif kind == HOOK_REPLY:
            self.data_transfer.hook_reply(*event[1:])
        elif kind == REBOOT:
            self.reset.request(b"LocalReset")
        elif kind == QUIT:
            self.link.close()  # transactions stay as they are: nothing but the process ends
        elif kind == HEAP:
            gc.collect()
            self.board.heap_reply(event[1], gc.mem_alloc(), gc.mem_free())

    # ---- from charging

    def status_changed(self, evse, connector):
        self.availability.status_changed(evse, connector)

    def transaction_changed(self, evse, transaction_id):
        if evse:  # else it is not known yet where
            self.board.indicator.transaction(evse, transaction_id)
        if transaction_id is None:
            self.reset.transaction_ended()

    def lock_changed(self):
        self.link.wake()

    def display(self, evse, text):
        self.board.indicator.display(evse, text)

    def _transaction_id(self):
        """A transaction id, unique for ever, over reboots, repairs and updates (E01.FR.08)."""
        self._transactions_begun += 1
        return b"%s%x" % (self._prefix, self._transactions_begun)

    # ---- from the link

    def _handle(self, action, reader):
        refusal = self.registration.refusal(action)
        if refusal is not None:
            return refusal
        for block in self._blocks:
            reply = block.handle(action, reader)
            if reply != NOT_MINE:
                return reply
        log.warning("%s is not supported yet", name(action))
        return NOT_MINE

    def _connected(self, up):
        self.board.indicator.connected(up)
        self._set_online()
        if not up:
            self.data_transfer.connected(False)  # also while Pending
        self.registration.connected(up)
        self.availability.connected(up)

    def _accepted(self):
        self._set_online()
        self.charging.accepted()
        self.availability.tell_all()  # B01.FR.05
        self.heartbeat.restart()
        self.link.wake()

    def _set_online(self):
        """Online is who is connected and accepted: then the CSMS can be asked, and is told what
        has waited.
        """
        online = self.link.connected and self.registration.accepted() is True
        if online != self.charging.online:
            self.charging.online = online
            self.authorization.connected(online)
            self.transactions.connected(online)
            self.metering.connected(online)
            self.data_transfer.connected(online)
            self.metering.align()

    # ---- from the device model

    def _live(self, variable, evse, connector):
        if variable == CLOCK_CTRLR_DATE_TIME:
            return self.board.clock.utc()
        if variable == AUTH_CACHE_CTRLR_STORAGE:
            return self.charging.cache.used
        if variable == EVSE_POWER:
            return self.board.meter(evse).power_w()
        if variable in (
            CHARGING_STATION_AVAILABILITY_STATE,
            EVSE_AVAILABILITY_STATE,
            CONNECTOR_AVAILABILITY_STATE,
        ):
            return name(self._status(evse, connector))
        if variable in _FLAGS:
            return b"true" if self._flag(variable, evse, connector) else b"false"
        if EXTENSION:
            return self.extension.read(variable, evse, connector)
        return None

    def _flag(self, variable, evse, connector):
        if variable == CONNECTOR_PLUG_RETENTION_LOCK_ACTIVE:
            return self.charging.outlet(evse, connector).locked()
        if variable == CONNECTOR_PLUG_RETENTION_LOCK_PROBLEM:
            return self.charging.outlet(evse, connector).lock_problem()
        return self._status(evse, connector) == FAULTED

    def _status(self, evse, connector):
        """Status of a connector, of an EVSE (connector 0) or of the station (evse 0): one that is
        occupied makes an EVSE so, one that is available makes the station so.
        """
        status = 0
        strong = OCCUPIED if evse else AVAILABLE
        for e, c in self.availability.places:
            if evse in (0, e) and connector in (0, c):
                here = self.charging.status(e, c)
                if here == strong:
                    return here
                status = status or here
        return status

    def _changed(self, variable, evse, connector):
        if variable == OCPP_COMM_CTRLR_HEARTBEAT_INTERVAL:
            self.heartbeat.restart()
        elif variable == SECURITY_CTRLR_BASIC_AUTH_PASSWORD:
            self.link.password_changed()
        elif variable in _METERING:
            self.metering.configure(variable)
        elif EXTENSION:
            self.extension.changed(variable, evse, connector)

    # ---- the end

    def _restart(self, reason):
        self._reason = reason
        self.link.close()

    async def _talk(self):
        await self.link.run()  # until _restart() or QUIT has closed it
        # What waits in RAM is for the time after the restart (B12.FR.05).
        self.journal.save(self.store)
        self.board.restart(self._reason)


def _arena(model):
    """For what a message brings: BytesPerMessage (B06.FR.17), clamped to a quarter of the heap."""
    gc.collect()
    most = max(gc.mem_free() // 4, _ARENA_SIZE)
    size = _ARENA_SIZE
    for variable in (
        DEVICE_DATA_CTRLR_BYTES_PER_MESSAGE_GET_VARIABLES,
        DEVICE_DATA_CTRLR_BYTES_PER_MESSAGE_SET_VARIABLES,
    ):
        model.clamp(variable, most)
        size = max(size, model.int(variable))
    return bytearray(size)


def _hex(data):
    value = 0
    for c in data:
        value = value << 8 | c
    return b"%08x" % value
