"""tools/blocks/slots.py: code names the slots of messages, the build puts their places in."""

import ast
import re
import subprocess
import sys
import types
from pathlib import Path, PurePosixPath

import complete_tables
import pytest
from messages import SCHEMAS, parse, slots
from tables import names
from test_freeze import source
from test_schema import compile_tables

from tools import freeze
from tools.blocks.declaration import read_all
from tools.blocks.slots import SlotError, Slots, read_messages

ROOT = Path(__file__).resolve().parents[1]
MPY_CROSS = ROOT / "build" / "mpy-cross" / "mpy-cross"

DECLARED = """\
receive ResetRequest: type evseId
send ResetResponse: status statusInfo{reasonCode additionalInfo}
receive TransactionEventResponse: totalCost idTokenInfo{status groupIdToken{idToken type}}
receive GetVariablesRequest: getVariableData[attributeType component{name} variable{name}]
send MeterValuesRequest: evseId meterValue[timestamp sampledValue[value context]]
send HeartbeatRequest:
receive TriggerMessageRequest: requestedMessage evse{id connectorId}
send TriggerMessageResponse: statusInfo{reasonCode} status
send ClearCacheResponse: status
receive DataTransferRequest: vendorId data:raw
send DataTransferRequest: data:raw vendorId
"""
# The same fields elsewhere, and others between them.
ANOTHER = """\
receive ResetRequest: evseId type
send ResetResponse: statusInfo{additionalInfo reasonCode} status
receive TransactionEventResponse: chargingPriority idTokenInfo{evseId[] \
groupIdToken{type idToken} chargingPriority status} totalCost
receive GetVariablesRequest: getVariableData[variable{instance name} component{evse{id} name}]
send MeterValuesRequest: meterValue[sampledValue[measurand context value phase] timestamp] evseId
"""


# What has to be sent, where it is not status alone.
FIELDS = {
    "GetVariables": "getVariableResult[attributeStatus component{name} variable{name}]",
    "TransactionEvent": "eventType timestamp triggerReason seqNo transactionInfo{transactionId}",
    "ClearCache": "",
}


def others(declared: str) -> str:
    """The requests and responses that are missing to those that are declared."""
    there = set(re.findall(r"^(send|receive) (\w+)(Request|Response):", declared, re.M))
    wanted = {
        ("send" if word == "receive" else "receive", action, kind)
        for word, action, other in there
        for kind in {"Request", "Response"} - {other}
    }
    return "".join(
        f"{word} {action}{kind}: {'' if word == 'receive' else FIELDS.get(action, 'status')}\n"
        for word, action, kind in sorted(wanted - there)
    )


def made(folder: Path, declared: str) -> str:
    """tables/messages.py of a block that declares this."""
    done = compile_tables(folder, some=declared + others(declared))
    assert done.returncode == 0, done.stderr
    return (folder / "out" / "messages.py").read_text()


@pytest.fixture(scope="module")
def messages(tmp_path_factory):
    return made(tmp_path_factory.mktemp("messages"), DECLARED)


def frozen(messages: str, text: str) -> str:
    sources = [source("tables/messages.py", messages), source("some.py", text)]
    tree, errors = freeze.prepare(sources)
    assert errors == []
    assert list(tree) == [PurePosixPath("some.py")], "tables.messages is not copied"
    return tree[PurePosixPath("some.py")]


def refused(messages: str, text: str) -> str:
    sources = [source("tables/messages.py", messages), source("some.py", text)]
    tree, errors = freeze.prepare(sources)
    assert len(errors) == 1 and not tree
    return str(errors[0])


def importing(text: str) -> str:
    """A source of a line, with the imports that it needs."""
    found = re.findall(r"\b[A-Z]\w+(?:Request|Response|Type)\b", text)
    return f"from tables.messages import {', '.join(dict.fromkeys(found))}\n{text}\n"


