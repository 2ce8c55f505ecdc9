"""native/wire/scanner.c, text.c, number.c: RFC 8259 at every split point, UTF-8, bad input."""

import ctypes
import json
from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tables.names import FORMAT_VIOLATION, RPC_FRAMEWORK_ERROR
from wire_core import is_utf8
from wire_library import load

from wire.message import MessageReader
from wire.names import name_id

HEAD = b'[2,"id","DataTransfer",{"vendorId":"v","data":'
TAIL = b"}]"
ARENA = 2048

VALID = [
    b"{}",
    b"[]",
    b"[[]]",
    b'[{},{"a":[]}]',
    b'{"a":{"b":{"c":[1,2,{"d":null}]}}}',
    b'{"a":1,"a":2}',
    b'{"":0}',
    b'{"\\u0061":0,"\\n":1}',
    b" [ 1 ,\t2\r\n, 3 ] ",
    b'{ "a" : true , "b" : false , "c" : null }',
    b"true",
    b"false",
    b"null",
    b'""',
    b'"plain"',
    b'"\\"\\\\\\/\\b\\f\\n\\r\\t"',
    b'"\\u0041\\u00e9\\u20aC\\uFFFF\\u0000"',
    b'"\\ud83d\\uDE00"',
    b'"\\uD800\\uDC00\\udbff\\udfff"',
    '"é€😀\U0010ffff\ud7ff\ue000\x7f"'.encode(),
    b'"\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"',
    b"0",
    b"-0",
    b"-1",
    b"10",
    b"1.5",
    b"-0.25",
    b"1e5",
    b"1E+5",
    b"1e-5",
    b"0.0e0",
    b"1.25E-003",
    b"123456789012345678901234567890",
    b"0.123456789012345678901234567890",
    b"1e99999999999",
    b"[" * 30 + b"]" * 30,
    b'{"a":' * 30 + b"1" + b"}" * 30,
]
INVALID = [
    b"",
    b" ",
    b"[",
    b"{",
    b"]",
    b"}",
    b"[}",
    b"{]",
    b"[1}",
    b'{"a":1]',
    b"[1",
    b"[1,]",
    b"[,1]",
    b"[1,,2]",
    b"[1 2]",
    b"[:1]",
    b'{"a"}',
    b'{"a":}',
    b'{"a":1,}',
    b'{,"a":1}',
    b'{"a":1,,"b":2}',
    b'{"a" 1}',
    b'{"a"::1}',
    b'{"a","b"}',
    b"{1:2}",
    b"{null:2}",
    b"{a:2}",
    b"{'a':2}",
    b"'a'",
    b"tru",
    b"truE",
    b"True",
    b"truee",
    b"nul",
    b"nulL",
    b"nan",
    b"NaN",
    b"Infinity",
    b"-Infinity",
    b"-",
    b"+1",
    b"--1",
    b"01",
    b"-01",
    b"00",
    b"1.",
    b".5",
    b"-.5",
    b"1.e5",
    b"1e",
    b"1e+",
    b"1e5.5",
    b"1ee5",
    b"1.2.3",
    b"0x10",
    b"1_000",
    b"1,2",
    b"1 2",
    b'"',
    b'"a',
    b'"\\"',
    b'"\\a"',
    b'"\\x41"',
    b'"\\U0041"',
    b'"\\u41"',
    b'"\\u004"',
    b'"\\u004g"',
    b'"\\u00:0"',
    b'"\\u0 41"',
    b'"\x00"',
    b'"\n"',
    b'"\t"',
    b'"\x1f"',
    b'"\\ud800"',
    b'"\\ud800x"',
    b'"\\ud800\\n"',
    b'"\\ud800\\u0041"',
    b'"\\ud800\\ud800"',
    b'"\\udc00"',
    b'"\\udc00\\ud800"',
    b"\xef\xbb\xbf1",
    b"[1]\x0c",
    b"\xa0 1",
    b"[1]/**/",
    b"[1] // x",
    b"#",
    b"[" * 31 + b"]" * 31,
    b'{"a":' * 31 + b"1" + b"}" * 31,
]
NOT_UTF8 = [
    b'"\x80"',
    b'"\xbf"',
    b'"\xc0\x80"',
    b'"\xc1\xbf"',
    b'"\xc2"',
    b'"\xc2A"',
    b'"\xc2\xc2"',
    b'"\xe0\x9f\xbf"',
    b'"\xe0\x80\x80"',
    b'"\xe2\x82"',
    b'"\xe2\x28\xa1"',
    b'"\xed\xa0\x80"',
    b'"\xed\xbf\xbf"',
    b'"\xf0\x8f\xbf\xbf"',
    b'"\xf0\x90\x80"',
    b'"\xf4\x90\x80\x80"',
    b'"\xf5\x80\x80\x80"',
    b'"\xff"',
    b'{"\xff":1}',
    b'"\xc3\xa9\xe9"',
]

