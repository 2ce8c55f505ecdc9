"""Put names into a charger's log: those that its image has no texts for (tools/names).

    python -m tools.readable_log build/cortex_m3/port/names.txt <charger.log

names.txt must be of the build that runs on the charger. `~712` becomes the name of that number,
and a traceback's `File "link.link", line 90, in link.link` gets its file and the function that the
line is in.
"""

import argparse
import re
import sys
from collections.abc import Iterable
from pathlib import Path

_NUMBER = re.compile(r"(?<!\w)_?~(\d+)\b")
_FRAME = re.compile(r'(File "([^"]+)", line (\d+), in )(\S+)')


class Names:
    """What names.txt says."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._texts: dict[int, str] = {}
        self._files: dict[str, str] = {}  # a module's name, as tracebacks have it: its file
        self._functions: dict[str, list[tuple[int, int, str]]] = {}
        for line in lines:
            kind, *rest = line.split()
            if kind == "name":
                self._texts[int(rest[0])] = rest[1]
            elif kind == "module":
                self._files[rest[0]] = rest[1]
            elif kind == "function":
                file, first, last, name = rest
                self._functions.setdefault(file, []).append((int(first), int(last), name))

    def readable(self, line: str) -> str:
        """A line of the log."""
        return _NUMBER.sub(self._name, _FRAME.sub(self._frame, line))

    def _name(self, match: re.Match[str]) -> str:
        return self._texts.get(int(match[1]), match[0])

    def _frame(self, match: re.Match[str]) -> str:
        file = self._files.get(match[2])
        if file is None:
            return match[0]
        line = int(match[3])
        around = [
            name for first, last, name in self._functions.get(file, []) if first <= line <= last
        ]
        # Functions are in the order of their first lines: the last one around is the innermost.
        return f'File "{file}", line {line}, in {around[-1] if around else "<module>"}'


def main() -> int:
    parser = argparse.ArgumentParser(description="Put names into a charger's log.")
    parser.add_argument("names", type=Path, help="names.txt of the charger's build")
    options = parser.parse_args()
    names = Names(options.names.read_text(encoding="utf-8").splitlines())
    for line in sys.stdin:
        sys.stdout.write(names.readable(line))
    return 0


if __name__ == "__main__":
    sys.exit(main())
