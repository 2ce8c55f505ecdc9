"""The ROM tables: what components and variables there are (README.md: the format).

A variable is its offset in RECORDS, a component its offset in COMPONENTS, a text its offset in
STRINGS. The tables are in C, and so is what looks into them (native/catalogue); IndexError: there
is no such thing.

    string(ref)                    text at this offset
    find(name)                     offset of a text, whatever its case; -1: no such text there
    kind(variable)                 data type (TYPE_..., low 3 bits), mutability (2 bits), FLAG_...
    text(variable, field)          an optional field as bytes, or None
    attributes(variable)           bit mask of the attributes: 1 Actual, 2 Target, 4 MinSet,
                                   8 MaxSet; from bit 8 on the capability that the board needs for
                                   the variable, 0: none
    name(variable), ref(variable)  its name; where that is in STRINGS
    instance_ref(variable)         ... of its instance, 0: it has none
    component_of(variable)         its component
    component_ref(component)       offset of a component's name in STRINGS; with a second argument
                                   of its instance, 0 for none
    first(component)               its first variable
    following(handle, connectors)  a component after the other, with all its variables at each
                                   place where it is: what follows a handle; behind 0 the first;
                                   0: that was the last. connectors: of each EVSE
    find_component(name, instance, level), find_variable(component, name, instance)
                                   ... or -1. Names are bytes, compared without regard to case;
                                   instance b"": none (B06.FR.14, B06.FR.15)

Texts are bytes whose text stays in ROM: 16 bytes of heap each.
"""

from catalogue_core import (  # noqa: F401 for those who import this module
    attributes,
    component_of,
    component_ref,
    find,
    find_component,
    find_variable,
    first,
    following,
    instance_ref,
    kind,
    name,
    ref,
    string,
    text,
)
from micropython import const
from tables.names import ACTUAL, MAX_SET, MIN_SET, READ_ONLY, READ_WRITE, TARGET, WRITE_ONLY
from tables.variable_format import FIELD_FROM, FIELD_INSTANCE

_POINT = const(46)

# Name ids by the number of an attribute, and of a mutability (tables.variable_format)
ATTRIBUTES = (ACTUAL, TARGET, MIN_SET, MAX_SET)
MUTABILITIES = (READ_ONLY, READ_WRITE, WRITE_ONLY)


def of_board(variable):
    """Whether its factory value is an attribute of the board."""
    return (text(variable, FIELD_FROM) or b"x")[0] == _POINT


def number(names, name):
    """Place of a name id in ATTRIBUTES or MUTABILITIES, or -1."""
    return names.index(name) if name in names else -1


def split(handle):
    """(variable, EVSE, connector) of a handle (DeviceModel.locate)."""
    return handle & 0xFFFF, handle >> 16 & 0x7F, handle >> 23


def contains(members, member):
    """Whether the comma separated list `members` has `member`."""
    at = members.find(member)
    while at >= 0:
        end = at + len(member)
        if (at == 0 or members[at - 1] == 44) and (end == len(members) or members[end] == 44):
            return True
        at = members.find(member, end)
    return False


def title(variable):
    """Component.Variable[Instance], for the log."""
    instance = text(variable, FIELD_INSTANCE)
    return b"%s.%s%s" % (
        string(component_ref(component_of(variable))),
        name(variable),
        b"[%s]" % instance if instance else b"",
    )
