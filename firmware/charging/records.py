"""Transaction events and meter readings as compact bytes: in the journal, and into messages.

README.md describes the format. Names are kept as places in _NAMES, never as name ids, which
change with the firmware: so a record outlives an update. New names go to the end.
"""

import time

from micropython import const
from tables.messages import MeterValueType, SampledValueType
from tables.names import (
    ABNORMAL_CONDITION,
    AUTHORIZED,
    CABLE_PLUGGED_IN,
    CENTRAL,
    CHARGING,
    CHARGING_RATE_CHANGED,
    CHARGING_STATE_CHANGED,
    CURRENT_IMPORT,
    DE_AUTHORIZED,
    DEAUTHORIZED,
    E_MAID,
    EMERGENCY_STOP,
    ENDED,
    ENERGY_ACTIVE_IMPORT_REGISTER,
    ENERGY_LIMIT_REACHED,
    EV_COMMUNICATION_LOST,
    EV_CONNECT_TIMEOUT,
    EV_CONNECTED,
    EV_DEPARTED,
    EV_DETECTED,
    EV_DISCONNECTED,
    GROUND_FAULT,
    IDLE,
    IMMEDIATE_RESET,
    ISO14443,
    ISO15693,
    KEY_CODE,
    L1,
    L1_N,
    L2,
    L2_N,
    L3,
    L3_N,
    LOCAL,
    LOCAL_OUT_OF_CREDIT,
    MAC_ADDRESS,
    MASTER_PASS,
    METER_VALUE_CLOCK,
    METER_VALUE_PERIODIC,
    NO_AUTHORIZATION,
    OTHER,
    OVERCURRENT_FAULT,
    POWER_ACTIVE_IMPORT,
    POWER_LOSS,
    POWER_QUALITY,
    REBOOT,
    REMOTE,
    REMOTE_START,
    REMOTE_STOP,
    RESET_COMMAND,
    SAMPLE_CLOCK,
    SAMPLE_PERIODIC,
    SIGNED_DATA_RECEIVED,
    SOC_LIMIT_REACHED,
    STARTED,
    STOP_AUTHORIZED,
    STOPPED_BY_EV,
    SUSPENDED_EV,
    SUSPENDED_EVSE,
    TIME_LIMIT_REACHED,
    TIMEOUT,
    TRANSACTION_BEGIN,
    TRANSACTION_END,
    TRIGGER,
    UNLOCK_COMMAND,
    UPDATED,
    VOLTAGE,
)

_NAMES = (
    0,
    # 1: TransactionEventEnumType
    STARTED, UPDATED, ENDED,
    # 4: TriggerReasonEnumType
    AUTHORIZED, CABLE_PLUGGED_IN, CHARGING_RATE_CHANGED, CHARGING_STATE_CHANGED, DEAUTHORIZED,
    ENERGY_LIMIT_REACHED, EV_COMMUNICATION_LOST, EV_CONNECT_TIMEOUT, METER_VALUE_CLOCK,
    METER_VALUE_PERIODIC, TIME_LIMIT_REACHED, TRIGGER, UNLOCK_COMMAND, STOP_AUTHORIZED,
    EV_DEPARTED, EV_DETECTED, REMOTE_STOP, REMOTE_START, ABNORMAL_CONDITION, SIGNED_DATA_RECEIVED,
    RESET_COMMAND,
    # 25: ChargingStateEnumType
    CHARGING, EV_CONNECTED, SUSPENDED_EV, SUSPENDED_EVSE, IDLE,
    # 30: ReasonEnumType
    DE_AUTHORIZED, EMERGENCY_STOP, EV_DISCONNECTED, GROUND_FAULT, IMMEDIATE_RESET, LOCAL,
    LOCAL_OUT_OF_CREDIT, MASTER_PASS, OTHER, OVERCURRENT_FAULT, POWER_LOSS, POWER_QUALITY, REBOOT,
    REMOTE, SOC_LIMIT_REACHED, STOPPED_BY_EV, TIMEOUT,
    # 47: IdTokenEnumType
    CENTRAL, E_MAID, ISO14443, ISO15693, KEY_CODE, MAC_ADDRESS, NO_AUTHORIZATION,
    # 54: ReadingContextEnumType
    SAMPLE_CLOCK, SAMPLE_PERIODIC, TRANSACTION_BEGIN, TRANSACTION_END,
)  # fmt: skip

# What a sample can be, by its number in a reading: measurand, phase, decimals, unit.
QUANTITIES = (
    (ENERGY_ACTIVE_IMPORT_REGISTER, None, 0, b"Wh"),
    (POWER_ACTIVE_IMPORT, None, 0, b"W"),
    (CURRENT_IMPORT, None, 3, b"A"),
    (CURRENT_IMPORT, L1, 3, b"A"),
    (CURRENT_IMPORT, L2, 3, b"A"),
    (CURRENT_IMPORT, L3, 3, b"A"),
    (VOLTAGE, L1_N, 1, b"V"),
    (VOLTAGE, L2_N, 1, b"V"),
    (VOLTAGE, L3_N, 1, b"V"),
)

_SIGNED = const(0x7F)  # in place of the first of them: the reading's signature follows
_UNSIGNED = (None, None, None, None)
_FIRST_CURRENT = const(2)  # of QUANTITIES: the total, then L1 to L3
_FIRST_VOLTAGE = const(6)
_TICKS = const(0x40000000)  # a stamp made before the clock was set: ticks instead of seconds
_MORE = const(0x80)
_EITHER = const(122)  # b"z", and so on
_NAME = const(101)
_STAMP = const(115)
_TEXT = const(116)


