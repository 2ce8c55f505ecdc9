"""tools/names and firmware/native/names.c: which names keep their texts, and how."""

import subprocess
from pathlib import Path

import pytest

from tools.blocks import declaration
from tools.names.__main__ import lay_out, read_sources
from tools.names.content import Content, decoded, djb2, encoded
from tools.names.image import listing, tables
from tools.names.micropython import Name, only_looked_up, read_names, uses_in_c
from tools.names.prelude import PreludeError, without_names
from tools.names.shared import REACH, joined
from tools.names.sources import NamesError, Sources
from tools.readable_log import Names

ROOT = Path(__file__).resolve().parents[1]
VM = ["", "", "append", "utf-8", "_private", "main"]
# Functions, arguments and texts of a module, as mpy-tool.py writes them.
SOURCE = '''\
"""A small module."""


class Point:
    def move(self, distance, unit=1):
        self.place = distance
        return "a message"


def far(point):
    point.move(2, unit=3)
    return getattr(point, "place"), "%s of a text that is long enough for an object"
'''
TEXTS = {"message": "a message"}  # others are as their entries


def vm_names():
    idents = ["MP_QSTRnull", "MP_QSTR_", *(f"MP_QSTR_{t.replace('-', '_')}" for t in VM[2:])]
    hashes = [0, 5, *(djb2(t.encode()) for t in VM[2:])]
    return [Name(*row) for row in zip(idents, hashes, (t.encode() for t in VM), strict=True)]


def frozen(native=False):
    """frozen_content.c of SOURCE, with what the names step reads."""
    entries = "small.py <module> Point move self distance message place unit far orphan".split()
    texts = {entry: TEXTS.get(entry, entry) for entry in entries}
    idents = [f"MP_QSTR_{entry.replace('.', '_dot_').strip('<>')}" for entry in entries]
    table = [ident for ident in idents if ident != "MP_QSTR_far"]
    long_text = "".join(
        f"\\x{byte:02x}" for byte in b"%s of a text that is long enough for an object"
    )
    return "\n".join(
        [
            "enum {",
            f"    {idents[0]} = MP_QSTRnumber_of,",
            *(f"    {ident}," for ident in idents[1:]),
            "};",
            "const qstr_hash_t mp_qstr_frozen_const_hashes[] = {",
            *(f"    {djb2(text.encode())}," for text in texts.values()),
            "};",
            "const qstr_pool_t mp_qstr_frozen_const_pool = {",
            "    &mp_qstr_const_pool, // previous pool",
            "    {",
            *(f'        "{text}",' for text in texts.values()),
            "    },",
            "};",
            "// frozen module small",
            "// - frozen file name: small.py",
            *(["// frozen native code for file small.py, scope x"] if native else []),
            "static const byte fun_data_small_move[13] = {",
            "    0x2b,0x0c, // prelude",
            "    0x03,0x04,0x05,0x08, // names: move, self, distance, unit",
            "    0x40,0x26, // code info",
            "    0x18,0x07, // STORE_ATTR 'place'",
            "    0x10,0x06, // LOAD_CONST_STRING 'a message'",
            "    0x63, // RETURN_VALUE",
            "};",
            "static const byte fun_data_small_far[12] = {",
            "    0x29,0x08, // prelude",
            "    0x09,0x04, // names: far, point",
            "    0x60,0x40, // code info",
            "    0x14,0x80,0x03, // LOAD_METHOD 'move'",
            "    0x10,0x08, // LOAD_CONST_STRING 'unit'",
            "    0x23,0x00, // LOAD_CONST_OBJ 0",
            "};",
            "static const mp_obj_str_t const_obj_small_0 ="
            f' {{{{&mp_type_str}}, 1, 46, (const byte*)"{long_text}"}};',
            f"static const qstr_short_t const_qstr_table_data_small[{len(table)}] = {{",
            *(f"    {ident}," for ident in table),
            "};",
            "    MP_ROM_PTR(&const_obj_small_0),",
            "    { MP_ROM_QSTR(MP_QSTR_far), MP_ROM_PTR(&rom_fun_small_far) },",
            "    .name = MP_QSTR_Point, .slot_index_make_new = 1,",
        ]
    )


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "small.py").write_text(SOURCE)
    return tmp_path


