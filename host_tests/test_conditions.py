"""`when=<capability>` in declarations: variables, and members of lists, of what the board has."""

import re
import types

import catalogue_core
import pytest
from conftest import ROOT
from tables import names
from test_device_model import Board, compiler, find, override, write
from test_store import Device

from blocks.port import ANSWERED
from blocks.reports import reports
from device_model import catalogue, outcomes
from device_model.model import DeviceModel
from hal import capabilities, log
from storage.store import Store

# Conditional ones stand first here, and are no first ones in the tables.
DECLARED = """
define kinds Fancy(when=display),Plain,Shared(when=reader),Bright(when=display)

component Lamp level=connector
Lit      boolean     rw  default=false when=display
Kind     MemberList  rw  values=$kinds default=Plain min=1
Mode     OptionList  rw  values=Off(when=lock),On default=On

component Bolt level=connector when=lock
Active   boolean     ro  default=true
Count    integer     rw  default=3 min=0

component Sign
Active   boolean     ro  default=false when=display
Text     string      rw  max=9 default=x

component Meter
Signs    boolean     rw  default=true when=signing_meter attributes=Actual,MaxSet
Tariff   string      rw  max=9 default=x
"""
NUMBERS = {k.lower(): v for k, v in vars(capabilities).items() if k.isupper()}


class Equipped(Board):
    """A board of EVSEs with 1 and 2 connectors.

    Args:
        equipment: (capability, evse, connector) of what it has.
    """

    def __init__(self, *equipment, factory=()):
        super().__init__(*factory)
        self.equipment = {(NUMBERS[name], *place) for name, *place in equipment}

    def has(self, capability, evse, connector):
        assert capability in NUMBERS.values() and 0 <= evse <= 2 and 0 <= connector <= 2
        return (capability, evse, connector) in self.equipment


@pytest.fixture
def declared(monkeypatch):
    """DECLARED stands in the ROM."""
    _, strings, heads, records = compiler.tables(compiler.parse(DECLARED))
    monkeypatch.setattr(catalogue_core, "tables", (strings, heads, records))


@pytest.fixture
def lines(monkeypatch):
    found = []
    monkeypatch.setattr(log, "sink", lambda level, text: found.append((level, text)))
    return found


def model(*equipment, factory=(), device=None):
    return DeviceModel(Equipped(*equipment, factory=factory), Store(device or Device()))


LIT = "Lamp.Lit"
KIND = "Lamp.Kind"
SIGNS = "Meter.Signs"
DISPLAY = ("display", 1, 1)


def members(dm, path, evse, connector):
    variable, *place = catalogue.split(find(dm, path, evse, connector))
    return dm.values(variable, *place)


# ---- at the place where the board has it, and nowhere else


def test_a_variable_is_where_the_board_has_what_it_is_for(declared):
    dm = model(("display", 2, 1))
    assert dm.read(find(dm, LIT, 2, 1), None) == (outcomes.DONE, b"false")
    for place in ((1, 1), (2, 2)):
        handle = find(dm, LIT, *place)
        assert handle == -2
        assert dm.read(handle, None) == (outcomes.NO_VARIABLE, None)
        assert write(dm, handle, None, b"true") == outcomes.NO_VARIABLE
    assert find(dm, KIND, 1, 1) >= 0
    assert find(dm, SIGNS) == -2 and find(dm, "Meter.Tariff") >= 0
    assert find(model(("signing_meter", 0, 0)), SIGNS) >= 0


def test_a_component_without_any_variable_is_none(declared):
    # B06.FR.06 and B05.FR.04: UnknownComponent
    dm = model(("lock", 2, 2))
    assert dm.read(find(dm, "Bolt.Count", 2, 2), None) == (outcomes.DONE, b"3")
    assert find(dm, "Bolt.Nope", 2, 2) == -2
    for path in ("Bolt.Active", "Bolt.Count", "Bolt.Nope"):
        handle = find(dm, path, 2, 1)
        assert handle == -1
        assert write(dm, handle, None, b"1") == outcomes.NO_COMPONENT


def test_attributes_of_a_conditional_variable(declared):
    dm = model(("signing_meter", 0, 0))
    handle = find(dm, SIGNS)
    assert dm.read(handle, names.MAX_SET) == (outcomes.DONE, b"")
    assert dm.read(handle, names.TARGET) == (outcomes.NO_ATTRIBUTE, None)
    plain = find(dm, "Meter.Tariff")
    assert dm.read(plain, names.MAX_SET) == (outcomes.NO_ATTRIBUTE, None)


