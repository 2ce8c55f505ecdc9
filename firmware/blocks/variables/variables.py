"""GetVariables and SetVariables (B05, B06)."""

import array

from micropython import const
from tables.messages import (
    GetVariableDataType,
    GetVariableResultType,
    GetVariablesRequest,
    GetVariablesResponse,
    SetVariableDataType,
    SetVariableResultType,
    SetVariablesRequest,
    SetVariablesResponse,
)
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
                GetVariablesRequest.getVariableData,
                DEVICE_DATA_CTRLR_ITEMS_PER_MESSAGE_GET_VARIABLES,
                DEVICE_DATA_CTRLR_BYTES_PER_MESSAGE_GET_VARIABLES,
            )
            return self._get(reader)
        check_size(
            self._model,
            reader,
            SetVariablesRequest.setVariableData,
            DEVICE_DATA_CTRLR_ITEMS_PER_MESSAGE_SET_VARIABLES,
            DEVICE_DATA_CTRLR_BYTES_PER_MESSAGE_SET_VARIABLES,
        )
        return self._set(reader)

    def _get(self, reader):
        """Locate the items, a few in a turn of the event loop."""
        model = self._model
        handles = self._handles
        live = []  # the value of each live item
        for i, item in enumerate(reader.each(GetVariablesRequest.getVariableData)):
            handles[i] = handle = self._locate(item)
            if model.is_live(handle):
                live.append(model.read(handle, item[GetVariableDataType.attributeType]))
            if i & _FEW == _FEW:
                yield None
        yield GetVariablesResponse(getVariableResult=_Values(model, reader, handles, live))

    def _set(self, reader):
        """Judge the items and stage them, a few in a turn of the event loop; then all take effect
        in one turn, with one write to storage.
        """
        model = self._model
        handles = self._handles
        outcomes = memoryview(self._outcomes)[: reader.count(SetVariablesRequest.setVariableData)]
        for i, item in enumerate(reader.each(SetVariablesRequest.setVariableData)):
            handles[i] = handle = self._locate(item)
            outcomes[i] = model.judge(
                handle,
                item[SetVariableDataType.attributeType],
                item[SetVariableDataType.attributeValue],
            )
            if i & _FEW == _FEW:
                yield None
        yield from self._keep(reader, handles, outcomes)
        # Only now: whoever listens sees all values of the message.
        for i, result in enumerate(outcomes):
            if i & _FEW == 0:
                yield None
            if result <= REBOOT:
                model.notify(handles[i])
        yield SetVariablesResponse(setVariableResult=_Results(outcomes, reader))

    def _keep(self, reader, handles, outcomes):
        """Set what has been judged good, in steps; what can't be kept is noted in `outcomes`."""
        model = self._model
        model.begin()
        for i, item in enumerate(reader.each(SetVariablesRequest.setVariableData)):
            if i & _FEW == 0:
                yield None
            if outcomes[i] <= REBOOT and not model.stage(
                handles[i],
                item[SetVariableDataType.attributeType],
                item[SetVariableDataType.attributeValue],
            ):
                outcomes[i] = NOT_KEPT
        yield None
        kept = yield from model.commit()
        if not kept:
            for i, result in enumerate(outcomes):
                if result <= REBOOT:
                    outcomes[i] = NOT_KEPT

    def _locate(self, item):
        """The handle of what an item names, in either request."""
        return self._model.locate(
            item[(GetVariableDataType | SetVariableDataType).component_name],
            item[(GetVariableDataType | SetVariableDataType).component_instance],
            item[(GetVariableDataType | SetVariableDataType).component_evse_id],
            item[(GetVariableDataType | SetVariableDataType).component_evse_connectorId],
            item[(GetVariableDataType | SetVariableDataType).variable_name],
            item[(GetVariableDataType | SetVariableDataType).variable_instance],
        )


class _Results:
    """setVariableResult, in the order of the request; iterating changes nothing."""

    def __init__(self, outcomes, reader):
        self._outcomes = outcomes
        self._reader = reader

    def __iter__(self):
        for i, item in enumerate(self._reader.each(SetVariablesRequest.setVariableData)):
            yield SetVariableResultType(
                attributeType=item[SetVariableDataType.attributeType]
                or ACTUAL,  # B05.FR.03, B05.FR.12
                attributeStatus=_status(self._outcomes[i]),
                # As they came: B05.FR.02.
                component_name=item[SetVariableDataType.component_name],
                component_instance=item[SetVariableDataType.component_instance],
                component_evse_id=item[SetVariableDataType.component_evse_id],
                component_evse_connectorId=item[SetVariableDataType.component_evse_connectorId],
                variable_name=item[SetVariableDataType.variable_name],
                variable_instance=item[SetVariableDataType.variable_instance],
                attributeStatusInfo_reasonCode=_reason(self._outcomes[i]),
            )


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

    def __iter__(self):
        live = iter(self._live)
        for i, item in enumerate(self._reader.each(GetVariablesRequest.getVariableData)):
            handle = self._handles[i]
            attribute = item[GetVariableDataType.attributeType]
            if self._model.is_live(handle):
                result, value = next(live)
            else:
                result, value = self._model.read(handle, attribute)
            yield GetVariableResultType(
                attributeStatus=_status(result),
                attributeType=attribute or ACTUAL,  # B06.FR.03, B06.FR.11
                attributeValue=value,
                component_name=item[GetVariableDataType.component_name],
                component_instance=item[GetVariableDataType.component_instance],
                component_evse_id=item[GetVariableDataType.component_evse_id],
                component_evse_connectorId=item[GetVariableDataType.component_evse_connectorId],
                variable_name=item[GetVariableDataType.variable_name],
                variable_instance=item[GetVariableDataType.variable_instance],
                attributeStatusInfo_reasonCode=_reason(result),
            )


def _status(outcome):
    return _STATUS[outcome] if outcome < READ_ONLY else REJECTED


def _reason(outcome):
    return None if outcome < READ_ONLY else _REASON[outcome - READ_ONLY]