def image_of(folder, native=False):
    content = Content(frozen(native))
    sources = read_sources(content, [folder])
    return content, lay_out(content, vm_names(), {"MP_QSTR_append"}, sources), sources


def texts(names):
    return [name.text.decode() for name in names]


def test_keeps_what_can_be_read_or_asked_for(folder):
    _, image, _ = image_of(folder)
    assert sorted(texts(image.texts)) == [
        "%s of a text that is long enough for an object",
        "Point",  # a class
        "a message",
        "place",  # getattr() has it as a string
        "small",  # a module
    ]
    assert sorted(texts(image.anonymous)) == ["far", "move", "unit"]


def test_micropythons_own_go_where_c_only_looks_them_up(folder):
    _, image, _ = image_of(folder)
    assert "MP_QSTR_append" not in image.with_text
    assert {"MP_QSTR_utf_8", "MP_QSTR__private", "MP_QSTR_main"} <= image.with_text


def test_tables_of_modules_shrink_to_what_is_named(folder):
    content, _, _ = image_of(folder)
    (module,) = content.modules
    assert module.table == [
        "MP_QSTR_module_0_",  # small, in place of small.py and of functions' and arguments' names
        "MP_QSTR_message",
        "MP_QSTR_move",
        "MP_QSTR_place",
        "MP_QSTR_unit",  # a call names this argument
    ]
    assert "    0x18,0x03, // STORE_ATTR 'place'" in content.lines
    assert "    0x14,0x80,0x02, // LOAD_METHOD 'move'" in content.lines
    assert "#define const_qstr_table_data_small names_of_modules[0]" in content.lines
    text = content.with_names([])
    assert "static const qstr_short_t names_of_modules[5] = {\n    MP_QSTR_module_0_," in text


def test_names_of_arguments_that_nobody_looks_up_are_left_out(folder):
    content, _, _ = image_of(folder)
    lines = content.lines
    at = lines.index("static const byte fun_data_small_far[11] = {")
    assert lines[at + 1 : at + 4] == [
        "    0x29,0x06, // prelude",  # one byte less of names and lines
        "    0x00, // names: far, point",
        "    0x60,0x40, // code info",
    ]
    at = lines.index("static const byte fun_data_small_move[14] = {")
    assert lines[at + 1 : at + 3] == [  # a call has unit=
        "    0x2b,0x0e, // prelude",
        "    0x80,0x00,0x03,0x03,0x04, // names: move, self, distance, unit",  # 3: no argument's
    ]


def test_tables_of_modules_share_what_they_have_in_common():
    tables = {
        "a": ["a.py", "open", "close", "only_a"],
        "b": ["b.py", "close", "open"],
        "c": ["c.py", "only_c", "open"],
    }
    array, places = joined(tables, 1)
    for module, (own, *names) in tables.items():
        table = array[places[module] :]
        assert table[0] == own
        assert set(names) <= set(table[:REACH])
    assert sorted(array) == ["a.py", "b.py", "c.py", "close", "only_a", "only_c", "open"]
    assert joined(tables, 1) == (array, places)


def test_tables_of_constants_have_no_head():
    tables = {"a": ["x", "y", "x"], "b": ["y"], "c": ["z"]}
    array, places = joined(tables)
    assert sorted(array) == ["x", "y", "z"]
    assert array[places["b"]] == "y"


def test_what_is_too_far_away_stands_in_the_array_again():
    tables = {
        "a": ["a.py", *(f"a{n}" for n in range(100)), "far", "near"],
        "b": ["b.py", *(f"b{n}" for n in range(60)), "near", "far"],
    }
    array, places = joined(tables, 1)
    for module, (own, *names) in tables.items():
        table = array[places[module] :]
        assert table[0] == own
        assert set(names) <= set(table[:REACH])
    assert len(array) == 164  # near and far begin a's table


