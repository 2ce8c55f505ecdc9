"""Put the numbers of constants in the place of their names in a module (see freeze.py)."""

import ast
from collections.abc import Container
from pathlib import Path, PurePosixPath
from typing import NamedTuple

VARIABLES = "tables.variables"
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


Constants = dict[str, dict[str, int | bytes]]


def parse(source: Source) -> ast.Module:
    try:
        return ast.parse(source.text)
    except SyntaxError as error:
        raise FreezeError(source.path, error.lineno or 0, f"syntax error: {error.msg}") from None


def _constant_value(source: Source, node: ast.stmt) -> tuple[str, int | bytes]:
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
        if type(number) in (int, bytes):
            return node.targets[0].id, number
    raise FreezeError(
        source.path, node.lineno, 'a module of constants holds only lines like NAME = 7, or b"7"'
    )


def read_constants(source: Source) -> dict[str, int | bytes]:
    """Names and numbers of a module of constants."""
    constants: dict[str, int | bytes] = {}
    for node in parse(source).body:
        is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        is_const_import = isinstance(node, ast.ImportFrom) and node.module == "micropython"
        if is_docstring or is_const_import:
            continue
        name, number = _constant_value(source, node)
        if constants.setdefault(name, number) != number:
            raise FreezeError(source.path, node.lineno, f"{name} is defined twice")
    return constants


def absolute(source: Source, node: ast.ImportFrom) -> str:
    """The full name of the module that is imported from."""
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
        self.names: dict[str, int | bytes] = {}
        self.edits: list[Edit] = []

    def fail(self, node: ast.stmt, problem: str) -> FreezeError:
        return FreezeError(self.source.path, node.lineno, problem)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            if alias.name in self.constants:
                raise self.fail(node, _ONLY_NAMES % alias.name)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        module = absolute(self.source, node)
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
            hint = "; declare it where it is read, or write needs BLOCK" * (module == VARIABLES)
            raise self.fail(node, f"{module} has no constant {alias.name}{hint}")
        name = alias.asname or alias.name
        if self.names.setdefault(name, number) != number:
            raise self.fail(node, f"{name} is imported with two values")


class Meanings(ast.NodeVisitor):
    """Refuses whatever gives one of `names`, which are imported, another meaning."""

    what = "an imported constant"

    def __init__(self, source: Source, names: Container[str], removed: set[tuple[int, int]]):
        """
        Args:
            removed: line and column of the imports that give the names their meaning.
        """
        self.source = source
        self.names = names
        self.removed = removed
        self.in_format_string = False

    def refuse(self, name: str | None, line: int, problem: str) -> None:
        if name in self.names:
            raise FreezeError(self.source.path, line, f"{name} is {self.what}; {problem}")

    def visit_Name(self, node: ast.Name) -> None:
        if not isinstance(node.ctx, ast.Load):
            self.refuse(node.id, node.lineno, "it can't be assigned to or deleted")
        elif self.in_format_string:
            self.refuse(node.id, node.lineno, "it can't be used in an f-string")

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


class _Uses(Meanings):
    """Replaces the uses of constants."""

    def __init__(self, source: Source, numbers: dict[str, int | bytes], removed: list[Edit]):
        super().__init__(source, numbers, {(edit.line, edit.column) for edit in removed})
        self.numbers = numbers
        self.edits: list[Edit] = []

    def visit_Name(self, node: ast.Name) -> None:
        super().visit_Name(node)
        if node.id in self.numbers:
            text = repr(self.numbers[node.id])
            self.edits.append(_span(node, f"({text})" if text[0] == "-" else text))

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if isinstance(node.value, ast.Name):
            self.refuse(node.value.id, node.lineno, "a number has no attributes")
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
    check(source, text)
    return text, set(imports.names)


def check(source: Source, text: str) -> None:
    """Raises FreezeError: what has become of the source is no Python."""
    try:
        ast.parse(text)
    except SyntaxError as error:
        problem = "can't put constants in place here; write an import on lines of its own"
        raise FreezeError(source.path, error.lineno or 0, problem) from None
