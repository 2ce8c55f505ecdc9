"""tools/bench/profile*: the plugin's stack of calls, trees and tables, lines, picture; and all
together on the image of the Cortex-M3, where there is one.
"""

import json
import shutil
import struct
import subprocess
import xml.etree.ElementTree
from collections import Counter

import pytest
from conftest import ROOT

from tools.bench import profile, profile_image, profile_tree
from tools.bench.profile_image import COLLECTION, HANDLER, LOOP, PYTHON, C, Function
from tools.bench.profile_picture import picture
from tools.bench.profile_tree import BOTTOM, COLLECTIONS, INTERRUPTS, Call, read

# ---- the plugin, with a script in place of QEMU

FLASH = 0x1000
NOP, RETURN, CALL, JUMP, INDIRECT = "nop", "bx lr", "bl", "b", "blx r0"
_CODES = {NOP: "00bf", RETURN: "7047", CALL: "00f000f8", JUMP: "00e0", INDIRECT: "8047"}
#            function: its instructions, by address
_CODE = {
    "main": [CALL, NOP, INDIRECT, CALL, NOP, RETURN],
    "f": [NOP, CALL, NOP, JUMP],
    "g": [NOP, RETURN],
    "tick": [NOP, CALL, RETURN],
    "loop": [NOP, NOP, CALL, NOP, RETURN],
    "collect": [NOP, RETURN],
}
_KINDS = {"tick": HANDLER, "loop": LOOP, "collect": COLLECTION}


def _layout():
    """Bytes of the flash, functions, and the addresses of each function's instructions."""
    flash, functions, at = b"", [], {}
    for name, code in _CODE.items():
        start = len(flash)
        at[name] = []
        for instruction in code:
            at[name].append(FLASH + len(flash))
            flash += bytes.fromhex(_CODES[instruction])
        size = len(flash) - start
        functions.append(Function(_KINDS.get(name, C), FLASH + start, size, name))
    for name in ("one", "two"):  # of Python
        functions.append(Function(PYTHON, FLASH + len(flash), 4, name))
        at[name] = [FLASH + len(flash) + i for i in range(4)]
        flash += bytes(4)
    return flash, functions, at


FLASH_BYTES, FUNCTIONS, AT = _layout()


