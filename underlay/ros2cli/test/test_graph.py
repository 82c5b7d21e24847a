"""`ros2 topic|service|action|node|param|lifecycle` against real nodes."""

from __future__ import annotations

import signal
from collections.abc import Callable
from subprocess import CompletedProcess

import pytest
import yaml
from conftest import Running

pytestmark = pytest.mark.usefixtures("graph")
Ros2 = Callable[..., CompletedProcess[str]]
Start = Callable[..., Running]
SPIN = ("--no-daemon", "--spin-time", "1")
TRIES = 20


def look(ros2: Ros2, fits: str | Callable[[str], object], *arguments: str) -> str:
    """What a command prints. It looks at the graph for a moment only, so it is run again until what it prints fits."""
    for _ in range(TRIES):
        printed = ros2(*arguments).stdout
        if fits(printed) if callable(fits) else fits == printed:
            break
    return printed


# topic


def test_topic_list(ros2: Ros2) -> None:
    names = {"/cli/chatter", "/cli/latched", "/cli/listen", "/rosout"}
    lines = look(ros2, lambda o: names <= set(o.splitlines()), "topic", "list", *SPIN).splitlines()
    assert names <= set(lines)
    assert not [line for line in lines if "_action" in line]
    typed = "/cli/chatter [std_msgs/msg/String]"
    assert typed in look(ros2, lambda o: typed in o, "topic", "list", "-t", *SPIN).splitlines()
    hidden = "/cli/drive/_action/status"
    everything = ("topic", "list", "--include-hidden-topics", *SPIN)
    assert hidden in look(ros2, lambda o: hidden in o, *everything).splitlines()
    # How many there are is known when nothing more comes.
    count = look(ros2, lambda o: int(o) >= len(lines), "topic", "list", "-c", *SPIN)
    lines = look(
        ros2, lambda o: len(o.splitlines()) == int(count), "topic", "list", *SPIN
    ).splitlines()
    assert int(count) == len(lines)


def test_topic_list_verbose(ros2: Ros2) -> None:
    printed = look(
        ros2,
        lambda o: "* /cli/chatter [" in o and "* /cli/listen [" in o,
        "topic", "list", "-v", *SPIN,
    )  # fmt: skip
    published, subscribed = printed.split("Subscribed topics:")
    assert published.startswith("Published topics:\n")
    assert " * /cli/chatter [std_msgs/msg/String] 1 publisher\n" in published
    assert " * /cli/listen [std_msgs/msg/String] 1 subscriber\n" in subscribed
    assert "/cli/listen" not in published


def test_topic_info(ros2: Ros2) -> None:
    info = "Type: std_msgs/msg/String\nPublisher count: 0\nSubscription count: 1\n"
    assert look(ros2, info, "topic", "info", "/cli/listen", *SPIN) == info
    named = ("topic", "info", "-v", "/cli/latched", *SPIN)
    verbose = look(ros2, lambda o: "Node name: talker" in o, *named)
    assert "Node name: talker\nNode namespace: /cli\n" in verbose
    assert "Durability: TRANSIENT_LOCAL" in verbose
    unknown = ros2("topic", "info", "/no/such/topic", "--no-daemon")
    assert (unknown.returncode, unknown.stderr) == (1, "Unknown topic '/no/such/topic'\n")


def test_topic_type_and_find(ros2: Ros2) -> None:
    kind = "std_msgs/msg/String\n"
    assert look(ros2, kind, "topic", "type", "/cli/chatter", *SPIN) == kind
    unknown = ros2("topic", "type", "/no/such/topic", "--no-daemon")
    assert (unknown.returncode, unknown.stdout) == (1, "")
    names = {"/cli/chatter", "/cli/listen"}
    of_kind = ("topic", "find", "std_msgs/msg/String", *SPIN)
    found = look(ros2, lambda o: names <= set(o.splitlines()), *of_kind).splitlines()
    assert names <= set(found)
    assert "/cli/numbers" not in found
    nothing = ros2("topic", "find", "no_such/msg/Type", *SPIN)
    assert (nothing.returncode, nothing.stdout) == (0, "")


