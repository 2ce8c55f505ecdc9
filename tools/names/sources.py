"""What the frozen Python says of names: which texts can be read or asked for, and what functions
there are.
"""

import ast
import re
from pathlib import Path
from typing import NamedTuple

_LOOK_UP = ("getattr", "setattr", "hasattr", "delattr")
_LIST = ("dir", "vars", "locals", "eval", "exec")
_DECLARED = re.compile(r"#\s*names:\s*(of modules|\w+(?:,\s*\w+)*)\s*$")
_OF_MODULES = "of modules"  # these always have texts
_COMPUTED = (
    "a name that is computed: list the names that it can be in a comment on the line before,"
    " like `# names: model, vendor_name` or `# names: of modules`"
)


class NamesError(Exception):
    """What can't be decided about names. The text says where and why."""

    def __init__(self, path: object, line: int, problem: str):
        super().__init__(f"{path}:{line}: {problem}")


class Span(NamedTuple):
    """A function and its lines."""

    first: int
    last: int
    name: str


class Sources:
    """What all files of the frozen program say together.

    Attributes:
        strings: texts that stand in the program.
        classes: names of its classes.
        keywords: names of arguments in calls.
        imported: names that `from ... import` names.
        computed: names that getattr() and its like can ask for by a text made at run time.
        functions: by file, in the order of their first lines.
    """

    def __init__(self) -> None:
        self.strings: set[str] = set()
        self.classes: set[str] = set()
        self.keywords: set[str] = set()
        self.imported: set[str] = set()
        self.computed: set[str] = set()
        self.functions: dict[str, list[Span]] = {}

    def add(self, file: str, text: str, is_native: bool = False) -> None:
        """Take in a file. `is_native`: some of its functions are machine code, whose use of names
        can't be seen after compiling.
        """
        visitor = _Visitor(self, file, text.split("\n"), is_native)
        visitor.visit(ast.parse(text))
        self.functions[file] = sorted(visitor.spans)


def find(folders: list[Path], file: str) -> str:
    """The text of a frozen file, from the first folder that has it."""
    for folder in folders:
        if (folder / file).is_file():
            return (folder / file).read_text(encoding="utf-8")
    raise NamesError(file, 0, f"there is no such source in {', '.join(map(str, folders))}")


class _Visitor(ast.NodeVisitor):
    def __init__(self, sources: Sources, file: str, lines: list[str], is_native: bool):
        self.sources = sources
        self.file = file
        self.lines = lines
        self.is_native = is_native
        self.spans: list[Span] = []
        self.path: list[str] = []
        self.asked_for: set[str] = set()  # the argument of the __getattr__() that we are in

    def fail(self, node: ast.expr | ast.stmt, problem: str) -> NamesError:
        return NamesError(self.file, node.lineno, problem)

    def visit_Expr(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):  # a docstring is not kept
            self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str):
            self.sources.strings.add(node.value)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        if self.is_native:
            raise self.fail(node, "an f-string in a file with native or viper functions")
        self.generic_visit(node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        self.sources.imported.update(alias.name for alias in node.names)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.sources.classes.add(node.name)
        self._inside(node)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        if node.args.kwarg:
            raise self.fail(node, "**, by which names of arguments become data")
        first = min([node.lineno] + [d.lineno for d in node.decorator_list])
        name = ".".join([*self.path, node.name])
        self.spans.append(Span(first, node.end_lineno or node.lineno, name))
        outer = self.asked_for
        if node.name == "__getattr__":
            self.asked_for = {node.args.args[-1].arg}
        self._inside(node)
        self.asked_for = outer

    visit_AsyncFunctionDef = visit_FunctionDef

    def _inside(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> None:
        self.path.append(node.name)
        self.generic_visit(node)
        self.path.pop()

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if node.attr == "__dict__":
            raise self.fail(node, "__dict__: names have no texts on the charger")
        self.generic_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        """globals()[...] may have what __getattr__() is asked for: it is a name, not a text."""
        value = node.value
        if (
            isinstance(value, ast.Call)
            and isinstance(value.func, ast.Name)
            and value.func.id == "globals"
            and not isinstance(node.slice, ast.Constant)
            and not self._is_asked_for(node.slice)
        ):
            raise self.fail(node, "globals()[...] by a name that is computed")
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        for keyword in node.keywords:
            if keyword.arg is None:
                raise self.fail(node, "** in a call, by which names are computed")
            self.sources.keywords.add(keyword.arg)
        if isinstance(node.func, ast.Name):
            if node.func.id in _LIST:
                raise self.fail(node, f"{node.func.id}(): names have no texts on the charger")
            if node.func.id in _LOOK_UP:
                self._look_up(node)
        self.generic_visit(node)

    def _look_up(self, node: ast.Call) -> None:
        name = node.args[1] if len(node.args) > 1 else None
        if isinstance(name, ast.Constant) or self._is_asked_for(name):
            return
        for line in self.lines[max(node.lineno - 2, 0) : node.lineno]:
            if declared := _DECLARED.search(line):
                if declared[1] != _OF_MODULES:
                    self.sources.computed.update(re.split(r",\s*", declared[1]))
                return
        raise self.fail(node, _COMPUTED)

    def _is_asked_for(self, node: ast.expr | None) -> bool:
        return isinstance(node, ast.Name) and node.id in self.asked_for