@pytest.mark.parametrize(
    ("prelude", "names", "short"),
    [
        ([0x29, 0x82, 0x02], [[0], [0]], ([0x29, 0x80, 0x02], [0])),  # 65 bytes, then 64
        ([0x29, 0x80, 0x02], [[0], [0]], ([0x29, 0x7E], [0])),  # 64 bytes, then 63
        ([0x2B, 0x0D], [[0], [0], [0], [0]], ([0x2B, 0x07], [0])),  # with a cell
        ([0xA8, 0x04, 0x10], [[0]] * 5, ([0xA8, 0x04, 0x08], [0])),  # four arguments
        ([0xA9, 0x08, 0x10], [[0]] * 3, ([0xA9, 0x08, 0x16], [0x80, 0] * 3)),  # by keyword only
        ([0x29, 0x08], [[0], [0x81, 0]], ([0x29, 0x0A], [0x80, 0, 0x81, 0])),
    ],
)
def test_heads_of_functions(prelude, names, short):
    assert without_names(prelude, names) == short


def test_the_place_of_an_argument_that_nobody_looks_for():
    assert without_names([0x2A, 0x0A], [[0], [0], [2]], 7) == ([0x2A, 0x0C], [0x80, 0, 7, 2])


def test_a_head_that_is_not_understood():
    with pytest.raises(PreludeError, match="3 names"):
        without_names([0x29, 0x08], [[0], [0], [0]])
    with pytest.raises(PreludeError, match="size"):
        without_names([0x29, 0x08, 0x08], [[0], [0]])


def test_tables_of_constants_are_joined():
    table = [
        "static const mp_rom_obj_t const_obj_table_data_small[2] = {",
        "    MP_ROM_INT(700),",
        "    MP_ROM_PTR(&rom_fun_small_far),",
        "};",
        "        .obj_table = (mp_obj_t *)&const_obj_table_data_small,",
    ]
    content = Content("\n".join([frozen(), *table]))
    content.join_constants()
    array = ["    MP_ROM_INT(700),", "    MP_ROM_PTR(&rom_fun_small_far),"]
    text = content.with_names([])
    end = "static const mp_rom_obj_t constants_of_modules[2] = {\n" + "\n".join(array)
    assert text.endswith(end + "\n};\n")
    assert "#define const_obj_table_data_small constants_of_modules[0]" in text
    assert table[0] not in text
    assert "    0x23,0x00, // LOAD_CONST_OBJ 0" in text


def test_tables_that_machine_code_uses_stay(folder):
    content, _, _ = image_of(folder, native=True)
    assert len(content.modules[0].table) == 10
    assert "    0x14,0x80,0x03, // LOAD_METHOD 'move'" in content.lines


def test_string_objects_become_names(folder):
    content, _, _ = image_of(folder)
    text = "\n".join(content.lines)
    assert "const_obj_small_0" not in text
    assert "    MP_ROM_QSTR(MP_QSTR_text_0_)," in text


def test_is_deterministic(folder):
    first = [tables(image) + [listing(image, s)] for _, image, s in [image_of(folder)]]
    again = [tables(image) + [listing(image, s)] for _, image, s in [image_of(folder)]]
    assert first == again


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("def f(o, n):\n    return getattr(o, n)\n", "a name that is computed"),
        ("def f(o, n):\n    delattr(o, 'x' + n)\n", "a name that is computed"),
        ("def f(**k):\n    pass\n", r"\*\*, by which"),
        ("def f(g, d):\n    g(**d)\n", r"\*\* in a call"),
        ("def f(o):\n    return dir(o)\n", r"dir\(\)"),
        ("def f(o):\n    return o.__dict__\n", "__dict__"),
        ("def f(n):\n    return globals()[n]\n", r"globals\(\)\[...\]"),
    ],
)
def test_refuses_what_can_not_be_decided(text, problem):
    with pytest.raises(NamesError, match=f"small.py:[12]: {problem}"):
        Sources().add("small.py", text)


def test_refuses_format_strings_beside_machine_code():
    Sources().add("small.py", "def f(x):\n    return f'{x}'\n")
    with pytest.raises(NamesError, match="f-string"):
        Sources().add("small.py", "def f(x):\n    return f'{x}'\n", is_native=True)


