"""The charging room's front: all EVSEs, for hardware events, resets and availability."""

from micropython import const
from tables.variables import CHARGING_STATION_ENABLED, CONNECTOR_ENABLED, EVSE_ENABLED

from charging.access import Access
from charging.evse import Evse
from charging.outlet import Outlet
from hal.timers import Timer

_SETTLE_MS = const(500)  # for a relay's feedback contact, after it has moved


class Charging(Access):
    """All EVSEs. Works with no CSMS at all; its three partners are set by the station.

    listener, for the station:
        status_changed(evse, connector): a connector's status has changed.
        transaction_changed(evse, id or None): one has begun or ended; evse 0: not known yet.
        display(evse, text): for the driver; evse 0: at every reader.
    events, blocks/transactions.py:
        event(evse, transaction, kind, trigger, state, reason).
    authorizer, blocks/authorization.py:
        ask(grant) -> bool: `decide` or `decide_offline` will be called.

    Args:
        board: connectors, connector(evse, c), meter(evse).
        model: device model.
        timers: hal.timers.Timers.
        clock: utc().
        ids: callable() -> a new transaction id, bytes.
    """

    def __init__(self, board, model, timers, clock, ids):
        Access.__init__(self)
        self.board = board
        self.model = model
        self.timers = timers
        self.clock = clock
        self.ids = ids
        self.listener = None
        self.events = None
        self.evses = tuple([self._build(i + 1, n) for i, n in enumerate(board.connectors)])
        self.unbound = Evse(self, 0, ())  # a session whose EVSE is not known yet (E03)
        self._watch = Timer(self._settled)

    def _build(self, number, connectors):
        board = self.board
        return Evse(
            self,
            number,
            tuple([Outlet(board.connector(number, c + 1), c + 1) for c in range(connectors)]),
        )

    # ---- from the hardware

    def resume(self):
        """After boot, once the partners are set: look at the hardware; a cable may be in
        already.
        """
        for evse in self.evses:
            self._apply_availability(evse)
            evse.resume()

    def restart(self, evse):
        """Start an EVSE (id) anew, its transaction has ended (B12.FR.08)."""
        self.evses[evse - 1].resume()

    def pilot_changed(self, evse, connector):
        """The control pilot of a connector has changed."""
        evse = self.evses[evse - 1]
        evse.hardware_changed(evse.outlets[connector - 1])

    fault_changed = pilot_changed

    def find(self, transaction_id):
        """The Evse of an open transaction, or None."""
        for evse in self.evses + (self.unbound,):
            if evse.transaction is not None and evse.transaction.id == transaction_id:
                return evse
        return None

    # ---- resets and availability

    def active(self, evse=0):
        """Whether a transaction is open at an EVSE (0: anywhere)."""
        return any(each.transaction is not None for each in self._range(evse))

    def end(self, evse, trigger, reason):
        """End sessions and transactions at an EVSE (0: everywhere), whatever the stop points
        (B12.FR.04).
        """
        for each in self._range(evse):
            each.end(trigger, reason)

    def status(self, evse, connector):
        return self.evses[evse - 1].status(connector)

    def set_available(self, evse, connector, operative):
        """ChangeAvailability of a connector, an EVSE (connector 0) or the station (evse 0);
        survives reboots.

        Returns: True: it takes effect when a transaction has ended (G03.FR.05, G04.FR.06).
        """
        variable = (
            CONNECTOR_ENABLED if connector else EVSE_ENABLED if evse else CHARGING_STATION_ENABLED
        )
        self.model.set(variable, b"true" if operative else b"false", evse, connector)
        for each in self._range(evse):
            self._apply_availability(each)
        return not operative and self.active(evse)

    def watch(self):
        """A relay has moved: look at its feedback in a moment."""
        self.timers.start(self._watch, _SETTLE_MS)

    def _settled(self):
        for evse in self.evses:
            for outlet in evse.outlets:
                if outlet.settling:
                    outlet.settling = 0
                    evse.hardware_changed(outlet)

    def _range(self, evse):
        return (self.evses[evse - 1],) if evse else self.evses + (self.unbound,)

    def _apply_availability(self, evse):
        model = self.model
        if not evse.id:
            return
        above = model.flag(CHARGING_STATION_ENABLED) and model.flag(EVSE_ENABLED, evse.id)
        for outlet in evse.outlets:
            evse.set_operative(
                outlet, above and model.flag(CONNECTOR_ENABLED, evse.id, outlet.number)
            )
