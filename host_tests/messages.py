"""Random OCPP messages from the official schemas, broken ones, and what a block sees of them.

The reference for the tests of wire/: jsonschema judges, `slots` reads a message by what the
blocks declare.
"""

import datetime
import json
import re
import sys
from decimal import Decimal

import jsonschema
from conftest import ROOT

from wire.names import name_id

sys.path.append(str(ROOT / "tools" / "schema"))

from declarations import parse
from schemas import Schemas, split_message

from tools.blocks.declaration import read_all

BLOCKS = ROOT / "firmware" / "blocks"
SCHEMAS = Schemas()
_DECLARED, _ = parse(read_all(BLOCKS), SCHEMAS)
RECEIVED = sorted(m for m in SCHEMAS.raw if SCHEMAS.station_receives(m))
DECLARED = {(d.direction, d.message): d.node for d in _DECLARED}

_checker = jsonschema.FormatChecker(())
_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:)(\d\d)(\.\d+)?([Zz]|[+-]\d\d:\d\d)?", re.ASCII
)
_FAR = 12425 * 86400


def seconds(text):
    """A date-time as seconds since 2020; None: it is none."""
    match = _TIME.fullmatch(text)
    if not match or int(match[3]) > 60:
        return None
    zone = (match[5] or "Z").upper().replace("Z", "+00:00")
    year = int(text[:4])
    if year == 0:  # not Python's
        text = "0004" + text[4:]
    try:
        day = datetime.datetime.fromisoformat(f"{text[:10]}T{match[2]}00")
        if int(zone[1:3]) > 23 or int(zone[4:]) > 59:
            return None
    except ValueError:
        return None
    offset = (int(zone[1:3]) * 60 + int(zone[4:])) * (-60 if zone[0] == "-" else 60)
    of_day = day.hour * 3600 + day.minute * 60 + int(match[3]) - offset
    if int(match[3]) == 60 and of_day % 86400:  # RFC 3339, 5.7
        return None
    if year < 1900:
        return "early"
    days = max(-12425, min(12425, (day - datetime.datetime(2020, 1, 1)).days))
    return days * 86400 + of_day


@_checker.checks("date-time")
def _is_time(value):
    return not isinstance(value, str) or seconds(value) is not None


VALIDATORS = {
    message: jsonschema.Draft6Validator(schema, format_checker=_checker)
    for message, schema in SCHEMAS.raw.items()
}


def valid(message, payload):
    return VALIDATORS[message].is_valid(payload)


