"""Bring the pool of names (qstrs) in frozen_content.c up to date with what is left of it.

A name that nobody refers to any more goes; a name that modules in ROM have and mpy-tool.py had no
reason to list comes.
"""

import ast
import re
from pathlib import Path

_NAME = re.compile(r"\bMP_QSTR_\w*")
_ENUM = "enum {"
_FIRST = " = MP_QSTRnumber_of"
_HASHES = "const qstr_hash_t mp_qstr_frozen_const_hashes[] = {"
_LENGTHS = "const qstr_len_t mp_qstr_frozen_const_lengths[] = {"
_STRINGS = "    (qstr_len_t *)mp_qstr_frozen_const_lengths,"


def built_in(build: Path) -> set[str]:
    """C names of the names that MicroPython itself has; `build` is where genhdr/ is."""
    path = build / "genhdr" / "qstrdefs.generated.h"
    return set(_NAME.findall(path.read_text())) if path.exists() else set()


def _hash(name: str, largest: int) -> int:
    """As MicroPython's qstr_compute_hash(); `largest` tells of how many bytes."""
    value = 5381
    for byte in name.encode():
        value = value * 33 ^ byte
    return value & (0xFF if largest <= 0xFF else 0xFFFF) or 1


def tidied(lines: list[str], known: set[str]) -> list[str]:
    """frozen_content.c with the names it needs; `known` are those that are elsewhere."""
    if _ENUM not in lines or _HASHES not in lines or not known:
        return lines
    tables = []
    for head in (_ENUM, _HASHES, _LENGTHS, _STRINGS):
        first = lines.index(head) + 1 + (head == _STRINGS)
        last = next(n for n in range(first, len(lines)) if lines[n].strip() in ("};", "},"))
        tables.append((first, last))
    columns = [[line.strip().removesuffix(",") for line in lines[a:b]] for a, b in tables]
    columns[0] = [name.removesuffix(_FIRST) for name in columns[0]]
    inside = {n for a, b in tables for n in range(a, b)}
    used = {
        name
        for n, line in enumerate(lines)
        if n not in inside
        for name in _NAME.findall(line.split("//")[0])
    }
    rows = [row for row in zip(*columns, strict=True) if row[0] in used]
    largest = max((int(value) for value in columns[1]), default=0)
    for name in used - known - set(columns[0]):
        text = name.removeprefix("MP_QSTR_")
        rows.append((name, str(_hash(text, largest)), str(len(text)), f'"{text}"'))
    rows.sort(key=lambda row: ast.literal_eval("b" + row[3]))
    out = list(lines)
    for column in (3, 2, 1, 0):  # from the last line to the first
        first, last = tables[column]
        entries = [f"    {row[column]}," for row in rows]
        if column == 0 and entries:
            entries[0] = f"    {rows[0][0]}{_FIRST},"
        if column == 3:
            entries = ["    " + entry for entry in entries]
        out[first:last] = entries
    return [_counted(line, len(rows)) for line in out]


def _counted(line: str, count: int) -> str:
    return f"    {count}, // used entries" if line.endswith("// used entries") else line