def pack(out, kinds, values):
    """Append `values` to the bytearray `out`, each in the way that its letter in `kinds` says.

    n: number, 0 or more, in groups of 7 bits, the lowest first. s: stamp, the same.
    z: number of either sign, or None. e: name id, 0 or None: none. t: text, or None.
    """
    for kind, value in zip(kinds, values):
        if kind == _NAME:
            value = _NAMES.index(value or 0)
        elif kind == _TEXT:
            value = value or b""
            _put(out, len(value))
            out.extend(value)
            continue
        elif kind == _EITHER:
            value = 0 if value is None else (value << 1 if value >= 0 else ~value << 1 | 1) + 1
        _put(out, value)


def _put(out, value):
    while value >= _MORE:
        out.append(value & 0x7F | _MORE)
        value >>= 7
    out.append(value)


def unpack(data, at, kinds, utc=0):
    """What `pack` has written at `data[at]`, as a list, and after it where it ends.

    Args:
        utc: the clock as it is known now, for stamps, which are seconds since 2020.
    """
    values = []
    for kind in kinds:
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < _MORE:
                break
            shift += 7
        if kind == _NAME:
            value = _NAMES[value] or None
        elif kind == _TEXT:
            at += value
            value = bytes(data[at - value : at])
        elif kind == _EITHER:
            value -= 1
            value = None if value < 0 else ~(value >> 1) if value & 1 else value >> 1
        elif kind == _STAMP and value & _TICKS:
            value = utc - time.ticks_diff(time.ticks_ms(), value & ~_TICKS) // 1000
        values.append(value)
    values.append(at)
    return values


def stamp(utc):
    """The time to be kept: `utc` (seconds since 2020), or ticks while it is None."""
    return _TICKS | time.ticks_ms() if utc is None else utc


def read(meter, measurands, context, at, signature=None):
    """A packed reading of a meter; empty if there is nothing to read.

    Args:
        measurands: name ids.
        context: name id of its ReadingContextEnumType.
        at: stamp.
        signature: reference of what the meter has signed (signatures.py), or None.
    """
    reading = bytearray()
    pack(reading, b"es", (context, at))
    if signature is not None:
        reading.append(_SIGNED)
        reading.append(signature)
    empty = len(reading)
    for i, quantity in enumerate(QUANTITIES):
        if quantity[0] in measurands:
            value = _measure(meter, i)
            if value is not None:
                reading.append(i)
                _put(reading, max(value, 0))
    if len(reading) == empty:
        return b""
    size = bytearray()
    _put(size, len(reading))
    size.extend(reading)
    return size


def _measure(meter, i):
    """The value of QUANTITIES[i]; None: the meter has no such phase."""
    measurand = QUANTITIES[i][0]
    if measurand == ENERGY_ACTIVE_IMPORT_REGISTER:
        return meter.energy_wh()  # J02.FR.17
    if measurand == POWER_ACTIVE_IMPORT:
        return meter.power_w()
    if i == _FIRST_CURRENT:
        return meter.current_ma(1) + meter.current_ma(2) + meter.current_ma(3)
    phase = i - _FIRST_CURRENT if measurand == CURRENT_IMPORT else i - _FIRST_VOLTAGE + 1
    voltage_dv = meter.voltage_dv(phase)
    if phase > 1 and not voltage_dv:
        return None
    return meter.current_ma(phase) if measurand == CURRENT_IMPORT else voltage_dv


def signatures(data, at):
    """Generator: the places of signatures' references in `data`, readings from `at` on."""
    while at < len(data):
        size, at = unpack(data, at, b"n")
        start = unpack(data, at, b"es")[-1]
        if data[start] == _SIGNED:
            yield start + 1
        at += size


class Readings:
    """The meterValue array of a message, out of packed readings; may be iterated many times.

    Args:
        data: bytes or memoryview.
        at: where the first reading starts; they go on to the end of `data`.
        utc: the clock as it is known now.
        signatures: Signatures.
    """

    def __init__(self, data, at, utc, signatures):
        self._signatures = signatures
        self._data = data
        self._at = at
        self._utc = utc

    def __iter__(self):
        data = self._data
        at = self._at
        while at < len(data):
            size, at = unpack(data, at, b"n")
            context, taken, start = unpack(data, at, b"es", self._utc)
            at += size
            signed = None
            if data[start] == _SIGNED:
                signed = self._signatures.fields(data[start + 1])
                start += 2
            yield MeterValueType(
                timestamp=taken, sampledValue=_samples(data, start, at, context, signed)
            )


def _samples(data, at, end, context, signed):
    """The sampledValue array of a reading, once; the first, the register, has what is signed."""
    while at < end:
        record, method, encoding, key = signed or _UNSIGNED
        signed = None
        measurand, phase, decimals, unit = QUANTITIES[data[at]]
        value = shift = 0
        while True:
            at += 1
            byte = data[at]
            value |= (byte & 0x7F) << shift
            if byte < _MORE:
                break
            shift += 7
        at += 1
        yield SampledValueType(
            value=value,
            value_decimals=decimals,
            context=context,
            measurand=measurand,
            phase=phase,
            unitOfMeasure_unit=unit,
            signedMeterValue_signedMeterData=record,
            signedMeterValue_signingMethod=method,
            signedMeterValue_encodingMethod=encoding,
            signedMeterValue_publicKey=key,
        )
