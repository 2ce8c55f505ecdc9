"""device_model/ and its compiler: tables, tiers, checks, persistence."""

import collections
import importlib.util
from datetime import UTC
from pathlib import Path

import pytest
from fakes import Partners
from hypothesis import given
from hypothesis import strategies as st
from tables import names, variables
from test_store import Device

from device_model import catalogue, check, model, outcomes, values
from hal import log
from hal.errors import StorageError
from storage.store import Store
from wire.names import name_id

ROOT = Path(__file__).parent.parent
_spec = importlib.util.spec_from_file_location(
    "device_model_compiler", ROOT / "tools/device_model/compile.py"
)
compiler = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(compiler)
ROOMS = list(ROOT.glob("firmware/*/variables.txt"))
COMPONENTS = compiler.read(ROOMS, ROOT / "firmware/blocks")
EVERY = [(c, v) for c in COMPONENTS for v in c.variables]
model.DeviceModel.partners = Partners()  # nobody is there


class Board:
    connectors = (1, 2)
    model = b"M1"
    vendor_name = b"Maker"
    serial_number = b"S1"
    phases = 3
    firmware_version = b"0.1"

    def __init__(self, *factory, **options):
        self.factory = factory
        self.options = options

    def option(self, name):
        return self.options.get(name)

    def overrides(self):
        return iter(self.factory)

    def has(self, capability, evse, connector):
        return True


def override(component, variable, value, **more):
    return (
        component,
        None,
        more.get("evse"),
        more.get("connector"),
        variable,
        more.get("instance"),
        more.get("attribute"),
        value,
        more.get("mutability"),
    )


@pytest.fixture
def lines(monkeypatch):
    found = []
    monkeypatch.setattr(log, "sink", lambda level, text: found.append((level, text)))
    return found


@pytest.fixture
def device():
    return Device()


@pytest.fixture
def dm(device):
    return model.DeviceModel(Board(password=b"x" * 16, id=b"CS001"), Store(device))


def find(dm, path, evse=None, connector=None):
    component, _, variable = path.partition(".")
    variable, _, instance = variable.rstrip(")").partition("(")
    return dm.locate(
        component.encode(), None, evse, connector, variable.encode(), instance.encode() or None
    )