def test_hidden_names(ros2: Ros2) -> None:
    """`type` and `service info` find them when asked to before the verb, `topic info` always."""
    topic, service = "/cli/drive/_action/status", "/cli/drive/_action/cancel_goal"
    topic_kind, service_kind = "action_msgs/msg/GoalStatusArray", "action_msgs/srv/CancelGoal"
    for arguments, begin in (
        (["topic", "--include-hidden-topics", "type", topic, *SPIN], f"{topic_kind}\n"),
        (["topic", "info", topic, *SPIN], f"Type: {topic_kind}\n"),
        (["service", "--include-hidden-services", "type", service], f"{service_kind}\n"),
        (["service", "--include-hidden-services", "info", service, *SPIN], "Type: "),
    ):
        assert look(ros2, lambda o, b=begin: o.startswith(b), *arguments).startswith(begin)
    for arguments in (["topic", "type", topic, *SPIN], ["service", "type", service]):
        done = ros2(*arguments)
        assert (done.returncode, done.stdout) == (1, "")
    unknown = ros2("service", "info", service, *SPIN)
    assert (unknown.returncode, unknown.stderr) == (1, f"Unknown service '{service}'\n")


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        (["topic", "type", "/cli/chatter"], "--include-hidden-topics"),
        (["topic", "info", "/cli/chatter"], "--include-hidden-topics"),
        (["service", "type", "/cli/switch"], "--include-hidden-services"),
        (["service", "info", "/cli/switch"], "--include-hidden-services"),
        (["service", "find", "std_srvs/srv/SetBool"], "--no-daemon"),
        (["action", "list"], "--no-daemon"),
        (["action", "info", "/cli/drive"], "--use-sim-time"),
    ],
)
def test_options_that_a_verb_does_not_have(ros2: Ros2, arguments: list[str], option: str) -> None:
    done = ros2(*arguments, option)
    assert done.returncode == 2
    assert f"unrecognized arguments: {option}" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["/cli/chatter"], "data: hello\n---\n"),
        (["/cli/chatter", "std_msgs/msg/String"], "data: hello\n---\n"),
        (["/cli/chatter", "--csv"], "hello\n"),
        (["/cli/chatter", "--field", "data"], "hello\n---\n"),
        (["/cli/chatter", "--filter", "m.data == 'hello'"], "data: hello\n---\n"),
        (["/cli/chatter", "--no-str"], "data: '<string length: <5>>'\n---\n"),
        (["/cli/chatter", "--qos-reliability", "best_effort"], "data: hello\n---\n"),
        (["/cli/latched"], "data: kept\n---\n"),
        (
            [
                "/cli/latched",
                "--qos-durability",
                "transient_local",
                "--qos-reliability",
                "reliable",
            ],
            "data: kept\n---\n",
        ),
        (
            ["/cli/numbers", "-l", "2", "--csv"],
            "0,0,1,...\n",
        ),
        (
            ["/cli/numbers", "--no-arr", "--flow-style"],
            "layout:\n  dim: '<sequence type: std_msgs/msg/MultiArrayDimension, length: 0>'\n"
            "  data_offset: 0\ndata: '<sequence type: int32, length: 200>'\n---\n",
        ),
    ],
)
def test_topic_echo_once(ros2: Ros2, arguments: list[str], expected: str) -> None:
    assert (
        look(ros2, expected, "topic", "echo", "--once", *arguments, "--spin-time", "1") == expected
    )


def test_topic_echo_goes_on_until_a_signal(start: Start) -> None:
    echo = start("topic", "echo", "/cli/chatter", "std_msgs/msg/String")
    for _ in range(3):
        echo.wait_for("data: hello")
    assert echo.end() in (signal.SIGINT, -signal.SIGINT)
    assert not [line for line in echo.lines if "Traceback" in line]


def test_topic_echo_of_nothing(ros2: Ros2) -> None:
    unknown = ros2("topic", "echo", "/no/such/topic", "--no-daemon")
    assert unknown.returncode == 1
    assert "Could not determine the type" in unknown.stderr
    silent = ros2("topic", "echo", "/no/such/topic", "std_msgs/msg/String", "--timeout", "0.2")
    assert (silent.returncode, silent.stdout) == (0, "")
    for wrong in ("std_msgs/msg/NoSuch", "no_such_msgs/msg/String", "std_srvs/srv/Empty"):
        done = ros2("topic", "echo", "/cli/chatter", wrong)
        assert done.returncode == 1
        assert done.stderr.startswith("The passed message type is invalid")


def test_topic_pub_once(ros2: Ros2, start: Start) -> None:
    # Whoever of the two is there first: what was heard last is kept for the one that comes later.
    heard = start(
        "topic", "echo", "/cli/heard", "std_msgs/msg/String",
        "--qos-durability", "transient_local", "--qos-reliability", "reliable",
    )  # fmt: skip
    done = ros2("topic", "pub", "-1", "/cli/listen", "std_msgs/msg/String", "{data: once}")
    assert done.returncode == 0
    assert "publisher: beginning loop\npublishing #1: std_msgs.msg.String(data='once')\n" in (
        done.stdout
    )
    heard.wait_for("data: once")


