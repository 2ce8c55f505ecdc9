"""MicroPython's `vfs.VfsLfs2` for CPython: files in a dict that hangs on the device, renames
atomic.
"""

import errno
import io


class VfsLfs2:
    """`device.files` is None while unformatted; `device.fail` makes every change fail with EIO."""

    def __init__(self, device, readsize=32, progsize=32, lookahead=32):
        if getattr(device, "files", None) is None:
            raise OSError(errno.ENODEV)
        self._device = device

    @staticmethod
    def mkfs(device, readsize=32, progsize=32, lookahead=32):
        if getattr(device, "fail", False):
            raise OSError(errno.EIO)
        device.files = {}

    def _change(self):
        if getattr(self._device, "fail", False):
            raise OSError(errno.EIO)
        return self._device.files

    def _existing(self, name):
        if name not in self._device.files:
            raise OSError(errno.ENOENT)
        return self._device.files[name]

    def open(self, name, mode):
        if "w" in mode:
            self._change()
            return _Written(self._device.files, name)
        return io.BytesIO(self._existing(name))

    def remove(self, name):
        self._existing(name)
        del self._change()[name]

    def rename(self, old, new):
        self._existing(old)
        files = self._change()
        files[new] = files.pop(old)

    def stat(self, name):
        return (0x8000, 0, 0, 0, 0, 0, len(self._existing(name)), 0, 0, 0)

    def ilistdir(self, path):
        return iter([(name, 0x8000, 0, len(data)) for name, data in self._device.files.items()])


class _Written(io.BytesIO):
    def __init__(self, files, name):
        super().__init__()
        self._files = files
        self._name = name

    def close(self):
        if not self.closed:
            self._files[self._name] = self.getvalue()
        super().close()
