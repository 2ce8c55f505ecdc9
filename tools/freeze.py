"""Prepare the firmware's Python for freezing: copy it, with constants put in place of their names.

    python tools/freeze.py --output build/frozen firmware boards/unix=*.py build/gen

A module whose first line is `# constants` holds nothing but numbers (`NAME = 7` or
`NAME = const(7)`). Whoever writes `from tables.names import ACCEPTED` gets, in the copy, the
number wherever the name stood: it costs no ROM, no heap and no look-up. Lines keep their numbers.
Modules of constants are not copied: on the charger nobody imports them.

Only files whose content changed are written, so that a build compiles no more than it must.
"""

import argparse
import ast
import sys
from pathlib import Path, PurePosixPath
from typing import NamedTuple

MARK = "# constants"
_SECOND_HAND = "%s is a constant that %s only imports; import it from where it is defined"
_ONLY_NAMES = "write `from %s import NAME`: only names can be put in place"


class FreezeError(Exception):
    """A source can't be prepared. The text says where and why."""

    def __init__(self, path: object, line: int, problem: str):
        super().__init__(f"{path}:{line}: {problem}")


class Source(NamedTuple):
    """One Python file: where it is, what it is called in the frozen tree, what it says."""

    path: Path
    target: PurePosixPath
    text: str

    @property
    def module(self) -> str:
        parts = self.target.with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @property
    def package(self) -> str:
        if self.target.name == "__init__.py":
            return self.module
        return self.module.rpartition(".")[0]


class Edit(NamedTuple):
    """Replace the text from one position to another; columns count bytes of UTF-8, as ast's do."""

    line: int
    column: int
    end_line: int
    end_column: int
    text: str


Constants = dict[str, dict[str, int]]


def parse(source: Source) -> ast.Module:
    try:
        return ast.parse(source.text)
    except SyntaxError as error:
        raise FreezeError(source.path, error.lineno or 0, f"syntax error: {error.msg}") from None


def _constant_value(source: Source, node: ast.stmt) -> tuple[str, int]:
    if (
        isinstance(node, ast.Assign)
        and len(node.targets) == 1
        and isinstance(node.targets[0], ast.Name)
    ):
        value = node.value
        if (
            isinstance(value, ast.Call)
            and ast.unparse(value.func) == "const"
            and len(value.args) == 1
        ):
            value = value.args[0]
        try:
            number = ast.literal_eval(value)
        except ValueError:
            number = None
        if type(number) is int:
            return node.targets[0].id, number
    raise FreezeError(
        source.path, node.lineno, "a module of constants holds only lines like NAME = 7"
    )


def read_constants(source: Source) -> dict[str, int]:
    """Names and numbers of a module of constants."""
    constants: dict[str, int] = {}
    for node in parse(source).body:
        is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        is_const_import = isinstance(node, ast.ImportFrom) and node.module == "micropython"
        if is_docstring or is_const_import:
            continue
        name, number = _constant_value(source, node)
        if constants.setdefault(name, number) != number:
            raise FreezeError(source.path, node.lineno, f"{name} is defined twice")
    return constants


def _absolute(source: Source, node: ast.ImportFrom) -> str:
    if node.level == 0:
        return node.module or ""
    package = source.package.split(".")
    kept = package[: len(package) - node.level + 1]
    return ".".join([*kept, *([node.module] if node.module else [])])


def _span(node: ast.stmt | ast.Name, text: str) -> Edit:
    assert node.end_lineno is not None and node.end_col_offset is not None
    return Edit(node.lineno, node.col_offset, node.end_lineno, node.end_col_offset, text)


class _Imports(ast.NodeVisitor):
    """One file's imports of constants: `names` -> number, and the `edits` that remove them."""

    def __init__(self, source: Source, constants: Constants):
        self.source = source
        self.constants = constants
        self.names: dict[str, int] = {}
        self.edits: list[Edit] = []

    def fail(self, node: ast.stmt, problem: str) -> FreezeError:
        return FreezeError(self.source.path, node.lineno, problem)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            if alias.name in self.constants:
                raise self.fail(node, _ONLY_NAMES % alias.name)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        module = _absolute(self.source, node)
        for alias in node.names:
            if f"{module}.{alias.name}" in self.constants:
                raise self.fail(node, _ONLY_NAMES % f"{module}.{alias.name}")
        if module not in self.constants:
            return
        for alias in node.names:
            self._take(node, module, alias)
        # Of as many lines as the import had, for the sake of line numbers.
        lines = (node.end_lineno or node.lineno) - node.lineno
        self.edits.append(_span(node, "pass" + "\n" * lines))

    def _take(self, node: ast.ImportFrom, module: str, alias: ast.alias) -> None:
        number = self.constants[module].get(alias.name)
        if number is None:
            raise self.fail(node, f"{module} has no constant {alias.name}")
        name = alias.asname or alias.name
        if self.names.setdefault(name, number) != number:
            raise self.fail(node, f"{name} is imported with two values")


