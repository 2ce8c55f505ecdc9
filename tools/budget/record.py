"""last.json: the figures of the last commit that recorded them, to compare the present ones with.

    {"commit": "33ce88c", "figures": {"image": 184000, ...}}

`commit` is the one that was measured; with a `+`: with changes that were not committed yet.
"""

import json
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
NAME = "tools/budget/last.json"


class Record(NamedTuple):
    """Figures (bytes) and the commit they belong to."""

    commit: str
    figures: dict[str, int]

    def change(self, name: str, value: int | None) -> int | None:
        """How much more `value` is; None: there is nothing to compare."""
        last = self.figures.get(name)
        return None if last is None or value is None else value - last


def _git(root: Path, *arguments: str) -> str | None:
    """What git says; None: no git, no repository, no such file."""
    try:
        done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True)
    except OSError:
        return None
    return done.stdout if done.returncode == 0 else None


def parse(text: str) -> Record:
    """Raises: ValueError: not a record."""
    content: Any = json.loads(text)
    try:
        return Record(str(content["commit"]), {k: int(v) for k, v in content["figures"].items()})
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{NAME}: not a record of figures: {error!r}") from error


def last(root: Path = ROOT) -> Record:
    """The record in HEAD, else the one in the file; without either one, an empty one."""
    text = _git(root, "show", f"HEAD:{NAME}")
    if text is None:
        path = root / NAME
        if not path.exists():
            return Record("none", {})
        text = path.read_text(encoding="utf-8")
    return parse(text)


def renew(measured: dict[str, int], root: Path = ROOT) -> Path:
    """Write the present figures as those of this commit."""
    commit = (_git(root, "rev-parse", "--short", "HEAD") or "none").strip()
    if _git(root, "status", "--porcelain", "--untracked-files=no"):
        commit += "+"
    path = root / NAME
    content = {"commit": commit, "figures": dict(sorted(measured.items()))}
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return path
