"""The charging room's front: all EVSEs, what the hardware says, who may charge where."""

import time

from micropython import const
from tables.names import (
    CENTRAL,
    E_MAID,
    ISO14443,
    ISO15693,
    KEY_CODE,
    LOCAL,
    MAC_ADDRESS,
    MASTER_PASS,
    NO_AUTHORIZATION,
    STOP_AUTHORIZED,
)
from tables.variables import (
    AUTH_CTRLR_DISABLE_REMOTE_AUTHORIZATION,
    AUTH_CTRLR_ENABLED,
    AUTH_CTRLR_LOCAL_AUTHORIZE_OFFLINE,
    AUTH_CTRLR_LOCAL_PRE_AUTHORIZE,
    AUTH_CTRLR_MASTER_PASS_GROUP_ID,
    AUTH_CTRLR_OFFLINE_TX_FOR_UNKNOWN_ID_ENABLED,
    CHARGING_STATION_ENABLED,
    CONNECTOR_ENABLED,
    EVSE_ENABLED,
    TX_CTRLR_TX_BEFORE_ACCEPTED_ENABLED,
)
from wire_core import is_utf8

from charging.answers import GOOD, REFUSED_FOR_GOOD
from charging.evse import Evse
from charging.limits import Limits
from charging.outlet import Outlet
from charging.session import Grant
from hal import log
from hal.timers import Timer
from wire.names import name_id

_SETTLE_MS = const(500)  # for a relay's feedback contact, after it has moved
_LOCK_MS = const(1000)  # that a lock needs to move, at most (firmware/hal/README.md)
_TOKEN_SIZE = const(36)
_KINDS = (CENTRAL, E_MAID, ISO14443, ISO15693, KEY_CODE, LOCAL, MAC_ADDRESS, NO_AUTHORIZATION)
_KEY_WAIT_MS = const(2000)  # after a wrong key code; twice as long after each further (C04.FR.06)
_KEY_WAITS = const(6)