class Maker:
    """Makes payloads; `rnd` is hypothesis's."""

    def __init__(self, rnd):
        self.rnd = rnd

    def payload(self, message):
        schema = SCHEMAS.raw[message]
        return self.value(schema, schema.get("definitions", {}))

    def value(self, schema, definitions):
        if "$ref" in schema:
            schema = definitions[schema["$ref"].rsplit("/", 1)[1]]
        rnd = self.rnd
        kind = schema.get("type")
        if kind == "object":
            return self.object(schema, definitions)
        if kind == "array":
            n = rnd.choice((1, 1, 2, min(3, schema.get("maxItems", 3))))
            return [self.value(schema["items"], definitions) for _ in range(n)]
        if kind == "string":
            return self.string(schema)
        if kind == "integer":
            return rnd.choice((0, 1, 7, 300, 2147483647, rnd.randrange(10**6)))
        if kind == "number":
            return rnd.choice((0, 1, 0.5, 16.25, 1e-3, 230, rnd.randrange(10**6) / 100))
        if kind == "boolean":
            return rnd.choice((True, False))
        return self.anything(3)

    def object(self, schema, definitions):
        rnd = self.rnd
        names = list(schema["properties"])
        rnd.shuffle(names)
        required = schema.get("required", [])
        result = {}
        for name in names:
            if name in required or rnd.random() < 0.4:
                if name == "customData":
                    if rnd.random() < 0.5:
                        result[name] = {"vendorId": "v", "x": self.anything(2)}
                else:
                    result[name] = self.value(schema["properties"][name], definitions)
        return result

    def string(self, schema):
        rnd = self.rnd
        if "enum" in schema:
            return rnd.choice(schema["enum"])
        if "format" in schema:
            return rnd.choice(
                (
                    "2024-02-29T23:59:59Z",
                    "2020-01-01T00:00:00.123+01:30",
                    "1999-12-31t00:00:00-23:59",
                    "9999-12-31T23:59:59Z",
                    "2031-07-08T09:10:59",
                    "2016-12-31T23:59:60Z",
                    "2017-01-01t05:29:60.5+05:30",
                    f"2031-07-08T09:10:11.{rnd.randrange(10**9):0{rnd.randrange(9, 300)}}-05:30",
                    f"20{rnd.randrange(10, 50)}-0{rnd.randrange(1, 10)}-17T11:22:33.000000Z",
                )
            )
        most = schema.get("maxLength", 300)
        n = rnd.choice((0, 1, min(12, most), most, rnd.randrange(most + 1)))
        alphabet = rnd.choice(("abcXYZ-09", 'a"\\/\n\t\0é', "€😀x\x7f\u2028"))
        return (alphabet * (n // len(alphabet) + 1))[:n]

    def anything(self, depth):
        rnd = self.rnd
        n = rnd.randrange(8 if depth else 6)
        if n == 6:
            return [self.anything(depth - 1) for _ in range(rnd.randrange(3))]
        if n == 7:
            names = ("a", "vendorId", "é", "")
            return {k: self.anything(depth - 1) for k in names[: rnd.randrange(4)]}
        return (None, True, -12.5e-3, 10**25, "t\u00e9xt", "")[n]

    def broken(self, payload):
        """The payload with one change somewhere, mostly for the worse."""
        places = []

        def walk(value):
            for key in value if isinstance(value, dict) else range(len(value)):
                places.append((value, key))
                if isinstance(value[key], (dict, list)):
                    walk(value[key])

        walk(payload)
        rnd = self.rnd
        change = rnd.randrange(6)
        if not places or change == 0:
            holders = [payload] + [h[k] for h, k in places if isinstance(h[k], dict)]
            name = rnd.choice(("foo", "id", "status", "Type", "évse", "customData"))
            rnd.choice(holders)[name] = 1
            return payload
        holder, key = rnd.choice(places)
        old = holder[key]
        if change == 1:
            del holder[key]
        elif change == 2 and isinstance(old, list):
            holder[key] = rnd.choice(([], old * 1100, [*old, None], [old]))
        elif change == 2 and isinstance(old, dict) and rnd.random() < 0.5:
            holder[key] = {k.upper(): v for k, v in old.items()}
        elif change == 3 and isinstance(old, str):
            longer = (old + "x", old + "😀" * 600, old * 60)
            holder[key] = rnd.choice((*longer, old[:-1], old.upper()))
        elif change == 4 and isinstance(old, str):
            holder[key] = rnd.choice(
                (
                    "2023-02-29T00:00:00Z",
                    "2024-02-29T00:00:00Z",
                    "1900-02-29T00:00:00Z",
                    "2024-13-01T00:00:00Z",
                    "2024-04-31T00:00:00Z",
                    "2024-01-01T24:00:00Z",
                    "2024-01-01T00:60:00Z",
                    "2024-01-01T00:00:61Z",
                    "2024-01-01T00:00:60Z",
                    "2016-12-31T23:59:60+01:00",
                    "2024-01-01T00:00:00." + "1" * rnd.randrange(20, 60) + "+05:300",
                    "2024-01-01T00:00:00+01:00" + "0" * rnd.randrange(1, 60),
                    "2024" + "0" * rnd.randrange(1, 60) + "-01-01T00:00:00Z",
                    "2024-01-01 00:00:00Z",
                    "2024-01-01T00:00:00.Z",
                    "2024-01-01T00:00:00+0100",
                    "2024-01-01T00:00:00+24:00",
                    "2024-01-01T00:00:00+00:60",
                    "2024-01-01T00:00:00ZZ",
                    "2024-01-01",
                    "2024-1-01T00:00:00Z",
                )
            )
        else:
            holder[key] = rnd.choice((None, True, -1, 0.5, 7.0, "", "x", [], {}, [1], {"a": 1}))
        return payload

    def text(self, value):
        """The value as JSON: any order was chosen before, any escapes and white space here."""
        rnd = self.rnd
        style = rnd.randrange(3)
        if style == 0:
            return json.dumps(value, separators=(",", ":"))
        if style == 1:
            return json.dumps(value, ensure_ascii=False)
        return json.dumps(value, indent=rnd.choice((1, "\t")), separators=(" ,", "\r\n: "))


def slots(node, value):
    """What a block sees of an object or record: by the declaration, straight from the JSON."""
    result = []
    for name, kind, slot, child in node.entries:
        assert slot == len(result)
        field = value.get(name)
        if kind == "any":
            result.append("raw" if name in value else None)
        elif kind == "object":
            result += slots(child, field or {})
        elif kind == "array":
            result.append(None if field is None else [item(child, v) for v in field])
        elif kind == "number":
            result += [None, None] if field is None else decimal(field)
        else:
            result.append(None if field is None else scalar(kind, field))
    return result


def item(node, value):
    """A record, or the scalar of an array of scalars."""
    name, kind, _, _ = node.entries[0]
    return slots(node, value) if name else scalar(kind, value)


def scalar(kind, value):
    if kind == "enum":
        return name_id(value.encode())
    if kind == "time":
        return seconds(value)
    if kind == "string":
        return value.encode()
    return int(value) if kind == "integer" else value


def decimal(value):
    _, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    mantissa = int("".join(map(str, digits))) * (-1 if value < 0 else 1)
    return [mantissa * 10**exponent, 0] if exponent > 0 else [mantissa, -exponent]


__all__ = ["DECLARED", "RECEIVED", "Maker", "seconds", "slots", "split_message", "valid"]
