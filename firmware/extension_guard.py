# when tables.extension.EXTENSION
"""Around the maker's extension (boards/README.md): each value that comes from it is checked where
it enters, and what fails in it costs no more than that value. The log says file, line, variable.
"""

from extension import Extension
from micropython import const
from tables.extension import LINE_OF_DATA_TRANSFER, LINE_OF_READ, TAKES_FIRMWARE
from tables.names import (
    ACCEPTED,
    REJECTED,
    UNKNOWN_MESSAGE_ID,
    UNKNOWN_VENDOR_ID,
)
from tables.names import DATA_TRANSFER as DATA_TRANSFER_ACTION
from tables.variable_format import (
    KIND_TYPE,
    TYPE_DATE_TIME,
    TYPE_DECIMAL,
    TYPE_INTEGER,
)
from wire_core import MessageReader

from device_model import catalogue
from device_model.check import check
from device_model.outcomes import DONE
from hal import log
from hal.events import DATA_TRANSFER, HEAP, HOOK_REPLY
from hal.timers import Timer
from wire.names import name_id

_STATUSES = (ACCEPTED, REJECTED, UNKNOWN_MESSAGE_ID, UNKNOWN_VENDOR_ID)
# Not of the hardware: the board's other way to a maker's software, and measurements.
_NOT_TOLD = (DATA_TRANSFER, HOOK_REPLY, HEAP)
_OWN = const(-1)  # seq of a DataTransfer of the extension
_ARENA = const(512)  # the least: nothing is kept
_SHOWN = const(40)  # of a wrong value in the log
_LAST_SECOND = const(0x7FFFFFFF)  # since 2020, as write_time() has it
_LONGEST_DELAY_MS = const((1 << 29) - 1)
_LONGEST_VENDOR = const(255)
_LONGEST_MESSAGE_ID = const(50)
_LONGEST_DATA = const(4096)  # bytes; to check them takes 1.6 million instructions at most

# A text stands where nobody keeps it, so that the reader takes any length. Once behind a name and
# once in a list: what is valid JSON in both places is one value, and ends nothing but itself.
_NO_JSON = b"x"
_ID = b"1"
_HEAD = b'[3,"1",{"status":"Accepted","customData":{"vendorId":"-","-":'
_PLACES = ((b"", b"}}]"), (b"[", b"]}}]"))


