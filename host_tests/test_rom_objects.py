"""tools/rom_objects: what the frozen firmware is made of, and that it works."""

import re
import subprocess
from pathlib import Path

import pytest

from tools.rom_objects.content import Content
from tools.rom_objects.convert import Class, Converter

ROOT = Path(__file__).resolve().parents[1]
FROZEN = ROOT / "build" / "unix" / "port" / "frozen_content.c"


def test_behaves_as_on_the_heap():
    done = subprocess.run(
        [ROOT / "build/unix/micropython", ROOT / "host_tests/on_vm/rom_objects.py"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WRONG" not in done.stdout
    assert done.stdout.count("ok ") == 11


def test_few_classes_of_the_firmware_are_left_on_the_heap():
    left = re.findall(
        r"// frozen bytecode for file (\S+), scope \w+__lt_module_gt_|(LOAD_BUILD_CLASS)",
        FROZEN.read_text(),
    )
    file = ""
    classes = {}
    for name, build in left:
        if name:
            file = name
        elif build:
            classes[file] = classes.get(file, 0) + 1
    ours = {f: n for f, n in classes.items() if not f.startswith("asyncio/")}
    assert set(ours) <= {"hal/errors.py", "board.py", "wire/records.py"}


SMALL = """\
// frozen module small
// - frozen file name: small.py

// frozen bytecode for file small.py, scope small__lt_module_gt_
static const byte fun_data_small__lt_module_gt_[20] = {
    0x10,0x0a, // prelude
    0x01, // names: <module>
    0x40, // code info
    0x32,0x00, // MAKE_FUNCTION 0
    0x16,0x02, // STORE_NAME 'plain'
    0x11,0x03, // LOAD_NAME 'outside'
    0x2a,0x01, // BUILD_TUPLE 1
    0x53, // LOAD_NULL
    0x33,0x01, // MAKE_FUNCTION_DEFARGS 1
    0x16,0x04, // STORE_NAME 'computed'
    0x81, // LOAD_CONST_SMALL_INT 1
    0x51, // LOAD_CONST_NONE
    0x2a,0x02, // BUILD_TUPLE 2
    0x53, // LOAD_NULL
    0x33,0x02, // MAKE_FUNCTION_DEFARGS 2
    0x16,0x05, // STORE_NAME 'constant'
    0x51, // LOAD_CONST_NONE
    0x63, // RETURN_VALUE
};
// child of small__lt_module_gt_
static const byte fun_data_small_plain[1] = {
    0x63, // RETURN_VALUE
};
static const byte fun_data_small_computed[1] = {
    0x63, // RETURN_VALUE
};
static const byte fun_data_small_constant[1] = {
    0x63, // RETURN_VALUE
};
static const mp_raw_code_t *const children_small__lt_module_gt_[] = {
    (const mp_raw_code_t *)&proto_fun_small_plain,
    (const mp_raw_code_t *)&proto_fun_small_computed,
    (const mp_raw_code_t *)&proto_fun_small_constant,
};
"""


@pytest.fixture
def made():
    plan = Converter(Content(SMALL)).plans["small"]
    return {m.scope.name: m for _, m in plan.replaced if not isinstance(m, Class)}


def test_what_is_known_at_build_time_is_converted(made):
    assert made["small_plain"].defaults == []
    assert made["small_constant"].defaults == ["MP_ROM_INT(1)", "MP_ROM_NONE"]


def test_a_default_that_is_computed_stays(made):
    assert "small_computed" not in made
