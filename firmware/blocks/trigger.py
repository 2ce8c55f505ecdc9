"""F06 TriggerMessage: what the station can be asked to tell again."""

from tables.names import (
    ACCEPTED,
    BOOT_NOTIFICATION,
    HEARTBEAT,
    NOT_IMPLEMENTED,
    REJECTED,
    STATUS_NOTIFICATION,
    TRIGGER_MESSAGE,
)

from blocks.port import NOT_MINE


class Trigger:
    """Args: the blocks that send what is asked for."""

    def __init__(self, board, registration, heartbeat, availability):
        self.board = board
        self.registration = registration
        self.heartbeat = heartbeat
        self.availability = availability

    def handle(self, action, reader):
        if action != TRIGGER_MESSAGE:
            return NOT_MINE
        wanted, evse, connector = reader.unpack()
        if evse is not None and not self._exists(evse, connector):
            return REJECTED, b"UnknownEvse"
        if wanted == BOOT_NOTIFICATION:
            return (ACCEPTED,) if self.registration.trigger() else (REJECTED,)  # F06.FR.17
        if wanted == HEARTBEAT:
            self.heartbeat.trigger()
            return (ACCEPTED,)
        if wanted == STATUS_NOTIFICATION:
            self.availability.trigger(evse, connector)
            return (ACCEPTED,)
        return (NOT_IMPLEMENTED,)  # F06.FR.08

    def _exists(self, evse, connector):
        connectors = self.board.connectors
        return 1 <= evse <= len(connectors) and (
            connector is None or 1 <= connector <= connectors[evse - 1]
        )
