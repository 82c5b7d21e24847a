"""Runs the `ros2` that is on the PATH, in a domain of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

TIMEOUT_S = 60.0
Ros2 = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session", autouse=True)
def _own_domain() -> None:
    os.environ["ROS_DOMAIN_ID"] = str(80 + os.getpid() % 10)
    os.environ["PYTHONUNBUFFERED"] = "1"
    profiles = Path(__file__).with_name("discovery.xml")
    os.environ.setdefault("FASTRTPS_DEFAULT_PROFILES_FILE", str(profiles))


@pytest.fixture(scope="session")
def ros2() -> Ros2:
    """`ros2("topic", "list")` runs to the end; output and status are in the result."""

    def run(*args: str, stdin: str = "", **options: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["ros2", *args],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
            **options,  # type: ignore[call-overload]
        )

    return run


class Running:
    """A `ros2` command that runs on; its lines can be waited for."""

    def __init__(self, *args: str) -> None:
        self.process = subprocess.Popen(
            ["ros2", *args],
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
        """Send a signal, read the rest, and return the exit status."""
        self.process.send_signal(number)
        assert self.process.stdout is not None
        self.lines += [line.rstrip("\n") for line in self.process.stdout]
        status = self.process.wait()
        self._guard.cancel()
        return status

    def close(self) -> None:
        """End it, whatever its state."""
        self._guard.cancel()
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
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
def graph(_own_domain: None) -> Iterator[None]:
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
