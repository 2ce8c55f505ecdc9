"""The simulated hardware's C code by itself: JSON reader, queue of events, clock, meter."""

import collections
import ctypes
import datetime
import json
import random
from decimal import ROUND_HALF_UP, Decimal

import pytest
import simulated_library
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated_library import Event, Slice

lib = simulated_library.load()
EPOCH = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
DAY_S = 86400


def parse(text):
    """(valid, what it holds, offset of the first wrong byte)"""
    value, wrong = Slice(), ctypes.c_size_t()
    good = lib.json_parse(
        text, ctypes.c_size_t(len(text)), ctypes.byref(value), ctypes.byref(wrong)
    )
    return good, value, wrong.value


def answers(text):
    """The replies of the control protocol to these bytes."""
    return sent_by(lib.test_input, text, ctypes.c_size_t(len(text)))


def sent_by(function, *arguments):
    """The lines of the control protocol that a call sends."""
    ctypes.c_size_t.in_dll(lib, "test_sent_length").value = 0
    function(*arguments)
    length = ctypes.c_size_t.in_dll(lib, "test_sent_length").value
    data = (ctypes.c_char * 200000).in_dll(lib, "test_sent").raw[:length]
    return [json.loads(line) for line in data.splitlines()]


# ---- JSON

documents = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


@given(documents)
def test_valid_json_is_taken(document):
    for text in (json.dumps(document), json.dumps(document, ensure_ascii=False, indent=1)):
        try:
            data = text.encode()
        except UnicodeEncodeError:  # a lone surrogate
            continue
        assert parse(data)[0]


@given(documents, st.data())
def test_damaged_json_is_judged_as_by_python(document, data):
    text = bytearray(json.dumps(document, ensure_ascii=False).encode("utf-8", "replace"))
    place = data.draw(st.integers(0, len(text) - 1))
    text[place] = data.draw(st.integers(0, 255))
    try:
        json.loads(text.decode(), parse_constant=lambda name: int("no"))
        valid = True
    except ValueError:
        valid = False
    assert parse(bytes(text))[0] == valid


@pytest.mark.parametrize(
    "text",
    [
        *b"01 1. .5 +1 1e 1e+ - -a 1.e1 nul truee [1,] [1 [1]]".split(b" "),
        *b'{"a":1,} {"a"} {1:1} "\\x" "\\u12g4" "\t" "a'.split(b" "),
    ],
)
def test_invalid_json(text):
    assert not parse(text)[0]


@pytest.mark.parametrize(
    "sequence", ["c080", "e08080", "eda080", "f0808080", "f4908080", "ff", "80", "c3", "e282"]
)
def test_invalid_utf8(sequence):
    assert not parse(b'"' + bytes.fromhex(sequence) + b'"')[0]


def test_the_offset_of_what_is_wrong():
    assert parse(b'{"a": tru}')[2] == 6
    assert parse(b"[1] 2")[2] == 4


@given(st.decimals(-(10**9), 10**9, allow_nan=False, places=4), st.integers(0, 3), st.booleans())
def test_scaled_numbers(number, decimals, exponent):
    text = (f"{number:e}" if exponent else f"{number:f}").encode()
    _, value, _ = parse(text)
    result = ctypes.c_int64()
    assert lib.json_scaled(value, ctypes.c_uint(decimals), ctypes.byref(result))
    wanted = number.scaleb(decimals).quantize(Decimal(1), ROUND_HALF_UP)
    assert result.value == int(wanted)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [(b"1e400", None), (b"0e400", 0), (b"1e-400", 0), (b"9" * 40, None), (b"0." + b"9" * 40, 1)],
)
def test_scaled_numbers_at_the_edges(text, wanted):
    _, value, _ = parse(text)
    result = ctypes.c_int64()
    good = lib.json_scaled(value, ctypes.c_uint(0), ctypes.byref(result))
    assert (result.value if good else None) == wanted


@given(st.binary(max_size=200))
def test_no_input_gets_no_answer(data):
    lib.sim_init(b"\1", ctypes.c_uint8(1))
    for reply in answers(data.replace(b"\n", b" ") + b"\n"):
        assert reply["ok"] is False
        assert reply["error"]


# ---- replies that come from the firmware


def test_a_firmware_that_does_not_answer_is_told_in_time():
    lib.sim_init(b"\1", ctypes.c_uint8(1))
    now(0)
    assert answers(b'{"cmd": "heap", "id": 7}\n') == []
    now(4_900_000)
    assert sent_by(lib.control_tick) == []
    now(5_100_000)
    (reply,) = sent_by(lib.control_tick)
    assert reply["id"] == 7 and not reply["ok"] and "in time" in reply["error"]
    assert sent_by(lib.control_heap_done, 1, 2, 3) == []  # too late


