"""GetVariables and SetVariables (B05, B06)."""

import array

from micropython import const
from tables.names import (
    ACCEPTED,
    ACTUAL,
    GET_VARIABLES,
    NOT_SUPPORTED_ATTRIBUTE_TYPE,
    REBOOT_REQUIRED,
    REJECTED,
    UNKNOWN_COMPONENT,
    UNKNOWN_VARIABLE,
)
from tables.variables import (
    DEVICE_DATA_CTRLR_BYTES_PER_MESSAGE_GET_VARIABLES,
    DEVICE_DATA_CTRLR_BYTES_PER_MESSAGE_SET_VARIABLES,
    DEVICE_DATA_CTRLR_ITEMS_PER_MESSAGE_GET_VARIABLES,
    DEVICE_DATA_CTRLR_ITEMS_PER_MESSAGE_SET_VARIABLES,
)

from device_model.limits import check_size
from device_model.outcomes import NOT_KEPT, READ_ONLY, REBOOT

_MOST_ITEMS = const(250)
_FEW = const(3)  # a mask: items in a turn of the event loop, less one

# By outcome (device_model/outcomes.py), B05.FR.04 to .10 and B06.FR.06 to .10; from READ_ONLY on
# Rejected, with a reason code of the appendices.
_STATUS = (
    ACCEPTED,
    REBOOT_REQUIRED,
    UNKNOWN_COMPONENT,
    UNKNOWN_VARIABLE,
    NOT_SUPPORTED_ATTRIBUTE_TYPE,
)
_REASON = (
    b"ReadOnly",
    b"WriteOnly",
    b"InvalidValue",
    b"ValueTooLow",
    b"ValueTooHigh",
    b"TooLargeElement",
    b"OutOfStorage",
)


class Variables:
    def __init__(self, model):
        """
        Args:
            model: DeviceModel.
        """
        self._model = model
        most = 0
        for variable in (
            DEVICE_DATA_CTRLR_ITEMS_PER_MESSAGE_GET_VARIABLES,
            DEVICE_DATA_CTRLR_ITEMS_PER_MESSAGE_SET_VARIABLES,
        ):
            model.clamp(variable, _MOST_ITEMS)
            most = max(most, model.int(variable))
        # Of the message that is being answered, by item.
        self._handles = array.array("i", bytes(4 * most))
        self._outcomes = bytearray(most)

    def handle(self, action, reader):
        """Answer GetVariables or SetVariables, in steps.

        Raises:
            CallError: more items (B06.FR.16) or bytes (B06.FR.17) than the device model allows.
        """
        if action == GET_VARIABLES:
            check_size(
                self._model,
                reader,
                0,
                DEVICE_DATA_CTRLR_ITEMS_PER_MESSAGE_GET_VARIABLES,
                DEVICE_DATA_CTRLR_BYTES_PER_MESSAGE_GET_VARIABLES,
            )
            return self._get(reader)
        check_size(
            self._model,
            reader,
            0,
            DEVICE_DATA_CTRLR_ITEMS_PER_MESSAGE_SET_VARIABLES,
            DEVICE_DATA_CTRLR_BYTES_PER_MESSAGE_SET_VARIABLES,
        )
        return self._set(reader)

    def _get(self, reader):
        """Locate the items, a few in a turn of the event loop."""
        model = self._model
        handles = self._handles
        live = []  # the value of each live item
        for i, item in enumerate(reader.each()):
            handles[i] = handle = self._locate(item, 1)
            if model.is_live(handle):
                live.append(model.read(handle, item[0]))
            if i & _FEW == _FEW:
                yield None
        yield (_Values(model, reader, handles, live),)

    def _set(self, reader):
        """Judge the items and stage them, a few in a turn of the event loop; then all take effect
        in one turn, with one write to storage.
        """
        model = self._model
        handles = self._handles
        outcomes = memoryview(self._outcomes)[: reader.count(0)]
        for i, item in enumerate(reader.each()):
            handles[i] = handle = self._locate(item, 2)
            outcomes[i] = model.judge(handle, item[0], item[1])
            if i & _FEW == _FEW:
                yield None
        yield from self._keep(reader, handles, outcomes)
        # Only now: whoever listens sees all values of the message.
        for i, result in enumerate(outcomes):
            if i & _FEW == 0:
                yield None
            if result <= REBOOT:
                model.notify(handles[i])
        yield (_Results(outcomes, reader),)

    def _keep(self, reader, handles, outcomes):
        """Set what has been judged good, in steps; what can't be kept is noted in `outcomes`."""
        model = self._model
        model.begin()
        for i, item in enumerate(reader.each()):
            if i & _FEW == 0:
                yield None
            if outcomes[i] <= REBOOT and not model.stage(handles[i], item[0], item[1]):
                outcomes[i] = NOT_KEPT
        yield None
        kept = yield from model.commit()
        if not kept:
            for i, result in enumerate(outcomes):
                if result <= REBOOT:
                    outcomes[i] = NOT_KEPT

    def _locate(self, item, at):
        return self._model.locate(
            item[at], item[at + 1], item[at + 2], item[at + 3], item[at + 4], item[at + 5]
        )


class _Results:
    """setVariableResult, in the order of the request; iterating changes nothing."""

    def __init__(self, outcomes, reader):
        self._outcomes = outcomes
        self._reader = reader
        self._record = [None] * 10

    def __iter__(self):
        record = self._record
        for i, item in enumerate(self._reader.each()):
            record[0] = item[0] or ACTUAL  # B05.FR.03, B05.FR.12
            record[1] = _status(self._outcomes[i])
            record[2:8] = item[2:8]  # component and variable as they came (B05.FR.02)
            record[8] = _reason(self._outcomes[i])
            yield record


class _Values:
    """getVariableResult, in the order of the request.

    The writer iterates twice and must see the same: live values are read once and kept, the others
    stay as they are while the answer is written, as only this connection changes them.
    """

    def __init__(self, model, reader, handles, live):
        self._model = model
        self._reader = reader
        self._handles = handles
        self._live = live
        self._record = [None] * 11

    def __iter__(self):
        record = self._record
        live = iter(self._live)
        for i, item in enumerate(self._reader.each()):
            handle = self._handles[i]
            if self._model.is_live(handle):
                result, value = next(live)
            else:
                result, value = self._model.read(handle, item[0])
            record[0] = _status(result)
            record[1] = item[0] or ACTUAL  # B06.FR.03, B06.FR.11
            record[2] = value
            record[3:9] = item[1:7]
            record[9] = _reason(result)
            yield record


def _status(outcome):
    return _STATUS[outcome] if outcome < READ_ONLY else REJECTED


def _reason(outcome):
    return None if outcome < READ_ONLY else _REASON[outcome - READ_ONLY]
