# SPDX-License-Identifier: Apache-2.0
"""Short drives by velocity commands: straight ahead and on the spot, closed over odometry.

Decides the speed from what is left and what the guard permits. Every command goes through the
guard. A drive that ends early leaves the halting to the runner, which halts the robot after every
step that fails. Going around things is for navigation.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from vla_common.contracts.outcomes import Code, VlaError
from vla_executor.robot.robot import ZERO, Odometry, StampedPose, Velocity, Watch
from vla_executor.safety.guard import LONGEST_COMMAND_GAP_S
from vla_executor.skills import verification
from vla_executor.skills.context import SkillContext
from vla_executor.spatial.geometry import Pose2, wrap

DECELERATION_SHARE = 0.6
"""Part of the permitted deceleration that is planned with: odometry and motors lag."""
CREEP_SHARE = 0.06
"""Slowest speed near the end, as a part of full speed."""
BLIND_S = 0.25
"""Longest drive without new odometry; after that the base is stopped until there is some."""
SENSE_PERIOD_S = 0.05
HEADING_GAIN = 1.5
CORRECTIONS = 2
"""Further tries after a drive that went too far, because odometry came late while it was braking."""
STALL_SHARE = 0.02
"""Less progress than this, as a part of a metre or radian, is none."""


def speed_for(
    remaining: float, current: float, gap_s: float, top: float, acceleration: float
) -> float:
    """Next speed (>= 0) towards a point `remaining` away, without overshooting and without a leap."""
    # Until the next command the base goes on as it does: that part of the way can't be braked on.
    ahead = max(0.0, remaining - current * gap_s)
    brake = math.sqrt(2.0 * acceleration * DECELERATION_SHARE * ahead)
    wanted = max(min(top, brake), CREEP_SHARE * top)
    most = acceleration * gap_s
    # Also downwards: after late odometry the braking curve may ask for a leap that the guard refuses.
    return min(max(wanted, current - most), current + most)


def straight(context: SkillContext, dx_m: float, dy_m: float) -> None:
    """Drive by dx, dy (seen from the base), one of them zero unless the base is holonomic."""
    robot, config, token = context.robot, context.config, context.token
    length = math.hypot(dx_m, dy_m)
    if length < 1e-4:
        return
    _wait_for_senses(context)
    blind = context.guard.blind_to(robot.scan(), robot.places())
    if blind:
        context.report(blind, 0.0)
    ux, uy = dx_m / length, dy_m / length
    base = robot.base_pose(token, config.sensor_timeout_s)
    context.guard.check_move(base, robot.now_s(), dx_m, dy_m, robot.places())
    start = robot.odometry(token, config.sensor_timeout_s)

    sign = 1.0

    def remaining(odometry: Odometry) -> float:
        ahead, left = start.pose.to_local(odometry.pose.x_m, odometry.pose.y_m)
        return sign * (length - (ahead * ux + left * uy))

    def command(speed: float, previous: Velocity, odometry: Odometry, gap_s: float) -> Velocity:
        wanted = HEADING_GAIN * wrap(start.pose.yaw_rad - odometry.pose.yaw_rad)
        most = config.angular_acceleration_radps2 * gap_s
        wanted = min(max(wanted, -config.angular_speed_radps), config.angular_speed_radps)
        turn = min(max(wanted, previous.wz_radps - most), previous.wz_radps + most)
        return Velocity(sign * speed * ux, sign * speed * uy, turn)

    top, acceleration = config.linear_speed_mps, config.linear_acceleration_mps2
    begin = start
    for _ in range(1 + CORRECTIONS):
        _drive(context, begin, remaining, command, top, acceleration, 0.004)
        begin = end = robot.odometry(token, config.sensor_timeout_s)
        left = remaining(end)
        if abs(left) <= 0.7 * config.distance_tolerance_m:
            break
        sign = math.copysign(1.0, sign * left)
    wrong = verification.moved(start.pose, end.pose, dx_m, dy_m, config.distance_tolerance_m)
    if wrong:
        raise VlaError(Code.POSTCONDITION_FAILED, wrong)


def turn(context: SkillContext, angle_rad: float) -> None:
    """Turn on the spot; angles beyond half a turn are turned in full."""
    robot, config, token = context.robot, context.config, context.token
    if abs(angle_rad) < 1e-4:
        return
    _wait_for_senses(context, turning=True)
    sign = math.copysign(1.0, angle_rad)
    start = robot.odometry(token, config.sensor_timeout_s)
    last_yaw, turned = start.pose.yaw_rad, 0.0

    def remaining(odometry: Odometry) -> float:
        nonlocal last_yaw, turned
        turned += wrap(odometry.pose.yaw_rad - last_yaw)
        last_yaw = odometry.pose.yaw_rad
        return sign * (angle_rad - turned)

    def command(speed: float, previous: Velocity, odometry: Odometry, gap_s: float) -> Velocity:
        return Velocity(0.0, 0.0, sign * speed)

    top, acceleration = config.angular_speed_radps, config.angular_acceleration_radps2
    for _ in range(1 + CORRECTIONS):
        _drive(context, start, remaining, command, top, acceleration, 0.008)
        start = robot.odometry(token, config.sensor_timeout_s)
        left = remaining(start)
        if abs(left) <= 0.7 * config.angle_tolerance_rad:
            break
        sign = math.copysign(1.0, sign * left)
    wrong = verification.turned(turned, angle_rad, config.angle_tolerance_rad)
    if wrong:
        raise VlaError(Code.POSTCONDITION_FAILED, wrong)


def _drive(
    context: SkillContext,
    start: Odometry,
    remaining: Callable[[Odometry], float],
    command: Callable[[float, Velocity, Odometry, float], Velocity],
    top: float,
    acceleration: float,
    done_at: float,
) -> None:
    """Command speeds until `remaining` is used up, then stand still."""
    robot, config, token = context.robot, context.config, context.token
    total = left = remaining(start)
    odometry, previous, speed = start, ZERO, 0.0
    gap_s = config.control_period_s
    watch = context.guard.watch()
    progress_at, progress_left = start.stamp_s, left
    while left > done_at:
        speed = speed_for(left, speed, gap_s, top, acceleration)
        velocity = command(speed, previous, odometry, gap_s)
        check_senses(context, turning=velocity.speed_mps == 0.0)
        if velocity.speed_mps > 0.0 and context.guard.scan_is_late(robot.scan(), robot.now_s()):
            # As without odometry: stand, and go on only when there is a scan again.
            robot.drive(ZERO, token)
            _wait_for_scan(context)
            previous, speed = ZERO, 0.0
            odometry = robot.odometry(token, config.sensor_timeout_s, odometry.stamp_s)
            gap_s = config.control_period_s
            left = remaining(odometry)
            progress_at, progress_left = odometry.stamp_s, left
            continue
        context.guard.check_velocity(
            velocity, previous, gap_s, odometry, robot.now_s(), robot.scan()
        )
        if watch.has_zones:
            base = robot.base_pose(token, config.sensor_timeout_s)
            watch.look(base, odometry, robot.now_s(), velocity)
        robot.drive(velocity, token)
        context.report("", 1.0 - left / total)
        previous, before_s = velocity, odometry.stamp_s
        newer_s = before_s + 0.9 * config.control_period_s
        try:
            odometry = robot.odometry(token, BLIND_S, newer_s)
        except VlaError as error:
            if error.code is not Code.ROBOT_UNAVAILABLE:
                raise
            # Never on without seeing: stand, and go on only when there is odometry again.
            robot.drive(ZERO, token)
            previous, speed = ZERO, 0.0
            odometry = robot.odometry(token, config.sensor_timeout_s, newer_s)
        gap_s = min(odometry.stamp_s - before_s, LONGEST_COMMAND_GAP_S)
        left = remaining(odometry)
        if progress_left - left > STALL_SHARE:
            progress_at, progress_left = odometry.stamp_s, left
        elif odometry.stamp_s - progress_at > config.stall_timeout_s:
            raise VlaError(
                Code.NAVIGATION_BLOCKED, "The base does not get on; something blocks it."
            )
    robot.stand(config.stop_timeout_s)
    token.raise_if_canceled()


def check_senses(context: SkillContext, turning: bool = False) -> None:
    """Errors: GUARD_REFUSED when the scan or the map that the robot had is gone."""
    robot, guard = context.robot, context.guard
    if turning:
        guard.check_turn(robot.scan(), robot.now_s())
    else:
        guard.check_senses(robot.scan(), robot.places(), robot.map_trouble(), robot.now_s())


def _wait_for_senses(context: SkillContext, turning: bool = False) -> None:
    """At the start of a drive what there should be may still be on its way. Errors: those of check_senses."""
    robot, config = context.robot, context.config
    until_s = robot.now_s() + config.sensor_timeout_s
    while robot.now_s() < until_s:
        try:
            check_senses(context, turning)
            return
        except VlaError:
            robot.wait(SENSE_PERIOD_S, context.token)
    check_senses(context, turning)


def _wait_for_scan(context: SkillContext) -> None:
    """Errors: GUARD_REFUSED when none comes; that is said by whoever looks at the next velocity."""
    robot = context.robot
    until_s = robot.now_s() + context.config.sensor_timeout_s
    while robot.now_s() < until_s:
        if not context.guard.scan_is_late(robot.scan(), robot.now_s()):
            return
        robot.wait(SENSE_PERIOD_S, context.token)
    context.guard.check_scan_is_new(robot.scan(), robot.now_s())


def _watching(context: SkillContext) -> Watch:
    """What navigation does on its way is not ours, but that it stays where it is permitted is."""
    watch, robot = context.guard.watch(), context.robot

    def look(base: StampedPose | None, odometry: Odometry | None) -> None:
        check_senses(context)
        watch.look(base, odometry, robot.now_s())

    return look


def navigate_to_one(context: SkillContext, poses: Sequence[Pose2], what: str) -> Pose2:
    """Drive to the first of several poses that navigation reaches; returns it.

    Errors: UNREACHABLE when the map offers no pose, GUARD_REFUSED when the guard refuses all,
    otherwise the last failure of navigation.
    """
    robot, config, token = context.robot, context.config, context.token
    failure = VlaError(Code.UNREACHABLE, f"There is no room to stand at {what}.")
    _wait_for_senses(context)
    places = robot.places()
    attempts = 0
    for pose in poses:
        base = robot.base_pose(token, config.sensor_timeout_s)
        try:
            context.guard.check_goal(base, robot.now_s(), pose, places)
        except VlaError as error:
            failure = error
            continue
        if attempts == config.approach_attempts:
            break
        attempts += 1
        try:
            robot.navigate(
                pose,
                token,
                context.ros2.navigation_timeout,
                _watching(context),
            )
            return pose
        except VlaError as error:
            token.raise_if_canceled()
            if error.code not in (Code.NAVIGATION_BLOCKED, Code.NAVIGATION_FAILED):
                raise
            failure = error
            context.report(f"{error.message} I try another way.", 0.0)
    raise failure
