"""Read a product, boards/products/<name>.txt: what a charger is put together of.

    python -m tools.blocks.product [--board]

Takes the product that PRODUCT in the environment names (nothing: all), writes what the build needs
of it into <folder>/gen, and prints the folder that is built in: build/products/<name>, of the
product all build. --board only prints the board whose image is wanted: BOARD in the environment,
else the product's.

boards/products/README.md describes the file. What is made of it:

    gen/product.json       all of it, for programs: boards and blocks resolved to folders
    gen/product.mk         for make: EXTENSION, BLOCK_FOLDERS
    gen/ratings.sh         for what starts an image: the ratings, where no variable says others
    gen/tables/product.py  constants: VENDOR_NAME, FIRMWARE_VERSION, PHASES
    gen/tables/product.h   for C: PRODUCT_EVSES, PRODUCT_RATING ..., PRODUCT_MODEL if it has one
"""

import argparse
import difflib
import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tools.blocks.declaration import (
    PROFILES,
    Declaration,
    DeclarationError,
    lines,
    needs,
    profiles,
    read_all,
)

ALL = "all"
PRODUCTS = Path("boards/products")
EXTENSION = "extension.py"
_BLOCKS = Path("firmware/blocks")
_HOST = "unix"  # the board that the simulated charger is built for, whatever the product's
_LONGEST = {"vendor": 50, "model": 20, "firmware": 50}  # characters (BootNotificationRequest)
_FOLDER = Path("build/products")
_PLAIN = re.compile(r"[\w./+@-]*")
_VERSION = re.compile(r"\d+\.\d+\.\d+(?:[-+.][0-9A-Za-z.+-]+)?")
_MOST_EVSES, _MOST_CONNECTORS = 16, 4  # of the simulated charger
_RATING = (6, 80)
_MOST_SUPPLY = 10000


class Line(NamedTuple):
    """What stands behind the first word of a line, and where."""

    text: str
    where: str  # path:line

    def wrong(self, what: str, right: str) -> DeclarationError:
        return DeclarationError(f"{self.where}: {what}; {right}")


class Product(NamedTuple):
    """A product, resolved."""

    name: str
    file: str
    board: str
    blocks: dict[str, str]  # name -> folder, by name
    vendor: str
    model: str | None  # None: the board's own
    firmware: str
    evses: str
    rating: str
    supply: str
    fixed_cable: str
    phases: str
    extension: str | None  # path


# ---- what stands behind a word


def _once(line: Line, choices: Iterable[str], what: str) -> str:
    known = sorted(choices)
    if line.text not in known:
        near = difflib.get_close_matches(line.text, known, 1)
        hint = f"{near[0]} is meant?" if near else f"there are {', '.join(known)}"
        raise line.wrong(f"there is no {what} {line.text}", hint)
    return line.text


def _text(key: str, line: Line) -> str:
    text = line.text
    if text[:1] in ("'", '"') and text[-1:] == text[:1] and len(text) > 1:
        text = text[1:-1]
    most = _LONGEST[key]
    if not 0 < len(text) <= most or not text.isprintable():
        wrong = f"{key} has {len(text)} characters" if text.isprintable() else f"{key} {text!r}"
        raise line.wrong(wrong, f"1 to {most} printable ones are right (BootNotification)")
    return text


def _version(line: Line) -> str:
    if not _VERSION.fullmatch(line.text) or len(line.text) > _LONGEST["firmware"]:
        right = f"at most {_LONGEST['firmware']} characters, as in 1.4.2 or 1.5.0-rc1"
        raise line.wrong(f"{line.text} is no version", right)
    return line.text


def _numbers(line: Line, least: int, most: int, right: str) -> list[int]:
    words = line.text.split(",")
    if not all(w.isascii() and w.isdigit() and least <= int(w[:9]) <= most for w in words):
        raise line.wrong(f"{line.text} is out of range, or no number", right)
    return [int(word) for word in words]


def _evses(line: Line) -> str:
    right = f"connectors of each EVSE, 1 to {_MOST_CONNECTORS}, as in evses 1,1"
    if len(_numbers(line, 1, _MOST_CONNECTORS, right)) > _MOST_EVSES:
        raise line.wrong("too many EVSEs", f"at most {_MOST_EVSES}")
    return line.text


