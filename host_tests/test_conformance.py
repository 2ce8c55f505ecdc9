"""The conformance report: conditions, data, what counts as a gap."""

import pytest

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


def test_absent_features_are_not_gaps():
    cases = report.load()
    absent = [c for c in cases.values() if c.result == report.ABSENT]
    assert "TC_E_12_CS" in {c.id for c in absent}
    assert all(c.lacking for c in absent)
