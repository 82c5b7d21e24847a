# SPDX-License-Identifier: Apache-2.0
"""Parameters of the executor: groups `executor`, `guard` and `ros2`."""

from __future__ import annotations

from dataclasses import dataclass

from vla_common.configuration.config import setting
from vla_common.contracts.outcomes import Code, VlaError


@dataclass(frozen=True)
class ExecutorConfig:
    """How steps are carried out and checked."""

    map_frame: str = setting("map", "frame of poses and places")
    base_frame: str = setting("base_link", "frame of the base, on the floor")
    head_frame: str = setting("camera_link", "frame of the camera that 'point_head' turns")
    step_timeout_s: float = setting(
        180.0, "a step that takes longer has failed", unit="s", minimum=1.0, maximum=3600.0
    )
    query_timeout_s: float = setting(
        10.0, "how long perception may take for one look", unit="s", minimum=0.1, maximum=120.0
    )
    head_timeout_s: float = setting(
        5.0, "how long the head may take for one movement", unit="s", minimum=0.1, maximum=60.0
    )
    sensor_timeout_s: float = setting(
        3.0,
        "how long to wait for odometry or a transform before the robot counts as not available",
        unit="s",
        minimum=0.05,
        maximum=30.0,
    )
    stop_timeout_s: float = setting(
        5.0,
        "how long a stop or cancel waits for the robot to stand still",
        unit="s",
        minimum=0.2,
        maximum=60.0,
    )
    supervisor_hang_timeout_s: float = setting(
        8.0,
        "a state manager without a pulse whose process still exists on this machine is killed after this time, so "
        "that launch starts it again",
        unit="s",
        minimum=1.0,
        maximum=600.0,
    )
    still_linear_mps: float = setting(
        0.01, "slower than this is standing still", unit="m/s", minimum=0.0, maximum=0.2
    )
    still_angular_radps: float = setting(
        0.02, "slower than this is standing still", unit="rad/s", minimum=0.0, maximum=0.5
    )
    still_time_s: float = setting(
        0.15, "for how long it has to be that slow", unit="s", minimum=0.02, maximum=5.0
    )
    still_noise_m: float = setting(
        0.002,
        "odometry's pose may stray by so much while the base stands",
        unit="m",
        minimum=0.0,
        maximum=0.05,
    )
    still_noise_rad: float = setting(
        0.004,
        "odometry's pose may stray by so much while the base stands",
        unit="rad",
        minimum=0.0,
        maximum=0.1,
    )
    cmd_vel_type: str = setting(
        "auto",
        "type of 'cmd_vel': geometry_msgs/Twist or TwistStamped; auto: what the base listens for, Twist as long as "
        "nobody does",
        choices=("auto", "twist", "twist_stamped"),
    )
    cmd_vel_sources: tuple[str, ...] = setting(
        (
            "controller_server",
            "behavior_server",
            "velocity_smoother",
            "collision_monitor",
            "docking_server",
            "twist_mux",
        ),
        "nodes that may publish 'cmd_vel' beside executor and state manager, with or without their namespace; "
        "any other is an alarm",
    )
    holonomic: bool = setting(
        False, "the base can drive sideways; if not, it turns, drives and turns back"
    )
    linear_speed_mps: float = setting(0.3, "speed of 'move'", unit="m/s", minimum=0.01, maximum=2.0)
    angular_speed_radps: float = setting(
        0.8, "speed of 'turn'", unit="rad/s", minimum=0.02, maximum=3.0
    )
    linear_acceleration_mps2: float = setting(
        0.5, "how fast 'move' speeds up and slows down", unit="m/s^2", minimum=0.05, maximum=5.0
    )
    angular_acceleration_radps2: float = setting(
        1.5, "how fast 'turn' speeds up and slows down", unit="rad/s^2", minimum=0.1, maximum=10.0
    )
    control_period_s: float = setting(
        0.04, "time between two velocity commands", unit="s", minimum=0.005, maximum=0.2
    )
    stall_timeout_s: float = setting(
        3.0,
        "a base that does not get on for this long is blocked",
        unit="s",
        minimum=0.3,
        maximum=60.0,
    )
    distance_tolerance_m: float = setting(
        0.05, "'move' is done this near to its distance", unit="m", minimum=0.005, maximum=0.5
    )
    angle_tolerance_rad: float = setting(
        0.06, "'turn' is done this near to its angle", unit="rad", minimum=0.005, maximum=0.5
    )
    goal_tolerance_m: float = setting(
        0.15, "'go_to' is done this near to its goal", unit="m", minimum=0.01, maximum=1.0
    )
    goal_tolerance_rad: float = setting(
        0.25, "'go_to' is done with this error of heading", unit="rad", minimum=0.01, maximum=1.6
    )
    robot_radius_m: float = setting(
        0.25, "radius of the circle around the base", unit="m", minimum=0.05, maximum=2.0
    )
    view_distance_m: float = setting(
        0.45,
        "from the centre of the base to the edge of a place when going to it",
        unit="m",
        minimum=0.1,
        maximum=3.0,
    )
    standoff_m: float = setting(
        0.62,
        "preferred distance from the centre of the base to an object to be grasped",
        unit="m",
        minimum=0.1,
        maximum=3.0,
    )
    reach_min_m: float = setting(
        0.47, "the arm reaches from here ...", unit="m", minimum=0.0, maximum=3.0
    )
    reach_max_m: float = setting(0.82, "... to here", unit="m", minimum=0.1, maximum=3.0)
    reach_side_m: float = setting(
        0.2, "how far beside the middle it may be", unit="m", minimum=0.0, maximum=2.0
    )
    reach_low_m: float = setting(
        0.04, "lowest height the arm reaches", unit="m", minimum=-1.0, maximum=3.0
    )
    reach_high_m: float = setting(
        1.05, "greatest height the arm reaches", unit="m", minimum=0.0, maximum=3.0
    )
    gripper_max_width_m: float = setting(
        0.1, "the gripper takes nothing wider", unit="m", minimum=0.005, maximum=1.0
    )
    approach_attempts: int = setting(
        6, "standing poses tried before giving up on the way", minimum=1, maximum=50
    )
    grasp_attempts: int = setting(
        2, "tries of one pick, each with a new look", minimum=1, maximum=10
    )
    gone_radius_m: float = setting(
        0.06,
        "an object seen this near to where the picked one was is still there",
        unit="m",
        minimum=0.01,
        maximum=0.5,
    )
    placed_radius_m: float = setting(
        0.12,
        "an object seen this near to where it was put has arrived",
        unit="m",
        minimum=0.01,
        maximum=0.5,
    )
    free_spot_gap_m: float = setting(
        0.07,
        "room left between something put down and other things and the edge",
        unit="m",
        minimum=0.0,
        maximum=0.5,
    )
    look_attempts: int = setting(
        3, "looks taken before an unusable image fails the step", minimum=1, maximum=20
    )
    search_turns: int = setting(
        6, "how often 'find' turns the base to look round; 0: never", minimum=0, maximum=24
    )
    max_group_rounds: int = setting(
        20,
        "most things that one 'pick' of several takes, one after the other",
        minimum=2,
        maximum=100,
    )
    auto_skills: tuple[str, ...] = setting(
        (), "skills that run without a word, whatever tier they come with"
    )
    announce_skills: tuple[str, ...] = setting((), "skills that are announced before they run")
    confirm_skills: tuple[str, ...] = setting((), "skills that need a person's consent")
    forbid_skills: tuple[str, ...] = setting((), "skills that never run")


