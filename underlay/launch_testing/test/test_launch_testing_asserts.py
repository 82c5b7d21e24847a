"""Handlers, process look-up and assertions on recorded events."""

import re
import sys

import pytest
from launch.actions import ExecuteProcess
from launch.events.process import ProcessExited, ProcessStarted, ProcessStderr, ProcessStdout
from launch_testing import ActiveIoHandler, ActiveProcInfoHandler, IoHandler, ProcInfoHandler
from launch_testing.asserts import (
    EXIT_OK,
    EXIT_SIGINT,
    EXIT_SIGKILL,
    EXIT_SIGQUIT,
    EXIT_SIGSEGV,
    SequentialTextChecker,
    assertExitCodes,
    assertInStderr,
    assertInStdout,
    assertInStream,
    assertSequentialStdout,
)
from launch_testing.tools import (
    basic_output_filter,
    expect_output,
    expected_output_from_file,
)
from launch_testing.util import NO_CMD_ARGS, NoMatchingProcessException, resolveProcesses

NUMBER = [0]


class Process(ExecuteProcess):
    """A process that was prepared as launch does it, without being run."""

    def __init__(self, name, *arguments):
        super().__init__(cmd=[sys.executable, *arguments], name=name)
        NUMBER[0] += 1
        self.details = {
            "action": self,
            "name": f"{name}-{NUMBER[0]}",
            "cmd": [sys.executable, *arguments],
            "cwd": None,
            "env": None,
            "pid": NUMBER[0],
        }

    @property
    def process_details(self):
        return self.details

    def wrote(self, text):
        return ProcessStdout(text=text.encode(), **self.details)

    def wrote_to_stderr(self, text):
        return ProcessStderr(text=text.encode(), **self.details)

    def started(self):
        return ProcessStarted(**self.details)

    def exited(self, code):
        return ProcessExited(returncode=code, **self.details)


@pytest.fixture
def processes():
    return [Process("talker"), Process("talker", "--loud"), Process("listener", "a", "b")]


@pytest.fixture(params=[IoHandler, ActiveIoHandler])
def output(request, processes):
    talker, loud, listener = processes
    handler = request.param()
    for event in (
        talker.wrote("one\ntwo\n"),
        listener.wrote_to_stderr("\x1b[31mred\x1b[0m\n"),
        talker.wrote("three\n"),
        loud.wrote("ONE\n"),
    ):
        handler.append(event)
    return handler


@pytest.fixture(params=[ProcInfoHandler, ActiveProcInfoHandler])
def info(request, processes):
    talker, loud, listener = processes
    handler = request.param()
    for event in (talker.started(), talker.exited(0), loud.exited(130), listener.exited(0)):
        handler.append(event)
    return handler


def test_exit_code_constants():
    assert (EXIT_OK, EXIT_SIGINT, EXIT_SIGQUIT, EXIT_SIGKILL, EXIT_SIGSEGV) == (
        0,
        130,
        131,
        137,
        139,
    )


def test_handlers_give_events(output, info, processes):
    talker, loud, listener = processes
    assert [event.text for event in output[talker]] == [b"one\ntwo\n", b"three\n"]
    assert [event.text for event in output[listener.details["name"]]] == [b"\x1b[31mred\x1b[0m\n"]
    assert len(list(output)) == 4
    assert set(output.processes()) == set(processes)
    assert info[loud].returncode == 130
    assert info["listener"].returncode == 0
    assert sorted(info.process_names()) == sorted(p.details["name"] for p in processes)
    assert len(list(info)) == 3
    with pytest.raises(KeyError):
        info["nobody"]


def test_tracked_process_without_output(output):
    output.track("silent-9")
    assert output["silent-9"] == []
    assert "silent-9" in list(output.process_names())


def test_processes_are_found(info, processes):
    talker, loud, listener = processes
    assert set(resolveProcesses(info)) == set(processes)
    assert resolveProcesses(info, process=loud) == [loud]
    assert resolveProcesses(info, process="listener") == [listener]
    assert resolveProcesses(info, process="talker", cmd_args="--loud") == [loud]
    assert resolveProcesses(info, process="talker", cmd_args=["--loud"]) == [loud]
    assert resolveProcesses(info, process="talker", cmd_args=NO_CMD_ARGS) == [talker]
    both = resolveProcesses(info, process="talker", strict_proc_matching=False)
    assert set(both) == {talker, loud}


def test_processes_are_not_found(info):
    with pytest.raises(NoMatchingProcessException, match="nobody"):
        resolveProcesses(info, process="nobody")
    with pytest.raises(NoMatchingProcessException):
        resolveProcesses(info, process=Process("stranger"))
    with pytest.raises(NoMatchingProcessException):
        resolveProcesses(ProcInfoHandler())
    with pytest.raises(Exception, match="multiple"):
        resolveProcesses(info, process="talker")
    with pytest.raises(TypeError):
        resolveProcesses(info, process=5)


