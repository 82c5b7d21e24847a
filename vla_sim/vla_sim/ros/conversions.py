# SPDX-License-Identifier: Apache-2.0
"""Between the simulator's plain data and ROS messages."""

from __future__ import annotations

import array
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from builtin_interfaces.msg import Time
from geometry_msgs.msg import Pose, PoseStamped, Quaternion, TransformStamped, Twist
from nav_msgs.msg import OccupancyGrid, Odometry
from sensor_msgs.msg import CameraInfo, Image, JointState, LaserScan
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint
from vla_interfaces.msg import Place, SceneObject

from vla_common.contracts.outcomes import Code, VlaError
from vla_common.contracts.scene import Place as ScenePlace
from vla_common.contracts.scene import PlaceKind
from vla_common.ros.conversions import duration_to_msg, place_to_msg, yaw_to_quaternion
from vla_sim.robot import frames
from vla_sim.robot import robot_model as robot
from vla_sim.robot.base_control import Pose2D, Velocity
from vla_sim.robot.grid_planner import KeepOut
from vla_sim.robot.manipulation import Target
from vla_sim.world.world_spec import PlaceSpec

if TYPE_CHECKING:
    from vla_sim.sensors.camera import Intrinsics, Picture
    from vla_sim.simulation import RobotState
    from vla_sim.world.ground_truth import ObjectTruth

BASE_AXES = ("base_x", "base_y", "base_yaw")
ALIASES = {
    "table": ("desk",),
    "shelf": ("rack",),
    "side table": ("small table",),
    "bin": ("trash", "trash can", "waste bin"),
    "box": ("carton",),
}


def velocity_from_msg(message: Twist) -> Velocity:
    """Planar part of a Twist; may contain NaN, which the simulation refuses."""
    return Velocity(message.linear.x, message.linear.y, message.angular.z)


def velocity_to_msg(velocity: Velocity) -> Twist:
    """Twist in base_link."""
    message = Twist()
    message.linear.x, message.linear.y = velocity.vx_mps, velocity.vy_mps
    message.angular.z = velocity.wz_radps
    return message


def pose_to_msg(pose: Pose2D, z_m: float = 0.0) -> Pose:
    """A pose on the floor."""
    message = Pose()
    message.position.x, message.position.y, message.position.z = pose.x_m, pose.y_m, z_m
    message.orientation = yaw_to_quaternion(pose.yaw_rad)
    return message


def heading(q: Quaternion) -> float:
    """Heading of the x axis.

    Raises:
        VlaError: INVALID_REQUEST when it is no unit quaternion; all zero in particular.
    """
    norm = math.sqrt(q.x * q.x + q.y * q.y + q.z * q.z + q.w * q.w)
    if not math.isfinite(norm) or abs(norm - 1.0) > 0.05:
        raise VlaError(Code.INVALID_REQUEST, "the orientation is not a unit quaternion")
    return frames.quaternion_yaw((q.x / norm, q.y / norm, q.z / norm, q.w / norm))


def frame_in_map(frame_id: str, state: RobotState) -> Pose2D:
    """Where a frame is on the map, as the robot believes.

    Raises:
        VlaError: INVALID_REQUEST for any other frame than map, odom, base_link; for an empty one too.
    """
    known = {frames.MAP: Pose2D(), frames.ODOM: state.map_from_odom, frames.BASE: state.pose}
    if frame_id not in known:
        raise VlaError(Code.INVALID_REQUEST, f"frame {frame_id!r} is none of {', '.join(known)}")
    return known[frame_id]


def goal_from_msg(message: PoseStamped, state: RobotState) -> Pose2D:
    """A goal of the base, in the map.

    Raises:
        VlaError: INVALID_REQUEST.
    """
    p = message.pose.position
    local = Pose2D(p.x, p.y, heading(message.pose.orientation))
    return frame_in_map(message.header.frame_id, state).compose(local)


