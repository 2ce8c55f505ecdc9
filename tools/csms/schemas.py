"""Checks OCPP-J messages against the official schemas, apart from what `ocpp` checks itself.

`ocpp` stops at the first fault and only looks at what it handles. Here every fault of every
message in both directions is found: JSON Schema (draft 6), frame, ids, stamps, duplicate names.
"""

import importlib.resources
import json
import re

import jsonschema

CALL, CALLRESULT, CALLERROR = 2, 3, 4

ERROR_CODES = frozenset(
    [
        "FormatViolation",
        "GenericError",
        "InternalError",
        "MessageTypeNotSupported",
        "NotImplemented",
        "NotSupported",
        "OccurrenceConstraintViolation",
        "PropertyConstraintViolation",
        "ProtocolError",
        "RpcFrameworkError",
        "SecurityError",
        "TypeConstraintViolation",
    ]
)

# Part 2, 2.1.1.1: UTC; what CSMSs in the field cope with is "Z" and at most three digits.
_STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z", re.ASCII)
# Part 2, 2.1.3 identifierString
_IDENTIFIER = re.compile(r"[a-zA-Z0-9*\-_=:+|@.]+", re.ASCII)
_LONGEST_MESSAGE_ID = 36
_LONGEST_DESCRIPTION = 255

_formats = jsonschema.FormatChecker(formats=())


@_formats.checks("date-time")
def _is_stamp(value):
    return not isinstance(value, str) or _STAMP.fullmatch(value) is not None


class FrameError(Exception):
    """Not an OCPP-J message at all; str() says why."""


def _unique_names(pairs):
    names = {}
    for name, value in pairs:
        if name in names:
            raise FrameError(f'the name "{name}" occurs twice in one object')
        names[name] = value
    return names


def _no_constant(text):
    raise FrameError(f"{text} is not JSON")


def parse(text):
    """The message in `text` as a list; FrameError if it is none."""
    if not isinstance(text, str):
        raise FrameError("a binary frame; OCPP-J uses text frames")
    try:
        message = json.loads(text, object_pairs_hook=_unique_names, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise FrameError(f"not JSON: {error}") from error
    except RecursionError as error:
        raise FrameError("nested too deeply") from error
    if not isinstance(message, list):
        raise FrameError("not a JSON array")
    lengths = {CALL: (4,), CALLRESULT: (3,), CALLERROR: (5,)}
    kind = message[0] if message else None
    if isinstance(kind, bool) or not isinstance(kind, int) or kind not in lengths:
        raise FrameError(f"message type {json.dumps(kind)}; 2, 3 or 4 are known")
    if len(message) not in lengths[kind]:
        raise FrameError(f"{len(message)} elements in a message of type {kind}")
    if not isinstance(message[1], str):
        raise FrameError("the message id is not a string")
    return message


def _check_id(message_id):
    if not 1 <= len(message_id) <= _LONGEST_MESSAGE_ID:
        yield f"message id of {len(message_id)} characters (1 to {_LONGEST_MESSAGE_ID})"


def _check_identifiers(payload):
    info = payload.get("transactionInfo")
    for holder in (payload, info if isinstance(info, dict) else {}):
        value = holder.get("transactionId")
        if isinstance(value, str) and not _IDENTIFIER.fullmatch(value):
            yield f"transactionId: {value!r} is no identifierString"


class Schemas:
    """The schemas of one OCPP version, loaded when they are first needed."""

    def __init__(self, version="v201"):
        self._folder = importlib.resources.files("ocpp").joinpath(version, "schemas")
        self._validators = {}

    def actions(self):
        """All actions of this version, in alphabetical order."""
        names = [entry.name for entry in self._folder.iterdir()]
        return sorted(n.removesuffix("Request.json") for n in names if n.endswith("Request.json"))

    def _validator(self, name):
        if name not in self._validators:
            file = self._folder.joinpath(name + ".json")
            if not file.is_file():
                return None
            schema = json.loads(file.read_text(encoding="utf-8-sig"))
            self._validators[name] = jsonschema.Draft6Validator(schema, format_checker=_formats)
        return self._validators[name]

    def check_payload(self, action, part, payload):
        """All that is wrong with a payload.

        Args:
            action: such as "BootNotification".
            part: "Request" or "Response".
            payload: as parsed from JSON.

        Returns:
            list of str, empty when it is right.
        """
        validator = self._validator(action + part)
        if validator is None:
            return [f"{action} is no action of this OCPP version"]
        wrong = []
        for error in validator.iter_errors(payload):
            where = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in error.path)
            wrong.append(f"{where.lstrip('.') or 'payload'}: {error.message[:200]}")
        if isinstance(payload, dict):
            wrong.extend(_check_identifiers(payload))
        return wrong

    def check_message(self, message, action):
        """All that is wrong with a parsed message.

        Args:
            message: from parse().
            action: of the CALL that a CALLRESULT belongs to; not needed for the others.
        """
        wrong = list(_check_id(message[1]))
        if message[0] == CALL:
            wrong += self.check_payload(str(message[2]), "Request", message[3])
        elif message[0] == CALLRESULT:
            wrong += self.check_payload(action, "Response", message[2])
        else:
            wrong += _check_error(message)
        return wrong


def _check_error(message):
    code, description, details = message[2:]
    if code not in ERROR_CODES:
        yield f"{code!r} is no error code"
    if not isinstance(description, str) or len(description) > _LONGEST_DESCRIPTION:
        yield "errorDescription is no string of at most 255 characters"
    if not isinstance(details, dict):
        yield "errorDetails is no object"