def test_replies_find_their_commands():
    lib.sim_init(b"\1", ctypes.c_uint8(1))
    lib.sim_events_clear()
    now(0)
    for number in range(16):
        assert answers(b'{"cmd": "heap", "id": %d}\n' % number) == []
    (refused,) = answers(b'{"cmd": "heap", "id": 16}\n')
    assert "16 commands wait" in refused["error"]
    event = Event()
    for number in range(16):
        assert lib.sim_event_peek(ctypes.byref(event)) and event.kind == 8
        lib.sim_event_take()
        replies = sent_by(lib.control_heap_done, event.number, 100 + number, 5)
        assert replies == [{"id": number, "ok": True, "used": 100 + number, "free": 5}]


# ---- the queue of events


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32))
def test_the_queue_keeps_order_and_contents(seed):
    small = simulated_library.load("SIM_EVENTS_SIZE=400")
    small.sim_events_clear()
    choose = random.Random(seed)
    wanted = collections.deque()
    for number in range(300):
        if choose.random() < 0.55:
            texts = [choose.choice([None, b"", b"x" * choose.randrange(90)]) for _ in range(3)]
            event = Event(kind=2, number=number)
            for i, text in enumerate(texts):
                event.text[i] = text
                event.length[i] = len(text or b"")
            if small.sim_event_push(ctypes.byref(event)):
                wanted.append((number, texts))
            else:
                assert wanted  # an empty queue has room
        else:
            event = Event()
            if not small.sim_event_peek(ctypes.byref(event)):
                assert not wanted
                continue
            number_wanted, texts = wanted.popleft()
            pointers = ctypes.cast(event.text, ctypes.POINTER(ctypes.c_void_p * 3)).contents
            found = [
                p if p is None else ctypes.string_at(p, n)
                for p, n in zip(pointers, event.length, strict=True)
            ]
            assert (event.number, found) == (number_wanted, texts)
            small.sim_event_take()


# ---- clock and meter


@given(st.datetimes(datetime.datetime(2020, 1, 1), datetime.datetime(2099, 12, 31)))
def test_stamps_there_and_back(moment):
    moment = moment.replace(tzinfo=datetime.UTC, microsecond=moment.microsecond // 1000 * 1000)
    us = (moment - EPOCH) // datetime.timedelta(microseconds=1)
    text = ctypes.create_string_buffer(32)
    lib.sim_stamp(ctypes.c_int64(us), text)
    assert text.value.decode() == moment.isoformat(timespec="milliseconds")[:-6] + "Z"
    back = ctypes.c_int64()
    assert lib.sim_parse_stamp(text.value, ctypes.byref(back))
    assert back.value == us


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (b"2020-01-01T02:00:00+02:00", 0),
        (b"2020-01-01T00:00:01-01:30", 5401),
        (b"2020-03-01T00:00:00Z", 60 * DAY_S),
        (b"2020-01-01T00:00:00", None),
        (b"2020-13-01T00:00:00Z", None),
        (b"2020-01-01 00:00:00Z", None),
        (b"2020-01-01T00:00:00.Z", None),
        (b"2020-01-01T00:00:00Zulu", None),
        (b"2019-12-31T23:59:59Z", None),
        (b"2020-01-01T00:00:00+2:00", None),
        (b"", None),
        (b"2", None),
    ],
)
def test_stamps(text, seconds):
    us = ctypes.c_int64()
    good = lib.sim_parse_stamp(text, ctypes.byref(us))
    assert (us.value // 1000000 if good else None) == seconds


def now(us):
    ctypes.c_uint64.in_dll(lib, "test_now_us").value = us


def test_time_runs_at_its_factor_and_jumps():
    now(5_000_000)
    lib.sim_clock_init(ctypes.c_int64(0))
    lib.sim_set_factor(ctypes.c_uint32(2500))
    now(5_000_000 + 10 * 3600 * 1_000_000)
    assert lib.sim_ticks_us() == 25 * 3600 * 1_000_000
    lib.sim_set_factor(ctypes.c_uint32(1000))
    lib.sim_advance(ctypes.c_uint64(2500 * DAY_S))  # two and a half days
    steps = [lib.sim_ticks_us()]
    while lib.sim_advance_step():
        steps.append(lib.sim_ticks_us())
    hours = [us // 3_600_000_000 for us in steps]
    assert hours == [25 + 24, 25 + 48, 25 + 60]
    assert lib.sim_utc_us() == steps[-1]


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=20))
def test_the_meter_loses_nothing_between_readings(waits):
    now(0)
    lib.sim_clock_init(ctypes.c_int64(0))
    lib.sim_init(b"\1", ctypes.c_uint8(1))
    answers(b'{"cmd": "meter", "evse": 1, "power_w": 7}\n')
    total = 0
    for us in waits:
        total += us
        now(total)
        mwh = lib.sim_meter_mwh(ctypes.c_uint8(1))
        assert mwh == total // 1000 * 7000 // 3_600_000