def test_topic_pub_times(ros2: Ros2) -> None:
    done = ros2(
        "topic", "pub", "-t", "3", "-r", "50", "-p", "2", "/cli/listen", "std_msgs/String",
        "--stdin", stdin="data: often",
    )  # fmt: skip
    assert done.returncode == 0
    published = [line for line in done.stdout.splitlines() if line.startswith("publishing")]
    assert published == ["publishing #2: std_msgs.msg.String(data='often')"]


def test_topic_pub_stamps(ros2: Ros2) -> None:
    done = ros2(
        "topic", "pub", "-t", "2", "-w", "0", "-r", "50", "/cli/points",
        "geometry_msgs/msg/PointStamped", "{header: auto, point: {x: 1}}",
    )  # fmt: skip
    assert done.returncode == 0
    assert "stamp=builtin_interfaces.msg.Time(sec=0" not in done.stdout
    assert "x=1.0" in done.stdout


def test_topic_pub_waits_for_a_subscription(ros2: Ros2) -> None:
    done = ros2(
        "topic", "pub", "-1", "--max-wait-time-secs", "0.3", "/cli/nobody", "std_msgs/msg/String"
    )
    assert done.returncode == 1
    assert "Waiting for at least 1 matching subscription(s)..." in done.stdout
    assert done.stderr.startswith("Timed out waiting for")


@pytest.mark.parametrize(
    ("kind", "values", "said"),
    [
        ("std_msgs/msg/String", "{dta: x}", "Failed to populate field: "),
        ("std_msgs/msg/Float64", "{data: fast}", "Failed to populate field: "),
        ("std_msgs/msg/String", "just text", "The passed value needs to be a dictionary in YAML"),
        ("std_msgs/msg/NoSuch", "{}", "The passed message type is invalid"),
    ],
)
def test_topic_pub_refuses(ros2: Ros2, kind: str, values: str, said: str) -> None:
    done = ros2("topic", "pub", "-t", "1", "-w", "0", "/cli/listen", kind, values)
    assert done.returncode == 1
    assert done.stderr.startswith(said)


def test_topic_hz_and_bw(start: Start) -> None:
    rate = start("topic", "hz", "/cli/chatter")
    value = float(rate.wait_for("average rate: ").removeprefix("average rate: "))
    assert 1.0 < value < 100.0
    assert rate.wait_for("min: ").split()[-2] == "window:"
    bandwidth = start("topic", "bw", "/cli/numbers")
    assert bandwidth.wait_for("/s from").split()[1] in ("B/s", "KB/s")
    assert "Message size mean: " in bandwidth.wait_for("mean")


# service


def test_service_list(ros2: Ros2) -> None:
    names = {"/cli/switch", "/cli/talker/get_parameters", "/cli/machine/get_state"}
    lines = look(ros2, lambda o: names <= set(o.splitlines()), "service", "list", *SPIN)
    assert names <= set(lines.splitlines())
    typed = "/cli/switch [std_srvs/srv/SetBool]"
    lines = look(ros2, lambda o: typed in o, "service", "list", "-t", *SPIN)
    assert typed in lines.splitlines()


def test_service_type_find_info(ros2: Ros2) -> None:
    for arguments, printed in (
        (["type", "/cli/switch"], "std_srvs/srv/SetBool\n"),
        (["find", "std_srvs/srv/SetBool"], "/cli/switch\n"),
        (
            ["info", "/cli/switch", *SPIN],
            "Type: std_srvs/srv/SetBool\nClients count: 0\nServices count: 1\n",
        ),
    ):
        assert look(ros2, printed, "service", *arguments) == printed
    assert ros2("service", "type", "/no/such").returncode == 1
    unknown = ros2("service", "info", "/no/such", "--no-daemon")
    assert (unknown.returncode, unknown.stderr) == (1, "Unknown service '/no/such'\n")


def test_service_call(ros2: Ros2) -> None:
    done = ros2("service", "call", "/cli/switch", "std_srvs/srv/SetBool", "{data: true}")
    assert done.returncode == 0
    said = done.stdout.removeprefix("waiting for service to become available...\n")
    assert said == (
        "requester: making request: std_srvs.srv.SetBool_Request(data=True)\n\n"
        "response:\nstd_srvs.srv.SetBool_Response(success=True, message='switched')\n\n"
    )


