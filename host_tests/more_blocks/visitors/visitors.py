"""N09 CustomerInformation: how many have charged here, for who asks about the guest.

The guest's token (VisitorsCtrlr.Guest) charges without being asked about.
"""

from micropython import const
from tables.messages import (
    CustomerInformationRequest,
    CustomerInformationResponse,
    IdTokenInfoType,
    NotifyCustomerInformationRequest,
    PublishFirmwareStatusNotificationRequest,
)
from tables.names import (
    ACCEPTED,
    IDLE,
    INVALID,
    NOTIFY_CUSTOMER_INFORMATION,
    PUBLISH_FIRMWARE_STATUS_NOTIFICATION,
    REJECTED,
    STARTED,
)
from tables.variables import VISITORS_CTRLR_GUEST, VISITORS_CTRLR_MOST_POWER

from charging.answers import GOOD
from hal.errors import StorageError
from hal.timers import Timer

_FILE = "visitors"
_SAVE_MS = const(2000)


class Visits:
    """How many have charged: `count`, kept in a file."""

    def __init__(self, store):
        self.store = store
        self.count = 0
        self.refused = 0

    def load(self):
        kept = self.store.read(_FILE)
        if kept:
            self.count = int(kept)

    def save(self):
        try:
            self.store.write(_FILE, b"%d" % self.count)
        except StorageError:
            pass  # logged there; the next visitor tries again

    def judged(self, info):
        self.refused += info[IdTokenInfoType.status] == INVALID

    def readings(self, tell):
        """Keeps none."""


class Visitors:
    """
    Args:
        visits: Visits.
    """

    def __init__(self, model, clock, timers, store, visits):
        self.model = model
        self.clock = clock
        self.timers = timers
        self.store = store
        self.visits = visits
        self.link = None
        self._timer = Timer(visits.save)
        self._report = None  # requestId
        self._idle = False
        self._heard = 0

    # ---- what is told

    def loading(self):
        self.visits.load()

    def started(self):
        self._heard += 1

    def connected(self, up):
        self._heard += 1

    def accepted_by_csms(self):
        self._heard += 1

    def online(self, up):
        if not up:
            self._idle = False

    def closed(self):
        self.timers.stop(self._timer)
        self.visits.save()

    def connector_changed(self, evse, connector):
        self._heard += 1

    def lock_changed(self):
        self._heard += 1

    def transaction_ended(self):
        self.timers.start(self._timer, _SAVE_MS)

    def thin(self):
        self._heard += 1

    def value_changed(self, variable, evse, connector):
        self._heard += 1

    def happened(self, evse, kind):
        if kind == STARTED:
            self.visits.count += 1

    def seen(self, event):
        self._heard += 1

    # ---- what is asked

    def known(self, grant):
        guest = self.model.text(VISITORS_CTRLR_GUEST)
        return GOOD if guest and grant.token == guest else 0

    def kept(self, evse, connector, grant):
        return False

    def reservation_id(self, evse, transaction, grant):
        return None

    def limit_ma(self, evse):
        return self.model.int(VISITORS_CTRLR_MOST_POWER) * 1000

    def cost(self, evse):
        return b"Thank you"

    def unsent(self):
        return self._report is not None

    def monitorable(self, variable):
        return False

    def locked(self, evse):
        return evse > 0

    # ---- messages

    def handle(self, action, reader):
        request, report, clear, customer = reader.unpack(
            CustomerInformationRequest.requestId,
            CustomerInformationRequest.report,
            CustomerInformationRequest.clear,
            CustomerInformationRequest.customerIdentifier,
        )
        if not (report or clear) or self._report is not None:
            return CustomerInformationResponse(
                status=REJECTED, statusInfo_reasonCode=b"Busy" if self.unsent() else b"NoAction"
            )
        if customer is not None and customer != self.model.text(VISITORS_CTRLR_GUEST):
            return CustomerInformationResponse(status=INVALID)
        self._report = request
        if clear:
            self.visits.count = 0
            self.timers.start(self._timer, 0)
        self.link.wake()
        return CustomerInformationResponse(status=ACCEPTED)

    def tell_idle(self):
        self._idle = True
        self.link.wake()
        return True

    def take(self, accepted):
        if not accepted:
            return None
        if self._report is not None:
            return NOTIFY_CUSTOMER_INFORMATION, NotifyCustomerInformationRequest(
                data=b"%d visits" % self.visits.count,
                seqNo=0,
                generatedAt=self.clock.utc(),
                requestId=self._report,
            )
        if self._idle:
            return (
                PUBLISH_FIRMWARE_STATUS_NOTIFICATION,
                PublishFirmwareStatusNotificationRequest(status=IDLE),
            )
        return None

    def answered(self, outcome, reader):
        if self._report is not None:
            self._report = None
        else:
            self._idle = False
