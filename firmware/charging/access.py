"""Who may charge where: tokens at the readers, remote starts, what the CSMS says about them."""

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
    NO_AUTHORIZATION,
    STOP_AUTHORIZED,
)
from tables.variables import (
    AUTH_CTRLR_ENABLED,
    AUTH_CTRLR_OFFLINE_TX_FOR_UNKNOWN_ID_ENABLED,
)

from charging.session import Grant
from hal import log
from wire.names import name_id

_TOKEN_SIZE = const(36)
_KINDS = (CENTRAL, E_MAID, ISO14443, ISO15693, KEY_CODE, LOCAL, MAC_ADDRESS, NO_AUTHORIZATION)
_KEY_WAIT_MS = const(
    2000
)  # after the first wrong key code; doubled for each further one (C04.FR.06)
_KEY_WAITS = const(6)


class Access:
    """The part of Charging that lets people in.

    A grant is bound to an EVSE only when the CSMS has answered: the cable may have come since.
    """

    def __init__(self):
        self.authorizer = None
        self.online = False  # the CSMS can be asked
        self._last = None  # Evse where a cable was plugged in last
        self._wrong_keys = 0
        self._wrong_key_at = 0  # ticks

    def token(self, mask, token, kind):
        """A token is presented.

        Args:
            mask: EVSEs whose reader it is, bit 0 for EVSE 1; 0: any.
            token: bytes.
            kind: name of its IdTokenEnumType, bytes.
        """
        kind = name_id(kind)
        if kind not in _KINDS or len(token) > _TOKEN_SIZE:
            log.warning(
                "a token that OCPP can't carry is refused: over 36 characters, or of unknown type"
            )
            return
        grant = Grant(token, kind, mask)
        if self._stop(grant):
            return
        if kind == KEY_CODE and self._too_early():
            self.display(grant, b"Please wait")
            return
        if (
            self._place(grant, True) is None
            and self._place(grant, False) is None
            and not self._charges(mask)
        ):
            self.display(grant, b"Not possible now")
            return
        self.ask(grant)

    def ask(self, grant):
        """Have `grant` authorized: `decide` follows, now or when the CSMS has answered."""
        if not self.model.flag(AUTH_CTRLR_ENABLED) or grant.kind == NO_AUTHORIZATION:
            self.decide(grant, True)  # C02
        elif not self.online or not self.authorizer.ask(grant):
            self.decide_offline(grant)

    def decide_offline(self, grant):
        """The CSMS can't be asked about `grant`."""
        self.decide(
            grant, self.model.flag(AUTH_CTRLR_OFFLINE_TX_FOR_UNKNOWN_ID_ENABLED)
        )  # C15.FR.08

    def decide(self, grant, accepted):
        """Let `grant` charge, or stop a member of its group (C09.FR.03), or neither.

        Args:
            grant: its `evses` are those where it may charge (C01.FR.21).
            accepted: it is good.
        """
        if grant.kind == KEY_CODE:
            self._count_key(accepted)
        if not accepted:
            self.display(grant, b"Not accepted")
            return
        evse = self._place(grant, True)
        if evse is None and grant.remote_start_id is None and self._stop_group(grant):
            return
        evse = evse or self._place(grant, False)
        if evse is None:
            self.display(grant, b"Not possible now")
            return
        self.display(grant, b"Accepted")
        evse.authorize(grant)

    def judge(self, transaction_id, token, kind, accepted, group, group_kind):
        """What the CSMS says about the token of a transaction's event (E05, C09.FR.12)."""
        evse = self.find(transaction_id)
        grant = None if evse is None else evse.grant
        if grant is None or grant.token != token or grant.kind != kind:
            return
        if group is not None:
            grant.group = group
            grant.group_kind = group_kind
        if not accepted and grant.limit_wh is None:
            evse.refuse()

    def plugged(self, evse):
        """A cable has been plugged in at `evse`, which somebody may use."""
        self._last = evse
        waiting = self.unbound.grant
        if evse.grant is not None:
            return
        if evse.transaction is None and waiting is not None and _among(waiting.evses, evse):
            evse.adopt(self.unbound)
        elif not self.model.flag(AUTH_CTRLR_ENABLED):
            evse.receive(Grant(b"", NO_AUTHORIZATION))  # C02

    def start(self, evse, grant):
        """A remote start.

        Args:
            evse: id, 0: any.

        Returns:
            The Evse where it takes place if `grant` is good; None: not possible (F01.FR.23,
            F01.FR.24).
        """
        if evse:
            if evse > len(self.evses) or evse < 0:
                return None
            grant.evses = 1 << (evse - 1)
        return self._place(grant, True) or self._place(grant, False)

    def display(self, grant, text):
        """Tell the driver at the readers where the token was presented."""
        for evse in self.evses:
            if grant.evses == 1 << (evse.id - 1):
                self.listener.display(evse.id, text)
                return
        self.listener.display(0, text)

    def _stop(self, grant):
        """The token that charges, waits or holds a cable is presented again (C01.FR.03)."""
        for evse in self.evses + (self.unbound,):
            if evse.id and not _among(grant.evses, evse):
                continue
            if grant.same(evse.grant):
                self.display(grant, b"Stopped")
                evse.deauthorize(STOP_AUTHORIZED, LOCAL, grant)  # E07.FR.01, E07.FR.02, E07.FR.05
                return True
            if grant.same(evse.held):
                evse.release()  # E09.FR.03
                return True
        return False

    def _stop_group(self, grant):
        for evse in self.evses + (self.unbound,):
            if _among(grant.evses, evse) and grant.same_group(evse.grant):
                self.display(grant, b"Stopped")
                evse.deauthorize(STOP_AUTHORIZED, LOCAL, grant)
                return True
        return False

    def _charges(self, mask):
        """Somebody charges there whose group the token might belong to."""
        for evse in self.evses + (self.unbound,):
            if evse.grant is not None and _among(mask, evse):
                return True
        return False

    def _place(self, grant, plugged):
        """The Evse for `grant`: where a car waits (`plugged`), the latest; or where one may."""
        found = None
        for evse in self.evses:
            if _among(grant.evses, evse) and evse.free(grant, plugged):
                if plugged and evse is self._last:
                    return evse
                if found is not None and not plugged:  # several: the one where the car comes (E03)
                    return self.unbound if self.unbound.grant is None else None
                found = found or evse
        return found

    def _too_early(self):
        if not self._wrong_keys:
            return False
        wait_ms = _KEY_WAIT_MS << min(self._wrong_keys - 1, _KEY_WAITS)
        passed_ms = time.ticks_diff(time.ticks_ms(), self._wrong_key_at)
        return 0 <= passed_ms < wait_ms

    def _count_key(self, accepted):
        self._wrong_keys = 0 if accepted else self._wrong_keys + 1
        self._wrong_key_at = time.ticks_ms()


def _among(mask, evse):
    """Whether `evse` is one of those in the bit mask (0: any)."""
    return not mask or not evse.id or mask >> (evse.id - 1) & 1
