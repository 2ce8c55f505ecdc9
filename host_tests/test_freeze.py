"""tools/freeze.py: constants are put in place of their names, and nothing else changes."""

import ast
from pathlib import Path, PurePosixPath

import pytest

from tools import freeze
from tools.inline import FreezeError, Source, read_constants

NAMES = """\
# constants
'Numbers of names.'
from micropython import const
A = 1
B = const(22)
MINUS = -3
"""


def source(target: str, text: str) -> Source:
    return Source(Path("firmware") / target, PurePosixPath(target), text)


def frozen(text: str, target: str = "block.py") -> str:
    tree, errors = freeze.prepare([source("tables/names.py", NAMES), source(target, text)])
    assert errors == []
    assert list(tree) == [PurePosixPath(target)], "modules of constants are not copied"
    return tree[PurePosixPath(target)]


def refused(text: str, *others: Source) -> str:
    sources = [source("tables/names.py", NAMES), source("block.py", text), *others]
    _, errors = freeze.prepare(sources)
    assert len(errors) == 1
    return str(errors[0])


def test_a_name_becomes_its_number_and_the_import_goes():
    assert (
        frozen("from tables.names import A, B\nprint(A, B, x.A)\n") == "pass\nprint(1, 22, x.A)\n"
    )


def test_text_without_constants_is_left_as_it_is():
    text = "# ä\nfrom tables_of_mine import A\nprint( A )\n"
    assert frozen(text) == text


def test_alias():
    assert frozen("from tables.names import A as FIRST\ny = FIRST + A\n") == "pass\ny = 1 + A\n"


def test_const_expressions():
    text = "from tables.names import A, B\n_X = const(A | B << 8)\n"
    assert frozen(text) == "pass\n_X = const(1 | 22 << 8)\n"


def test_a_negative_number_binds_tightly():
    assert eval(frozen("from tables.names import MINUS\n2 ** MINUS ** 2\n")[5:]) == 2**9


def test_lines_keep_their_numbers():
    text = "import x\nfrom tables.names import (\n    A,\n    B,\n)\n\nprint(A)\n"
    result = frozen(text)
    assert result.count("\n") == text.count("\n")
    assert result.split("\n")[6] == "print(1)"


def test_several_uses_in_a_line_after_other_alphabets():
    assert (
        frozen('from tables.names import A\nf("ä€", A, "😀", A); A\n')
        == 'pass\nf("ä€", 1, "😀", 1); 1\n'
    )


def test_code_behind_a_multi_line_import_is_refused():
    assert "on lines of its own" in refused("from tables.names import (A,\n  B); c = A\n")


def test_import_as_the_only_statement_of_a_block():
    result = frozen("def f():\n    from tables.names import A\n")
    ast.parse(result)
    assert result == "def f():\n    pass\n"


def test_relative_import():
    assert frozen("from .names import A\nA\n", "tables/other.py") == "pass\n1\n"
    assert frozen("from ..tables.names import A\nA\n", "blocks/other.py") == "pass\n1\n"


def test_strings_comments_and_keywords_stay():
    text = 'from tables.names import A\nf(A=A)  # A\n"A"\n'
    assert frozen(text) == 'pass\nf(A=1)  # A\n"A"\n'


def test_defaults_decorators_and_annotations_are_uses():
    assert (
        frozen("from tables.names import A\ndef f(x=A):\n    pass\n")
        == "pass\ndef f(x=1):\n    pass\n"
    )


@pytest.mark.parametrize(
    "shadow",
    [
        "A = 2",
        "A += 2",
        "del A",
        "def f(A):\n    pass",
        "lambda A: 1",
        "def A():\n    pass",
        "class A:\n    pass",
        "import A",
        "import y as A",
        "from y import A",
        "[1 for A in y]",
        "for A in y:\n    pass",
        "def f():\n    global A",
        "try:\n    pass\nexcept E as A:\n    pass",
        "with y as A:\n    pass",
    ],
)
def test_another_meaning_of_the_name_is_refused(shadow):
    message = refused("from tables.names import A\n" + shadow + "\n")
    assert message.startswith("firmware/block.py:")
    assert "A is an imported constant" in message


def test_a_name_that_does_not_exist():
    assert refused("x\nfrom tables.names import A, C\n") == (
        "firmware/block.py:2: tables.names has no constant C"
    )


def test_a_generated_module_that_does_not_exist():
    assert "block.py:1: there is no module tables.nothing" in refused(
        "from tables.nothing import A\n"
    )


