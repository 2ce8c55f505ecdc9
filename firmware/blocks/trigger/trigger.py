"""F06 TriggerMessage: what the station can be asked to tell again."""

from tables.names import (
    ACCEPTED,
    BOOT_NOTIFICATION,
    FIRMWARE_STATUS_NOTIFICATION,
    HEARTBEAT,
    IDLE,
    LOG_STATUS_NOTIFICATION,
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
        self.link = None  # set by the station
        self._asked = []  # LOG_STATUS_NOTIFICATION, FIRMWARE_STATUS_NOTIFICATION

    def handle(self, action, reader):
        if action != TRIGGER_MESSAGE:
            return NOT_MINE
        wanted, evse, connector = reader.unpack()
        if wanted == BOOT_NOTIFICATION:
            told = self.registration.trigger()  # F06.FR.17
        elif wanted == HEARTBEAT:
            told = self.heartbeat.trigger()
        elif wanted in (LOG_STATUS_NOTIFICATION, FIRMWARE_STATUS_NOTIFICATION):
            told = self._idle(wanted)
        elif wanted not in (METER_VALUES, STATUS_NOTIFICATION, TRANSACTION_EVENT):
            return (NOT_IMPLEMENTED,)  # F06.FR.08
        elif not self._exists(evse, connector):
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

    def _idle(self, wanted):
        """Nothing is uploaded and nothing installed (F06.FR.15, F06.FR.16): say so."""
        if wanted not in self._asked:
            self._asked.append(wanted)
        self.link.wake()
        return True

    def take(self, accepted):
        return (self._asked.pop(0), (IDLE,)) if self._asked else None

    def answered(self, outcome, reader):
        pass  # F06.FR.09: what was asked for is not told again later

    def _exists(self, evse, connector):
        """Whether there is this place: EVSE 0 is the station, connector 0 the EVSE."""
        connectors = self.board.connectors
        if not evse:
            return not connector
        return 1 <= evse <= len(connectors) and 0 <= (connector or 0) <= connectors[evse - 1]
