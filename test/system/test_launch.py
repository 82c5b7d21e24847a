# SPDX-License-Identifier: Apache-2.0
"""The launch file as a user meets it: arguments, refusals, Ctrl-C, composition, two robots in one domain."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import psutil
import pytest
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from vla_interfaces.action import ExecuteCommand
from vla_interfaces.msg import Outcome, SystemStatus
from vla_interfaces.srv import Manage

from vla_bringup.client.ros.system_client import SystemClient
from vla_bringup.journal.config import journal_path
from vla_bringup.journal.reader import JournalReader
from vla_common.contracts.outcomes import Code
from vla_common.contracts.trace import new_trace_id
from vla_testing.system.motion_watch import STILL, MotionWatch

pytestmark = pytest.mark.system
LONG_S = 120.0
LAUNCH = ["ros2", "launch", "vla_bringup", "vla_system.launch.py"]
ARGUMENTS = ("namespace", "robot", "config_file", "composed", "log_level", "headless", "rviz")


class Launched:
    """The launch file as a child process in a session of its own, as a terminal would start it."""

    def __init__(self, log, *arguments):
        self.log = log
        with log.open("wb") as out:
            self.process = subprocess.Popen(
                [*LAUNCH, *arguments], stdout=out, stderr=out, start_new_session=True
            )

    def interrupt(self):
        """Ctrl-C: SIGINT to the whole group. Returns the exit code and the processes that outlived it."""
        family = psutil.Process(self.process.pid).children(recursive=True)
        os.killpg(self.process.pid, signal.SIGINT)
        code = self.process.wait(LONG_S)
        _, alive = psutil.wait_procs(family, timeout=0.5)
        return code, alive

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def ready(self, client):
        status = client.wait_for_status(
            lambda s: s.state == SystemStatus.IDLE, LONG_S, lambda: self.process.poll() is not None
        )
        assert status is not None, self.log.read_text()[-3000:]


def test_every_argument_has_a_description():
    out = subprocess.run(
        [*LAUNCH, "--show-args"], capture_output=True, text=True, timeout=LONG_S, check=True
    ).stdout
    for name in ARGUMENTS:
        _, found, rest = out.partition(f"'{name}':")
        assert found, f"{name} is not shown"
        first = rest.strip().splitlines()[0]
        assert len(first.split()) >= 3, f"{name} has no description: {first!r}"


@pytest.mark.parametrize(
    ("argument", "sentence"),
    [
        ("config_file:=none.yaml", "can't be read"),
        ("robot:=toaster", "toaster"),
        ("seed:=abc", "'seed' can't be 'abc'"),
    ],
)
def test_wrong_arguments_start_nothing(argument, sentence):
    done = subprocess.run(
        [*LAUNCH, argument], capture_output=True, text=True, timeout=LONG_S, check=False
    )
    assert done.returncode == 1
    assert sentence in done.stdout + done.stderr
    assert "process started" not in done.stdout + done.stderr


def test_a_misspelt_parameter_starts_nothing(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("/**:\n  ros__parameters:\n    guard: {max_linear_sped_mps: 0.2}\n")
    done = subprocess.run(
        [*LAUNCH, f"config_file:={path}"],
        capture_output=True,
        text=True,
        timeout=LONG_S,
        check=False,
    )
    assert done.returncode == 1
    assert "Did you mean 'guard.max_linear_speed_mps'" in done.stdout + done.stderr


@pytest.fixture(scope="class")
def running(tmp_path_factory):
    """A system that several tests use, each of which leaves it as it was; Ctrl-C ends it cleanly when it is idle."""
    log = tmp_path_factory.mktemp("running") / "log"
    with Launched(log, "seed:=0") as launched, SystemClient(name="running") as client:
        launched.ready(client)
        yield client
        assert launched.interrupt() == (0, []), log.read_text()[-3000:]


class TestRunning:
    """With one system for all of them, which ends before the next test starts its own."""

    def test_send_goal_from_a_second_shell(self, running):
        send = ["ros2", "action", "send_goal", "--feedback", "/vla/execute_command"]
        done = subprocess.run(
            [*send, "vla_interfaces/action/ExecuteCommand", "{command: 'turn left'}"],
            capture_output=True,
            text=True,
            timeout=LONG_S,
            check=True,
        )
        assert "Goal finished with status: SUCCEEDED" in done.stdout, done.stdout
        assert "Feedback:" in done.stdout

    def test_a_node_that_is_shut_down_for_good_comes_back(self, running):
        def executor():
            return next(c for c in running.status().components if c.name == "executor")

        before = executor().restarts
        request = ChangeState.Request(
            transition=Transition(id=Transition.TRANSITION_ACTIVE_SHUTDOWN)
        )
        assert running.call(ChangeState, "executor/change_state", request).success
        outcome = running.manage(Manage.Request.STARTUP, LONG_S)
        assert outcome.code == Code.OK, outcome
        after = executor()
        assert (after.lifecycle_state, after.restarts) == (3, before + 1), after
        assert running.stop("again").ok
        assert running.reset().ok


@pytest.mark.parametrize("composed", ["false", "true"])
def test_ctrl_c_during_a_command_ends_it_truly_and_on_record(tmp_path, composed, monkeypatch):
    monkeypatch.setenv("ROS_HOME", str(tmp_path / "home"))
    trace_id = new_trace_id()
    with (
        Launched(tmp_path / "log", f"composed:={composed}", "seed:=0") as launched,
        SystemClient(name="ctrl_c") as client,
    ):
        launched.ready(client)
        run = client.start(
            ExecuteCommand.Goal(command="go to the shelf", source="test", trace_id=trace_id)
        )
        while abs(client.ground_truth().robot_velocity.linear.x) < 0.1:
            assert run.wait(0.0) is None
        code, alive = launched.interrupt()
        told = run.wait(1.0)
    log = (tmp_path / "log").read_text()
    assert code == 0, log[-3000:]
    assert alive == []
    assert "escalating" not in log
    assert "Traceback" not in log
    assert "RCLError" not in log
    assert Code.STOP_UNCONFIRMED.name not in log
    record = JournalReader(journal_path("", "vla")).details(trace_id).record
    assert record.outcome == Code.SHUTTING_DOWN.name
    assert told is not None, log[-3000:]
    assert told.result.outcome.code == Code.SHUTTING_DOWN


def test_two_robots_in_one_domain(tmp_path):
    with (
        Launched(tmp_path / "one", "namespace:=alpha", "composed:=true", "seed:=1") as alpha,
        Launched(tmp_path / "two", "namespace:=beta", "composed:=true", "seed:=2") as beta,
        SystemClient("alpha", "client") as one,
        SystemClient("beta", "client") as two,
    ):
        alpha.ready(one)
        beta.ready(two)
        still = two.ground_truth().robot_pose
        result = one.execute(ExecuteCommand.Goal(command="turn left"))
        assert result.outcome.code == Outcome.OK, result.outcome.message
        after = two.ground_truth().robot_pose
        assert abs(still.orientation.z - after.orientation.z) < 1e-3
        for launched in (alpha, beta):
            assert launched.interrupt() == (0, [])


def test_a_robot_with_interfaces_of_its_own(tmp_path):
    """robot:=real, with the simulator in another namespace standing in for somebody's robot."""
    robot = ["ros2", "run", "vla_sim", "sim_node", "--ros-args", "-r", "__ns:=/bot"]
    for name in ("tf", "tf_static", "clock"):
        robot += ["-r", f"/{name}:={name}"]
    with (
        (tmp_path / "robot").open("wb") as out,
        subprocess.Popen(robot, stdout=out, stderr=out, start_new_session=True) as process,
    ):
        try:
            with (
                Launched(tmp_path / "log", "robot:=real", "robot_namespace:=bot") as launched,
                SystemClient(name="real") as client,
                SystemClient("bot", "truth") as bot,
            ):
                launched.ready(client)
                before = bot.ground_truth().robot_pose
                for command in ("turn left", "go to the table"):
                    result = client.execute(ExecuteCommand.Goal(command=command))
                    assert result.outcome.code == Outcome.OK, result.outcome.message
                after = bot.ground_truth().robot_pose
                assert (
                    abs(after.position.x - before.position.x)
                    + abs(after.position.y - before.position.y)
                    > 0.3
                )
                assert launched.interrupt() == (0, [])
        finally:
            os.killpg(process.pid, signal.SIGINT)


