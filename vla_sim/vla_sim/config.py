# SPDX-License-Identifier: Apache-2.0
"""Parameters of the simulator: the one list from which declarations and the reference table come."""

from __future__ import annotations

from dataclasses import dataclass

from vla_common.configuration.config import setting

GROUP = "sim"


@dataclass(frozen=True)
class SimConfig:
    """Group ``sim`` of the parameter file."""

    seed: int = setting(0, "Seed of the random world, and of noise and faults.", minimum=0)
    world_file: str = setting("", "YAML file of a fixed world; empty: a random one from the seed.")
    world_folders: tuple[str, ...] = setting(
        (),
        "Further folders from which sim/reset takes world files, beside that of this package and the world_file that "
        "it was started with.",
    )
    speed: float = setting(
        1.0,
        "Simulated seconds per second; 0 is as fast as possible. Other than 1: publishes /clock.",
        minimum=0.0,
        maximum=100.0,
    )
    cmd_vel_timeout_s: float = setting(
        0.25,
        "The base stops by itself when cmd_vel is silent for so long, by simulated time.",
        unit="s",
        minimum=0.05,
        maximum=2.0,
    )
    headless: bool = setting(True, "False opens MuJoCo's viewer; needs a display.")
    render_backend: str = setting(
        "auto",
        "How images are made; auto tries them in this order.",
        choices=("auto", "egl", "osmesa", "raycast"),
    )
    camera_width: int = setting(320, "Width of the images.", unit="px", minimum=32, maximum=1280)
    camera_height: int = setting(240, "Height of the images.", unit="px", minimum=24, maximum=960)
    camera_rate_hz: float = setting(
        10.0, "Rate of the images, by simulated time.", unit="Hz", minimum=0.1, maximum=50.0
    )
    depth_encoding: str = setting(
        "32FC1",
        "32FC1: metres, NaN where unknown; 16UC1: millimetres, 0 where unknown.",
        choices=("32FC1", "16UC1"),
    )
    noise_depth_m: float = setting(
        0.0015,
        "Depth noise at 1 m, grows with the distance squared.",
        unit="m",
        minimum=0.0,
        maximum=0.1,
    )
    noise_colour: float = setting(
        1.5, "Colour noise in grey levels of 255.", minimum=0.0, maximum=64.0
    )
    noise_exposure: float = setting(
        0.02, "Relative wander of the brightness.", minimum=0.0, maximum=0.5
    )
    noise_edge_holes: float = setting(
        0.5, "Share of pixels at depth edges that have no depth.", minimum=0.0, maximum=1.0
    )
    fault_grasp_failure: float = setting(
        0.0, "Probability that a grasp slips.", minimum=0.0, maximum=1.0
    )
    fault_camera_dropout: bool = setting(False, "The camera sends nothing.")
    fault_navigation_blocked: bool = setting(False, "Every navigation goal is blocked.")
    fault_odometry_drift: float = setting(
        0.0, "Sideways odometry error per metre driven.", unit="m/m", minimum=-1.0, maximum=1.0
    )


GROUPS = {GROUP: SimConfig}
