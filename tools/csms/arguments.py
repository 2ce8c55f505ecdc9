"""Reads the arguments of a command, and says what is wrong with them and what would be right."""

import json
import re


class UsageError(Exception):
    """A command was given wrongly; str() says what is wrong and what would be right."""


_VARIABLE = re.compile(
    r"(?P<component>[^./@#=\s]+)(/(?P<component_instance>[^.@#=]+))?"
    r"(@(?P<evse>\d+)(\.(?P<connector>\d+))?)?"
    r"\.(?P<variable>[^./#=\s]+)(/(?P<instance>[^#=]+))?(#(?P<attribute>\w+))?"
)
_WHOLE = re.compile(r"-?[0-9]+")
_ATTRIBUTES = ("Actual", "Target", "MinSet", "MaxSet")


class Arguments:
    """The words after a command: first the positional ones, `name=value` anywhere.

    Each of the methods takes the next positional word, or the value given as `name=`.
    """

    def __init__(self, text):
        self.rest = text.strip()
        self._named = {}
        self._words = []
        for word in self.rest.split():
            name, equals, value = word.partition("=")
            if equals and name.isidentifier():
                self._named[name] = value
            else:
                self._words.append(word)

    def word(self, name, default=None):
        """Any word; `default` when it is missing, a UsageError if there is none."""
        if name in self._named:
            return self._named.pop(name)
        if self._words:
            return self._words.pop(0)
        if default is None:
            raise UsageError(f"{name.upper()} is missing")
        return default or None

    def number(self, name, default, least=0, most=1 << 31):
        """A whole number; `default` when it is missing."""
        text = self.word(name, "")
        if text is None:
            return default
        if not _WHOLE.fullmatch(text) or not least <= int(text) <= most:
            limit = f"of at least {least}" if most == 1 << 31 else f"from {least} to {most}"
            raise UsageError(f"{name.upper()} is a whole number {limit}, not {text!r}")
        return int(text)

    def choice(self, name, choices, default=None):
        """One of `choices`, in any case."""
        text = self.word(name, default)
        for known in choices:
            if text.lower() == known.lower():
                return known
        raise UsageError(f"{name.upper()} is one of {', '.join(choices)}, not {text!r}")

    def switch(self, name, default=None):
        """on or off, as a bool."""
        return self.choice(name, ("on", "off"), default) == "on"

    def done(self):
        """Nothing may be left over."""
        left = self._words + [f"{name}={value}" for name, value in self._named.items()]
        if left:
            raise UsageError(f"{' '.join(left)!r} is too much")


def head(text, name):
    """The first word of `text` and all that follows it."""
    first, _, rest = text.strip().partition(" ")
    if not first:
        raise UsageError(f"{name.upper()} is missing")
    return first, rest.strip()


def read_json(text, name="JSON"):
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise UsageError(
            f"{name} is not valid JSON: {error.msg} at character {error.pos}"
        ) from error


def variable(text):
    """`Component[/instance][@evse[.connector]].Variable[/instance][#Attribute]` as an object."""
    match = _VARIABLE.fullmatch(text)
    if match is None:
        raise UsageError(
            f"{text!r} is no variable; write Component.Variable,"
            " such as TxCtrlr.EVConnectionTimeOut, EVSE@1.AvailabilityState"
            " or DeviceDataCtrlr.ItemsPerMessage/GetVariables"
        )
    part = match.groupdict()
    component = {"name": part["component"]}
    if part["component_instance"]:
        component["instance"] = part["component_instance"]
    if part["evse"]:
        component["evse"] = {"id": int(part["evse"])}
        if part["connector"]:
            component["evse"]["connectorId"] = int(part["connector"])
    item = {"component": component, "variable": {"name": part["variable"]}}
    if part["instance"]:
        item["variable"]["instance"] = part["instance"]
    if part["attribute"]:
        if part["attribute"] not in _ATTRIBUTES:
            raise UsageError(
                f"an attribute is one of {', '.join(_ATTRIBUTES)}, not {part['attribute']!r}"
            )
        item["attributeType"] = part["attribute"]
    return item