@pytest.mark.parametrize(
    ("equipment", "told"),
    [
        ([], b"Plain"),
        ([DISPLAY], b"Plain,Fancy,Bright"),
        ([("reader", 1, 1)], b"Plain,Shared"),
        ([DISPLAY, ("reader", 1, 1)], b"Plain,Fancy,Bright,Shared"),
        ([("display", 2, 1), ("display", 1, 0), ("lock", 1, 1)], b"Plain"),
    ],
)
def test_members_of_a_list(declared, equipment, told):
    # B05.FR.07: what is not told is refused
    dm = model(*equipment)
    assert members(dm, KIND, 1, 1) == told
    handle = find(dm, KIND, 1, 1)
    for name in (b"Plain", b"Fancy", b"Bright", b"Shared"):
        right = outcomes.DONE if name in told.split(b",") else outcomes.INVALID
        assert write(dm, handle, None, name) == right, name
        assert write(dm, handle, None, name + b",Plain") == (
            right if name != b"Plain" else outcomes.INVALID
        )
    assert write(dm, handle, None, told) == outcomes.DONE
    assert write(dm, handle, None, b"\1") == outcomes.INVALID


def test_an_option_that_is_not_there(declared):
    mode = "Lamp.Mode"
    dm = model(("lock", 1, 1))
    assert write(dm, find(dm, mode, 1, 1), None, b"Off") == outcomes.DONE
    assert write(dm, find(dm, mode, 2, 1), None, b"Off") == outcomes.INVALID
    assert dm.read(find(dm, mode, 2, 1), None) == (outcomes.DONE, b"On")


def test_no_other_variable_has_members(declared):
    dm = model(DISPLAY, ("lock", 1, 1))
    assert members(dm, LIT, 1, 1) is None
    assert members(dm, "Bolt.Count", 1, 1) is None
    assert members(dm, "Meter.Tariff", None, None) is None


def test_what_comes_later_is_there_from_then_on(declared):
    # a meter that signs for the first time
    dm = model()
    assert find(dm, SIGNS) == -2
    dm._board.equipment.add((NUMBERS["signing_meter"], 0, 0))
    assert write(dm, find(dm, SIGNS), None, b"false") == outcomes.DONE


def test_the_firmware_reads_the_default_of_what_is_not_there(declared):
    dm = model()
    variable = find(model(("signing_meter", 0, 0)), SIGNS) & 0xFFFF
    assert dm.flag(variable)


# ---- reports


class Request:
    """GetReport or GetBaseReport, as the reader gives it."""

    def __init__(self, base=None, criteria=()):
        self.base = base
        self.criteria = criteria

    def unpack(self):
        return 1, self.base

    def each(self, array):
        return self.criteria

    def count(self, array):
        return 0


def reported(dm, monkeypatch, **request):
    """{(component, EVSE, connector, variable): valuesList} of a report."""
    monkeypatch.setattr(reports, "check_size", lambda *args: None)
    dm._board.clock = types.SimpleNamespace(utc=lambda: 1)
    block = reports.Reports(dm._board, dm)
    block.link = types.SimpleNamespace(wake=lambda: None)
    action = names.GET_BASE_REPORT if "base" in request else names.GET_REPORT
    assert block.handle(action, Request(**request)) == (names.ACCEPTED,)
    found = {}
    while (item := block.take(True)) is not None:
        for record in item[1][4]:
            found[record[0].decode(), record[2], record[3], record[4].decode()] = record[13]
        block.answered(ANSWERED, None)
    return found


def test_b07_fr_08_a_report_tells_what_is_there(declared, monkeypatch):
    dm = model(("display", 2, 1), ("lock", 2, 2), ("signing_meter", 0, 0))
    found = reported(dm, monkeypatch, base=names.FULL_INVENTORY)
    places = ((1, 1), (2, 1), (2, 2))
    lamp = {("Lamp", *p, "Mode"): b"On" for p in places}
    lamp.update({("Lamp", *p, "Kind"): b"Plain" for p in places})
    lamp["Lamp", 2, 1, "Kind"] = b"Plain,Fancy,Bright"
    lamp["Lamp", 2, 2, "Mode"] = b"On,Off"
    lamp["Lamp", 2, 1, "Lit"] = None
    station = [("Sign", "Text"), ("Meter", "Signs"), ("Meter", "Tariff")]
    assert found == {
        **lamp,
        **{("Bolt", 2, 2, name): None for name in ("Active", "Count")},
        **{(component, None, None, name): None for component, name in station},
    }


def test_b08_fr_07_a_component_whose_active_is_not_there(declared, monkeypatch):
    # it is told as one that has no such variable; one that has it, and is not active, is not
    without = reported(model(), monkeypatch, criteria=[names.ACTIVE])
    assert ("Sign", None, None, "Text") in without
    fitted = reported(model(("display", 0, 0)), monkeypatch, criteria=[names.ACTIVE])
    assert ("Sign", None, None, "Text") not in fitted
    assert ("Meter", None, None, "Tariff") in fitted