# ---- what becomes of names


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ("x = slots[ResetRequest.evseId]", "x = slots[1]"),
        ("x = reader.unpack()[ResetRequest.type]", "x = reader.unpack()[0]"),
        ("x = record[ResetResponse.statusInfo_additionalInfo]", "x = record[2]"),
        ("reader.each(GetVariablesRequest.getVariableData)", "reader.each(0)"),
        ("record[MeterValueType.sampledValue] = x", "record[1] = x"),
        ("x = [None] * SampledValueType.SLOTS", "x = [None] * 3"),
        ("a, b = reader.unpack(ResetRequest.type, ResetRequest.evseId)", "a, b = reader.unpack()"),
        ("b, a = reader.unpack(ResetRequest.evseId, ResetRequest.type)", "a, b = reader.unpack()"),
        (
            "s.b, a[0] = (x or y).unpack(ResetRequest.evseId, ResetRequest.type)",
            "a[0], s.b = (x or y).unpack()",
        ),
        ("(a,) = r.unpack(ResetRequest.evseId)", "_, a = r.unpack()"),
        ("(a,) = r.unpack(TriggerMessageRequest.evse_id)", "_, a, _ = r.unpack()"),
        ("(a,) = r.unpack(GetVariablesRequest.getVariableData)", "a, = r.unpack()"),
        (
            "x, y = r.unpack(TransactionEventResponse.idTokenInfo_groupIdToken_type,"
            " TransactionEventResponse.totalCost)",
            "y, _, _, _, x = r.unpack()",
        ),
        ("x = r.unpack()[TransactionEventResponse.idTokenInfo]", "x = r.unpack()[2:]"),
        ("x = r.unpack()[TriggerMessageRequest.evse]", "x = r.unpack()[1:]"),
        ("x = r.unpack()[TriggerMessageResponse.statusInfo]", "x = r.unpack()[:1]"),
        ("x = slots[TransactionEventResponse.idTokenInfo]", "x = slots[2:5]"),
        ("x = info[IdTokenInfoType.groupIdToken_type]", "x = info[2]"),
        ("slots[TriggerMessageRequest.evse] = x", "slots[1:3] = x"),
        ("x = ResetResponse(status=A)", "x = (A,)"),
        ("x = ResetResponse(statusInfo_reasonCode=b'x', status=A)", "x = (A, b'x')"),
        ("x = ResetResponse(statusInfo_additionalInfo=b'x')", "x = (None, None, b'x')"),
        ("x = ResetResponse(status=A, statusInfo_reasonCode=None)", "x = (A, None)"),
        ("f(ResetResponse(status=a if b else c))", "f((a if b else c,))"),
        ("x = HeartbeatRequest()", "x = ()"),
        (
            "x = MeterValuesRequest(meterValue=[MeterValueType(sampledValue=f(i) , timestamp=t)"
            " for i in y], evseId=r.unpack()[ResetRequest.evseId])",
            "x = (r.unpack()[1], [(t, f(i)) for i in y])",
        ),
        ("x = SampledValueType(value_decimals=1, value=2)", "x = (2, 1)"),
        ("x = ResetResponse(status=(a := 1))", "x = ((a := 1),)"),
        ("x = ResetResponse(status=lambda: 1)", "x = (lambda: 1,)"),
        ("x = (ResetResponse | ClearCacheResponse)(status=A)", "x = (A,)"),
        ("x = [None] * (ResetResponse | ClearCacheResponse).SLOTS", "x = [None] * 3"),
        ("x = s[(ClearCacheResponse | ResetResponse).status]", "x = s[0]"),
        ("x = ä['€', s[ResetRequest.evseId]]  # ResetRequest", "x = ä['€', s[1]]  # ResetRequest"),
        (
            "x = 'ResetRequest.type', f(ResetRequest=1)",
            "x = 'ResetRequest.type', f(ResetRequest=1)",
        ),
    ],
)
def test_names_become_places(messages, text, becomes):
    assert frozen(messages, importing(text)) == f"pass\n{becomes}\n"


def test_a_value_that_yields(messages):
    text = "from tables.messages import ResetResponse\ndef f():\n    {}\n"
    named = text.format("x = ResetResponse(status=(yield 1))")
    assert frozen(messages, named).split("\n")[2] == "    x = ((yield 1),)"


def test_other_names_and_other_unpacks_stay(messages):
    text = "import struct\nx, y = struct.unpack(A, b)\nz = q.unpack()\nw = (q | p)(a=1)\n"
    assert frozen(messages, text) == text


def test_alias_and_import_in_a_function(messages):
    text = "def f():\n    from tables.messages import ResetRequest as R\n    return s[R.evseId]\n"
    assert frozen(messages, text) == "def f():\n    pass\n    return s[1]\n"


