# SPDX-License-Identifier: Apache-2.0
"""Typed commands from end to end, refusals, cancel and stop, judged by the simulator's ground truth.

At twice the speed of real time. Each test begins in the same world anew.
"""

import pytest
from action_msgs.msg import GoalStatus
from vla_interfaces.msg import Outcome, SystemStatus

from vla_bringup.cli.verdict import judge
from vla_common.ros.conversions import plan_from_msg
from vla_testing.system.system_case import STILL, SystemCase

pytestmark = pytest.mark.system
SEED = 3


class TestCommands(SystemCase):
    seed = SEED

    @classmethod
    def launch_arguments(cls):
        return {"seed": str(SEED), "speed": "2"}  # in simulated time

    def test_go_find_pick_and_put_down(self):
        before = self.truth()
        result = self.execute("Go to the table, find a red object, and pick it up")
        self.assertEqual(result.outcome.code, Outcome.OK, result.outcome.message)
        self.assertEqual([step.skill for step in result.plan.steps], ["go_to", "find", "pick"])
        self.assertTrue(all(step.verified for step in result.results))
        for check in judge(plan_from_msg(result.plan).steps, before, self.truth()):
            self.assertTrue(check.ok, f"{check.what}: {check.found}")
        before = self.truth()
        self.assertTrue(before.held)
        result = self.execute("put it on the side table")
        self.assertEqual(result.outcome.code, Outcome.OK, result.outcome.message)
        after = self.truth()
        self.assertEqual(after.held, "")
        where = {item.id: item.place for item in after.objects}
        self.assertEqual(where[before.held], "side table")

    def test_dry_run_moves_nothing(self):
        before = self.truth()
        result = self.execute("move forward 1 meter", dry_run=True)
        self.assertEqual(result.outcome.code, Outcome.OK)
        self.assertEqual(len(result.plan.steps), 1)
        after = self.truth()
        self.assertAlmostEqual(before.pose[0], after.pose[0], places=3)
        self.assertAlmostEqual(before.pose[1], after.pose[1], places=3)

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