reader = MessageReader(bytearray(ARENA))


def read(*pieces):
    """Feeds a message; -> everything that can be seen of it."""
    reader.start()
    for piece in pieces:
        padded = b'"' + piece + b'"'  # what is around the piece is not the reader's
        reader.feed(padded, 1, 1 + len(piece))
    kind = reader.finish()
    slots = [list(s) if hasattr(s, "__iter__") else s for s in reader.unpack()]
    return (
        (kind, reader.message_id, reader.action, reader.error, reader.detail),
        (slots, reader.size, reader.bad_utf8),
    )


def splits(text):
    """The message in one piece, in two at every point, and byte by byte."""
    yield (text,)
    for i in range(len(text) + 1):
        yield text[:i], text[i:]
    yield tuple(text[i : i + 1] for i in range(len(text)))
    yield tuple(text[i : i + 3] for i in range(0, len(text), 3))


@pytest.mark.parametrize("document", VALID, ids=repr)
def test_valid_json_is_taken_in_at_any_split(document):
    text = HEAD + document + TAIL
    json.loads(text)  # the vector itself
    first = read(text)
    assert first[0][3] == 0, first
    assert bytes(first[1][0][2]) == document.strip()
    for pieces in splits(text):
        assert read(*pieces) == first


@pytest.mark.parametrize("document", INVALID + NOT_UTF8, ids=repr)
def test_invalid_json_is_a_format_violation_at_any_split(document):
    text = HEAD + document + TAIL
    first = read(text)
    assert first[0][:4] == (2, b"id", name_id(b"DataTransfer"), FORMAT_VIOLATION), first
    assert first[1][2] == (document in NOT_UTF8 or b"\xa0" in document)
    for pieces in splits(text):
        assert read(*pieces) == first


@pytest.mark.parametrize("end", [b"x", b"]", b",", b"{}", b"[]", b"\x00", b'"', b"1"], ids=repr)
def test_garbage_after_the_end_is_refused(end):
    text = HEAD + b"1" + TAIL
    assert read(text + b" \r\n\t ")[0][3] == 0
    for pieces in splits(text + b" " + end):
        assert read(*pieces)[0][3] in (FORMAT_VIOLATION, RPC_FRAMEWORK_ERROR)


@pytest.mark.parametrize("document", [b'{"a":[1,"\\u00e9"]}', b"12.5", b"true", b'"x"'])
def test_a_message_that_ends_early_is_refused_at_any_length(document):
    text = HEAD + document + TAIL
    for n in range(len(text)):
        assert read(text[:n])[0][3] in (FORMAT_VIOLATION, RPC_FRAMEWORK_ERROR), text[:n]


@given(st.binary(max_size=60), st.integers(0, 60))
@example(b"\xed\xa0\x80", 1)
@example(b"\xc0\xaf", 1)
@example(b"\xf4\x90\x80\x80", 2)
@example(b"\xe2\x82", 1)
def test_utf8_is_judged_as_cpython_does(data, at):
    """In a string, and after the outcome is certain; across pieces."""
    try:
        data.decode()
        valid = True
    except UnicodeDecodeError:
        valid = False
    quoted = bytes(c for c in data if c >= 32 and c not in b'"\\')
    text = HEAD + b'"' + quoted + b'"' + TAIL
    try:
        text.decode()
        assert read(text[: len(HEAD) + at], text[len(HEAD) + at :])[0][3] == 0
    except UnicodeDecodeError:
        assert read(text[: len(HEAD) + at], text[len(HEAD) + at :])[1][2]
    assert read(b"{ ", data[:at], data[at:])[1][2] is not valid
    assert is_utf8(data) is valid


@given(st.binary(max_size=200))
@settings(max_examples=300)
def test_random_bytes_raise_nothing_and_are_refused(data):
    try:
        valid = isinstance(json.loads(data), list)
    except ValueError:
        valid = False
    assert read(data)[0][3] or valid


JSON_TEXT = st.text(alphabet='[]{}:,"\\ 01.-eEtrufalsn\u00e9', max_size=40)


@given(JSON_TEXT)
@settings(max_examples=1000)
def test_near_json_is_judged_as_cpython_does(text):
    def refuse(_):
        raise ValueError

    try:
        json.loads(text, parse_constant=refuse)
        valid = True
    except ValueError:
        valid = False
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return
    assert (read(HEAD + text.encode() + TAIL)[0][3] == 0) == valid


