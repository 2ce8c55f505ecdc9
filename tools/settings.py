"""Settings of `make` (HEAP=30000), checked: what is wrong, and what would be right.

    python -m tools.settings NAME...    exit 2: one of these is set in the environment, and wrong

Flags (DEMO=1) and BOARD are checked by the Makefile, MICROPYTHON_DIR by setup.sh.
"""

import os
import sys
from collections.abc import Mapping
from math import isfinite
from pathlib import Path

_HEAP = (4096, 131072)  # an emulated chip has 128 kB of RAM
_TLS = (512, 16384)  # what a TLS record may have
_YEAR_H = 8760
_IDENTITY = 48  # bytes: OCPP 2.0.1 part 4, 3.1.1


class SettingError(Exception):
    """A setting is wrong; the text says which, and what would be right."""


def _whole(text: str, least: int, most: int) -> bool:
    return text.isascii() and text.isdigit() and least <= int(text[:12]) <= most


def _hours(text: str) -> bool:
    try:
        hours = float(text)
    except ValueError:
        return False
    return isfinite(hours) and 0 < hours <= _YEAR_H


def _url(text: str) -> bool:
    scheme, mark, rest = text.partition("://")
    return scheme in ("ws", "wss") and bool(mark) and rest.strip("/") != ""


def _identity(text: str) -> bool:
    return text.isprintable() and len(text.encode("utf-8", "surrogateescape")) <= _IDENTITY


# name: (whether a text is right, what would be)
_RULES = {
    "CSMS": (_url, "a URL that begins with ws:// or wss://, as in ws://127.0.0.1:9000/ocpp"),
    "HEAP": (lambda t: _whole(t, *_HEAP), "bytes, {} to {}, as in HEAP=28672".format(*_HEAP)),
    "HOURS": (_hours, f"hours of the station's time, above 0, at most {_YEAR_H}, as in HOURS=24"),
    "ID": (_identity, f"an identity of at most {_IDENTITY} bytes, printable, as in ID=CS001"),
    "PROFILE": (lambda t: t in tuple("0123"), "a security profile, 0 to 3"),
    "SEED": (lambda t: _whole(t, 0, 10**12), "a whole number, as a play prints it at its start"),
    "STEPS": (lambda t: Path(t).is_file(), "a file of steps, as in STEPS=build/play.json"),
    "TLS_IN": (lambda t: _whole(t, *_TLS), "bytes, {} to {}, as in TLS_IN=6144".format(*_TLS)),
    "TLS_OUT": (lambda t: _whole(t, *_TLS), "bytes, {} to {}, as in TLS_OUT=2048".format(*_TLS)),
}


def check(names: tuple[str, ...], environment: Mapping[str, str] = os.environ) -> None:
    """Check settings of these names; one that is empty is not set.

    Raises:
        SettingError: of the first that is wrong.
    """
    for name in names:
        text = environment.get(name, "")
        right, wanted = _RULES[name]
        if text and not right(text):
            raise SettingError(f"{name}={text}: wanted is {wanted}")


def main() -> int:
    try:
        check(tuple(sys.argv[1:]))
    except SettingError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