def keep_out_from_msg(message: OccupancyGrid) -> KeepOut:
    """Cells of 50 and more are taken, as are those that are not known. Errors: INVALID_REQUEST."""
    info = message.info
    pose = info.origin
    numbers = (info.resolution, pose.position.x, pose.position.y)
    turned = abs(pose.orientation.z) > 1e-6 or abs(pose.orientation.x) + abs(pose.orientation.y) > 0
    if message.header.frame_id != frames.MAP or turned:
        raise VlaError(Code.INVALID_REQUEST, f"the grid has to lie along the frame '{frames.MAP}'")
    if not all(math.isfinite(value) for value in numbers) or not info.resolution > 0.0:
        raise VlaError(Code.INVALID_REQUEST, "the grid's corner and resolution are no numbers")
    if not len(message.data) == info.width * info.height > 0:
        raise VlaError(Code.INVALID_REQUEST, "the grid has another size than it says")
    cells = np.array(message.data, dtype=np.int8).reshape(info.height, info.width)
    return KeepOut(
        pose.position.x, pose.position.y, float(info.resolution), (cells >= 50) | (cells < 0)
    )


def target_from_msg(message: PoseStamped, size: Any, state: RobotState) -> Target:
    """A target of the arm, in base_link.

    Raises:
        VlaError: INVALID_REQUEST.
    """
    p = message.pose.position
    frame = state.pose.inverse().compose(frame_in_map(message.header.frame_id, state))
    pose = frame.compose(Pose2D(p.x, p.y, heading(message.pose.orientation)))
    return Target(pose.x_m, pose.y_m, p.z, pose.yaw_rad, size.x, size.y, size.z)


def point_from_msg(message: Any, state: RobotState) -> tuple[float, float, float]:
    """A stamped point in base_link.

    Raises:
        VlaError: INVALID_REQUEST.
    """
    frame = state.pose.inverse().compose(frame_in_map(message.header.frame_id, state))
    pose = frame.compose(Pose2D(message.point.x, message.point.y))
    return pose.x_m, pose.y_m, message.point.z


def odometry_to_msg(state: RobotState, stamp: Time) -> Odometry:
    """Pose in odom, velocity in base_link."""
    message = Odometry()
    message.header.stamp, message.header.frame_id = stamp, frames.ODOM
    message.child_frame_id = frames.BASE
    message.pose.pose = pose_to_msg(state.odometry)
    message.twist.twist = velocity_to_msg(state.velocity)
    for index, variance in ((0, 1e-4), (7, 1e-4), (35, 4e-4)):
        message.pose.covariance[index] = variance
        message.twist.covariance[index] = variance
    return message


def motion_to_msg(states: Sequence[RobotState], stamp: Time) -> JointTrajectory:
    """Velocities of base and joints in every step (m/s, rad/s); stamp: when the first of them began.

    The base's are along the axes of base_link.
    """
    step_s = states[1].time_s - states[0].time_s
    message = JointTrajectory()
    message.header.stamp, message.header.frame_id = stamp, frames.BASE
    message.joint_names = [*BASE_AXES, *states[0].speeds]
    for number, state in enumerate(states, 1):
        v = state.velocity
        point = JointTrajectoryPoint(
            velocities=[v.vx_mps, v.vy_mps, v.wz_radps, *state.speeds.values()],
            time_from_start=duration_to_msg(number * step_s),
        )
        message.points.append(point)
    return message


def joints_to_msg(state: RobotState, stamp: Time) -> JointState:
    """Positions in m or rad, velocities in m/s or rad/s."""
    message = JointState()
    message.header.stamp = stamp
    message.name = list(state.positions)
    message.position = list(state.positions.values())
    message.velocity = list(state.speeds.values())
    return message


def transforms_to_msg(state: RobotState, stamp: Time) -> list[TransformStamped]:
    """map-odom, odom-base_link, base_link-camera_link, base_link-gripper_link."""

    def planar(pose: Pose2D) -> frames.Transform:
        return frames.Transform((pose.x_m, pose.y_m, 0.0), frames.axis_rotation("z", pose.yaw_rad))

    return [
        transform_to_msg(frames.MAP, frames.ODOM, planar(state.map_from_odom), stamp),
        transform_to_msg(frames.ODOM, frames.BASE, planar(state.odometry), stamp),
        transform_to_msg(
            frames.BASE, frames.CAMERA, frames.camera_transform(state.positions), stamp
        ),
        transform_to_msg(
            frames.BASE, frames.GRIPPER, frames.gripper_transform(state.positions), stamp
        ),
    ]


def static_transforms_to_msg(stamp: Time) -> list[TransformStamped]:
    """camera_link to the optical frame, base_link to the distance sensor."""
    optical = frames.Transform((0.0, 0.0, 0.0), frames.OPTICAL_ROTATION)
    laser = frames.Transform((0.0, 0.0, robot.SCAN_HEIGHT_M), (0.0, 0.0, 0.0, 1.0))
    return [
        transform_to_msg(frames.CAMERA, frames.OPTICAL, optical, stamp),
        transform_to_msg(frames.BASE, frames.LASER, laser, stamp),
    ]