@pytest.mark.parametrize(
    ("text", "computed"),
    [
        ("def f(o):\n    return getattr(o, 'x', 0)\n", set()),
        ("def __getattr__(name):\n    return getattr(o, name)\n", set()),
        ("class A:\n    def __getattr__(self, n):\n        return getattr(o, n)\n", set()),
        ("def f(o, n):\n    # names: a, b_c\n    return getattr(o, n)\n", {"a", "b_c"}),
        ("def f(o, n):\n    # names: of modules\n    delattr(o, n)\n", set()),
        ("def __getattr__(n):\n    globals()[n] = 1\n", set()),
    ],
)
def test_takes_names_that_are_known(text, computed):
    sources = Sources()
    sources.add("small.py", text)
    assert sources.computed == computed


def test_a_declared_name_must_exist(folder):
    (folder / "small.py").write_text(
        "def f(o, n):\n    # names: nobody\n    return getattr(o, n)\n"
    )
    with pytest.raises(NamesError, match="nothing has the name nobody"):
        image_of(folder)


def test_the_device_model_declares_what_its_variables_ask_the_board_for():
    """A variable with `from=.name` asks for an attribute of the board by a text."""
    lines = [
        line for path in ROOT.glob("firmware/*/variables.txt") for line in declaration.lines(path)
    ]
    for block in declaration.read_all(ROOT / "firmware/blocks"):
        lines += block.sections.get("variables", [])
    words = [word for _, line in lines for word in line.split()]
    asked = {word.removeprefix("from=.") for word in words if word.startswith("from=.")}
    sources = Sources()
    sources.add("model.py", (ROOT / "firmware/device_model/model.py").read_text())
    assert asked
    assert sources.computed == asked


def test_c_code_wants_texts_of_values_only():
    uses = uses_in_c(
        '# 1 "py/a.c"\n'
        "    { ((mp_obj_t)((((mp_uint_t)(MP_QSTR_key)) << 3) | 2)),"
        " ((mp_obj_t)((((mp_uint_t)(MP_QSTR_value)) << 3) | 2)) },\n"
        "    if (attr == MP_QSTR_start) {\n"
        "        { MP_QSTR_argument, MP_ARG_INT, {.u_int = 0} },\n"
        '# 1 "py/b.h"\n'
        "    mp_load_method(o, MP_QSTR_append, dest);\n"
        '# 7 "py/c.c"\n'
        "    return MP_QSTR_start;\n"
    )
    assert uses == {
        "py/a.c": {
            "MP_QSTR_key": True,
            "MP_QSTR_value": False,
            "MP_QSTR_start": True,
            "MP_QSTR_argument": True,
            "MP_QSTR_append": True,
        },
        "py/c.c": {"MP_QSTR_start": False},
    }


def test_remembers_files_that_did_not_change(tmp_path):
    (tmp_path / "qstr").mkdir()
    for name in ("py__a.c", "py__b.c"):
        (tmp_path / "qstr" / f"{name}.qstr").write_text("Q(x)\n")
    last = tmp_path / "qstr.i.last"
    last.write_text('# 1 "py/a.c"\n    if (attr == MP_QSTR_x) {\n')
    with pytest.raises(NamesError, match="py__b.c"):
        only_looked_up(tmp_path)
    last.write_text('# 1 "py/b.c"\n    lookup.attr = MP_QSTR_x;\n    f(MP_QSTR_y);\n')
    assert only_looked_up(tmp_path) == {"MP_QSTR_x"}


def test_names_are_numbered_as_in_qstr_h():
    header = (
        'QDEF0(MP_QSTR_a, 1, 1, "a")\n'
        'QDEF1(MP_QSTR_b, 2, 1, "\\x0a")\n'
        'QDEF0(MP_QSTR_c, 3, 0, "")\n'
    )
    assert [name.text for name in read_names(header)] == [b"a", b"", b"\n"]


