"""F01-F03 RequestStartTransaction and RequestStopTransaction, F05 UnlockConnector."""

from micropython import const
from tables.messages import (
    AdditionalInfoType,
    RequestStartTransactionRequest,
    RequestStartTransactionResponse,
    RequestStopTransactionRequest,
    RequestStopTransactionResponse,
    UnlockConnectorRequest,
    UnlockConnectorResponse,
)
from tables.names import (
    ACCEPTED,
    CENTRAL,
    NO_AUTHORIZATION,
    NOT_SUPPORTED,
    ONGOING_AUTHORIZED_TRANSACTION,
    REJECTED,
    REMOTE,
    REMOTE_STOP,
    REQUEST_START_TRANSACTION,
    UNKNOWN_CONNECTOR,
    UNLOCK_COMMAND,
    UNLOCK_CONNECTOR,
    UNLOCK_FAILED,
    UNLOCKED,
)
from tables.variables import AUTH_CTRLR_AUTHORIZE_REMOTE_START

from blocks.port import DEFER
from charging.records import pack
from charging.session import Grant
from hal.timers import Timer

_ADDITIONAL = const(176)  # bytes of additionalInfo: two of the longest, a byte for each length
_LOCK_MS = const(1000)  # that a lock needs to move, at most (firmware/hal/README.md)


class RemoteControl:
    """Args: charging: Charging."""

    def __init__(self, charging):
        self.charging = charging
        self.link = None  # set by the station
        self._outlet = None  # whose lock moves, for UnlockConnector
        self._reply_to = None
        self._timer = Timer(self._moved)

    def handle(self, action, reader):
        if action == UNLOCK_CONNECTOR:
            return self._unlock(reader)
        if not self.link.accepted():  # B02.FR.05
            return (RequestStartTransactionResponse | RequestStopTransactionResponse)(
                status=REJECTED
            )
        if action == REQUEST_START_TRANSACTION:
            return self._start(reader)
        evse = self.charging.find(reader.unpack()[RequestStopTransactionRequest.transactionId])
        if evse is None:  # F03.FR.08
            return RequestStopTransactionResponse(
                status=REJECTED, statusInfo_reasonCode=b"TxNotFound"
            )
        evse.deauthorize(REMOTE_STOP, REMOTE)  # F03.FR.02, F03.FR.03
        return RequestStopTransactionResponse(status=ACCEPTED)

    def _unlock(self, reader):
        """UnlockConnector, also with no cable in (F05.FR.06)."""
        number, connector = reader.unpack(
            UnlockConnectorRequest.evseId, UnlockConnectorRequest.connectorId
        )
        evses = self.charging.evses
        evse = evses[number - 1] if 0 < number <= len(evses) else None
        if evse is None or not 0 < connector <= len(evse.outlets):
            return UnlockConnectorResponse(status=UNKNOWN_CONNECTOR)  # F05.FR.03
        outlet = evse.outlets[connector - 1]
        if not outlet.hardware.detachable:
            return NOT_SUPPORTED  # F05.FR.07
        active = outlet is evse.active
        if active and (evse.grant is not None or evse.ending):  # F05.FR.02
            return UnlockConnectorResponse(status=ONGOING_AUTHORIZED_TRANSACTION)
        if self._outlet is not None:
            return UnlockConnectorResponse(status=UNLOCK_FAILED, statusInfo_reasonCode=b"Busy")
        if active:  # else the held cable is another one
            evse.held = None
        evse.update(UNLOCK_COMMAND if active else 0)  # E02.FR.17
        if not outlet.hardware.locked():
            return UnlockConnectorResponse(status=UNLOCKED)  # F05.FR.04
        self._outlet = outlet
        self._reply_to = reader.message_id
        self.charging.timers.start(self._timer, _LOCK_MS)
        return DEFER

    def _moved(self):
        """The lock has had its time."""
        status = UNLOCK_FAILED if self._outlet.hardware.locked() else UNLOCKED  # F05.FR.05
        self._outlet = None
        self.link.reply(self._reply_to, UNLOCK_CONNECTOR, UnlockConnectorResponse(status=status))

    def _start(self, reader):
        charging = self.charging
        number, remote_start_id, token, kind, group, group_kind = reader.unpack(
            RequestStartTransactionRequest.evseId,
            RequestStartTransactionRequest.remoteStartId,
            RequestStartTransactionRequest.idToken_idToken,
            RequestStartTransactionRequest.idToken_type,
            RequestStartTransactionRequest.groupIdToken_idToken,
            RequestStartTransactionRequest.groupIdToken_type,
        )
        if number is not None and not 0 < number <= len(charging.evses):
            return _refused(b"UnknownEvse")
        grant = Grant(token, kind, 1 << (number - 1) if number else 0, remote_start_id)
        grant.group = group
        grant.group_kind = group_kind
        packed = bytearray()
        for info in reader.each(RequestStartTransactionRequest.idToken_additionalInfo):
            token = info[AdditionalInfoType.additionalIdToken]
            pack(packed, b"tt", (token, info[AdditionalInfoType.type]))
            if len(packed) > _ADDITIONAL:
                return _refused(b"TooLargeElement")
        grant.additional = bytes(packed)
        evse = None if charging.is_master(grant) else charging.place(grant)  # C16.FR.03
        if evse is None:  # F01.FR.23, F01.FR.24, F02.FR.25, F02.FR.26
            return _refused(b"NotPossible")
        transaction = evse.transaction
        ask = charging.model.flag(AUTH_CTRLR_AUTHORIZE_REMOTE_START) and kind not in (
            CENTRAL,
            NO_AUTHORIZATION,
        )
        if ask:
            charging.ask(grant)  # F01.FR.01, F02.FR.09
        else:
            evse.authorize(grant)  # F01.FR.02, F02.FR.10
        return RequestStartTransactionResponse(
            status=ACCEPTED,
            transactionId=None if transaction is None else transaction.id,  # F01.FR.13
        )


def _refused(reason):
    return RequestStartTransactionResponse(status=REJECTED, statusInfo_reasonCode=reason)
