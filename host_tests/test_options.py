"""Settings of the process: option and variable, help, exit code 2 and what the message says."""

import json
import os
import signal
import socket
import subprocess

import pytest
from rig import BINARY

_TIMEOUT_S = 10
PASSWORD = "0123456789abcdef"


def run(*arguments, **variables):
    """Run the process until it ends: (exit code, standard error, standard output)."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("STATION_")}
    environment = {**clean, **{f"STATION_{k.upper()}": str(v) for k, v in variables.items()}}
    words = [str(word) for word in (BINARY, *arguments)]
    done = subprocess.run(
        words, env=environment, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
    )
    return done.returncode, done.stderr, done.stdout


def starts(*arguments, **variables):
    """True if the process gets as far as its first line of log; it is ended then."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("STATION_")}
    environment = {**clean, **{f"STATION_{k.upper()}": str(v) for k, v in variables.items()}}
    words = [str(word) for word in (BINARY, "--control", "127.0.0.1:0", *arguments)]
    process = subprocess.Popen(words, env=environment, stderr=subprocess.PIPE, text=True)
    line = process.stderr.readline()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=_TIMEOUT_S)
    return " INFO control connections at " in line and process.returncode == 0


WRONG = [
    ("csms-url", "http://127.0.0.1:9000", "scheme"),
    ("csms-url", "ws://", "host is missing"),
    ("csms-url", "ws://127.0.0.1:0", "port"),
    ("csms-url", "ws://127.0.0.1:65536", "port"),
    ("csms-url", "ws://127.0.0.1:90x", "port"),
    ("csms-url", "ws://a b:9000", "blank"),
    ("csms-url", "ws://user:pass@host/", "'@'"),
    ("csms-url", "ws://ho$t/", "host name"),
    ("csms-url", "ws://host/" + "a" * 600, "512"),
    ("id", "", "empty"),
    ("id", "x" * 49, "48"),
    ("id", "a\x01", "control characters"),
    ("id", b"a\xff", "UTF-8"),
    ("password", "a\nb", "control characters"),
    ("password", "p" * 65, "64"),
    ("password", "p" * 15, "shorter than 16 characters; OCPP allows 16 to 40"),
    ("password", "\u00fc" * 15, "shorter than 16 characters"),
    ("password", "", "shorter than 16 characters"),
    ("security-profile", "4", "give 0, 1, 2 or 3"),
    ("security-profile", "one", "give 0, 1, 2 or 3"),
    ("security-profile", "2", "needs TLS"),
    ("security-profile", "3", "needs TLS"),
    ("ocpp-version", "ocpp2.0.1,", "ocpp2.0.1"),
    ("ocpp-version", "", "ocpp2.0.1"),
    ("evses", "0", "number of connectors"),
    ("evses", "1,,1", "number of connectors"),
    ("evses", "", "number of connectors"),
    ("evses", "5", "number of connectors"),
    ("evses", ",".join("1" * 17), "too many"),
    ("rating", "5", "6 to 80"),
    ("rating", "81", "6 to 80"),
    ("rating", "16.5", "6 to 80"),
    ("rating", "", "6 to 80"),
    ("rating", "16,", "6 to 80"),
    ("rating", "16,16,16", "more than there are EVSEs; give A per phase"),
    ("supply", "-1", "or 0: not limited"),
    ("supply", "10001", "1 to 10000"),
    ("supply", "63A", "1 to 10000"),
    ("fixed-cable", "yes", "neither 0 nor 1"),
    ("fixed-cable", "01", "neither 0 nor 1"),
    ("control", "9100", "host:port"),
    ("control", "127.0.0.1:", "host:port"),
    ("control", "127.0.0.1:99999", "host:port"),
    ("control", ":9100", "no host"),
    ("control", "192.0.2.1:9100", "give a free port"),
    ("boot-reason", "Boredom", "PowerUp"),
    ("heap", "1000", "16384"),
    ("heap", "40k", "16384"),
    ("heap", "-1", "16384"),
    ("heap", "99999999999999999999", "16384"),
    ("overrides", "/nowhere/file.json", "No such file"),
    ("certs", "/nowhere", "no such directory"),
    ("storage", "/dev/null/x", "directory"),
]


