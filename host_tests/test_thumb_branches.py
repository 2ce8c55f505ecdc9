"""tools/thumb_branches.py: far conditional branches of viper code."""

import struct

import pytest

from tools.thumb_branches import MARK, repaired, repaired_code, repaired_source

CARRY_CLEAR, ALWAYS = 3, 14


def by_mpy_cross(condition, distance):
    """As asmthumb.c's OP_BCC_W_HI and OP_BCC_W_LO."""
    high = 0xF000 | condition << 6 | (distance >> 10) & 0x400 | (distance >> 14) & 0x3F
    return high, 0x8000 | distance & 0x2000 | (distance >> 1) & 0xFFF


def distance_of(high, low):
    """What a processor takes from encoding T3: S, J2, J1, imm6, imm11."""
    bits = [(high >> 10, 1), (low >> 11, 1), (low >> 13, 1), (high, 6), (low, 11)]
    value = 0
    for field, width in bits:
        value = value << width | field & (1 << width) - 1
    return (value - (1 << 20 if value >> 19 else 0)) * 2


@pytest.mark.parametrize(
    "distance", [0, 2, -4, 4094, -4096, 4096, -4098, 8190, -8194, 16384, 70000, -262144, 1000000]
)
def test_every_distance_comes_out_right(distance):
    wrong = by_mpy_cross(CARRY_CLEAR, distance)
    right = repaired(*wrong)
    assert distance_of(*right) == distance
    assert right[0] >> 6 & 15 == CARRY_CLEAR
    assert (right == wrong) == (-4096 <= distance < 4096)


@pytest.mark.parametrize("halves", [(0xF000, 0xF801), (0xF240, 0x0008), (0xF3AF, 0x8000)])
def test_other_instructions_stay(halves):
    assert repaired(*halves) == halves


def test_code_is_walked_by_instructions():
    branch = by_mpy_cross(CARRY_CLEAR, -5000)
    # A short one, then a long one whose second half looks like the first of a branch.
    code = struct.pack("<6H", 0xB5FE, 0xF240, 0xF0C0, *branch, 0xBDFE)
    halves = struct.unpack("<6H", repaired_code(code))
    assert halves[:3] == (0xB5FE, 0xF240, 0xF0C0)
    assert distance_of(*halves[3:5]) == -5000


def test_a_source_is_repaired_once():
    branch = struct.pack("<2H", *by_mpy_cross(CARRY_CLEAR, -5000))
    body = ", ".join(f"0x{byte:02x}" for byte in branch)
    source = (
        f"static const byte fun_data_x[4] __attribute__((aligned (2))) = {{\n    {body},\n}};\n"
    )
    once = repaired_source(source)
    assert once.startswith(MARK)
    assert body not in once
    assert repaired_source(once) == once
