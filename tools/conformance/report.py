"""Cases, features and what is built, put together with the results of tests.

The data lies in host_tests/conformance/ (README.md there says what its columns mean).
"""

import csv
import re
from dataclasses import dataclass, field
from pathlib import Path

from tools.blocks.declaration import profiles, read_all, use_cases
from tools.conformance.condition import applies

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "host_tests" / "conformance"
BLOCKS = ROOT / "firmware" / "blocks"
_USE_CASE = re.compile(r"[A-Z]\d\d")
_TEST_ID = re.compile(r"TC_[A-Z]_\d+_CS")

PASS, FAIL, ABSENT, MISSING, LATER = "pass", "FAIL", "absent", "NO TEST", "later"
GAPS = (FAIL, MISSING)


@dataclass
class Case:
    """A certification case.

    Attributes:
        built: its profiles and all of its use cases are.
        applies: its condition holds for what is built.
        lacking: what declares the absence, for a person.
        tests: {test: passed}.
    """

    id: str
    title: str
    profile: str
    status: str
    condition: str
    built: bool
    applies: bool
    lacking: str = ""
    tests: dict[str, bool] = field(default_factory=dict)

    @property
    def block(self):
        return self.id[3]

    @property
    def result(self):
        """PASS, FAIL, ABSENT (feature declared so), MISSING, or LATER: not of what is built."""
        if self.tests:
            return PASS if all(self.tests.values()) else FAIL
        if not self.built:
            return LATER
        return MISSING if self.applies else ABSENT


def _rows(name):
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def built():
    """Use cases and certification profiles that are built: what the blocks declare, and what is
    there whatever blocks there are.
    """
    lines = (DATA / "built.txt").read_text(encoding="utf-8").splitlines()
    done = {word for line in lines for word in line.split("#")[0].split()}
    blocks = read_all(BLOCKS)
    return done.union(*map(use_cases, blocks)), {p for block in blocks for p in profiles(block)}


def profiles_of(text):
    """The certification profiles that a case belongs to: to all of these."""
    return set(text.split(" + ")) - {""}


def load():
    """All cases, by id."""
    rows = _rows("features.csv")
    features = {row["id"]: row["there"] == "yes" for row in rows}
    declared = {row["id"]: row["declared_by"] for row in rows}
    done, chosen = built()
    cases = {}
    for row in _rows("cases.csv"):
        wanted = set(_USE_CASE.findall(row["use_cases"])) or {row["id"][3] + "01"}
        holds = applies(row["condition"], features)
        named = [] if holds else [n for n in features if not features[n] and n in row["condition"]]
        cases[row["id"]] = Case(
            row["id"],
            row["title"],
            row["profile"],
            row["status"],
            row["condition"],
            wanted <= done and set() < profiles_of(row["profile"]) <= chosen,
            holds,
            "; ".join(f"{n}: {declared[n]}" for n in named) or row["condition"],
        )
    return cases


def book(cases, test, passed):
    """Note a test's result with the case whose id its name carries; unknown ids are returned."""
    unknown = []
    for case in _TEST_ID.findall(test):
        if case in cases:
            cases[case].tests[test] = passed
        else:
            unknown.append(case)
    return unknown


def lines(cases):
    """The report as text: a table for each block, then what counts."""
    out = []
    block = None
    for case in sorted(cases.values(), key=lambda c: c.id):
        if case.result == LATER:
            continue
        if case.block != block:
            block = case.block
            out += ["", f"Block {block}"]
        if case.tests:
            proof = _tests(case)
        else:
            proof = case.lacking if case.result == ABSENT else ""
        out.append(f"  {case.id:<12} {case.result:<8} {case.title}")
        if proof:
            out.append(f"  {'':<21} {proof}")
    out += ["", *counts(cases)]
    return out


def _tests(case):
    names = sorted({test.partition("[")[0] for test in case.tests})
    failed = sorted(test for test, passed in case.tests.items() if not passed)
    more = f", {len(case.tests)} variants" if len(case.tests) > len(names) else ""
    text = ", ".join(names) + more
    return text + (f"; failed: {', '.join(failed)}" if failed else "")


def counts(cases):
    """A line a certification profile, as `Core: 169 of 222 pass, 7 absent, 46 not built`; and the
    gaps.
    """
    of_profile = {}
    for case in cases.values():
        of_profile.setdefault(case.profile or "in no profile", []).append(case.result)
    first = {"Core": -1, "in no profile": 1}
    out = [
        f"{profile}: {_counted(of_profile[profile])}"
        for profile in sorted(of_profile, key=lambda name: (first.get(name, 0), name))
    ]
    gaps = [c.id for c in cases.values() if c.result in GAPS]
    out.append(f"{len(gaps)} gaps: {', '.join(sorted(gaps))}" if gaps else "No gap.")
    return out


def _counted(results):
    words = {FAIL: "fail", MISSING: "without a test", ABSENT: "absent", LATER: "not built"}
    said = [f"{results.count(of)} {word}" for of, word in words.items() if of in results]
    return ", ".join([f"{results.count(PASS)} of {len(results)} pass", *said])


def as_json(cases):
    return {
        "cases": [
            {
                "id": c.id,
                "title": c.title,
                "profile": c.profile,
                "status": c.status,
                "result": c.result,
                "tests": sorted(c.tests),
            }
            for c in sorted(cases.values(), key=lambda c: c.id)
        ],
        "gaps": sorted(c.id for c in cases.values() if c.result in GAPS),
    }
