"""Which product the tests drive (`make test PRODUCT=core`), and which functional blocks it lacks.

Without PRODUCT it is all of them, and each test is played. A test of one of the lacking blocks
(host_tests/blocks/<name>) is left out; one that comes upon a message of theirs is skipped there.
"""

import json

import pytest

from tools.blocks.declaration import Declaration, read_all
from tools.csms.charger import BUILD, PRODUCT, ROOT

_TESTS = ROOT / "host_tests" / "blocks"
# Commands of the control socket that mean nothing without a block.
_OF_COMMANDS = {"reboot": "reset", "swipe": "authorization"}
# What tests expect when they say nothing else.
RATINGS = {"rating": "32", "supply": "0", "fixed-cable": "0"} if PRODUCT else {}


def _product():
    made = BUILD / "gen" / "product.json"
    if not PRODUCT or not made.is_file():
        return None
    return json.loads(made.read_text(encoding="utf-8"))


def messages(blocks: list[Declaration], direction: str) -> set[str]:
    """The CALLs that blocks receive, or that they send."""
    sections = (line for block in blocks for _, line in block.sections.get("messages", ()))
    lines = (line.split(":")[0].split() for line in sections)
    requests = (words[1] for words in lines if words[0] == direction)
    return {name.removesuffix("Request") for name in requests if name.endswith("Request")}


_ALL = read_all(ROOT / "firmware" / "blocks")
_THERE = _product()
_LACKING = [block for block in _ALL if _THERE and block.name not in _THERE["blocks"]]
_KEPT = [block for block in _ALL if block not in _LACKING]
LACKING = tuple(block.name for block in _LACKING)


def _lost(direction):
    return messages(_LACKING, direction) - messages(_KEPT, direction)


_NOT_RECEIVED, _NOT_SENT = _lost("receive"), _lost("send")


def tested_block(path):
    """The block whose folder of tests a path lies in, or None."""
    return path.relative_to(_TESTS).parts[0] if path.is_relative_to(_TESTS) else None


def product():
    """What product.json says of the product, or None: it is none, or not built."""
    return _THERE


def skip_unless_heard(command):
    """Skip the test: the product lacks the block that does something on this command."""
    if _OF_COMMANDS.get(command) in LACKING:
        pytest.skip(f"PRODUCT={PRODUCT} lacks {_OF_COMMANDS[command]}, for {command}")


def skip_unless_received(action):
    """Skip the test: the product has no block that takes this CALL."""
    if action in _NOT_RECEIVED:
        pytest.skip(f"PRODUCT={PRODUCT} does not receive {action}")


def skip_unless_sent(action):
    """Skip the test: the product has no block that sends this CALL."""
    if action in _NOT_SENT:
        pytest.skip(f"PRODUCT={PRODUCT} does not send {action}")