LINES = """\
from tables.messages import (
    MeterValuesRequest,
    ResetRequest,
    ResetResponse,
)


def f(reader):
    (
        evse,
        kind,
    ) = reader.unpack(
        ResetRequest.evseId,  # the last
        ResetRequest.type,
    )
    g(1)
    h(
        ResetResponse(
            # why
            statusInfo_reasonCode=(
                b"a"
                b"b"
            ),
            status=kind,
        ),
        g(2),
    )
    return MeterValuesRequest(
        evseId=evse,
    ), g(3)
"""


def test_lines_keep_their_numbers(messages):
    def calls(text):
        found = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call))
        return {ast.unparse(n): n.lineno for n in found if ast.unparse(n.func) in ("g", "h")}

    result = frozen(messages, LINES)
    assert result.count("\n") == LINES.count("\n")
    before, after = calls(LINES), calls(result)
    assert len(before) == 4
    assert sorted(before.values())[:2] == sorted(after.values())[:2]
    assert before["g(3)"] == after["g(3)"] and before["g(2)"] == after["g(2)"]
    assert "h((kind, b'ab'), g(2))" in after


def test_a_name_costs_nothing(messages, tmp_path):
    """The same bytecode as of code that takes and makes slots by position."""

    def compiled(text):
        path = tmp_path / "some.py"
        path.write_text(text)
        command = [MPY_CROSS, "-s", "some.py", "-o", tmp_path / "some.mpy", path]
        subprocess.run(command, check=True)
        return (tmp_path / "some.mpy").read_bytes()

    named = """\
from tables.messages import ResetRequest, ResetResponse
def handle(reader):
    kind, evse = reader.unpack(ResetRequest.type, ResetRequest.evseId)
    if evse:
        return ResetResponse(status=5, statusInfo_reasonCode=b"UnknownEvse")
    return ResetResponse(statusInfo_additionalInfo=evse, status=kind)
"""
    by_position = """\
pass
def handle(reader):
    kind, evse = reader.unpack()
    if evse:
        return 5, b"UnknownEvse"
    return kind, None, evse
"""
    assert compiled(frozen(messages, named)) == compiled(by_position)


# ---- code that does not know in which order its slots are declared

BLOCK = """\
from tables.messages import (
    GetVariableDataType,
    GetVariablesRequest,
    IdTokenInfoType,
    MeterValuesRequest,
    MeterValueType,
    ResetRequest,
    ResetResponse,
    SampledValueType,
    TransactionEventResponse,
)


def reset(reader):
    evse, kind = reader.unpack(ResetRequest.evseId, ResetRequest.type)
    assert reader.unpack()[ResetRequest.type] == kind
    return ResetResponse(statusInfo_reasonCode=b"%d" % evse, status=kind)


def judged(reader):
    cost, decimals, kind = reader.unpack(
        TransactionEventResponse.totalCost,
        TransactionEventResponse.totalCost_decimals,
        TransactionEventResponse.idTokenInfo_groupIdToken_type,
    )
    info = reader.unpack()[TransactionEventResponse.idTokenInfo]
    assert info[IdTokenInfoType.groupIdToken_type] == kind
    return cost, decimals, info[IdTokenInfoType.status], info[IdTokenInfoType.groupIdToken_idToken]


def asked(reader):
    found = []
    for item in reader.each(GetVariablesRequest.getVariableData):
        record = [None] * GetVariableDataType.SLOTS
        record[GetVariableDataType.variable] = item[GetVariableDataType.variable]
        name = record[GetVariableDataType.variable_name]
        found.append((item[GetVariableDataType.component_name], name))
    return found


def values(sample, evse):
    samples = [SampledValueType(value_decimals=1, context=sample, value=12)]
    return MeterValuesRequest(
        meterValue=[MeterValueType(sampledValue=samples, timestamp=5)], evseId=evse
    )
"""


class Reader:
    """The slots of a payload as they are declared."""

    def __init__(self, node, payload):
        self.slots = slots(node, payload)

    def unpack(self, *places):
        return [self.slots[place] for place in places] if places else self.slots

    def each(self, slot):
        return self.slots[slot]