def finish(steps):
    """What a generator returns."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def write(dm, handle, attribute, value):
    """Name of the outcome, as the block for SetVariables does it."""
    result = dm.judge(handle, attribute, value)
    dm.begin()
    staged = result > outcomes.REBOOT or dm.stage(handle, attribute, value)
    if not finish(dm.commit()) or not staged:
        result = outcomes.NOT_KEPT
    if result <= outcomes.REBOOT:
        dm.notify(handle)
    return result


PLACES = {"station": (None, None), "evse": (2, None), "connector": (2, 1)}


def split_place(component):
    return [number or 0 for number in PLACES[component.level]]


def path_of(component, variable):
    return f"{component.name}.{variable.name}" + (
        f"({variable.instance})" if variable.instance else ""
    )


@pytest.mark.parametrize(("component", "variable"), EVERY, ids=lambda x: x.name)
def test_every_declared_variable_is_in_the_tables(dm, component, variable):
    place = PLACES[component.level]
    handle = find(dm, path_of(component, variable), *place)
    name = compiler.constant(component, variable)
    of_level = getattr(variables, f"{name}_{component.level.upper()}", None)
    assert handle & 0xFFFF == (of_level or getattr(variables, name))
    assert find(dm, path_of(component, variable).upper().replace("(", "("), *place) == handle
    var = handle & 0xFFFF
    assert catalogue.name(var) == variable.name.encode()
    place = catalogue.component_of(var)
    assert catalogue.string(catalogue.component_ref(place)) == component.name.encode()
    kind = compiler.TYPES.index(variable.type) | compiler.ACCESS.index(variable.access) << 3
    assert catalogue.kind(var) & 0x1F == kind
    fields = compiler.texts(variable)
    for bit, key in enumerate(compiler.FIELDS[:-1]):
        text = fields.get(key)
        assert catalogue.text(var, 1 << bit) == (None if text is None else text.encode())
    if variable.fields.get("default"):
        value = variable.fields["default"].encode()
        assert check.check(var, value, dm.values(var, *split_place(component))) == outcomes.DONE
    for other, wrong in PLACES.items():
        if other != component.level:
            assert find(dm, path_of(component, variable), *wrong) != handle


def test_places_that_do_not_exist(dm):
    assert find(dm, "EVSE.Power", 3) == -1
    assert find(dm, "EVSE.Power", 0) == -1
    assert find(dm, "EVSE.Power") == -1
    assert find(dm, "Connector.Available", 1, 2) == -1
    assert find(dm, "Connector.Available", 2, 2) > 0
    assert find(dm, "Nope.Power") == -1
    assert find(dm, "EVSE.Nope", 1) == -2


def test_b06_fr_14_15_instances(dm):
    assert find(dm, "DeviceDataCtrlr.ItemsPerMessage") == -2
    assert find(dm, "DeviceDataCtrlr.ItemsPerMessage(Nope)") == -2
    assert find(dm, "DeviceDataCtrlr.ItemsPerMessage(GetReport)") > 0
    assert find(dm, "AuthCtrlr.Enabled(1)") == -2


@pytest.mark.parametrize(
    "text",
    [
        "Interval integer rw",
        "component A\nX integer xx",
        "component A level=moon",
        "component A\nX integer rw default=x",
        "component A\nX integer rw default=5 max=4",
        "component A\nX string rw",
        "component A\nX MemberList rw default=a",
        "component A\nX OptionList rw values=a,b default=a,b",
        "component A\nX boolean rw default=yes",
        "component A\nX integer rw colour=red",
        "component A\nX integer rw values=1,2",
        "component A\nX integer rw min=low",
        "component A\nX integer rw attributes=Best",
    ],
)
def test_a_wrong_declaration_is_refused_with_its_line(text):
    with pytest.raises(compiler.DeclarationError, match="variables:[12]:"):
        compiler.parse(text)


def test_a_variable_declared_twice_is_refused():
    with pytest.raises(compiler.DeclarationError, match="twice"):
        compiler.tables(compiler.parse("component A\nX integer rw\nX integer rw"))


def files(folder, table, **blocks):
    """Components of a variables.txt and of blocks with these [variables]."""
    (folder / "blocks").mkdir()
    (folder / "variables.txt").write_text(table)
    for name, text in blocks.items():
        (folder / "blocks" / name).mkdir()
        (folder / "blocks" / name / "block.txt").write_text("[messages]\n[variables]\n" + text)
    return compiler.read([folder / "variables.txt"], folder / "blocks")


def names_of(components):
    return {(c.name, c.level): [v.name for v in c.variables] for c in components}


def test_a_component_may_be_spread_over_blocks(tmp_path):
    found = files(
        tmp_path,
        "component B\nB1 integer rw\ncomponent A level=evse\nA1 integer rw",
        z="component C\nC1 integer rw\ncomponent A level=evse\nA3 integer rw",
        y="component A level=evse\nA2 integer rw\ncomponent A\nA1 integer rw",
    )
    assert list(names_of(found).items()) == [
        (("B", "station"), ["B1"]),
        (("A", "evse"), ["A1", "A2", "A3"]),
        (("A", "station"), ["A1"]),
        (("C", "station"), ["C1"]),
    ]
    _, _, heads, _ = compiler.tables(found)
    assert len(heads) == 4 * 7
    again = compiler.parse("component A\nX integer rw\ncomponent B\ncomponent A\nY integer rw")
    assert names_of(again) == {("A", "station"): ["X", "Y"], ("B", "station"): []}


def test_a_define_of_the_table_is_there_for_all_blocks(tmp_path):
    use = "component A\n%s OptionList rw values=$%s"
    found = files(
        tmp_path,
        "define all a,b",
        x="define own c,d\n" + use % ("X", "own"),
        y=use % ("Y", "all") + "\ndefine own e\n" + use % ("Z", "own"),
    )
    values = [v.fields["values"] for v in found[0].variables]
    assert values == ["c,d", "a,b", "e"]


@pytest.mark.parametrize(
    ("table", "blocks", "where", "why"),
    [
        ("\n\ncomponent", {}, "variables.txt:3", "is no name"),
        (
            "",
            {"a": "# x\n\ncomponent A\nX integer xx"},
            "blocks/a/block.txt:6",
            "expected NAME TYPE",
        ),
        ("", {"a": 'component A\nX string rw "'}, "blocks/a/block.txt:4", "No closing quotation"),
        ("component A", {"a": "X integer rw"}, "blocks/a/block.txt:3", "needs a component before"),
        (
            "",
            {"a": "define own x", "b": "component A\nX OptionList rw values=$own"},
            "blocks/b/block.txt:4",
            "$own is not defined",
        ),
        (
            "define all x",
            {"a": "define all y"},
            "blocks/a/block.txt:3",
            "defined twice; it is at {}/variables.txt:1 already",
        ),
        (
            "component A\nX integer rw",
            {"a": "component A\nX integer ro"},
            "blocks/a/block.txt:4",
            "declared twice; it is at {}/variables.txt:2 already",
        ),
        (
            "",
            {"a": "component A\nX(i) integer rw", "b": "component A\n\nX(i) integer rw"},
            "blocks/b/block.txt:5",
            "declared twice; it is at {}/blocks/a/block.txt:4 already",
        ),
    ],
)
def test_a_mistake_is_told_with_its_file_and_line(tmp_path, table, blocks, where, why):
    with pytest.raises(compiler.DeclarationError) as caught:
        files(tmp_path, table, **blocks)
    told = str(caught.value)
    assert told.startswith(f"{tmp_path}/{where}: ")
    assert why.format(tmp_path) in told


def test_two_variables_of_one_constant_are_told_with_both_places(tmp_path):
    found = files(
        tmp_path,
        "",
        a="component A\nB_C integer rw",
        b="component A.B\nC integer rw\ncomponent A:B\nC integer rw",
    )
    with pytest.raises(compiler.DeclarationError) as caught:
        compiler.tables(found)
    path = f"{tmp_path}/blocks/b/block.txt"
    told = f"{path}:6: A_B_C_STATION is the constant of another, at {path}:4; rename one"
    assert str(caught.value) == told


def test_constants_of_one_component_at_two_levels_differ():
    text = "component A\nX integer rw\ncomponent A level=evse\nX integer rw"
    assert list(compiler.tables(compiler.parse(text))[0]) == ["A_X", "A_X_EVSE"]


# ---- values


def test_defaults_are_in_force_and_cost_nothing(dm):
    assert dm.int(variables.TX_CTRLR_EV_CONNECTION_TIME_OUT) == 60
    assert dm.flag(variables.AUTH_CTRLR_ENABLED) is True
    assert dm.text(variables.TX_CTRLR_TX_STOP_POINT) == b"EVConnected,Authorized"
    assert dm.has(variables.TX_CTRLR_TX_STOP_POINT, names.AUTHORIZED)
    assert not dm.has(variables.TX_CTRLR_TX_START_POINT, names.AUTHORIZED)
    assert dm.members(variables.TX_CTRLR_TX_STOP_POINT) == (names.EV_CONNECTED, names.AUTHORIZED)
    assert dm.members(variables.ALIGNED_DATA_CTRLR_TX_ENDED_MEASURANDS) == ()
    assert not dm._set.data and not dm._factory.data


def test_values_of_the_board(dm):
    assert dm.text(variables.CHARGING_STATION_MODEL) == b"M1"
    assert dm.text(variables.SECURITY_CTRLR_IDENTITY) == b"CS001"
    assert dm.int(variables.SECURITY_CTRLR_SECURITY_PROFILE) == 1


def test_an_override_wins_over_rom_and_a_set_value_over_it(device):
    board = Board(
        override(b"txctrlr", b"EVCONNECTIONTIMEOUT", b"10"),
        override(b"EVSE", b"SupplyPhases", b"1", evse=2),
        override(b"ChargingStation", b"Model", b"Other"),
    )
    dm = model.DeviceModel(board, Store(device))
    assert dm.int(variables.TX_CTRLR_EV_CONNECTION_TIME_OUT) == 10
    assert dm.int(variables.EVSE_SUPPLY_PHASES, 1) == 3
    assert dm.int(variables.EVSE_SUPPLY_PHASES, 2) == 1
    assert dm.text(variables.CHARGING_STATION_MODEL) == b"Other"
    assert write(dm, find(dm, "TxCtrlr.EVConnectionTimeOut"), None, b"20") == outcomes.DONE
    again = model.DeviceModel(board, Store(device))
    assert again.int(variables.TX_CTRLR_EV_CONNECTION_TIME_OUT) == 20


def test_an_override_changes_mutability(device):
    board = Board(
        override(b"AuthCtrlr", b"AuthorizeRemoteStart", b"true", mutability=b"ReadOnly"),
        override(b"EVSE", b"AllowReset", None, evse=1, mutability=b"ReadWrite"),
    )
    dm = model.DeviceModel(board, Store(device))
    handle = find(dm, "AuthCtrlr.AuthorizeRemoteStart")
    assert write(dm, handle, None, b"false") == outcomes.READ_ONLY
    assert dm.read(handle, None) == (outcomes.DONE, b"true")
    assert write(dm, find(dm, "EVSE.AllowReset", 1), None, b"true") == outcomes.DONE
    assert write(dm, find(dm, "EVSE.AllowReset", 2), None, b"true") == outcomes.READ_ONLY
    assert dm.flag(variables.EVSE_ALLOW_RESET, 1)


def test_overrides_that_make_no_sense_are_ignored_with_a_line_each(device, lines):
    board = Board(
        override(b"Nope", b"X", b"1"),
        override(b"TxCtrlr", b"Nope", b"1"),
        override(b"EVSE", b"SupplyPhases", b"1", evse=9),
        override(b"TxCtrlr", b"EVConnectionTimeOut", b"soon"),
        override(b"TxCtrlr", b"EVConnectionTimeOut", b"1", attribute=b"MaxSet"),
        override(b"TxCtrlr", b"EVConnectionTimeOut", b"1", attribute=b"Best"),
        override(b"SecurityCtrlr", b"BasicAuthPassword", None, mutability=b"ReadWrite"),
    )
    store = Store(device)
    del lines[:]
    dm = model.DeviceModel(board, store)
    assert [level for level, _ in lines] == [log.WARNING] * 7
    assert not dm._factory.data


def test_an_override_beyond_the_limits_is_clamped(device, lines):
    board = Board(override(b"EVSE", b"SupplyPhases", b"9", evse=1))
    dm = model.DeviceModel(board, Store(device))
    assert dm.int(variables.EVSE_SUPPLY_PHASES, 1) == 3
    assert "clamped" in lines[-1][1]


def test_an_override_of_a_text_of_the_board_is_cut(device, lines):
    board = Board(
        override(b"ChargingStation", b"Model", "ä€".encode() * 11),
        override(b"SecurityCtrlr", b"OrganizationName", b"x" * 65),
    )
    board.vendor_name = "€".encode() * 60  # what the board itself says too
    dm = model.DeviceModel(board, Store(device))
    assert dm.text(variables.CHARGING_STATION_MODEL) == "ä€".encode() * 10
    assert dm.text(variables.CHARGING_STATION_VENDOR_NAME) == "€".encode() * 50
    assert dm.text(variables.SECURITY_CTRLR_ORGANIZATION_NAME) == b"Pilotwire"
    assert ["clamped" in text for _, text in lines[-2:]] == [True, False]


def test_an_override_makes_a_live_variable_no_more_writable_than_it_is(device, lines, monkeypatch):
    # B05.FR.09; attributes that are not live may be set
    for module in (catalogue, model):
        monkeypatch.setattr(module, "attributes", lambda variable: 0b0011)
    items = [
        override(b"EVSE", b"Power", None, evse=1, attribute=attribute, mutability=b"ReadWrite")
        for attribute in (None, b"Target")
    ]
    dm = model.DeviceModel(Board(*items), Store(device))
    handle = find(dm, "EVSE.Power", 1)
    assert dm.judge(handle, None, b"1") == outcomes.READ_ONLY
    assert dm.judge(handle, names.TARGET, b"1") == outcomes.DONE
    assert len([text for _, text in lines if "mutability ReadWrite of EVSE.Power" in text]) == 1


def test_a_live_value_wins(dm):
    dm.live = lambda variable, evse, connector: {
        variables.CLOCK_CTRLR_DATE_TIME: 150000000,
        variables.EVSE_POWER: 7400,
        variables.CONNECTOR_AVAILABILITY_STATE: b"Occupied",
    }.get(variable)
    assert dm.text(variables.CLOCK_CTRLR_DATE_TIME) == b"2024-10-02T02:40:00Z"
    assert dm.text(variables.EVSE_POWER, 1) == b"7400"
    assert dm.text(variables.CONNECTOR_AVAILABILITY_STATE, 1, 1) == b"Occupied"
    assert dm.text(variables.EVSE_AVAILABILITY_STATE, 1) == b"Available"
    assert dm.is_live(find(dm, "ClockCtrlr.DateTime"))
    assert not dm.is_live(find(dm, "AuthCtrlr.Enabled"))


def test_attributes_that_a_variable_does_not_have(dm):
    handle = find(dm, "AuthCtrlr.Enabled")
    missing = outcomes.NO_ATTRIBUTE
    for attribute in (names.TARGET, names.MIN_SET, names.MAX_SET):
        assert dm.read(handle, attribute) == (missing, None)
        assert write(dm, handle, attribute, b"true") == missing
    assert dm.read(handle, names.ACTUAL) == (outcomes.DONE, b"true")


def test_unset_attributes_are_kept_apart(dm, monkeypatch):
    monkeypatch.setattr(model, "attributes", lambda variable: 0b1111)
    handle = find(dm, "OCPPCommCtrlr.HeartbeatInterval")
    assert dm.read(handle, names.MAX_SET) == (outcomes.DONE, b"")  # B06.FR.13
    assert write(dm, handle, names.MAX_SET, b"900") == outcomes.DONE
    assert dm.read(handle, names.MAX_SET) == (outcomes.DONE, b"900")
    assert dm.read(handle, names.ACTUAL) == (outcomes.DONE, b"300")


def test_a00_fr_205_the_password_can_be_set_but_never_read(dm, device, lines):
    handle = find(dm, "SecurityCtrlr.BasicAuthPassword")
    assert dm.text(variables.SECURITY_CTRLR_BASIC_AUTH_PASSWORD) == b"x" * 16
    assert write(dm, handle, None, b"a" * 15) == outcomes.TOO_LOW
    assert write(dm, handle, None, b"a" * 41) == outcomes.TOO_LONG
    assert write(dm, handle, None, b"secret-secret-123") == outcomes.DONE
    assert dm.read(handle, None) == (outcomes.WRITE_ONLY, None)
    assert not any("secret" in text for _, text in lines)
    again = model.DeviceModel(Board(password=b"y" * 16), Store(device))
    assert again.text(variables.SECURITY_CTRLR_BASIC_AUTH_PASSWORD) == b"secret-secret-123"


def test_reboot_required(dm):
    handle = find(dm, "OCPPCommCtrlr.NetworkConfigurationPriority")
    assert write(dm, handle, None, b"1") == outcomes.REBOOT


def test_changes_of_the_csms_are_told(dm):
    told = []
    dm.changed = lambda *args: told.append(args)
    write(dm, find(dm, "AuthCtrlr.Enabled"), None, b"false")
    write(dm, find(dm, "AuthCtrlr.Enabled"), None, b"maybe")
    write(dm, find(dm, "EVSE.Power", 2), None, b"1")
    dm.set(variables.AUTH_CTRLR_ENABLED, b"true")
    assert told == [(variables.AUTH_CTRLR_ENABLED, 0, 0)]


def test_the_firmware_may_set_what_is_read_only(dm, device):
    assert dm.set(variables.CONNECTOR_ENABLED, b"false", 2, 1) == names.ACCEPTED
    assert dm.set(variables.CONNECTOR_ENABLED, b"off", 2, 1) == names.REJECTED
    again = model.DeviceModel(Board(), Store(device))
    assert not again.flag(variables.CONNECTOR_ENABLED, 2, 1)
    assert again.flag(variables.CONNECTOR_ENABLED, 2, 2)


def test_flash_fails(dm, device, lines):
    device.fail = True
    handle = find(dm, "OCPPCommCtrlr.HeartbeatInterval")
    assert write(dm, handle, None, b"77") == outcomes.NOT_KEPT  # B05.FR.09
    assert dm.int(variables.OCPP_COMM_CTRLR_HEARTBEAT_INTERVAL) == 300
    assert dm.set(variables.OCPP_COMM_CTRLR_HEARTBEAT_INTERVAL, b"78") == names.ACCEPTED
    assert dm.int(variables.OCPP_COMM_CTRLR_HEARTBEAT_INTERVAL) == 78
    assert [level for level, _ in lines][-2:] == [log.ERROR] * 2


def test_an_unchanged_value_is_not_written_again(dm, monkeypatch):
    handle = find(dm, "OCPPCommCtrlr.HeartbeatInterval")
    write(dm, handle, None, b"77")

    def broken(*args):
        raise StorageError

    monkeypatch.setattr(dm._store, "write_steps", broken)
    assert write(dm, handle, None, b"77") == outcomes.DONE
    assert dm.set(variables.OCPP_COMM_CTRLR_HEARTBEAT_INTERVAL, b"77") == names.ACCEPTED


def test_changes_are_bounded(dm):
    dm._set.put(variables.SECURITY_CTRLR_ORGANIZATION_NAME, 0, b"x" * 2000)
    handle = find(dm, "TxCtrlr.TxStopPoint")
    value = b"EVConnected,Authorized,PowerPathClosed"
    assert dm.judge(handle, None, value) == outcomes.DONE
    dm.begin()
    assert not dm.stage(handle, None, value)
    assert finish(dm.commit())


def test_damaged_settings_fall_back_to_the_factory(dm, device, lines):
    write(dm, find(dm, "OCPPCommCtrlr.HeartbeatInterval"), None, b"77")
    device.files["variables"] = device.files["variables"][:-1]
    again = model.DeviceModel(Board(), Store(device))
    assert again.int(variables.OCPP_COMM_CTRLR_HEARTBEAT_INTERVAL) == 300
    assert [level for level, _ in lines if level == log.ERROR]
    assert "variables.bad" in device.files


def test_what_the_firmware_sets_beyond_a_limit_is_clamped(dm, device, lines):
    interval = variables.OCPP_COMM_CTRLR_HEARTBEAT_INTERVAL
    for value, kept in ((b"2147483647", 86400), (b"-5", 1), (b"99999", 86400)):
        assert dm.set(interval, value) == names.ACCEPTED
        assert dm.int(interval) == kept
        assert f"HeartbeatInterval clamped to {kept}, not {value.decode()}" in lines[-1][1]
    assert dm.set(interval, b"soon") == names.REJECTED
    assert model.DeviceModel(Board(), Store(device)).int(interval) == 86400


def test_settings_of_a_firmware_without_a_limit_are_clamped(device, lines):
    store = Store(device)
    entry = b"\x07TxCtrlr\0\x13EVConnectionTimeOut\0\0\0\0\x09\x00999999999"
    store.write("variables", entry)
    dm = model.DeviceModel(Board(), store)
    assert dm.int(variables.TX_CTRLR_EV_CONNECTION_TIME_OUT) == 536870
    assert "stored value of TxCtrlr.EVConnectionTimeOut clamped" in lines[-1][1]


def test_settings_of_another_firmware_are_dropped_singly(device, lines):
    store = Store(device)
    entry = b"\x07TxCtrlr\0%s\0\0\0\0%s"
    store.write(
        "variables",
        entry % (b"\x04Gone", b"\x01\x001"),
        entry % (b"\x13EVConnectionTimeOut", b"\x02\x00-5"),
        entry % (b"\x13EVConnectionTimeOut", b"\x02\x0033"),
    )
    del lines[:]
    dm = model.DeviceModel(Board(), store)
    assert dm.int(variables.TX_CTRLR_EV_CONNECTION_TIME_OUT) == 33
    assert len(lines) == 2


# ---- legal values


@pytest.mark.parametrize(
    ("path", "value", "result"),
    [
        ("OCPPCommCtrlr.HeartbeatInterval", b"1", "DONE"),
        ("OCPPCommCtrlr.HeartbeatInterval", b"0", "TOO_LOW"),
        ("OCPPCommCtrlr.HeartbeatInterval", b"-3", "TOO_LOW"),
        ("OCPPCommCtrlr.HeartbeatInterval", b"1.5", "INVALID"),
        ("OCPPCommCtrlr.HeartbeatInterval", b"1e3", "INVALID"),
        ("OCPPCommCtrlr.HeartbeatInterval", b" 1", "INVALID"),
        ("OCPPCommCtrlr.HeartbeatInterval", b"", "INVALID"),
        ("OCPPCommCtrlr.HeartbeatInterval", b"-", "INVALID"),
        ("OCPPCommCtrlr.HeartbeatInterval", b"+1", "INVALID"),
        ("OCPPCommCtrlr.HeartbeatInterval", b"1_0", "INVALID"),
        ("OCPPCommCtrlr.HeartbeatInterval", b"86400", "DONE"),
        ("OCPPCommCtrlr.HeartbeatInterval", b"86401", "TOO_HIGH"),
        ("OCPPCommCtrlr.HeartbeatInterval", b"0000000000000077", "DONE"),
        ("OCPPCommCtrlr.HeartbeatInterval", b"1" * 200, "TOO_HIGH"),
        ("OCPPCommCtrlr.HeartbeatInterval", b"1" * 201, "INVALID"),  # it is not looked at
        ("OCPPCommCtrlr.HeartbeatInterval", b"-" + b"1" * 40, "TOO_LOW"),
        ("OCPPCommCtrlr.HeartbeatInterval", b"1" * 40 + b"x", "INVALID"),
        ("AuthCacheCtrlr.LifeTime", b"999999999", "DONE"),
        ("AuthCacheCtrlr.LifeTime", b"1000000000", "TOO_HIGH"),
        ("OCPPCommCtrlr.HeartbeatInterval", "١".encode(), "INVALID"),
        ("EVSE.Power", b"22080", "DONE"),
        ("EVSE.Power", b"22080.000", "DONE"),
        ("EVSE.Power", b"22080.0000000000", "DONE"),
        ("EVSE.Power", b"1.0000000000001", "DONE"),
        ("EVSE.Power", b"1.0000000000001x", "INVALID"),
        ("EVSE.Power", b"-0.5", "TOO_LOW"),
        ("EVSE.Power", b".5", "INVALID"),
        ("EVSE.Power", b"5.", "INVALID"),
        ("AuthCtrlr.Enabled", b"true", "DONE"),
        ("AuthCtrlr.Enabled", b"True", "INVALID"),
        ("AuthCtrlr.Enabled", b"1", "INVALID"),
        ("SecurityCtrlr.OrganizationName", b"", "DONE"),
        ("SecurityCtrlr.OrganizationName", "ä".encode() * 64, "DONE"),
        ("SecurityCtrlr.OrganizationName", b"a" * 65, "TOO_LONG"),
        ("SecurityCtrlr.BasicAuthPassword", b"a" * 15, "TOO_LOW"),
        ("ChargingStation.AvailabilityState", b"Occupied", "DONE"),
        ("ChargingStation.AvailabilityState", b"Occupied,Faulted", "INVALID"),
        ("ChargingStation.AvailabilityState", b"", "INVALID"),
        ("TxCtrlr.TxStartPoint", b"Authorized,EVConnected", "DONE"),
        ("TxCtrlr.TxStartPoint", b"Authorized,Authorized", "INVALID"),
        ("TxCtrlr.TxStartPoint", b"Authorized,", "INVALID"),
        ("TxCtrlr.TxStartPoint", b"Author", "INVALID"),
        ("TxCtrlr.TxStartPoint", b"", "TOO_LOW"),
        ("SampledDataCtrlr.TxEndedMeasurands", b"", "DONE"),
        ("SampledDataCtrlr.TxEndedMeasurands", b"Voltage,Current.Import", "DONE"),
        ("ClockCtrlr.DateTime", b"2024-05-01T10:00:00Z", "DONE"),
        ("ClockCtrlr.DateTime", b"2024-05-01T10:00:00.123+01:00", "DONE"),
        ("ClockCtrlr.DateTime", b"2024-05-01T10:00:00", "DONE"),  # UTC, as in messages
        ("ClockCtrlr.DateTime", b"2024-02-31T10:00:00Z", "INVALID"),
        ("ClockCtrlr.DateTime", b"2024-05-01T10:00:60Z", "INVALID"),
        ("ClockCtrlr.DateTime", b"2024-06-30T23:59:60Z", "DONE"),
        ("ClockCtrlr.DateTime", b"2024-05-01T10:00:00.Z", "INVALID"),
        ("ClockCtrlr.DateTime", b"2024-13-01T10:00:00Z", "INVALID"),
        ("ClockCtrlr.DateTime", b"yesterday at ten o'clock", "INVALID"),
    ],
)
def test_check(dm, path, value, result):
    place = {"EVSE": (1, None), "Connector": (1, 1)}.get(path.partition(".")[0], (None, None))
    variable, *place = catalogue.split(find(dm, path, *place))
    assert check.check(variable, value, dm.values(variable, *place)) == getattr(outcomes, result)


@given(st.binary(max_size=30), st.sampled_from(EVERY))
def test_check_takes_any_bytes(value, item):
    check.check(getattr(variables, compiler.constant(*item)), value, b"a,b")


@given(st.integers(0, 2**30 - 1))
def test_stamps(seconds):
    from datetime import datetime, timedelta

    when = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    dm = model.DeviceModel(Board(), Store(Device()))
    dm.live = lambda *_: seconds
    text = dm.text(find(dm, "ClockCtrlr.DateTime"))
    assert text == when.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    assert check.is_time(text)


PLACE = st.tuples(
    st.integers(1, 16383), st.integers(0, 127), st.integers(0, 127), st.integers(0, 3)
)


def by_handle(variable, evse, connector, attribute):
    return variable | evse << 16 | connector << 23, attribute


@given(st.lists(st.tuples(PLACE, st.text(max_size=200)), max_size=24))
def test_packed_values_are_a_dictionary(steps):
    packed, expected = values.Values(), {}
    for place, text in steps:
        value = text.encode()
        packed.put(*by_handle(*place), value)
        expected[place] = value
    for place, value in expected.items():
        assert packed.value(packed.find(*by_handle(*place))) == value
    seen = {}
    for at in packed.entries():
        high, low, *place = packed.key(at)
        seen[(high << 7 | low, *place)] = packed.value(at)
    assert seen == expected
    assert packed.size() == sum(8 + len(value) for value in expected.values())
    entries = collections.Counter(at >> 8 for at in packed.entries())
    assert all(len(piece) <= 224 or entries[n] == 1 for n, piece in enumerate(packed.data))


def test_members_without_a_name_are_left_out(dm, monkeypatch):
    monkeypatch.setattr(dm, "_stored", lambda *args: b"EVConnected,NoSuchName")
    assert dm.members(variables.TX_CTRLR_TX_STOP_POINT) == (name_id(b"EVConnected"),)
