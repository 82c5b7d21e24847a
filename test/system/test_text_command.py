# SPDX-License-Identifier: Apache-2.0
"""A typed command from end to end at twice the speed of real time, judged by the simulator's ground truth."""

import pytest
from vla_interfaces.msg import Outcome

from vla_bringup.cli.verdict import judge
from vla_common.ros.conversions import plan_from_msg
from vla_testing.system.system_case import SystemCase, describe


@pytest.mark.launch_test
def generate_test_description():
    return describe(seed="3", speed="2")  # in simulated time


class TestTextCommand(SystemCase):
    def test_1_go_find_pick(self):
        before = self.truth()
        result = self.execute("Go to the table, find a red object, and pick it up")
        self.assertEqual(result.outcome.code, Outcome.OK, result.outcome.message)
        self.assertEqual([step.skill for step in result.plan.steps], ["go_to", "find", "pick"])
        self.assertTrue(all(step.verified for step in result.results))
        for check in judge(plan_from_msg(result.plan).steps, before, self.truth()):
            self.assertTrue(check.ok, f"{check.what}: {check.found}")

    def test_2_put_it_down(self):
        before = self.truth()
        self.assertTrue(before.held)
        result = self.execute("put it on the side table")
        self.assertEqual(result.outcome.code, Outcome.OK, result.outcome.message)
        after = self.truth()
        self.assertEqual(after.held, "")
        where = {item.id: item.place for item in after.objects}
        self.assertEqual(where[before.held], "side table")

    def test_3_dry_run_moves_nothing(self):
        before = self.truth()
        result = self.execute("move forward 1 meter", dry_run=True)
        self.assertEqual(result.outcome.code, Outcome.OK)
        self.assertEqual(len(result.plan.steps), 1)
        after = self.truth()
        self.assertAlmostEqual(before.pose[0], after.pose[0], places=3)
        self.assertAlmostEqual(before.pose[1], after.pose[1], places=3)
