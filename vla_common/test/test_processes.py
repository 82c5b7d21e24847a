# SPDX-License-Identifier: Apache-2.0
"""Process identities and work loops: no ROS."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from vla_common.machine.processes import (
    ProcessIdentity,
    ProcessState,
    _state_and_start,
    kill,
    own_identity,
    process_state,
)
from vla_common.machine.work_loops import WorkLoops


@pytest.fixture
def child() -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", "print('up', flush=True); input()"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    yield process
    process.kill()
    process.communicate()


def identity_of(process: subprocess.Popen[str]) -> ProcessIdentity:
    found = _state_and_start(process.pid, Path("/proc"))
    assert found is not None
    return replace(own_identity(), pid=process.pid, start=found[1])


def test_own_process_runs() -> None:
    own = own_identity()
    assert own.pid == os.getpid()
    assert own.start > 0
    assert process_state(own) is ProcessState.RUNNING


def test_suspended_and_gone(child: subprocess.Popen[str]) -> None:
    identity = identity_of(child)
    assert process_state(identity) is ProcessState.RUNNING
    child.send_signal(signal.SIGSTOP)
    os.waitpid(child.pid, os.WUNTRACED)
    assert process_state(identity) is ProcessState.SUSPENDED
    child.send_signal(signal.SIGCONT)
    child.kill()
    child.wait()
    assert process_state(identity) is ProcessState.GONE


def test_a_dead_process_that_nobody_waited_for_is_gone(child: subprocess.Popen[str]) -> None:
    identity = identity_of(child)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert process_state(identity) is ProcessState.GONE


@pytest.mark.parametrize(
    ("change", "state"),
    [
        ({"host": "elsewhere"}, ProcessState.UNKNOWN),
        ({"pid": 0}, ProcessState.UNKNOWN),
        ({"start": 0}, ProcessState.UNKNOWN),
        ({"start": 1}, ProcessState.GONE),  # the number was given to another process
    ],
)
def test_what_can_be_told(change: dict[str, object], state: ProcessState) -> None:
    assert process_state(replace(own_identity(), **change)) is state  # type: ignore[arg-type]


def test_without_proc_nothing_is_known(tmp_path: Path) -> None:
    assert process_state(own_identity(), tmp_path) is ProcessState.UNKNOWN


def test_names_with_brackets(tmp_path: Path) -> None:
    (tmp_path / "7").mkdir()
    rest = " ".join(["S", *["1"] * 18, "4242", "9"])
    (tmp_path / "7" / "stat").write_text(f"7 (a) S (b)) {rest}\n")
    assert _state_and_start(7, tmp_path) == ("S", 4242)


def test_kill_ends_exactly_this_process(child: subprocess.Popen[str]) -> None:
    identity = identity_of(child)
    assert not kill(replace(identity, start=identity.start + 1))
    assert not kill(replace(identity, host="elsewhere"))
    assert child.poll() is None
    assert kill(identity)
    assert child.wait() == -signal.SIGKILL
    assert not kill(identity)


def test_nobody_kills_itself() -> None:
    assert not kill(own_identity())


def test_work_loops() -> None:
    now = [0.0]
    loops = WorkLoops(lambda: now[0])
    assert loops.overdue() == ""
    with loops.busy("look", 2.0):
        with loops.busy("plan", 5.0):
            now[0] = 2.0
            assert loops.overdue() == ""
            now[0] = 6.0
            assert loops.overdue() == "Its work 'look' has been stuck for 6 s."
        assert "look" in loops.overdue()
    assert loops.overdue() == ""
    with pytest.raises(ValueError, match="broken"), loops.busy("look", 2.0):
        raise ValueError("broken")
    now[0] = 100.0
    assert loops.overdue() == ""