@pytest.mark.parametrize(
    "text",
    ["import tables.names", "from tables import names", "from tables.names import *"],
)
def test_a_module_of_constants_can_not_be_imported_whole(text):
    assert refused(text + "\n").startswith("firmware/block.py:1: ")


def test_f_strings_are_refused():
    assert "f-string" in refused("from tables.names import A\nf'{A}'\n")


def test_two_values_for_one_name():
    other = source("tables/other.py", "# constants\nA = 9\n")
    assert "two values" in refused(
        "from tables.names import A\nfrom tables.other import A\n", other
    )


def test_a_constant_can_not_be_imported_second_hand():
    user = source("user.py", "from block import A\n")
    message = refused("from tables.names import A\nA\n", user)
    assert message.startswith("firmware/user.py:1: ")


@pytest.mark.parametrize(
    "line", ["X = 1.5", "X = b'a'", "X = Y", "X = True", "def f(): pass", "X, Y = 1, 2"]
)
def test_modules_of_constants_hold_only_numbers(line):
    with pytest.raises(FreezeError, match="holds only lines like"):
        read_constants(source("names.py", "# constants\n" + line + "\n"))


def test_syntax_errors_say_where():
    assert refused("x\ny z\n").startswith("firmware/block.py:2: syntax error")


def test_two_files_for_one_module():
    assert "two files" in refused("x\n", source("block.py", "y\n"))


def test_only_what_changed_is_written(tmp_path):
    tree = {PurePosixPath("a.py"): "1\n", PurePosixPath("b/c.py"): "2\n"}
    assert freeze.write(tmp_path, tree) == 2
    before = (tmp_path / "a.py").stat().st_mtime_ns
    tree[PurePosixPath("b/c.py")] = "3\n"
    (tmp_path / "old.py").write_text("")
    assert freeze.write(tmp_path, tree) == 2
    assert (tmp_path / "a.py").stat().st_mtime_ns == before
    assert (tmp_path / "b/c.py").read_text() == "3\n"
    assert not (tmp_path / "old.py").exists()


def test_roots_with_a_pattern_take_no_folders(tmp_path):
    (tmp_path / "deep").mkdir()
    for name in ("a.py", "deep/b.py", "c.txt"):
        (tmp_path / name).write_text("")
    assert [s.module for s in freeze.find(f"{tmp_path}=*.py")] == ["a"]
    assert [s.module for s in freeze.find(str(tmp_path))] == ["a", "deep.b"]


def test_every_error_is_told_and_good_modules_are_kept():
    texts = {"a.py": "x", "b.py": "from tables.names import X", "c.py": "y z"}
    sources = [source(target, text + "\n") for target, text in texts.items()]
    tree, errors = freeze.prepare([source("tables/names.py", NAMES), *sources])
    assert list(tree) == [PurePosixPath("a.py")]
    assert [str(error).split(":")[0] for error in errors] == ["firmware/b.py", "firmware/c.py"]


def test_what_a_program_does_not_import_is_left_out():
    sources = [
        source("main.py", "from a.b import c\n"),
        source("a/b.py", "def f():\n    import d\n    from . import e\n"),
        source("d.py", ""),
        source("a/e.py", "import nothing_of_ours\n"),
        source("a/f.py", "from a import b\nfrom tables.names import NOBODY\n"),
        source("a/__init__.py", ""),
    ]
    frozen, errors = freeze.prepare(sources, start="main")
    assert sorted(map(str, frozen)) == ["a/__init__.py", "a/b.py", "a/e.py", "d.py", "main.py"]
    assert errors == [], "nor is told what is wrong with it"
    frozen, errors = freeze.prepare(sources)
    assert len(frozen) == 5 and len(errors) == 1, "all but what is wrong"


@pytest.mark.parametrize("number, kept", [(0, False), (1, True), (22, True)])
def test_a_module_may_depend_on_a_constant(number, kept):
    chosen = source("tables/chosen.py", f"# constants\nROOM = {number}\n")
    room = source("room.py", "# when tables.chosen.ROOM\nx = 1\n")
    tree, errors = freeze.prepare([chosen, room])
    assert errors == []
    assert (PurePosixPath("room.py") in tree) is kept


def test_a_module_that_depends_on_nothing_is_refused():
    room = source("room.py", "# when tables.chosen.ROOM\nx = 1\n")
    _, errors = freeze.prepare([room])
    assert str(errors[0]) == "firmware/room.py:1: there is no constant tables.chosen.ROOM"
