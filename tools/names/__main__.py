"""Leave out of an image the texts of names that nobody can read or ask for (README.md).

    python -m tools.names build/<board>/port/frozen_content.c --sources build/<board>/frozen ...

The last step of freezing. Writes names.txt beside it, for tools/readable_log.py.
"""

import argparse
import sys
from collections.abc import Collection
from pathlib import Path

from tools.names.content import Content, djb2
from tools.names.image import Image, listing, module_name, tables
from tools.names.micropython import Name, only_looked_up, read_names
from tools.names.sources import NamesError, Sources, find

MARK = "// names by tools/names\n"


def module_names(files: list[str]) -> set[str]:
    """What modules are imported by: wire.text, and each part of it."""
    names = set()
    for file in files:
        names |= {module_name(file), *module_name(file).split(".")}
    return names


def read_sources(content: Content, folders: list[Path]) -> Sources:
    sources = Sources()
    for module in content.modules:
        sources.add(module.file, find(folders, module.file), module.is_native)
    return sources


def check_computed(sources: Sources, known: Collection[str]) -> None:
    """A name that is declared is one that the program has."""
    if unknown := sources.computed.difference(known):
        raise NamesError("# names:", 0, f"nothing has the name {', '.join(sorted(unknown))}")


def share(content: Content, known: list[Name], texts: set[str]) -> list[Name]:
    """Give names to string objects and to `texts`; the names that are new."""
    new = content.share_texts(known)
    missing = texts - {name.text.decode() for name in known + new}
    for number, text in enumerate(sorted(missing)):
        new.append(Name(f"MP_QSTR_module_{number}_", djb2(text.encode()), text.encode()))
    return new


def lay_out(content: Content, vm: list[Name], looked_up: set[str], sources: Sources) -> Image:
    """Decide about all names. `looked_up`: identifiers of those whose texts C does not want."""
    files = [module.file for module in content.modules]
    modules = module_names(files)
    own = content.names + share(content, vm + content.names, modules)
    identifiers = {name.text.decode(): name.identifier for name in vm + own}
    check_computed(sources, identifiers.keys())
    content.shrink_tables(
        {identifiers[keyword] for keyword in sources.keywords if keyword in identifiers},
        {file: identifiers[module_name(file)] for file in files},
    )
    strings = content.strings()
    content.join_constants()
    texts = sources.strings | sources.classes | sources.computed | modules

    def needs_text(name: Name) -> bool:
        text = name.text.decode()
        is_named = text in sources.keywords or text in sources.imported
        return text in texts or (name.identifier in strings and not is_named)

    used = content.used() | {identifiers[module] for module in modules}
    image = Image(vm)
    for name in vm:
        if name.identifier not in looked_up or needs_text(name):
            image.with_text.add(name.identifier)
    for name in own:
        if name.identifier in used:
            (image.texts if needs_text(name) else image.anonymous).append(name)
    return image


def main() -> int:
    parser = argparse.ArgumentParser(description="Leave out the texts of names.")
    parser.add_argument("content", type=Path, help="frozen_content.c")
    parser.add_argument(
        "--sources", type=Path, nargs="+", required=True, help="where the frozen Python is"
    )
    options = parser.parse_args()
    text = options.content.read_text(encoding="utf-8")
    if text.startswith(MARK):
        return 0
    headers = options.content.parent / "genhdr"
    try:
        content = Content(text, options.content)
        sources = read_sources(content, options.sources)
        vm = read_names((headers / "qstrdefs.generated.h").read_text(encoding="utf-8"))
        image = lay_out(content, vm, only_looked_up(headers), sources)
    except NamesError as error:
        print(f"names: {error}", file=sys.stderr)
        return 1
    options.content.write_text(MARK + content.with_names(tables(image)), encoding="utf-8")
    listed = options.content.parent / "names.txt"
    listed.write_text(listing(image, sources), encoding="utf-8")
    print(
        f"NAMES {len(image.anonymous)} without text, {len(image.texts)} texts; of MicroPython's"
        f" {len(image.vm)} {len(image.with_text)} have theirs"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
