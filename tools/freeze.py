"""Prepare the firmware's Python for freezing: copy it, with constants put in place of their names.

    python -m tools.freeze --product build/gen/product.json --start main \\
        --hooks build/gen/hooks.json --output build/frozen firmware boards/unix=*.py build/gen

A module whose first line is `# constants` holds nothing but numbers (`NAME = 7` or
`NAME = const(7)`) and bytes. Whoever writes `from tables.names import ACCEPTED` gets, in the copy,
the number wherever the name stood: it costs no ROM, no heap and no look-up. Lines keep their
numbers.
Modules of constants are not copied: on the charger nobody imports them.

A module whose first line is `# messages` says what slots of messages are called. Whoever writes
`from tables.messages import ResetRequest` gets their places in place of the names
(firmware/blocks/README.md).

With --start, what that module does not import, nor what it imports, is left out. So is a
module whose first line is `# when tables.extension.EXTENSION` while that constant is 0: what is
not chosen costs nothing.

What is said to hooks, `self.charging.partners.kept(...)`, becomes calls of who declares them, or a
constant where nobody does (firmware/blocks/README.md).

Of blocks and extensions only those of the product are taken.

Only files whose content changed are written, so that a build compiles no more than it must.
"""

import argparse
import ast
import json
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from tools.blocks.hooks import expand
from tools.blocks.product import EXTENSION
from tools.blocks.slots import Messages, place, read_messages
from tools.inline import Constants, FreezeError, Source, absolute, inline, parse, read_constants

MARK = "# constants"
MESSAGES = "# messages"
WHEN = "# when "
_SECOND_HAND = "%s is a constant that %s only imports; import it from where it is defined"


def _check_imports(source: Source, modules: set[str], inlined: dict[str, set[str]]) -> None:
    """Find imports, of generated modules and of constants, that could only fail on the charger."""
    for node in ast.walk(parse(source)):
        if not isinstance(node, ast.ImportFrom):
            continue
        module = absolute(source, node)
        if module.startswith("tables.") and module not in modules:
            raise FreezeError(source.path, node.lineno, f"there is no module {module}")
        for alias in node.names:
            # A name that was put in place in that module isn't there any more.
            if alias.name in inlined.get(module, ()):
                raise FreezeError(source.path, node.lineno, _SECOND_HAND % (alias.name, module))


def _prepare_code(
    code: list[Source], constants: Constants, messages: dict[str, Messages]
) -> Iterator[tuple[Source, str | FreezeError]]:
    """Each source with its new text, or with what is wrong with it."""
    texts: dict[PurePosixPath, str] = {}
    inlined: dict[str, set[str]] = {}
    for source in code:
        try:
            if source.target in texts:
                raise FreezeError(source.path, 0, f"there are two files for {source.target}")
            texts[source.target], inlined[source.module] = inline(
                place(source, messages), constants
            )
        except FreezeError as error:
            yield source, error
    modules = {source.module for source in code} | set(constants) | set(messages)
    for source in code:
        if source.module in inlined:
            try:
                _check_imports(source, modules, inlined)
                yield source, texts[source.target]
            except FreezeError as error:
                yield source, error


def _is_wanted(source: Source, constants: Constants) -> bool:
    """Whether the constant that the source names in its first line, if it does, is not 0."""
    first = source.text.split("\n", 1)[0].rstrip()
    if not first.startswith(WHEN):
        return True
    module, _, name = first.removeprefix(WHEN).rpartition(".")
    if name not in constants.get(module, {}):
        raise FreezeError(source.path, 1, f"there is no constant {module}.{name}")
    return constants[module][name] != 0


def _imported(source: Source) -> Iterator[str]:
    """Names of modules that the source may import, and others."""
    try:
        tree = parse(source)
    except FreezeError:
        return  # it is told where the source is prepared
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = absolute(source, node)
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def _reached(code: list[Source], start: str) -> list[Source]:
    """The sources of `start`, of what it imports, of what that imports."""
    of_module = {source.module: source for source in code}
    reached = set()
    left = [start]
    while left:
        name = left.pop()
        package = name.rpartition(".")[0]
        if package:
            left.append(package)
        if name in of_module and name not in reached:
            reached.add(name)
            left += _imported(of_module[name])
    return [source for source in code if source.module in reached]


