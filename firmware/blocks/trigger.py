"""F06 TriggerMessage: what the station can be asked to tell again."""

from tables.names import (
    ACCEPTED,
    BOOT_NOTIFICATION,
    HEARTBEAT,
    METER_VALUES,
    NOT_IMPLEMENTED,
    REJECTED,
    STATUS_NOTIFICATION,
    TRANSACTION_EVENT,
    TRIGGER_MESSAGE,
)

from blocks.port import NOT_MINE


class Trigger:
    """Args: the blocks that send what is asked for."""

    def __init__(self, board, registration, heartbeat, availability, metering, transactions):
        self.board = board
        self.registration = registration
        self.heartbeat = heartbeat
        self.availability = availability
        self.metering = metering
        self.transactions = transactions

    def handle(self, action, reader):
        if action != TRIGGER_MESSAGE:
            return NOT_MINE
        wanted, evse, connector = reader.unpack()
        if wanted == BOOT_NOTIFICATION:
            told = self.registration.trigger()  # F06.FR.17
        elif wanted == HEARTBEAT:
            told = self.heartbeat.trigger()
        elif wanted not in (METER_VALUES, STATUS_NOTIFICATION, TRANSACTION_EVENT):
            return (NOT_IMPLEMENTED,)  # F06.FR.08
        elif evse is not None and not self._exists(evse, connector):
            return REJECTED, b"UnknownEvse"
        elif wanted == STATUS_NOTIFICATION:
            told = self.availability.trigger(evse, connector)
        elif wanted == METER_VALUES:
            told = self.metering.trigger(evse or 0)
        else:
            # Told at once, so behind this answer: the journal is sent from when the link is free
            # again.
            told = self.transactions.trigger(evse or 0)
        return (ACCEPTED if told else REJECTED,)

    def _exists(self, evse, connector):
        connectors = self.board.connectors
        return 1 <= evse <= len(connectors) and (
            connector is None or 1 <= connector <= connectors[evse - 1]
        )