# ---- the car at its pilot

_PILOT, _TOKEN = 0, 2
OFFER, STEADY, OFF = 266, 1000, 0


def car(library=lib, connectors=b"\1"):
    """Power on, and a function that sends a command; it returns the reply."""
    now(0)
    library.sim_clock_init(ctypes.c_int64(0))
    library.sim_init(connectors, ctypes.c_uint8(len(connectors)))
    library.sim_events_clear()

    def ask(cmd, **parameters):
        line = json.dumps({"cmd": cmd, "evse": 1, **parameters}).encode() + b"\n"
        data = sent_by_library(library, line)
        return json.loads(data)

    return ask


def sent_by_library(library, line):
    library.test_input(line, ctypes.c_size_t(len(line)))
    length = ctypes.c_size_t.in_dll(library, "test_sent_length").value
    return (ctypes.c_char * 200000).in_dll(library, "test_sent").raw[:length]


def pilots(library=lib):
    """Take all events: (pilot state, what proximity_ma() says then) of each PILOT."""
    found = []
    event = Event()
    while library.sim_event_peek(ctypes.byref(event)):
        library.sim_event_take()
        if event.kind == _PILOT:
            found.append(("ABCDEF"[event.value], library.sim_proximity_ma(1, 1)))
    return found


def shown(ask, place=0):
    return ask("state")["evses"][0]["connectors"][place]["cp"]


def current_ma(library=lib):
    return library.sim_current_ma(1, 1)


def test_the_cable_is_told_with_the_pilot_in_order():
    ask = car()
    for cable in (20, 63, None):
        assert ask("plug", cable=cable)["ok"]
        assert ask("ev", state="C")["ok"]
    assert ask("unplug")["ok"]
    assert lib.sim_proximity_ma(1, 1) == 0  # nothing told yet
    wanted = [("B", 20000), ("C", 20000), ("B", 63000), ("C", 63000), ("B", 32000), ("C", 32000)]
    assert pilots() == [*wanted, ("A", 0)]
    assert ask("plug", cable=13)["ok"] and ask("plug", cable=32)["ok"] and ask("plug")["ok"]
    assert pilots() == [("B", 13000), ("B", 32000)]  # each change, and no more than that


def test_a_car_without_a_plug_brings_a_cable_of_32_a():
    ask = car()
    for state in "EFC":
        assert ask("ev", state=state)["ok"]
    assert pilots() == [("E", 0), ("F", 0), ("C", 32000)]


@pytest.mark.parametrize("cable", [12, 0, -13, 13.5, "13", 80, True, 1e9, [13]])
def test_a_cable_without_such_a_coding_is_refused(cable):
    ask = car()
    assert "give 13, 20, 32 or 63 (A)" in ask("plug", cable=cable)["error"]
    assert pilots() == []


@pytest.mark.parametrize("state", "CD")
@pytest.mark.parametrize("rest", [STEADY, OFF])
def test_a_car_that_obeys_lets_go_with_the_offer(state, rest):
    ask = car()
    ask("ev", state=state, current=20)
    assert shown(ask) == state  # asked for while nothing is offered
    lib.sim_set_relay(1, 1, True)
    assert current_ma() == 0
    lib.sim_set_pwm(1, 1, OFFER)
    assert current_ma() == OFFER * 60
    lib.sim_set_pwm(1, 1, 100)
    assert (shown(ask), current_ma()) == (state, 6000)
    lib.sim_set_pwm(1, 1, rest)
    assert (shown(ask), current_ma()) == ("B", 0)
    lib.sim_set_pwm(1, 1, OFFER)
    assert shown(ask) == "B"  # until told
    ask("ev", state=state)
    assert current_ma() == OFFER * 60
    assert [pilot for pilot, _ in pilots()] == [state, "B", state]