@pytest.mark.parametrize(("option", "value", "why"), WRONG)
def test_a_wrong_value_is_named_with_the_reason(option, value, why):
    extra = ("--control", "127.0.0.1:0") if option != "control" else ()
    words = [*extra, f"--{option}", value]
    if isinstance(value, bytes):
        words = [os.fsencode(word) for word in words]
    done = subprocess.run(
        [BINARY, *words],
        capture_output=True,
        timeout=_TIMEOUT_S,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    last = done.stderr.decode("utf-8", "replace").splitlines()[-1]
    assert done.returncode == 2
    assert last.startswith(f"pilotwire: --{option}")
    assert why in last


def test_a_variable_is_named_when_it_is_wrong():
    code, log, _ = run(heap="12")
    assert code == 2
    assert "STATION_HEAP 12: " in log


def test_the_option_wins_over_the_variable():
    assert starts("--heap", "50000", heap="12")


def test_an_empty_variable_is_as_good_as_none():
    assert starts(heap="", evses="", password="")


def test_option_and_value_may_be_one_word():
    assert starts("--heap=50000", "--id=A B:ü%", "--csms-url=ws://[::1]:9/path/")


def test_fewer_ratings_than_evses():
    code, log, _ = run("--evses", "1,1,1", "--rating", "16,32")
    assert code == 2
    assert "fewer than there are EVSEs; give A per phase" in log
    assert "each of the 3 EVSEs" in log


_HARDWARE = """
import _sim
from board import Board
board = Board()
print(board.supply_ma, board.phases)
print("".join(str(int(board.has(capability, 1, 1))) for capability in range(9)))
for evse, count in enumerate(board.connectors):
    for number in range(count):
        c = board.connector(evse + 1, number + 1)
        print(c.rating_ma, c.detachable, c.proximity_ma(), c.celsius(), c.pilot())
"""

# By firmware/hal/capabilities.py; of the numbers that stand for nothing there is nothing.
_LOCK = "001110100"
_NO_LOCK = "000110100"


@pytest.mark.parametrize(
    ("settings", "lines"),
    [
        ({}, ["0 3", _LOCK, "32000 True None 25 0", "32000 True None 25 0"]),
        (
            {"rating": "16,63", "evses": "2,1", "supply": "80", "fixed_cable": "1"},
            ["80000 3", _NO_LOCK, *["16000 False 16000 25 0"] * 2, "63000 False 63000 25 0"],
        ),
        (
            {"rating": "20", "fixed_cable": "0", "supply": "1"},
            ["1000 3", _LOCK, *["20000 True None 25 0"] * 2],
        ),
    ],
)
def test_the_installation_reaches_the_board(settings, lines):
    done = subprocess.run(
        [BINARY.parent / "micropython", "-c", _HARDWARE],
        env={**os.environ, **{f"STATION_{k.upper()}": v for k, v in settings.items()}},
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        check=True,
    )
    assert done.stdout.splitlines() == lines


def test_secrets_are_not_shown():
    code, log, _ = run("--password", "p" * 80)
    assert code == 2
    assert "ppp" not in log


def test_unknown_option():
    code, log, _ = run("--colour", "red")
    assert code == 2
    assert "--colour: unknown option; --help lists" in log


def test_a_word_that_is_no_option():
    code, log, _ = run("start")
    assert code == 2
    assert "start: not an option" in log


def test_a_missing_value():
    code, log, _ = run("--heap")
    assert code == 2
    assert "--heap: its value is missing" in log


def test_help_lists_every_option_and_variable():
    code, _, text = run("--help")
    assert code == 0
    names = (
        "csms-url id password security-profile ocpp-version storage overrides evses rating supply "
        "fixed-cable certs key-passphrase control boot-reason heap"
    )
    for name in names.split():
        assert f"--{name} " in text
        assert "STATION_" + name.upper().replace("-", "_") in text


def test_basic_authentication_needs_a_password():
    code, log, _ = run("--security-profile", "1")
    assert code == 2
    assert "--password: missing" in log


def test_a_password_of_16_characters():
    for password in (PASSWORD, "\u00fc\u20ac" * 8):
        assert starts("--password", password)


@pytest.mark.parametrize(
    ("words", "refused"),
    [
        (["--security-profile", "1", "--password", PASSWORD], True),
        (["--password", PASSWORD], True),  # profile 1, found out
        (["--csms-url", "wss://host", "--password", PASSWORD], True),  # 2, found out
        (["--security-profile", "0", "--password", PASSWORD], False),
        ([], False),
    ],
)
def test_a00_fr_204_an_identity_with_a_colon(words, refused, tmp_path):
    folder = tmp_path / "ca" / "csms"
    folder.mkdir(parents=True)
    (folder / "root.pem").write_text("")
    words = ["--id", "CS:001", "--certs", tmp_path, *words]
    if not refused:
        assert starts(*words)
        return
    code, log, _ = run(*words)
    assert code == 2
    assert log.startswith("pilotwire: --id CS:001: has a colon")
    assert "give an identity without one, or security profile 0 or 3" in log


def test_tls_needs_certificates():
    code, log, _ = run("--csms-url", "wss://host", "--password", PASSWORD)
    assert code == 2
    assert "--certs: missing" in log


def test_profile_1_goes_with_ws_only(tmp_path):
    code, log, _ = run(
        "--csms-url", "wss://host", "--password", PASSWORD, "--security-profile", "1"
    )
    assert code == 2
    assert "wss://" in log


def test_profile_3_needs_a_key(tmp_path):
    folder = tmp_path / "ca" / "csms"
    folder.mkdir(parents=True)
    (folder / "root.pem").write_text("")
    code, log, _ = run("--csms-url", "wss://host", "--certs", tmp_path)
    assert code == 2
    assert "client/csms" in log


def test_the_control_port_is_taken():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        code, log, _ = run("--control", f"127.0.0.1:{port}")
    assert code == 2
    assert "Address already in use" in log


def test_one_process_for_each_storage(tmp_path):
    words = (BINARY, "--control", "127.0.0.1:0", "--storage", tmp_path / "a" / "b")
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as first:
        first.stderr.readline()
        code, log, _ = run("--storage", tmp_path / "a" / "b")
        first.terminate()
    assert code == 2
    assert "in use by another process" in log


OVERRIDES = [
    ("{", "not JSON: line 1"),
    ('[\n{"component": 1}\n,]', "not JSON: line 3"),
    ("{}", "not a list"),
    ("[1]", "entry 1: not an object"),
    ('[{"component": "A", "value": "1"}]', "entry 1: component or variable is missing"),
    ('[{"component": "A", "variable": "B"}]', "neither value nor mutability"),
    ('[{"component": "A", "variable": "B", "value": 1}]', "entry 1, value: not a string"),
    (
        '[{"component": "A", "variable": "B", "value": "1", "evse": "1"}]',
        "evse: not a whole number",
    ),
    (
        '[{"component": "A", "variable": "B", "value": "1", "evse": 1.5}]',
        "evse: not a whole number",
    ),
    ('[{"component": "A", "variable": "B", "value": "1", "attribute": "Now"}]', "MinSet"),
    ('[{"component": "A", "variable": "B", "mutability": "Never"}]', "ReadOnly"),
    ('[{"component": "A", "variable": "B", "valu": "1"}]', "valu: no such field"),
    ('[{"component": "A", "variable": "B", "value": "%s"}]' % ("x" * 2501), "longer than 2500"),
]


@pytest.mark.parametrize(("text", "why"), OVERRIDES)
def test_wrong_overrides(tmp_path, text, why):
    file = tmp_path / "overrides.json"
    file.write_text(text)
    code, log, _ = run("--overrides", file)
    assert code == 2
    assert "--overrides" in log
    assert why in log


def test_overrides_reach_the_board(tmp_path):
    file = tmp_path / "overrides.json"
    entry = {
        "component": "AC",
        "component_instance": None,
        "evse": 1,
        "connector": 2,
        "variable": "é",
        "instance": "I",
        "attribute": "MaxSet",
        "value": "",
        "mutability": "ReadOnly",
    }
    file.write_text(json.dumps([{"component": "A", "variable": "B", "value": "1"}, entry]))
    code = "import _sim\nfor entry in _sim.overrides(): print(entry)"
    done = subprocess.run(
        [BINARY.parent / "micropython", "-c", code],
        env={**os.environ, "STATION_OVERRIDES": str(file)},
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        check=True,
    )
    assert done.stdout.splitlines() == [
        "(b'A', None, None, None, b'B', None, None, b'1', None)",
        r"(b'AC', None, 1, 2, b'\xc3\xa9', b'I', b'MaxSet', b'', b'ReadOnly')",
    ]


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_asked_to_end_it_ends_with_0(end):
    words = (BINARY, "--control", "127.0.0.1:0")
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as process:
        process.stderr.readline()
        process.send_signal(end)
        process.communicate(timeout=_TIMEOUT_S)
    assert process.returncode == 0


def test_a_version_that_is_not_spoken_is_left_out():
    # the station offers what it speaks of the list (boards/unix/README.md)
    with socket.create_server(("127.0.0.1", 0)) as csms:
        csms.settimeout(10)
        url = "ws://127.0.0.1:%d" % csms.getsockname()[1]
        options = ["--csms-url", url, "--security-profile", "0"]
        options += ["--ocpp-version", "ocpp2.1,ocpp2.0.1"]
        process = subprocess.Popen([BINARY, *options], stderr=subprocess.PIPE)
        try:
            connection, _ = csms.accept()
            with connection:
                connection.settimeout(10)
                request = b""
                while b"\r\n\r\n" not in request:
                    request += connection.recv(4096)
        finally:
            process.terminate()
            _, log = process.communicate(timeout=10)
    assert b"sec-websocket-protocol: ocpp2.0.1\r\n" in request.lower()
    assert b"ocpp2.1 is left out" in log


@pytest.mark.parametrize("versions", ["ocpp1.6", "ocpp1.6,ocpp2.1"])
def test_versions_that_are_not_spoken_open_the_control_socket_all_the_same(versions):
    with socket.create_server(("127.0.0.1", 0)) as csms:
        csms.settimeout(0.3)
        url = "ws://127.0.0.1:%d" % csms.getsockname()[1]
        options = ["--csms-url", url, "--control", "127.0.0.1:0", "--ocpp-version", versions]
        with subprocess.Popen([BINARY, *options], stderr=subprocess.PIPE, text=True) as process:
            try:
                port = lines_until(process, "control connections at ").rpartition(":")[2]
                said = lines_until(process, "names nothing that the station speaks")
                with socket.create_connection(("127.0.0.1", int(port)), 5) as control:
                    control.sendall(b'{"cmd": "plug", "id": 1, "evse": 1}\n')
                    assert json.loads(control.makefile().readline())["ok"]
                with pytest.raises(TimeoutError):
                    csms.accept()
            finally:
                process.terminate()
    assert "give ocpp2.0.1; next attempt in" in said
    assert process.returncode == 0


def lines_until(process, text):
    """The line of its log that has `text`."""
    for line in process.stderr:
        if text in line:
            return line.rstrip()
    raise AssertionError(f"{text!r} is not in its log")
