"""README.md: its example of the control socket works with bash and coreutils alone."""

import json
import os
import re
import subprocess
from pathlib import Path

from tools.csms.charger import ROOT, free_port

_TOOLS = ("sleep", "timeout", "cat")  # of coreutils


def _example() -> str:
    blocks = re.findall(r"(?:^    .+\n)+", (ROOT / "README.md").read_text(), re.MULTILINE)
    (example,) = [block for block in blocks if "--control" in block]
    return example


def test_the_example_of_the_control_socket(tmp_path):
    for name in _TOOLS:
        (tmp_path / name).symlink_to(Path("/usr/bin") / name)
    script = _example().replace("9100", str(free_port())).replace("9000", str(free_port()))
    done = subprocess.run(
        ["/bin/bash", "-c", script + "\nkill %1\n"],
        cwd=ROOT,
        env={**os.environ, "PATH": str(tmp_path)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
    )
    replies = [json.loads(line) for line in done.stdout.splitlines()]
    assert [reply["ok"] for reply in replies if "ok" in reply] == [True, True], done.stderr
    (state,) = [reply for reply in replies if "evses" in reply]
    assert state["evses"][0]["connectors"][0]["cp"] == "B", "the plug is in"
