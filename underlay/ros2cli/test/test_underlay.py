"""What only the underlay promises: upstream's `ros2` of Jazzy does these differently or not at all."""

from __future__ import annotations

import importlib
import importlib.util
import os
import signal
from collections.abc import Callable
from subprocess import CompletedProcess

import pytest
from conftest import Running

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("ros2cli.verb") is None
    or not hasattr(importlib.import_module("ros2cli.verb"), "Verb"),
    reason="the underlay's own promises",
)
Ros2 = Callable[..., CompletedProcess[str]]
Start = Callable[..., Running]
DRIVE = ("/cli/drive", "nav2_msgs/action/NavigateToPose")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.usefixtures("graph")
def test_a_signal_cancels_the_goal_and_waits_for_its_end(
    ros2: Ros2, start: Start, number: int
) -> None:
    goal = start("action", "send_goal", "-f", *DRIVE, "{behavior_tree: wait}")
    goal.wait_for("distance_remaining: 1.5")
    assert goal.end(number) == number
    said = [line for line in goal.lines if line.startswith(("Cancel", "Goal "))]
    assert said[-3:] == [
        "Canceling goal...",
        "Goal canceled.",
        "Goal finished with status: CANCELED",
    ]
    ended = ros2("topic", "echo", "--once", "/cli/ended", "--field", "data", "--spin-time", "2")
    assert ended.stdout == "wait\n---\n"


def test_send_goal_gives_up_without_a_server(ros2: Ros2) -> None:
    done = ros2("action", "send_goal", "--timeout", "0.2", "/no/such", DRIVE[1])
    assert done.returncode == 1
    assert done.stderr == "No action server became available within 0.2 s\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["bag", "play", "x"], "'ros2 bag' is outside the subset of this underlay\n"),
        (["doctor"], "'ros2 doctor' is outside the subset of this underlay\n"),
        (["topic", "delay", "/x"], "'ros2 topic delay' is outside the subset of this underlay\n"),
        (["pkg", "create", "x"], "'ros2 pkg create' is outside the subset of this underlay\n"),
    ],
)
def test_commands_outside_the_subset(ros2: Ros2, words: list[str], said: str) -> None:
    done = ros2(*words)
    assert (done.returncode, done.stderr) == (1, said)


@pytest.mark.parametrize(
    ("option", "name"), [("--print", "system.launch.py"), ("--show-args", "system.launch.xml")]
)
def test_launch_outside_the_subset_says_so(ros2: Ros2, tmp_path, option: str, name: str) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / name
    path.write_text(
        "from launch import LaunchDescription\n"
        "def generate_launch_description():\n    return LaunchDescription([])\n"
        if name.endswith(".py")
        else "<launch/>"
    )
    done = ros2("launch", option, str(path))
    assert done.returncode == 1
    assert "outside the subset" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("kind", "values", "said"),
    [
        (
            "geometry_msgs/msg/Twist",
            "{linaer: {}}",
            "Failed to populate field: 'Twist' has no field 'linaer': did you mean 'linear'?\n",
        ),
        (
            "std_msgs/msg/Bool",
            "{data: 'false'}",
            "Failed to populate field: field 'data' (boolean) cannot take the value 'false'\n",
        ),
        (
            "std_msgs/msg/Bool",
            "{data: ",
            "The values are not valid YAML at line 1, column 8: "
            "expected the node content, but found '<stream end>'\n",
        ),
    ],
)
def test_wrong_values_get_one_sentence(ros2: Ros2, kind: str, values: str, said: str) -> None:
    done = ros2("topic", "pub", "-1", "/x", kind, values)
    assert (done.returncode, done.stderr) == (1, said)


def test_run_passes_sigterm_on(start: Start, tmp_path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    index = tmp_path / "share" / "ament_index" / "resource_index" / "packages"
    index.mkdir(parents=True)
    (index / "signal_demo").touch()
    tool = tmp_path / "lib" / "signal_demo" / "tool"
    tool.parent.mkdir(parents=True)
    tool.write_text(
        "#!/bin/sh\ntrap 'kill $child; echo caught; exit 5' TERM\nsleep 60 & child=$!\necho waiting\nwait\n"
    )
    tool.chmod(0o755)
    monkeypatch.setenv("AMENT_PREFIX_PATH", f"{tmp_path}:{os.environ['AMENT_PREFIX_PATH']}")
    run = start("run", "signal_demo", "tool")
    run.wait_for("waiting")
    run.process.send_signal(signal.SIGTERM)
    run.wait_for("caught")
    run.wait_for("[ros2run]: Process exited with failure 5")
    assert run.process.wait() == 5
