# SPDX-License-Identifier: Apache-2.0
"""The whole system as a child process: start, wait until ready, end, and leave nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from vla_common.machine.private_files import make_folder, open_private
from vla_common.machine.process_watch import OWNER, own_name

SAFE_DOMAINS = range(43, 100)
"""Domains whose ports lie below Linux's ephemeral range; 42 is left to ./vla launch."""


def own_domain() -> int:
    """A domain for a system of one's own, so that it does not meet another one on this machine."""
    return SAFE_DOMAINS[os.getpid() % len(SAFE_DOMAINS)]


def run_folder(kind: str) -> Path:
    """A new folder for the logs and pictures of one run."""
    root = Path(os.environ.get("VLA_ROOT", ".")) / ".vla" / "runs"
    folder = root / f"{time.strftime('%Y%m%d-%H%M%S')}-{kind}-{os.getpid()}"
    make_folder(folder)
    return folder


class SystemProcess:
    """`ros2 launch vla_bringup vla_system.launch.py` with arguments. A context manager."""

    def __init__(self, arguments: Mapping[str, str], log: Path, domain: int) -> None:
        self.log = log
        self.domain = domain
        environment = {
            **os.environ,
            "ROS_DOMAIN_ID": str(domain),
            "ROS_LOG_DIR": str(log.parent / "ros_log"),
            # A journal of its own: that of the robot is not for demonstrations and tests.
            "ROS_HOME": str(log.parent),
            # It ends when this process is gone, however it went: no system is left without an owner.
            OWNER: own_name(),
        }
        words = [f"{name}:={value}" for name, value in arguments.items() if value != ""]
        with open(open_private(log), "wb") as out:
            out.truncate()
            self._process = subprocess.Popen(
                [
                    "ros2",
                    "launch",
                    "--noninteractive",
                    "vla_bringup",
                    "vla_system.launch.py",
                    *words,
                ],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env=environment,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def ended(self) -> bool:
        return self._process.poll() is not None

    def end(self, timeout_s: float = 15.0) -> int:
        """Ctrl-C, then SIGKILL to the whole session when that does not help; the exit code."""
        if not self.ended():
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(timeout_s)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
        return self._process.returncode

    def log_tail(self, lines: int = 15) -> str:
        return "\n".join(
            self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:]
        )

    def __enter__(self) -> SystemProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()
