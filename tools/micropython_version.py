"""Print the release of a MicroPython source tree, as in its tags (v1.25.0).

Runs before build/venv exists, so it needs the standard library only.
"""

import re
import sys
from pathlib import Path

OLDEST = (1, 25)


def version(tree: Path) -> tuple[int, ...]:
    """Read the version from py/mpconfig.h of `tree`; raises ValueError when it isn't there."""
    text = (tree / "py" / "mpconfig.h").read_text(encoding="utf-8")
    parts = []
    for part in ("MAJOR", "MINOR", "MICRO"):
        match = re.search(rf"^#define MICROPY_VERSION_{part} (\d+)", text, re.MULTILINE)
        if match is None:
            raise ValueError(f"{tree}/py/mpconfig.h: no MICROPY_VERSION_{part}")
        parts.append(int(match.group(1)))
    return tuple(parts)


def main() -> int:
    try:
        found = version(Path(sys.argv[1]))
    except (OSError, ValueError) as error:
        print(f"setup: not a MicroPython source tree: {error}", file=sys.stderr)
        return 1
    if found[:2] < OLDEST:
        print(f"setup: {sys.argv[1]} is too old: 1.25.0 or newer is needed", file=sys.stderr)
        return 1
    print("v%d.%d.%d" % found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
