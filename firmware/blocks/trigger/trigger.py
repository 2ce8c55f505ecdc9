"""F06 TriggerMessage: what the station can be asked to tell again."""

from tables.messages import (
    FirmwareStatusNotificationRequest,
    LogStatusNotificationRequest,
    TriggerMessageRequest,
    TriggerMessageResponse,
)
from tables.names import ACCEPTED, IDLE, NOT_IMPLEMENTED, REJECTED


class Trigger:
    """
    Args:
        board: its connectors.
        ask: callable(message, evse, connector): whether it follows; None: nobody sends it.
        is_of_evse: callable(message): whether it can be asked of an EVSE.
    """

    def __init__(self, board, ask, is_of_evse):
        self.board = board
        self._ask = ask
        self._is_of_evse = is_of_evse
        self.link = None  # set by the station
        self._asked = []  # LOG_STATUS_NOTIFICATION, FIRMWARE_STATUS_NOTIFICATION

    def handle(self, action, reader):
        wanted, evse, connector = reader.unpack(
            TriggerMessageRequest.requestedMessage,
            TriggerMessageRequest.evse_id,
            TriggerMessageRequest.evse_connectorId,
        )
        if self._is_of_evse(wanted) and not self._exists(evse, connector):
            return TriggerMessageResponse(status=REJECTED, statusInfo_reasonCode=b"UnknownEvse")
        told = self._ask(wanted, evse or 0, connector or 0)
        if told is None:
            return TriggerMessageResponse(status=NOT_IMPLEMENTED)  # F06.FR.08
        return TriggerMessageResponse(status=ACCEPTED if told else REJECTED)

    def tell_idle(self, wanted):
        """Nothing is uploaded and nothing installed (F06.FR.15, F06.FR.16): say so."""
        if wanted not in self._asked:
            self._asked.append(wanted)
        self.link.wake()
        return True

    def take(self, accepted):
        if not self._asked:
            return None
        idle = (LogStatusNotificationRequest | FirmwareStatusNotificationRequest)(status=IDLE)
        return self._asked.pop(0), idle

    def answered(self, outcome, reader):
        pass  # F06.FR.09: what was asked for is not told again later

    def _exists(self, evse, connector):
        """Whether there is this place: EVSE 0 is the station, connector 0 the EVSE."""
        connectors = self.board.connectors
        if not evse:
            return not connector
        return 1 <= evse <= len(connectors) and 0 <= (connector or 0) <= connectors[evse - 1]
