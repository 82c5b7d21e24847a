# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""Lookups in a buffer: chains, time, refusals. The expected values follow from geometry."""

from __future__ import annotations

import math
import threading

import pytest
import tf2_ros
from builtin_interfaces.msg import Time as TimeMessage
from geometry_msgs.msg import TransformStamped
from rclpy.duration import Duration
from rclpy.time import Time

LATEST = Time()


def make(
    parent: str,
    child: str,
    *,
    at_s: float = 0.0,
    xyz: tuple[float, float, float] = (0.0, 0.0, 0.0),
    yaw: float = 0.0,
) -> TransformStamped:
    message = TransformStamped()
    message.header.frame_id, message.child_frame_id = parent, child
    message.header.stamp = Time(nanoseconds=round(at_s * 1e9)).to_msg()
    translation, rotation = message.transform.translation, message.transform.rotation
    translation.x, translation.y, translation.z = xyz
    rotation.z, rotation.w = math.sin(yaw / 2), math.cos(yaw / 2)
    return message


def at(seconds: float) -> Time:
    return Time(nanoseconds=round(seconds * 1e9))


def position(message: TransformStamped) -> tuple[float, float, float]:
    moved = message.transform.translation
    return (moved.x, moved.y, moved.z)


def yaw_of(message: TransformStamped) -> float:
    rotation = message.transform.rotation
    return 2.0 * math.atan2(rotation.z, rotation.w)


@pytest.fixture
def buffer() -> tf2_ros.Buffer:
    """map -(static, 1 m ahead)- odom -(moves 1 m/s, turns 90 degrees in 2 s)- base -(static)- arm,
    and camera beside the arm."""
    made = tf2_ros.Buffer()
    made.set_transform_static(make("map", "odom", xyz=(1.0, 0.0, 0.0)), "test")
    made.set_transform(make("odom", "base", at_s=10.0), "test")
    made.set_transform(make("odom", "base", at_s=12.0, xyz=(2.0, 0, 0), yaw=math.pi / 2), "test")
    made.set_transform_static(make("base", "arm", xyz=(0.5, 0.0, 0.0)), "test")
    made.set_transform_static(make("base", "camera", xyz=(0.0, 0.0, 1.0)), "test")
    return made


@pytest.mark.parametrize(
    ("target", "source", "time", "expected", "yaw"),
    [
        ("odom", "base", LATEST, (2.0, 0.0, 0.0), math.pi / 2),
        ("odom", "base", at(10), (0.0, 0.0, 0.0), 0.0),
        ("odom", "base", at(11), (1.0, 0.0, 0.0), math.pi / 4),
        ("base", "odom", at(12), (0.0, 2.0, 0.0), -math.pi / 2),
        ("map", "base", at(12), (3.0, 0.0, 0.0), math.pi / 2),
        ("map", "arm", at(12), (3.0, 0.5, 0.0), math.pi / 2),
        ("arm", "map", at(12), (-0.5, 3.0, 0.0), -math.pi / 2),
        ("camera", "arm", at(11), (0.5, 0.0, -1.0), 0.0),
        ("base", "base", at(11), (0.0, 0.0, 0.0), 0.0),
        ("map", "odom", at(99), (1.0, 0.0, 0.0), 0.0),
    ],
)
def test_lookup(
    buffer: tf2_ros.Buffer,
    target: str,
    source: str,
    time: Time,
    expected: tuple[float, float, float],
    yaw: float,
) -> None:
    found = buffer.lookup_transform(target, source, time)
    assert position(found) == pytest.approx(expected, abs=1e-9)
    assert yaw_of(found) == pytest.approx(yaw, abs=1e-9)
    assert (found.header.frame_id, found.child_frame_id) == (target, source)
    assert buffer.can_transform(target, source, time)


