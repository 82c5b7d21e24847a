"""Finding an executable of a package, and running it."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Sequence
from typing import Any

from ros2pkg.api import get_executable_paths

_PREFIX = "[ros2run]:"


class MultipleExecutables(Exception):
    """A package has several executables of one name."""

    def __init__(self, paths: Sequence[str]) -> None:
        super().__init__(", ".join(paths))
        self.paths = paths


def get_executable_path(*, package_name: str, executable_name: str) -> str | None:
    """Path of an executable, None when there is none of that name.

    Raises PackageNotFound and MultipleExecutables.
    """
    paths = [
        path
        for path in get_executable_paths(package_name=package_name)
        if os.path.basename(path) == executable_name
    ]
    if len(paths) > 1:
        raise MultipleExecutables(paths)
    return paths[0] if paths else None


def run_executable(*, path: str, argv: Sequence[str], prefix: Sequence[str] | None = None) -> int:
    """Run until it ends; its exit status, or -N when signal N ended it.

    SIGTERM goes on to the executable. SIGINT does not: a terminal sends it to both, and twice would be once too often.
    """
    running: list[subprocess.Popen[bytes]] = []
    early: list[int] = []

    def forward(number: int, _frame: Any) -> None:
        if number == signal.SIGINT:
            return
        if not running:
            early.append(number)
        for process in running:
            process.send_signal(number)

    # Before the start: a signal in between would end this process and leave the other running.
    handlers = {
        number: signal.signal(number, forward) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        running.append(subprocess.Popen([*(prefix or ()), path, *argv]))
        for number in early:
            running[0].send_signal(number)
        status = running[0].wait()
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    if status < 0:
        print(_PREFIX, signal.strsignal(-status))
    elif status > 0:
        print(_PREFIX, f"Process exited with failure {status}")
    return status
