# SPDX-License-Identifier: Apache-2.0
"""`ros2 param set` on a running executor: it takes effect, or is refused with the sentence when it would."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.ros
pytest.importorskip("rclpy")
pytest.importorskip("vla_interfaces")

from nav_msgs.msg import OccupancyGrid  # noqa: E402
from rclpy.parameter import Parameter  # noqa: E402

from vla_common.contracts.outcomes import Code  # noqa: E402
from vla_common.ros.qos import LATCHED  # noqa: E402
from vla_testing.executor.ros_world import Bed, bed, wait, wait_until  # noqa: E402

MOVE = ("move", {"distance": 0.3})


def set_(b: Bed, name: str, value: Any) -> Any:
    return b.executor.set_parameters([Parameter(name, value=value)])[0]


def code(b: Bed) -> int:
    return b.client.run(MOVE).result.outcome.code


def test_limits_and_tiers_take_effect_between_plans_and_the_rest_is_refused() -> None:
    with bed(0) as b:
        masks: list[Any] = []
        b.client.create_subscription(OccupancyGrid, "keep_out_mask", masks.append, LATCHED)
        assert set_(b, "executor.forbid_skills", ["move"]).successful
        assert code(b) == Code.FORBIDDEN
        assert set_(b, "executor.forbid_skills", []).successful
        assert set_(b, "guard.max_move_m", 0.2).successful
        assert code(b) == Code.GUARD_REFUSED
        assert set_(b, "guard.max_move_m", 5.0).successful
        assert set_(b, "guard.keep_out", ["0.2 -1, 2 -1, 2 1, 0.2 1"]).successful
        wait_until(lambda: bool(masks) and 100 in masks[-1].data)
        assert code(b) == Code.GUARD_REFUSED
        assert "'guard.keep_out'" in set_(b, "guard.keep_out", ["0 0, 1 1"]).reason
        assert set_(b, "guard.keep_out", []).successful

        refused = set_(b, "guard.max_linear_speed_mps", 0.1)  # below the speed of 'move'
        assert not refused.successful and "executor.linear_speed_mps" in refused.reason
        refused = set_(b, "executor.linear_speed_mps", 0.1)
        assert not refused.successful and "takes effect only when" in refused.reason
        assert b.executor.get_parameter("executor.linear_speed_mps").value == 0.3

        handle = b.client.send(("move", {"distance": 1.0}))
        b.robot.wait_for(lambda: bool(b.robot.moving_twists()))
        refused = set_(b, "guard.max_move_m", 1.0)
        assert not refused.successful and "between plans" in refused.reason
        wait(handle.cancel_goal_async())
        wait(handle.get_result_async())
        assert set_(b, "guard.max_move_m", 1.0).successful
