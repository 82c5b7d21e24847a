"""Results of the tests of one launch, with times."""

from __future__ import annotations

import time
import unittest
from collections.abc import Iterable
from typing import Any


class _AllAlike(unittest.TestResult):
    """A result in which nothing was run."""

    def __init__(self, cases: Iterable[unittest.TestCase]) -> None:
        super().__init__()
        self.testCases = list(cases)
        self.testsRun = len(self.testCases)

    @property
    def testTimes(self) -> dict[unittest.TestCase, float]:
        """Seconds for each test: none."""
        return dict.fromkeys(self.testCases, 0.0)


class FailResult(_AllAlike):
    """All tests failed with the same message."""

    def __init__(self, test_run: Any, message: str) -> None:
        super().__init__(test_run.all_cases())
        for case in self.testCases:
            self.addFailure(case, (AssertionError, AssertionError(message), None))  # type: ignore[arg-type]

    def wasSuccessful(self) -> bool:
        """Return False, also when there were no tests."""
        return False


class SkipResult(_AllAlike):
    """All tests were skipped for the same reason."""

    def __init__(self, test_run: Any, skip_reason: str = "") -> None:
        super().__init__(test_run.all_cases())
        for case in self.testCases:
            self.addSkip(case, skip_reason)


class TestResult(unittest.TextTestResult):
    """What unittest records, and how long each test took."""

    __test__ = False  # not a test itself

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._started: dict[unittest.TestCase, float] = {}
        self._times: dict[unittest.TestCase, float] = {}

    @property
    def testCases(self) -> list[unittest.TestCase]:
        """The tests that were run."""
        return list(self._started)

    @property
    def testTimes(self) -> dict[unittest.TestCase, float]:
        """Seconds for each test."""
        return {case: self._times.get(case, 0.0) for case in self._started}

    def startTest(self, test: unittest.TestCase) -> None:
        """Start the clock."""
        self._started[test] = time.monotonic()
        super().startTest(test)

    def stopTest(self, test: unittest.TestCase) -> None:
        """Stop the clock."""
        self._times[test] = time.monotonic() - self._started[test]
        super().stopTest(test)

    def append(self, results: TestResult) -> None:
        """Add the tests of another result."""
        self._started.update(results._started)
        self._times.update(results._times)
        self.testsRun += results.testsRun
        for name in ("failures", "errors", "skipped", "expectedFailures", "unexpectedSuccesses"):
            getattr(self, name).extend(getattr(results, name))
