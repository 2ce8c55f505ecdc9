"""pytest plugin: runs the tests that carry a certification case's id, and collects results."""

from tools.conformance import report


class Conformance:
    """Attributes: cases: report.load(), filled; unknown: ids that are in no list."""

    def __init__(self):
        self.cases = report.load()
        self.unknown = set()
        self._passed = {}

    def pytest_collection_modifyitems(self, config, items):
        chosen = [item for item in items if "_CS" in item.name and "TC_" in item.name]
        others = [item for item in items if item not in set(chosen)]
        config.hook.pytest_deselected(items=others)
        items[:] = chosen

    def pytest_runtest_logreport(self, report):
        name = report.nodeid.rpartition("/")[2]
        if report.when == "call" or not report.passed:
            self._passed[name] = self._passed.get(name, True) and report.passed

    def pytest_sessionfinish(self):
        for name, passed in self._passed.items():
            self.unknown.update(report.book(self.cases, name, passed))
