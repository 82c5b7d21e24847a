"""Launches what is to be tested and runs the tests.

The launch needs the main thread, so the tests that run during it have a thread of their own;
those for after it are run in the main thread when it has ended.
"""

from __future__ import annotations

import threading
import unittest
from collections.abc import Iterable, Sequence
from typing import Any

from launch import LaunchDescription, LaunchDescriptionSource, LaunchService
from launch.actions import IncludeLaunchDescription, RegisterEventHandler
from launch.event_handlers import OnProcessExit, OnProcessIO, OnProcessStart

from .io_handler import ActiveIoHandler
from .loader import TestRun
from .parse_arguments import parse_launch_arguments
from .proc_info_handler import ActiveProcInfoHandler
from .test_result import FailResult, SkipResult, TestResult


class _LaunchEndedEarlyError(Exception):
    """The launch was over before the tests were."""


def _run_suite(suite: unittest.TestSuite) -> TestResult:
    result = unittest.TextTestRunner(verbosity=2, resultclass=TestResult).run(suite)
    assert isinstance(result, TestResult)
    return result


class _Worker:
    """One launch with its tests."""

    def __init__(self, run: TestRun, launch_arguments: Sequence[str], debug: bool) -> None:
        self._run = run
        self._launch_arguments = parse_launch_arguments(launch_arguments)
        self._service = LaunchService(debug=debug)
        self._ready = threading.Event()
        self._tests_done = threading.Event()
        self._results: TestResult | None = None
        self._proc_info = ActiveProcInfoHandler()
        self._proc_output = ActiveIoHandler()

    def run(self) -> TestResult:
        description, context = self._run.describe(self._ready.set)
        arguments = {**context, **self._run.param_args, "test_args": dict(self._launch_arguments)}
        TestRun.bind(
            self._run.pre_shutdown_tests,
            {
                **arguments,
                "launch_service": self._service,
                "proc_info": self._proc_info,
                "proc_output": self._proc_output,
            },
        )
        TestRun.bind(
            self._run.post_shutdown_tests,
            {
                **arguments,
                "proc_info": self._proc_info._proc_info_handler,
                "proc_output": self._proc_output._io_handler,
            },
        )
        self._service.include_launch_description(self._observed(description))
        threading.Thread(target=self._run_tests, name="launch_tests", daemon=True).start()
        keep_alive = self._run.markers.get("keep_alive", False)
        self._service.run(shutdown_when_idle=not keep_alive)
        if not self._tests_done.is_set() or self._results is None:
            print("Processes under test stopped before tests completed")
            self._print_output_of_failed_processes()
            raise _LaunchEndedEarlyError()
        self._results.append(_run_suite(self._run.post_shutdown_tests))
        return self._results

    def _observed(self, description: LaunchDescription) -> LaunchDescription:
        """Return the description with handlers in front that record what the processes do."""

        def started(event: Any, _: Any) -> None:
            self._proc_info.append(event)
            self._proc_output.track(event.process_name)

        def exited(event: Any, _: Any) -> None:
            self._proc_info.append(event)

        record = self._proc_output.append
        return LaunchDescription(
            [
                RegisterEventHandler(OnProcessStart(on_start=started)),
                RegisterEventHandler(OnProcessExit(on_exit=exited)),
                RegisterEventHandler(OnProcessIO(on_stdout=record, on_stderr=record)),
                IncludeLaunchDescription(
                    LaunchDescriptionSource(launch_description=description),
                    launch_arguments=self._launch_arguments,
                ),
            ]
        )

    def _run_tests(self) -> None:
        if not self._ready.wait(self._run.timeout):
            print("Timed out waiting for processes to start up")
            self._service.shutdown()
            return
        try:
            self._results = _run_suite(self._run.pre_shutdown_tests)
        finally:
            self._tests_done.set()
            self._service.shutdown()

    def _print_output_of_failed_processes(self) -> None:
        for event in self._proc_info:
            code = getattr(event, "returncode", None)
            if code == 0:
                continue
            state = "was running" if code is None else f"exited with {code}"
            print(f"Process '{event.process_name}' {state}, its output:")
            for output in self._proc_output[event.action]:
                print(output.text.decode(errors="replace"), end="")
            print()


class LaunchTestRunner:
    """Does one test run after the other; a launch that ended early ends them all."""

    def __init__(
        self,
        test_runs: Iterable[TestRun],
        launch_file_arguments: Sequence[str] = (),
        debug: bool = False,
    ) -> None:
        self._test_runs = list(test_runs)
        self._launch_file_arguments = launch_file_arguments
        self._debug = debug

    def validate(self) -> None:
        """Raise when a test description cannot be called as it has to be."""
        for run in self._test_runs:
            run.validate()

    def run(self) -> dict[TestRun, Any]:
        """Return the result of each run."""
        results: dict[TestRun, Any] = {}
        for run in self._test_runs:
            if len(self._test_runs) > 1:
                print(f"\nStarting test run {run}")
            try:
                results[run] = _Worker(run, self._launch_file_arguments, self._debug).run()
            except unittest.SkipTest as skip:
                print(f"{run} is skipped: {skip}")
                results[run] = SkipResult(run, str(skip))
            except _LaunchEndedEarlyError:
                message = "Launch stopped before the active tests finished."
                results[run] = FailResult(run, message)
                break
        return results