class Guard:
    """The extension, as station and DataTransfer see it; DataTransfer takes it for the board, too.

    Args:
        board, model, timers: the station's.
    """

    def __init__(self, board, model, timers):
        self._board = board
        self.hook = board.hook
        self.block = None  # DataTransfer, put there by its declaration
        self._sending = False  # a DataTransfer of the extension is under way
        self._handing_over = False
        self._reader = MessageReader(bytearray(_ARENA))
        self._device_model = model
        model = Model(board, model, self)
        if TAKES_FIRMWARE:
            self._its = Extension(board, model, Firmware(self, timers))
        else:
            self._its = Extension(board, model)

    # ---- calls of the extension

    def read(self, variable, evse, connector):
        """A live value, bytes or int; None: the stored one counts."""
        if not hasattr(self._its, "read"):
            return None
        try:
            value = self._its.read(variable, evse, connector)
            why = None
            if value is not None:
                values = self._device_model.values(variable, evse, connector)
                why = self._fault(variable, value, values)
        except Exception as error:  # noqa: BLE001, a defect in it costs this value only
            log.defect("extension: read(%s)" % _title(variable, evse, connector), error)
            return None
        if why is None:
            return value
        what = "extension.py:%d: read(%s) gave %s: %s"
        log.error(what, LINE_OF_READ, _title(variable, evse, connector), _shown(value), why)
        return None

    def _fault(self, variable, value, values):
        """What is wrong with a value of a variable, or None. `values`: as for `check`."""
        kind = catalogue.kind(variable) & KIND_TYPE
        if isinstance(value, int):
            if kind == TYPE_DATE_TIME:
                return None if 0 <= value <= _LAST_SECOND else "wanted are seconds since 2020"
            if kind not in (TYPE_INTEGER, TYPE_DECIMAL):
                return "wanted are bytes"
            value = b"%d" % value
        if not isinstance(value, bytes):
            return "wanted are bytes or int, or None"
        if not self._is_utf8(value):
            return "not UTF-8"
        if check(variable, value, values) == DONE:
            return None
        return "not a legal value, as it is declared"

    def changed(self, variable, evse, connector):
        if hasattr(self._its, "changed"):
            what = "changed(%s)" % _title(variable, evse, connector)
            self.run(what, self._its.changed, variable, evse, connector)

    def event(self, event):
        """An event of the hardware that the firmware has taken."""
        if event[0] not in _NOT_TOLD and hasattr(self._its, "event"):
            self.run("event()", self._its.event, event)

    def data_transfer(self, vendor_id, message_id, data):
        """A DataTransfer of the CSMS: (name id of a status, data), or None: not for it."""
        if not hasattr(self._its, "data_transfer"):
            return None
        try:
            reply = self._its.data_transfer(vendor_id, message_id, data)
        except Exception as error:  # noqa: BLE001, as in read()
            log.defect("extension: data_transfer()", error)
            return REJECTED, None
        if reply is None:
            return None
        why = None
        if not isinstance(reply, tuple) or len(reply) != 2:
            why = "wanted is (status, data), or None"
        elif not isinstance(reply[0], bytes) or name_id(reply[0]) not in _STATUSES:
            why = "no status of DataTransfer"
            reply = reply[0]
        elif not self._is_json(reply[1]):
            why = "data is not JSON as bytes, 4,096 at most"
            reply = reply[1]
        if why is None:
            return name_id(reply[0]), reply[1]
        what = "extension.py:%d: data_transfer() gave %s: %s"
        log.error(what, LINE_OF_DATA_TRANSFER, _shown(reply), why)
        return REJECTED, None

    def run(self, what, function, *args):
        """Call a function of the extension; what fails in it is logged."""
        try:
            function(*args)
        except Exception as error:  # noqa: BLE001, as in read()
            log.defect("extension: " + what, error)

    # ---- DataTransfers of the extension

    def send(self, vendor_id, message_id, data):
        """Send one, unless one is under way. False: it is not sent (P02)."""
        if not self._is_text(vendor_id, _LONGEST_VENDOR):
            raise ValueError("vendor_id: UTF-8, at most 255 characters, as bytes")
        if message_id is not None and not self._is_text(message_id, _LONGEST_MESSAGE_ID):
            raise ValueError("message_id: UTF-8, at most 50 characters, as bytes, or None")
        if isinstance(data, memoryview) or not self._is_json(data):  # that is good for now only
            raise ValueError("data: JSON as bytes, 4,096 at most, or None")
        if self._sending or self.block is None:
            return False
        self._sending = self._handing_over = True
        self.block.data_transfer_asked(_OWN, vendor_id, message_id, data)
        self._handing_over = False
        return self._sending

    def data_transfer_reply(self, seq, status, data, why):
        """What became of a DataTransfer: as of the board, which gets those that are its own."""
        if seq != _OWN:
            self._board.data_transfer_reply(seq, status, data, why)
            return
        self._sending = False
        # What fails while it is handed over send() says.
        if not self._handing_over and hasattr(self._its, "data_transfer_answered"):
            what = "data_transfer_answered()"
            self.run(what, self._its.data_transfer_answered, status, data)

    # ---- texts

    def _is_text(self, value, most):
        return (
            isinstance(value, bytes)
            and len(value) <= 4 * most
            and self._is_utf8(value)
            and len(str(value, "utf-8")) <= most
        )

    def _is_utf8(self, value):
        reader = self._reader
        reader.start()
        reader.feed(_NO_JSON, 0, 1)  # what follows is only checked to be UTF-8
        reader.feed(value, 0, len(value))
        reader.finish()
        return not reader.bad_utf8

    def _is_json(self, data):
        """Whether `data` is one JSON value, or None: bytes, a memoryview, or a tuple of such."""
        if data is None:
            return True
        pieces = data if isinstance(data, tuple) else (data,)
        size = 0
        for piece in pieces:
            if not isinstance(piece, (bytes, memoryview)):
                return False
            size += len(piece)
        if size > _LONGEST_DATA:
            return False
        reader = self._reader
        for before, after in _PLACES:
            reader.pending_id = _ID
            reader.pending_action = DATA_TRANSFER_ACTION
            reader.start()
            for parts in ((_HEAD, before), pieces, (after,)):
                for part in parts:
                    reader.feed(part, 0, len(part))
            reader.finish()
            if reader.error:
                return False
        return True

    def check_set(self, variable, value):
        """Whether the extension may have a variable set to this. Raises: ValueError."""
        if not isinstance(value, bytes) or not self._is_utf8(value):
            title = str(catalogue.title(variable), "utf-8")
            raise ValueError("model.set(%s): UTF-8 as bytes" % title)


