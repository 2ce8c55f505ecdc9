"""E01-E15 TransactionEvent: what charging tells goes into the journal, from there to the CSMS."""

import time

from micropython import const
from tables.messages import (
    GetTransactionStatusRequest,
    GetTransactionStatusResponse,
    IdTokenInfoType,
    TransactionEventRequest,
    TransactionEventResponse,
)
from tables.names import (
    CHARGING,
    ENDED,
    METER_VALUE_CLOCK,
    METER_VALUE_PERIODIC,
    TRANSACTION_EVENT,
    TRIGGER,
    UPDATED,
)
from tables.variables import (
    OCPP_COMM_CTRLR_MESSAGE_ATTEMPT_INTERVAL_TRANSACTION_EVENT,
    OCPP_COMM_CTRLR_MESSAGE_ATTEMPTS_TRANSACTION_EVENT,
)

from blocks.port import ANSWERED, ERROR, LOST
from charging.records import Readings, pack, stamp, unpack
from charging.session import additional_info
from hal import log
from hal.timers import Timer
from wire.names import name

_VERSION = const(1)
_ADDITIONAL = const(2)  # the version of a record that has additionalInfo behind the token
_FIELDS = b"tneeeenszzzznnet"  # of a record, as `event` packs them; readings follow
_LONGEST_MS = const(0x1FFFFFFF)
_RESERVE = const(320)  # bytes of heap: enough for an event without readings


