"""Launch tests that pass, fail, are skipped or cannot be run, by pytest and by launch_test."""

import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from importlib import metadata

import pytest

HEAD = """
import sys, unittest
import launch, launch.actions
import launch_testing, launch_testing.actions, launch_testing.asserts, launch_testing.markers
import launch_testing.util
import pytest

def python(code, **options):
    return launch.actions.ExecuteProcess(cmd=[sys.executable, "-c", code], **options)

def describe(*entities):
    return launch.LaunchDescription([*entities, launch_testing.actions.ReadyToTest()])
"""

PASSES = """
@pytest.mark.launch_test
@launch_testing.markers.keep_alive
def generate_test_description():
    return describe(
        launch.actions.DeclareLaunchArgument("word", default_value="w", description="what to say")
    )

class TestA(unittest.TestCase):
    def test_a(self, test_args):
        print("word is", test_args.get("word"))
"""

FAILS = """
@pytest.mark.launch_test
@launch_testing.markers.keep_alive
def generate_test_description():
    return describe()

class TestA(unittest.TestCase):
    def test_good(self):
        pass
    def test_bad(self):
        self.fail("on purpose")
    @unittest.skip("not today")
    def test_skipped(self):
        self.fail("never")

@launch_testing.post_shutdown_test()
class TestB(unittest.TestCase):
    def test_error(self):
        raise ValueError("also on purpose")
"""

PARAMETRIZED = """
@pytest.mark.launch_test
@launch_testing.parametrize("word, number", [("a", 1), ("b", 2)])
def generate_test_description(word, number):
    process = python(f"print('{word}' * {number})")
    return describe(process, launch_testing.util.KeepAliveProc()), {"process": process}

class TestA(unittest.TestCase):
    def test_a(self, proc_info, proc_output, process, word, number):
        proc_info.assertWaitForShutdown(process, timeout=30)
        proc_output.assertWaitFor(word * number, process=process, stream="stdout", timeout=30)

@launch_testing.post_shutdown_test()
class TestB(unittest.TestCase):
    def test_b(self, proc_info, process):
        launch_testing.asserts.assertExitCodes(proc_info, process=process)
"""

ENDS_EARLY = """
@pytest.mark.launch_test
def generate_test_description():
    return describe(python("print('last words'); exit(3)"))

class TestA(unittest.TestCase):
    def test_a(self, proc_output):
        proc_output.assertWaitFor("never", timeout=30)
"""

NEVER_READY = """
@pytest.mark.launch_test
@launch_testing.ready_to_test_action_timeout(0.5)
def generate_test_description():
    return launch.LaunchDescription([
        launch_testing.util.KeepAliveProc(),
        launch.actions.TimerAction(period=1000.0, actions=[launch_testing.actions.ReadyToTest()]),
    ])

class TestA(unittest.TestCase):
    def test_a(self):
        pass
"""

SKIPPED = """
@pytest.mark.launch_test
@unittest.skip("not today")
def generate_test_description():
    return describe()

class TestA(unittest.TestCase):
    def test_a(self):
        self.fail("never")
"""

NOT_READY = """
@pytest.mark.launch_test
def generate_test_description():
    return launch.LaunchDescription([])
"""

EXTRA_ARGUMENT = """
@pytest.mark.launch_test
def generate_test_description(ready_fn):
    return describe()
"""

RETRIED = """
attempts = []

@pytest.mark.launch_test
@launch_testing.markers.keep_alive
def generate_test_description():
    return describe()

class TestA(unittest.TestCase):
    @launch_testing.markers.retry_on_failure(times=3)
    def test_a(self):
        attempts.append(1)
        assert len(attempts) == 3
"""

OUTCOMES = [
    (PASSES, 0, "1 passed"),
    (FAILS, 1, "1 failed"),
    (PARAMETRIZED, 0, "1 passed"),
    (ENDS_EARLY, 1, "1 failed"),
    (NEVER_READY, 1, "1 failed"),
    (SKIPPED, 0, "1 passed"),
    (NOT_READY, 1, "1 failed"),
    (EXTRA_ARGUMENT, 1, "1 failed"),
    (RETRIED, 0, "1 passed"),
]
NAMES = [
    "passes",
    "fails",
    "parametrized",
    "ends_early",
    "never_ready",
    "skipped",
    "not_ready",
    "extra",
    "retried",
]