def _sorted(sources: list[Source]) -> tuple[list[Source], Constants, dict[str, Messages]]:
    """The sources of code, and what the others hold: constants, names of slots."""
    constants: Constants = {}
    messages: dict[str, Messages] = {}
    code = []
    for source in sources:
        first = source.text.split("\n", 1)[0].rstrip()
        if first == MARK:
            constants[source.module] = read_constants(source)
        elif first == MESSAGES:
            messages[source.module] = read_messages(source)
        else:
            code.append(source)
    return code, constants, messages


def prepare(
    sources: list[Source], hooks: dict[str, list[str]] | None = None, start: str | None = None
) -> tuple[dict[PurePosixPath, str], list[FreezeError]]:
    """What the frozen tree holds (path -> text), and what is wrong with files that it lacks.

    Args:
        sources: all there are.
        hooks: HOOK -> what is called, of tools.blocks.joins.
        start: the module that a program begins with; None: all modules are wanted.
    """
    code, constants, messages = _sorted(sources)
    frozen: dict[PurePosixPath, str] = {}
    errors = []
    wanted = []
    for source in code:
        try:
            if _is_wanted(source, constants):
                wanted.append(source)
        except FreezeError as error:
            errors.append(error)
    heard = []
    for source in _reached(wanted, start) if start else wanted:
        try:
            heard.append(source._replace(text=expand(source, hooks or {})))
        except FreezeError as error:
            errors.append(error)
    for source, text in _prepare_code(heard, constants, messages):
        if isinstance(text, FreezeError):
            errors.append(text)
        else:
            frozen[source.target] = text
    return frozen, errors


def find(root: str) -> list[Source]:
    """Sources below a folder; `folder=pattern` takes what matches in the folder itself."""
    folder, _, pattern = root.partition("=")
    base = Path(folder)
    paths = base.glob(pattern) if pattern else base.rglob("*.py")
    return [
        Source(
            path,
            PurePosixPath(path.relative_to(base).as_posix()),
            path.read_text(encoding="utf-8"),
        )
        for path in sorted(paths)
        if "__pycache__" not in path.parts
    ]


def of_product(sources: list[Source], product: dict[str, Any]) -> list[Source]:
    """The sources with the blocks and the extension of a product, and no others.

    Args:
        product: what product.json says (tools/blocks/product.py).
    """
    found = [s for s in sources if not _in_block(s.target) and str(s.target) != EXTENSION]
    for name, folder in product["blocks"].items():
        target = PurePosixPath("blocks", name)
        found += [s._replace(target=target / s.target) for s in find(folder)]
    if product["extension"] is not None:
        path = Path(product["extension"])
        text = path.read_text(encoding="utf-8")
        found.append(Source(path, PurePosixPath(EXTENSION), text))
    return found


def _in_block(target: PurePosixPath) -> bool:
    return target.parts[0] == "blocks" and len(target.parts) > 2


def write(output: Path, frozen: dict[PurePosixPath, str]) -> int:
    """Bring `output` up to date; returns how many files were written or removed."""
    changed = 0
    wanted = {output / target: text for target, text in frozen.items()}
    for path in output.rglob("*.py"):
        if path not in wanted:
            path.unlink()
            changed += 1
    for path, text in wanted.items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            changed += 1
    return changed


def main() -> int:
    parser = argparse.ArgumentParser(
        description="Copy firmware sources with constants put in place."
    )
    parser.add_argument("--output", type=Path, required=True, help="the frozen tree")
    parser.add_argument(
        "roots", nargs="+", help="a folder, or folder=pattern for its own files only"
    )
    parser.add_argument("--product", type=Path, help="product.json, by tools.blocks.product")
    parser.add_argument("--hooks", type=Path, help="who is called for what, by tools.blocks.joins")
    parser.add_argument("--start", metavar="MODULE", help="... and only what this one comes to")
    parser.add_argument("--keep-going", action="store_true", help="leave out what has errors")
    options = parser.parse_args()
    sources = [source for root in options.roots for source in find(root)]
    if options.product:
        sources = of_product(sources, json.loads(options.product.read_text(encoding="utf-8")))
    hooks = json.loads(options.hooks.read_text(encoding="utf-8")) if options.hooks else {}
    try:
        frozen, errors = prepare(sources, hooks, options.start)
    except FreezeError as error:
        frozen, errors = {}, [error]
    for problem in errors:
        print(f"freeze: {problem}", file=sys.stderr)
    if errors and not options.keep_going:
        return 1
    changed = write(options.output, frozen)
    print(f"FREEZE {len(frozen)} modules, {changed} changed, {len(errors)} left out")
    return 0


if __name__ == "__main__":
    sys.exit(main())
