"""How large the image will be when all messages of OCPP 2.0.1 are built, if those to come are like
those that are there: as many lines and variables each, at what each of these takes now.
"""

import importlib.util
import io
import tokenize
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from tools.blocks.joins import constants
from tools.image_size import NAMES, Image

_BLOCKS = "blocks/"
_NO_CODE = {
    tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT,
    tokenize.ENCODING, tokenize.ENDMARKER,
}  # fmt: skip


class Built(NamedTuple):
    """What there is."""

    image: int  # bytes
    code: int  # bytes of the frozen files, with their names
    lines: int  # of code in these
    block_lines: int  # ... of functional blocks
    variables: int
    variable_bytes: int
    messages: int
    message_bytes: int


def code_lines(text: str) -> int:
    """Lines with code in a Python source: neither blank nor comment nor docstring."""
    found: set[int] = set()
    begins = True
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in _NO_CODE:
            begins = begins or token.type in (tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)
            continue
        if not (begins and token.type == tokenize.STRING):
            found.update(range(token.start[0], token.end[0] + 1))
        begins = False
    return len(found)


def all_actions() -> int:
    """Messages of OCPP 2.0.1: requests with their responses."""
    spec = importlib.util.find_spec("ocpp")
    assert spec is not None and spec.origin is not None
    folder = Path(spec.origin).parent / "v201" / "schemas"
    return sum(1 for _ in folder.glob("*Request.json"))


def forecast(built: Built, every: int) -> dict[str, float]:
    """The image with all `every` messages, in bytes, and what that is made of."""
    line = built.code / built.lines
    variable = built.variable_bytes / built.variables
    message = built.message_bytes / built.messages
    to_come = every - built.messages
    lines = to_come * built.block_lines / built.messages
    variables = to_come * built.variables / built.messages
    more = lines * line + variables * variable + to_come * message
    return {
        "bytes_a_line": round(line, 1),
        "bytes_a_variable": round(variable, 1),
        "bytes_a_message": round(message, 1),
        "messages_to_come": to_come,
        "lines_to_come": round(lines),
        "variables_to_come": round(variables),
        "image": round(built.image + more),
    }


def built(build: Path, image: Image, variable_bytes: int) -> Built:
    """What is built in a folder.

    Args:
        image: the chip's.
        variable_bytes: of the tables of the device model.
    """
    files = image.files
    frozen = build / "frozen"
    counted = {
        path.relative_to(frozen).as_posix(): code_lines(path.read_text(encoding="utf-8"))
        for path in sorted(frozen.rglob("*.py"))
    }
    there = {path: lines for path, lines in counted.items() if files.get(path)}
    tables = build / "gen" / "tables"
    layout = constants(tables / "layout.py")
    return Built(
        image.charger_rom(),
        sum(files[path] for path in there) + files[NAMES],
        sum(there.values()),
        sum(lines for path, lines in there.items() if path.startswith(_BLOCKS)),
        len(constants(tables / "variables.py")),
        variable_bytes,
        layout["FIRST_OTHER"] - layout["FIRST_ACTION"],
        image.rom["tables/"],
    )


def lines(found: Mapping[str, float]) -> Iterable[str]:
    """For people."""
    yield "forecast: the image with all messages of OCPP 2.0.1, if those to come are like these"
    yield (
        f"  {found['messages_to_come']:.0f} messages of {found['bytes_a_message']} B,"
        f" {found['lines_to_come']:.0f} lines of {found['bytes_a_line']} B,"
        f" {found['variables_to_come']:.0f} variables of {found['bytes_a_variable']} B:"
        f" {found['image']:,.0f} B"
    )


