"""The launch_test command."""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
from types import ModuleType

from launch import LaunchDescription

from .junitxml import unittestResultsToXml
from .loader import LoadTestsFromPythonModule
from .test_runner import LaunchTestRunner


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("launch_test_file", help="Path to the launch test.")
    parser.add_argument(
        "--package-name",
        help="Name of the package the test is in. Useful to aggregate xUnit reports.",
    )
    parser.add_argument("-v", "--verbose", action="store_true", help="Run with verbose output")
    parser.add_argument(
        "-s",
        "--show-args",
        "--show-arguments",
        action="store_true",
        help="Show arguments that may be given to the launch test.",
    )
    parser.add_argument(
        "launch_arguments",
        nargs="*",
        help="Arguments in '<name>:=<value>' format (for duplicates, last one wins).",
    )
    parser.add_argument(
        "--junit-xml", dest="xmlpath", help="Do write xUnit reports to specified path."
    )


def _load(name: str, path: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise RuntimeError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _show_arguments(description: LaunchDescription) -> None:
    print("Arguments (pass arguments as '<name>:=<value>'):")
    arguments = description.get_launch_arguments()
    for argument in arguments:
        mark = "*" if argument._conditionally_included else ""
        print(f"\n    '{argument.name}':{mark}\n        {argument.description}")
        if argument.default_value is not None:
            default = " + ".join(part.describe() for part in argument.default_value)
            print(f"        (default: {default})")
    if not arguments:
        print("\n  No arguments.")
    elif any(argument._conditionally_included for argument in arguments):
        print("\n* argument(s) which are only used if specific conditions occur")


def run(args: argparse.Namespace) -> int:
    """Run the tests of a file; return 0 if all passed, 1 otherwise."""
    path = os.path.abspath(args.launch_test_file)
    file_name = os.path.splitext(os.path.basename(path))[0]
    package_name = args.package_name or file_name
    name = f"{package_name}.{file_name}"
    test_runs = LoadTestsFromPythonModule(_load(package_name, path), name=f"{name}.launch_tests")
    runner = LaunchTestRunner(test_runs, args.launch_arguments, args.verbose)
    runner.validate()
    if args.show_args:
        _show_arguments(test_runs[0].get_launch_description())
        return 0
    results = runner.run()
    if args.xmlpath:
        report = unittestResultsToXml(test_results=results, name=name)
        report.write(args.xmlpath, encoding="utf-8", xml_declaration=True)
    return 0 if all(result.wasSuccessful() for result in results.values()) else 1


def main() -> None:
    """Read the command line and leave with the exit code; 2 when the test cannot be run."""
    parser = argparse.ArgumentParser(description="Launch integration testing tool.")
    add_arguments(parser)
    args = parser.parse_args()
    if not os.path.isfile(args.launch_test_file):
        parser.error(f"Test file '{args.launch_test_file}' does not exist")
    try:
        code = run(args)
    except Exception as error:  # a test file may raise anything
        parser.error(f"{type(error).__name__}: {error}")
    sys.exit(code)


if __name__ == "__main__":
    main()
