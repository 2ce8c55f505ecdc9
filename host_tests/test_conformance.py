"""The conformance report: conditions, data, what counts as a gap."""

import pytest

from tools.blocks.declaration import DeclarationError
from tools.conformance import report
from tools.conformance.condition import ConditionError, applies

HAS = {"C-1": True, "C-2": False, "C-3": True, "C-4.1": True, "HFS-8>1": False, "ISO x": False}


@pytest.mark.parametrize(
    "condition, holds",
    [
        ("", True),
        ("C-1", True),
        ("C-2", False),
        ("NOT C-2", True),
        ("C-1 and (C-2 or C-4.1)", True),
        ("any of C-1..C-3", True),
        ("none of C-1..C-3", False),
        ("none of C-2, C-2 and NOT C-2", True),
        ("at least two of C-1, C-2, C-3", True),
        ("at least two of C-1, C-2", False),
        ("HFS-8> 1 or ISO x", False),
        ("NOT (any of C-1..C-2 or ISO x)", False),
    ],
)
def test_conditions(condition, holds):
    assert applies(condition, HAS) is holds


@pytest.mark.parametrize("condition", ["C-9", "C-1 or", "C-1 maybe", "__import__('os')"])
def test_what_is_no_condition_is_told(condition):
    with pytest.raises(ConditionError):
        applies(condition, HAS)


def test_each_case_of_the_list_can_be_judged():
    cases = report.load()
    assert len(cases) > 400
    assert {c.result for c in cases.values()} <= {report.MISSING, report.ABSENT, report.LATER}
    assert cases["TC_B_12_CS"].result == report.MISSING  # as no test has been booked
    assert cases["TC_B_24_CS"].result == report.LATER  # of the reservation profile


def test_results_of_tests():
    cases = report.load()
    assert report.book(cases, "test_x.py::test_TC_B_12_CS_a[1]", True) == []
    assert cases["TC_B_12_CS"].result == report.PASS
    report.book(cases, "test_x.py::test_TC_B_12_CS_a[2]", False)
    assert cases["TC_B_12_CS"].result == report.FAIL
    assert report.book(cases, "test_x.py::test_TC_Z_99_CS_a", True) == ["TC_Z_99_CS"]
    text = "\n".join(report.lines(cases))
    assert "test_TC_B_12_CS_a, 2 variants; failed: test_x.py::test_TC_B_12_CS_a[2]" in text
    assert "TC_B_12_CS" in report.as_json(cases)["gaps"]


def test_the_report_ends_with_a_line_a_profile():
    cases = report.load()
    every = report.counts(cases)
    report.book(cases, "test_x.py::test_TC_B_12_CS_a", True)
    core, *others = report.counts(cases)
    assert every[0].startswith("Core: 0 of 222 pass, ")
    assert core.startswith("Core: 1 of 222 pass, ")
    assert "Reservation: 0 of 22 pass, 22 not built" in others
    report.book(cases, "test_x.py::test_TC_B_12_CS_b", False)
    assert report.counts(cases)[0].startswith("Core: 0 of 222 pass, 1 fail, ")
    numbers = [int(word) for word in core.replace(",", "").split() if word.isdigit()]
    assert numbers[0] + sum(numbers[2:]) == numbers[1], "each case is counted once"


def test_what_is_built_is_what_blocks_declare(tmp_path, monkeypatch):
    """A block of another profile makes cases of that profile gaps, until they have tests."""
    monkeypatch.setattr(report, "BLOCKS", tmp_path)
    (tmp_path / "reservation").mkdir()
    declared = tmp_path / "reservation" / "block.txt"
    declared.write_text("[block]\nprofile Reservation\nuse_cases H01 H02\n")
    cases = report.load()
    results = {c.id: c.result for c in cases.values() if c.profile == "Reservation"}
    assert results["TC_H_03_CS"] in report.GAPS
    assert {c.result for c in cases.values() if c.profile == "Core"} == {report.LATER}
    declared.write_text("[block]\nuse_cases H01 X99\n")
    with pytest.raises(DeclarationError, match=r"block.txt:2: X99 is no use case; "):
        report.load()


def test_absent_features_are_not_gaps():
    cases = report.load()
    absent = [c for c in cases.values() if c.result == report.ABSENT]
    assert "TC_E_12_CS" in {c.id for c in absent}
    assert all(c.lacking for c in absent)