def _rating(line: Line) -> str:
    least, most = _RATING
    right = f"A per phase, {least} to {most}, one number or one for each EVSE, as in rating 16,32"
    _numbers(line, least, most, right)
    return line.text


def _one_of(*choices: str) -> Callable[[Line], str]:
    def read(line: Line) -> str:
        if line.text not in choices:
            raise line.wrong(f"{line.text} is wrong", f"one of {', '.join(choices)} is right")
        return line.text

    return read


def _supply(line: Line) -> str:
    right = f"A per phase that the EVSEs share, up to {_MOST_SUPPLY}; 0: not limited"
    if len(_numbers(line, 0, _MOST_SUPPLY, right)) > 1:
        raise line.wrong("supply is one number", right)
    return line.text


# ---- the file

# Words that stand there once at most, and how what follows is read; None: below.
_ONCE: dict[str, Callable[[Line], str] | None] = {
    "board": None,
    "vendor": lambda line: _text("vendor", line),
    "model": lambda line: _text("model", line),
    "firmware": _version,
    "evses": _evses,
    "rating": _rating,
    "supply": _supply,
    "fixed_cable": _one_of("0", "1"),
    "phases": _one_of("1", "3"),
    "extension": None,
    "blocks_from": None,
}
_SEVERAL = ("profiles", "blocks", "without")
_NEEDED = ("board", "vendor", "firmware")
# What may be left out. These four are options of the simulated charger, too.
_RATINGS = {"evses": "1,1", "rating": "32", "supply": "0", "fixed_cable": "0", "phases": "3"}
_OPTIONS = tuple(_RATINGS)[:4]


def _lines(path: Path) -> tuple[dict[str, Line], list[tuple[str, Line]]]:
    """What stands once (word -> line), and in order what may stand there several times."""
    once: dict[str, Line] = {}
    several = []
    for number, text in lines(path):
        word, _, rest = text.partition(" ")
        line = Line(rest.strip(), f"{path}:{number}")
        if word not in _ONCE and word not in _SEVERAL:
            known = (*_ONCE, *_SEVERAL)
            near = difflib.get_close_matches(word, known, 1)
            hint = f"{near[0]} is meant?" if near else f"there are {', '.join(sorted(known))}"
            raise line.wrong(f"unknown {word}", hint)
        if not line.text:
            raise line.wrong(f"{word} says nothing", "a product's README has examples")
        if word in _SEVERAL:
            several.append((word, line))
        elif once.setdefault(word, line) is not line:
            raise line.wrong(f"{word} is at {once[word].where} already", "leave one out")
    return once, several


def boards(root: Path) -> set[str]:
    """The boards that there are: the host's, and those that an image is built for."""
    images = {path.parent.name for path in (root / "boards").glob("*/image.mk")}
    return images - {"emulated"} | {_HOST}


def _known_blocks(root: Path, once: Mapping[str, Line], folder: Path) -> dict[str, Declaration]:
    found = {block.name: block for block in read_all(root / _BLOCKS)}
    if "blocks_from" in once:
        line = once["blocks_from"]
        more = folder / line.text
        if not more.is_dir():
            raise line.wrong(f"there is no folder {more}", "its path from this file is meant")
        for block in read_all(more):
            if block.name in found:
                other = found[block.name].path
                raise line.wrong(f"{block.path} has the name of {other}", "rename its folder")
            found[block.name] = block
    return found


def _chosen(
    several: list[tuple[str, Line]], known: Mapping[str, Declaration], path: Path
) -> dict[str, Line]:
    """The blocks that are chosen, each with the line that did it first."""
    chosen: dict[str, Line] = {}
    for word, line in several:
        if word == "profiles":
            names = [
                block.name
                for profile in line.text.split(",")
                for block in _of_profile(line, profile.strip(), known)
            ]
        else:
            names = [
                name
                for each in line.text.replace(",", " ").split()
                for name in (
                    known if each == ALL else [_once(line._replace(text=each), known, "block")]
                )
            ]
        for name in names:
            if word != "without":
                chosen.setdefault(name, line)
            elif chosen.pop(name, None) is None:
                raise line.wrong(f"{name} is not chosen above", "leave it out here, too")
    if not chosen:
        line = Line("", f"{path}:1")
        raise line.wrong("no block is chosen", "profiles Core, or blocks all, is a beginning")
    return chosen


