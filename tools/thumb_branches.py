"""Repair far conditional branches in the Thumb code of frozen viper functions.

    python -m tools.thumb_branches frozen_content.c

mpy-cross (1.25, and before) puts bits 12 to 19 of the distance of a wide conditional branch
(B<c>.W) into wrong places: a branch over 4,096 bytes or more goes astray by half a
megabyte (asmthumb.c, OP_BCC_W_HI). No bit is lost, so the right code (ARM DDI 0403, A7.7.12,
encoding T3) can be made of the wrong one; nearer branches are the same in both. Runs between
mpy-cross and the C compiler, once: what it has done is marked.
"""

import re
import struct
import sys
from pathlib import Path

MARK = "// far branches repaired by tools/thumb_branches.py\n"
_FUNCTION = re.compile(
    r"(static const byte fun_data_\w+\[\d+\] __attribute__[^=]*= \{\n)(.*?)(\n\};)", re.DOTALL
)
_LONG = (0b11101, 0b11110, 0b11111)  # first five bits of a 32-bit instruction


def repaired(high: int, low: int) -> tuple[int, int]:
    """The two halves of an instruction; those of a conditional branch in encoding T3."""
    condition = high >> 6 & 15
    if high & 0xF800 != 0xF000 or low & 0xD000 != 0x8000 or condition >= 14:
        return high, low
    # As mpy-cross has laid it out, in units of 2 bytes.
    distance = (low & 0xFFF) | (low >> 13 & 1) << 12 | (high & 0x3F) << 13
    sign = high >> 10 & 1
    high = 0xF000 | sign << 10 | condition << 6 | (distance >> 11 & 0x3F)
    low = 0x8000 | (distance >> 17 & 1) << 13 | (distance >> 18 & 1) << 11 | distance & 0x7FF
    return high, low


def repaired_code(code: bytes) -> bytes:
    """Machine code of one function, which holds nothing but instructions."""
    halves = list(struct.unpack(f"<{len(code) // 2}H", code))
    at = 0
    while at < len(halves):
        if halves[at] >> 11 not in _LONG:
            at += 1
            continue
        if at + 1 < len(halves):
            halves[at : at + 2] = repaired(halves[at], halves[at + 1])
        at += 2
    return struct.pack(f"<{len(halves)}H", *halves) + code[len(halves) * 2 :]


def repaired_source(text: str) -> str:
    """frozen_content.c with its native functions repaired."""

    def function(match: re.Match[str]) -> str:
        code = bytes(int(byte, 16) for byte in re.findall(r"0x([0-9a-f]{2})", match[2]))
        body = ", ".join(f"0x{byte:02x}" for byte in repaired_code(code))
        return f"{match[1]}    {body},{match[3]}"

    return text if text.startswith(MARK) else MARK + _FUNCTION.sub(function, text)


def main() -> int:
    if len(sys.argv) != 2:
        print("usage: python -m tools.thumb_branches frozen_content.c", file=sys.stderr)
        return 2
    path = Path(sys.argv[1])
    path.write_text(repaired_source(path.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