class _Uses(ast.NodeVisitor):
    """Replaces the uses of `names`; refuses whatever gives one of them another meaning."""

    def __init__(self, source: Source, names: dict[str, int], removed: list[Edit]):
        self.source = source
        self.names = names
        self.removed = {(edit.line, edit.column) for edit in removed}
        self.edits: list[Edit] = []
        self.in_format_string = False

    def refuse(self, name: str | None, line: int, problem: str) -> None:
        if name in self.names:
            raise FreezeError(self.source.path, line, f"{name} is an imported constant; {problem}")

    def visit_Name(self, node: ast.Name) -> None:
        if not isinstance(node.ctx, ast.Load):
            self.refuse(node.id, node.lineno, "it can't be assigned to or deleted")
        elif node.id in self.names:
            if self.in_format_string:
                self.refuse(node.id, node.lineno, "it can't be used in an f-string")
            number = self.names[node.id]
            self.edits.append(_span(node, f"({number})" if number < 0 else str(number)))

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if isinstance(node.value, ast.Name):
            self.refuse(node.value.id, node.lineno, "a number has no attributes")
        self.generic_visit(node)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        outer, self.in_format_string = self.in_format_string, True
        self.generic_visit(node)
        self.in_format_string = outer

    def visit_arg(self, node: ast.arg) -> None:
        self.refuse(node.arg, node.lineno, "an argument can't have its name")
        self.generic_visit(node)

    def visit_alias(self, node: ast.alias) -> None:
        self.refuse(
            node.asname or node.name.split(".")[0],
            node.lineno,
            "nothing else can be imported by its name",
        )

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        if (node.lineno, node.col_offset) not in self.removed:
            self.generic_visit(node)

    def _definition(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> None:
        self.refuse(node.name, node.lineno, "nothing else can be defined by its name")
        self.generic_visit(node)

    visit_FunctionDef = visit_AsyncFunctionDef = visit_ClassDef = _definition

    def visit_Global(self, node: ast.Global | ast.Nonlocal) -> None:
        for name in node.names:
            self.refuse(name, node.lineno, "it can't be a variable")

    visit_Nonlocal = visit_Global

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        self.refuse(node.name, node.lineno, "an exception can't have its name")
        self.generic_visit(node)


def apply(text: str, edits: list[Edit]) -> str:
    """`text` with the edits made; they don't overlap."""
    lines = text.encode().split(b"\n")
    for edit in sorted(edits, reverse=True):
        head = lines[edit.line - 1][: edit.column]
        tail = lines[edit.end_line - 1][edit.end_column :]
        lines[edit.line - 1 : edit.end_line] = [head + edit.text.encode() + tail]
    return b"\n".join(lines).decode()


def inline(source: Source, constants: Constants) -> tuple[str, set[str]]:
    """The text of `source` with constants in place, and the names that were."""
    tree = parse(source)
    imports = _Imports(source, constants)
    imports.visit(tree)
    if not imports.names:
        return source.text, set()
    uses = _Uses(source, imports.names, imports.edits)
    uses.visit(tree)
    text = apply(source.text, imports.edits + uses.edits)
    try:
        ast.parse(text)
    except SyntaxError as error:
        problem = "can't put constants in place here; write an import on lines of its own"
        raise FreezeError(source.path, error.lineno or 0, problem) from None
    return text, set(imports.names)


def _check_imports(
    sources: list[Source], constants: Constants, inlined: dict[str, set[str]]
) -> None:
    """Find imports, of generated modules and of constants, that could only fail on the charger."""
    modules = {source.module for source in sources} | set(constants)
    for source in sources:
        for node in ast.walk(parse(source)):
            if not isinstance(node, ast.ImportFrom):
                continue
            module = _absolute(source, node)
            if module.startswith("tables.") and module not in modules:
                raise FreezeError(source.path, node.lineno, f"there is no module {module}")
            for alias in node.names:
                # A name that was put in place in that module isn't there any more.
                if alias.name in inlined.get(module, ()):
                    raise FreezeError(
                        source.path, node.lineno, _SECOND_HAND % (alias.name, module)
                    )


def prepare(sources: list[Source]) -> dict[PurePosixPath, str]:
    """What the frozen tree holds: path -> text."""
    constants: Constants = {}
    code = []
    for source in sources:
        if source.text.split("\n", 1)[0].rstrip() == MARK:
            constants[source.module] = read_constants(source)
        else:
            code.append(source)
    frozen: dict[PurePosixPath, str] = {}
    inlined: dict[str, set[str]] = {}
    for source in code:
        if source.target in frozen:
            raise FreezeError(source.path, 0, f"there are two files for {source.target}")
        frozen[source.target], inlined[source.module] = inline(source, constants)
    _check_imports(code, constants, inlined)
    return frozen


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
    options = parser.parse_args()
    sources = [source for root in options.roots for source in find(root)]
    try:
        frozen = prepare(sources)
    except FreezeError as error:
        print(f"freeze: {error}", file=sys.stderr)
        return 1
    changed = write(options.output, frozen)
    print(f"FREEZE {len(frozen)} modules, {changed} changed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
