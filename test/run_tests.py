#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""Runs all tests, or those of some groups, several processes at a time; `./vla test` calls this.

Each package's unit tests, each package's ROS tests and each system test file is one job: a pytest
process with a ROS domain, a ROS home and a runtime folder that no other job shares. Jobs start longest
first, as long as the cores that they keep busy fit; what a job prints comes in one piece when it ends.
A failed test is not tried again: `--repeat` is there to find the ones that fail now and then.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
GROUPS = ("unit", "underlay", "ros", "system")
CORES = {"unit": 1.0, "underlay": 0.5, "ros": 0.5, "system": 1.3}
"""How many cores a job of each group keeps busy: unit tests compute, tests over ROS mostly wait, and
a whole system renders, looks and plans at once."""
LIMIT_S = {"unit": 600.0, "underlay": 900.0, "ros": 900.0, "system": 900.0}
GUESS_S = {
    "unit": 40.0,
    "unit vla_planner": 100.0,
    "underlay": 20.0,
    "underlay ros2cli": 45.0,
    "ros": 50.0,
    "ros vla_executor": 150.0,
    "system": 50.0,
    "system test_launch": 140.0,
    "system test_several_things": 120.0,
}
"""How long a job takes that has never run here, by its title or its group; later runs go by what was measured."""
FIRST_DOMAIN, LAST_DOMAIN = 1, 36
"""Domains 0 to 101 have ports below Linux's ephemeral range. 37 to 41 are for tests of the executor,
42 is `./vla launch`, 43 to 99 are systems that tests and evaluations start."""
INTERRUPT_S = 20.0
"""What a job has to clean up in after its time is over."""
NO_TESTS = 5
"""Exit code of pytest when nothing was selected."""
NOT_FOR_TESTS = ("OPENAI_API_KEY", "OPENAI_API_KEY_FILE", "OPENAI_BASE_URL")
"""Tests ask no language model but their own."""


@dataclass(frozen=True)
class Job:
    """One pytest process."""

    group: str
    name: str
    arguments: tuple[str, ...]
    number: int = 1
    """Which repetition."""

    @property
    def title(self) -> str:
        return f"{self.group} {self.name}"

    @property
    def cores(self) -> float:
        return CORES[self.group]


@dataclass(frozen=True)
class Done:
    """A job that has ended. `code` is pytest's, or None when it ran out of time."""

    job: Job
    code: int | None
    wall_s: float
    cpu_s: float

    @property
    def failed(self) -> bool:
        return self.code not in (0, NO_TESTS)

    @property
    def status(self) -> str:
        if self.code is None:
            return "OUT OF TIME"
        return {0: "passed", NO_TESTS: "no tests"}.get(self.code, "FAILED")


@dataclass
class _Running:
    job: Job
    process: subprocess.Popen[bytes]
    domain: int
    home: Path
    log: Path
    began: float
    interrupted: float | None = None
    """When it was told that its time is over."""


@dataclass(frozen=True)
class Request:
    """What the command line asks for."""

    jobs: tuple[str, ...]
    """Groups, or single jobs as GROUP/NAME."""
    lanes: float
    repeat: int
    only_list: bool
    pytest: tuple[str, ...] = field(default=())


def parse(words: Sequence[str], cores: int) -> Request:
    """Leading words are groups or GROUP/NAME; what is no option of ours goes to pytest.

    Raises:
        SystemExit: with code 2, for a group that does not exist or a number that is none.
    """
    rest = list(words)
    chosen: list[str] = []
    while rest and not rest[0].startswith("-"):
        chosen.append(rest.pop(0))
    parser = argparse.ArgumentParser(prog="vla test", allow_abbrev=False, add_help=False)
    parser.add_argument("--lanes", type=float, default=float(max(cores, 1)))
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--list", action="store_true")
    options, pytest = parser.parse_known_args(rest)
    for word in chosen:
        if word.partition("/")[0] not in (*GROUPS, "all"):
            parser.error(f"there is no group '{word}' ({', '.join(GROUPS)})")
    if options.lanes <= 0 or options.repeat < 1:
        parser.error("--lanes and --repeat must be positive")
    if not chosen or "all" in chosen:
        chosen = list(GROUPS)
    return Request(tuple(chosen), options.lanes, options.repeat, options.list, tuple(pytest))


def select(jobs: Sequence[Job], chosen: Iterable[str]) -> list[Job]:
    """Those of whole groups, or named as GROUP/NAME; a name may leave out `vla_` and `test_`."""
    found = []
    for word in chosen:
        group, _, name = word.partition("/")
        names = {name, f"vla_{name}", f"test_{name}"}
        found += [job for job in jobs if job.group == group and (not name or job.name in names)]
    return list(dict.fromkeys(found))


