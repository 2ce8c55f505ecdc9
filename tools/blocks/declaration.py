"""Reads what functional blocks declare: the sections of firmware/blocks/*/block.txt.

The format is in firmware/blocks/README.md.
"""

import json
import re
from pathlib import Path
from typing import NamedTuple

FILE = "block.txt"
SECTIONS = ("block", "messages", "variables")  # in this order
# OCPP's certification profiles, as host_tests/conformance/cases.csv has them.
PROFILES = (
    *("Core", "Advanced Security", "Local Authorization List Management", "Smart Charging"),
    *("Advanced Device Management", "Advanced User Interface", "Reservation"),
    "ISO 15118 Support",
)
_KNOWN = ", ".join(f"[{name}]" for name in SECTIONS)
_ORDER = f"each stands there once at most, in this order: {_KNOWN}"
_USE_CASE = re.compile(r"[A-P](?:0[1-9]|[1-3]\d)")
# A line up to its comment; a # between quotes is none.
_TEXT = re.compile(r"""(?:[^#"']|"(?:\\.|[^"\\])*"|'[^']*'|["'])*""")


class DeclarationError(Exception):
    """A mistake in a declaration; str() is `path:line: what is wrong; what would be right`."""


class Declaration(NamedTuple):
    """What a block declares."""

    name: str  # the folder's
    path: Path  # of block.txt
    sections: dict[str, list[tuple[int, str]]]  # (line number, text without comment), no blank one


def lines(path: Path) -> list[tuple[int, str]]:
    """(line number from 1, text) of each line that says something, without comments.

    Raises:
        DeclarationError: the file is not UTF-8.
        OSError: it can't be read.
    """
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = data.count(b"\n", 0, error.start) + 1
        wrong = f"byte 0x{error.object[error.start]:02x} is no UTF-8"
        raise DeclarationError(f"{path}:{number}: {wrong}; save the file as UTF-8") from error
    said = ((number, stated(line)) for number, line in enumerate(text.split("\n"), 1))
    return [(number, line) for number, line in said if line]


def stated(line: str) -> str:
    """A line without its comment, and without space around it."""
    found = _TEXT.match(line)
    return found[0].strip() if found else ""


def read(path: Path) -> Declaration:
    """The declaration in the file `path`, of the block whose folder it lies in.

    Raises:
        DeclarationError: the file is not UTF-8, or not made of sections.
        OSError: it can't be read.
    """
    sections: dict[str, list[tuple[int, str]]] = {}
    section = None
    for number, text in lines(path):
        if text.startswith("["):
            wrong = _problem(text, list(sections))
            if wrong:
                raise DeclarationError(f"{path}:{number}: {wrong}")
            section = sections.setdefault(text[1:-1], [])
        elif section is None:
            wrong = f"{text!r} stands before the first section"
            raise DeclarationError(f"{path}:{number}: {wrong}; begin one with {_KNOWN}")
        else:
            section.append((number, text))
    return Declaration(path.parent.name, path, sections)


def _problem(text: str, before: list[str]) -> str | None:
    """What is wrong, if anything, with a section's line `text` after the sections `before`."""
    name = text[1:-1]
    if text != f"[{name}]" or name not in SECTIONS:
        return f"unknown section {text}; there are {_KNOWN}"
    if name in before:
        return f"section {text} is there twice; {_ORDER}"
    if any(SECTIONS.index(other) > SECTIONS.index(name) for other in before):
        return f"section {text} comes after [{before[-1]}]; {_ORDER}"
    return None


def read_all(root: Path) -> list[Declaration]:
    """The declarations of blocks, by name.

    Args:
        root: the folder of the blocks, firmware/blocks: all of them. Or product.json of
            tools/blocks/product.py: those of a product.

    Raises:
        DeclarationError: as for read(); or a folder with Python files has none.
        OSError: there is no such folder or file.
    """
    if root.is_file():
        chosen = json.loads(root.read_text(encoding="utf-8"))["blocks"]
        return [read(Path(folder) / FILE) for _, folder in sorted(chosen.items())]
    found = []
    for folder in sorted(path for path in root.iterdir() if path.is_dir()):
        path = folder / FILE
        if path.is_file():
            found.append(read(path))
        elif any(folder.rglob("*.py")):
            wrong = f"{folder} has Python files, but no {FILE}"
            raise DeclarationError(
                f"{path}:1: {wrong}; a block declares what it is ({root}/README.md)"
            )
    return found


def profiles(declaration: Declaration) -> list[str]:
    """The certification profiles that a block belongs to.

    Raises:
        DeclarationError: there is no such profile.
    """
    return [
        profile(line.partition(" ")[2].strip(), f"{declaration.path}:{number}")
        for number, line in declaration.sections.get("block", ())
        if line.split()[0] == "profile"
    ]


def profile(name: str, where: str) -> str:
    """The certification profile of that name.

    Raises:
        DeclarationError: there is none; `where`: path:line.
    """
    if name not in PROFILES:
        wrong = f"{where}: there is no certification profile {name}"
        raise DeclarationError(f"{wrong}; there are {', '.join(PROFILES)}")
    return name


def use_cases(declaration: Declaration) -> set[str]:
    """The use cases that a block covers.

    Raises:
        DeclarationError: one is none.
    """
    return {
        use_case(name, f"{declaration.path}:{number}")
        for number, line in declaration.sections.get("block", ())
        if line.split()[0] == "use_cases"
        for name in line.split()[1:]
    }


def use_case(name: str, where: str) -> str:
    """The name of a use case; DeclarationError: it is none; `where`: path:line."""
    if not _USE_CASE.fullmatch(name):
        raise DeclarationError(f"{where}: {name} is no use case; one is as B01, of A01 to P02")
    return name


def needs(declaration: Declaration) -> list[tuple[str, str]]:
    """(block, path:line) of each block that has to be there, too."""
    return [
        (name, f"{declaration.path}:{number}")
        for number, line in declaration.sections.get("block", ())
        if line.split()[0] == "needs"
        for name in line.split()[1:]
    ]
