# SPDX-License-Identifier: Apache-2.0
"""Refusal, cancel and stop: nothing moves that should not."""

import pytest
from action_msgs.msg import GoalStatus
from vla_interfaces.msg import Outcome, SystemStatus

from vla_testing.system.system_case import STILL, SystemCase, describe


@pytest.mark.launch_test
def generate_test_description():
    return describe(seed="0")


class TestInterruptions(SystemCase):
    def test_refusal(self):
        before = self.truth()
        for command, code in (
            ("invalid command with no meaning", Outcome.NOT_UNDERSTOOD),
            ("", Outcome.EMPTY_COMMAND),
            ("go to the moon", Outcome.UNKNOWN_PLACE),
        ):
            result = self.execute(command)
            self.assertEqual(result.outcome.code, code, result.outcome.message)
            self.assertTrue(result.outcome.message)
        after = self.truth()
        for a, b in zip(before.pose, after.pose, strict=True):
            self.assertAlmostEqual(a, b, places=3)

    def test_turn_is_what_was_asked_for(self):
        before = self.truth()
        result = self.execute("turn left")
        self.assertEqual(result.outcome.code, Outcome.OK, result.outcome.message)
        from vla_bringup.cli.verdict import judge
        from vla_common.ros.conversions import plan_from_msg

        for check in judge(plan_from_msg(result.plan).steps, before, self.truth()):
            self.assertTrue(check.ok, f"{check.what}: {check.found}")

    def test_cancel_while_driving(self):
        run = self.client.start(self.goal("go to the shelf"))
        self.until_driving()
        wrapped = run.cancel(60.0)
        # The goal has ended, so the robot stands still already.
        self.assertLess(self.truth().speed, STILL)
        self.assertEqual(wrapped.status, GoalStatus.STATUS_CANCELED)
        self.assertEqual(wrapped.result.outcome.code, Outcome.CANCELED)

    def test_stop_while_driving(self):
        run = self.client.start(self.goal("go to the table"))
        self.until_driving()
        self.assertTrue(self.client.stop("test").ok)
        self.assertLess(self.truth().speed, STILL)
        wrapped = run.wait(60.0)
        self.assertEqual(wrapped.result.outcome.code, Outcome.STOPPED)
        self.wait_for(SystemStatus.STOPPED)
        pose = self.truth().pose
        refused = self.execute("turn left")
        self.assertEqual(refused.outcome.code, Outcome.STOPPED)
        for a, b in zip(pose, self.truth().pose, strict=True):
            self.assertAlmostEqual(a, b, places=2)
        self.assertTrue(self.client.reset().ok)
        self.wait_for(SystemStatus.IDLE)
        # What was interrupted does not go on by itself.
        self.assertLess(self.truth().speed, STILL)
        self.assertEqual(self.execute("turn right").outcome.code, Outcome.OK)

    def test_stop_as_a_command(self):
        run = self.client.start(self.goal("go to the shelf"))
        self.until_driving()
        result = self.execute("stop!")
        self.assertEqual(result.outcome.code, Outcome.OK)
        self.assertLess(self.truth().speed, STILL)
        self.assertEqual(run.wait(60.0).result.outcome.code, Outcome.STOPPED)
        self.assertTrue(self.client.reset().ok)