def _of_profile(line: Line, profile: str, known: Mapping[str, Declaration]) -> list[Declaration]:
    _once(line._replace(text=profile), PROFILES, "certification profile")
    found = [block for block in known.values() if profile in profiles(block)]
    if not found:
        there = sorted({name for block in known.values() for name in profiles(block)})
        raise line.wrong(f"no block is of {profile} yet", f"there are {', '.join(there)}")
    return found


def _check_needs(chosen: Mapping[str, Line], known: Mapping[str, Declaration]) -> None:
    for name, line in chosen.items():
        for block, where in needs(known[name]):
            if block not in known:
                raise DeclarationError(f"{where}: there is no block {block}; name one that is")
            if block not in chosen:
                raise line.wrong(
                    f"{name} needs {block} ({where}), which is not chosen", f"add blocks {block}"
                )


def _short(path: Path) -> str:
    """From the folder where we are, if it is in there."""
    path = Path(os.path.normpath(path))
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _extension(root: Path, once: Mapping[str, Line], file: Path, board: str) -> str | None:
    """The product's own, else that in the folder of its board or of the host's."""
    if "extension" in once:
        line = once["extension"]
        path = file.parent / line.text
        if not path.is_file():
            raise line.wrong(f"there is no file {_short(path)}", "its path from here is meant")
        return _short(path)
    found = [path for path in _dropped(root) if path.parent.name in (board, _HOST)]
    if len(found) > 1:
        both = " and ".join(map(_short, found))
        raise DeclarationError(
            f"{_short(file)}:1: there are {both}; name the one that is meant: extension ..."
        )
    return _short(found[0]) if found else None


def _dropped(root: Path) -> list[Path]:
    return sorted((root / "boards").glob(f"*/{EXTENSION}"))


def unused(product: Product, root: Path = Path()) -> list[str]:
    """What somebody has put into a board's folder, and this product does not use, in words."""
    return [
        f"{path}: not used by {product.file}, {_why(product)}; a line `extension"
        f" {os.path.relpath(path, Path(product.file).parent)}` there would take it in"
        for path in map(_short, _dropped(root))
        if path != product.extension
    ]


def _why(product: Product) -> str:
    if product.extension is not None:
        return f"which has {product.extension}"
    return f"whose board is {product.board}"


def read(file: Path, root: Path = Path()) -> Product:
    """The product of a file.

    Args:
        root: the repository.

    Raises:
        DeclarationError: path:line, what is wrong, what would be right.
        OSError: it can't be read.
    """
    once, several = _lines(file)
    for word in _NEEDED:
        if word not in once:
            said = f"{file}:1: {word} is missing"
            raise DeclarationError(f"{said}; every product has {', '.join(_NEEDED)}")
    board = _once(once["board"], boards(root), "board")
    values: dict[str, Any] = {"model": None, **_RATINGS}
    for word, line in once.items():
        reader = _ONCE[word]
        if reader is not None:
            values[word] = reader(line)
    if values["rating"].count(",") not in (0, values["evses"].count(",")):
        line = once["rating"]
        wrong = f"{line.text}: not as many as EVSEs ({values['evses']})"
        raise line.wrong(wrong, "give one for each, or one for all")
    known = _known_blocks(root, once, file.parent)
    chosen = _chosen(several, known, file)
    _check_needs(chosen, known)
    blocks = {name: _short(known[name].path.parent) for name in sorted(chosen)}
    extension = _extension(root, once, file, board)
    for path in (file.stem, *blocks.values(), extension or ""):
        if not _PLAIN.fullmatch(path):
            right = "letters, digits and _ . - / are right"
            raise DeclarationError(f"{file}:1: make can't work with the name {path!r}; {right}")
    return Product(
        name=file.stem,
        file=_short(file),
        board=board,
        blocks=blocks,
        extension=extension,
        **values,
    )


# ---- what the build needs of it


def _file(product: str, root: Path) -> Path:
    """The file, if it is there, of what PRODUCT= says."""
    given = Path(product or ALL)
    return given if given.suffix == ".txt" else root / PRODUCTS / f"{given}.txt"


def file_of(product: str, root: Path = Path()) -> Path:
    """The file of what PRODUCT= says: the name of one in boards/products, or a path.

    Raises:
        DeclarationError: there is none.
    """
    file = _file(product, root)
    if not file.is_file():
        there = ", ".join(sorted(path.stem for path in (root / PRODUCTS).glob("*.txt")))
        raise DeclarationError(
            f"PRODUCT={product}: there is no product {_short(file)}; there are {there}"
            f" ({PRODUCTS}), or give the path of a file NAME.txt"
        )
    return file


