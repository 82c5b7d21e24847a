"""Makes pytest run launch tests: files whose generate_test_description is marked `launch_test`.

Such a file is one test for pytest, whatever number of unittest cases it has: they share a
launch. Heavy imports wait until there is one, because the plug-in is loaded with every pytest.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from unittest import TestCase

import pytest

ENTRY_POINT = "generate_test_description"


class LaunchTestFailure(Exception):
    """Carries the results of a launch test that did not pass."""

    def __init__(self, message: str, results: dict[Any, Any]) -> None:
        super().__init__(message)
        self.results = results

    def in_words(self) -> str:
        """Return what failed, and how."""
        parts = []
        for result in self.results.values():
            for case, text in (*result.errors, *result.failures):
                title = case.id() if isinstance(case, TestCase) else str(case)
                parts.append(f"{'=' * 70}\nFAIL: {title}\n{'-' * 70}\n{text}")
        return "\n".join(parts) or str(self)


class LaunchTestItem(pytest.Item):
    """All tests of one file."""

    module: Any = None

    def runtest(self) -> None:
        """Launch and test; LaunchTestFailure unless all passed."""
        from ..loader import LoadTestsFromPythonModule
        from ..test_runner import LaunchTestRunner

        arguments = [
            argument for group in self.config.getoption("--launch-args") for argument in group
        ]
        runner = LaunchTestRunner(
            LoadTestsFromPythonModule(self.module, name=self.name),
            arguments,
            debug=self.config.getoption("verbose") > 0,
        )
        runner.validate()
        results = runner.run()
        if not all(result.wasSuccessful() for result in results.values()):
            raise LaunchTestFailure("some test cases have failed", results)

    def repr_failure(self, excinfo: Any, style: Any = None) -> Any:
        """Return what failed without pytest's own stack."""
        if isinstance(excinfo.value, LaunchTestFailure):
            return excinfo.value.in_words()
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[os.PathLike[str], int, str]:
        """Return where the test is."""
        return self.path, 0, f"launch tests: {self.name}"


class LaunchTestModule(pytest.Module):
    """A file that may be a launch test; if it is not marked as one, an ordinary test file."""

    def collect(self) -> Iterable[Any]:
        """Return the one launch test, or what pytest finds in any file."""
        entry_point = getattr(self.obj, ENTRY_POINT, None)
        marks = getattr(entry_point, "pytestmark", [])
        if not any(mark.name == "launch_test" for mark in marks):
            return super().collect()
        item = LaunchTestItem.from_parent(self, name=self.obj.__name__)
        item.module = self.obj
        for mark in marks:
            item.add_marker(getattr(pytest.mark, mark.name).with_args(*mark.args, **mark.kwargs))
        return [item]


def pytest_pycollect_makemodule(module_path: Path, parent: Any) -> Any:
    """Take files that name the entry point; leave all others to pytest."""
    try:
        named = ENTRY_POINT in module_path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    return LaunchTestModule.from_parent(parent, path=module_path) if named else None


def pytest_addoption(parser: Any) -> None:
    """Add --launch-args."""
    parser.addoption(
        "--launch-args",
        action="append",
        nargs="*",
        default=[],
        help="One or more Launch test arguments",
    )


def pytest_configure(config: Any) -> None:
    """Make the marker known."""
    config.addinivalue_line(
        "markers",
        "launch_test: mark a generate_test_description function as a launch test entrypoint",
    )
