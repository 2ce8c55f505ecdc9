"""build/host_tests/gen: the tables of all blocks, and with all messages and names of OCPP. Unit
tests take these, so that the reader is tested with each message; the real charger has those of its
blocks only.
"""

import fcntl
import subprocess
import sys

from tools.csms.charger import BUILD, ROOT

GEN = ROOT / "build" / "host_tests" / "gen"
TABLES = GEN / "tables"


def make():
    """Make them, if those of the charger that the tests drive are newer."""
    made, stamp = GEN / "stamp", BUILD / "gen" / "stamp"
    if not stamp.exists():
        return  # nothing was built: the imports say what is missing
    GEN.mkdir(parents=True, exist_ok=True)
    with (GEN / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if made.exists() and made.stat().st_mtime > stamp.stat().st_mtime:
            return
        firmware = ROOT / "firmware"
        variables = [path.relative_to(ROOT) for path in sorted(firmware.glob("*/variables.txt"))]
        for command in (
            ("device_model/compile.py", "--declarations", *variables),
            ("schema/compile.py", "--complete"),
        ):
            tool = [sys.executable, ROOT / "tools" / command[0], *command[1:]]
            tool += ["--blocks", "firmware/blocks", "--out", TABLES]
            subprocess.run(tool, cwd=ROOT, check=True, capture_output=True)
        made.touch()
