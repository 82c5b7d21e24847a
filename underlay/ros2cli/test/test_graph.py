# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""`ros2 topic|service|action|node|param|lifecycle` against real nodes. Holds for upstream's commands as well."""

from __future__ import annotations

import signal
from collections.abc import Callable

import pytest
from conftest import Ros2, Running

pytestmark = pytest.mark.usefixtures("graph")
Start = Callable[..., Running]
SPIN = ("--no-daemon", "--spin-time", "0.1")
TRIES = 20
DRIVE = ("/cli/drive", "nav2_msgs/action/NavigateToPose")


def look(ros2: Ros2, fits: str | Callable[[str], object], *arguments: str) -> str:
    """What a command prints. It looks at the graph for a moment only, so it is run again until what it prints fits."""
    for _ in range(TRIES):
        printed = ros2(*arguments).stdout
        if fits(printed) if callable(fits) else fits == printed:
            break
    return printed


def test_topic_list(ros2: Ros2) -> None:
    names = {"/cli/chatter", "/cli/latched", "/cli/listen", "/rosout"}
    lines = look(ros2, lambda o: names <= set(o.splitlines()), "topic", "list", *SPIN).splitlines()
    assert names <= set(lines)
    assert not [line for line in lines if "_action" in line]
    arguments = ("topic", "list", "--include-hidden-topics", "-t", *SPIN)
    wanted = {
        "/cli/chatter [std_msgs/msg/String]",
        "/cli/drive/_action/status [action_msgs/msg/GoalStatusArray]",
    }
    assert wanted <= set(
        look(ros2, lambda o: wanted <= set(o.splitlines()), *arguments).splitlines()
    )


def test_topic_info(ros2: Ros2) -> None:
    info = "Type: std_msgs/msg/String\nPublisher count: 0\nSubscription count: 1\n"
    assert look(ros2, info, "topic", "info", "/cli/listen", *SPIN) == info
    named = ("topic", "info", "-v", "/cli/latched", *SPIN)
    verbose = look(ros2, lambda o: "Node name: talker" in o, *named)
    assert "Node name: talker\nNode namespace: /cli\n" in verbose
    assert "Durability: TRANSIENT_LOCAL" in verbose
    unknown = ros2("topic", "info", "/no/such/topic", "--no-daemon")
    assert (unknown.returncode, unknown.stderr) == (1, "Unknown topic '/no/such/topic'\n")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["/cli/chatter"], "data: hello\n---\n"),
        (["/cli/chatter", "std_msgs/msg/String", "--field", "data"], "hello\n---\n"),
        (["/cli/chatter", "--no-str"], "data: '<string length: <5>>'\n---\n"),
        (["/cli/latched"], "data: kept\n---\n"),
        (["/cli/numbers", "-l", "2", "--field", "data"], "array('i', [0, 1, 2"),
        (
            ["/cli/numbers", "--no-arr"],
            "layout:\n  dim: '<sequence type: std_msgs/msg/MultiArrayDimension, length: 0>'\n"
            "  data_offset: 0\ndata: '<sequence type: int32, length: 200>'\n---\n",
        ),
    ],
)
def test_topic_echo_once(ros2: Ros2, arguments: list[str], expected: str) -> None:
    command = ("topic", "echo", "--once", *arguments, "--spin-time", "0.5")
    assert look(ros2, lambda o: o.startswith(expected), *command).startswith(expected)


def test_topic_echo_goes_on_until_a_signal(start: Start) -> None:
    echo = start("topic", "echo", "/cli/latched", "std_msgs/msg/String",
                 "--qos-durability", "transient_local", "--qos-reliability", "reliable")  # fmt: skip
    echo.wait_for("data: kept")
    assert echo.end() in (signal.SIGINT, -signal.SIGINT)
    assert not [line for line in echo.lines if "Traceback" in line]


