"""P01, P02 DataTransfer: passed to and from the maker's side of the board."""

from micropython import const
from tables.messages import DataTransferRequest, DataTransferResponse
from tables.names import (
    ACCEPTED,
    DATA_TRANSFER,
    REJECTED,
    UNKNOWN_MESSAGE_ID,
    UNKNOWN_VENDOR_ID,
)

from blocks.port import ANSWERED, DEFER, TIMEOUT
from hal import log
from hal.timers import Timer
from wire.names import name, name_id

_STATUSES = (ACCEPTED, REJECTED, UNKNOWN_MESSAGE_ID, UNKNOWN_VENDOR_ID)
_WAITING = const(4)  # DataTransfers of the maker's side that may wait
_HOOK_MS = const(
    20000
)  # for the maker's side to answer; below the usual message time-out of a CSMS (30 s)


class DataTransfer:
    """
    Args:
        board: for its hook and its data_transfer_reply().
        extension: the maker's (extension_guard.py), or None.
    """

    def __init__(self, board, timers, extension):
        self.board = board
        self.extension = extension
        self.timers = timers
        self.link = None  # set by the station
        self._online = False
        # (seq, vendor_id, message_id, data) that wait; the first may be outstanding
        self._out = []
        self._seq = 0  # of the last DataTransfer handed to the maker's side
        self._reply_to = None  # message id of the CALL that waits for the maker's side
        self._timer = Timer(self._hook_late)

    def data_transfer_asked(self, seq, vendor_id, message_id, data):
        """The maker's side wants to send: answered through board.data_transfer_reply() (P02)."""
        if not self._online:
            self._fail(seq, b"the station is not connected to its CSMS")
            return
        if len(self._out) >= _WAITING:
            self._fail(seq, b"too many DataTransfers wait already")
            return
        self._out.append((seq, vendor_id, message_id, data))
        self.link.wake()

    def take(self, accepted):
        if not accepted or not self._out:
            return None
        _, vendor_id, message_id, data = self._out[0]
        return DATA_TRANSFER, DataTransferRequest(
            vendorId=vendor_id, messageId=message_id, data=data
        )

    def answered(self, outcome, reader):
        if not self._out:
            return  # told already: the station went offline
        seq = self._out.pop(0)[0]
        if outcome == ANSWERED:
            status, data = reader.unpack(DataTransferResponse.status, DataTransferResponse.data)
            self.board.data_transfer_reply(seq, name(status), data, None)
        elif outcome == TIMEOUT:
            self._fail(seq, b"the CSMS did not answer in time")
        else:
            self._fail(seq, b"the CSMS answered with an error")

    def _fail(self, seq, why):
        self.board.data_transfer_reply(seq, None, None, why)

    def handle(self, action, reader):
        vendor_id, message_id, data = reader.unpack(
            DataTransferRequest.vendorId, DataTransferRequest.messageId, DataTransferRequest.data
        )
        if self.extension:
            reply = self.extension.data_transfer(vendor_id, message_id, data)
            if reply is not None:
                status, data = reply
                return DataTransferResponse(status=status, data=data)
        if self._reply_to is not None:
            log.warning("DataTransfer refused: the last one still waits for its answer")
            return DataTransferResponse(status=REJECTED, statusInfo_reasonCode=b"Busy")
        self._seq += 1
        if not self.board.hook(self._seq, vendor_id, message_id, data):
            return DataTransferResponse(status=UNKNOWN_VENDOR_ID)  # P01.FR.05
        self._reply_to = reader.message_id
        self.timers.start(self._timer, _HOOK_MS)
        return DEFER

    def hook_replied(self, seq, status, data):
        """The maker's side has answered."""
        if self._reply_to is None or seq != self._seq:
            log.warning("answer to a DataTransfer that nobody waits for")
            return
        self._answer(_status(status), data)

    def connected(self, up):
        if not up:
            self.online(False)  # also while Pending

    def online(self, up):
        """The station is online now, or no more: then nobody is left to ask or to answer to."""
        self._online = up
        if not up:
            self._reply_to = None
            self.timers.stop(self._timer)
            while self._out:
                self._fail(self._out.pop(0)[0], b"the connection was lost before the answer")

    def _hook_late(self):
        log.warning("DataTransfer: no answer of the maker's side in %d ms", _HOOK_MS)
        self._answer(REJECTED, None)

    def _answer(self, status, data):
        self.timers.stop(self._timer)
        message_id = self._reply_to
        self._reply_to = None
        self.link.reply(message_id, DATA_TRANSFER, DataTransferResponse(status=status, data=data))


def _status(text):
    """Name id of a status that the maker's side has given."""
    status = name_id(text)
    if status in _STATUSES:
        return status
    log.warning("DataTransfer: the maker's side gave no status of OCPP")
    return REJECTED
