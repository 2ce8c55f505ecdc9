"""The official JSON schemas of OCPP 2.0.1, reduced to what a station must check.

Value types are tuples; equal ones are one in the tables:
    ("any",)  ("object", Shape)  ("array", item type, max items or 0)  ("enum", names)  ("time",)
    ("string", max characters or 0)  ("integer", minimum 0: bool)  ("number", the same)
    ("boolean",)
"""

import json
import os

# The CALLs of a charging station; all others are the CSMS's. DataTransfer is both
# (OCPP 2.0.1 part 2, sections A to P).
STATION_CALLS = frozenset(
    """Authorize BootNotification ClearedChargingLimit DataTransfer FirmwareStatusNotification
    Get15118EVCertificate GetCertificateStatus Heartbeat LogStatusNotification MeterValues
    NotifyChargingLimit NotifyCustomerInformation NotifyDisplayMessages NotifyEVChargingNeeds
    NotifyEVChargingSchedule NotifyEvent NotifyMonitoringReport NotifyReport
    PublishFirmwareStatusNotification ReportChargingProfiles ReservationStatusUpdate
    SecurityEventNotification SignCertificate StatusNotification TransactionEvent""".split()
)
CUSTOM_DATA = "customData"


class SchemaError(Exception):
    """A schema uses something that the tables can't express."""


class Shape:
    """An object: `fields` maps names to (value type, required); free: others are welcome."""

    def __init__(self, fields, free):
        self.fields = fields
        self.free = free
        self.key = (free, tuple(fields.items()))

    def __eq__(self, other):
        return self.key == other.key

    def __hash__(self):
        return hash(self.key)


def default_folder():
    import ocpp

    return os.path.join(os.path.dirname(ocpp.__file__), "v201", "schemas")


class Schemas:
    """All messages: `raw[name]` is the JSON schema, `types[name]` the value type."""

    def __init__(self, folder=None):
        folder = folder or default_folder()
        self.raw = {}
        self.types = {}
        self.properties = set()
        self.values = set()
        for file in sorted(os.listdir(folder)):
            if file.endswith(".json"):
                with open(os.path.join(folder, file), encoding="utf-8-sig") as f:
                    self.raw[file[:-5]] = json.load(f)
        for name, schema in self.raw.items():
            self.types[name] = self._type(schema, schema.get("definitions", {}), name)
        self.actions = sorted(n[: -len("Request")] for n in self.raw if n.endswith("Request"))
        if not STATION_CALLS.issubset(self.actions):
            raise SchemaError("no schema for %s" % sorted(STATION_CALLS - set(self.actions)))

    def station_receives(self, message):
        action, is_request = split_message(message)
        return is_request != (action in STATION_CALLS) or action == "DataTransfer"

    def station_sends(self, message):
        action, is_request = split_message(message)
        return is_request == (action in STATION_CALLS) or action == "DataTransfer"

    def _type(self, schema, definitions, where):
        if "$ref" in schema:
            schema = definitions[schema["$ref"].rsplit("/", 1)[1]]
        kind = schema.get("type")
        if kind is None:
            return ("any",)
        if kind == "object":
            return self._object(schema, definitions, where)
        if kind == "array":
            if schema.get("minItems") != 1:
                raise SchemaError("%s: an array with minItems other than 1" % where)
            return (
                "array",
                self._type(schema["items"], definitions, where),
                schema.get("maxItems", 0),
            )
        if kind == "string":
            return self._string(schema, where)
        if kind in ("integer", "number"):
            # A maximum occurs only in what a station sends; the compiler refuses any other.
            limits = (schema.get("minimum"), schema.get("maximum"))
            return (
                (kind, limits[0] is not None)
                if limits in ((None, None), (0, None))
                else (kind, limits)
            )
        if kind == "boolean":
            return ("boolean",)
        raise SchemaError("%s: type %r" % (where, kind))

    def _string(self, schema, where):
        if "enum" in schema:
            self.values.update(schema["enum"])
            return ("enum", tuple(schema["enum"]))
        if schema.get("format", "date-time") != "date-time" or "pattern" in schema:
            raise SchemaError("%s: a string format other than date-time" % where)
        return ("time",) if "format" in schema else ("string", schema.get("maxLength", 0))

    def _object(self, schema, definitions, where):
        properties = schema.get("properties", {})
        required = schema.get("required", [])
        free = schema.get("additionalProperties", True) is not False
        if free != (CUSTOM_DATA not in properties):
            raise SchemaError(
                "%s: customData is expected in every closed object, and only there" % where
            )
        fields = {}
        for name, sub in properties.items():
            self.properties.add(name)
            value = self._type(sub, definitions, "%s.%s" % (where, name))
            if name == CUSTOM_DATA:
                self.custom_data = value
            else:
                fields[name] = (value, name in required)
        return ("object", Shape(fields, free))


def split_message(message):
    """ResetRequest -> ("Reset", True); ResetResponse -> ("Reset", False)."""
    for suffix, is_request in (("Request", True), ("Response", False)):
        if message.endswith(suffix):
            return message[: -len(suffix)], is_request
    raise SchemaError("%s: a message ends in Request or Response" % message)
