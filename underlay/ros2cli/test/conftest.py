# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""Runs `ros2`: in this process where the command ends by itself, else as a process."""

from __future__ import annotations

import importlib
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path

import pytest

TIMEOUT_S = 60.0


@pytest.fixture(scope="session", autouse=True)
def _environment() -> None:
    os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    os.environ["PYTHONUNBUFFERED"] = "1"


@dataclass
class Done:
    """What became of a command."""

    returncode: int
    stdout: str
    stderr: str


Ros2 = Callable[..., Done]


@pytest.fixture(scope="session", autouse=True)
def _in_a_hurry() -> None:
    """All nodes are on this machine, and what has not come yet is asked for again."""
    node = importlib.import_module("ros2cli.node")
    if hasattr(node, "QUIET_S"):  # the stand-in's, not upstream's
        node.QUIET_S = 0.3
        node.NAME_TIMEOUT_S = 2.0


@pytest.fixture
def ros2(capsys: pytest.CaptureFixture[str]) -> Ros2:
    """`ros2("topic", "list")` calls the entry point of the `ros2` command that is installed."""
    (entry,) = {
        found.value: found for found in entry_points(group="console_scripts", name="ros2")
    }.values()
    main = entry.load()

    def run(*args: str) -> Done:
        capsys.readouterr()
        try:
            result = main(argv=list(args))
        except SystemExit as end:
            result = end.code
        printed = capsys.readouterr()
        if isinstance(result, str):  # as sys.exit does
            return Done(1, printed.out, f"{printed.err}{result}\n")
        return Done(int(result or 0), printed.out, printed.err)

    return run


class Running:
    """A `ros2` command as a process; its lines can be waited for."""

    def __init__(self, *args: str) -> None:
        ros2 = shutil.which("ros2")
        assert ros2 is not None
        self.process = subprocess.Popen(
            [ros2, *args],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.lines: list[str] = []
        self._guard = threading.Timer(TIMEOUT_S, self.process.kill)
        self._guard.start()

    def wait_for(self, text: str) -> str:
        """The next line with a text in it."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
            if text in line:
                return self.lines[-1]
        raise AssertionError(f"'{text}' did not come; there was: {self.lines}")

    def end(self, number: int = signal.SIGINT) -> int:
        """Sends a signal, reads the rest, and returns the exit status."""
        self.process.send_signal(number)
        assert self.process.stdout is not None
        self.lines += [line.rstrip("\n") for line in self.process.stdout]
        return self.process.wait()

    def close(self) -> None:
        """Ends it with all that it has started, whatever their state."""
        self._guard.cancel()
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()


@pytest.fixture
def start() -> Iterator[Callable[..., Running]]:
    """`start("topic", "echo", ...)` runs in the background until the end of the test."""
    running: list[Running] = []

    def begin(*args: str) -> Running:
        running.append(Running(*args))
        return running[-1]

    yield begin
    for one in running:
        one.close()


@pytest.fixture(scope="session")
def graph(_environment: None) -> Iterator[None]:
    """The nodes of `graph_process.py`."""
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("graph_process.py"))],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "READY\n"
    yield
    process.send_signal(signal.SIGINT)
    process.wait(TIMEOUT_S)
