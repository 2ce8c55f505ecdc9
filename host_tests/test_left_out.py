"""A functional block that is left out leaves nothing: neither code nor messages, names, variables;
and all the rest is made without it.
"""

import functools
import json
from pathlib import Path

import pytest

from tools.blocks.declaration import read_all
from tools.blocks.joins import constants
from tools.blocks.product import read, write
from tools.products import BuildError, left_out, prepare

ROOT = Path(__file__).resolve().parents[1]
BLOCKS = {block.name: block for block in read_all(ROOT / "firmware" / "blocks")}
LEFT_OUT = left_out()


class Made:
    """What the build makes of a product, short of compiling it.

    Args:
        more: what its file says besides that of `all`.
    """

    def __init__(self, more: str, out: Path):
        file = out / "some.txt"
        text = (ROOT / "boards" / "products" / "all.txt").read_text(encoding="utf-8")
        file.write_text(f"{text}{more}\n", encoding="utf-8")
        gen = out / "gen"
        write(read(file, ROOT), gen)
        self.tables = gen / "tables"
        self.frozen = out / "frozen"
        prepare(out)
        self.modules = {
            path.relative_to(self.frozen).as_posix(): path.read_text(encoding="utf-8")
            for path in self.frozen.rglob("*.py")
        }
        self.parts = (gen / "parts.py").read_text(encoding="utf-8")
        self.hooks = json.loads((gen / "hooks.json").read_text(encoding="utf-8"))

    def constants(self, file: str) -> dict[str, int]:
        return constants(self.tables / file)

    def actions(self) -> set[str]:
        """Constants of the messages that the tables know."""
        layout = self.constants("layout.py")
        actions = range(layout["FIRST_ACTION"], layout["FIRST_OTHER"])
        return {name for name, number in self.constants("names.py").items() if number in actions}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return Made("", tmp_path_factory.mktemp("whole"))


@pytest.fixture(scope="module")
def without(tmp_path_factory):
    """callable(block): what is made without it, and without those that need it."""

    @functools.cache
    def make(block: str) -> Made:
        gone = " ".join(sorted(LEFT_OUT[block]))
        return Made(f"without {gone}", tmp_path_factory.mktemp(block))

    return make


def declared(blocks: set[str], section: str) -> list[str]:
    return [line for name in blocks for _, line in BLOCKS[name].sections.get(section, ())]


@pytest.mark.parametrize("block", sorted(LEFT_OUT))
def test_a_block_that_is_left_out_leaves_nothing(block, without, whole):
    made = without(block)
    blocks = LEFT_OUT[block]
    folders = tuple(f"blocks/{name}/" for name in blocks)
    theirs = {name for name in whole.modules if name.startswith(folders)}
    code = [path for folder in folders for path in (ROOT / "firmware" / folder).glob("*.py")]
    assert len(theirs) == len(code)
    gone = whole.modules.keys() - made.modules.keys()
    assert theirs <= gone <= theirs | {"storage/journal.py"}, "and what only they have used"
    parts = {line.split()[1] for line in declared(blocks, "block") if line.startswith("part ")}
    text = made.parts + json.dumps(made.hooks)
    assert not [part for part in parts if f"self.{part}" in text or f" {part} = " in text]
    messages = {line.split(":")[0].split()[1] for line in declared(blocks, "messages")}
    lost = whole.actions() - made.actions()
    assert {name.replace("_", "") for name in lost} == {
        name.removesuffix("Request").upper() for name in messages if name.endswith("Request")
    }
    lost = whole.constants("variables.py").keys() - made.constants("variables.py").keys()
    lines = declared(blocks, "variables")
    assert len(lost) == sum(not line.startswith(("component ", "define ")) for line in lines)


def test_without_transactions_nothing_keeps_events(without, whole):
    """The journal is a part of theirs, of another room: nobody else comes to it."""
    assert "storage/journal.py" in whole.modules
    assert "storage/journal.py" not in without("transactions").modules


def test_a_question_that_nobody_answers_any_more_is_a_constant(without, whole):
    with_it = whole.modules["charging/charging.py"]
    assert "known = self.partners.cache.known(grant)" in with_it
    made = without("authorization").modules["charging/charging.py"]
    assert "known = False" in made and "if not None:  # C10.FR.03" in made
    assert "authorization." not in made


def test_a_variable_of_a_block_that_is_left_out_is_told(tmp_path):
    """Who reads it says so; there is no charger that fails for it."""
    block = tmp_path / "blocks" / "lamp"
    block.mkdir(parents=True)
    (block / "block.txt").write_text("# A lamp.\n[block]\npart lamp = lamp.Lamp()\n")
    code = block / "lamp.py"
    code.write_text("from tables.variables import EVSE_ALLOW_RESET\n\n\nclass Lamp:\n    pass\n")
    with pytest.raises(BuildError) as caught:
        Made("blocks_from blocks\nblocks lamp\nwithout reset", tmp_path)
    wrong = (
        f"{code}:1: tables.variables has no constant EVSE_ALLOW_RESET; declare it where it is read"
    )
    assert wrong in str(caught.value)
