"""What checks of Python files share: they read them and say what was found (`make lint`)."""

import ast
import sys
from collections.abc import Callable, Iterator
from pathlib import Path


def trees(root: Path, *patterns: str) -> Iterator[tuple[Path, ast.Module]]:
    """(path below `root`, syntax tree) of every file that one of the patterns finds."""
    for pattern in patterns:
        for path in sorted(root.glob(pattern)):
            where = path.relative_to(root)
            yield where, ast.parse(path.read_text(encoding="utf-8"), str(path))


def report(check: Callable[[Path], list[str]]) -> int:
    """Run a check on the folder of the command line, else on this repository; the exit code."""
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[1]
    found = check(root)
    for line in found:
        print(line)
    return 1 if found else 0
