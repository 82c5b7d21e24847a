# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""Broadcasters and listener over real topics."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
import rclpy
import tf2_ros
from geometry_msgs.msg import TransformStamped
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.time import Time

WAIT = Duration(seconds=20)


@pytest.fixture
def make_node() -> Iterator[Callable[[str], Node]]:
    rclpy.init()
    nodes: list[Node] = []

    def make(name: str) -> Node:
        nodes.append(rclpy.create_node(name))
        return nodes[-1]

    yield make
    for node in nodes:
        node.destroy_node()
    rclpy.shutdown()


def transform(parent: str, child: str, x: float) -> TransformStamped:
    message = TransformStamped()
    message.header.frame_id, message.child_frame_id = parent, child
    message.header.stamp.sec = 1
    message.transform.translation.x = x
    message.transform.rotation.w = 1.0
    return message


def x_of(buffer: tf2_ros.Buffer, target: str, source: str) -> float:
    found = buffer.lookup_transform(target, source, Time(), WAIT)
    return float(found.transform.translation.x)


def test_transforms_travel(make_node: Callable[[str], Node]) -> None:
    sender = make_node("sender")
    static = tf2_ros.StaticTransformBroadcaster(sender)
    static.sendTransform([transform("map", "odom", 1.0), transform("base", "arm", 0.5)])
    static.sendTransform(transform("base", "camera", 0.25))
    buffer = tf2_ros.Buffer()
    listener = tf2_ros.TransformListener(buffer, make_node("receiver"), spin_thread=True)
    assert x_of(buffer, "map", "odom") == 1.0  # sent before the listener was there
    assert x_of(buffer, "camera", "arm") == 0.25
    assert buffer.can_transform("map", "odom", Time(seconds=100))  # static: at any time
    moving = tf2_ros.TransformBroadcaster(sender)
    deadline = time.monotonic() + 20.0
    while not buffer.can_transform("odom", "base", Time(), Duration(seconds=0.05)):
        assert time.monotonic() < deadline
        moving.sendTransform(transform("odom", "base", 2.0))
    assert x_of(buffer, "map", "arm") == 3.5
    del listener


def test_without_a_thread_the_owner_of_the_node_spins(make_node: Callable[[str], Node]) -> None:
    static = tf2_ros.StaticTransformBroadcaster(make_node("sender"))
    static.sendTransform(transform("map", "odom", 1.0))
    receiver, buffer = make_node("receiver"), tf2_ros.Buffer()
    listener = tf2_ros.TransformListener(buffer, receiver)
    deadline = time.monotonic() + 20.0
    while not buffer.can_transform("map", "odom", Time()) and time.monotonic() < deadline:
        rclpy.spin_once(receiver, timeout_sec=0.1)
    assert buffer.can_transform("map", "odom", Time())
    listener.unregister()
    assert receiver.get_subscriptions_info_by_topic("/tf") == []