@pytest.mark.parametrize("axes", ["xy", "yz", "zx", "yx", "zy", "xz"])
def test_turns_about_different_axes_are_chained_in_order(axes: str) -> None:
    """A quarter turn about one axis, then one about another: a third of a turn about a diagonal.

    The third component of the quaternion is that of the cross product of the two axes.
    """
    buffer = tf2_ros.Buffer()
    for parent, child, axis in (("a", "b", axes[0]), ("b", "c", axes[1])):
        message = make(parent, child, xyz=(0.0, 0.0, 1.0) if child == "c" else (0.0, 0.0, 0.0))
        setattr(message.transform.rotation, axis, math.sqrt(0.5))
        message.transform.rotation.w = math.sqrt(0.5)
        buffer.set_transform_static(message, "test")
    found = buffer.lookup_transform("a", "c", LATEST)
    third = ({"x", "y", "z"} - set(axes)).pop()
    expected = {axes[0]: 0.5, axes[1]: 0.5, third: 0.5 if axes in ("xy", "yz", "zx") else -0.5}
    turned = {axis: getattr(found.transform.rotation, axis) for axis in "xyz"}
    assert turned == pytest.approx(expected)
    up = {"x": (0.0, -1.0, 0.0), "y": (1.0, 0.0, 0.0), "z": (0.0, 0.0, 1.0)}[axes[0]]
    assert position(found) == pytest.approx(up)


def test_latest_has_the_common_time_of_the_chain(buffer: tf2_ros.Buffer) -> None:
    buffer.set_transform(make("arm", "hand", at_s=11.0), "test")
    buffer.set_transform(make("arm", "hand", at_s=15.0, xyz=(4.0, 0.0, 0.0)), "test")
    found = buffer.lookup_transform("odom", "hand", LATEST)
    assert found.header.stamp == TimeMessage(sec=12)
    assert position(found) == pytest.approx((2.0, 1.5, 0.0))
    assert buffer.lookup_transform("map", "odom", LATEST).header.stamp == TimeMessage()


def test_a_message_stamp_will_do(buffer: tf2_ros.Buffer) -> None:
    found = buffer.lookup_transform("odom", "base", TimeMessage(sec=10, nanosec=500_000_000))
    assert position(found) == pytest.approx((0.5, 0.0, 0.0))
    assert found.header.stamp == TimeMessage(sec=10, nanosec=500_000_000)


def test_interpolation_takes_the_short_way() -> None:
    buffer = tf2_ros.Buffer()
    buffer.set_transform(make("a", "b", at_s=1.0, yaw=math.radians(170)), "test")
    late = make("a", "b", at_s=2.0, yaw=math.radians(-170))
    buffer.set_transform(late, "test")
    found = buffer.lookup_transform("a", "b", at(1.5))
    assert abs(math.remainder(yaw_of(found), 2 * math.pi)) == pytest.approx(math.pi)


@pytest.mark.parametrize(
    ("target", "source", "time", "error"),
    [
        ("odom", "base", at(9), tf2_ros.ExtrapolationException),
        ("odom", "base", at(13), tf2_ros.ExtrapolationException),
        ("map", "arm", at(13), tf2_ros.ExtrapolationException),
        ("arm", "map", at(13), tf2_ros.ExtrapolationException),
        ("odom", "nowhere", LATEST, tf2_ros.LookupException),
        ("nowhere", "odom", LATEST, tf2_ros.LookupException),
        ("odom", "", LATEST, tf2_ros.InvalidArgumentException),
        ("/odom", "base", LATEST, tf2_ros.InvalidArgumentException),
        ("odom", "island", LATEST, tf2_ros.ConnectivityException),
        ("odom", "island", at(12), tf2_ros.ConnectivityException),
    ],
)
def test_refusals(
    buffer: tf2_ros.Buffer, target: str, source: str, time: Time, error: type[Exception]
) -> None:
    buffer.set_transform_static(make("sea", "island"), "test")
    with pytest.raises(error) as caught:
        buffer.lookup_transform(target, source, time)
    assert isinstance(caught.value, tf2_ros.TransformException)
    possible, reason = buffer.can_transform(target, source, time, return_debug_tuple=True)
    assert not possible
    assert reason


