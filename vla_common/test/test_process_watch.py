# SPDX-License-Identifier: Apache-2.0
"""Noticing the end of the process that everything hangs on; and which processes are proven to be ours."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from vla_common.machine.process_watch import LAUNCH, named, own_name, watch_end
from vla_common.machine.processes import (
    ProcessIdentity,
    ProcessState,
    _state_and_start,
    is_ours,
    kill,
    own_identity,
)
from vla_common.machine.pulse_identity import Heard, believed

LIMIT_S = 30.0
LOOP = "import sys; print('up', flush=True); sys.stdin.readline()"


@pytest.fixture
def start(tmp_path: Path) -> Iterator[object]:
    """Starts a process whose command line holds the name of a node."""
    started = []

    def begin(name: str = "executor") -> ProcessIdentity:
        script = tmp_path / f"{name}_node"
        script.write_text(LOOP)
        process = subprocess.Popen(
            [sys.executable, str(script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout is not None and process.stdout.readline() == "up\n"
        found = _state_and_start(process.pid, Path("/proc"))
        assert found is not None
        return replace(own_identity(), pid=process.pid, start=found[1])

    begin.processes = started  # type: ignore[attr-defined]
    yield begin
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("waits", [True, False])
def test_the_end_is_noticed_once(start, monkeypatch, waits):
    if not waits:
        monkeypatch.delattr(os, "pidfd_open", raising=False)
    gone = threading.Semaphore(0)
    identity = start()
    thread = watch_end(identity, gone.release)
    assert not gone.acquire(timeout=0.0)
    start.processes[0].kill()
    assert gone.acquire(timeout=LIMIT_S)
    thread.join(LIMIT_S)
    assert not gone.acquire(timeout=0.0)


@pytest.mark.parametrize("what", ["no such process", "another one with its number"])
def test_who_is_gone_already_is_noticed_at_once(start, what):
    identity = start()
    if what == "no such process":
        identity = replace(identity, pid=2**22 - 1)
    else:
        identity = replace(identity, start=identity.start - 1)
    gone = threading.Event()
    watch_end(identity, gone.set)
    assert gone.wait(LIMIT_S)


@pytest.mark.parametrize("text", ["", "x", "12", "12:", ":12", "0:12", "-1:5", "12:13:14", "²:3"])
def test_what_names_nobody_is_nobody(text):
    assert named(LAUNCH, {LAUNCH: text}) is None


def test_who_is_named():
    assert named(LAUNCH, {}) is None
    assert named(LAUNCH, {LAUNCH: own_name()}) is None  # nobody waits for their own end
    other = named(LAUNCH, {LAUNCH: "1:5"})
    assert other == replace(own_identity(), pid=1, start=5)


def test_a_node_of_ours_is_proven(start):
    identity = start("executor")
    assert is_ours(identity, "executor")
    assert is_ours(identity, "executor", launch=os.getpid())
    assert is_ours(start("composed"), "executor")


def test_nothing_else_is_ours_and_nothing_else_is_killed(start):
    """A message names a process, and anybody may have sent it."""
    identity = start("executor")
    parent = _state_and_start(os.getppid(), Path("/proc"))
    init = _state_and_start(1, Path("/proc"))
    assert parent is not None and init is not None
    for claim, name, launch in (
        (own_identity(), "", 0),
        (replace(identity, start=identity.start + 1), "executor", 0),
        (replace(identity, host="elsewhere"), "executor", 0),
        (identity, "planner", 0),  # the command line of another node
        (identity, "executor", os.getppid()),  # not started by the launch
        (replace(own_identity(), pid=os.getppid(), start=parent[1]), "", 0),
        (replace(own_identity(), pid=1, start=init[1]), "", 0),
        (ProcessIdentity(), "", 0),
    ):
        assert not is_ours(claim, name, launch), claim
        assert not kill(claim, name, launch), claim
    assert start.processes[0].poll() is None


def test_a_node_of_ours_that_hangs_is_killed(start):
    identity = start("executor")
    assert kill(identity, "executor")
    assert start.processes[0].wait(LIMIT_S) == -9
    assert not kill(identity, "executor")


HERE, OTHER = (ProcessIdentity("here", pid, 1) for pid in (1, 2))
OLD = Heard("a", HERE)


@pytest.mark.parametrize(
    ("new", "silent_s", "lost", "state", "ours", "taken"),
    [
        (OLD, 0.1, False, ProcessState.RUNNING, (), True),
        # Another process: only when the first one is gone, however long it has been silent.
        (Heard("b", OTHER), 0.1, False, ProcessState.RUNNING, (HERE,), False),
        (Heard("b", OTHER), 9.0, True, ProcessState.RUNNING, (HERE,), False),
        (Heard("b", OTHER), 9.0, True, ProcessState.SUSPENDED, (HERE,), False),
        (Heard("b", OTHER), 0.1, True, ProcessState.GONE, (), True),
        (Heard("b", OTHER), 0.1, False, ProcessState.RUNNING, (), False),
        # The first one was the stranger.
        (Heard("b", OTHER), 0.1, False, ProcessState.RUNNING, (OTHER,), True),
        # On machines of which nothing is known: the first one until it is lost.
        (Heard("b", OTHER), 0.1, False, ProcessState.UNKNOWN, (), False),
        (Heard("b", OTHER), 5.0, True, ProcessState.UNKNOWN, (), True),
        # The same process: a new node in it, or somebody who copies its name.
        (Heard("b", HERE), 0.1, False, ProcessState.RUNNING, (HERE,), False),
        (Heard("b", HERE), 1.5, False, ProcessState.RUNNING, (HERE,), True),
        (Heard("b", HERE), 0.1, True, ProcessState.RUNNING, (HERE,), True),
        (Heard("a", OTHER), 9.0, True, ProcessState.GONE, (OTHER,), False),
    ],
)
def test_whose_pulse_counts(new, silent_s, lost, state, ours, taken):
    found = believed(OLD, new, silent_s, lost, lambda _: state, lambda process: process in ours)
    assert found is taken
