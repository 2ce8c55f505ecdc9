"""The composition root: the only file that knows all the rooms.

Three tasks: the link (with its outbox), the timers, the hardware's events. A supervisor sees that
all of them live, and feeds the watchdog only then.
"""

import asyncio
import gc

from micropython import const
from parts import ARENA, Parts

from charging.charging import Charging
from device_model.limits import arena
from device_model.model import DeviceModel
from hal import log
from hal.events import CLOCK, FAULT, HEAP, NETWORK, PILOT, QUIT, TOKEN
from hal.timers import Timers
from link.link import Link
from storage.store import Store

_SUPERVISE_MS = const(5000)
_RX_SIZE = const(512)
_TX_SIZE = const(512)


class Station(Parts):
    """A charging station on a board. The parts of its functional blocks come from Parts, which the
    build makes from their declarations: it dispatches to them what it is told by handle(),
    event(), live(), changed(), and the hooks, as `self.connected(up)` (firmware/blocks/README.md).

    Args:
        board: the hardware (firmware/hal/README.md).
    """

    def __init__(self, board):
        self.board = board
        self.clock = board.clock
        self.timers = timers = Timers()
        self.store = Store(board.storage)
        self.boot_count = boot_count = self.store.boot_count
        self.model = model = DeviceModel(board, self.store)
        space = arena(model, ARENA)  # the large buffers first, while the heap is in one piece
        rx_buf = bytearray(_RX_SIZE)
        tx_buf = bytearray(_TX_SIZE)
        self.places = [(e + 1, c + 1) for e, n in enumerate(board.connectors) for c in range(n)]
        self._reason = None  # of the next boot
        prefix = b"%08x-%x-" % (int.from_bytes(board.random(4), "big"), boot_count)
        self.charging = charging = Charging(board, model, timers, board.clock, prefix)
        charging.partners = model.partners = self
        sources = []
        self.link = Link(
            board, model, timers, sources, self._handle, rx_buf, tx_buf, space, boot_count
        )
        self.make(self.link, sources)
        self.link.on_connection = self._connected
        model.live = self.live
        model.most = charging.limits.rated_w
        model.changed = self.changed

    async def run(self):
        """Charge, until the board restarts the firmware."""
        board = self.board
        log.info(
            "boot %d (%s), firmware %s",
            self.boot_count,
            board.boot_reason,
            board.firmware_version,
        )
        self.loading()
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
                self._take(event)
                self.event(event)

    def _take(self, event):
        kind = event[0]
        if kind in (PILOT, FAULT):
            self.charging.pilot_changed(event[1], event[2])
        elif kind == TOKEN:
            self.charging.token(event[1], event[2], event[3])
        elif kind == CLOCK:
            self.timers.wake()
        elif kind == NETWORK:
            self.link.network(event[1])
        elif kind == QUIT:
            self.link.close()  # transactions stay as they are: nothing but the process ends
        elif kind == HEAP:
            gc.collect()
            self.board.heap_reply(event[1], gc.mem_alloc(), gc.mem_free())

    # ---- from the link

    def _handle(self, action, reader):
        reply = self.refusal(action)
        return self.handle(action, reader) if reply is None else reply

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
        self.closed()
        self.board.restart(self._reason)