@dataclass(frozen=True)
class GuardConfig:
    """What must never happen. The guard refuses; it does not correct."""

    max_linear_speed_mps: float = setting(
        0.5, "greatest speed", unit="m/s", minimum=0.01, maximum=3.0
    )
    max_angular_speed_radps: float = setting(
        1.2, "greatest turning speed", unit="rad/s", minimum=0.02, maximum=6.0
    )
    max_linear_acceleration_mps2: float = setting(
        1.0, "greatest change of speed", unit="m/s^2", minimum=0.05, maximum=10.0
    )
    max_angular_acceleration_radps2: float = setting(
        3.0, "greatest change of turning speed", unit="rad/s^2", minimum=0.1, maximum=30.0
    )
    max_move_m: float = setting(5.0, "longest single 'move'", unit="m", minimum=0.05, maximum=50.0)
    workspace: tuple[float, ...] = setting(
        (-50.0, -50.0, 50.0, 50.0),
        "x_min, y_min, x_max, y_max of the map in which the robot may be; empty: anywhere",
        unit="m",
        length=4,
    )
    keep_out: tuple[str, ...] = setting(
        (),
        "polygons to keep out of, each as 'x y, x y, x y' in the map: no goal in them, navigation is "
        "given them ('keep_out_mask'), and a drive that leads into one all the same is ended before it",
        unit="m",
    )
    deceleration_mps2: float = setting(
        0.5,
        "the base brakes at least this hard when a drive is ended before a zone",
        unit="m/s^2",
        minimum=0.05,
        maximum=10.0,
    )
    reaction_s: float = setting(
        0.2,
        "until the base begins to brake when a drive is ended before a zone",
        unit="s",
        minimum=0.0,
        maximum=2.0,
    )
    min_obstacle_distance_m: float = setting(
        0.02,
        "room between the robot's circle and known furniture and zones",
        unit="m",
        minimum=0.0,
        maximum=2.0,
    )
    max_target_age_s: float = setting(
        5.0,
        "the arm goes only where something was seen more recently than this",
        unit="s",
        minimum=0.1,
        maximum=600.0,
    )
    max_transform_age_s: float = setting(
        1.0, "oldest pose of the robot that is trusted", unit="s", minimum=0.05, maximum=60.0
    )
    max_odometry_age_s: float = setting(
        0.5, "oldest odometry that is driven with", unit="s", minimum=0.02, maximum=10.0
    )
    max_object_size_m: float = setting(
        0.5, "larger things are not grasped", unit="m", minimum=0.01, maximum=3.0
    )
    scan: str = setting(
        "auto",
        "'scan' while the base drives: auto uses it where it is published, and where it was once there the robot does "
        "not drive without it; required refuses to drive without it in any case",
        choices=("auto", "required", "ignore"),
    )
    map: str = setting(
        "auto",
        "named places as obstacles: auto uses them where they are published, and where they were once known the robot "
        "does not drive without them; required refuses to drive without them in any case",
        choices=("auto", "required", "ignore"),
    )
    min_scan_distance_m: float = setting(
        0.03,
        "room that is kept between the robot's circle and what 'scan' sees in the way",
        unit="m",
        minimum=0.0,
        maximum=2.0,
    )
    scan_own_radius_m: float = setting(
        0.2,
        "what 'scan' sees nearer to the middle of the base than this is the robot itself",
        unit="m",
        minimum=0.0,
        maximum=2.0,
    )
    max_scan_age_s: float = setting(
        0.5, "an older scan is not driven by", unit="s", minimum=0.02, maximum=10.0
    )