@pytest.mark.parametrize(("value", "size"), [(0, 1), (127, 1), (5, 2), (300, 2), (300, 3)])
def test_numbers_of_bytecode(value, size):
    assert decoded([*encoded(value, size), "0x7f"]) == (value, size)


def test_a_log_becomes_readable(folder):
    _, image, sources = image_of(folder)
    names = Names(listing(image, sources).splitlines())
    number = len(VM) + [name.text for name in image.numbered()].index(b"move")
    assert names.readable(f"no ~{number} here, ~9999\n") == "no move here, ~9999\n"
    frame = '  File "small", line %d, in small\n'
    assert names.readable(frame % 6) == '  File "small.py", line 6, in Point.move\n'
    assert names.readable(frame % 1) == '  File "small.py", line 1, in <module>\n'
    assert names.readable('  File "other", line 1, in x\n') == '  File "other", line 1, in x\n'


STUBS = {
    "py/qstr.h": """
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
typedef size_t qstr;
typedef unsigned char byte;
typedef size_t mp_uint_t;
#define MICROPY_QSTR_BYTES_IN_HASH 1
enum { MP_QSTRnull, MP_QSTR_, MP_QSTRnumber_of = 6 };
size_t qstr_compute_hash(const byte *data, size_t len);
""",
    "py/runtime.h": """
#define MP_REGISTER_ROOT_POINTER(x) static x
#define MP_STATE_VM(x) x
#define m_malloc malloc
""",
    "main.c": """
#include <stdio.h>
#include <string.h>
#include "firmware/native/names.c"
#include "tables.c"
size_t qstr_compute_hash(const byte *data, size_t len) {
    size_t hash = 5381;
    while (len--) { hash = hash * 33 ^ *data++; }
    return hash & 0xff ? hash & 0xff : 1;
}
int main(int argc, char **argv) {
    __wrap_qstr_init();
    for (int i = 1; i < argc; i++) {
        size_t len;
        qstr q = __wrap_qstr_from_str(argv[i]);
        const char *text = (const char *)__wrap_qstr_data(q, &len);
        size_t hash = q == 1 ? 5 : qstr_compute_hash((const byte *)text, len);
        bool equal = __wrap_qstr_hash(q) == hash;
        printf("%d %.*s %d\\n", (int)q, (int)len, text, equal && __wrap_qstr_len(q) == len);
    }
    for (qstr q = 2; q < names.end; q++) { printf("%s ", __wrap_qstr_str(q)); }
    // Heads of functions: left out, a name of two bytes that is 0, of two bytes, of one.
    const byte heads[] = { 0, 0x60, 0x80, 0, 0x81, 0, 3 };
    const int at[] = { 0, 2, 4, 6 };
    for (int i = 0; i < 4; i++) {
        printf("%s%d", i ? " " : "\\n", (int)(__wrap_mp_decode_uint_skip(heads + at[i]) - heads));
    }
    return 0;
}
""",
}


def test_the_c_side(folder):
    """names.c, compiled for this machine, over the tables of a small image."""
    _, image, _ = image_of(folder)
    (folder / "py").mkdir()
    for name, text in STUBS.items():
        (folder / name).write_text(text)
    (folder / "tables.c").write_text("\n".join(tables(image)))
    flags = ["-std=gnu11", "-Wall", "-Werror", f"-I{folder}", f"-I{ROOT}"]
    subprocess.run(["gcc", *flags, folder / "main.c", "-o", folder / "main"], check=True)
    asked = ["", "utf-8", "Point", "append", "later", "a message", "move", "append", "later"]
    done = subprocess.run([folder / "main", *asked], check=True, capture_output=True, text=True)
    *found, shown, skipped = done.stdout.splitlines()
    assert skipped == "0 4 6 7"
    assert found == [
        "1  1",
        "3 utf-8 1",
        "10 Point 1",
        "14 append 1",  # not to be found by its text: a new name
        "15 later 1",
        "11 a message 1",
        "16 move 1",
        "14 append 1",
        "15 later 1",
    ]
    assert shown.split("~")[0] == ""
    assert shown.startswith("~2 utf-8 _private main ~6 ~7 ~8 %s of a text")
