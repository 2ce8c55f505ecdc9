"""tools/schema/pieces.py and firmware/native/wire/names.c: wire names as pieces."""

import sys

import pytest
import tables.names
from conftest import ROOT
from messages import SCHEMAS

from wire.names import name, name_id

sys.path.append(str(ROOT / "tools" / "schema"))

from pieces import EVERY, LETTERS, MOST, Pieces, PiecesError

NAMES = sorted(set(SCHEMAS.properties) | set(SCHEMAS.actions) | set(SCHEMAS.values))
IDS = sorted({value for key, value in vars(tables.names).items() if key.isupper()})


def taken_apart(pieces):
    """The texts, by the tables alone."""
    places = pieces.places()
    codes = pieces.codes()
    for i in range(len(pieces.texts)):
        first = i // EVERY * EVERY
        lengths = [(pieces.lengths()[n // 2] >> n % 2 * 4 & 15) + 1 for n in range(first, i + 1)]
        at = pieces.starts()[i // EVERY] + sum(lengths[:-1])
        found = [places[code] for code in codes[at : at + lengths[-1]]]
        yield "".join(pieces.letters[p % LETTERS :][: p // LETTERS + 1] for p in found)


def test_names_come_back_from_the_tables():
    pieces = Pieces(NAMES)
    assert list(taken_apart(pieces)) == NAMES
    assert sum(pieces.size()) < 0.65 * sum(map(len, NAMES))


@pytest.mark.parametrize("texts", [["a"], ["abc", "ab", "a", "b"], ["x" * 40] * 3 + ["xy"]])
def test_small_sets_come_back(texts):
    assert list(taken_apart(Pieces(texts))) == texts


def test_a_text_unlike_the_others_is_refused():
    unlike = "".join(chr(ord("a") + i) for i in range(MOST + 1))
    with pytest.raises(PiecesError, match="takes 17 codes"):
        Pieces([unlike])


def test_an_empty_text_is_refused():
    with pytest.raises(PiecesError, match="takes 0 codes"):
        Pieces(["a", ""])


def test_every_name_id_has_its_name_and_back():
    found = [name(i) for i in IDS]
    assert len(set(found)) == len(found) == IDS[-1]
    assert {n.encode() for n in NAMES} <= set(found)
    assert [name_id(text) for text in found] == IDS


@pytest.mark.parametrize(
    "text", [b"", b"A\0", b"zzz", b"Accepte", b"AcceptedX", b"\xff", b"x" * 300]
)
def test_what_is_no_name_has_no_id(text):
    assert name_id(text) == 0
