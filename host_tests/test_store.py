"""storage/store.py: every file is whole, or its damage is found and survived."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hal import log
from hal.errors import StorageError
from storage.store import Store


class Device:
    """A block device whose files the `vfs` shim keeps."""

    def __init__(self):
        self.files = None
        self.fail = False
        self.first = 0xFF

    def readblocks(self, block, buf, offset=0):
        buf[:] = bytes([self.first]) * len(buf)


@pytest.fixture
def lines(monkeypatch):
    found = []
    monkeypatch.setattr(log, "sink", lambda level, text: found.append((level, text)))
    return found


def test_a_blank_device_is_formatted_and_not_an_error(lines):
    store = Store(Device())
    assert store.read("x") is None
    assert [level for level, _ in lines] == [log.INFO]


def test_a_damaged_filesystem_is_formatted_and_said(lines):
    device = Device()
    device.first = 0x12
    Store(device).write("x", b"1")
    assert [level for level, _ in lines] == [log.ERROR]
    assert Store(device).read("x") == b"1"


def test_what_was_written_is_read_in_the_next_boot():
    device = Device()
    store = Store(device)
    store.write("x", b"ab", memoryview(b"cd"), bytearray(b"e"))
    store.write("empty")
    again = Store(device)
    assert again.read("x") == b"abcde"
    assert again.read("empty") == b""
    again.remove("x")
    again.remove("x")
    assert again.read("x") is None


def test_boots_are_counted():
    device = Device()
    assert [Store(device).boot_count for _ in range(3)] == [1, 2, 3]


def test_an_unfinished_file_is_dropped():
    device = Device()
    Store(device).write("x", b"old")
    device.files["x.new"] = device.files["x"][:4]
    assert Store(device).read("x") == b"old"
    assert "x.new" not in device.files


@given(st.binary(max_size=40), st.data())
def test_any_damage_is_found_and_kept_aside(content, data):
    device = Device()
    store = Store(device)
    store.write("x", content)
    raw = bytearray(device.files["x"])
    if data.draw(st.booleans()):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at] ^= data.draw(st.integers(1, 255))
    else:
        del raw[data.draw(st.integers(0, len(raw) - 1)) :]
    device.files["x"] = bytes(raw)
    assert store.read("x") is None
    assert device.files["x.bad"] == raw
    store.write("x", b"new")
    assert store.read("x") == b"new"


def test_a_failing_flash_keeps_the_old_file_and_says_so(lines):
    device = Device()
    store = Store(device)
    store.write("x", b"old")
    device.fail = True
    with pytest.raises(StorageError):
        store.write("x", b"new")
    assert store.read("x") == b"old"
    assert Store(device).read("x") == b"old"
    assert lines[-1][0] == log.ERROR


def test_want_of_memory_keeps_the_old_file():
    def parts():
        yield b"half"
        raise MemoryError

    store = Store(Device())
    store.write("x", b"old")
    with pytest.raises(StorageError):
        store.write_from("x", parts())
    assert store.read("x") == b"old" and set(store._fs._device.files) == {"boot", "x"}


def test_a_station_without_flash_starts(lines):
    device = Device()
    device.fail = True
    store = Store(device)
    assert store.read("x") is None
    assert store.boot_count == 0
    with pytest.raises(StorageError):
        store.write("x", b"1")
    assert lines[-1][0] == log.ERROR
