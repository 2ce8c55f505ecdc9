"""What a message about variables may hold: ItemsPerMessage and BytesPerMessage."""

import gc

from micropython import const
from tables.names import FORMAT_VIOLATION, OCCURRENCE_CONSTRAINT_VIOLATION

from hal.errors import CallError

_ARENA_SIZE = const(4096)  # at least, also when BytesPerMessage is less: for all other messages


def arena(model, variables):
    """For what a message brings: a bytearray of BytesPerMessage (B06.FR.17), clamped to a quarter
    of the heap.

    Args:
        variables: those of BytesPerMessage.
    """
    gc.collect()
    most = max(gc.mem_free() // 4, _ARENA_SIZE)
    size = _ARENA_SIZE
    for variable in variables:
        model.clamp(variable, most)
        size = max(size, model.int(variable))
    return bytearray(size)


def check_size(model, reader, array, items_variable, bytes_variable):
    """Refuse a message of more items (B06.FR.16, B08.FR.17) or bytes (B06.FR.17, B08.FR.18) than
    the device model allows.

    Args:
        array: the slot of the items.

    Raises:
        CallError.
    """
    most = model.int(items_variable)
    if reader.count(array) > most:
        raise CallError(OCCURRENCE_CONSTRAINT_VIOLATION, b"more than %d items" % most)
    most = model.int(bytes_variable)
    if reader.size > most:
        raise CallError(FORMAT_VIOLATION, b"more than %d bytes" % most)