def test_service_call_at_a_rate(start: Start) -> None:
    calls = start("service", "call", "-r", "20", "/cli/switch", "std_srvs/SetBool")
    for _ in range(2):
        calls.wait_for("SetBool_Response(success=False")


@pytest.mark.parametrize(
    ("kind", "values", "said"),
    [
        ("std_srvs/srv/SetBool", "{dta: true}", "Failed to populate field: "),
        ("std_srvs/srv/NoSuch", "{}", "The passed service type is invalid"),
    ],
)
def test_service_call_refuses(ros2: Ros2, kind: str, values: str, said: str) -> None:
    done = ros2("service", "call", "/cli/switch", kind, values)
    assert done.returncode == 1
    assert done.stderr.startswith(said)


# action

DRIVE = ("/cli/drive", "nav2_msgs/action/NavigateToPose")


def test_action_list_and_type(ros2: Ros2) -> None:
    for arguments, printed in (
        (["list"], "/cli/drive\n"),
        (["list", "-t"], f"{DRIVE[0]} [{DRIVE[1]}]\n"),
        (["list", "-c"], "1\n"),
        (["type", "/cli/drive"], f"{DRIVE[1]}\n"),
    ):
        assert look(ros2, printed, "action", *arguments) == printed
    assert ros2("action", "type", "/no/such").returncode == 1


def test_action_info(ros2: Ros2) -> None:
    def known(printed: str) -> bool:
        return "Action servers: 1" in printed

    lines = look(ros2, known, "action", "info", "-t", "/cli/drive").splitlines()
    assert lines[:3] == ["Action: /cli/drive", "Action clients: 0", "Action servers: 1"]
    # Upstream writes the namespace of "/cli/robot" wrongly, as "//c/l/irobot".
    assert lines[3].endswith("robot [nav2_msgs/action/NavigateToPose]")
    assert len(look(ros2, known, "action", "info", "-c", "/cli/drive").splitlines()) == 3
    nowhere = ros2("action", "info", "/no/such").stdout
    assert nowhere == "Action: /no/such\nAction clients: 0\nAction servers: 0\n"


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


def test_send_goal_without_feedback(ros2: Ros2) -> None:
    done = ros2("action", "send_goal", *DRIVE, "{behavior_tree: abort}")
    assert done.returncode == 0
    assert done.stdout.endswith("Goal finished with status: ABORTED\n")
    assert "Feedback" not in done.stdout


def test_send_goal_rejected(ros2: Ros2) -> None:
    done = ros2("action", "send_goal", *DRIVE, "--stdin", stdin="behavior_tree: reject")
    assert done.returncode == 0
    assert done.stdout.endswith("Goal was rejected.\n")


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


# node


def test_node_list(ros2: Ros2) -> None:
    nodes = "/cli/machine\n/cli/robot\n/cli/talker\n"
    assert look(ros2, nodes, "node", "list", *SPIN) == nodes
    assert look(ros2, "3\n", "node", "list", "-c", *SPIN) == "3\n"
    assert "/_ros2cli_" in ros2("node", "list", "-a", *SPIN).stdout


def test_node_info(ros2: Ros2) -> None:
    drive = "    /cli/drive: nav2_msgs/action/NavigateToPose"
    lines = look(ros2, lambda o: drive in o, "node", "info", "/cli/robot", *SPIN).splitlines()
    titles = [line for line in lines if line.startswith("  ") and line[2] != " "]
    assert lines[0] == "/cli/robot"
    assert titles == [
        "  Subscribers:",
        "  Publishers:",
        "  Service Servers:",
        "  Service Clients:",
        "  Action Servers:",
        "  Action Clients:",
    ]
    assert "    /cli/ended: std_msgs/msg/String" in lines
    servers = lines[lines.index("  Action Servers:") : lines.index("  Action Clients:")]
    assert servers[1:] == [drive]
    assert not [line for line in lines if "_action" in line]
    unknown = ros2("node", "info", "/no/such", "--no-daemon")
    assert (unknown.returncode, unknown.stderr) == (1, "Unable to find node '/no/such'\n")


# param


