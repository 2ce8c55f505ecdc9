"""G05.FR.02 NotifyEvent: a cable's lock has failed, or works again.

What N07 adds, monitors, comes here too.
"""

from micropython import const
from tables.messages import EventDataType, NotifyEventRequest
from tables.names import ALERTING, HARD_WIRED_NOTIFICATION, NOTIFY_EVENT
from tables.variables import CONNECTOR_PLUG_RETENTION_LOCK_PROBLEM

from blocks.port import ANSWERED, ERROR
from device_model import catalogue

# Bits of an eventId that count within a boot: a lock that fails and works again all the time, a
# second each, does not reach the numbers of the next boot within 18 hours.
_EVENTS_A_BOOT = const(16)
_BOOTS = const(0x3FFF)


class Events:
    """Tells the CSMS each lock's Problem; keeps no queue, as StatusNotification does not: what it
    tells is what is true when it can be told.

    A connector costs a byte: what the CSMS knows.

    Args:
        clock: utc().
        charging: Charging.
        places: (EVSE, connector) of each connector.
        boot_count: makes event ids unique over reboots.
    """

    def __init__(self, clock, charging, places, boot_count):
        self.clock = clock
        self.charging = charging
        self.link = None  # set by the station
        self._id = (boot_count & _BOOTS) << _EVENTS_A_BOOT
        self._places = places
        self._known = bytearray(len(places))
        self._sent = None  # place that the outstanding one is about, and
        self._problem = False  # what it says
        self._at = None  # when it was made

    def take(self, accepted):
        if not accepted:
            return None
        for i, (evse, connector) in enumerate(self._places):
            problem = self.charging.outlet(evse, connector).lock_problem()
            if problem != self._known[i]:
                self._sent = i
                self._problem = problem
                self._at = self.clock.utc()
                self._id += 1
                return NOTIFY_EVENT, NotifyEventRequest(
                    generatedAt=self._at, seqNo=0, eventData=self
                )
        return None

    def answered(self, outcome, reader):
        if outcome == ANSWERED or outcome == ERROR:
            self._known[self._sent] = self._problem

    def __iter__(self):
        """The records of the message: eventData."""
        evse, connector = self._places[self._sent]
        variable = CONNECTOR_PLUG_RETENTION_LOCK_PROBLEM
        yield EventDataType(
            eventId=self._id,
            timestamp=self._at,
            trigger=ALERTING,
            actualValue=b"true" if self._problem else b"false",
            cleared=None if self._problem else True,
            eventNotificationType=HARD_WIRED_NOTIFICATION,
            component_name=catalogue.string(
                catalogue.component_ref(catalogue.component_of(variable))
            ),
            component_evse_id=evse,
            component_evse_connectorId=connector,
            variable_name=catalogue.name(variable),
        )
