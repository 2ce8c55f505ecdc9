"""G01 status of the connectors, B04 what is told after an offline time, G03/G04
ChangeAvailability.
"""

import time

from micropython import const
from tables.messages import (
    ChangeAvailabilityRequest,
    ChangeAvailabilityResponse,
    StatusNotificationRequest,
)
from tables.names import (
    ACCEPTED,
    AVAILABLE,
    FAULTED,
    OCCUPIED,
    OPERATIVE,
    REJECTED,
    SCHEDULED,
    STATUS_NOTIFICATION,
)
from tables.variables import OCPP_COMM_CTRLR_OFFLINE_THRESHOLD

from blocks.port import ANSWERED, ERROR
from hal import log
from wire.names import name

_ASKED = const(1)  # TriggerMessage: told even before Accepted (B02.FR.02)
_ALWAYS = const(2)  # told even when nothing has changed (B01.FR.05, B04.FR.01)


class Availability:
    """Tells the CSMS each connector's status; keeps no queue: what it tells is what is true when
    it can be told.

    A connector costs the status that the CSMS knows (a name id) and a byte of flags.

    Args:
        places: (EVSE, connector) of each connector.
    """

    def __init__(self, board, model, charging, places):
        self.board = board
        self.model = model
        self.charging = charging
        self.link = None  # set by the station
        self.places = places
        self._known = [0] * len(self.places)  # name ids; 0: the CSMS knows nothing
        self._flags = bytearray(len(self.places))
        self._sent = 0  # place of the outstanding StatusNotification, and
        self._status = 0  # what it says
        self._lost_at = None  # ticks at which the connection was lost

    def tell_all(self, evse=0, connector=0, flag=_ALWAYS):
        """Tell the status of all connectors (of one EVSE, of one connector)."""
        for i, (e, c) in enumerate(self.places):
            if evse in (0, e) and connector in (0, c):
                self._flags[i] |= flag
        self.link.wake()

    def trigger(self, evse, connector):
        """TriggerMessage(StatusNotification)."""
        self.tell_all(evse or 0, connector or 0, _ASKED)
        return True

    def accepted_by_csms(self):
        self.tell_all()  # B01.FR.05

    def state(self, evse, connector):
        """AvailabilityState."""
        return name(self._worst(evse, connector))

    def problem(self, evse, connector):
        """Problem."""
        return self._worst(evse, connector) == FAULTED

    def _worst(self, evse, connector):
        """Status of a connector, of an EVSE (connector 0) or of the station (evse 0): one that is
        occupied makes an EVSE so, one that is available makes the station so.
        """
        status = 0
        strong = OCCUPIED if evse else AVAILABLE
        for e, c in self.places:
            if evse in (0, e) and connector in (0, c):
                here = self.charging.status(e, c)
                if here == strong:
                    return here
                status = status or here
        return status

    def connected(self, up):
        if not up:
            if self._lost_at is None:
                self._lost_at = time.ticks_ms()
            return
        if self._lost_at is not None:
            offline_ms = time.ticks_diff(time.ticks_ms(), self._lost_at)
            threshold_ms = self.model.int(OCPP_COMM_CTRLR_OFFLINE_THRESHOLD) * 1000
            # B04.FR.01; below 0 the ticks have wrapped
            if offline_ms < 0 or offline_ms > threshold_ms:
                self.tell_all()
        self._lost_at = None

    def take(self, accepted):
        for i, (evse, connector) in enumerate(self.places):
            flags = self._flags[i]
            status = self.charging.status(evse, connector)
            if flags & _ASKED or (accepted and (flags or status != self._known[i])):  # B04.FR.02
                self._flags[i] = 0
                self._sent = i
                self._status = status
                return STATUS_NOTIFICATION, StatusNotificationRequest(
                    timestamp=self.board.clock.utc(),
                    connectorStatus=status,
                    evseId=evse,
                    connectorId=connector,
                )
        return None

    def answered(self, outcome, reader):
        if outcome == ANSWERED or outcome == ERROR:
            self._known[self._sent] = self._status
        else:
            self._flags[self._sent] |= _ALWAYS

    def handle(self, action, reader):
        wanted, evse, connector = reader.unpack(
            ChangeAvailabilityRequest.operationalStatus,
            ChangeAvailabilityRequest.evse_id,
            ChangeAvailabilityRequest.evse_connectorId,
        )
        evse = evse or 0
        connector = connector or 0
        places = [p for p in self.places if evse in (0, p[0]) and connector in (0, p[1])]
        if not places or (connector and not evse):
            return ChangeAvailabilityResponse(
                status=REJECTED, statusInfo_reasonCode=b"UnknownEvse"
            )
        waiting = self.charging.set_available(evse, connector, wanted == OPERATIVE)
        log.info("evse %d connector %d: %s", evse, connector, name(wanted))
        return ChangeAvailabilityResponse(status=SCHEDULED if waiting else ACCEPTED)