@pytest.fixture(scope="module")
def chip(tmp_path_factory):
    """callable(script) -> parts as profile_tree has them; ("x", function, n): instruction n."""
    folder = tmp_path_factory.mktemp("profile")
    program = folder / "host"
    command = ["gcc", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-I", str(ROOT), "-g"]
    command += ["-fsanitize=address,undefined", "-DPLUGIN_VERSION=1", "-o", str(program)]
    subprocess.run([*command, str(ROOT / "host_tests" / "profile_host.c")], check=True)
    (folder / "image").write_bytes(struct.pack("<I", FLASH) + FLASH_BYTES)
    rows = (f"{f.kind} {f.address} {f.size}\n" for f in FUNCTIONS)
    (folder / "functions").write_text("".join(rows))
    (folder / "mark").write_bytes(bytes(4))

    def play(*script, hidden=()):
        lines = [
            f"p {step[1]:x}\n" if step[0] == "p" else f"{step[0]} {AT[step[1]][step[2]]:x}\n"
            for step in script
        ]
        lines += ["p ff\n", f"x {AT['main'][0]:x}\n", f"x {AT['main'][5]:x}\n"]
        names = [f"{name}={folder / name}" for name in ("image", "functions", "mark", "output")]
        subprocess.run([str(program), *names], input="".join(lines), text=True, check=True)
        with (folder / "output").open() as output:
            return read(output, FUNCTIONS, set(hidden))

    return play


def x(name, *numbers):
    return [("x", name, number) for number in numbers]


def _shape(call):
    """A tree as (calls, own, {name: the same})."""
    return (call.calls, call.own, {name: _shape(inner) for name, inner in call.children.items()})


def _of(parts, part=0):
    assert list(parts[part].tree.children) == ["main"]
    return _shape(parts[part].tree.children["main"])


def test_a_call_ends_where_it_returns_to(chip):
    parts = chip(*x("main", 0), *x("g", 0, 1), *x("main", 1, 2), *x("g", 0, 1), *x("main", 3))
    assert _of(parts) == (1, 4, {"g": (2, 4, {})})


def test_a_jump_to_another_function_takes_its_place(chip):
    # f calls g, and ends by jumping to it; g returns to where f was called.
    script = [*x("main", 0), *x("f", 0, 1), *x("g", 0, 1), *x("f", 2, 3), *x("g", 0, 1)]
    parts = chip(*script, *x("main", 1))
    assert _of(parts) == (1, 2, {"f": (1, 4, {"g": (1, 2, {})}), "g": (1, 2, {})})


def test_a_function_that_calls_itself(chip):
    script = [*x("main", 0), *x("f", 0, 1), *x("f", 0, 1), *x("g", 0, 1), *x("f", 2)]
    # The inner one jumps to g, which returns into the outer one.
    parts = chip(*script, *x("f", 3), *x("g", 0, 1), *x("f", 2, 3), *x("g", 0, 1), *x("main", 1))
    inner = {"f": (1, 4, {"g": (1, 2, {})}), "g": (1, 2, {})}
    assert _of(parts) == (1, 2, {"f": (1, 4, inner), "g": (1, 2, {})})


def test_a_jump_over_several_functions_ends_them(chip):
    # As nlr_jump() does: from g into the middle of main.
    script = [*x("main", 0), *x("f", 0, 1), *x("g", 0, 1), *x("main", 4), *x("main", 5)]
    parts = chip(*script)
    assert _of(parts) == (1, 3, {"f": (1, 2, {"g": (1, 2, {})})})


@pytest.mark.parametrize("between", [0, 1, 2, 3])
def test_an_interrupt_has_a_tree_of_its_own(chip, between):
    """Wherever it comes: also between a call and the first instruction of what is called."""
    script = [*x("main", 0), *x("g", 0, 1), *x("main", 1)]
    interrupt = [*x("tick", 0, 1), *x("g", 0, 1), *x("tick", 2)]
    tree = chip(*script[: between + 1], *interrupt, *script[between + 1 :])[0].tree
    assert _shape(tree.children["main"]) == (1, 2, {"g": (1, 2, {})})
    assert _shape(tree.children["tick"]) == (1, 3, {"g": (1, 2, {})})


def test_interrupts_one_after_the_other(chip):
    script = [
        *x("main", 0),
        *x("tick", 0, 1, 2),
        *x("tick", 0, 1, 2),
        *x("g", 0, 1),
        *x("main", 1),
    ]
    tree = chip(*script)[0].tree
    assert _shape(tree.children["main"]) == (1, 2, {"g": (1, 2, {})})
    assert _shape(tree.children["tick"])[:2] == (2, 6)


def test_python_is_known_by_the_bytecode_that_the_loop_loads(chip):
    first = [*x("main", 0), *x("loop", 0), ("l", "one", 0), *x("loop", 1), ("l", "one", 2)]
    inner = [*x("loop", 2), *x("loop", 0), ("l", "two", 1), *x("loop", 1, 4)]
    part = chip(*first, *inner, *x("loop", 3, 4), *x("main", 1))[0]
    assert _of({0: part})[2]["one"] == (1, 5, {"loop": (0, 0, {}), "two": (1, 3, {})})
    assert _of({0: part})[2]["loop"] == (0, 0, {})
    # Each byte has what was executed until the next one was loaded, calls of Python left out.
    assert part.code == {AT["one"][0]: 2, AT["one"][2]: 3, AT["two"][1]: 3}


def test_what_a_collection_costs_is_no_lines(chip):
    script = [*x("main", 0), *x("loop", 0), ("l", "one", 0), *x("loop", 1, 2)]
    part = chip(*script, *x("collect", 0, 1), *x("loop", 3, 4), *x("main", 1))[0]
    assert part.code == {AT["one"][0]: 5}
    rows = {row.name: row.own for row in profile_tree.python_rows(part.tree)}
    assert rows[COLLECTIONS] == 2


def test_each_part_has_a_tree_of_its_own(chip):
    script = [*x("main", 0), *x("f", 0, 1), ("p", 3), *x("g", 0, 1), *x("f", 2), ("p", 0)]
    parts = chip(*script, *x("f", 3), *x("g", 0, 1), *x("main", 1))
    # main and f go on in it, but were not called there. A mark is seen when a function is left.
    assert _of(parts, 3) == (0, 0, {"f": (0, 2, {"g": (1, 2, {})})})
    assert _of(parts, 0)[2]["f"] == (1, 2, {})
    assert sum(part.tree.total() for part in parts.values()) == 10


def test_what_is_hidden_does_not_count(chip):
    number = [f.name for f in FUNCTIONS].index("f")
    script = [*x("main", 0), *x("f", 0, 1), *x("g", 0, 1), *x("f", 2, 3), *x("g", 0, 1)]
    parts = chip(*script, *x("main", 1), hidden={number})
    assert _of(parts) == (1, 2, {"g": (1, 2, {})})


def test_a_plugin_that_lost_its_way_is_told():
    with pytest.raises(ValueError, match="3 returns"):
        read(["lost 3"], FUNCTIONS, set())


# ---- tables


def _call(name, kind, calls, own, *children):
    return Call(name, Function(kind, 0, 0, name), calls, own, {c.name: c for c in children})


def _tree():
    """link.py run calls itself and allocates; an allocation collects; an interrupt."""
    allocate = _call("gc_alloc", C, 2, 20, _call("gc_collect", COLLECTION, 1, 300))
    inner = _call("run", PYTHON, 1, 10, allocate)
    outer = _call("run", PYTHON, 1, 5, inner, _call("lookup", C, 4, 40))
    tick = _call("tick", HANDLER, 6, 60)
    return Call(BOTTOM, None, 0, 0, {c.name: c for c in (outer, tick)})


def test_rows_of_python_have_the_c_that_they_call():
    rows = {row.name: row for row in profile_tree.python_rows(_tree())}
    run = rows["run"]
    assert (run.own, run.inclusive, run.calls, run.allocations) == (75, 375, 2, 2)
    assert run.c == {"mp_execute_bytecode": 15, "lookup": 40, "gc_alloc": 20}
    assert (rows[COLLECTIONS].own, rows[COLLECTIONS].calls) == (300, 1)
    assert (rows[INTERRUPTS].own, rows[INTERRUPTS].calls) == (60, 6)
    assert list(rows)[0] == COLLECTIONS


def test_rows_of_c_take_python_for_the_interpreters_loop():
    rows = {row.name: row for row in profile_tree.c_rows(_tree())}
    assert (rows["mp_execute_bytecode"].own, rows["mp_execute_bytecode"].inclusive) == (15, 375)
    assert (rows["gc_alloc"].own, rows["gc_alloc"].inclusive) == (20, 320)


def test_a_tree_without_c():
    tree = profile_tree.python_only(_tree())
    inner = {"run": (1, 30, {COLLECTIONS: (1, 300, {})})}
    assert _shape(tree)[2] == {"run": (1, 45, inner), INTERRUPTS: (6, 60, {})}
    assert tree.total() == _tree().total()


def test_what_goes_on_anyway_is_taken_off():
    idle = _tree()
    busy = _tree()
    busy.add(_tree(), 2)
    busy.child("more", None).own = 7
    counted = {
        "idle": profile_tree.Counted(idle, Counter({100: 20})),
        "GetVariables of 1": profile_tree.Counted(busy, Counter({100: 60, 104: 1})),
    }
    rest = profile.without_background(counted, Counter({"idle": 1000, "GetVariables of 1": 3000}))
    assert rest["idle"].tree.total() == idle.total()
    assert rest["GetVariables of 1"].tree.total() == 7
    assert {k: v for k, v in rest["GetVariables of 1"].code.items() if v} == {104: 1}
    assert busy.total() == 3 * idle.total() + 7  # what was counted is as it was


def test_a_profile_that_differs_from_the_chips_own_count_is_refused():
    figures = {"boot": {"instructions": 1000}, "idle": {"instructions": 5}}
    profile.check(figures, {"boot": 1009.0})
    with pytest.raises(profile.ProfileError, match="boot: 1000 instructions; the chip says 1011"):
        profile.check(figures, {"boot": 1011})


def test_without_an_image_it_is_said_how_to_make_it(tmp_path):
    with pytest.raises(profile.ProfileError, match="make image"):
        profile.run(tmp_path)


# ---- names and lines

# Timers.start of firmware/hal/timers.py, as mpy-tool.py wrote it when its body had the lines 39 to
# 42: `if timer.due is None:`, append(), `timer.due =`, set().
_START = bytes.fromhex("3316 00000000 80206060272930 b11302 51de4449b01303 1405b1360159")
_START += bytes.fromhex("2301 1406 2301 1407 3600 b2 3602 b1 1802 b01304 1408 3600 59 51 63")


@pytest.mark.parametrize(
    ("at", "line"),
    [(13, 39), (19, 39), (20, 40), (28, 40), (29, 41), (44, 41), (45, 42), (54, 42)],
)
def test_the_line_of_a_byte(at, line):
    assert len(_START) == 55
    assert profile_image.line_at(_START, at) == line


def test_a_function_without_lines():
    code = bytes.fromhex("1102 00 51b018141247")  # SingletonGenerator.__init__, lines left out
    assert profile_image.line_at(code, 5) == 0


def test_names_of_functions_have_file_and_line(tmp_path):
    (tmp_path / "link").mkdir()
    text = (
        "class Link:\n    def _run_all(self):\n        return [x for x in self]\n\ndef go(): 0\n"
    )
    (tmp_path / "link" / "link.py").write_text(text)
    scopes = (
        "link_link_Link__run_all",
        "link_link_Link__run_all__lt_listcomp_gt_",
        "link_link_go",
    )
    content = "".join(f"// frozen bytecode for file link/link.py, scope {s}\n" for s in scopes)
    content += "// frozen bytecode for file asyncio/core.py, scope asyncio_core_run\n"
    assert profile_image.python_names(content, tmp_path) == {
        scopes[0]: "link/link.py:2 Link._run_all",
        scopes[1]: "link/link.py Link__run_all_<listcomp>",
        scopes[2]: "link/link.py:5 go",
        "asyncio_core_run": "asyncio/core.py run",
    }


# ---- the picture


def test_boxes_are_as_wide_as_their_instructions():
    svg = picture([("a <step>", 5, profile_tree.python_only(_tree()))])
    root = xml.etree.ElementTree.fromstring(svg)
    namespace = "{http://www.w3.org/2000/svg}"
    boxes = {}
    for box in root.iter(f"{namespace}g"):
        title, rect = box.find(f"{namespace}title"), box.find(f"{namespace}rect")
        if title is not None and rect is not None:
            boxes[title.text] = (float(rect.get("width")), float(rect.get("y")))
    width = float(root.get("width"))
    outer = boxes["run: 75, 9 of its own, 0.2 calls"]
    inner = boxes["run: 66, 6 of its own, 0.2 calls"]
    assert outer[0] == pytest.approx(width * 375 / 435, abs=0.1)
    assert inner[0] == pytest.approx(width * 330 / 435, abs=0.1)
    assert inner[1] > outer[1]
    assert "a <step>" in "".join(root.itertext())


# ---- all of it

_IMAGE = ROOT / "build" / "cortex_m3" / "firmware.elf"


@pytest.fixture(scope="module")
def profiled(tmp_path_factory):
    """Of the image: what profile.json has, and the folder."""
    if not _IMAGE.exists() or shutil.which("qemu-system-arm") is None:
        pytest.skip("build/cortex_m3/firmware.elf is missing; `make image` makes it")
    build = tmp_path_factory.mktemp("build")
    (build / "cortex_m3").symlink_to(_IMAGE.parent)
    figures = profile.run(build)
    found = json.loads((build / "profile.json").read_text())
    assert figures["profile"] == {name: part["instructions"] for name, part in found.items()}
    return found, build


def _rows(part, key="python"):
    return {row["function"].rpartition(" ")[2]: row for row in part[key]}


def test_calls_of_the_firmware_are_counted(profiled):
    found, _ = profiled
    one, twenty = (_rows(found[f"GetVariables of {n}"]) for n in (1, 20))
    assert one["DeviceModel.locate"]["calls"] == 1
    assert twenty["DeviceModel.locate"]["calls"] == 20
    assert (
        twenty["Conversation._message"]["with_calls"] > twenty["DeviceModel.locate"]["with_calls"]
    )
    assert _rows(found["idle"], "c")["systick_handler"]["calls"] == 1000  # a millisecond each
    assert _rows(found["boot"])["Station.__init__"]["calls"] == 1


def test_all_instructions_belong_to_somebody(profiled):
    found, _ = profiled
    for name, part in found.items():
        total = part["instructions"]
        for key in ("python", "c"):
            assert sum(row["own"] for row in part[key]) == pytest.approx(total, rel=0.02), (
                name,
                key,
            )
        assert sum(part["by_part_of_the_image"].values()) == pytest.approx(total, rel=0.001)


def test_lines_lie_in_the_functions_that_the_instructions_are_of(profiled):
    """Lines and functions are found by different ways."""
    found, _ = profiled
    part = found["GetVariables of 20"]
    name, first = next(
        (row["function"], row)
        for row in part["python"]
        if row["function"].endswith(" DeviceModel._stored")
    )
    file, line = name.split(" ")[0].split(":")
    last = int(line) + 20  # the function's end, about
    own = sum(
        cost
        for place, cost in part["lines"].items()
        if place.startswith(f"{file}:")
        and int(line) <= int(place.split(" ")[0].split(":")[1]) < last
    )
    assert own == pytest.approx(first["own"], rel=0.02)


def test_text_and_picture_are_written(profiled):
    found, build = profiled
    text = (build / "profile.txt").read_text()
    for name, part in found.items():
        assert f"==== {name}: {part['instructions']:,} instructions" in text
    root = xml.etree.ElementTree.parse(build / "profile.svg").getroot()
    assert "Station.__init__" in "".join(root.itertext())