def scan_to_msg(ranges: Any, stamp: Time) -> LaserScan:
    """Ranges of the distance sensor, all taken at the same moment."""
    message = LaserScan(
        angle_min=robot.SCAN_START_RAD,
        angle_max=robot.SCAN_START_RAD + robot.SCAN_STEP_RAD * (robot.SCAN_RAYS - 1),
        angle_increment=robot.SCAN_STEP_RAD,
        range_min=robot.SCAN_RANGE_MIN_M,
        range_max=robot.SCAN_RANGE_MAX_M,
        ranges=array.array("f", ranges.tobytes()),
    )
    message.header.stamp, message.header.frame_id = stamp, frames.LASER
    return message


def transform_to_msg(
    parent: str, child: str, transform: frames.Transform, stamp: Time
) -> TransformStamped:
    """A stamped transform."""
    message = TransformStamped()
    message.header.stamp, message.header.frame_id = stamp, parent
    message.child_frame_id = child
    t, r = message.transform.translation, message.transform.rotation
    t.x, t.y, t.z = transform.translation
    r.x, r.y, r.z, r.w = transform.rotation
    return message


def image_to_msg(pixels: Any, encoding: str, stamp: Time, frame_id: str = frames.OPTICAL) -> Image:
    """An image from an array (height, width[, 3])."""
    message = Image()
    message.header.stamp, message.header.frame_id = stamp, frame_id
    message.height, message.width = pixels.shape[:2]
    message.encoding = encoding
    message.is_bigendian = 0
    message.step = int(pixels.strides[0])
    # An array of bytes is copied as it is; anything else would be checked byte by byte.
    message.data = array.array("B", pixels.tobytes())
    return message


def depth_to_msg(picture: Picture, encoding: str, stamp: Time) -> Image:
    """32FC1: metres, NaN unknown. 16UC1: millimetres, 0 unknown."""
    depth = picture.depth_m
    if encoding == "16UC1":
        millimeters = np.nan_to_num(depth * 1000.0, nan=0.0)
        return image_to_msg(
            np.clip(np.rint(millimeters), 0, 65535).astype(np.uint16), encoding, stamp
        )
    return image_to_msg(depth, encoding, stamp)


def camera_info_to_msg(camera: Intrinsics, stamp: Time) -> CameraInfo:
    """Pinhole without distortion."""
    message = CameraInfo()
    message.header.stamp, message.header.frame_id = stamp, frames.OPTICAL
    message.width, message.height = camera.width, camera.height
    message.distortion_model = "plumb_bob"
    message.d = [0.0] * 5
    message.k = [camera.fx, 0.0, camera.cx, 0.0, camera.fy, camera.cy, 0.0, 0.0, 1.0]
    message.r = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]
    message.p = [camera.fx, 0.0, camera.cx, 0.0, 0.0, camera.fy, camera.cy, 0.0, 0.0, 0.0, 1.0, 0.0]
    return message


def known_place_to_msg(place: PlaceSpec) -> Place:
    """A place as a map server would know it: pose of the top surface's or opening's middle."""
    return place_to_msg(
        ScenePlace(
            name=place.name,
            aliases=ALIASES.get(place.name, ()),
            kind=PlaceKind.CONTAINER if place.is_container else PlaceKind.SURFACE,
            position=(place.x_m, place.y_m, place.height_m),
            yaw=place.yaw_rad,
            size=(place.size_x_m, place.size_y_m),
            keep_out=True,
        )
    )


def object_to_msg(truth: ObjectTruth, stamp: Time) -> SceneObject:
    """The truth about an object."""
    message = SceneObject()
    message.id, message.label, message.color = truth.spec.name, truth.spec.kind, truth.spec.color
    message.attributes = [truth.spec.size]
    message.confidence = 1.0
    p, q = message.pose.pose.position, message.pose.pose.orientation
    p.x, p.y, p.z = truth.position
    q.x, q.y, q.z, q.w = truth.rotation
    message.size.x, message.size.y, message.size.z = truth.size
    message.place, message.held = truth.place, truth.held
    message.last_seen = stamp
    return message