# ---- values of another board


def test_kept_values_of_what_is_no_longer_there(declared, lines):
    device = Device()
    dm = model(DISPLAY, ("reader", 1, 1), device=device)
    assert write(dm, find(dm, LIT, 1, 1), None, b"true") == outcomes.DONE
    assert write(dm, find(dm, KIND, 1, 1), None, b"Plain,Fancy,Shared") == outcomes.DONE
    assert write(dm, find(dm, KIND, 2, 1), None, b"Plain") == outcomes.DONE
    same = model(DISPLAY, ("reader", 1, 1), device=device)
    assert same.read(find(same, KIND, 1, 1), None)[1] == b"Plain,Fancy,Shared"
    del lines[:]
    other = model(("reader", 1, 1), device=device)
    assert other.read(find(other, KIND, 1, 1), None) == (outcomes.DONE, b"Plain")
    assert find(other, LIT, 1, 1) == -2
    warnings = [text for level, text in lines if level == log.WARNING]
    assert len(warnings) == 2
    assert any("stored Lamp.Lit is no longer known" in text for text in warnings)
    assert any("not a legal value of Lamp.Kind" in text for text in warnings)
    # What is still there has been kept.
    assert other._set.find(find(other, KIND, 2, 1), 0) >= 0


def test_factory_values_of_what_is_not_there(declared, lines):
    factory = [
        override(b"Meter", b"Signs", b"false"),
        override(b"Bolt", b"Count", b"9", evse=1, connector=1),
        override(b"Bolt", b"Count", b"9", evse=2, connector=1),
        override(b"Lamp", b"Kind", b"Fancy", evse=1, connector=1),
        override(b"Lamp", b"Kind", b"Fancy", evse=2, connector=1),
    ]
    store = Store(Device())
    del lines[:]
    dm = DeviceModel(Equipped(("lock", 2, 1), ("display", 2, 1), factory=factory), store)
    assert dm.read(find(dm, "Bolt.Count", 2, 1), None) == (outcomes.DONE, b"9")
    assert dm.read(find(dm, KIND, 2, 1), None) == (outcomes.DONE, b"Fancy")
    assert dm.read(find(dm, KIND, 1, 1), None) == (outcomes.DONE, b"Plain")
    assert sorted(text for level, text in lines) == [
        "override ignored: not a legal value of Lamp.Kind",
        "override ignored: this station has no Bolt.Count",
        "override ignored: this station has no Meter.Signs",
    ]


def test_what_the_firmware_sets(declared):
    dm = model(("display", 2, 1))
    kind = find(dm, KIND, 1, 1) & 0xFFFF
    assert dm.set(kind, b"Fancy", 1, 1) == names.REJECTED
    assert dm.set(kind, b"Fancy", 2, 1) == names.ACCEPTED


# ---- the tables


def test_without_conditions_nothing_is_added():
    plain = """component A when={}
X  boolean  rw  default=true
L  OptionList  rw  values=a,b{} default=a
"""
    sizes = {}
    for name, *words in (("none", "", ""), ("both", "lock", "(when=lock)")):
        text = plain.format(*words).replace(" when=\n", "\n")
        _, strings, heads, records = compiler.tables(compiler.parse(text))
        sizes[name] = len(records), len(heads), len(strings)
    # length, name, kind, fields, default; and of a list its values
    assert sizes["none"][0] == 1 + (5 + 2) + (5 + 2 + 2)
    assert sizes["both"][0] == sizes["none"][0] + 2 + 2 + 2
    assert sizes["both"][1] == sizes["none"][1]


def test_a_component_without_variables_takes_no_room():
    text = "component A\nX integer rw\ncomponent B\n"
    assert len(compiler.tables(compiler.parse(text))[2]) == 7


def test_what_is_live_is_told_of_the_variable_that_is(tmp_path):
    """Conditional ones change places in the tables; tools/blocks/joins.py reads what is live."""
    text = """component A
X  boolean  ro  live when=lock
Y  boolean  rw  default=true
"""
    compiler.write(tmp_path, compiler.parse(text))
    said = (tmp_path / "variables.py").read_text().split("\n")
    marks = {line.split(" = ")[0]: line.partition("  # ")[2] for line in said if " = " in line}
    assert marks["A_X"].startswith("live") and marks["A_Y"] == ""


