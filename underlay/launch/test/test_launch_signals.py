# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""What signals do to a launch in a process of its own. Holds for upstream's launch as well."""

import contextlib
import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

TARGET = Path(__file__).with_name("signal_target.py")
TIMEOUT_S = 60


class Launch:
    """The process, and what it has written so far."""

    def __init__(self, process, stream):
        self.process = process
        self.stream = stream
        self.output = ""
        self.children = set()

    def read_until(self, pattern, count=1):
        """Read until `pattern` was found `count` times, or the output ends."""
        while len(re.findall(pattern, self.output)) < count:
            line = self.read_line()
            if not line:
                raise AssertionError(f"no {count} x {pattern} in:\n{self.output}")
        self.children.update(int(pid) for pid in re.findall(r"child (\d+) ready", self.output))

    def read_line(self):
        try:
            line = self.stream.readline()
        except OSError:  # how a terminal ends
            line = ""
        self.output += line
        return line

    def finish(self):
        """Read to the end; return the exit code."""
        while self.read_line():
            pass
        return self.process.wait(TIMEOUT_S)

    def signals_heard(self):
        return re.findall(r"child \d+ got (\w+)", self.output)

    def living_children(self):
        return [pid for pid in self.children if Path(f"/proc/{pid}").exists()]


@pytest.fixture
def start():
    """Return a function that starts the launch in a session without a terminal."""
    launches = []

    def start_launch(*options):
        process = subprocess.Popen(
            [sys.executable, str(TARGET), *options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        launch = Launch(process, process.stdout)
        launches.append(launch)
        launch.read_until(r"child \d+ ready", 2)
        return launch

    yield start_launch
    for launch in launches:
        with contextlib.suppress(ProcessLookupError):  # its processes may have been left
            os.killpg(launch.process.pid, signal.SIGKILL)
        launch.process.wait(TIMEOUT_S)
        launch.stream.close()


def test_sigint_to_all(start):
    launch = start()
    os.killpg(launch.process.pid, signal.SIGINT)
    assert launch.finish() == 0
    assert launch.signals_heard() == ["SIGINT", "SIGINT"]
    assert "user interrupted with ctrl-c (SIGINT)" in launch.output
    assert launch.output.count("process has finished cleanly") == 2
    assert launch.living_children() == []


def test_sigint_to_noninteractive_launch_is_passed_on(start):
    launch = start("--noninteractive")
    launch.process.send_signal(signal.SIGINT)
    assert launch.finish() == 0
    assert launch.signals_heard() == ["SIGINT", "SIGINT"]
    assert launch.output.count("sending signal 'SIGINT' to process[c-") == 2
    assert launch.living_children() == []


def test_sigint_to_launch_alone_ends_in_sigterm(start):
    """Launch takes it for Ctrl-C in a terminal, which would have sent it to the processes as well."""
    launch = start("--sigterm-timeout", "0.3")
    launch.process.send_signal(signal.SIGINT)
    assert launch.finish() == 0
    assert launch.signals_heard() == ["SIGTERM", "SIGTERM"]
    assert launch.living_children() == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGQUIT, signal.SIGKILL])
def test_other_signals_end_launch_at_once_and_leave_its_processes(start, number):
    launch = start("--noninteractive")
    launch.process.send_signal(number)
    assert launch.process.wait(TIMEOUT_S) == -number
    assert len(launch.living_children()) == 2
    assert launch.signals_heard() == []


def test_second_sigint_is_ignored(start):
    launch = start("--noninteractive", "--ignored", "SIGINT", "--sigterm-timeout", "1")
    launch.process.send_signal(signal.SIGINT)
    launch.read_until(r"got SIGINT", 2)
    launch.process.send_signal(signal.SIGINT)
    launch.read_until(r"ctrl-c \(SIGINT\) again, ignoring")
    assert launch.finish() == 0
    # Upstream at times reports a process's line twice when it is interrupted again.
    assert launch.signals_heard().count("SIGTERM") == 2
    assert launch.living_children() == []


def test_stubborn_processes_are_killed(start):
    launch = start(
        "--noninteractive",
        *("--ignored", "SIGINT,SIGTERM"),
        *("--sigterm-timeout", "0.3"),
        *("--sigkill-timeout", "0.3"),
    )
    launch.process.send_signal(signal.SIGINT)
    assert launch.finish() == 0
    assert launch.output.count("escalating to 'SIGTERM'") == 2
    assert launch.output.count("escalating to 'SIGKILL'") == 2
    assert launch.output.count("exit code -9") == 2
    assert launch.living_children() == []


def test_ctrl_c_in_a_terminal():
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(sys.executable, [sys.executable, str(TARGET)])

    class Child:
        def wait(self, timeout):
            return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    with os.fdopen(terminal, "r+b", buffering=0) as raw:
        reader = os.fdopen(os.dup(terminal), "r", errors="replace")
        launch = Launch(Child(), reader)
        launch.read_until(r"child \d+ ready", 2)
        raw.write(b"\x03")
        assert launch.finish() == 0
        reader.close()
    assert launch.signals_heard() == ["SIGINT", "SIGINT"]
    assert launch.living_children() == []
