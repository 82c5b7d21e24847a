# SPDX-License-Identifier: Apache-2.0
"""Strangers at our names, in a real graph."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import pytest
import rclpy
from rclpy.action import ActionServer
from rclpy.context import Context
from vla_interfaces.action import MakePlan
from vla_interfaces.msg import Feedback
from vla_interfaces.srv import Stop

from vla_common.machine.ownership import Endpoint, Kind, OwnName
from vla_common.ros.graph.name_watch import NameWatch

pytestmark = pytest.mark.ros
LONG_S = 30.0
NAMES = (
    OwnName("watched_plan", Kind.ACTION, ("owner",)),
    OwnName("watched_stop", Kind.SERVICE, ("owner",)),
    OwnName("watched_words", Kind.TOPIC, ("owner",)),
)
OFFERS = """
import sys, rclpy
from vla_interfaces.srv import Stop
rclpy.init()
node = rclpy.create_node("owner", namespace="watched")
server = node.create_service(Stop, "watched_stop", lambda request, response: response)
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def context():
    context = Context()
    rclpy.init(context=context)
    yield context
    rclpy.try_shutdown(context=context)


@pytest.fixture
def watch(context):
    node = rclpy.create_node("looker", namespace="watched", context=context)
    yield NameWatch(node, NAMES)
    node.destroy_node()


def offer_all(node, prefix=""):
    return (
        ActionServer(node, MakePlan, prefix + "watched_plan", lambda goal: None),
        node.create_service(Stop, prefix + "watched_stop", lambda request, response: response),
        node.create_publisher(Feedback, prefix + "watched_words", 1),
    )


def until(condition):
    """Whether it comes true; the graph has no event that tells what exactly has changed."""
    wait = threading.Event()
    deadline = time.monotonic() + LONG_S
    while not condition() and time.monotonic() < deadline:
        wait.wait(0.02)
    return condition()


def test_servers_and_publishers_of_another_node_are_strangers_and_the_owner_is_none(context, watch):
    owner = rclpy.create_node("owner", namespace="watched", context=context)
    offered = offer_all(owner)
    assert until(lambda: all(watch.endpoints(name) for name in NAMES))
    assert watch.look() == ()
    evil = rclpy.create_node("evil", namespace="far", context=context)
    foreign = offer_all(evil, "/watched/")
    assert until(lambda: len(watch.look()) == 3)
    assert {stranger.name.name for stranger in watch.look()} == {name.name for name in NAMES}
    assert all("/far/evil" in stranger.sentence for stranger in watch.look())
    foreign[0].destroy()
    evil.destroy_node()
    assert until(lambda: watch.look() == ())
    offered[0].destroy()
    owner.destroy_node()


def test_a_second_process_of_the_owners_name_is_noticed_and_a_killed_one_is_not(context, watch):
    owner = rclpy.create_node("owner", namespace="watched", context=context)
    service = owner.create_service(Stop, "watched_stop", lambda request, response: response)
    twin = subprocess.Popen(
        [sys.executable, "-c", OFFERS], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert twin.stdout.readline()
        assert until(lambda: any("twice" in stranger.sentence for stranger in watch.look()))
    finally:
        twin.kill()
        twin.communicate()
    assert until(lambda: watch.look() == ())
    assert any(endpoint.gone for endpoint in watch.endpoints(NAMES[1]))  # its lease still runs
    owner.destroy_service(service)
    owner.destroy_node()


def test_a_middleware_that_keeps_services_otherwise_is_asked_node_by_node():
    class Graph:
        def get_namespace(self):
            return "/watched"

        def resolve_service_name(self, name):
            return f"/watched/{name}"

        def get_subscriptions_info_by_topic(self, topic, no_mangle):
            return []

        def count_services(self, service):
            return 2

        def get_node_names_and_namespaces(self):
            return [("owner", "/watched"), ("gone", "/"), ("evil", "/"), ("other", "/watched")]

        def get_service_names_and_types_by_node(self, name, namespace):
            if name == "gone":
                raise RuntimeError("no such node")
            return [("/watched/watched_stop", ["x"])] if name in ("owner", "evil") else []

    watch = NameWatch(Graph(), NAMES[1:2])
    assert watch.endpoints(NAMES[1]) == (
        Endpoint("/watched/owner", b"/watched/owner"),
        Endpoint("/evil", b"/evil"),
    )
    assert [stranger.node for stranger in watch.look()] == ["/evil"]