def payload(node, record):
    """What the writer makes of a record."""
    result = {}
    for name, kind, slot, child in node.entries:
        within = record[slot : slot + child.slots] if kind == "object" else record[slot:][:1]
        if kind == "object":
            field = payload(child, within)
        elif kind == "array" and within and within[0] is not None:
            field = [payload(child, each) for each in within[0]]
        elif kind == "number":
            field = record[slot] / 10 ** record[slot + 1]
        else:
            field = within[0] if within else None
        if field not in (None, {}):
            result[name] = field
    return result


@pytest.mark.parametrize("as_it_is", [True, False], ids=["source", "frozen"])
@pytest.mark.parametrize("declared", [DECLARED, ANOTHER], ids=["one order", "another"])
def test_the_order_of_slots_does_not_matter(declared, as_it_is, tmp_path, monkeypatch):
    text = made(tmp_path, declared)
    found, _ = parse(read_all(tmp_path / "blocks"), SCHEMAS)
    nodes = {declaration.message: declaration.node for declaration in found}
    if as_it_is:
        module = types.ModuleType("tables.messages")
        vars(module).update(read_messages(source("tables/messages.py", text)))
        monkeypatch.setitem(sys.modules, "tables.messages", module)
    block = {}
    exec(BLOCK if as_it_is else frozen(text, BLOCK), block)

    request = Reader(nodes["ResetRequest"], {"type": "OnIdle", "evseId": 7})
    assert payload(nodes["ResetResponse"], block["reset"](request)) == {
        "status": names.ON_IDLE,
        "statusInfo": {"reasonCode": b"7"},
    }
    info = {"status": "Blocked", "groupIdToken": {"idToken": "G", "type": "Local"}}
    answer = Reader(nodes["TransactionEventResponse"], {"totalCost": 12.34, "idTokenInfo": info})
    assert block["judged"](answer) == (1234, 2, names.BLOCKED, b"G")
    items = [{"component": {"name": c}, "variable": {"name": v}} for c, v in ("AB", "CD")]
    request = Reader(nodes["GetVariablesRequest"], {"getVariableData": items})
    assert block["asked"](request) == [(b"A", b"B"), (b"C", b"D")]
    sent = payload(nodes["MeterValuesRequest"], block["values"](names.OTHER, 3))
    assert sent == {
        "evseId": 3,
        "meterValue": [{"timestamp": 5, "sampledValue": [{"value": 1.2, "context": names.OTHER}]}],
    }


# ---- mistakes