def folder_of(product: str, root: Path = Path()) -> Path:
    """Where what PRODUCT= says is built, from the repository's folder."""
    if product == "" or _same(_file(product, root), root / PRODUCTS / f"{ALL}.txt"):
        return Path("build")
    return _FOLDER / Path(product).stem


def _check_folder(product: Product, folder: Path) -> None:
    """
    Raises:
        DeclarationError: another product of the same name is built there.
    """
    made = folder / "gen" / "product.json"
    if not made.is_file():
        return
    other = Path(json.loads(made.read_text(encoding="utf-8"))["file"])
    if other.is_file() and not _same(other, Path(product.file)):
        raise DeclarationError(
            f"{product.file}:1: {folder} is of {other}; give one of the two files another name,"
            f" or remove that folder"
        )


def _same(one: Path, other: Path) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)


def _constants(product: Product) -> str:
    values = {
        "VENDOR_NAME": product.vendor.encode(),
        "FIRMWARE_VERSION": product.firmware.encode(),
        "PHASES": int(product.phases),
    }
    said = "".join(f"{name} = {value!r}\n" for name, value in values.items())
    return f'# constants\n"""What the product is. Made by tools/blocks/product.py."""\n\n{said}'


def _header(product: Product) -> str:
    values = {name.upper(): f'"{getattr(product, name)}"' for name in _OPTIONS}
    values["PHASES"] = product.phases
    if product.model is not None:
        values["MODEL"] = _c_string(product.model)
    said = "".join(f"#define PRODUCT_{name} {value}\n" for name, value in values.items())
    guard = "PILOTWIRE_TABLES_PRODUCT_H"
    return (
        "// made by tools/blocks/product.py; do not edit\n"
        f"#ifndef {guard}\n#define {guard}\n{said}#endif\n"
    )


def _c_string(text: str) -> str:
    plain = "".join(
        chr(byte) if 32 <= byte < 127 and chr(byte) not in '"\\?' else f"\\{byte:03o}"
        for byte in text.encode()
    )
    return f'"{plain}"'


def _make(product: Product) -> str:
    return (
        f"EXTENSION = {product.extension or ''}\n"
        f"BLOCK_FOLDERS = {' '.join(product.blocks.values())}\n"
    )


def _ratings(product: Product) -> str:
    said = {f"STATION_{name.upper()}": getattr(product, name) for name in _OPTIONS}
    return "".join(
        f'{name}="${{{name}:-{value}}}"\nexport {name}\n' for name, value in said.items()
    )


def write(product: Product, gen: Path) -> None:
    """Bring the files in `gen` up to date; one that stays as it is is left alone."""
    content: dict[str, Any] = product._asdict()
    for name, text in (
        ("product.json", json.dumps(content, indent=1) + "\n"),
        ("product.mk", _make(product)),
        ("ratings.sh", _ratings(product)),
        ("tables/product.py", _constants(product)),
        ("tables/product.h", _header(product)),
    ):
        path = gen / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")


def board_of_image(product: Product, given: str) -> str:
    """The board that an image is built for. `given`: BOARD, "" if it is not set.

    Raises:
        DeclarationError: the product runs on the host alone.
    """
    board = given if given not in ("", _HOST) else product.board
    if board == _HOST:
        chips = ", ".join(sorted(boards(Path()) - {_HOST}))
        raise DeclarationError(
            f"{product.file}: its board is {_HOST}, which has no image; BOARD= one of {chips}"
        )
    return board


def main() -> int:
    parser = argparse.ArgumentParser(description="Read a product.")
    parser.add_argument("--board", action="store_true", help="print the board of the image")
    options = parser.parse_args()
    wanted = os.environ.get("PRODUCT", "")
    try:
        product = read(file_of(wanted))
        if options.board:
            print(board_of_image(product, os.environ.get("BOARD", "")))
            return 0
        folder = folder_of(wanted)
        _check_folder(product, folder)
        write(product, folder / "gen")
    except (DeclarationError, OSError) as error:
        print(f"product: {error}", file=sys.stderr)
        return 1
    for line in unused(product):
        print(f"product: {line}", file=sys.stderr)
    print(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