@dataclass(frozen=True)
class Ros2Config:
    """Shared with the other nodes."""

    domain_id: int = setting(
        42, "ROS domain; set by the launch file, shown here only", minimum=0, maximum=232
    )
    action_timeout: float = setting(
        30.0,
        "how long an action of the arm may go without progress",
        unit="s",
        minimum=0.1,
        maximum=3600.0,
    )
    navigation_timeout: float = setting(
        60.0, "how long a drive may go without progress", unit="s", minimum=0.1, maximum=3600.0
    )


GROUPS = {"executor": ExecutorConfig, "guard": GuardConfig, "ros2": Ros2Config}


def check_consistency(executor: ExecutorConfig, guard: GuardConfig) -> None:
    """Parameters that contradict one another. Errors: INVALID_CONFIG that names both."""
    rules = (
        (executor.linear_speed_mps, "executor.linear_speed_mps",
         guard.max_linear_speed_mps, "guard.max_linear_speed_mps"),
        (executor.angular_speed_radps, "executor.angular_speed_radps",
         guard.max_angular_speed_radps, "guard.max_angular_speed_radps"),
        (executor.linear_acceleration_mps2, "executor.linear_acceleration_mps2",
         guard.max_linear_acceleration_mps2, "guard.max_linear_acceleration_mps2"),
        (executor.angular_acceleration_radps2, "executor.angular_acceleration_radps2",
         guard.max_angular_acceleration_radps2, "guard.max_angular_acceleration_radps2"),
        (executor.reach_min_m, "executor.reach_min_m",
         executor.reach_max_m, "executor.reach_max_m"),
        (executor.reach_low_m, "executor.reach_low_m",
         executor.reach_high_m, "executor.reach_high_m"),
        (executor.reach_min_m, "executor.reach_min_m",
         executor.standoff_m, "executor.standoff_m"),
        (executor.standoff_m, "executor.standoff_m",
         executor.reach_max_m, "executor.reach_max_m"),
        (guard.scan_own_radius_m, "guard.scan_own_radius_m",
         executor.robot_radius_m, "executor.robot_radius_m"),
    )  # fmt: skip
    for low, low_name, high, high_name in rules:
        if low > high:
            raise VlaError(
                Code.INVALID_CONFIG,
                f"Parameter '{low_name}' ({low:g}) must not be greater than "
                f"'{high_name}' ({high:g}).",
            )
