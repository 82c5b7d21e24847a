# SPDX-License-Identifier: Apache-2.0
"""A node that dies: the robot stops, the command is accounted for, the system recovers by itself."""

import psutil
import pytest
from vla_interfaces.msg import Outcome, SystemStatus

from vla_bringup.journal.config import journal_path
from vla_bringup.journal.reader import JournalReader
from vla_common.contracts.trace import new_trace_id
from vla_testing.system.system_case import STILL, SystemCase

pytestmark = pytest.mark.system
SEED = 0


class TestNodeKilled(SystemCase):
    seed = SEED

    @classmethod
    def launch_arguments(cls):
        return {"seed": str(SEED)}

    def restarts(self, status, name):
        return next(c.restarts for c in status.components if c.name == name)

    def wait_for_restart(self, name, before):
        """Ready again, with the node started once more than `before`."""
        self.wait_for(SystemStatus.IDLE, lambda s: self.restarts(s, name) == before + 1)

    def test_executor_killed_while_driving(self):
        run = self.client.start(self.goal("go to the shelf"))
        self.until_driving()
        before = self.restarts(self.client.status(), "executor")
        self.process("executor_node").kill()
        self.until_still()
        wrapped = run.wait(120.0)
        self.assertEqual(wrapped.result.outcome.code, Outcome.COMPONENT_FAILED)
        self.wait_for_restart("executor", before)
        self.assertEqual(self.execute("turn left").outcome.code, Outcome.OK)

    def test_planner_killed_while_idle(self):
        before = self.restarts(self.client.status(), "planner")
        self.process("planner_node").kill()
        self.wait_for_restart("planner", before)
        self.assertEqual(self.execute("turn right").outcome.code, Outcome.OK)

    def test_perception_killed_while_idle(self):
        before = self.restarts(self.client.status(), "perception")
        self.process("perception_node").kill()
        self.wait_for_restart("perception", before)
        self.assertEqual(self.execute("go to the table").outcome.code, Outcome.OK)

    def test_state_manager_killed_while_driving(self):
        trace_id = new_trace_id()
        self.client.start(self.goal("go to the shelf", trace_id=trace_id))
        self.until_driving()
        self.process("state_manager_node").kill()
        # Stop works without the state manager.
        self.assertTrue(self.client.stop("the state manager is dead").ok)
        self.until_still()
        self.assertTrue(self.client.reset().ok)
        self.wait_for(SystemStatus.IDLE)
        # The command is accounted for, and not resumed.
        record = (
            JournalReader(journal_path("", self.namespace, {"ROS_HOME": str(self.ros_home)}))
            .details(trace_id)
            .record
        )
        self.assertEqual(record.outcome, "INTERRUPTED")
        self.assertLess(self.truth().speed, STILL)
        self.assertEqual(self.execute("turn left").outcome.code, Outcome.OK)

    def test_state_manager_hangs_while_driving(self):
        hanging = self.process("state_manager_node")
        self.client.start(self.goal("go to the bin"))
        self.until_driving()
        hanging.suspend()
        self.until_still()
        # The executor ends it, launch starts another one.
        psutil.wait_procs([hanging], timeout=60.0)
        self.assertFalse(hanging.is_running())
        self.wait_for(SystemStatus.IDLE)
        self.assertEqual(self.execute("turn left").outcome.code, Outcome.OK)

    def test_stop_needs_nobody_but_the_executor(self):
        others = [
            self.process(f"{name}_node") for name in ("perception", "planner", "state_manager")
        ]
        self.client.start(self.goal("go to the shelf"))
        self.until_driving()
        for process in others:
            process.suspend()
        self.assertTrue(self.client.stop("nobody else is there").ok)
        self.assertLess(self.truth().speed, STILL)
        for process in others:
            process.resume()
        self.wait_for(SystemStatus.STOPPED)
        self.assertTrue(self.client.reset().ok)
        self.wait_for(SystemStatus.IDLE)
        self.assertEqual(self.execute("turn left").outcome.code, Outcome.OK)
