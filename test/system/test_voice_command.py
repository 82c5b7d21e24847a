# SPDX-License-Identifier: Apache-2.0
"""A spoken command from end to end: a WAV file in place of the microphone, judged by the simulator's ground truth."""

import tempfile
from pathlib import Path

import pytest

from vla_bringup.cli.verdict import judge
from vla_bringup.client.ros.spoken_command_client import SpokenCommand, write_command
from vla_common.contracts.outcomes import OK
from vla_testing.system.system_case import LONG_S, SystemCase

COMMAND = "go to the table, find a red object, and pick it up"
HEARD_S = 120.0
FOLDER = tempfile.TemporaryDirectory()

pytestmark = pytest.mark.system


class TestVoiceCommand(SystemCase):
    @classmethod
    def launch_arguments(cls):
        sound = Path(FOLDER.name) / "command.wav"
        write_command(COMMAND, sound)
        # The file begins when the system is ready; the test follows from its first word on.
        return {"seed": "3", "speed": "2", "speech": "true", "audio_file": str(sound)}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.spoken = SpokenCommand(cls.client)

    def test_go_find_pick(self):
        before = self.truth()
        heard = self.spoken.wait_heard(HEARD_S)
        self.assertTrue(heard.text.startswith("go to the table"), heard)
        self.assertEqual(heard.result, OK)
        self.assertGreater(heard.confidence, 0.5)
        self.assertTrue(heard.trace_id)
        result = self.spoken.wait_end(LONG_S)
        self.assertEqual(result, OK)
        plan = self.spoken.plan
        self.assertEqual([step.skill for step in plan.steps], ["go_to", "find", "pick"])
        self.assertEqual(plan.trace_id, heard.trace_id)
        for check in judge(plan.steps, before, self.truth()):
            self.assertTrue(check.ok, f"{check.what}: {check.found}")
