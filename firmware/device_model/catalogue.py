"""The ROM tables: what components and variables there are (README.md: the format).

A variable is its offset in RECORDS, a text its offset in STRINGS. Nothing here costs heap but the
slices that are returned.
"""

from micropython import const
from tables.device_model import COMPONENTS, RECORDS, STRINGS
from tables.variable_format import FIELD_ATTRIBUTES, FIELD_INSTANCE

_COMPONENT = const(7)
_KIND = const(3)
_FIELDS = const(5)


def string(ref):
    """Text at offset `ref`."""
    size = STRINGS[ref]
    ref += 1
    if size & 0x80:
        size = (size & 0x7F) << 8 | STRINGS[ref]
        ref += 1
    return STRINGS[ref : ref + size]


def _same(ref, name):
    """Whether the text is `name`; an identifierString is compared without regard to case."""
    return STRINGS[ref] == len(name) and string(ref).lower() == name.lower()


def _ref(table, at):
    return table[at] | table[at + 1] << 8


def kind(variable):
    """Data type (TYPE_..., low 3 bits), mutability (2 bits), FLAG_..."""
    return RECORDS[variable + _KIND]


def _field(variable, field):
    """The 16 bits of an optional field, or -1."""
    present = RECORDS[variable + 4]
    if not present & field:
        return -1
    at = variable + _FIELDS
    bit = 1
    while bit != field:
        if present & bit:
            at += 2
        bit <<= 1
    return _ref(RECORDS, at)


def text(variable, field):
    """An optional field as bytes, or None."""
    ref = _field(variable, field)
    return None if ref < 0 else string(ref)


def attributes(variable):
    """Bit mask of the attributes: 1 Actual, 2 Target, 4 MinSet, 8 MaxSet."""
    mask = _field(variable, FIELD_ATTRIBUTES)
    return 1 if mask < 0 else mask


def name(variable):
    return string(_ref(RECORDS, variable + 1))


def component_of(variable):
    """The component's offset in COMPONENTS."""
    component = 0
    while _end(component) <= variable:
        component += _COMPONENT
    return component


def component_name(component, instance=False):
    """Name of a component, or its instance, b"" for none."""
    return string(_ref(COMPONENTS, component + (2 if instance else 0)))


def _end(component):
    """Where the variables of a component end."""
    component += _COMPONENT
    return _ref(COMPONENTS, component + 5) if component < len(COMPONENTS) else len(RECORDS)


def find_component(name, instance, at_level):
    """Offset in COMPONENTS, or -1. `instance`: bytes, b"" for none."""
    for component in range(0, len(COMPONENTS), _COMPONENT):
        if (
            COMPONENTS[component + 4] == at_level
            and _same(_ref(COMPONENTS, component), name)
            and _same(_ref(COMPONENTS, component + 2), instance)
        ):
            return component
    return -1


def find_variable(component, name, instance):
    """Variable of a component, or -1. `instance`: bytes, b"" for none (B06.FR.14, B06.FR.15)."""
    variable = _ref(COMPONENTS, component + 5)
    end = _end(component)
    while variable < end:
        if _same(_ref(RECORDS, variable + 1), name):
            ref = _field(variable, FIELD_INSTANCE)
            if _same(ref if ref > 0 else 0, instance):
                return variable
        variable += RECORDS[variable]
    return -1


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
        component_name(component_of(variable)),
        name(variable),
        b"[%s]" % instance if instance else b"",
    )