_BY_NAME = "a, b = reader.unpack(NAME.field, NAME.field), or reader.unpack()[NAME.field]"
_WHERE = r" \(.*/blocks/some/block.txt:2\)"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (
            "x = s[ResetRequest.evse]",
            "ResetRequest has no field evse; there are type evseId" + _WHERE,
        ),
        (
            "x = ResetResponse(reasonCode=1)",
            "ResetResponse has no field reasonCode; there are status",
        ),
        ("x = HeartbeatRequest(status=1)", "HeartbeatRequest has no field status; there are none"),
        ("x = ResetResponse(A)", r"takes fields by name: ResetResponse\(field=...\)"),
        ("x = ResetResponse(*a)", "ResetResponse takes fields by name"),
        ("x = ResetResponse(**a)", "ResetResponse takes fields by name"),
        (
            "x = ResetResponse(status=1, status=2)",
            "ResetResponse: status is there twice; once will do",
        ),
        (
            "a, b = r.unpack(ResetRequest.type, ResetRequest.type)",
            "ResetRequest: type is there twice; once will do",
        ),
        (
            "x = ResetResponse(statusInfo=1)",
            "statusInfo is an object; name its fields, statusInfo_reasonCode statusInfo_add",
        ),
        (
            "a, b = r.unpack(TriggerMessageRequest.evse, TriggerMessageRequest.requestedMessage)",
            "evse is an object; name its fields, evse_id evse_connectorId",
        ),
        ("f(TriggerMessageRequest.evse)", r"evse is an object; its slots are slots\[NAME.evse\]"),
        ("x = SampledValueType(value=1)", "value is a number; give value and value_decimals"),
        ("x = SampledValueType(value_decimals=1)", "value is a number; give value and value_dec"),
        (
            "x = SetVariablesRequest()",
            "SetVariablesRequest is in no .messages. of a block.txt; there",
        ),
        (
            "x = ResetReqestType()",
            "ResetReqestType is in no .* there are ClearCacheRequest .*Reset",
        ),
        (
            "x = DataTransferRequest()",
            "DataTransferRequest has different fields at .*:11, .*:12; decl",
        ),
        ("x = TriggerMessageResponse | ResetResponse", "is the name of a message"),
        (
            "x = (TriggerMessageResponse | ResetResponse)(status=1)",
            "status is not at the same place",
        ),
        (
            "x = s[(TriggerMessageResponse | ResetResponse).evse]",
            "TriggerMessageResponse has no field evse; there are statusInfo_reasonCode status",
        ),
        (
            "x = ResetRequest",
            r"the name of a message; NAME\(field=...\) makes slots, NAME.field is",
        ),
        ("ResetRequest = 1", "ResetRequest is the name of a message; it can't be assigned to"),
        ("def ResetRequest(): pass", "nothing else can be defined by its name"),
        ("def f(ResetRequest): pass", "an argument can't have its name"),
        ("ResetRequest.type = 1", "type is a place; it can't be assigned to"),
        ("x = f'{ResetRequest.type}'", "it can't be used in an f-string"),
        ("x = f'{ResetResponse(status=1)}'", "it can't be used in an f-string"),
        ("a, b = r.unpack(ResetRequest.type, 1)", re.escape(_BY_NAME)),
        ("a = r.unpack(ResetRequest.type)", re.escape(_BY_NAME)),
        ("a, b = r.unpack(ResetRequest.type)", re.escape(_BY_NAME)),
        ("a, b = c = r.unpack(ResetRequest.type, ResetRequest.evseId)", re.escape(_BY_NAME)),
        ("f(r.unpack(ResetRequest.type))", re.escape(_BY_NAME)),
        ("a, b = r.unpack()", re.escape(_BY_NAME)),
        ("[a, b] = r.unpack()", re.escape(_BY_NAME)),
        ("a = r.unpack()[0]", re.escape(_BY_NAME)),
        ("a = r.unpack()[-1]", re.escape(_BY_NAME)),
        ("a, b = r.unpack()[:2]", re.escape(_BY_NAME)),
        (
            "a, b = r.unpack(ResetRequest.type, TriggerMessageRequest.evse_id)",
            r"unpack\(\) names fields of one message, here ResetRequest",
        ),
    ],
)
def test_mistakes_end_the_build_with_path_line_and_what_would_be_right(messages, text, why):
    imports = importing(text) if re.search("Request|Response|Type", text) else f"\n{text}\n"
    told = refused(messages, imports)
    at = 1 if "is in no " in told or "different fields" in told else 2
    assert told.startswith(f"firmware/some.py:{at}: ")
    assert re.search(why, told), told


@pytest.mark.parametrize("text", ["import tables.messages", "from tables import messages"])
def test_the_module_can_not_be_imported_whole(messages, text):
    wanted = "write `from tables.messages import NAME`: only names can be put in place"
    assert refused(messages, f"\n\n{text}\n") == f"firmware/some.py:3: {wanted}"


def test_behind_an_import_of_several_lines_stands_nothing(messages):
    text = "from tables.messages import (ResetRequest,\n  ResetResponse); x = 1\n"
    assert "write an import on lines of its own" in refused(messages, text)


def test_a_data_type_is_declared_alike_or_not_named(tmp_path):
    """Code that has to do with it in several messages needs one order."""
    alike = (
        "receive TriggerMessageRequest: evse{id}\nreceive ChangeAvailabilityRequest: evse{id}\n"
    )
    text = importing("x = s[EVSEType.id]")
    assert frozen(made(tmp_path / "a", alike), text) == "pass\nx = s[0]\n"
    told = refused(made(tmp_path / "b", alike.replace("{id}", "{id connectorId}", 1)), text)
    where = f"{tmp_path}/b/blocks/some/block.txt"
    assert told == (
        f"firmware/some.py:1: EVSEType has different fields at {where}:2, {where}:3;"
        " declare it alike everywhere"
    )


