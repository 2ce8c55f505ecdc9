"""Read what functional blocks declare: the sections of firmware/blocks/*/block.txt."""

from pathlib import Path
from typing import NamedTuple

SECTIONS = ("block", "messages", "variables")


class DeclarationError(Exception):
    """str() is path:line: what is wrong; what would be right."""


class Declaration(NamedTuple):
    name: str
    path: Path
    sections: dict[str, list[tuple[int, str]]]


def read(path: Path) -> Declaration:
    sections: dict[str, list[tuple[int, str]]] = {}
    lines: list[tuple[int, str]] | None = None
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        text = line.split("#")[0].strip()
        if text.startswith("[") and text.endswith("]"):
            lines = sections.setdefault(text[1:-1], [])
        elif text and lines is not None:
            lines.append((number, text))
    return Declaration(path.parent.name, path, sections)


def read_all(root: Path) -> list[Declaration]:
    return [read(path) for path in sorted(root.glob("*/block.txt"))]
