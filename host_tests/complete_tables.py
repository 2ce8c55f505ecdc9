"""build/host_tests/gen: the tables of build/gen, but with all messages and names of OCPP, whatever
blocks there are. Unit tests take these, so that the reader is tested with each message; the real
charger has those of its blocks only.
"""

import fcntl
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
GEN = ROOT / "build" / "host_tests" / "gen"
TABLES = GEN / "tables"
_FROM = ROOT / "build" / "gen"


def make():
    """Make them, if those of the build are newer."""
    made, stamp = GEN / "stamp", _FROM / "stamp"
    if not stamp.exists():
        return  # nothing was built: the imports say what is missing
    GEN.mkdir(parents=True, exist_ok=True)
    with (GEN / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if made.exists() and made.stat().st_mtime > stamp.stat().st_mtime:
            return
        shutil.copytree(_FROM / "tables", TABLES, dirs_exist_ok=True)
        compiler = ROOT / "tools" / "schema" / "compile.py"
        blocks = ROOT / "firmware" / "blocks"
        command = [sys.executable, compiler, "--complete", "--blocks", blocks, "--out", TABLES]
        subprocess.run(command, check=True, capture_output=True)
        made.touch()
