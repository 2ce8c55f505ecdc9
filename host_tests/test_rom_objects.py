"""tools/rom_objects: what the frozen firmware is made of, and that it works."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from rig import BINARY

from tools.rom_objects.content import Content
from tools.rom_objects.convert import Class, Converter
from tools.rom_objects.emit import Emitter
from tools.rom_objects.link import Linker
from tools.rom_objects.pool import tidied

ROOT = Path(__file__).resolve().parents[1]
FROZEN = BINARY.with_name("port") / "frozen_content.c"


def test_behaves_as_on_the_heap():
    done = subprocess.run(
        [BINARY.with_name("micropython"), ROOT / "host_tests/on_vm/rom_objects.py"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WRONG" not in done.stdout
    assert done.stdout.count("ok ") == 23


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
    assert set(ours) <= {"board.py", "charger.py"}


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


# ---- functions of 8 bytes


FROZEN_MODULE = """\
static const mp_frozen_module_t frozen_module_small = {
    .constants = {
        .obj_table = NULL,
    },
};
"""


@pytest.mark.parametrize("closed", [True, False])
def test_a_function_with_nothing_but_bytecode_is_short(closed):
    text = "\n".join(Emitter(Content(SMALL + FROZEN_MODULE), {}, closed).lines())
    short = "static const rom_fun_t rom_fun_small_plain = { { &rom_type_fun }, "
    assert (short + "ROM_PLACE(fun_data_small_plain, 0) };" in text) == closed
    assert "static const rom_fun2_t rom_fun_small_constant = { { { &mp_type_fun_bc }" in text
    assert ("static const mp_obj_fun_bc_t rom_fun_small_plain = {" in text) != closed


# ---- which modules are static

TREE = Path((ROOT / "build/stamps/tree").read_text().strip())  # that the build took
BUILT_IN = {
    "time": "mp_module_time",
    "micropython": "mp_module_micropython",
    "core": "core_module",
    "core.f": "core_f_obj",
}


@pytest.fixture
def link(tmp_path, monkeypatch):
    """link(files, closed): a Linker of frozen files, name -> text."""
    monkeypatch.chdir(tmp_path)

    def freeze(files, closed=True):
        compiled = []
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            compiled.append(name.replace(".py", ".mpy"))
            mpy_cross = [ROOT / "build/mpy-cross/mpy-cross", "-s", name, "-o", compiled[-1], name]
            subprocess.run(mpy_cross, check=True)
        names = BINARY.with_name("port") / "genhdr/qstrdefs.preprocessed.h"
        mpy_tool = [sys.executable, TREE / "tools/mpy-tool.py", "-f", "-q", names, *compiled]
        done = subprocess.run(mpy_tool, capture_output=True, text=True, check=True)
        content = Content(done.stdout)
        return Linker(content, Converter(content), BUILT_IN, closed)

    return freeze


def test_a_module_that_imports_and_defines_is_static(link):
    linker = link(
        {
            "a.py": "import time\nfrom b import T, f\nN = 5\ndef g():\n    return f(T, time)\n",
            "b.py": "T = b'abc'\nSIZE = len(T)\ndef f(x, y):\n    return x\n",
        }
    )
    assert linker.static == {"a", "b"}
    assert linker.value("a", "time") == "MP_ROM_PTR(&mp_module_time)"
    assert linker.value("a", "T") == linker.value("b", "T")
    assert linker.value("a", "f") == "MP_ROM_PTR(&rom_fun_b_f)"
    assert linker.value("a", "N") == "MP_ROM_INT(5)"
    assert linker.value("b", "SIZE") == "MP_ROM_INT(3)"


def test_what_our_modules_in_c_have_is_known(link):
    linker = link({"a.py": "from core import f\ndef g():\n    f()\n", "b.py": "from a import f\n"})
    assert linker.static == {"a", "b"}
    assert linker.value("b", "f") == "MP_ROM_PTR(&core_f_obj)"
    assert linker.c_objects_used == {"core_f_obj": "base"}


@pytest.mark.parametrize(
    "text",
    [
        "x = None\ndef f():\n    global x\n    x = 1\n",
        "x = []\ndef f():\n    return x\n",
        "def f():\n    pass\nf()\n",
        "1 // 0\n",
        "from time import time\ndef f():\n    return time()\n",
        "import nothing\n",
        "x = 1 if __name__ else 2\ndef f():\n    return x\n",
    ],
)
def test_what_a_body_does_at_import_it_still_does(link, text):
    assert link({"a.py": text}).static == set()


@pytest.mark.parametrize(
    "text",
    [
        "import a\na.x = 2\n",
        "import a\ndef f():\n    a.x = 2\n",
        "def f():\n    import a\n    a.x += 2\n",
        "def f():\n    from p import a\n    a.x = 2\n",
        "import p.a\ndef f():\n    p.a.x = 2\n",
    ],
)
def test_a_module_that_others_change_is_not_static(link, text):
    file = "p/a.py" if "p" in text.split() or "p.a" in text else "a.py"
    linker = link({file: "x = 1\ny = 2\ndef f():\n    return x\n", "b.py": text})
    dotted = file.removesuffix(".py").replace("/", ".")
    assert dotted not in linker.static
    assert linker.value(dotted, "x") is None
    assert linker.value(dotted, "y") == "MP_ROM_INT(2)"


def test_an_attribute_of_an_object_is_not_one_of_a_module(link):
    other = "class C:\n    def f(self):\n        self.x = self.a.z = 1\n"
    assert link({"a.py": "x = 1\n", "b.py": other}).static == {"a", "b"}


def test_circular_imports(link):
    linker = link(
        {
            "a.py": "import b\ndef f():\n    return b.g()\n",
            "b.py": "import a\nfrom a import f\ndef g():\n    return f\n",
        }
    )
    assert linker.static == {"a", "b"}
    assert linker.value("b", "f") == "MP_ROM_PTR(&rom_fun_a_f)"
    never = link(
        {
            "a.py": "from b import x\ndef f():\n    return x\n",
            "b.py": "from a import x\ndef f():\n    return x\n",
        }
    )
    assert never.static == set()


def test_a_static_module_needs_what_is_to_be_executed(link):
    linker = link(
        {
            "p/a.py": "from p import b\nfrom c import f\ndef g():\n    return b, f\n",
            "p/b.py": "import d\n",
            "c.py": "import d\nx = []\ndef f():\n    return x\n",
            "d.py": "print(1)\n",
        }
    )
    assert linker.static == {"p.a", "p.b"}
    assert linker.packages == {"p": ["a", "b"]}
    assert linker.needs("p.a") == ["d", "c"]
    assert linker.value("p", "b") == "MP_ROM_PTR(&rom_context_p_b)"
    assert linker.value("p", "nothing") is None


def test_a_package_with_a_body_is_needed_by_its_modules(link):
    linker = link({"p/__init__.py": "from . import a\n", "p/a.py": "def f():\n    pass\n"})
    assert linker.static == {"p.a"}
    assert linker.needs("p.a") == ["p"]


ATTEMPT = "try:\n    from c import C\nexcept ImportError:\n    C = None\ndef f():\n    return C\n"


def test_an_attempt_to_import(link):
    present = link({"a.py": ATTEMPT, "c.py": "class C:\n    pass\n"})
    assert present.value("a", "C") == "MP_ROM_PTR(&rom_type_c_C)"
    absent = link({"a.py": ATTEMPT})
    assert absent.value("a", "C") == "MP_ROM_NONE"
    assert link({"a.py": ATTEMPT}, closed=False).static == set()  # c.py may be a file


def test_classes_with_a_parent_in_c(link):
    text = (
        "class E(Exception):\n    pass\nclass F(E):\n    def __str__(self):\n        return ''\n"
    )
    linker = link({"a.py": text, "b.py": "from a import F\ndef f():\n    raise F\n"})
    assert linker.static == {"a", "b"}
    assert link({"a.py": "class E(Exception):\n" + INIT}).static == set()


def test_classes_of_one_name_are_not_equal():
    """Else the compiler, told to merge equal constants, makes one class of them."""
    module = """\