def test_a_single_sample_holds_at_its_own_time_only() -> None:
    buffer = tf2_ros.Buffer()
    buffer.set_transform(make("a", "b", at_s=5.0), "test")
    assert buffer.can_transform("a", "b", at(5))
    assert buffer.can_transform("a", "b", LATEST)
    assert not buffer.can_transform("a", "b", at(5.1))


def test_old_samples_are_forgotten() -> None:
    buffer = tf2_ros.Buffer(Duration(seconds=2))
    for second in range(1, 8):
        buffer.set_transform(make("a", "b", at_s=second), "test")
    assert buffer.can_transform("a", "b", at(6))
    with pytest.raises(tf2_ros.ExtrapolationException):
        buffer.lookup_transform("a", "b", at(3))
    buffer.set_transform(make("a", "b", at_s=1.0), "test")  # too old to be kept
    assert not buffer.can_transform("a", "b", at(1))


def test_late_samples_find_their_place() -> None:
    buffer = tf2_ros.Buffer()
    for second in (1.0, 3.0, 2.0):
        buffer.set_transform(make("a", "b", at_s=second, xyz=(second**2, 0.0, 0.0)), "test")
    assert position(buffer.lookup_transform("a", "b", at(2)))[0] == pytest.approx(4.0)
    assert position(buffer.lookup_transform("a", "b", at(1.5)))[0] == pytest.approx(2.5)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda m: setattr(m, "child_frame_id", ""),
        lambda m: setattr(m.header, "frame_id", ""),
        lambda m: setattr(m, "child_frame_id", "a"),
        lambda m: setattr(m.transform.translation, "x", math.nan),
        lambda m: setattr(m.transform.rotation, "w", 0.0),
        lambda m: setattr(m.transform.rotation, "x", math.nan),
    ],
    ids=["no child", "no parent", "own parent", "nan", "zero rotation", "nan rotation"],
)
def test_invalid_transforms_are_ignored(spoil) -> None:  # type: ignore[no-untyped-def]
    buffer = tf2_ros.Buffer()
    message = make("a", "b", at_s=1.0)
    spoil(message)
    buffer.set_transform(message, "test")
    assert not buffer.can_transform("a", "b", LATEST)


def test_rotations_are_brought_to_unit_length() -> None:
    buffer = tf2_ros.Buffer()
    message = make("a", "b", yaw=math.pi / 2)
    message.transform.rotation.z *= 3.0
    message.transform.rotation.w *= 3.0
    buffer.set_transform_static(message, "test")
    rotation = buffer.lookup_transform("a", "b", LATEST).transform.rotation
    assert (rotation.z, rotation.w) == pytest.approx((math.sqrt(0.5), math.sqrt(0.5)))


def test_a_frame_may_change_its_parent(buffer: tf2_ros.Buffer) -> None:
    buffer.set_transform(make("table", "cup", at_s=10.0), "test")
    buffer.set_transform(make("arm", "cup", at_s=12.0, xyz=(0.1, 0.0, 0.0)), "test")
    assert position(buffer.lookup_transform("base", "cup", at(12))) == pytest.approx((0.6, 0, 0))
    assert buffer.can_transform("table", "cup", at(11))
    assert not buffer.can_transform("base", "cup", at(11))


def test_clear_keeps_static_transforms(buffer: tf2_ros.Buffer) -> None:
    buffer.clear()
    assert buffer.can_transform("base", "arm", LATEST)
    assert not buffer.can_transform("odom", "base", LATEST)


def test_waiting_ends_when_the_transform_comes() -> None:
    buffer = tf2_ros.Buffer()
    feeder = threading.Timer(0.05, buffer.set_transform, (make("a", "b", at_s=1.0), "test"))
    feeder.start()
    found = buffer.lookup_transform("a", "b", at(1), Duration(seconds=3600))
    feeder.join()
    assert found.header.stamp == TimeMessage(sec=1)


def test_waiting_ends_with_the_reason() -> None:
    with pytest.raises(tf2_ros.LookupException):
        tf2_ros.Buffer().lookup_transform("a", "b", LATEST, Duration(seconds=0.05))