def test_only_a_car_that_wants_current_lets_go():
    ask = car()
    for state in "ABEF":
        ask("ev", state=state)
        pilots()
        lib.sim_set_pwm(1, 1, OFFER)
        lib.sim_set_pwm(1, 1, STEADY)
        assert shown(ask) == state
        assert pilots() == []
    ask("ev", state="C")
    lib.sim_set_pwm(1, 1, OFF)  # from nothing to nothing
    assert shown(ask) == "C"


def test_a_car_that_does_not_obey_stays_and_draws_what_it_likes():
    ask = car()
    ask("ev", state="C", current=40, obeys=False)
    lib.sim_set_relay(1, 1, True)
    for pwm in (OFFER, STEADY, OFF, OFFER):
        lib.sim_set_pwm(1, 1, pwm)
        assert (shown(ask), current_ma()) == ("C", 40000)
    ask("ev", current=41, obeys=False)  # what else is left out stays
    assert current_ma() == 41000
    lib.sim_firmware_restarts()
    assert shown(ask) == "C"
    lib.sim_set_pwm(1, 1, OFFER)
    lib.sim_set_relay(1, 1, True)
    ask("ev", current=41)  # true if not given
    assert current_ma() == OFFER * 60
    ask("ev", obeys=False)
    ask("unplug")
    ask("ev", state="C")  # another car
    assert current_ma() == OFFER * 60
    assert "neither true nor false" in ask("ev", obeys=1)["error"]


def test_a_restart_takes_the_offer_away():
    ask = car(connectors=b"\2")
    for number in (1, 2):
        ask("ev", connector=number, state="C")
        lib.sim_set_relay(1, number, True)
    lib.sim_set_pwm(1, 1, OFFER)
    lib.sim_firmware_restarts()
    assert (shown(ask, 0), shown(ask, 1)) == ("B", "C")
    assert pilots() == []  # the firmware that starts reads them
    assert lib.sim_proximity_ma(1, 1) == 32000
    lib.sim_set_pwm(1, 1, OFFER)
    ask("ev", connector=1, state="C")
    assert [pilot for pilot, _ in pilots()] == ["C"]


def take(library, told):
    """Take one event; a pilot state is added to `told` of its connector. False: there was none."""
    event = Event()
    if not library.sim_event_peek(ctypes.byref(event)):
        return False
    library.sim_event_take()
    if event.kind == _PILOT:
        told[event.connector].append("ABCDEF"[event.value])
    return True


@given(st.lists(st.integers(0, 5), min_size=1, max_size=40), st.integers(0, 2))
@settings(max_examples=60, deadline=None)
def test_a_car_that_lets_go_while_the_queue_is_full_is_told_later_in_order(steps, spare):
    small = simulated_library.load("SIM_EVENTS_SIZE=400")
    ask = car(small, b"\2")
    told, wanted = {1: [], 2: []}, {1: ["C", "B"], 2: ["D", "B"]}
    for number in (1, 2):
        ask("ev", connector=number, state=wanted[number][0])
        small.sim_set_pwm(1, number, OFFER)
    while small.sim_event_push(ctypes.byref(Event(kind=_TOKEN))):
        pass
    for _ in range(spare):
        take(small, told)
    for number in (1, 2):
        small.sim_set_pwm(1, number, STEADY)
        assert shown(ask, number - 1) == "B"  # the car does not wait for the firmware
    for step in steps:
        state = "ABC???"[step]
        if state == "?":
            take(small, told)
        elif ask("ev", connector=1, state=state)["ok"] and wanted[1][-1] != state:
            wanted[1].append(state)
    while take(small, told):
        pass
    assert told == wanted


@pytest.mark.parametrize("celsius", [-50, 0, 25, 150])
def test_the_temperature_is_that_of_the_evses_outlets(celsius):
    ask = car(connectors=b"\1\1")
    assert ask("temperature", evse=2, celsius=celsius)["ok"]


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({}, "celsius: missing; give a whole number from -50 to 150"),
        ({"celsius": 151}, "celsius: not a whole number from -50 to 150"),
        ({"celsius": -51}, "celsius: not a whole number from -50 to 150"),
        ({"celsius": 20.5}, "celsius: not a whole number"),
        ({"celsius": "20"}, "celsius: not a whole number"),
        ({"evse": 0, "celsius": 20}, "evse: not a whole number from 1 to 1"),
        ({"evse": None, "celsius": 20}, "evse: missing"),
    ],
)
def test_a_wrong_temperature_is_refused(parameters, error):
    assert error in car()("temperature", **parameters)["error"]