class Model:
    """Of the DeviceModel what an extension may use; `set` checks what it is given."""

    def __init__(self, board, model, guard):
        self._board = board
        self._model = model
        self._guard = guard

    def set(self, variable, value, evse=0, connector=0):
        self._guard.check_set(variable, value)
        connectors = self._board.connectors
        if not 0 <= evse <= len(connectors) or not 0 <= connector <= (
            connectors[evse - 1] if evse else 0
        ):
            raise ValueError("model.set(): no such EVSE or connector")
        if not self._model.there(variable, evse, connector):
            return REJECTED
        return self._model.set(variable, value, evse, connector)

    def text(self, variable, evse=0, connector=0):
        return self._model.text(variable, evse, connector)

    def int(self, variable, evse=0, connector=0):
        return self._model.int(variable, evse, connector)

    def flag(self, variable, evse=0, connector=0):
        return self._model.flag(variable, evse, connector)

    def members(self, variable, evse=0, connector=0):
        return self._model.members(variable, evse, connector)

    def has(self, variable, member, evse=0, connector=0):
        return self._model.has(variable, member, evse, connector)


class Firmware:
    """What the firmware does for the extension, its third argument."""

    def __init__(self, guard, timers):
        self._guard = guard
        self._timers = timers

    def timer(self, callback):
        """A timer that calls `callback()` once, when it is due; it does not run yet."""
        return Timer(lambda: self._guard.run("timer", callback))

    def start(self, timer, delay_ms):
        """(Re)start a timer. `delay_ms`: 0 to 2**29 - 1, about 6 days. Raises: ValueError."""
        if not isinstance(delay_ms, int) or not 0 <= delay_ms <= _LONGEST_DELAY_MS:
            raise ValueError("delay_ms: 0 to 536870911")
        self._timers.start(timer, delay_ms)

    def stop(self, timer):
        self._timers.stop(timer)

    def send_data_transfer(self, vendor_id, message_id=None, data=None):
        """Send a DataTransfer to the CSMS.

        Args:
            vendor_id, message_id: UTF-8 as bytes, at most 255 and 50 characters.
            data: JSON as bytes, at most 4,096, or None; kept until it is answered.

        Returns:
            True: data_transfer_answered() will be called. False: one is under way already, or the
                station is not connected.

        Raises:
            ValueError: an argument is wrong.
        """
        return self._guard.send(vendor_id, message_id, data)


def _title(variable, evse, connector):
    return "%s@%d.%d" % (str(catalogue.title(variable), "utf-8"), evse, connector)


def _shown(value):
    """Of a wrong value what a line of the log has room for."""
    if isinstance(value, (bytes, str)):
        return repr(value[:_SHOWN])
    return repr(value if isinstance(value, (int, bool)) else type(value))