# Numbers: DataTransfer's data keeps none, so totalCost (a decimal) and interval (an integer).


def number(text, field=b"TransactionEvent"):
    reader.pending_id, reader.pending_action = b"id", name_id(field)
    if field == b"TransactionEvent":
        body = b'{"totalCost":%s}'
    else:
        body = b'{"currentTime":"2024-01-01T00:00:00Z","status":"Accepted","interval":%s}'
    result = [read(*pieces) for pieces in splits(b'[3,"id",' + body % text + b"]")]
    reader.pending_id = None
    assert all(r == result[0] for r in result)
    (_, _, _, error, detail), (slots, _, _) = result[0]
    return (error, detail) if error else slots[:2] if field == b"TransactionEvent" else slots[1]


@pytest.mark.parametrize(
    ("text", "mantissa", "decimals"),
    [
        (b"0", 0, 0),
        (b"-0", 0, 0),
        (b"-0.0", 0, 0),
        (b"12.340", 1234, 2),
        (b"-12.34", -1234, 2),
        (b"100", 100, 0),
        (b"1e2", 100, 0),
        (b"1.5e1", 15, 0),
        (b"1.5e0", 15, 1),
        (b"150e-1", 15, 0),
        (b"1e-9", 1, 9),
        (b"1e-10", 0, 0),
        (b"1e-999999", 0, 0),
        (b"0e999999", 0, 0),
        (b"2147483647", 2147483647, 0),
        (b"-2147483647", -2147483647, 0),
        (b"-2147483648", -2147483648, 0),
        (b"-2147483648.0", -2147483648, 0),
        (b"0.1", 1, 1),
        (b"10.333333333333334", 103333333, 7),
        (b"15.999999999999998", 16, 0),
        (b"16.000000000000004", 16, 0),
        (b"0.30000000000000004", 3, 1),
        (b"99999999.96", 1, -8),
        (b"20000000000e-1", 2000000000, 0),
        (b"214748364700e-2", 2147483647, 0),
        (b"214748364.9", 214748365, 0),
        (b"1.2345678949", 123456789, 8),
        (b"0.2147483647e10", 2147483647, 0),
        (b"5e-10", 1, 9),
        (b"5e-11", 0, 0),
    ],
)
def test_decimals_are_scaled_integers(text, mantissa, decimals):
    if decimals < 0:
        mantissa, decimals = mantissa * 10**-decimals, 0
    assert number(text) == [mantissa, decimals]


@pytest.mark.parametrize(
    "text",
    [
        b"2147483648",
        b"-2147483649",
        b"214748364.8e1",
        b"99999999999999999999",
        b"1e10",
        b"1e999999",
        b"3e9",
        b"2147483649",
        b"21474836480e-1",
        b"30000000015e-1",
        b"0.3e10",
    ],
)
def test_a_number_beyond_32_bits_is_out_of_range(text):
    assert number(text)[1].endswith(b"out of range")
    assert number(text, b"BootNotification")[1].endswith(b"out of range")


@pytest.mark.parametrize(
    "text",
    [
        b"1.5",
        b"1e-1",
        b"1.0000000000001",
        b"-0.5",
        b"21474836471e-1",
        b"20000000000000000001e-10",
        b"0.00000000000001e13",
    ],
)
def test_an_integer_has_no_fraction(text):
    assert number(text, b"BootNotification")[1] == b"interval: wrong type"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b"1.0", 1),
        (b"300e0", 300),
        (b"-5", -5),
        (b"0", 0),
        (b"2147483647", 2147483647),
        (b"-2147483648", -2147483648),
        (b"20000000000e-1", 2000000000),
        (b"1e9", 1000000000),
        (b"2147483647.0", 2147483647),
        (b"2147483647.000e-0", 2147483647),
        (b"-21474836480E-1", -2147483648),
        (b"2.147483647e+9", 2147483647),
        (b"0.00000000002e20", 2000000000),
        (b"200000000000000000000000e-23", 2),
        (b"0.%s7e400" % (b"0" * 399), 7),
        (b"7%se-400" % (b"0" * 400), 7),
        (b"0e99999999999", 0),
    ],
)
def test_an_integer_may_be_written_as_decimal(text, value):
    assert number(text, b"BootNotification") == value


@given(st.integers(-(2**31), 2**31 - 1), st.integers(-25, 25))
@example(2**31 - 1, 10)
def test_an_integer_is_the_same_in_any_spelling(value, shift):
    text = "%se%d" % (format(Decimal(value).scaleb(shift), "f"), -shift)
    assert number(text.encode(), b"BootNotification") == value
    mantissa, decimals = number(text.encode())
    assert (mantissa, decimals) == (value, 0)


