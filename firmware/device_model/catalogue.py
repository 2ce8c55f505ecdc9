"""The ROM tables: what components and variables there are (README.md: the format).

A variable is its offset in RECORDS, a text its offset in STRINGS. Nothing here costs heap but the
slices that are returned.
"""

from micropython import const
from tables.device_model import COMPONENTS, RECORDS, STRINGS
from tables.names import ACTUAL, MAX_SET, MIN_SET, READ_ONLY, READ_WRITE, TARGET, WRITE_ONLY
from tables.variable_format import FIELD_ATTRIBUTES, FIELD_FROM, FIELD_INSTANCE

_COMPONENT = const(7)
_KIND = const(3)
_FIELDS = const(5)
_POINT = const(46)
END = len(COMPONENTS)

# Name ids by the number of an attribute, and of a mutability (tables.variable_format)
ATTRIBUTES = (ACTUAL, TARGET, MIN_SET, MAX_SET)
MUTABILITIES = (READ_ONLY, READ_WRITE, WRITE_ONLY)


def string(ref):
    """Text at offset `ref`."""
    size = STRINGS[ref]
    ref += 1
    if size & 0x80:
        size = (size & 0x7F) << 8 | STRINGS[ref]
        ref += 1
    return STRINGS[ref : ref + size]


def find(name):
    """Offset of a text in STRINGS, whatever its case; -1: no such text there."""
    size = len(name)
    if size < 0x80:
        at = STRINGS.find(bytes((size,)) + name)  # mostly it is spelt as the standard has it
        if at >= 0:
            return at
        name = name.lower()
        at = 0
        while at < len(STRINGS):
            here = STRINGS[at]
            if here == size and string(at).lower() == name:
                return at
            at += (here + 1) if here < 0x80 else (((here & 0x7F) << 8 | STRINGS[at + 1]) + 2)
    return -1


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


def of_board(variable):
    """Whether its factory value is an attribute of the board."""
    return (text(variable, FIELD_FROM) or b"x")[0] == _POINT


def number(names, name):
    """Place of a name id in ATTRIBUTES or MUTABILITIES, or -1."""
    return names.index(name) if name in names else -1


def attributes(variable):
    """Bit mask of the attributes: 1 Actual, 2 Target, 4 MinSet, 8 MaxSet; from bit 8 on the
    capability that the board needs for the variable, 0: none.
    """
    if RECORDS[variable + 4] & FIELD_ATTRIBUTES:
        return _field(variable, FIELD_ATTRIBUTES)
    return 1


def split(handle):
    """(variable, EVSE, connector) of a handle (DeviceModel.locate)."""
    return handle & 0xFFFF, handle >> 16 & 0x7F, handle >> 23


def ref(variable):
    """Offset of a variable's name in STRINGS."""
    return _ref(RECORDS, variable + 1)


def instance_ref(variable):
    """... of its instance, 0: it has none."""
    return max(_field(variable, FIELD_INSTANCE), 0)


def name(variable):
    return string(ref(variable))


def after(variable):
    """The variable that follows in RECORDS."""
    return variable + RECORDS[variable]


def component_ref(component, field=0):
    """Offset of a component's name in STRINGS; field 2: of its instance, 0 for none."""
    return _ref(COMPONENTS, component + field)


def level(component):
    """LEVEL_...: at which places the component is."""
    return COMPONENTS[component + 4]


def next_component(component):
    return component + _COMPONENT


def named(component, name_ref):
    """Variable of a component, without instance, by the place of its name in STRINGS; or -1."""
    variable = first(component)
    while variable < end(component):
        if ref(variable) == name_ref and not instance_ref(variable):
            return variable
        variable = after(variable)
    return -1


def component_of(variable):
    """The component's offset in COMPONENTS."""
    low = 0
    high = END // _COMPONENT
    while high - low > 1:
        middle = (low + high) >> 1
        at = middle * _COMPONENT + 5
        if COMPONENTS[at] | COMPONENTS[at + 1] << 8 <= variable:  # first(), without the calls
            low = middle
        else:
            high = middle
    return low * _COMPONENT


def first(component):
    """The first variable of a component; of END, where RECORDS ends."""
    return _ref(COMPONENTS, component + 5) if component < END else len(RECORDS)


def end(component):
    """Where the variables of a component end."""
    return first(component + _COMPONENT)


def find_component(name, instance, at_level):
    """Offset in COMPONENTS, or -1. `instance`: bytes, b"" for none."""
    size = len(name)
    for component in range(0, len(COMPONENTS), _COMPONENT):
        # A call costs more than all of this: only what may be it is looked at closely.
        if (
            COMPONENTS[component + 4] == at_level
            and STRINGS[COMPONENTS[component] | COMPONENTS[component + 1] << 8] == size
            and _same(_ref(COMPONENTS, component), name)
            and _same(_ref(COMPONENTS, component + 2), instance)
        ):
            return component
    return -1


def find_variable(component, name, instance):
    """Variable of a component, or -1. `instance`: bytes, b"" for none (B06.FR.14, B06.FR.15)."""
    size = len(name)
    variable = first(component)
    stop = end(component)
    while variable < stop:
        if (
            STRINGS[RECORDS[variable + 1] | RECORDS[variable + 2] << 8] == size
            and _same(ref(variable), name)
            and _same(instance_ref(variable), instance)
        ):
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
        string(component_ref(component_of(variable))),
        name(variable),
        b"[%s]" % instance if instance else b"",
    )
