"""tools/floors.py: no import runs upwards, and the house keeps to it."""

from pathlib import Path

import pytest

from tools import floors

ROOT = Path(__file__).resolve().parents[1]


def check(tmp_path: Path, path: str, text: str) -> list[str]:
    board = tmp_path / "boards" / "unix" / "board.py"
    board.parent.mkdir(parents=True, exist_ok=True)
    board.write_text("from hal import log\n")
    file = tmp_path / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return floors.check(tmp_path)


def test_the_house_keeps_to_it():
    assert floors.check(ROOT) == []


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("firmware/main.py", "import board, station\nfrom hal import log"),
        ("firmware/station.py", "from board import Board\nfrom blocks.reset.reset import Reset"),
        (
            "firmware/blocks/reset/reset.py",
            "from blocks.port import DEFER\nfrom charging.evse import Evse",
        ),
        ("firmware/blocks/certificates/csr.py", "from blocks.certificates.keys import Key"),
        (
            "firmware/link/link.py",
            "from blocks.port import DEFER\nfrom wire.rpc import Rpc\nimport asyncio",
        ),
        (
            "firmware/charging/evse.py",
            "from device_model.model import DeviceModel\nfrom tables.names import A",
        ),
        ("firmware/wire/rpc.py", "from wire.names import name\nfrom hal import log, errors"),
        ("firmware/wire/sha.py", "import hashlib\nfrom micropython import const"),
        ("firmware/storage/store.py", "import os\nimport vfs"),
        (
            "boards/unix/network.py",
            "import socket, tls\nfrom hal.errors import LinkError\nimport board",
        ),
    ],
)
def test_allowed(tmp_path, path, text):
    assert check(tmp_path, path, text) == []


@pytest.mark.parametrize(
    ("path", "text", "why"),
    [
        ("firmware/charging/evse.py", "from blocks.port import DEFER", "above"),
        ("firmware/charging/evse.py", "def f():\n    import link.outbox", "above"),
        ("firmware/charging/evse.py", "__import__('link.outbox')", "above"),
        ("firmware/charging/evse.py", "__import__(name)", "full name"),
        ("firmware/charging/evse.py", "from . import x", "full name"),
        (
            "firmware/blocks/reset/reset.py",
            "from blocks.availability.availability import A",
            "blocks do not import",
        ),
        (
            "firmware/blocks/reset/reset.py",
            "from blocks import availability",
            "blocks do not import",
        ),
        ("firmware/blocks/reset/reset.py", "from link.link import Link", "same floor"),
        ("firmware/link/link.py", "from blocks.reset.reset import Reset", "same floor"),
        ("firmware/storage/store.py", "from device_model.model import M", "same floor"),
        ("firmware/wire/rpc.py", "from hal import timers", "same floor"),
        ("firmware/wire/rpc.py", "import time", "pure"),
        ("firmware/wire/rpc.py", "import asyncio", "pure"),
        ("firmware/blocks/reset/reset.py", "import board", "only station and main"),
        ("firmware/blocks/reset/reset.py", "from board import Board", "only station and main"),
        ("firmware/blocks/reset/reset.py", "import json", "for nobody"),
        ("firmware/blocks/reset/reset.py", "import socket", "for board"),
        ("firmware/station.py", "import main", "above"),
        ("firmware/cellar/rats.py", "", "no floor"),
        ("boards/unix/network.py", "from link.link import Link", "nothing but hal"),
    ],
)
def test_refused(tmp_path, path, text, why):
    found = check(tmp_path, path, text)
    assert len(found) == 1
    assert found[0].startswith(f"{path}:")
    assert why in found[0]


def test_the_line_is_told(tmp_path):
    found = check(tmp_path, "firmware/blocks/reset/reset.py", "x = 1\n\nimport json\n")
    assert found == ["firmware/blocks/reset/reset.py:3: imports json: json is for nobody"]