@pytest.mark.parametrize("two", [b"2.0", b"20e-1", b"0.2e1", b"2e0", b"2.000000000000000000"])
def test_a_message_type_is_a_number(two):
    # JSON knows one number, whatever its spelling
    (kind, message_id, _, error, detail), _ = read(b"[" + two + HEAD[2:] + b"1" + TAIL)
    assert (kind, message_id, error) == (2, b"id", 0), detail


@pytest.mark.parametrize("other", [b"2.1", b"20e-2", b"-2", b"2e9", b"2e999", b"2.00000000000001"])
def test_another_number_is_no_call(other):
    (kind, _, _, error, _), _ = read(b"[" + other + HEAD[2:] + b"1" + TAIL)
    assert kind == 0 and error


@given(st.integers(-999999999, 999999999), st.integers(0, 9))
def test_nine_digits_are_exact_and_written_as_they_were(mantissa, decimals):
    text = format(Decimal(mantissa).scaleb(-decimals), "f").encode()
    m, d = number(text)
    assert Decimal(m).scaleb(-d) == Decimal(text.decode())
    buffer = ctypes.create_string_buffer(24)
    n = load().wire_write_number(buffer, ctypes.c_int32(mantissa), decimals)
    written = buffer.raw[:n].decode()
    assert Decimal(written) == Decimal(text.decode())
    assert not ("." in written and written.endswith("0"))


@given(st.floats(0, 2e9, allow_nan=False))
def test_a_double_is_read_to_nine_digits_or_the_integer(value):
    text = repr(value).encode()
    m, d = number(text)
    error = abs(Decimal(m).scaleb(-d) - Decimal(text.decode()))
    assert error <= max(Decimal(value) * Decimal("5e-9"), Decimal("5e-10")), (m, d)


# ---- date-times


def time(text):
    """The seconds of a date-time that is read, at any split; else the error."""
    reader.pending_id, reader.pending_action = b"id", name_id(b"Heartbeat")
    results = [read(*p) for p in splits(b'[3,"id",{"currentTime":"%s"}]' % text)]
    reader.pending_id = None
    assert all(r == results[0] for r in results)
    (_, _, _, error, detail), (slots, _, _) = results[0]
    return detail if error else slots[0]


NEW_YEAR_2017 = -94608000  # in seconds since 2020


@pytest.mark.parametrize(
    "text",
    [
        b"2016-12-31T23:59:60Z",
        b"2016-12-31T23:59:60.999Z",
        b"2016-12-31T23:59:60",
        b"2017-01-01T05:29:60+05:30",
        b"2016-12-31T15:59:60-08:00",
    ],
)
def test_a_leap_second_is_the_next(text):
    assert time(text) == NEW_YEAR_2017


@pytest.mark.parametrize(
    "text",
    [
        b"2016-12-31T23:58:60Z",
        b"2016-12-31T12:00:60Z",
        b"2016-12-31T23:59:60+01:00",
        b"2016-12-31T23:59:60-05:30",
        b"2016-12-31T23:59:61Z",
    ],
)
def test_a_leap_second_anywhere_else_is_refused(text):
    assert time(text) == b"currentTime: not one of its values"


@pytest.mark.parametrize("digits", [1, 6, 9, 12, 13, 44, 45, 63, 64, 65, 300])
def test_a_fraction_of_a_second_may_have_any_number_of_digits(digits):
    for offset, seconds in ((b"Z", 0), (b"+05:30", -19800), (b"-05:30", 19800), (b"", 0)):
        fraction = (b"0123456789" * 30)[:digits]
        assert time(b"2020-01-01T00:00:00." + fraction + offset) == seconds
        escaped = b"2020-01-01T00:00:00." + fraction[:-1] + b"\\u0037" * 3 + offset
        assert time(escaped) == seconds


@pytest.mark.parametrize("digits", [1, 20, 40, 300])
def test_digits_anywhere_else_are_refused(digits):
    more = b"1" * digits
    for text in (
        b"2020" + more + b"-01-01T00:00:00Z",
        b"2020-01-01T00:00:00" + more + b"Z",
        b"2020-01-01T00:00:00+01:00" + more,
        b"2020-01-01T00:00:00.1234567+01:00" + more,
        b"2020-01-01T00:00:00.123456789+01" + more + b":00",
        b"2020-01-01T00:00:00." + more + b".1Z",
        b"2020-01-01T00:00:00." + more + b"e" + more + b"Z",
    ):
        assert time(text) == b"currentTime: not one of its values", text