def expected_s(job: Job, seconds: Mapping[str, float]) -> float:
    """How long a job will take, by what was measured or by guess."""
    guess = GUESS_S.get(job.title, GUESS_S[job.group])
    return seconds.get(job.title, guess)


def find_jobs(root: Path) -> list[Job]:
    """All jobs, from what lies in the workspace."""
    packages = sorted(path.parent for path in root.glob("vla_*/test") if path.is_dir())
    jobs: list[Job] = []
    for group in GROUPS:
        if group == "unit":
            for package in packages:
                arguments = ("-m", "not ros and not system", f"{package.name}/test")
                jobs.append(Job(group, package.name, arguments))
            jobs.append(Job(group, "test", ("test/unit",)))
        elif group == "ros":
            for package in packages:
                if any(
                    "pytest.mark.ros" in path.read_text() for path in package.rglob("test/*.py")
                ):
                    jobs.append(Job(group, package.name, ("-m", "ros", f"{package.name}/test")))
        elif group == "underlay":
            # With a ROS distribution only those that it lacks are built, but the tests hold for upstream's as well.
            for path in sorted(root.glob("underlay/*/test")):
                jobs.append(Job(group, path.parent.name, (f"underlay/{path.parent.name}/test",)))
        else:
            for path in sorted(root.glob("test/system/test_*.py")):
                jobs.append(Job(group, path.stem, ("--timeout", "850", f"test/system/{path.name}")))
    return jobs


def longest_first(jobs: Sequence[Job], seconds: Mapping[str, float]) -> list[Job]:
    """All repetitions of a job have its time; earlier repetitions come first."""
    return sorted(jobs, key=lambda job: (job.number, -expected_s(job, seconds), job.title))


def next_job(waiting: Sequence[Job], running: Sequence[Job], lanes: float) -> Job | None:
    """The first that fits beside those that run.

    Two repetitions of one job never run at once, because some tests have ROS domains that are theirs
    alone. A job that is larger than all lanes together runs alone.
    """
    busy = sum(job.cores for job in running)
    names = {job.title for job in running}
    for job in waiting:
        if job.title not in names and (not running or busy + job.cores <= lanes + 1e-9):
            return job
    return None