class Transactions:
    """Tells what charging tells of transactions; a source.

    Args:
        charging: Charging.
        journal: append(record, droppable), first(), drop_first(), count(), mark(), old.
        metering: of_event(): packed readings for an event.
    """

    def __init__(self, charging, journal, metering):
        self.charging = charging
        self.metering = metering
        self.journal = journal
        self.link = None  # set by the station
        self._attempts = 0  # to send the first record
        self._asked = 0  # so many are told before Accepted too (B02.FR.02)
        # Transaction id -> seqNo of its next record. The records were numbered before the journal
        # may have thinned them out; the CSMS sees no gaps (E02.FR.07, J02.FR.13).
        self._seq_nos = {}
        self._timer = Timer(self._retry)
        self._out = bytearray()  # the record that is being made
        self._reserve = bytearray(_RESERVE)  # freed where the heap has no more

    def event(self, evse, transaction, kind, trigger, state, reason):
        """Something has happened in a transaction.

        Args:
            evse: Evse; its id is 0 while the EVSE is not known.
            kind, trigger, state, reason: name ids of TransactionEvent, TriggerReason,
                ChargingState and Reason (or 0).
        """
        seq_no = transaction.seq_no
        tell = transaction.tell
        place_told = transaction.place_told
        phases = transaction.phases
        begun = transaction.begun
        try:
            self._keep(True, evse, transaction, kind, trigger, state, reason)
        except MemoryError:
            self._reserve = None
            if transaction.seq_no == seq_no:  # it is not in the journal yet
                log.error("out of memory: an event goes without its readings")
                transaction.tell = tell
                transaction.place_told = place_told
                transaction.phases = phases
                transaction.begun = begun
                self._keep(False, evse, transaction, kind, trigger, state, reason)
        self.metering.telling = None
        self.link.wake()
        try:
            if kind != UPDATED:
                log.info(
                    "evse %d: transaction %s %s, %s",
                    evse.id,
                    transaction.id,
                    name(kind),
                    name(trigger),
                )
            if self._reserve is None:
                self._reserve = bytearray(_RESERVE)
        except MemoryError:
            pass  # the reserve comes back with the next event

    def _keep(self, read, evse, transaction, kind, trigger, state, reason):
        """Put the record of an event into the journal; `read`: with readings."""
        late = state == CHARGING and not transaction.begun
        readings = self.metering.of_event(evse, transaction, kind, trigger, state) if read else ()
        sample = kind == UPDATED and trigger in (METER_VALUE_PERIODIC, METER_VALUE_CLOCK)
        if sample and not (readings and readings[0]):
            return  # no measurands: nothing to tell (J01.FR.22, J02.FR.11)
        tell = transaction.tell
        transaction.tell = None  # E01.FR.10: once
        number, connector = self._place(evse, transaction, late)
        additional = tell.additional if tell else b""
        out = self._out
        out[:] = b""
        pack(
            out,
            _FIELDS + b"t" if additional else _FIELDS,
            (
                transaction.id,
                _ADDITIONAL if additional else _VERSION,
                kind,
                trigger,
                state,
                reason,
                transaction.seq_no,
                stamp(self.charging.clock.utc()),
                self._phases(evse, transaction, state),
                _time_spent(transaction, state),
                tell.remote_start_id if tell else None,
                self.charging.partners.reservation_id(evse, transaction, tell),
                number,
                connector,
                tell.kind if tell else None,
                tell.token if tell else None,
                additional,
            ),
        )
        if self.journal.append(out, sample, readings):
            transaction.seq_no += 1  # E01.FR.07

    def trigger(self, evse=0):
        """TriggerMessage(TransactionEvent) for an EVSE (0: all, and the session that waits for
        its EVSE): is there one (F06.FR.07)?
        """
        told = False
        for each in self.charging.all(evse):
            if each.transaction is not None:
                self.event(each, each.transaction, UPDATED, TRIGGER, each.state, 0)
                told = True
        if told:
            self._asked = self.journal.count()  # in their order: seqNo goes up
        return told

    def handle(self, action, reader):
        """E14 GetTransactionStatus."""
        transaction_id = reader.unpack()[GetTransactionStatusRequest.transactionId]
        ongoing = None
        if transaction_id is None:  # E14.FR.06 to E14.FR.08
            waiting = self.journal.count()
        else:  # E14.FR.01 to E14.FR.05
            ongoing = self.charging.find(transaction_id) is not None
            waiting = self.journal.count_of(transaction_id.lower())
        return GetTransactionStatusResponse(ongoingIndicator=ongoing, messagesInQueue=waiting > 0)

    def _place(self, evse, transaction, late):
        """Evse and connector, in the first event, in the first with an EV connected (E01.FR.16),
        and in one that brings late the readings of the beginning (E01.FR.17).
        """
        if evse.id:
            if transaction.joined and (late or transaction.place_told < 2):
                transaction.place_told = 2
                return evse.id, evse.active.number
            if not transaction.place_told:
                transaction.place_told = 1
                return evse.id, 1 if len(evse.outlets) == 1 else 0
        return 0, 0

    def _phases(self, evse, transaction, state):
        """numberOfPhasesUsed, if it is news (E02.FR.18, E02.FR.19)."""
        meter = self.charging.board.meter(evse.id) if evse.id and state == CHARGING else None
        phases = meter.phases() if meter is not None else 0
        if not phases or phases == transaction.phases:
            return None
        transaction.phases = phases
        return phases

    # ---- for signatures

    def readings(self, tell):
        """Tell of all packed readings in the journal."""
        for record in self.journal.records():
            tell(record, _fields(record)[-1])

    # ---- source

    def online(self, up):
        """The connection to the CSMS, which has accepted us, came or went.

        What waits when it comes is of an offline time, or waited when it broke (E04.FR.03,
        E11.FR.07).
        """
        if up:
            self.journal.mark()

    def take(self, accepted):
        if not (accepted or self._asked) or self._timer.active():
            return None
        record = self.journal.first()
        if record is None:
            return None
        return TRANSACTION_EVENT, self._unpack(record)

    def _unpack(self, record):
        """The slots of TransactionEventRequest."""
        utc = self.charging.clock.utc() or 0
        fields = _fields(record, utc)
        transaction_id, _, kind, trigger, state, reason, seq_no, at = fields[:8]
        phases, spent_s, remote_start_id, reservation_id, evse, connector = fields[8:14]
        token_kind, token, additional, end = fields[14:]
        readings = None
        if end < len(record):
            readings = Readings(record, end, utc, self.metering.signatures)
        offline = True if self.journal.old else None
        seq_no = self._seq_nos.get(transaction_id, seq_no)
        return TransactionEventRequest(
            eventType=kind,
            timestamp=at,
            triggerReason=trigger,
            seqNo=seq_no,
            offline=offline,
            numberOfPhasesUsed=phases,
            reservationId=reservation_id,
            transactionInfo_transactionId=transaction_id,
            transactionInfo_chargingState=state,
            transactionInfo_timeSpentCharging=spent_s,
            transactionInfo_stoppedReason=reason,
            transactionInfo_remoteStartId=remote_start_id,
            evse_id=evse or None,
            evse_connectorId=connector or None,
            idToken_idToken=token if token_kind else None,
            idToken_type=token_kind,
            idToken_additionalInfo=additional_info(additional),
            meterValue=readings,
        )

    def answered(self, outcome, reader):
        if outcome == LOST:
            return  # no attempt (E13): it goes first on the next connection
        if outcome == ANSWERED:
            self._judge(reader.unpack()[TransactionEventResponse.idTokenInfo])
        elif outcome == ERROR and reader.error:
            log.warning("TransactionEvent: the answer breaks the schema, %s", reader.detail)
        elif self._repeat():
            return
        self._attempts = 0
        self._asked = max(self._asked - 1, 0)
        sent = self._unpack(self.journal.first())
        transaction_id = sent[TransactionEventRequest.transactionInfo_transactionId]
        if sent[TransactionEventRequest.eventType] == ENDED:
            self._seq_nos.pop(transaction_id, None)
        else:
            self._seq_nos[transaction_id] = sent[TransactionEventRequest.seqNo] + 1
        self.journal.drop_first()

    def _judge(self, info):
        """The CSMS has looked at the token of the event (E05, C09.FR.12)."""
        if info[IdTokenInfoType.status] is not None:
            sent = self._unpack(self.journal.first())
            self.charging.judge(
                sent[TransactionEventRequest.transactionInfo_transactionId],
                sent[TransactionEventRequest.idToken_idToken],
                sent[TransactionEventRequest.idToken_type],
                info,
            )

    def _repeat(self):
        """Whether the first record is to be sent again, later (E13)."""
        model = self.charging.model
        self._attempts += 1
        if self._attempts >= model.int(OCPP_COMM_CTRLR_MESSAGE_ATTEMPTS_TRANSACTION_EVENT):
            sent = self._unpack(self.journal.first())
            log.error(
                "transaction %s: event %d given up, the CSMS failed %d times",
                sent[TransactionEventRequest.transactionInfo_transactionId],
                sent[TransactionEventRequest.seqNo],
                self._attempts,
            )
            return False  # E13.FR.04
        interval_s = model.int(OCPP_COMM_CTRLR_MESSAGE_ATTEMPT_INTERVAL_TRANSACTION_EVENT)
        self.charging.timers.start(
            self._timer, min(interval_s * self._attempts * 1000, _LONGEST_MS)
        )  # E13.FR.03
        return True

    def _retry(self):
        self.link.wake()


def _fields(record, utc=0):
    """What `event` has packed, additionalInfo too, and where the readings begin."""
    fields = unpack(record, 0, _FIELDS, utc)
    end = fields.pop()
    return fields + (unpack(record, end, b"t") if fields[1] == _ADDITIONAL else [b"", end])


def _time_spent(transaction, state):
    """timeSpentCharging in seconds; None before the first charge."""
    now = time.ticks_ms()
    if transaction.charging_since is not None:
        transaction.charged_ms += time.ticks_diff(now, transaction.charging_since)
    transaction.charging_since = now if state == CHARGING else None
    return transaction.charged_ms // 1000 if transaction.charged_ms or state == CHARGING else None
