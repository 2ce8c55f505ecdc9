"""F01-F03 RequestStartTransaction and RequestStopTransaction."""

from tables.names import (
    ACCEPTED,
    CENTRAL,
    NO_AUTHORIZATION,
    REJECTED,
    REMOTE,
    REMOTE_STOP,
    REQUEST_START_TRANSACTION,
    REQUEST_STOP_TRANSACTION,
)
from tables.variables import AUTH_CTRLR_AUTHORIZE_REMOTE_START

from blocks.port import NOT_MINE
from charging.session import Grant


class RemoteControl:
    """Args: charging: Charging."""

    def __init__(self, charging):
        self.charging = charging

    def handle(self, action, reader):
        if action == REQUEST_START_TRANSACTION:
            return self._start(reader)
        if action == REQUEST_STOP_TRANSACTION:
            evse = self.charging.find(reader.unpack()[0])
            if evse is None:
                return REJECTED, b"TxNotFound"  # F03.FR.08
            evse.deauthorize(REMOTE_STOP, REMOTE)  # F03.FR.02, F03.FR.03
            return (ACCEPTED,)
        return NOT_MINE

    def _start(self, reader):
        charging = self.charging
        number, remote_start_id, token, kind, group, group_kind = reader.unpack()
        if number is not None and not 0 < number <= len(charging.evses):
            return REJECTED, None, b"UnknownEvse"
        grant = Grant(token, kind, 1 << (number - 1) if number else 0, remote_start_id)
        grant.group = group
        grant.group_kind = group_kind
        evse = charging.place(grant)
        if evse is None:  # F01.FR.23, F01.FR.24, F02.FR.25, F02.FR.26
            return REJECTED, None, b"NotPossible"
        transaction = evse.transaction
        ask = charging.model.flag(AUTH_CTRLR_AUTHORIZE_REMOTE_START) and kind not in (
            CENTRAL,
            NO_AUTHORIZATION,
        )
        if ask:
            charging.ask(grant)  # F01.FR.01, F02.FR.09
        else:
            evse.authorize(grant)  # F01.FR.02, F02.FR.10
        return ACCEPTED, None if transaction is None else transaction.id  # F01.FR.13
