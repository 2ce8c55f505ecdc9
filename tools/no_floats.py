"""No floats in firmware/ and extensions: the targets' MicroPython has none (part of `make lint`).

    python -m tools.no_floats [root]

Found are literals with a decimal point or exponent, the `/` operator, the name `float`,
modules that work with floats, and formats that write them.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TypeGuard

from tools.findings import report, trees

_MODULES = {"math", "cmath"}
_PERCENT = re.compile(r"(?<!%)%[-+ #0-9.*]*[eEfFgG]")
_PLACES = ("firmware/**/*.py", "boards/*/extension.py", "host_tests/extension/*.py")


def floats(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """(line, what makes a float there)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, float | complex):
            yield node.lineno, repr(node.value)
        elif isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
            yield node.lineno, "/"
        elif isinstance(node, ast.Name) and node.id == "float":
            yield node.lineno, "float"
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module]
            yield from ((node.lineno, f"import {name}") for name in names if name in _MODULES)
        else:
            yield from _formats(node)


def _formats(node: ast.AST) -> Iterator[tuple[int, str]]:
    """`"%.2f" % x`, `f"{x:.2f}"`."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        text = node.left.value if isinstance(node.left, ast.Constant) else ""
        text = text.decode("latin-1") if isinstance(text, bytes) else str(text)
        for found in _PERCENT.findall(text):
            yield node.lineno, found
    elif isinstance(node, ast.FormattedValue) and node.format_spec is not None:
        spec = "".join(str(v.value) for v in ast.walk(node.format_spec) if _is_text(v))
        if spec and spec[-1] in "eEfFgG":
            yield node.lineno, spec


def _is_text(node: ast.AST) -> TypeGuard[ast.Constant]:
    return isinstance(node, ast.Constant)


def check(root: Path) -> list[str]:
    """Every float of what runs on the charger, below `root`, as path:line: text."""
    found = []
    for where, tree in trees(root, *_PLACES):
        found += [f"{where}:{line}: {what}: no floats here" for line, what in floats(tree)]
    return found


if __name__ == "__main__":
    sys.exit(report(check))