def test_topic_echo_of_nothing(ros2: Ros2) -> None:
    unknown = ros2("topic", "echo", "/no/such/topic", "--no-daemon")
    assert unknown.returncode == 1
    assert "Could not determine the type" in unknown.stderr
    for wrong in ("std_msgs/msg/NoSuch", "no_such_msgs/msg/String", "std_srvs/srv/Empty"):
        done = ros2("topic", "echo", "/cli/chatter", wrong)
        assert done.returncode == 1
        assert done.stderr.startswith("The passed message type is invalid")


def test_topic_hz(start: Start) -> None:
    rate = start("topic", "hz", "/cli/chatter")
    value = float(rate.wait_for("average rate: ").removeprefix("average rate: "))
    assert 1.0 < value < 100.0
    assert rate.wait_for("min: ").split()[-2] == "window:"


def test_service_list(ros2: Ros2) -> None:
    names = {"/cli/switch", "/cli/talker/get_parameters", "/cli/machine/get_state"}
    lines = look(ros2, lambda o: names <= set(o.splitlines()), "service", "list", *SPIN)
    assert names <= set(lines.splitlines())


def test_service_call(ros2: Ros2) -> None:
    done = ros2("service", "call", "/cli/switch", "std_srvs/srv/SetBool", "{data: true}")
    assert done.returncode == 0
    said = done.stdout.removeprefix("waiting for service to become available...\n")
    assert said == (
        "requester: making request: std_srvs.srv.SetBool_Request(data=True)\n\n"
        "response:\nstd_srvs.srv.SetBool_Response(success=True, message='switched')\n\n"
    )


@pytest.mark.parametrize(
    ("kind", "values", "said"),
    [
        ("std_srvs/srv/SetBool", "{dta: true}", "Failed to populate field: "),
        ("std_srvs/srv/SetBool", "just text", "The passed value needs to be a dictionary in YAML"),
        ("std_srvs/srv/NoSuch", "{}", "The passed service type is invalid"),
    ],
)
def test_service_call_refuses(ros2: Ros2, kind: str, values: str, said: str) -> None:
    done = ros2("service", "call", "/cli/switch", kind, values)
    assert done.returncode == 1
    assert done.stderr.startswith(said)


def test_action_list(ros2: Ros2) -> None:
    typed = f"{DRIVE[0]} [{DRIVE[1]}]\n"
    assert look(ros2, typed, "action", "list", "-t") == typed


def test_send_goal(ros2: Ros2) -> None:
    done = ros2("action", "send_goal", "-f", *DRIVE, "{pose: {header: {frame_id: map}}}")
    assert done.returncode == 0
    text = done.stdout
    steps = [
        "Waiting for an action server to become available...\n",
        "Sending goal:\n     pose:\n",
        "    frame_id: map\n",
        "Goal accepted with ID: ",
        "Result:\n    error_code: 7\n",
        "Goal finished with status: SUCCEEDED\n",
    ]
    places = [text.find(step) for step in steps]
    assert -1 not in places
    assert places == sorted(places)
    # Feedback may come before the answer to the goal itself.
    feedback = text.find("Feedback:\n    current_pose:\n")
    assert places[2] < feedback < text.find("distance_remaining: 1.5\n") < places[-2]


@pytest.mark.parametrize(
    ("goal", "said"),
    [
        ("{behavior_tree: abort}", "Goal finished with status: ABORTED\n"),
        ("{behavior_tree: reject}", "Goal was rejected.\n"),
    ],
)
def test_send_goal_that_does_not_succeed(ros2: Ros2, goal: str, said: str) -> None:
    done = ros2("action", "send_goal", *DRIVE, goal)
    assert done.returncode == 0
    assert done.stdout.endswith(said)
    assert "Feedback" not in done.stdout


