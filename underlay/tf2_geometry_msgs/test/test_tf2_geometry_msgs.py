"""Geometry messages through a quarter turn to the left and a shift. Expected values by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import tf2_geometry_msgs
import tf2_ros
from geometry_msgs.msg import (
    Point32,
    PointStamped,
    PolygonStamped,
    Pose,
    PoseStamped,
    PoseWithCovarianceStamped,
    TransformStamped,
    Vector3Stamped,
)
from rclpy.time import Time

HALF = math.sqrt(0.5)


@pytest.fixture
def transform() -> TransformStamped:
    made = TransformStamped(child_frame_id="base")
    made.header.frame_id = "map"
    made.header.stamp.sec = 5
    made.transform.translation.x, made.transform.translation.z = 10.0, 1.0
    made.transform.rotation.z = made.transform.rotation.w = HALF
    return made


def test_point(transform: TransformStamped) -> None:
    point = PointStamped()
    point.point.x, point.point.y = 1.0, 2.0
    moved = tf2_geometry_msgs.do_transform_point(point, transform)
    assert (moved.point.x, moved.point.y, moved.point.z) == pytest.approx((8.0, 1.0, 1.0))
    assert (moved.header.frame_id, moved.header.stamp.sec) == ("map", 5)


def test_vector_is_not_moved(transform: TransformStamped) -> None:
    vector = Vector3Stamped()
    vector.vector.x = 1.0
    moved = tf2_geometry_msgs.do_transform_vector3(vector, transform)
    assert (moved.vector.x, moved.vector.y, moved.vector.z) == pytest.approx((0.0, 1.0, 0.0))


def test_pose(transform: TransformStamped) -> None:
    pose = Pose()
    pose.position.x = 1.0
    pose.orientation.z = pose.orientation.w = HALF
    moved = tf2_geometry_msgs.do_transform_pose(pose, transform)
    assert (moved.position.x, moved.position.y, moved.position.z) == pytest.approx((10.0, 1.0, 1.0))
    turned = moved.orientation
    assert (turned.x, turned.y, abs(turned.z)) == pytest.approx((0.0, 0.0, 1.0))
    assert turned.w == pytest.approx(0.0, abs=1e-9)


def test_orientation_has_positive_w(transform: TransformStamped) -> None:
    pose = Pose()
    pose.orientation.w = -1.0
    turned = tf2_geometry_msgs.do_transform_pose(pose, transform).orientation
    assert (turned.z, turned.w) == pytest.approx((HALF, HALF))


def test_covariance_turns_with_the_axes(transform: TransformStamped) -> None:
    pose = PoseWithCovarianceStamped()
    matrix = np.diag([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    matrix[0, 3] = matrix[3, 0] = 0.5
    pose.pose.covariance = matrix.flatten()
    moved = tf2_geometry_msgs.do_transform_pose_with_covariance_stamped(pose, transform)
    found = moved.pose.covariance.reshape(6, 6)
    expected = np.diag([2.0, 1.0, 3.0, 5.0, 4.0, 6.0])
    expected[1, 4] = expected[4, 1] = 0.5
    np.testing.assert_allclose(found, expected, atol=1e-12)
    assert moved.pose.pose.position.x == pytest.approx(10.0)


def test_polygon(transform: TransformStamped) -> None:
    polygon = PolygonStamped()
    polygon.polygon.points = [Point32(x=1.0), Point32(y=1.0)]
    moved = tf2_geometry_msgs.do_transform_polygon_stamped(polygon, transform)
    corners = [(point.x, point.y, point.z) for point in moved.polygon.points]
    assert corners == [pytest.approx((10.0, 1.0, 1.0)), pytest.approx((9.0, 0.0, 1.0))]


def test_a_buffer_transforms_these_types(transform: TransformStamped) -> None:
    buffer = tf2_ros.Buffer()
    buffer.set_transform_static(transform, "test")
    for kind in (
        PointStamped,
        PoseStamped,
        PoseWithCovarianceStamped,
        PolygonStamped,
        Vector3Stamped,
    ):
        message = kind()
        message.header.frame_id = "base"
        assert buffer.transform(message, "map").header.frame_id == "map"
    point = PointStamped()
    point.header.frame_id = "base"
    point.header.stamp = Time(seconds=3).to_msg()
    moved = buffer.transform(point, "map", new_type=PointStamped)
    assert (moved.point.x, moved.point.z) == pytest.approx((10.0, 1.0))
