"""No floats in firmware/ and extensions: the targets' MicroPython has none (part of `make lint`).

    python -m tools.no_floats [root]

Found are literals with a decimal point or exponent, the `/` operator, and the name `float`.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from tools.findings import report, trees

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


def check(root: Path) -> list[str]:
    """Every float of what runs on the charger, below `root`, as path:line: text."""
    found = []
    for where, tree in trees(root, *_PLACES):
        found += [f"{where}:{line}: {what}: no floats here" for line, what in floats(tree)]
    return found


if __name__ == "__main__":
    sys.exit(report(check))