@pytest.mark.parametrize(
    ("number", "composed"),
    [(signal.SIGKILL, "false"), (signal.SIGTERM, "false"), (signal.SIGKILL, "true")],
)
def test_a_launch_that_is_gone_leaves_a_robot_at_rest_and_no_process(tmp_path, number, composed):
    with (
        Launched(tmp_path / "log", f"composed:={composed}", "seed:=0") as launched,
        SystemClient(name="orphans") as client,
    ):
        launched.ready(client)
        client.start(ExecuteCommand.Goal(command="go to the shelf", source="test"))
        while abs(client.ground_truth().robot_velocity.linear.x) < 0.1:
            pass
        family = psutil.Process(launched.process.pid).children(recursive=True)
        watch = MotionWatch(client)
        watch.check()
        launched.process.send_signal(number)
        launched.process.wait(LONG_S)
        _, alive = psutil.wait_procs(family, timeout=LONG_S)
        assert alive == []
        assert watch.trace.newest.base < STILL


def test_composed_stages_that_hang_do_not_drive_on(tmp_path):
    """Somebody outside of their process stops the robot, and starts them anew."""
    with (
        Launched(tmp_path / "log", "composed:=true", "seed:=0") as launched,
        SystemClient(name="hang") as client,
    ):
        launched.ready(client)
        client.start(ExecuteCommand.Goal(command="go to the shelf", source="test"))
        while abs(client.ground_truth().robot_velocity.linear.x) < 0.1:
            pass
        composed = next(
            child
            for child in psutil.Process(launched.process.pid).children(recursive=True)
            if any("composed_node" in word for word in child.cmdline())
        )
        composed.suspend()
        watch = MotionWatch(client)
        watch.check()
        assert watch.until_still(0.0, LONG_S) is not None
        psutil.wait_procs([composed], timeout=LONG_S)
        assert not composed.is_running()
        status = client.wait_for_status(
            lambda s: s.state == SystemStatus.IDLE and s.header.stamp.sec > 0, LONG_S
        )
        assert status is not None
        assert launched.interrupt() == (0, [])


def test_a_killed_demo_leaves_nothing_behind(tmp_path):
    demo = subprocess.Popen(
        [sys.executable, "-m", "vla_bringup.cli.main", "demo", "--no-pictures"],
        stdout=subprocess.PIPE,
        text=True,
    )
    for line in demo.stdout:
        if "Ready for commands" in line:
            break
    family = psutil.Process(demo.pid).children(recursive=True)
    assert len(family) >= 6
    demo.kill()
    demo.wait(LONG_S)
    _, alive = psutil.wait_procs(family, timeout=LONG_S)
    assert alive == []
