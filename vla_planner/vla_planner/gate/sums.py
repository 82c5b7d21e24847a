# SPDX-License-Identifier: Apache-2.0
"""Sums: how much one command may make the robot do, all its steps together."""

from __future__ import annotations

import math
from collections.abc import Sequence

from vla_common.contracts.outcomes import Code, VlaError
from vla_common.contracts.scene import Scene, matches
from vla_common.contracts.skills import ObjectRef, Step
from vla_planner.config import PlannerConfig


def check_sums(steps: Sequence[Step], scene: Scene, config: PlannerConfig) -> None:
    """Errors: INVALID_ARGUMENT with the sum, the limit and the parameter."""
    meters = radians = seconds = 0.0
    things = drives = 0
    for step in steps:
        a = step.arguments
        meters += abs(_number(a.get("distance"))) if step.skill == "move" else 0.0
        radians += abs(_number(a.get("angle"))) if step.skill == "turn" else 0.0
        seconds += _number(a.get("duration"))
        drives += step.skill == "go_to"
        if step.skill == "pick":
            things += _how_many(a.get("object"), scene)
    degrees, most_degrees = math.degrees(radians), math.degrees(config.max_command_turn_rad)
    for what, value, most, name in (
        (f"{meters:.4g} m of driving", meters, config.max_command_distance_m, "max_command_distance_m"),
        (f"{degrees:.5g} degrees of turning", degrees, most_degrees, "max_command_turn_rad"),
        (f"{seconds:.4g} s of waiting and working", seconds, config.max_command_duration_s, "max_command_duration_s"),
        (f"{things} things to take", things, config.max_command_picks, "max_command_picks"),
        (f"{drives} drives to places", drives, config.max_command_drives, "max_command_drives"),
    ):  # fmt: skip
        if value > most * (1 + 1e-6):
            raise VlaError(
                Code.INVALID_ARGUMENT,
                f"Together that is {what}, more than the {most:.5g} that one command may ask for "
                f"('planner.{name}').",
            )


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else 0.0


def _how_many(ref: object, scene: Scene) -> int:
    """Of "all" at least as many as were seen; the executor bounds them again."""
    if not isinstance(ref, ObjectRef) or ref.quantity in ("", "one", "1"):
        return 1
    if ref.quantity.isdecimal():
        return int(ref.quantity)
    return max(1, sum(matches(item, ref) for item in scene.objects))
