"""Transforms of the geometry messages, and their registration with `tf2_ros`.

Importing this module is what makes `Buffer.transform` work for these types. Every function returns
a new message with the header of the transform; nothing that is passed in is changed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
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
from tf2_py.rigid import Rigid, Vector, rotate


def _rigid(transform: TransformStamped) -> Rigid:
    """The transform, its rotation brought to unit length."""
    moved, turned = transform.transform.translation, transform.transform.rotation
    made = Rigid((moved.x, moved.y, moved.z), (turned.x, turned.y, turned.z, turned.w))
    valid = made.normalized()
    if valid is None:
        raise ValueError("the transform has NaN in it, or a rotation of length zero")
    return valid


def _move(rigid: Rigid, point: Any) -> Vector:
    x, y, z = rotate(rigid.rotation, (point.x, point.y, point.z))
    tx, ty, tz = rigid.translation
    return (x + tx, y + ty, z + tz)


def do_transform_point(point: PointStamped, transform: TransformStamped) -> PointStamped:
    """A point."""
    result = PointStamped(header=transform.header)
    result.point.x, result.point.y, result.point.z = _move(_rigid(transform), point.point)
    return result


def do_transform_vector3(vector3: Vector3Stamped, transform: TransformStamped) -> Vector3Stamped:
    """A free vector: turned, not moved."""
    result = Vector3Stamped(header=transform.header)
    free = vector3.vector
    turned = rotate(_rigid(transform).rotation, (free.x, free.y, free.z))
    result.vector.x, result.vector.y, result.vector.z = turned
    return result


def do_transform_pose(pose: Pose, transform: TransformStamped) -> Pose:
    """A pose. As upstream, the quaternion of the result has w >= 0."""
    position, turned = pose.position, pose.orientation
    own = Rigid(
        (position.x, position.y, position.z), (turned.x, turned.y, turned.z, turned.w)
    ).normalized()
    if own is None:
        raise ValueError("the pose has NaN in it, or an orientation of length zero")
    moved = _rigid(transform) @ own
    result = Pose()
    result.position.x, result.position.y, result.position.z = moved.translation
    sign = -1.0 if moved.rotation[3] < 0.0 else 1.0
    orientation = result.orientation
    orientation.x, orientation.y, orientation.z, orientation.w = (
        sign * value for value in moved.rotation
    )
    return result


def do_transform_pose_stamped(pose: PoseStamped, transform: TransformStamped) -> PoseStamped:
    """A pose with a header."""
    return PoseStamped(header=transform.header, pose=do_transform_pose(pose.pose, transform))


def transform_covariance(cov_in: Any, transform: TransformStamped) -> npt.NDArray[np.float64]:
    """A 6x6 covariance (36 values by row; position, then rotation) in the turned axes."""
    rotation = _rigid(transform).rotation
    turn = np.array([rotate(rotation, axis) for axis in ((1, 0, 0), (0, 1, 0), (0, 0, 1))]).T
    both = np.kron(np.eye(2), turn)
    matrix: npt.NDArray[np.float64] = np.asarray(cov_in, dtype=np.float64).reshape(6, 6)
    turned: npt.NDArray[np.float64] = both @ matrix @ both.T
    return turned.reshape(36)


def do_transform_pose_with_covariance_stamped(
    pose: PoseWithCovarianceStamped, transform: TransformStamped
) -> PoseWithCovarianceStamped:
    """A pose with its covariance."""
    result = PoseWithCovarianceStamped(header=transform.header)
    result.pose.pose = do_transform_pose(pose.pose.pose, transform)
    result.pose.covariance = transform_covariance(pose.pose.covariance, transform)
    return result


def do_transform_polygon_stamped(
    polygon: PolygonStamped, transform: TransformStamped
) -> PolygonStamped:
    """A polygon, corner by corner."""
    rigid = _rigid(transform)
    result = PolygonStamped(header=transform.header)
    for corner in polygon.polygon.points:
        x, y, z = _move(rigid, corner)
        result.polygon.points.append(Point32(x=x, y=y, z=z))
    return result


def _unchanged(message: Any) -> Any:
    return message


for _kind, _function in (
    (PointStamped, do_transform_point),
    (Vector3Stamped, do_transform_vector3),
    (PoseStamped, do_transform_pose_stamped),
    (PoseWithCovarianceStamped, do_transform_pose_with_covariance_stamped),
    (PolygonStamped, do_transform_polygon_stamped),
):
    tf2_ros.TransformRegistration().add(_kind, _function)
for _kind in (PointStamped, Vector3Stamped, PoseStamped):
    tf2_ros.ConvertRegistration().add_to_msg(_kind, _unchanged)
    tf2_ros.ConvertRegistration().add_from_msg(_kind, _unchanged)
