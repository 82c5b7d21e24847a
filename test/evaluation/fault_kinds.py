# SPDX-License-Identifier: Apache-2.0
"""The faults that `./vla eval faults` knows: what each does to the system, and what is expected of the robot."""

from __future__ import annotations

import random
import shutil
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from disturbance import Disturbance

from vla_testing.system.own_system import SIM, STAGES, OwnSystem

DISK_SIZE = "24m"
"""Room for journal and logs of one system; a fault fills it to the last byte."""
WRITTEN = ("ros_log", "vla")
"""Folders of logs and of the journal in a system's ROS_HOME."""
JUMPS_S = (-86400.0, -5.0, -0.5, 0.5, 5.0, 86400.0)


@dataclass(frozen=True)
class Kind:
    """One kind of fault.

    process: the node whose process it hits, empty for others. must_stop: the robot may not move on, because what
    drives or supervises is gone. replaced: a new process has to come. lasts_s: how long it lasts (s, at random in
    between); None: nobody lifts it. udp: DDS has to use UDP.
    """

    name: str
    process: str = ""
    must_stop: bool = False
    replaced: bool = False
    lasts_s: tuple[float, float] | None = None
    udp: bool = False


DRIVERS = ("executor", "state_manager")


def kinds(composed: bool) -> tuple[Kind, ...]:
    """All kinds. With all stages in one process a fault of one is a fault of all."""
    stages = ("executor",) if composed else STAGES
    found: list[Kind] = []
    for stage in stages:
        label = "all stages" if composed else stage.replace("_", " ")
        must = stage in DRIVERS
        found.append(Kind(f"kill {label}", stage, must, True))
        found.append(Kind(f"hang {label}", stage, must, True))
        found.append(Kind(f"delay {label}", stage, lasts_s=(0.5, 3.0)))
    found.append(Kind("pause robot", SIM, lasts_s=(0.2, 4.0)))
    found.append(Kind("no images", lasts_s=(2.0, 8.0)))
    found.append(Kind("disk full", lasts_s=(3.0, 10.0)))
    found.append(Kind("clock jump"))
    found.append(Kind("message loss", lasts_s=(2.0, 10.0), udp=True))
    found.append(Kind("message delay", lasts_s=(2.0, 10.0), udp=True))
    return tuple(found)


class Disk:
    """A small file system of its own for journal and logs; needs the privilege to mount one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"
        folder.mkdir(parents=True, exist_ok=True)
        self.problem = ""
        command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_SIZE}", "tmpfs", str(folder)]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=10.0, check=False
            )
            self.problem = done.stderr.strip() if done.returncode else ""
        except OSError as error:
            self.problem = str(error)

    def take_over(self, home: Path) -> None:
        """What a system writes below its ROS_HOME, journal and logs, goes to this disk."""
        home.mkdir(parents=True)
        for name in WRITTEN:
            (self.folder / name).mkdir()
            (home / name).symlink_to(self.folder / name, target_is_directory=True)

    def fill(self) -> None:
        with self._ballast.open("wb", buffering=0) as out:
            for size in (1 << 20, 1 << 12, 1):
                try:
                    while True:
                        out.write(bytes(size))
                except OSError:
                    continue

    def free(self) -> None:
        self._ballast.unlink(missing_ok=True)

    def keep_files(self) -> None:
        """Logs and journal, before they are gone with the file system."""
        self.free()
        shutil.copytree(self.folder, f"{self.folder}-saved", dirs_exist_ok=True)

    def close(self) -> None:
        if not self.problem:
            subprocess.run(["umount", "-l", str(self.folder)], timeout=10.0, check=False)


@dataclass
class Injection:
    """A fault in force. lift: ends it; None where it can't be or need not be ended. lifted: it has been ended."""

    kind: Kind
    before: int | None
    lift: Callable[[], None] | None = None
    detail: str = ""
    over: threading.Event = field(default_factory=threading.Event)
    lifted: threading.Event = field(default_factory=threading.Event)


