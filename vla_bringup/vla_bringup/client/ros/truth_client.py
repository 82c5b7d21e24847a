# SPDX-License-Identifier: Apache-2.0
"""The simulator's ground truth as plain data."""

from __future__ import annotations

import math
from typing import Any

from vla_bringup.cli.verdict import Truth
from vla_common.ros.conversions import pose_from_msg, scene_object_from_msg


def truth_from_msg(message: Any) -> Truth:
    """From a vla_interfaces/srv/GroundTruth response."""
    (x, y, _), yaw = pose_from_msg(message.robot_pose)
    linear, angular = message.robot_velocity.linear, message.robot_velocity.angular
    speed = max(math.hypot(linear.x, linear.y), abs(angular.z), message.joint_speed)
    places = tuple(
        (
            place.name,
            place.pose.position.x,
            place.pose.position.y,
            math.hypot(place.size.x, place.size.y) / 2,
            place.size.z,
        )
        for place in message.places
    )
    return Truth(
        tuple(scene_object_from_msg(item) for item in message.objects),
        (x, y, yaw),
        speed,
        message.held_object,
        places,
    )