def test_exit_codes(info, processes):
    assertExitCodes(info, process="listener")
    assertExitCodes(info, [EXIT_OK, EXIT_SIGINT])
    assertExitCodes(info, allowable_exit_codes=[EXIT_SIGINT], process=processes[1])
    with pytest.raises(AssertionError, match="130"):
        assertExitCodes(info)


def test_output_is_found(output, processes):
    talker = processes[0]
    assertInStdout(output, "two\nthree", talker)
    assertInStdout(output, re.compile(r"t\w+e"), talker)
    assertInStdout(output, ["one", "three"], talker)
    assertInStdout(output, "ONE", "talker", "--loud")
    assertInStdout(output, "ONE", "talker", strict_proc_matching=False)
    assertInStdout(output, "ONE", None)
    assertInStderr(output, "red\n", "listener")
    assertInStderr(output, "\x1b[31mred", "listener", strip_ansi_escape_sequences=False)
    assertInStdout(output, "filtered", talker, output_filter=lambda text: "filtered")


def test_output_is_not_found(output, processes):
    talker = processes[0]
    for expected in ("ONE", ["three", "one"], re.compile("four")):
        with pytest.raises(AssertionError):
            assertInStdout(output, expected, talker)
    with pytest.raises(AssertionError):
        assertInStderr(output, "one", talker)
    with pytest.raises(AssertionError):
        assertInStream(output, "one", talker)
    with pytest.raises(ValueError, match="stream"):
        assertInStream(output, "one", talker, stream="stdin")
    with pytest.raises(NoMatchingProcessException):
        assertInStdout(output, "one", "nobody")


def test_sequence(output, processes):
    with assertSequentialStdout(output, processes[0]) as checker:
        checker.assertInStdout("one")
        checker.assertInStdout("three")
        with pytest.raises(AssertionError, match="two"):
            checker.assertInStdout("one")


def test_sequence_within_and_across_pieces():
    checker = SequentialTextChecker(["a b a\n", "c\n", "a\n"])
    for expected in ("a", "a", "c", "a"):
        checker.assertInStdout(expected)
    with pytest.raises(AssertionError):
        checker.assertInStdout("a")


def test_waiting_for_output(processes):
    talker = processes[0]
    output = ActiveIoHandler()
    output.append(talker.wrote_to_stderr("hello"))
    output.assertWaitFor("hello", timeout=0.01)
    assert output.waitFor("hello", process=talker, timeout=0.01)
    assert not output.waitFor("hello", process=talker, stream="stdout", timeout=0.01)
    with pytest.raises(AssertionError):
        output.assertWaitFor("goodbye", timeout=0.01)


def test_waiting_for_processes(processes):
    talker, loud, _ = processes
    info = ActiveProcInfoHandler()
    info.append(talker.started())
    info.assertWaitForStartup(talker, timeout=0.01)
    with pytest.raises(AssertionError, match="finish"):
        info.assertWaitForShutdown(talker, timeout=0.01)
    with pytest.raises(AssertionError, match="start"):
        info.assertWaitForStartup(loud, timeout=0.01)
    info.append(talker.exited(0))
    info.assertWaitForShutdown("talker", timeout=0.01)


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        ({"expected_text": "b\nc"}, True),
        ({"expected_text": "a\nb\nc", "strict": True}, True),
        ({"expected_text": "a\nb", "strict": True}, False),
        ({"expected_text": re.compile("B", re.IGNORECASE)}, True),
        ({"expected_lines": ["a", "c"]}, True),
        ({"expected_lines": ["a", "c"], "strict": True}, False),
        ({"expected_lines": ["a", "b", "c"], "strict": True}, True),
        ({"expected_lines": ["c", "a"]}, False),
        ({"expected_lines": [re.compile("[ab]"), re.compile("c")]}, True),
    ],
)
def test_expect_output(expected, found):
    assert expect_output(text="a\nb\nc", **expected) is found
    assert expect_output(lines=["a", "b", "c"], **expected) is found


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"text": "a"},
        {"text": "a", "lines": ["a"], "expected_text": "a"},
        {"expected_text": "a"},
    ],
)
def test_expect_output_needs_one_of_each(arguments):
    with pytest.raises(ValueError, match="must be"):
        expect_output(**arguments)


def test_output_filter():
    text = "pid 5\nkept\nrc 3\nnoise 1\n"
    assert basic_output_filter()(text) == "kept\nnoise 1\n"
    assert basic_output_filter([], ["noise"])(text) == "pid 5\nkept\nrc 3\n"


def test_expected_output_from_file(tmp_path):
    (tmp_path / "a.txt").write_text("one\ntwo\n")
    (tmp_path / "b.regex").write_text("o.e\n")
    assert expected_output_from_file(str(tmp_path / "a")) == ["one", "two"]
    assert expected_output_from_file(str(tmp_path / "b")) == [re.compile("o.e")]
    with pytest.raises(RuntimeError):
        expected_output_from_file(str(tmp_path / "c"))