class Runner:
    """Starts jobs, waits for them, and tells what came of each through `on_done`."""

    def __init__(
        self,
        lanes: float,
        scratch: Path,
        arguments: Sequence[str] = (),
        on_done: Callable[[Done, bytes], None] = lambda done, output: None,
    ) -> None:
        self._lanes = lanes
        self._scratch = scratch
        self._arguments = tuple(arguments)
        self._on_done = on_done
        self._running: list[_Running] = []
        self._domains = list(range(FIRST_DOMAIN, LAST_DOMAIN + 1))
        self._started = 0

    def run(self, jobs: Sequence[Job]) -> list[Done]:
        """Runs all jobs, in this order as far as they fit; returns when the last one has ended."""
        waiting, done = list(jobs), []
        try:
            while waiting or self._running:
                job = next_job(waiting, [item.job for item in self._running], self._lanes)
                if job is not None:
                    waiting.remove(job)
                    self._start(job)
                    continue
                done.append(self._wait())
        finally:
            self._end_all()
        return done

    def command(self, job: Job) -> list[str]:
        """Replaced by the tests of this class."""
        return [sys.executable, "-m", "pytest", *job.arguments, *self._arguments]

    def _start(self, job: Job) -> None:
        self._started += 1
        home = self._scratch / str(self._started)
        home.mkdir()
        (home / "runtime").mkdir(mode=0o700)
        domain = self._domains.pop(0)
        environment = {key: text for key, text in os.environ.items() if key not in NOT_FOR_TESTS}
        environment |= {
            "ROS_DOMAIN_ID": str(domain),
            "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
            "ROS_HOME": str(home),
            "VLA_RUNTIME_DIR": str(home / "runtime"),
            "PYTEST_ADDOPTS": f"-o cache_dir={home / 'cache'} {os.environ.get('PYTEST_ADDOPTS', '')}",
        }
        log = home / "output"
        with log.open("wb") as out:
            process = subprocess.Popen(
                self.command(job),
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._running.append(_Running(job, process, domain, home, log, time.monotonic()))

    def _wait(self) -> Done:
        """Until one of those that run has ended."""
        while True:
            for item in self._running:
                pid, status, usage = os.wait4(item.process.pid, os.WNOHANG)
                if pid:
                    code = os.waitstatus_to_exitcode(status)
                    item.process.returncode = code
                    return self._ended(item, code, usage.ru_utime + usage.ru_stime)
                self._watch_time(item)
            time.sleep(0.1)

    def _watch_time(self, item: _Running) -> None:
        now = time.monotonic()
        if item.interrupted is None and now - item.began > LIMIT_S[item.job.group]:
            item.interrupted = now
            _signal(item.process, signal.SIGINT)  # pytest takes down what it has set up
        elif item.interrupted is not None and now - item.interrupted > INTERRUPT_S:
            _signal(item.process, signal.SIGKILL)

    def _ended(self, item: _Running, code: int, cpu_s: float) -> Done:
        self._running.remove(item)
        self._domains.append(item.domain)
        wall_s = time.monotonic() - item.began
        done = Done(item.job, None if item.interrupted is not None else code, wall_s, cpu_s)
        self._on_done(done, item.log.read_bytes())
        shutil.rmtree(item.home, ignore_errors=True)
        return done

    def _end_all(self) -> None:
        """Leaves no process behind, however the run ends."""
        for item in self._running:
            _signal(item.process, signal.SIGINT)
        deadline = time.monotonic() + INTERRUPT_S
        for item in self._running:
            try:
                item.process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                _signal(item.process, signal.SIGKILL)
                item.process.wait()
        self._running.clear()


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """To the job and all that it has started in its session."""
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        pass


def summary(done: Sequence[Done], total_s: float, lanes: float) -> str:
    """A table, in the order of groups; repetitions of one job in one line."""
    lines = ["Summary:"]
    titles = sorted(
        {item.job.title for item in done}, key=lambda t: (GROUPS.index(t.split()[0]), t)
    )
    for title in titles:
        runs = [item for item in done if item.job.title == title]
        bad = [item for item in runs if item.failed]
        status = (bad or runs)[0].status
        if len(runs) > 1:
            status = (
                f"{status} {len(bad)} of {len(runs)} times" if bad else f"passed {len(runs)} times"
            )
        wall_s, cpu_s = (sum(getattr(item, name) for item in runs) for name in ("wall_s", "cpu_s"))
        lines.append(f"  {title:32s} {status:12s} {wall_s:5.0f} s, {cpu_s:.0f} s of processor time")
    cpu_s = sum(item.cpu_s for item in done)
    lines.append(
        f"  {'total':32s} {'':12s} {total_s:5.0f} s, {cpu_s:.0f} s of processor time, {lanes:g} lanes"
    )
    return "\n".join(lines)


_FAILED = re.compile(rb"^(?:FAILED|ERROR) (\S+)", re.MULTILINE)


def failed_tests(output: bytes) -> list[str]:
    """The tests that pytest's own summary names."""
    return [name.decode(errors="replace") for name in _FAILED.findall(output)]


def _read_times(path: Path) -> dict[str, float]:
    try:
        return {str(name): float(s) for name, s in json.loads(path.read_text()).items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def main(words: Sequence[str]) -> int:
    """Returns 0 when every job passed and at least one test ran."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
    request = parse(words, len(os.sched_getaffinity(0)))
    jobs = select(find_jobs(ROOT), request.jobs)
    if not jobs:
        print(
            f"test: there is no {' '.join(request.jobs)}; --list shows what there is",
            file=sys.stderr,
        )
        return 2
    times_file = ROOT / ".vla" / "test_times.json"
    times = _read_times(times_file)
    repeated = [
        Job(job.group, job.name, job.arguments, number)
        for number in range(1, request.repeat + 1)
        for job in jobs
    ]
    ordered = longest_first(repeated, times)
    if request.only_list:
        for job in ordered:
            print(f"{job.title:32s} {expected_s(job, times):5.0f} s")
        return 0
    failures: dict[str, int] = {}

    def tell(done: Done, output: bytes) -> None:
        title = done.job.title + (
            f", {done.job.number} of {request.repeat}" if request.repeat > 1 else ""
        )
        print(f"== {title}: {done.status} ({done.wall_s:.0f} s)", flush=True)
        if done.failed or request.repeat == 1:
            sys.stdout.buffer.write(output)
            sys.stdout.buffer.flush()
        for name in failed_tests(output):
            failures[name] = failures.get(name, 0) + 1

    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="vla-test-", ignore_cleanup_errors=True) as scratch:
        try:
            done = Runner(request.lanes, Path(scratch), request.pytest, tell).run(ordered)
        except KeyboardInterrupt:
            print("test: interrupted", file=sys.stderr)
            return 130
    print(f"\n{summary(done, time.monotonic() - began, request.lanes)}")
    if request.repeat > 1:
        for name, count in sorted(failures.items(), key=lambda item: -item[1]):
            print(f"  {count} of {request.repeat}  {name}")
    if not request.pytest:  # a selection says nothing of how long all of them take
        passed = {item.job.title: round(item.wall_s, 1) for item in done if item.code == 0}
        if passed and times_file.parent.is_dir():
            times_file.write_text(json.dumps({**times, **passed}, indent=1, sort_keys=True) + "\n")
    if all(item.code == NO_TESTS for item in done):
        print("test: no test was selected", file=sys.stderr)
        return 1
    return 1 if any(item.failed for item in done) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