@pytest.fixture
def run(tmp_path):
    """Return a function that writes a test file and runs a module on it."""

    def run_module(module, content, *arguments, plugin=()):
        path = tmp_path / "test_it.py"
        path.write_text(HEAD + content)
        return subprocess.run(
            [sys.executable, "-m", module, *plugin, str(path), *arguments],
            env={**os.environ, "ROS_LOG_DIR": str(tmp_path / "log")},
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=100,
        )

    return run_module


def run_pytest(run, content, *arguments):
    plugin = ["-p", "no:cacheprovider"]
    if "launch_testing" not in metadata.entry_points(group="pytest11").names:
        plugin += ["-p", "launch_testing.pytest.hooks"]  # it is on the path, not installed
    return run("pytest", content, "-c", os.devnull, *arguments, plugin=plugin)


@pytest.mark.parametrize(("content", "code", "summary"), OUTCOMES, ids=NAMES)
def test_by_pytest(run, content, code, summary):
    result = run_pytest(run, content)
    assert result.returncode == code, result.stdout
    assert summary in result.stdout.splitlines()[-1]


@pytest.mark.parametrize(("content", "code", "_"), OUTCOMES, ids=NAMES)
def test_by_launch_test(run, content, code, _):
    result = run("launch_testing.launch_test", content)
    cannot_be_run = content in (NOT_READY, EXTRA_ARGUMENT)
    assert result.returncode == (2 if cannot_be_run else code), result.stdout


def test_failures_are_shown(run):
    result = run_pytest(run, FAILS)
    assert "on purpose" in result.stdout
    assert "also on purpose" in result.stdout
    assert "TestA.test_bad" in result.stdout


def test_output_of_a_process_that_ended_early_is_shown(run):
    result = run("launch_testing.launch_test", ENDS_EARLY)
    assert "last words" in result.stdout
    assert "stopped before tests completed" in result.stdout


def test_arguments(run):
    assert "word is x" in run("launch_testing.launch_test", PASSES, "word:=x").stdout
    result = run_pytest(run, PASSES, "-s", "--launch-args", "word:=y")
    assert "word is y" in result.stdout
    assert run("launch_testing.launch_test", PASSES, "word=x").returncode == 2


def test_arguments_are_listed(run):
    result = run("launch_testing.launch_test", PASSES, "--show-args")
    assert result.returncode == 0
    assert "'word':\n        what to say\n        (default: 'w')" in result.stdout


def test_junit_report(run, tmp_path):
    report = tmp_path / "report.xml"
    run("launch_testing.launch_test", FAILS, "--junit-xml", str(report), "--package-name", "pkg")
    suites = ElementTree.parse(report).getroot()
    assert suites.get("name") == "pkg.test_it"
    (suite,) = suites
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("4", "1", "1")
    assert suite.get("skipped") == "1"
    outcomes = {case.get("name"): [child.tag for child in case] for case in suite}
    assert outcomes == {
        "test_good": [],
        "test_bad": ["failure"],
        "test_skipped": ["skipped"],
        "test_error": ["error"],
    }


def test_names_of_parametrized_tests(run, tmp_path):
    report = tmp_path / "report.xml"
    run("launch_testing.launch_test", PARAMETRIZED, "--junit-xml", str(report))
    suites = ElementTree.parse(report).getroot()
    names = [case.get("name") for suite in suites for case in suite]
    assert names == ["test_a[a, 1]", "test_b[a, 1]", "test_a[b, 2]", "test_b[b, 2]"]


def test_unmarked_file_is_an_ordinary_test_file(run):
    content = """
def generate_test_description():
    raise RuntimeError("not called")

def test_plain():
    pass

class TestA(unittest.TestCase):
    def test_a(self):
        pass
"""
    result = run_pytest(run, content)
    assert "2 passed" in result.stdout.splitlines()[-1]


def test_marks_of_the_description_hold(run):
    content = PASSES.replace(
        "@pytest.mark.launch_test", "@pytest.mark.launch_test\n@pytest.mark.xyz"
    )
    result = run_pytest(run, content, "-m", "not xyz", "-W", "ignore")
    assert "1 deselected" in result.stdout.splitlines()[-1]
