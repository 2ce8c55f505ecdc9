"""The names of MicroPython itself, and which of their texts its C sources want."""

import json
import re
from pathlib import Path
from typing import NamedTuple

from tools.names.sources import NamesError

_QDEF = re.compile(r'^QDEF([01])\((\w+), (\d+), (\d+), ("(?:[^"\\]|\\.)*")\)$')
_MARKER = re.compile(r'^#(?:line)?\s+\d+\s"([^"]+\.c)"')
_NAME = re.compile(r"\bMP_QSTR_\w+")
# What a name in front of which this stands is used for is done by number: a key of a table, an
# attribute that is looked up or compared, an argument's name.
_BY_NUMBER = re.compile(
    r"(?:"
    r"^ *\{ *(?:\(\(mp_obj_t\)\(\(\(\(mp_uint_t\)\(|MP_ROM_QSTR\()?"
    r"|\battr [!=]= "
    r"|\.attr = "
    r"|\bmp_load_(?:attr|method|method_maybe)\(.*, "
    r"|\bmp_(?:vfs_proxy_call|store_attr)\(.*, "
    r")$"
)


class Name(NamedTuple):
    """A name: its C identifier, hash and text."""

    identifier: str
    hash: int
    text: bytes


_ESCAPE = re.compile(rb"\\(?:x([0-9a-f]{2})|(.))")
_SIMPLE = {b"n": b"\n", b"r": b"\r", b"t": b"\t"}


def text_of(literal: str) -> bytes:
    """The bytes of a C string literal, as MicroPython's generators write them."""

    def one(match: re.Match[bytes]) -> bytes:
        return bytes([int(match[1], 16)]) if match[1] else _SIMPLE.get(match[2], match[2])

    return _ESCAPE.sub(one, literal[1:-1].encode())


def read_names(header: str) -> list[Name]:
    """The names of qstrdefs.generated.h, in the order of their numbers: QDEF0 come first."""
    names: tuple[list[Name], list[Name]] = ([], [])
    for line in header.splitlines():
        if match := _QDEF.match(line):
            names[int(match[1])].append(Name(match[2], int(match[3]), text_of(match[5])))
    return names[0] + names[1]


def uses_in_c(preprocessed: str) -> dict[str, dict[str, bool]]:
    """Per C file the identifiers of its names: True: for looking something up only."""
    uses: dict[str, dict[str, bool]] = {}
    current: dict[str, bool] = {}
    for line in preprocessed.splitlines():
        if marker := _MARKER.match(line):
            current = uses.setdefault(marker[1], {})
            continue
        for match in _NAME.finditer(line):
            by_number = _BY_NUMBER.search(line[: match.start()]) is not None
            current[match[0]] = by_number and current.get(match[0], True)
    return uses


def only_looked_up(folder: Path) -> set[str]:
    """Identifiers of names that the C files of an image have for nothing else; not those that
    stand in no C file, as some parts are not seen (MicroPython looks for names before all
    settings are known). `folder`: genhdr of the image's build.

    qstr.i.last holds only the C files that the last run of make found changed: what was found
    before is kept beside it.
    """
    known_path = folder / "names.json"
    known = json.loads(known_path.read_text()) if known_path.exists() else {}
    known |= uses_in_c((folder / "qstr.i.last").read_text(encoding="utf-8", errors="replace"))
    known_path.write_text(json.dumps(known, indent=0, sort_keys=True))
    files = {_mangled(file) for file in known}
    for path in sorted((folder / "qstr").glob("*.qstr")):
        if path.stem not in files:
            raise NamesError(path, 0, f"its source was not seen: remove {folder.parent}")
    uses = [use for names in known.values() for use in names.items()]
    return {name for name, _ in uses} - {name for name, by_number in uses if not by_number}


def _mangled(file: str) -> str:
    """As makeqstrdefs.py writes the name of a source."""
    for old, new in (("/", "__"), ("\\", "__"), (":", "@"), ("..", "@@")):
        file = file.replace(old, new)
    return file
