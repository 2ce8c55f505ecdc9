"""Changed values in storage: one file, written whole (firmware/storage/README.md: the format).

Variables stand there by name, so that a firmware with other tables still finds them.
"""

from micropython import const
from tables.variable_format import FLAG_VOLATILE

from device_model import catalogue
from hal import log

FILE = "variables"
_NUMBERS = const(5)  # EVSE, connector, attribute, length of the value (2)


def save(store, values):
    """Write `values` (Values).

    Raises:
        StorageError: the old file is still there.
    """
    store.write_from(FILE, _parts(values))


def save_steps(store, values):
    """`save` as a generator: of None, some for each value. `values` must not change meanwhile."""
    return store.write_steps(FILE, _parts(values))


def _parts(values):
    for at in values.entries():
        key = values.key(at)
        variable = key[0] << 7 | key[1]
        if not catalogue.kind(variable) & FLAG_VOLATILE:
            component = catalogue.component_of(variable)
            head = b""
            for ref in (
                catalogue.component_ref(component),
                catalogue.component_ref(component, 2),
                catalogue.ref(variable),
                catalogue.instance_ref(variable),
            ):
                text = catalogue.string(ref)
                head += b"%c%s" % (len(text), text)
            value = values.value(at)
            size = len(value)
            # In two parts: each costs a call of the filesystem.
            yield b"%s%s%c%c" % (head, key[2:], size & 0xFF, size >> 8)
            yield value


def load(store, values, model):
    """Read into `values` what storage has; what this firmware does not know (any more) is logged
    and dropped.

    Args:
        model: DeviceModel.
    """
    raw = store.read(FILE)
    at = 0
    while raw and at < len(raw):
        names = []
        for _ in range(4):
            end = at + 1 + raw[at]
            names.append(raw[at + 1 : end])
            at = end
        evse, connector, attribute, low, high = raw[at : at + _NUMBERS]
        at += _NUMBERS
        value = raw[at : at + (low | high << 8)]
        at += len(value)
        handle = model.locate(names[0], names[1], evse, connector, names[2], names[3])
        variable = handle & 0xFFFF
        if handle < 0:
            log.warning("device model: stored %s.%s is no longer known", names[0], names[2])
            continue
        value = model.legal(variable, evse, connector, value, "stored value")
        if value is not None:
            values.put(handle, attribute, value)
