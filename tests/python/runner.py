"""Runs in the guest: Python's own tests, and at the end one line for each of what became of it.

    python3 runner.py [--without PATTERN]… test_mmap test_os …

A line is `= NAME SECONDS OUTCOME`: NAME is module.Class.test, OUTCOME is `ok`, `skipped WHY`,
`failed WHY` or `error WHY`; after them comes `= N outcomes`. PATTERN (Python's fnmatch) names
tests that are not run. What the tests themselves print comes before.
"""

import argparse
import fnmatch
import sys
import time
import unittest


class Outcomes(unittest.TestResult):
    """Keeps the worst outcome of each test, in words."""

    def __init__(self):
        super().__init__()
        self.lines, self.began = {}, time.monotonic()

    def startTest(self, test):
        super().startTest(test)
        self.began = time.monotonic()

    def note(self, test, words):
        name = test.id().removeprefix("test.")
        if self.lines.get(name, (0, "ok"))[1] == "ok":
            self.lines[name] = (time.monotonic() - self.began, " ".join(words.split()))

    def addSuccess(self, test):
        self.note(test, "ok")

    def addExpectedFailure(self, test, err):
        self.note(test, "ok")

    def addUnexpectedSuccess(self, test):
        self.note(test, "failed unexpected success")

    def addSkip(self, test, reason):
        self.note(test, f"skipped {reason}")

    def addFailure(self, test, err):
        self.note(test, f"failed {err[0].__name__}: {err[1]}")

    def addError(self, test, err):
        self.note(test, f"error {err[0].__name__}: {err[1]}")

    def addSubTest(self, test, subtest, err):
        if err:
            self.note(test, f"failed {err[0].__name__}: {err[1]}")


def without(suite, patterns):
    """The tests of the suite that no pattern names, in suites as they were."""
    if not isinstance(suite, unittest.TestSuite):
        name = suite.id().removeprefix("test.")
        return None if any(fnmatch.fnmatchcase(name, one) for one in patterns) else suite
    return unittest.TestSuite(one for one in (without(one, patterns) for one in suite) if one)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--without", action="append", default=[])
    parser.add_argument("modules", nargs="+")
    words = parser.parse_args()
    outcomes = Outcomes()
    names = [f"test.{name}" for name in words.modules]
    without(unittest.defaultTestLoader.loadTestsFromNames(names), words.without).run(outcomes)
    sys.stdout.flush()
    print()
    for name, (seconds, said) in outcomes.lines.items():
        print(f"= {name} {seconds:.2f} {said}")
    print(f"= {len(outcomes.lines)} outcomes")


if __name__ == "__main__":
    main()