@pytest.mark.parametrize(
    ("kind", "goal", "said"),
    [
        ("nav2_msgs/action/NavigateToPose", "{poze: {}}", "Failed to populate"),
        ("nav2_msgs/action/NoSuch", "{}", "The passed action type is invalid"),
    ],
)
def test_send_goal_refuses(ros2: Ros2, kind: str, goal: str, said: str) -> None:
    done = ros2("action", "send_goal", "/cli/drive", kind, goal)
    assert done.returncode == 1
    assert done.stderr.startswith(said)


def test_node_list(ros2: Ros2) -> None:
    nodes = "/cli/machine\n/cli/robot\n/cli/talker\n"
    assert look(ros2, nodes, "node", "list", *SPIN) == nodes
    assert "/_ros2cli_" in ros2("node", "list", "-a", *SPIN).stdout


def test_param_list(ros2: Ros2) -> None:
    lines = ros2("param", "list", "/cli/talker", *SPIN).stdout.splitlines()
    assert lines == sorted(lines)
    assert {"  arm.joints", "  arm.speed", "  count", "  use_sim_time"} <= set(lines)
    nodes = ["/cli/machine:", "/cli/robot:", "/cli/talker:"]

    def named(printed: str) -> list[str]:
        return [line for line in printed.splitlines() if line[0] != " "]

    assert named(look(ros2, lambda o: named(o) == nodes, "param", "list", *SPIN)) == nodes


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("arm.joints", "Double values are: [1.0, 2.0]\n"),
        ("name", "String value is: cup\n"),
        ("enabled", "Boolean value is: True\n"),
    ],
)
def test_param_get(ros2: Ros2, name: str, expected: str) -> None:
    assert ros2("param", "get", "/cli/talker", name, *SPIN).stdout == expected


def test_param_describe(ros2: Ros2) -> None:
    done = ros2("param", "describe", "/cli/talker", "arm.speed", "name", *SPIN)
    assert done.stdout == (
        "Parameter name: arm.speed\n  Type: double\n  Description: how fast\n  Constraints:\n"
        "    Min value: 0.0\n    Max value: 2.0\n"
        "Parameter name: name\n  Type: string\n  Constraints:\n    Read only: true\n"
    )


def test_param_set(ros2: Ros2) -> None:
    done = ros2("param", "set", "/cli/talker", "arm.speed", "1.25", *SPIN)
    assert done.stdout == "Set parameter successful\n"
    bare = ros2("param", "get", "/cli/talker", "arm.speed", "--hide-type", *SPIN)
    assert bare.stdout == "1.25\n"
    refused = ros2("param", "set", "/cli/talker", "count", "13", *SPIN)
    assert (refused.returncode, refused.stderr) == (0, "Setting parameter failed: unlucky\n")
    out_of_range = ros2("param", "set", "/cli/talker", "arm.speed", "3.0", *SPIN)
    assert out_of_range.stderr.startswith("Setting parameter failed: ")


def test_a_node_that_is_not_there(ros2: Ros2) -> None:
    done = ros2("param", "get", "/no/such", "x")
    assert (done.returncode, done.stderr) == (1, "Node not found\n")


def test_lifecycle(ros2: Ros2) -> None:
    state = "/cli/machine: unconfigured [1]\n"
    assert look(ros2, state, "lifecycle", "get", *SPIN) == state
    machine = ("/cli/machine", "--spin-time", "0.5")
    wrong = ros2("lifecycle", "set", *machine, "activate")
    assert wrong.returncode == 1
    assert wrong.stderr == (
        "Unknown transition requested, available ones are:\n- configure [1]\n- shutdown [5]\n"
    )
    done = ros2("lifecycle", "set", *machine, "configure")
    assert (done.returncode, done.stdout) == (0, "Transitioning successful\n")
    failed = ros2("lifecycle", "set", *machine, "3")  # activate
    assert (failed.returncode, failed.stderr) == (0, "Transitioning failed\n")
    assert ros2("lifecycle", "get", *machine).stdout == "inactive [2]\n"