def test_numbers_of_capabilities_are_those_of_the_simulated_charger():
    header = (ROOT / "boards/simulated/sim.h").read_text()
    (listed,) = re.findall(r"enum \{\s*(CAPABILITY_[^}]*)\}", header)
    in_c = [name.split("=")[0].strip() for name in listed.split(",") if name.strip()]
    assert in_c == [f"CAPABILITY_{name.upper()}" for name in sorted(NUMBERS, key=NUMBERS.get)]
    assert sorted(NUMBERS.values()) == list(range(1, len(NUMBERS) + 1))


def test_every_capability_is_described():
    text = (ROOT / "firmware/hal/README.md").read_text()
    for name in NUMBERS:
        assert f"\n| {name.upper()} | {name} | " in text


# ---- mistakes

KNOWN = ", ".join(sorted(NUMBERS))


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        (
            "component A\nX integer rw when=signing_metre",
            2,
            f"when=signing_metre: no such capability; a board may have {KNOWN}",
        ),
        ("component A when=LOCK\nX integer rw", 1, "when=LOCK: no such capability; a board may"),
        ("component A\nX integer rw when=", 2, "when=: no such capability"),
        ("component A when=\nX integer rw", 1, "when=: no such capability"),
        ("component A\nX integer rw when", 2, "unknown or repeated when"),
        ("component A\nX integer rw when=lock when=rcd", 2, "unknown or repeated when=rcd"),
        (
            "component A when=lock\nX integer rw when=rcd",
            2,
            "its component is there when=lock only; leave one out",
        ),
        ("define x a,b(when=lok)", 1, f"when=lok: no such capability; a board may have {KNOWN}"),
        ("define x a,b when=lock", 1, "expected define NAME VALUES"),
        (
            "component A\nX OptionList rw values=a,b(when=lok)",
            2,
            "when=lok: no such capability",
        ),
        (
            "component A\nX OptionList rw values=a,b(wen=lock)",
            2,
            "b(wen=lock): a condition is NAME(when=CAPABILITY)",
        ),
        ("component A\nX OptionList rw values=a,(when=lock)", 2, "none is empty"),
        ("component A\nX OptionList rw values=a,a(when=lock)", 2, "members are there once"),
        (
            "component A\nX OptionList rw values=a(when=rcd),b(when=lock)",
            2,
            "values: one member is always there",
        ),
        (
            "component A\nX MemberList rw values=a,b(when=lock) default=a,b",
            2,
            "default: b is not always there; leave it out",
        ),
        ("component A\nX MemberList rw values=a,b default=a(when=lock)", 2, "default is not"),
        ("component A\nX MemberList rw values=a,b max=1", 2, "max: a list has no most"),
        (
            "component A\nX integer rw when=lock\nY integer rw when=rcd",
            3,
            "all variables of A have conditions, and not the same; "
            "give it one that is always there, as Available",
        ),
    ],
)
def test_a_mistake_is_told_with_its_line(text, line, why):
    with pytest.raises(compiler.DeclarationError) as caught:
        compiler.tables(compiler.parse(text, "some/block.txt"))
    told = str(caught.value)
    assert told.startswith(f"some/block.txt:{line}: ")
    assert why in told


def test_a_word_in_brackets_is_no_condition():
    (component,) = compiler.parse('component A\nX OptionList rw values="Off (night),On"')
    assert component.variables[0].members == {"Off (night)": None, "On": None}


def test_when_of_a_component_holds_for_what_follows_it():
    text = "component A when=lock\nX integer rw\ncomponent A\nY integer rw"
    (component,) = compiler.parse(text)
    assert [(v.name, v.when) for v in component.variables] == [("X", "lock"), ("Y", None)]


# ---- a maker's extension


def merged(text):
    ours = "component A\nX boolean rw default=false when=lock\n"
    ours += "L MemberList rw values=a,b(when=lock),c\n"
    components = compiler.merge(compiler.parse(ours), compiler.parse(text, "extension.py"))
    return {variable.name: variable for variable in components[0].variables}


def test_conditions_of_the_firmware_stay_when_a_maker_declares_anew():
    found = merged("component A\nX boolean ro default=true\nL MemberList rw values=a,b,d")
    assert found["X"].when == "lock"
    assert found["L"].members == {"a": None, "b": "lock", "d": None}
    found = merged("component A when=rcd\nX boolean rw\nL MemberList rw values=a,b(when=rcd)")
    assert (found["X"].when, found["L"].members["b"]) == ("rcd", "rcd")


def test_a_default_that_needs_what_the_firmware_makes_conditional():
    with pytest.raises(compiler.DeclarationError) as caught:
        merged("component A\n\nL MemberList rw values=a,b default=b")
    assert str(caught.value) == "extension.py:3: default: b is not always there; leave it out"
