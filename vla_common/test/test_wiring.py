# SPDX-License-Identifier: Apache-2.0
"""Two types at one name: told, with the names of those concerned."""

from __future__ import annotations

import threading
import time

import pytest
import rclpy
from nav2_msgs.action import NavigateToPose
from rclpy.action import ActionClient, ActionServer
from rclpy.context import Context
from std_msgs.msg import Bool, String
from std_srvs.srv import Empty, Trigger
from vla_interfaces.action import Manipulate

from vla_common.ros.graph.wiring import mismatches

pytestmark = pytest.mark.ros
LONG_S = 30.0


@pytest.fixture
def nodes():
    """Of two processes, as far as the middleware is concerned: within one a topic can't have two types."""
    made = []
    contexts = [Context(), Context()]
    for name, context in zip(("ours", "theirs"), contexts, strict=True):
        rclpy.init(context=context)
        made.append(rclpy.create_node(name, namespace="wired", context=context))
    yield made
    for node, context in zip(made, contexts, strict=True):
        node.destroy_node()
        rclpy.try_shutdown(context=context)


def until(condition):
    wait, deadline = threading.Event(), time.monotonic() + LONG_S
    while not condition() and time.monotonic() < deadline:
        wait.wait(0.02)
    return condition()


def test_topics_services_and_actions_of_two_types(nodes):
    ours, theirs = nodes
    ours.create_publisher(String, "order", 1)
    ours.create_subscription(String, "seen", lambda message: None, 1)
    ours.create_subscription(String, "agreed", lambda message: None, 1)
    ours.create_client(Trigger, "ask")
    client = ActionClient(ours, NavigateToPose, "go")
    theirs.create_subscription(Bool, "order", lambda message: None, 1)
    theirs.create_publisher(Bool, "seen", 1)
    theirs.create_publisher(String, "agreed", 1)
    theirs.create_service(Empty, "ask", lambda request, response: response)
    server = ActionServer(theirs, Manipulate, "go", lambda handle: None)
    assert until(
        lambda: len(mismatches(ours)) == 4 and "without a name" not in " ".join(mismatches(ours))
    ), mismatches(ours)
    found = mismatches(ours)
    assert [text.split("'")[1] for text in found] == [
        "/wired/ask",
        "/wired/go",
        "/wired/order",
        "/wired/seen",
    ]
    assert "/wired/theirs listens for std_msgs/msg/Bool" in found[2]
    assert "std_msgs/msg/String here" in found[2]
    assert "/wired/theirs publishes std_msgs/msg/Bool" in found[3]
    assert "nav2_msgs/action/NavigateToPose here, but vla_interfaces/action/Manipulate" in found[1]
    server.destroy()
    client.destroy()
