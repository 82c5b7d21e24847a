# SPDX-License-Identifier: Apache-2.0
"""Where to put the fingers on an object of a given pose and size.

Decides grasps from above for a parallel jaw, from nothing but a pose and an extent, as perception delivers them, and
refuses with a sentence what the jaw or the arm cannot do.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

from vla_sim.robot import robot_model as robot
from vla_sim.robot.kinematics import ArmPosture, GripPose, Unreachable, solve, wrap_line

GRASP_DEPTH_M = 0.035
"""How far below an object's top the grasp centre lies, at most."""
FLOOR_GAP_M = 0.004
"""Least distance between finger tips and the surface the object stands on."""
JAW_MARGIN_M = 0.055
"""The jaw opens by this much more than the object is wide."""
SIMILAR_WIDTH_M = 0.01
"""Widths that differ by no more than this are as good as each other."""
TRAVEL_CLEARANCE_M = 0.22
"""Height of the finger tips above the object's support while travelling, where the lift allows it: more than the
tallest object's."""
PLACE_TRAVEL_M = 0.20
PLACE_GAP_M = 0.004
SELF_CLEARANCE_M = 0.30
"""The grasp centre stays this far from the base's axis, so that the hand does not strike the robot itself."""


class CannotGrasp(ValueError):
    """The object does not fit the jaw; the text says why."""


class SizedPose(Protocol):
    """A pose in base_link and an extent along its axes. Metres, radians."""

    @property
    def x_m(self) -> float: ...
    @property
    def y_m(self) -> float: ...
    @property
    def z_m(self) -> float: ...
    @property
    def yaw_rad(self) -> float: ...
    @property
    def size_x_m(self) -> float: ...
    @property
    def size_y_m(self) -> float: ...
    @property
    def size_z_m(self) -> float: ...


@dataclass(frozen=True)
class GraspPlan:
    """Postures above and around the object, jaw opening, and how far the object reaches below the grasp centre."""

    above: ArmPosture
    grasp: ArmPosture
    opening_m: float
    bottom_offset_m: float


def plan_pick(target: SizedPose) -> tuple[GraspPlan, ...]:
    """Plan a grasp from above.

    Returns:
        The best plan first, then one with the jaw turned by a quarter where the object is about as wide that way: for
        things whose handle was not seen.

    Raises:
        CannotGrasp: when the object is too wide or has no size.
        Unreachable: when a joint limit forbids the grasp or the way in.
    """
    sizes = (target.size_x_m, target.size_y_m, target.size_z_m)
    if min(sizes) <= 0.005:
        raise CannotGrasp(
            f"the object's size {sizes[0]:.3f} x {sizes[1]:.3f} x {sizes[2]:.3f} m is not usable"
        )
    top, bottom = target.z_m + target.size_z_m / 2, target.z_m - target.size_z_m / 2
    depth = min(GRASP_DEPTH_M, target.size_z_m / 2)
    z = max(top - depth, bottom + robot.FINGER_TIP_M + FLOOR_GAP_M)
    options = [
        (width, direction)
        for width, direction in (
            (target.size_x_m, target.yaw_rad),
            (target.size_y_m, target.yaw_rad + math.pi / 2),
        )
        if width <= robot.GRASP_MAX_WIDTH_M
    ]
    if not options:
        narrow = min(target.size_x_m, target.size_y_m)
        raise CannotGrasp(
            f"the object is {narrow * 1000:.0f} mm wide, the gripper takes at most "
            f"{robot.GRASP_MAX_WIDTH_M * 1000:.0f} mm; nothing was tried"
        )
    narrowest = min(width for width, _ in options)
    options = [option for option in options if option[0] - narrowest <= SIMILAR_WIDTH_M]
    highest = robot.LIFT_MAX_M - robot.HAND_LENGTH_M
    needed = top + robot.FINGER_TIP_M + 0.01
    wanted = max(bottom + TRAVEL_CLEARANCE_M + robot.FINGER_TIP_M, needed + 0.03)
    travel = min(wanted, highest)
    if travel < needed:
        raise Unreachable(
            f"the object's top is at {top:.2f} m, the hand gets over at most {highest - 0.025:.2f} m"
        )
    plans = [
        GraspPlan(
            best_posture(target.x_m, target.y_m, travel, [direction]),
            best_posture(target.x_m, target.y_m, z, [direction]),
            min(robot.JAW_MAX_M, width + JAW_MARGIN_M),
            z - bottom,
        )
        for width, direction in options
    ]
    plans.sort(key=lambda plan: abs(plan.grasp.wrist_roll_rad))
    return tuple(plans)


def best_posture(
    x_m: float, y_m: float, z_m: float, jaw_yaws_rad: list[float] | None
) -> ArmPosture:
    """The posture, hand down, that turns the wrist least.

    Args:
        x_m, y_m, z_m: grasp centre in base_link.
        jaw_yaws_rad: permitted closing directions in base_link; None leaves the wrist straight.

    Raises:
        Unreachable: with a sentence.
    """
    distance = math.hypot(x_m, y_m)
    if distance < SELF_CLEARANCE_M:
        raise Unreachable(
            f"the target is {distance:.2f} m from the robot's axis, nearer than {SELF_CLEARANCE_M:.2f} m"
        )
    straight = math.atan2(y_m, x_m - robot.SHOULDER_X_M) + math.pi / 2
    yaws = [straight] if jaw_yaws_rad is None else jaw_yaws_rad
    best = min(yaws, key=lambda yaw: abs(wrap_line(yaw - straight)))
    return solve(GripPose(x_m, y_m, z_m, math.pi / 2, best))
