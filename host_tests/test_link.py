"""link/: the cases of on_vm/link_cases.py, under CPython and on the charger's own interpreter."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rig import BINARY

from hal.errors import LinkError
from link.back_off import back_off_ms
from link.profile import parse_url, percent_encode
from tools.csms.charger import BUILD

ROOT = Path(__file__).resolve().parents[1]
ON_VM = ROOT / "host_tests" / "on_vm"
CASES = [
    line[len("async def ") : line.index("(")]
    for line in (ON_VM / "link_cases.py").read_text().splitlines()
    if line.startswith("async def case_")
]


def cpython(_):
    folders = [
        ON_VM,
        *(ROOT / name for name in ("firmware", "build/host_tests/gen", "host_tests/shims")),
    ]
    path = os.pathsep.join(map(str, folders))
    return [sys.executable, str(ON_VM / "link_cases.py")], {"PYTHONPATH": path}


def micropython(folder):
    """As on the charger: constants put in place by tools/freeze.py."""
    freeze = [sys.executable, "-m", "tools.freeze", "--keep-going", "--output", str(folder)]
    sources = ["firmware", str(BUILD / "gen"), "host_tests/on_vm"]
    subprocess.run([*freeze, *sources], cwd=ROOT, check=True, capture_output=True)
    interpreter = str(BINARY.with_name("micropython"))
    return [interpreter, str(folder / "link_cases.py")], {"MICROPYPATH": f"{folder}:.frozen"}


# The stand-ins for reader and writer must not stay in this process: each interpreter is a child.
@pytest.fixture(scope="module", params=[cpython, micropython])
def outcome(request, tmp_path_factory):
    command, environment = request.param(tmp_path_factory.mktemp("frozen"))
    done = subprocess.run(
        command,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize("case", CASES)
def test_link(outcome, case):
    assert f"ok {case}\n" in outcome, outcome[outcome.find(case) :][:2000] or outcome


# ---- the connection profile


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        (b"ws://csms", (False, b"csms", 80, b"csms", b"")),
        (b"wss://csms/", (True, b"csms", 443, b"csms", b"")),
        (b"WS://10.0.0.1:9000/a/b//", (False, b"10.0.0.1", 9000, b"10.0.0.1:9000", b"/a/b")),
        (b"ws://u:p@csms:1/x", (False, b"csms", 1, b"csms:1", b"/x")),
        (b"ws://[::1]:65535/x", (False, b"::1", 65535, b"[::1]:65535", b"/x")),
        (b"wss://[fe80::1]", (True, b"fe80::1", 443, b"[fe80::1]", b"")),
    ],
)
def test_url(url, parts):
    assert parse_url(url) == parts


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (b"", "begin with ws://"),
        (b"http://csms", "begin with ws://"),
        (b"csms:9000", "begin with ws://"),
        (b"ws:csms", "begin with ws://"),
        (b"ws://", "no host"),
        (b"ws://:80", "no host"),
        (b"ws://csms:", "port"),
        (b"ws://csms:0", "port"),
        (b"ws://csms:65536", "port"),
        (b"ws://csms:x", "port"),
        (b"ws://[::1", "["),
        (b"ws://[::1]x", "port"),
        (b"ws://csms/?a=b", "query"),
        (b"ws://csms/#f", "fragment"),
        (b"ws://cs ms", "percent-encoded"),
        (b"ws://csms\r\nX: y", "percent-encoded"),
        ("ws://csms/\u20ac".encode(), "percent-encoded"),
    ],
)
def test_wrong_url(url, words):
    with pytest.raises(LinkError) as error:
        parse_url(url)
    assert words in str(error.value)


@given(st.binary(max_size=40))
def test_any_url_is_taken_or_refused(rest):
    try:
        parse_url(b"ws://" + rest)
    except LinkError:
        pass


def test_identity_in_the_url():
    assert percent_encode(b"CS-001_a.b~") == b"CS-001_a.b~"
    assert percent_encode(b"a:b@c=d+e*f") == b"a:b@c=d+e*f"
    assert percent_encode("50% /?#|\u20ac".encode()) == b"50%25%20%2F%3F%23%7C%E2%82%AC"


# ---- back-off


class Settings:
    def __init__(self, minimum, spread, repeat_times):
        from tables import variables

        self.values = {
            variables.OCPP_COMM_CTRLR_RETRY_BACK_OFF_WAIT_MINIMUM: minimum,
            variables.OCPP_COMM_CTRLR_RETRY_BACK_OFF_RANDOM_RANGE: spread,
            variables.OCPP_COMM_CTRLR_RETRY_BACK_OFF_REPEAT_TIMES: repeat_times,
        }

    def int(self, var):
        return self.values[var]


@given(
    st.integers(1, 86400),  # the limits of firmware/device_model/variables.txt
    st.integers(0, 16000),
    st.integers(0, 12),
    st.integers(1, 2**30),
    st.binary(min_size=3, max_size=3),
)
def test_back_off_stays_within_bounds(minimum, spread, repeat_times, failures, random):
    wait = back_off_ms(Settings(minimum, spread, repeat_times), lambda n: random, failures)
    assert 1000 <= wait < 2**29
    if 0 < minimum <= 60 and 0 <= spread <= 60:
        base = min(minimum * 2 ** min(failures - 1, max(0, repeat_times), 12), 86400) * 1000
        assert base <= wait <= base + spread * 1000
