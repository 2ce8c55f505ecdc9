"""Texts by pieces that many of them have, so that they take little ROM: a code, a byte, a piece.

README.md has the format, firmware/native/wire/names.c reads it. Candidates are found as in byte
pair encoding; then those go without which the texts grow least. The result is small, not the
smallest.
"""

import itertools
from collections import Counter

CODES = 256
CANDIDATES = 320
MOST = 16  # codes of a text, letters of a piece: less one, kept in 4 bits
LETTERS = 4096  # of all pieces: a place among them is kept in 12 bits
EVERY = 4  # texts from one entry of starts() to the next


class PiecesError(Exception):
    """A text that does not fit the format."""


class Pieces:
    """`pieces` (sorted), `letters`, of which each is a part, and `texts`, the codes of each."""

    def __init__(self, texts):
        self.pieces = sorted(_fewer(texts, _candidates(texts)))
        self.letters = _joined(self.pieces)
        number = {piece: code for code, piece in enumerate(self.pieces)}
        self.texts = [bytes(map(number.get, _parted(text, number))) for text in texts]
        for text, codes in zip(texts, self.texts, strict=True):
            if not 1 <= len(codes) <= MOST:
                raise PiecesError("%s: takes %d codes" % (text, len(codes)))
        if len(self.pieces) > CODES or len(self.letters) > LETTERS:
            raise PiecesError("too many different letters")

    def places(self):
        """Where each piece is in `letters`, its length less one in the upper 4 bits."""
        return [self.letters.index(piece) | len(piece) - 1 << 12 for piece in self.pieces]

    def codes(self):
        """All texts in a row."""
        return b"".join(self.texts)

    def starts(self):
        """Where every EVERY-th text begins in codes()."""
        starts = itertools.accumulate(map(len, self.texts[:-1]), initial=0)
        return list(starts)[::EVERY]

    def lengths(self):
        """Codes of each text, less one: 4 bits, the lower ones first."""
        short = [len(codes) - 1 for codes in self.texts] + [0]
        return bytes(a | b << 4 for a, b in zip(short[0::2], short[1::2], strict=False))

    def size(self):
        """Bytes of the texts and of the way to them."""
        texts = len(self.letters) + 2 * len(self.pieces) + len(self.codes())
        return texts, len(self.lengths()) + 2 * len(self.starts())


def _candidates(texts):
    """All letters, and the pieces that come from joining the most frequent neighbours."""
    pieces = set("".join(texts))
    parted = [list(text) for text in texts]
    while len(pieces) < CANDIDATES:
        counts = Counter(itertools.chain.from_iterable(map(itertools.pairwise, parted)))
        counts = {p: n for p, n in counts.items() if n > 1 and len(p[0] + p[1]) <= MOST}
        if not counts:
            break
        pair = min(counts, key=lambda p: (-counts[p], p))
        pieces.add("".join(pair))
        parted = [_with_pair(one, pair) for one in parted]
    return pieces


def _with_pair(parted, pair):
    result = []
    for piece in parted:
        if result and (result[-1], piece) == pair:
            result[-1] += piece
        else:
            result.append(piece)
    return result


def _fewer(texts, pieces):
    """CODES of them at most, none unused but letters."""
    while True:
        uses = Counter(itertools.chain.from_iterable(_parted(text, pieces) for text in texts))
        spare = {piece for piece in pieces if len(piece) > 1 and not uses[piece]}
        over = len(pieces) - CODES
        if not spare and over > 0:
            loss = {p: _loss(p, uses[p], pieces) for p in pieces if len(p) > 1}
            spare = set(sorted(loss, key=lambda p: (loss[p], p))[: max(1, over // 4)])
        if not spare:
            return pieces
        pieces = pieces - spare


def _loss(piece, uses, pieces):
    """Bytes that the texts grow by without it, less what it takes among the letters (a guess)."""
    return uses * (len(_parted(piece, pieces - {piece})) - 1) - 0.7 * len(piece)


def _parted(text, pieces):
    """The text as the fewest pieces."""
    best = {len(text): (0, 0)}  # from there on: how many, the length of the first
    for at in reversed(range(len(text))):
        ends = range(at + 1, min(at + MOST, len(text)) + 1)
        best[at] = min((1 + best[end][0], end - at) for end in ends if text[at:end] in pieces)
    result = []
    at = 0
    while at < len(text):
        result.append(text[at : at + best[at][1]])
        at += best[at][1]
    return result


def _joined(pieces):
    """A short text that has all of them."""
    left = sorted(p for p in pieces if not any(p != q and p in q for q in pieces))
    while len(left) > 1:
        shared, a, b = max(
            ((_overlap(a, b), a, b) for a in left for b in left if a != b), key=lambda s: s[0]
        )
        left.remove(a)
        left.remove(b)
        left.insert(0, a + b[shared:])
    return "".join(left)


def _overlap(a, b):
    """How many letters at the end of a are the beginning of b."""
    return next(n for n in range(min(len(a), len(b)), -1, -1) if a.endswith(b[:n]))
