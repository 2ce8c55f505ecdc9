"""What a message about variables may hold: ItemsPerMessage and BytesPerMessage."""

from tables.names import FORMAT_VIOLATION, OCCURRENCE_CONSTRAINT_VIOLATION

from hal.errors import CallError


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
