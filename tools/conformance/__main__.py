"""make conformance: each certification case with its tests, and what has none.

    python -m tools.conformance [arguments of pytest]

Prints the report, writes build/conformance.json; exit 1: there are gaps.
"""

import json
import sys
from pathlib import Path

import pytest

from tools.conformance import report
from tools.conformance.plugin import Conformance

ROOT = Path(__file__).resolve().parents[2]


def main():
    collected = Conformance()
    ended = pytest.main(["-q", *sys.argv[1:]], plugins=[collected])
    if ended not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        return int(ended)
    print("\n".join(report.lines(collected.cases)))
    for case in sorted(collected.unknown):
        print(f"conformance: {case} is no certification case", file=sys.stderr)
    output = ROOT / "build" / "conformance.json"
    output.write_text(json.dumps(report.as_json(collected.cases), indent=1) + "\n")
    gaps = any(case.result in report.GAPS for case in collected.cases.values())
    return 1 if gaps or collected.unknown or ended else 0


if __name__ == "__main__":
    sys.exit(main())