def test_a_data_type_that_no_block_has_has_all_its_fields(tmp_path):
    """What charging/ makes of readings is built, though no block sends it."""
    text = importing("x = SampledValueType(unitOfMeasure_unit=u, value=v, value_decimals=0).SLOTS")
    result = frozen(made(tmp_path, "send HeartbeatRequest:\n"), text)
    assert re.fullmatch(r"pass\nx = \((None, )*v, 0, (None, )*u\).SLOTS\n", result), result
    told = refused(made(tmp_path / "b", ""), importing("x = SampledValueType(valu=1)"))
    assert "no field valu; there are" in told and "signedMeterValue_signingMethod" in told


def test_the_build_ends_with_a_line(tmp_path):
    """tools.freeze as the build calls it."""
    (tmp_path / "some.py").write_text(
        "from tables.messages import ResetRequest\n\nx = s[ResetRequest.evse]\n"
    )
    command = [sys.executable, "-m", "tools.freeze", "--output", str(tmp_path / "out")]
    command += [str(tmp_path) + "=*.py", str(complete_tables.GEN)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(
        f"freeze: {tmp_path}/some.py:3: ResetRequest has no field evse; there are type evseId"
        " (firmware/blocks/reset/block.txt:"
    )


# ---- under CPython


def test_names_do_what_they_say():
    one = Slots("One", "a:1", "a b_c b_d e e_decimals")
    assert (one.a, one.b_d, one.b, one.e_decimals, one.SLOTS) == (0, 2, slice(1, 3), 4, 5)
    assert one() == ()
    assert one(b_c=1) == (None, 1)
    assert one(e_decimals=2, e=1, a=0) == (0, None, None, 1, 2)
    assert one(b_c=None) == (None, None)
    other = Slots("Other", "b:1", "a x b_d")
    assert (one | other).b_d == 2
    assert (one | other)(b_d=1) == (None, None, 1)
    assert (one | other).SLOTS == 5
    for wrong in (
        lambda: one.f,
        lambda: one(f=1),
        lambda: one(b=1),
        lambda: one(e=1),
        lambda: (one | other).x,
        lambda: (one | other).b,
        lambda: Slots("Two", "a:1, b:2", None).a,
    ):
        with pytest.raises(SlotError):
            wrong()
    assert not hasattr(one, "__wrapped__")


def test_each_name_of_the_build_is_the_place_of_its_field():
    text = (complete_tables.TABLES / "messages.py").read_text()
    found = read_messages(source("tables/messages.py", text))
    assert {"ResetRequest", "ComponentVariableType", "SampledValueType"} <= found.keys()
    for name, message in found.items():
        try:
            paths = message._known()
        except SlotError:
            continue
        assert [getattr(message, path) for path in paths] == list(range(message.SLOTS)), name


def test_the_readme_says_what_the_build_makes():
    text = (ROOT / "firmware" / "blocks" / "README.md").read_text()
    section = text.split("### Slots, by name\n")[1].split("\n##")[0]
    rows = re.findall(r"^\| `(.+)` \| `(.+)` \|$", section, re.M)
    assert len(rows) == 8
    messages = (complete_tables.TABLES / "messages.py").read_text()
    for text, becomes in rows:
        assert frozen(messages, importing(text.replace("\\", ""))) == f"pass\n{becomes}\n"


# ---- the firmware


def by_position(tree: ast.Module) -> list[int]:
    """Lines on which a block's handle() or take() gives slots that it has not named."""
    found = []
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    for function in (each for each in functions if each.name in ("handle", "take")):
        for node in ast.walk(function):
            value = node.value if isinstance(node, ast.Return | ast.Yield) else None
            if isinstance(value, ast.Tuple):
                item = value.elts[1] if function.name == "take" and len(value.elts) == 2 else value
                if isinstance(item, ast.Tuple | ast.List):
                    found.append(node.lineno)
    return found


def test_blocks_name_what_they_answer_and_send():
    sources = {path: ast.parse(path.read_text()) for path in ROOT.glob("firmware/blocks/*/*.py")}
    assert len(sources) > 10
    assert {
        str(path): lines for path, tree in sources.items() if (lines := by_position(tree))
    } == {}


@pytest.mark.parametrize(
    "text", ["def handle(self):\n  return A, b'x'", "def take(self):\n  return A, (1, 2)"]
)
def test_a_reply_by_position_is_found(text):
    assert by_position(ast.parse(text)) == [2]
