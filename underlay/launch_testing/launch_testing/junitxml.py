"""Results as a JUnit XML report."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from typing import Any


def unittestResultsToXml(
    *, name: str = "launch_test", test_results: Mapping[Any, Any] | None = None
) -> ElementTree.ElementTree:
    """Return a report with one suite for each launch; `test_results` are by test run."""
    results = dict(test_results or {})
    suites = ElementTree.Element("testsuites", {"name": name, **_totals(list(results.values()))})
    for run, result in results.items():
        suite = ElementTree.SubElement(suites, "testsuite", {"name": str(run), **_totals([result])})
        suite.set("skipped", str(len(result.skipped)))
        for case in result.testCases:
            suite.append(_case_to_xml(result, case))
    return ElementTree.ElementTree(suites)


def _totals(results: list[Any]) -> dict[str, str]:
    return {
        "tests": str(sum(result.testsRun for result in results)),
        "failures": str(sum(len(result.failures) for result in results)),
        "errors": str(sum(len(result.errors) for result in results)),
        "time": str(round(sum(sum(result.testTimes.values()) for result in results), 3)),
    }


def _case_to_xml(result: Any, case: Any) -> ElementTree.Element:
    identifier, _, qualifiers = case.id().partition(" ")
    class_name, _, method = identifier.rpartition(".")
    element = ElementTree.Element(
        "testcase",
        classname=class_name,
        name=f"{method} {qualifiers}".strip(),
        time=str(round(result.testTimes[case], 3)),
    )
    outcomes = (("failure", result.failures), ("error", result.errors), ("skipped", result.skipped))
    for tag, entries in outcomes:
        for entry, message in entries:
            if entry == case:
                ElementTree.SubElement(element, tag, message=message)
    return element
