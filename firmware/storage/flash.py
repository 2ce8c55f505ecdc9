"""Mounts littlefs; needed at the start only, and dropped afterwards."""

from micropython import const

from hal import log
from hal.errors import StorageError

# littlefs keeps a read, a program and a look-ahead buffer; an open file one more.
_CACHE = const(32)
_LOOKAHEAD = const(16)


def mount(device):
    """The mounted filesystem; a blank device is formatted, a damaged one too, loudly.

    Raises:
        StorageError: the device can't even be formatted.
    """
    from vfs import VfsLfs2

    cache = getattr(device, "progsize", _CACHE)
    try:
        return VfsLfs2(device, readsize=cache, progsize=cache, lookahead=_LOOKAHEAD)
    except OSError as e:
        if _blank(device):
            log.info("storage: blank, formatting it")
        else:
            log.error(
                "storage: the filesystem is damaged (%s) and can't be mounted; formatting it: "
                "settings are lost, the factory's are in force",
                e,
            )
    try:
        VfsLfs2.mkfs(device, readsize=cache, progsize=cache, lookahead=_LOOKAHEAD)
        return VfsLfs2(device, readsize=cache, progsize=cache, lookahead=_LOOKAHEAD)
    except OSError as e:
        raise StorageError("can't format the flash: %s" % e)


def _blank(device):
    """Whether the first two blocks, which hold littlefs' superblock, are erased."""
    piece = bytearray(_CACHE)
    for block in (0, 1):
        try:
            device.readblocks(block, piece, 0)
        except OSError:
            return False
        for c in piece:
            if c != 0xFF:
                return False
    return True
