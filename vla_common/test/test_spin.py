# SPDX-License-Identifier: Apache-2.0
"""The main function of every node, as a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import rclpy
from rcl_interfaces.msg import Parameter, ParameterValue
from rcl_interfaces.srv import SetParameters
from rclpy.executors import SingleThreadedExecutor

from vla_common.machine.process_watch import LAUNCH
from vla_common.machine.processes import _state_and_start
from vla_common.ros.spin import answer_always

pytestmark = pytest.mark.ros
LIMIT_S = 60.0

NODE = """
import rclpy.node
from vla_common.ros.spin import main
from std_msgs.msg import Empty

class Node(rclpy.node.Node):
    def __init__(self):
        super().__init__("spinning")
        self.last_words = self.create_publisher(Empty, "last_words", 1)
        self.create_timer(0.01, lambda: print("turning", flush=True))

    def close(self):
        self.last_words.publish(Empty())  # the context is still valid
        print("closed", flush=True)
        FAIL

main(Node)
"""


def start(fail="", launch=None):
    script = NODE.replace("FAIL", fail or "pass")
    environment = {name: value for name, value in os.environ.items() if name != LAUNCH}
    if launch is not None:
        found = _state_and_start(launch.pid, Path("/proc"))
        environment[LAUNCH] = f"{launch.pid}:{found[1]}"
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, env=environment
    )
    for line in process.stdout:
        if "turning" in line:
            return process
    raise AssertionError("the node never turned")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_node_in_order(number):
    process = start()
    process.send_signal(number)
    out, _ = process.communicate(timeout=LIMIT_S)
    assert "closed" in out
    assert process.returncode == 0


def test_ctrl_c_that_arrives_over_and_over_does_not_kill():
    """From the terminal and from launch, at any moment of the way out."""
    process = start()
    while process.poll() is None:
        process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=LIMIT_S)
    assert "closed" in out
    assert process.returncode == 0


def test_a_node_whose_launch_is_gone_ends_in_order():
    launch = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    process = start(launch=launch)
    assert process.poll() is None
    launch.kill()
    launch.communicate()
    out, _ = process.communicate(timeout=LIMIT_S)
    assert "closed" in out
    assert process.returncode == 0


FINAL = """
from vla_common.ros.lifecycle import VlaLifecycleNode
from vla_common.ros.spin import main

class Node(VlaLifecycleNode):
    def __init__(self):
        super().__init__("final")
        self.create_timer(0.05, self.go)
    def deactivate(self):
        print("deactivated", flush=True)
    def go(self):
        if not self.active:
            self.trigger_configure()
            self.trigger_activate()
            self.trigger_shutdown()

main(Node)
"""


def test_a_node_that_was_shut_down_for_good_ends_its_process():
    """No transition leads back; launch starts it anew."""
    process = subprocess.Popen(
        [sys.executable, "-c", FINAL], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    out, errors = process.communicate(timeout=LIMIT_S)
    assert process.returncode == 0
    assert out == "deactivated\n"
    assert "finalized; this process ends" in errors


def test_a_failure_while_closing_shows_in_the_exit_code():
    process = start("raise RuntimeError('no')")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=LIMIT_S)
    assert process.returncode == 1


LASTING = """
import rclpy.node
from vla_common.ros.spin import main

class Node(rclpy.node.Node):
    def __init__(self):
        super().__init__("lasting")
        self.turns = 0
        self.create_timer(0.01, self.turn)

    def turn(self):
        self.turns += 1
        if self.turns == 3:
            raise RuntimeError("a defect")
        print("turn", self.turns, flush=True)

main(Node)
"""


@pytest.fixture
def lasting():
    domain = str(30 + os.getpid() % 10)
    process = subprocess.Popen(
        [sys.executable, "-c", LASTING],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "ROS_DOMAIN_ID": domain},
    )
    yield process, int(domain)
    process.kill()
    process.communicate()


def test_a_failed_callback_does_not_end_the_node(lasting):
    process, _ = lasting
    for line in process.stdout:
        if line == "turn 5\n":
            break
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=LIMIT_S)
    assert process.returncode == 0
    assert "a callback failed" in errors
    assert "RuntimeError: a defect" in errors


def test_a_request_that_breaks_rclpys_own_services_is_answered(lasting):
    process, domain = lasting
    context = rclpy.Context()
    rclpy.init(context=context, domain_id=domain)
    node = rclpy.create_node("asker", context=context)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    client = node.create_client(SetParameters, "lasting/set_parameters")
    assert client.wait_for_service(LIMIT_S)
    wrong = Parameter(name="x", value=ParameterValue(type=120))
    future = client.call_async(SetParameters.Request(parameters=[wrong]))
    executor.spin_until_future_complete(future, LIMIT_S)
    assert future.done()
    assert list(future.result().results) == []
    assert process.poll() is None
    executor.shutdown()
    node.destroy_node()
    rclpy.try_shutdown(context=context)


def test_a_service_that_breaks_does_not_answer_ok():
    def broken(request, response):
        raise RuntimeError("a defect")

    node = SimpleNamespace(
        services=[SimpleNamespace(callback=broken)],
        get_logger=lambda: SimpleNamespace(error=lambda text: None),
    )
    answer_always(node)
    answer_always(node)  # wrapped once
    outcome = SimpleNamespace(code=0, message="")
    answer = node.services[0].callback(None, SimpleNamespace(outcome=outcome))
    assert (answer.outcome.code, answer.outcome.message) == (
        500,
        "A defect; the log has the trace.",
    )