class Charging:
    """All EVSEs. Works with no CSMS at all, and with no block: what others know it asks its
    `partners`, the hooks of blocks (firmware/blocks/README.md), which the station sets.

    Args:
        board: connectors, connector(evse, c), meter(evse), indicator.
        model: device model.
        timers: hal.timers.Timers.
        clock: utc().
        prefix: bytes that transaction ids begin with, which no earlier boot has had.
    """

    def __init__(self, board, model, timers, clock, prefix):
        self.board = board
        self.model = model
        self.timers = timers
        self.clock = clock
        self._prefix = prefix
        self._begun = 0  # transactions
        self.online = False  # the CSMS can be asked
        self.closing = False  # the station is about to restart: nothing begins any more
        self.registered = False  # the CSMS has accepted the station since it started
        self.limits = Limits(self)
        self._drains = False  # it is to restart when the last transaction has ended
        evses = []
        for i, n in enumerate(board.connectors):
            outlets = [Outlet(board.connector(i + 1, c + 1), c + 1) for c in range(n)]
            evses.append(Evse(self, i + 1, tuple(outlets)))
        self.evses = tuple(evses)
        self.unbound = Evse(self, 0, ())  # a session whose EVSE is not known yet (E03)
        self._last = None  # Evse where a cable was plugged in last
        self._wrong_keys = 0
        self._wrong_key_at = 0  # ticks
        self._watch = Timer(self._settled)
        self._lock_watch = Timer(self._locks_moved)

    # ---- from the hardware

    def resume(self):
        """After boot, when the partners are set: look at the hardware; a cable may be in."""
        self._apply_availability(0)
        for evse in self.evses:
            evse.resume()

    def restart(self, evse):
        """Start an EVSE (id) anew, its transaction has ended (B12.FR.08)."""
        self.evses[evse - 1].resume()

    def pilot_changed(self, evse, connector):
        """The control pilot of a connector has changed."""
        evse = self.evses[evse - 1]
        evse.hardware_changed(evse.outlets[connector - 1])

    def watch(self):
        """A relay has moved: look at its feedback in a moment."""
        self.timers.start(self._watch, _SETTLE_MS)

    def _settled(self):
        for evse in self.evses:
            for outlet in evse.outlets:
                if outlet.settling:
                    outlet.settling = 0
                    evse.hardware_changed(outlet)

    def watch_lock(self):
        """A lock begins to move: look whether it has closed when it has had its time, and every
        other that moves already.
        """
        self.timers.start(self._lock_watch, _LOCK_MS)

    def _locks_moved(self):
        for evse in self.evses:
            for outlet in evse.outlets:
                known = outlet.jammed
                if outlet.look_at_lock():
                    evse.update()  # the relay has waited for it
                elif outlet.jammed and not known:
                    log.error("evse %d connector %d: the lock failed", evse.id, outlet.number)
                    text = b"The cable can't be locked"  # G05.FR.04
                    self.board.indicator.display(evse.id, text)
        self.partners.lock_changed()

    def transaction_id(self):
        """A new one, unique for ever, over reboots, repairs and updates (E01.FR.08)."""
        self._begun += 1
        return b"%s%x" % (self._prefix, self._begun)

    # ---- resets and availability

    def all(self, evse=0):
        """An EVSE (id), or all of them and the session that waits for its EVSE."""
        return (self.evses[evse - 1],) if evse else self.evses + (self.unbound,)

    def active(self, evse=0):
        """Whether a transaction is open at an EVSE (0: anywhere)."""
        for each in self.all(evse):
            if each.transaction is not None:
                return True
        return False

    def stopping(self, evse=0):
        """Whether a car has yet to let go at an EVSE (0: anywhere) without a transaction."""
        for each in self.all(evse):
            if each.stopping() and each.transaction is None:
                return True
        return False

    def find(self, transaction_id):
        """The Evse of an open transaction, or None; the case of the id does not count."""
        transaction_id = transaction_id.lower()
        for evse in self.all():
            if evse.transaction is not None and evse.transaction.id == transaction_id:
                return evse
        return None

    def end(self, evse, trigger, reason):
        """End sessions at an EVSE (0: everywhere), whatever the stop points (B12.FR.04)."""
        for each in self.all(evse):
            each.end(trigger, reason)

    def outlet(self, evse, connector):
        """The Outlet of a connector."""
        return self.evses[evse - 1].outlets[connector - 1]

    def status(self, evse, connector):
        """name id of a connector's ConnectorStatusEnumType."""
        return self.evses[evse - 1].status(connector)

    def set_available(self, evse, connector, operative):
        """ChangeAvailability of a connector, an EVSE (connector 0) or the station (evse 0).

        Survives reboots (G01.FR.02).

        Returns:
            True: it takes effect when a transaction has ended (G03.FR.05, G04.FR.06).
        """
        variable = EVSE_ENABLED if evse else CHARGING_STATION_ENABLED
        if connector:
            variable = CONNECTOR_ENABLED
        self.model.set(variable, b"true" if operative else b"false", evse, connector)
        self._apply_availability(evse)
        if operative or not self.active(evse):
            return False
        return not connector or self.evses[evse - 1].active.number == connector

    def drain(self):
        """Let nobody in before the restart that waits for the last transaction: EVSEs without one
        are unavailable (B12.FR.03), but not while somebody looks for one (E03).
        """
        self._drains = self.unbound.transaction is None
        self._apply_availability(0)

    def _apply_availability(self, evse):
        flag = self.model.flag
        station = flag(CHARGING_STATION_ENABLED)
        for each in self.all(evse):
            may = station and not (self._drains and each.transaction is None)
            for outlet in each.outlets:
                operative = may and flag(EVSE_ENABLED, each.id)
                operative = operative and flag(CONNECTOR_ENABLED, each.id, outlet.number)
                each.set_operative(outlet, operative)

    # ---- who may charge where

    def token(self, mask, token, kind):
        """A token is presented.

        Args:
            mask: EVSEs whose reader it is, bit 0 for EVSE 1; 0: any.
            token: bytes.
            kind: name of its IdTokenEnumType, bytes.
        """
        kind = name_id(kind)
        if kind == NO_AUTHORIZATION:
            token = b""  # C02.FR.01
        if kind not in _KINDS or len(token) > _TOKEN_SIZE or not is_utf8(token):
            log.warning("a token over 36 characters, not UTF-8 or of no OCPP type is refused")
            return
        grant = Grant(token, kind, mask)
        if self._stop(grant):
            return
        if kind == KEY_CODE and self._too_early():
            self.display(grant, b"Please wait")
        elif self.place(grant) is None and not self._charges(mask):
            self.display(grant, b"Not possible now")
        else:
            self.ask(grant)

    def accepted(self):
        """The CSMS has accepted the station: who had to wait for that may begin."""
        waited = not self.may_begin()
        self.registered = True
        if waited:
            for evse in self.evses:
                evse.resume()

    def may_begin(self):
        """Sessions may begin (B03.FR.01)."""
        return not self.closing and (
            self.registered or self.model.flag(TX_CTRLR_TX_BEFORE_ACCEPTED_ENABLED)
        )

    def ask(self, grant):
        """Have `grant` authorized: `decide` follows, now or when the CSMS has answered."""
        if not self.may_begin():
            self.decide(grant, False)
        elif not self.model.flag(AUTH_CTRLR_ENABLED) or grant.kind == NO_AUTHORIZATION:
            self.decide(grant, True)  # C02
        elif self.online:
            self._ask_online(grant)
        else:
            self.decide_offline(grant)

    def _ask_online(self, grant):
        flag = self.model.flag
        asked = grant.evses, grant.group, grant.group_kind
        known = self.partners.known(grant)
        never = flag(AUTH_CTRLR_DISABLE_REMOTE_AUTHORIZATION)
        if known == GOOD and (never or flag(AUTH_CTRLR_LOCAL_PRE_AUTHORIZE)):
            self.decide(grant, True)  # C12.FR.02
        elif known == GOOD and self._stop_group(grant):
            pass  # C09.FR.07
        elif never or known == REFUSED_FOR_GOOD:
            self.decide(grant, False)
        else:
            grant.evses, grant.group, grant.group_kind = asked
            if not self.partners.ask_csms(grant):  # C10.FR.03, C12.FR.05
                self.decide_offline(grant)

    def decide_offline(self, grant):
        """The CSMS can't be asked about `grant`: what is known counts, or C15.FR.08."""
        flag = self.model.flag
        known = self.partners.known(grant)
        accepted = known == GOOD and flag(AUTH_CTRLR_LOCAL_AUTHORIZE_OFFLINE)
        if known <= GOOD:
            accepted = accepted or flag(AUTH_CTRLR_OFFLINE_TX_FOR_UNKNOWN_ID_ENABLED)
        self.decide(grant, accepted)

    def decide(self, grant, accepted):
        """Let `grant` charge, or stop a member of its group (C09.FR.03), or neither.

        The place is found only now: a cable may have come since the token was presented.

        Args:
            grant: its `evses` are those where it may charge (C01.FR.21).
            accepted: it is good.
        """
        if grant.kind == KEY_CODE:
            self._wrong_keys = 0 if accepted else self._wrong_keys + 1
            self._wrong_key_at = time.ticks_ms()
        master = self.is_master(grant)
        if not accepted or (master and grant.remote_start_id is not None):  # C16.FR.03
            self.display(grant, b"Not accepted")
            return
        if master:
            self._stop_all(grant)
            return
        if self._stop_group(grant):
            return
        evse = self.place(grant)
        self.display(grant, b"Accepted" if evse else b"Not possible now")
        if evse is not None:
            evse.authorize(grant)

    def judge(self, transaction_id, token, kind, info):
        """What the CSMS says about the token of a transaction's event (E05, C09.FR.12); of an
        event without one (`kind` None) about who charges.

        Args:
            info: slots of idTokenInfo (IdTokenInfoType).
        """
        evse = self.find(transaction_id)
        grant = None if evse is None else evse.grant
        if kind is None and grant is not None:
            token = grant.token
            kind = grant.kind
        if kind is not None:
            self.partners.judged(token, kind, info)  # C10.FR.05, C12.FR.06
        if grant is None or grant.token != token or grant.kind != kind:
            return
        good = grant.learn(info) and _among(grant.evses, evse)  # C01.FR.21
        if (not good or self.is_master(grant)) and grant.limit_wh is None:  # C12.FR.09
            evse.refuse()

    def is_master(self, grant):
        """Whether a token is a master pass (C16)."""
        master = self.model.text(AUTH_CTRLR_MASTER_PASS_GROUP_ID)
        return bool(master and grant.group and grant.group.lower() == master.lower())

    def plugged(self, evse):
        """A cable has been plugged in at `evse`, which somebody may use."""
        self._last = evse
        waiting = self.unbound.grant
        if evse.grant is not None or evse.held is not None:
            return
        if evse.transaction is None and waiting is not None and _among(waiting.evses, evse):
            if not self.partners.kept(evse.id, evse.active.number, waiting):
                evse.adopt(self.unbound)
        elif (
            not self.partners.kept(evse.id, evse.active.number, None)
            and not self.model.flag(AUTH_CTRLR_ENABLED)
            and self.may_begin()
        ):
            evse.receive(Grant(b"", NO_AUTHORIZATION))  # C02

    def place(self, grant):
        """The Evse where `grant` would charge now, by its `evses`; None: nowhere.

        Id 0: where a cable is plugged in first (E03).
        """
        if self.closing:
            return None
        return self._place(grant, True) or self._place(grant, False)

    def display(self, grant, text):
        """Tell the driver at the readers where the token was presented."""
        evse = 0
        for each in self.evses:
            if grant.evses == 1 << (each.id - 1):
                evse = each.id
        self.board.indicator.display(evse, text)

    def _stop(self, grant, group=False):
        """Stop who charges or waits by this token, without asking (C01.FR.03); or free the cable
        that it holds (E09.FR.03). `group`: stop a member of its group instead (C09.FR.03).
        """
        for evse in self.all():
            if not _among(grant.evses, evse):
                continue
            if grant.same_group(evse.grant) if group else grant.same(evse.grant):
                self.display(grant, self.partners.cost(evse) or b"Stopped")
                evse.deauthorize(STOP_AUTHORIZED, LOCAL, grant)  # E07.FR.01, E07.FR.02, E07.FR.05
                return True
            if grant.same(evse.held):
                evse.held = None
                evse.update()
                return True
        return False

    def _stop_group(self, grant):
        """Stop a member of its group, unless a car waits for `grant`: whether it did."""
        return (
            grant.remote_start_id is None
            and self._place(grant, True) is None
            and self._stop(grant, True)
        )

    def _stop_all(self, grant):
        """A master pass stops everybody, having no screen to choose by, and never starts
        (C16.FR.02, C16.FR.03, C16.FR.08).
        """
        for evse in self.all():
            if evse.grant is not None or evse.transaction is not None:
                evse.deauthorize(STOP_AUTHORIZED, MASTER_PASS, grant)
        self.display(grant, b"Stopped")

    def _charges(self, mask):
        """Somebody charges there whom a token might stop, being of the group, or, anywhere, a
        master pass.
        """
        if self.model.text(AUTH_CTRLR_MASTER_PASS_GROUP_ID) and self.active():
            return True
        for evse in self.all():
            if evse.grant is not None and _among(mask, evse):
                return True
        return False

    def _place(self, grant, plugged):
        """As `place`: where a car waits (`plugged`), the latest; or where one may come."""
        found = None
        for evse in self.evses:
            if _among(grant.evses, evse) and evse.free(grant, plugged):
                if plugged and evse is self._last:
                    return evse
                if found is not None and not plugged:
                    return self.unbound if self.unbound.grant is None else None
                found = found or evse
        return found

    def _too_early(self):
        if not self._wrong_keys:
            return False
        wait_ms = _KEY_WAIT_MS << min(self._wrong_keys - 1, _KEY_WAITS)
        return 0 <= time.ticks_diff(time.ticks_ms(), self._wrong_key_at) < wait_ms


def _among(mask, evse):
    """Whether `evse` is one of those in the bit mask (0: any)."""
    return not mask or not evse.id or mask >> (evse.id - 1) & 1