def test_param_list(ros2: Ros2) -> None:
    lines = ros2("param", "list", "/cli/talker", *SPIN).stdout.splitlines()
    assert lines == sorted(lines)
    assert {"  arm.joints", "  arm.speed", "  count", "  use_sim_time"} <= set(lines)
    typed = ros2(
        "param", "list", "/cli/talker", "--param-type", "--filter", "arm", *SPIN
    ).stdout.splitlines()
    assert typed == ["  arm.joints (type: double array)", "  arm.speed (type: double)"]
    nodes = ["/cli/machine:", "/cli/robot:", "/cli/talker:"]

    def named(printed: str) -> list[str]:
        return [line for line in printed.splitlines() if line[0] != " "]

    assert named(look(ros2, lambda o: named(o) == nodes, "param", "list", *SPIN)) == nodes
    unknown = ros2("param", "list", "/no/such", "--no-daemon")
    assert (unknown.returncode, unknown.stderr) == (1, "Node not found\n")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("arm.joints", "Double values are: [1.0, 2.0]\n"),
        ("name", "String value is: cup\n"),
        ("enabled", "Boolean value is: True\n"),
        ("spare", "Integer value is: 1\n"),
    ],
)
def test_param_get(ros2: Ros2, name: str, expected: str) -> None:
    assert ros2("param", "get", "/cli/talker", name, "--timeout", "20").stdout == expected
    bare = ros2("param", "get", "/cli/talker", name, "--hide-type", "--timeout", "20").stdout
    assert bare == expected.split(": ", 1)[1]


def test_param_of_nobody(ros2: Ros2) -> None:
    for verb, *rest in (["get", "x"], ["set", "x", "1"], ["describe", "x"], ["dump"]):
        done = ros2("param", verb, "/no/such", *rest)
        assert (done.returncode, done.stderr) == (1, "Node not found\n")


def test_param_set(ros2: Ros2) -> None:
    target = ("/cli/talker", "--timeout", "20")
    done = ros2("param", "set", *target, "arm.speed", "1.25")
    assert done.stdout == "Set parameter successful\n"
    assert ros2("param", "get", *target, "arm.speed").stdout == "Double value is: 1.25\n"
    refused = ros2("param", "set", *target, "count", "13")
    assert (refused.returncode, refused.stderr) == (0, "Setting parameter failed: unlucky\n")
    out_of_range = ros2("param", "set", *target, "arm.speed", "3.0")
    assert out_of_range.stderr.startswith("Setting parameter failed: ")


def test_param_describe(ros2: Ros2) -> None:
    done = ros2("param", "describe", "/cli/talker", "arm.speed", "name", "--timeout", "20")
    assert done.stdout == (
        "Parameter name: arm.speed\n"
        "  Type: double\n"
        "  Description: how fast\n"
        "  Constraints:\n"
        "    Min value: 0.0\n"
        "    Max value: 2.0\n"
        "Parameter name: name\n"
        "  Type: string\n"
        "  Constraints:\n"
        "    Read only: true\n"
    )


def test_param_dump_and_load(ros2: Ros2, tmp_path) -> None:  # type: ignore[no-untyped-def]
    target = ("/cli/talker", "--timeout", "20")
    tree = yaml.unsafe_load(ros2("param", "dump", *target).stdout)  # upstream dumps array.array
    values = tree["/cli/talker"]["ros__parameters"]
    assert list(values["arm"]["joints"]) == [1.0, 2.0]
    assert (values["name"], values["enabled"]) == ("cup", True)
    file = tmp_path / "parameters.yaml"
    file.write_text("/cli/talker:\n  ros__parameters:\n    count: 42\n    name: bowl\n")
    done = ros2("param", "load", *target, str(file))
    assert done.stdout == "Set parameter count successful\n"
    assert done.stderr.startswith("Set parameter name failed: ")
    assert ros2("param", "get", *target, "count").stdout == "Integer value is: 42\n"


# lifecycle


def test_lifecycle(ros2: Ros2) -> None:
    machine = ("/cli/machine", "--spin-time", "1")
    nodes = "/cli/machine\n"
    assert look(ros2, nodes, "lifecycle", "nodes", *SPIN) == nodes
    assert ros2("lifecycle", "get", *machine).stdout == "unconfigured [1]\n"
    state = "/cli/machine: unconfigured [1]\n"
    assert look(ros2, state, "lifecycle", "get", *SPIN) == state
    offered = ros2("lifecycle", "list", *machine).stdout
    assert offered.startswith("- configure [1]\n\tStart: unconfigured\n\tGoal: configuring\n")
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
    everything = ros2("lifecycle", "list", "-a", *machine).stdout
    assert everything.count("\tStart: ") > offered.count("\tStart: ")
    for verb in ("get", "list"):
        unknown = ros2("lifecycle", verb, "/cli/robot", "--no-daemon")
        assert (unknown.returncode, unknown.stderr) == (1, "Node not found\n")
