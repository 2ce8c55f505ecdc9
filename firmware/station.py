"""The composition root: the only file that knows all the rooms.

Three tasks: the link (with its outbox), the timers, the hardware's events. A supervisor sees that
all of them live, and feeds the watchdog only then.
"""

import asyncio
import gc

from micropython import const
from parts import Parts
from tables.extension import EXTENSION
from tables.variables import (
    DEVICE_DATA_CTRLR_BYTES_PER_MESSAGE_GET_VARIABLES,
    DEVICE_DATA_CTRLR_BYTES_PER_MESSAGE_SET_VARIABLES,
)

from blocks.port import NOT_MINE
from charging.charging import Charging
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


class Station(Parts):
    """A charging station on a board; the parts of its functional blocks come from Parts, which the
    build makes from their declarations.

    Args:
        board: the hardware (firmware/hal/README.md).
    """

    def __init__(self, board):
        self.board = board
        self.clock = board.clock
        self.timers = timers = Timers()
        self.store = Store(board.storage)
        self.boot_count = self.store.boot_count
        self.model = model = DeviceModel(board, self.store)
        gc.collect()  # the large buffers first, while the heap is in one piece
        arena = _arena(model)
        rx_buf = bytearray(_RX_SIZE)
        tx_buf = bytearray(_TX_SIZE)
        self.journal = Journal()
        self.places = [(e + 1, c + 1) for e, n in enumerate(board.connectors) for c in range(n)]
        self._transactions_begun = 0
        self._reason = None  # of the next boot
        self._prefix = b"%s-%x-" % (_hex(board.random(4)), self.boot_count)
        self.charging = charging = Charging(
            board, model, timers, board.clock, self._transaction_id
        )
        # The maker's side: the board's own, or around that the extension.
        self.maker = board
        self.extension = None
        if EXTENSION:
            self.maker = self.extension = Guard(board, model, timers)
        sources = []
        self.link = Link(
            board,
            model,
            timers,
            sources,
            self._handle,
            rx_buf,
            tx_buf,
            arena,
            self.boot_count,
        )
        self.make(self.link, sources)
        self.link.on_connection = self._connected
        if EXTENSION:
            self.extension.block = self.data_transfer
        charging.listener = self
        model.live = self.live
        model.most = charging.limits.rated_w
        model.changed = self.changed

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
        self.started()
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
            self.data_transfer_asked(*event[1:])
        elif kind == HOOK_REPLY:
            self.hook_replied(*event[1:])
        elif kind == REBOOT:
            self.restart_asked(b"LocalReset")
        elif kind == QUIT:
            self.link.close()  # transactions stay as they are: nothing but the process ends
        elif kind == HEAP:
            gc.collect()
            self.board.heap_reply(event[1], gc.mem_alloc(), gc.mem_free())

    # ---- from charging

    def status_changed(self, evse, connector):
        self.connector_changed(evse, connector)

    def transaction_changed(self, evse, transaction_id):
        if evse:  # else it is not known yet where
            self.board.indicator.transaction(evse, transaction_id)
        if transaction_id is None:
            self.transaction_ended()

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
        reply = self.refusal(action)
        if reply is None:
            reply = self.handle(action, reader)
        if reply == NOT_MINE:
            log.warning("%s is not supported yet", name(action))
        return reply

    def _connected(self, up):
        self.board.indicator.connected(up)
        self._set_online()
        self.connected(up)

    def accepted(self):
        """The CSMS has accepted the station."""
        self._set_online()
        self.charging.accepted()
        self.accepted_by_csms()
        self.link.wake()

    def _set_online(self):
        """Online is who is connected and accepted: then the CSMS can be asked, and is told what
        has waited.
        """
        online = self.link.connected and self.link.accepted() is True
        if online != self.charging.online:
            self.charging.online = online
            self.online(online)

    # ---- the end

    def restart(self, reason):
        """Restart the firmware in good order, for a reason of the next boot."""
        self._reason = reason
        self.link.close()

    async def _talk(self):
        await self.link.run()  # until restart() or QUIT has closed it
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
