"""`make lint`: every check that needs no build. Runs all of them, and fails if one did."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

CHECKS = {
    "ruff": ("ruff", "check", "--quiet", "--output-format=concise", "."),
    "floors": ("tools.floors",),
    "floats": ("tools.no_floats",),
    "mypy": ("mypy", "--no-error-summary"),
}


def main() -> int:
    failed = []
    for name, command in CHECKS.items():
        if subprocess.run([sys.executable, "-m", *command], cwd=ROOT, check=False).returncode:
            failed.append(name)
    print(
        f"lint: failed: {', '.join(failed)}"
        if failed
        else f"lint: {', '.join(CHECKS)}: no findings"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
