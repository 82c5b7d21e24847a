# SPDX-License-Identifier: Apache-2.0
"""The jaw over ROS: an emptied hand is known, and with it goes the name of what it held."""

from __future__ import annotations

import threading
from typing import Any

import pytest

pytestmark = pytest.mark.ros
pytest.importorskip("rclpy")
pytest.importorskip("vla_interfaces")

from std_msgs.msg import Bool  # noqa: E402

from vla_common.contracts.outcomes import Code  # noqa: E402
from vla_common.contracts.skills import ObjectRef  # noqa: E402
from vla_testing.executor.ros_world import bed, wait_until  # noqa: E402

PICK = (("go_to", {"place": "table"}), ("pick", {"object": ObjectRef("cup", ("red",))}))


def test_what_is_taken_out_of_the_hand_is_not_held_any_more() -> None:
    with bed(0) as b:
        jaw = b.robot.create_publisher(Bool, "gripper_holding", 10)
        over, holding = threading.Event(), [False]

        def say() -> None:
            while not over.wait(0.1):
                jaw.publish(Bool(data=holding[0]))

        def last() -> Any:
            return b.client.states[-1]

        speaker = threading.Thread(target=say)
        speaker.start()
        try:
            result = b.client.run(*PICK).result
            assert result.outcome.code == Code.OK, result.outcome
            wait_until(lambda: last().holding and bool(last().held_object_id))
            holding[0] = True
            wait_until(lambda: b.executor._robot.grip().holding is True)
            holding[0] = False  # somebody takes it
            wait_until(lambda: not last().holding)
            assert last().held_object_id == ""
            put = ("place", {"relation": "on", "target_place": "table"})
            result = b.client.run(put).result
            assert result.outcome.code == Code.PRECONDITION_FAILED
            assert "holds nothing" in result.outcome.message
            holding[0] = True  # and puts something else in
            wait_until(lambda: last().holding)
            assert last().held_object_id == ""
            message = b.client.run(put).result.outcome.message
            assert "not known" in message
        finally:
            over.set()
            speaker.join()
