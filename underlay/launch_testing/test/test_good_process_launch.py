"""A launch test as users write it: run by pytest and by launch_test."""

import os
import sys
import unittest

import launch
import launch.actions
import launch.substitutions
import launch_testing.actions
import launch_testing.asserts
import launch_testing.util
import pytest

PROCESS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "good_process.py")


@pytest.mark.launch_test
def generate_test_description():
    process = launch.actions.ExecuteProcess(
        cmd=[sys.executable, PROCESS, launch.substitutions.LaunchConfiguration("word")],
        name="good",
    )
    description = launch.LaunchDescription(
        [
            launch.actions.DeclareLaunchArgument("word", default_value="alone"),
            process,
            launch_testing.util.KeepAliveProc(),
            launch_testing.actions.ReadyToTest(),
        ]
    )
    return description, {"process": process}


class TestWhileRunning(unittest.TestCase):
    @classmethod
    def setUpClass(cls, proc_info):
        cls.names_at_start = proc_info.process_names()

    def setUp(self, proc_output, process):
        proc_output.assertWaitFor("Loop 2", process=process, stream="stdout", timeout=30)

    def test_startup_is_seen(self, proc_info, process):
        proc_info.assertWaitForStartup(process=process, timeout=30)
        assert any("good" in name for name in proc_info.process_names())

    def test_output_by_name_and_stream(self, proc_output):
        proc_output.assertWaitFor("Starting up", process="good", stream="stdout", timeout=30)
        proc_output.assertWaitFor("ready on stderr", process="good", timeout=30)
        assert not proc_output.waitFor(
            "ready on stderr", process="good", stream="stdout", timeout=0.1
        )

    def test_argument_reaches_process(self, proc_output, test_args):
        word = test_args.get("word", "alone")
        proc_output.assertWaitFor(
            f"Starting up {word}", process="good", stream="stdout", timeout=30
        )

    def test_another_process(self, launch_service, proc_info, proc_output):
        action = launch.actions.ExecuteProcess(cmd=[sys.executable, "-c", "print('second')"])
        with launch_testing.tools.launch_process(
            launch_service, action, proc_info, proc_output
        ) as second:
            assert second.wait_for_shutdown(timeout=30)
        assert second.terminated
        assert second.exit_code == 0
        assert launch_testing.tools.expect_output(
            expected_lines=["second"], text=second.output, strict=True
        )


@launch_testing.post_shutdown_test()
class TestAfterwards(unittest.TestCase):
    def test_exit_codes(self, proc_info):
        launch_testing.asserts.assertExitCodes(proc_info)

    def test_last_word(self, proc_output, process):
        launch_testing.asserts.assertInStdout(proc_output, "Shutting down", process)
        with pytest.raises(AssertionError):
            launch_testing.asserts.assertInStderr(proc_output, "Shutting down", process)

    def test_order(self, proc_output, process):
        with launch_testing.asserts.assertSequentialStdout(proc_output, process) as checker:
            checker.assertInStdout("Loop 0")
            checker.assertInStdout("Loop 1")
            checker.assertInStdout("Shutting down")
            with pytest.raises(AssertionError):
                checker.assertInStdout("Loop 2")
