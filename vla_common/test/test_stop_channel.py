# SPDX-License-Identifier: Apache-2.0
"""The way to a stop without the middleware: who may use it, what is answered, what it survives."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from vla_common.contracts.outcomes import OK, Code, Result
from vla_common.machine.stop_channel import (
    StopChannel,
    clear_stale,
    make_folder,
    pipe_name,
    runtime_folder,
)

LIMIT_S = 20.0


class Asker:
    """A pipe for answers, as setup/stop.bash makes one."""

    def __init__(self, folder: Path, name: str = "answer-1") -> None:
        self.path = folder / name
        os.mkfifo(self.path, 0o600)
        self._file = os.fdopen(os.open(self.path, os.O_RDWR), "r", buffering=1)

    def line(self) -> str:
        return self._file.readline().rstrip("\n")


class Robot:
    """latch and confirm of a channel; `confirming` holds the second one up."""

    def __init__(self) -> None:
        self.latched: list[str] = []
        self.confirms = 0
        self.result = OK
        self.may_confirm = threading.Event()
        self.may_confirm.set()
        self.log: list[str] = []
        self.fails = False

    def latch(self, reason: str) -> None:
        if self.fails:
            raise RuntimeError("no")
        self.latched.append(reason)

    def confirm(self) -> Result:
        assert self.may_confirm.wait(LIMIT_S)
        self.confirms += 1
        return self.result


@pytest.fixture
def robot():
    return Robot()


@pytest.fixture
def channel(tmp_path, robot):
    folder = tmp_path / "run"
    channel = StopChannel(
        7, "/vla", "executor", robot.latch, robot.confirm, robot.log.append, ["a:=/b"], folder
    )
    yield channel
    channel.close()


def who(channel: StopChannel) -> str:
    _, _, role, pid, _, number = channel.path.stem.split(",")
    return f"{role} {pid},{number}"


def order(channel: StopChannel, text: str) -> None:
    with open(channel.path, "w") as pipe:
        pipe.write(text)


def test_the_stop_is_in_force_before_it_is_known_whether_the_robot_stands(channel, robot):
    robot.may_confirm.clear()
    asker = Asker(channel.path.parent)
    order(channel, "stop answer-1 because I say so\n")
    assert asker.line() == f"{who(channel)} told"
    assert robot.latched == ["because I say so"]
    assert robot.confirms == 0
    robot.may_confirm.set()
    assert asker.line() == f"{who(channel)} 0 "


def test_what_could_not_be_confirmed_is_answered_in_one_plain_line(channel, robot):
    robot.result = Result(Code.STOP_UNCONFIRMED, 'It "may"\nmove\x1b[1m \\.')
    asker = Asker(channel.path.parent)
    order(channel, "stop answer-1 x\n")
    asker.line()
    assert asker.line() == f"{who(channel)} 413 It 'may' move[1m /."


def test_a_second_order_is_in_force_while_the_first_one_is_being_confirmed(channel, robot):
    robot.may_confirm.clear()
    first, second = (Asker(channel.path.parent, f"answer-{n}") for n in (1, 2))
    order(channel, "stop answer-1 one\n")
    assert first.line().endswith("told")
    order(channel, "stop answer-2 two\n")
    assert second.line().endswith("told")
    robot.may_confirm.set()
    assert first.line().endswith(" 0 ") and second.line().endswith(" 0 ")


@pytest.mark.parametrize("text", ["go answer-1 x\n", "\n", "stopp answer-1\n", "x" * 10000 + "\n"])
def test_what_is_no_order_stops_nothing_and_does_not_end_the_listening(channel, robot, text):
    order(channel, text)
    asker = Asker(channel.path.parent)
    order(channel, "stop answer-1 real\n")
    assert asker.line().endswith("told")
    assert robot.latched == ["real"]
    assert robot.log


@pytest.mark.parametrize(
    "name", ["../outside", "/etc/passwd", "outside", "answer-file", "answer-link", ""]
)
def test_answers_go_into_pipes_of_the_folder_and_nowhere_else(channel, robot, tmp_path, name):
    folder = channel.path.parent
    outside = tmp_path / "outside"
    outside.write_text("as it was")
    (folder / "answer-file").write_text("as it was")
    (folder / "answer-link").symlink_to(outside)
    order(channel, f"stop {name} x\n")
    asker = Asker(folder)
    order(channel, "stop answer-1 x\n")
    asker.line()
    asker.line()
    assert len(robot.latched) == 2  # a stop is a stop, whoever wants to hear of it
    assert outside.read_text() == (folder / "answer-file").read_text() == "as it was"


def test_a_stop_that_breaks_is_not_told_as_done(channel, robot):
    robot.fails = True
    robot.result = Result(Code.STOP_UNCONFIRMED, "broken")
    asker = Asker(channel.path.parent)
    order(channel, "stop answer-1 x\n")
    assert asker.line() == f"{who(channel)} 413 broken"
    assert robot.log


def test_nobody_else_may_enter(channel):
    folder = channel.path.parent
    assert folder.stat().st_mode & 0o777 == 0o700
    for path in folder.iterdir():
        assert path.stat().st_mode & 0o077 == 0, path


def test_a_folder_that_is_open_to_others_is_closed_and_one_that_is_a_link_refused(tmp_path):
    wide = tmp_path / "wide"
    wide.mkdir(mode=0o777)
    wide.chmod(0o777)
    make_folder(wide)
    assert wide.stat().st_mode & 0o777 == 0o700
    (tmp_path / "link").symlink_to(wide)
    with pytest.raises(OSError, match="not a folder of this user"):
        make_folder(tmp_path / "link")


def test_a_pipe_that_was_tidied_away_comes_back(channel, robot, monkeypatch):
    channel.path.unlink()
    deadline = threading.Event()
    for _ in range(200):
        if channel.path.exists():
            break
        deadline.wait(0.1)
    asker = Asker(channel.path.parent)
    order(channel, "stop answer-1 x\n")
    assert asker.line().endswith("told")


def test_what_dead_processes_left_is_cleared_and_what_lives_is_not(channel):
    folder = channel.path.parent
    dead = folder / (pipe_name(7, "/vla", "executor", 2**22 - 1, 1, 0) + ".stop")
    other = folder / "somebody's"
    for path in (dead, other):
        path.write_text("")
    clear_stale(folder)
    assert not dead.exists()
    assert other.exists() and channel.path.exists()


def test_closing_leaves_nothing(channel):
    channel.close()
    assert list(channel.path.parent.iterdir()) == []


def test_names_tell_systems_apart():
    assert pipe_name(42, "/a/b", "executor", 5, 6, 0) == "42,a.b,executor,5,6,0"
    assert pipe_name(42, "/", "executor", 5, 6, 0) == "42,,executor,5,6,0"
    assert runtime_folder({"VLA_RUNTIME_DIR": "/x"}) == Path("/x")
    assert runtime_folder({}) == Path(f"/tmp/vla-{os.getuid()}")
