"""Factory overrides: the maker's values for a board, between ROM and what the CSMS sets."""

from tables.variable_format import (
    FLAG_LIVE,
    KIND_MUTABILITY,
    MUTABILITY_SHIFT,
    READ_ONLY,
    WRITE_ONLY,
)

from device_model import catalogue
from device_model.values import SAME
from hal import log
from wire.names import name_id


def load(items, values, model):
    """Put overrides into `values`; what is unknown or illegal is ignored with a line in the log.

    Args:
        items: iterable of (component, component_instance, evse, connector, variable, instance,
            attribute, value, mutability), bytes or int or None.
        values: Values of the factory.
        model: DeviceModel.
    """
    for item in items:
        evse, connector = item[2] or 0, item[3] or 0
        attribute, value, mutability = item[6], item[7], item[8]
        handle = model.locate(item[0], item[1], evse, connector, item[4], item[5])
        if handle < 0:
            log.warning("override ignored: this station has no %s.%s", item[0], item[4])
            continue
        variable = handle & 0xFFFF
        attribute = _attribute(variable, attribute)
        if attribute < 0:
            log.warning("override ignored: %s has no such attribute", catalogue.title(variable))
            continue
        if value is not None:
            value = model.legal(variable, evse, connector, value, "override")
        mutability = _mutability(variable, attribute, mutability)
        if value is not None or mutability != SAME:
            values.put(handle, attribute, value, mutability)


def _attribute(variable, name):
    if not name:
        return 0
    index = catalogue.number(catalogue.ATTRIBUTES, name_id(name))
    return index if index >= 0 and catalogue.attributes(variable) >> index & 1 else -1


def _mutability(variable, attribute, name):
    if not name:
        return SAME
    wanted = catalogue.number(catalogue.MUTABILITIES, name_id(name))
    kind = catalogue.kind(variable)
    declared = (kind & KIND_MUTABILITY) >> MUTABILITY_SHIFT
    # A secret stays one: nobody may read a password that the CSMS has set. And what the station
    # itself says of a live variable would stay in force, whatever the CSMS had set (B05.FR.09).
    live = kind & FLAG_LIVE and not attribute
    fixed = declared == WRITE_ONLY or (declared == READ_ONLY and live)
    if wanted < 0 or (fixed and wanted != declared):
        log.warning("override ignored: mutability %s of %s", name, catalogue.title(variable))
        return SAME
    return wanted