// frozen module %s
// - frozen file name: %s.py
static const byte fun_data_%s__lt_module_gt_[6] = {
    0x54, // LOAD_BUILD_CLASS
    0x32,0x00, // MAKE_FUNCTION 0
    0x10,0x01, // LOAD_CONST_STRING 'E'
    0x11,0x02, // LOAD_NAME 'Exception'
    0x34,0x03, // CALL_FUNCTION 3
    0x16,0x03, // STORE_NAME 'E'
    0x51, // LOAD_CONST_NONE
    0x63, // RETURN_VALUE
};
static const byte fun_data_%s_E[6] = {
    0x11,0x02, // LOAD_NAME '__name__'
    0x16,0x03, // STORE_NAME '__module__'
    0x10,0x01, // LOAD_CONST_STRING 'E'
    0x16,0x03, // STORE_NAME '__qualname__'
    0x51, // LOAD_CONST_NONE
    0x63, // RETURN_VALUE
};
static const mp_raw_code_t *const children_%s__lt_module_gt_[] = {
    (const mp_raw_code_t *)&proto_fun_%s_E,
};
static const mp_frozen_module_t frozen_module_%s = {
};
"""
    content = Content("".join(module.replace("%s", name) for name in ("a", "b")))
    lines = Emitter(content, {}, closed=True).lines()
    flags = [line.partition("flags = ")[2] for line in lines if ".flags = ROM_TYPE" in line]
    assert flags == ["ROM_TYPE_FLAGS,", "ROM_TYPE_FLAGS | ROM_TYPE_NAMESAKE(1),"]


INIT = "    def __init__(self):\n        super().__init__()\n"

POOL = """\
enum {
    MP_QSTR_gone = MP_QSTRnumber_of,
    MP_QSTR_kept,
};
const qstr_hash_t mp_qstr_frozen_const_hashes[] = {
    1,
    2,
};
const qstr_len_t mp_qstr_frozen_const_lengths[] = {
    4,
    4,
};
    2, // used entries
    (qstr_len_t *)mp_qstr_frozen_const_lengths,
    {
        "gone",
        "kept",
    },
};
MP_QSTR_kept, MP_QSTR_known, MP_QSTR___class__, // MP_QSTR_comment"""


def test_names_that_nobody_has_go_and_new_ones_come():
    lines = tidied(POOL.split("\n"), {"MP_QSTR_known"})
    assert lines[:4] == [
        "enum {",
        "    MP_QSTR___class__ = MP_QSTRnumber_of,",
        "    MP_QSTR_kept,",
        "};",
    ]
    assert lines[5:7] == ["    43,", "    2,"]  # the hash as MicroPython has it
    assert [line.strip() for line in lines[-5:-3]] == ['"__class__",', '"kept",']
    assert "    2, // used entries" in lines