class Injector:
    """Does it. Errors: RuntimeError when there is nothing to do it to."""

    def __init__(
        self,
        system: OwnSystem,
        rng: random.Random,
        disturbance: Disturbance | None,
        disk: Disk | None,
    ) -> None:
        self._system = system
        self._random = rng
        self._disturbance = disturbance
        self._disk = disk

    def inject(self, kind: Kind) -> Injection:
        word = kind.name.split(" ")[0]
        process = self._process(kind) if kind.process else None
        injection = Injection(kind, None if process is None else process.pid)
        if process is not None:
            {"kill": self._kill, "hang": self._hang, "delay": self._delay, "pause": self._pause}[
                word
            ](injection, process)
        else:
            {
                "no images": self._no_images,
                "disk full": self._disk_full,
                "clock jump": self._jump,
                "message loss": self._loss,
                "message delay": self._late,
            }[kind.name](injection)
        return injection

    def duration_s(self, kind: Kind) -> float:
        return 0.0 if kind.lasts_s is None else self._random.uniform(*kind.lasts_s)

    def _process(self, kind: Kind) -> psutil.Process:
        process = self._system.process_of(kind.process)
        if process is None:
            raise RuntimeError(f"there is no process of {kind.process}")
        return process

    def _kill(self, injection: Injection, process: psutil.Process) -> None:
        process.kill()
        injection.detail = "SIGKILL"

    def _hang(self, injection: Injection, process: psutil.Process) -> None:
        process.suspend()
        injection.detail = "SIGSTOP for good"

    def _pause(self, injection: Injection, process: psutil.Process) -> None:
        process.suspend()
        injection.detail = "SIGSTOP, then SIGCONT"
        injection.lift = lambda: resume(process)

    def _delay(self, injection: Injection, process: psutil.Process) -> None:
        """Runs in bursts: everything that it sends and answers comes late by up to the length of a pause."""
        paused_s = self._random.uniform(0.02, 0.3)
        injection.detail = f"runs half of the time, in pieces of {1000 * paused_s:.0f} ms"

        def bursts() -> None:
            while not injection.over.is_set():
                try:
                    process.suspend()
                    injection.over.wait(paused_s)
                finally:
                    resume(process)
                injection.over.wait(paused_s)

        worker = threading.Thread(target=bursts, daemon=True)
        worker.start()

        def lift() -> None:
            injection.over.set()
            worker.join()

        injection.lift = lift

    def _no_images(self, injection: Injection) -> None:
        self._system.client.fault("camera_dropout", 1.0)
        injection.lift = lambda: void(self._system.client.fault("camera_dropout", 0.0))

    def _disk_full(self, injection: Injection) -> None:
        assert self._disk is not None
        self._disk.fill()
        injection.lift = self._disk.free

    def _jump(self, injection: Injection) -> None:
        assert self._disturbance is not None
        by_s = self._random.choice(JUMPS_S)
        self._disturbance.jump(by_s)
        injection.detail = f"by {by_s:+g} s"

    def _loss(self, injection: Injection) -> None:
        assert self._disturbance is not None
        share = self._random.choice((0.05, 0.2, 0.5))
        self._disturbance.network(loss=share)
        injection.detail = f"{100 * share:.0f} % lost"
        injection.lift = self._disturbance.calm

    def _late(self, injection: Injection) -> None:
        assert self._disturbance is not None
        delay_s = self._random.choice((0.02, 0.1, 0.3))
        self._disturbance.network(delay_s=delay_s, jitter_s=delay_s)
        injection.detail = f"{1000 * delay_s:.0f} to {2000 * delay_s:.0f} ms late"
        injection.lift = self._disturbance.calm


def resume(process: psutil.Process) -> None:
    """SIGCONT, for a process that may be gone."""
    try:
        process.resume()
    except psutil.NoSuchProcess:
        pass


def void(_: object) -> None:
    """For calls whose answer does not matter."""
