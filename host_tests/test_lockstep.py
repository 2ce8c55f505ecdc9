"""tools/lockstep.py, and what tools/bench makes of its counts."""

import json
import shutil

import pytest

from tools.bench import __main__ as bench
from tools.bench import chip_bench
from tools.lockstep import Chip, LockstepError, Peer, frame

_OPENING = b"GET /CS001 HTTP/1.1\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"


def _of_client(first, content):
    mask = b"\x01\x02\x03\x04"
    size = len(content)
    length = bytes((0x80 | size,)) if size < 126 else b"\xfe" + size.to_bytes(2, "big")
    body = bytes(byte ^ mask[i & 3] for i, byte in enumerate(content))
    return bytes((first,)) + length + mask + body


@pytest.fixture
def peer():
    peer = Peer()
    assert b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in peer.take(_OPENING)  # RFC 6455, 1.3
    return peer


@pytest.mark.parametrize("step", [1, 7, 1000])
def test_a_call_is_answered_however_it_is_cut(peer, step):
    text = json.dumps([2, "7", "Authorize", {"idToken": {"idToken": "A" * 200, "type": "Local"}}])
    data = _of_client(0x81, text.encode())
    answer = b"".join(peer.take(data[i : i + step]) for i in range(0, len(data), step))
    assert peer.said == [text]
    assert answer == frame('[3, "7", {"idTokenInfo": {"status": "Accepted"}}]')


def test_fragments_are_one_message_and_a_ping_between_them_gets_its_pong(peer):
    data = _of_client(0x01, b'[3,"1",') + _of_client(0x89, b"hi") + _of_client(0x80, b"{}]")
    assert peer.take(data) == b"\x8a\x02hi"
    assert peer.said == ['[3,"1",{}]']


def test_something_else_than_a_handshake_is_told():
    with pytest.raises(LockstepError, match="handshake"):
        Peer().take(b"GET / HTTP/1.1\r\n\r\n")


@pytest.mark.parametrize("size, head", [(125, 2), (126, 4), (65535, 4), (65536, 10)])
def test_frames_of_any_length(size, head):
    data = frame("x" * size)
    assert len(data) == head + size
    assert int.from_bytes(data[2:head] or data[1:2], "big") == size


@pytest.mark.skipif(shutil.which("qemu-system-arm") is None, reason="there is no QEMU")
def test_a_chip_that_never_speaks_is_told(tmp_path):
    with (
        pytest.raises(LockstepError, match="QEMU has ended; .*nothing.elf"),
        Chip(tmp_path / "nothing.elf"),
    ):
        pass


def test_two_runs_that_differ_by_more_than_the_tolerance_are_told():
    first = {"idle": 1000, "message": {"a": 2000, "b": 5.0}, "text": "x"}
    near = {"idle": 1009, "message": {"a": 2000, "b": 5.0}, "text": "y"}
    far = {"idle": 1000, "message": {"a": 2021, "b": 5.0}, "text": "x"}
    assert chip_bench.different(first, near) == []
    assert chip_bench.different(first, far) == ["message, a: 2000 and 2021"]


def test_without_an_image_the_bench_says_how_to_make_it(tmp_path):
    with pytest.raises(chip_bench.ChipBenchError, match="make image"):
        chip_bench.run(tmp_path)


class _Bench:
    """A bench that has measured `value`, with a goal of 100 and a gate of 125."""

    def __init__(self, value):
        self.value = value

    def run(self, build):
        return {"turn": {"value": self.value, "gate": 125, "goal": 100}, "other": 500}


@pytest.mark.parametrize(
    ("value", "code", "said"),
    (
        (100, 0, ""),
        (125, 0, "bench: over the goal: turn: 125 is 1.25 times its goal of 100\n"),
        (126, 1, "bench: over the goal: turn: 126 is 1.26 times its goal of 100\n"),
    ),
)
def test_over_its_goal_is_said_and_over_its_gate_fails(
    value, code, said, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(bench, "BUILD", tmp_path)
    monkeypatch.setattr(bench.sys, "argv", ["bench", "chip_bench"])
    monkeypatch.setattr(bench.importlib, "import_module", lambda name: _Bench(value))
    assert bench.main() == code
    out, err = capsys.readouterr()
    assert [line for line in out.splitlines(True) if "over" in line] == [said] * bool(said)
    assert ("over the gate: turn: 126" in err) == bool(code)
    assert json.loads((tmp_path / "bench.json").read_text())["turn"]["value"] == value


def test_figures_of_benches_that_did_not_run_stay(tmp_path):
    path = tmp_path / "bench.json"
    bench.write(path, {"a": 1, "b": 2})
    bench.write(path, {"b": 3})
    assert json.loads(path.read_text()) == {"a": 1, "b": 3}
