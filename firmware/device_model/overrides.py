"""Factory overrides: the maker's values for a board, between ROM and what the CSMS sets."""

from tables.variable_format import (
    FIELD_MAX,
    FIELD_MIN,
    KIND_MUTABILITY,
    KIND_TYPE,
    MUTABILITY_SHIFT,
    READ_ONLY,
    READ_WRITE,
    TYPE_DECIMAL,
    TYPE_INTEGER,
    WRITE_ONLY,
)

from device_model import catalogue
from device_model.check import check
from device_model.outcomes import DONE, TOO_HIGH, TOO_LOW
from hal import log

_ATTRIBUTES = (b"Actual", b"Target", b"MinSet", b"MaxSet")


def load(items, values, locate):
    """Put overrides into `values`; what is unknown or illegal is ignored with a line in the log.

    Args:
        items: iterable of (component, component_instance, evse, connector, variable, instance,
            attribute, value, mutability), bytes or int or None.
        values: Values of the factory.
        locate: DeviceModel.locate.
    """
    for item in items:
        evse, connector, attribute, value, mutability = item[2], item[3], item[6], item[7], item[8]
        handle = locate(item[0], item[1], evse or None, connector or None, item[4], item[5])
        if handle < 0:
            log.warning("override ignored: this station has no %s.%s", item[0], item[4])
            continue
        variable = handle & 0xFFFF
        attribute = _attribute(variable, attribute)
        if attribute < 0:
            log.warning("override ignored: %s has no such attribute", catalogue.title(variable))
            continue
        if value is not None:
            value = _legal(variable, value)
        mutability = _mutability(variable, mutability)
        if value is not None or mutability is not None:
            place = (variable, evse or 0, connector or 0, attribute)
            if mutability is None:
                values.put(*place, value)
            else:
                values.put(*place, value, mutability)


def _attribute(variable, name):
    if not name:
        return 0
    if name not in _ATTRIBUTES:
        return -1
    index = _ATTRIBUTES.index(name)
    return index if catalogue.attributes(variable) >> index & 1 else -1


def _legal(variable, value):
    """The value, clamped to the limits of a number, or None."""
    outcome = check(variable, value)
    if outcome == DONE:
        return value
    limit = None
    if catalogue.kind(variable) & KIND_TYPE in (TYPE_INTEGER, TYPE_DECIMAL):
        if outcome == TOO_LOW:
            limit = catalogue.text(variable, FIELD_MIN)
        elif outcome == TOO_HIGH:
            limit = catalogue.text(variable, FIELD_MAX)
    if limit is None:
        log.warning("override ignored: not a legal value of %s", catalogue.title(variable))
    else:
        log.warning("override of %s clamped to %s", catalogue.title(variable), limit)
    return limit


def _mutability(variable, name):
    if not name:
        return None
    wanted = {b"ReadOnly": READ_ONLY, b"ReadWrite": READ_WRITE, b"WriteOnly": WRITE_ONLY}.get(name)
    # A secret stays one: nobody may read a password that the CSMS has set.
    if wanted is None or (_secret(variable) and wanted != WRITE_ONLY):
        log.warning("override ignored: mutability %s of %s", name, catalogue.title(variable))
        return None
    return wanted


def _secret(variable):
    return (catalogue.kind(variable) & KIND_MUTABILITY) >> MUTABILITY_SHIFT == WRITE_ONLY
