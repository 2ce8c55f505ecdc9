"""Small files that survive a power cut: each is whole, old or new (README.md: the format).

A file is written beside the old one and renamed over it, which littlefs does atomically. Magic,
version, length and CRC are checked at each reading, so that damage is found, reported and
survived.
"""

import binascii

from micropython import const

from hal import log
from hal.errors import StorageError
from storage.flash import mount

_MAGIC = b"PW"
_VERSION = const(1)
_HEAD = const(3)
_TAIL = const(8)
_NEW = ".new"
_BAD = ".bad"
_BOOT = "boot"
_ENOENT = const(2)


class Store:
    """Files of up to some kB by name; one owner a name.

    Attributes:
        boot_count: how often the station was started with this storage, from 1; 0 when flash does
            not work.
    """

    def __init__(self, device):
        """Mount `device`; never raises: without flash all is factory-fresh and each write fails.

        Args:
            device: block device with littlefs' extended interface, see boards/README.md.
        """
        try:
            self._fs = mount(device)
        except StorageError as e:
            log.error("storage: %s; nothing survives a reboot, replace the flash", e)
            self._fs = None
        self.boot_count = 0
        if self._fs is not None:
            self._drop_unfinished()
            self._count_boot()

    def read(self, name):
        """What was last written, or None: never written, or damaged (logged, kept as name.bad)."""
        if self._fs is None:
            return None
        try:
            size = self._fs.stat(name)[6] - _HEAD - _TAIL
            with self._fs.open(name, "rb") as file:
                head = file.read(_HEAD)
                content = file.read(max(size, 0))
                crc = binascii.crc32(content, binascii.crc32(head))
                fault = _fault(head, size, crc, file.read(_TAIL))
        except OSError as e:
            self._unreadable(name, e)
            return None
        if not fault:
            return content
        self._put_aside(name, fault)
        return None

    def records(self, name):
        """Generator: the records, bytes, of a file that is made of length (1 byte) and record;
        none if it was never written. To be used to the end, which finds damage.

        Raises:
            StorageError: damaged, or can't be read (logged, as by `read`): what was yielded may be
                wrong.
        """
        if self._fs is None:
            return
        try:
            left = size = self._fs.stat(name)[6] - _HEAD - _TAIL
            with self._fs.open(name, "rb") as file:
                head = file.read(_HEAD)
                crc = binascii.crc32(head)
                while left > 0:
                    length = file.read(1)
                    record = file.read(min(length[0], left - 1))
                    crc = binascii.crc32(record, binascii.crc32(length, crc))
                    left -= 1 + len(record)
                    yield record
                fault = _fault(head, size, crc, file.read(_TAIL))
        except OSError as e:
            if self._unreadable(name, e):
                raise StorageError("%s not read: %s" % (name, e))
            return
        if fault:
            self._put_aside(name, fault)
            raise StorageError("%s is damaged" % name)

    def write(self, name, *parts):
        """Replace `name` by the bytes of `parts`, see `write_from`."""
        self.write_from(name, parts)

    def write_from(self, name, parts):
        """Replace `name`; after a power cut at any moment it holds the old bytes or the new ones.

        Args:
            name: up to 27 characters.
            parts: iterable of bytes-like objects; none of them is kept.

        Raises:
            StorageError: flash is full or failed, or memory ran out; the old bytes are still
                there.
        """
        for _ in self.write_steps(name, parts):
            pass

    def write_steps(self, name, parts):
        """`write_from` as a generator: of None, after each part. Until it has ended, nobody else
        may write `name`, and it holds the old bytes.
        """
        if self._fs is None:
            raise StorageError("no flash")
        try:
            with self._fs.open(name + _NEW, "wb") as file:
                head = _MAGIC + bytes((_VERSION,))
                file.write(head)
                crc = binascii.crc32(head)
                size = 0
                for part in parts:
                    file.write(part)
                    crc = binascii.crc32(part, crc)
                    size += len(part)
                    yield None
                tail = size.to_bytes(4, "little")
                file.write(tail)
                file.write(binascii.crc32(tail, crc).to_bytes(4, "little"))
            self._fs.rename(name + _NEW, name)
        except (OSError, MemoryError) as e:
            self._remove(name + _NEW)
            raise StorageError("%s not written: %s" % (name, e))

    def remove(self, name):
        """Forget `name`; no effect when there is none.

        Raises:
            StorageError: flash failed.
        """
        if self._fs is None:
            raise StorageError("no flash")
        try:
            self._fs.remove(name)
        except OSError as e:
            if e.args[0] != _ENOENT:
                raise StorageError("%s not removed: %s" % (name, e))

    def close(self):
        """Unmount; the object is of no use afterwards."""
        self._fs = None

    def _unreadable(self, name, e):
        """Log why, unless there is none. Whether it is there."""
        there = e.args[0] != _ENOENT
        if there:
            log.error("storage: %s can't be read (%s); factory settings are used", name, e)
        return there

    def _put_aside(self, name, fault):
        log.error("storage: %s is damaged (%s); factory settings are used", name, fault)
        try:
            self._fs.rename(name, name + _BAD)
        except OSError as e:
            log.error("storage: %s can't be put aside (%s)", name, e)

    def _remove(self, name):
        try:
            self._fs.remove(name)
        except OSError:
            pass  # not there, or flash is broken, which the caller reports

    def _drop_unfinished(self):
        """Remove what a power cut left half written; the finished old file is still there."""
        unfinished = []
        try:
            for entry in self._fs.ilistdir("/"):
                if entry[0].endswith(_NEW):
                    unfinished.append(entry[0])
        except OSError as e:
            log.error("storage: can't list the files (%s)", e)
        for name in unfinished:
            self._remove(name)

    def _count_boot(self):
        raw = self.read(_BOOT)
        count = int.from_bytes(raw, "little") if raw else 0
        # 24 bits: a small int, and more boots than flash has erase cycles.
        self.boot_count = (count + 1) & 0xFFFFFF
        try:
            self.write(_BOOT, self.boot_count.to_bytes(3, "little"))
        except StorageError as e:
            log.error("storage: the number of boots can't be kept: %s", e)


def _fault(head, size, crc, tail):
    """What is wrong with a file, or None. `size` of its content, `crc` of all before the tail."""
    if len(tail) < _TAIL:
        return "cut short"
    if head[:2] != _MAGIC:
        return "no magic"
    if head[2] != _VERSION:
        return "format version %d is unknown" % head[2]
    if int.from_bytes(tail[:4], "little") != size:
        return "wrong length"
    crc = binascii.crc32(tail[:4], crc)
    return None if crc == int.from_bytes(tail[4:], "little") else "wrong CRC"
