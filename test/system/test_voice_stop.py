# SPDX-License-Identifier: Apache-2.0
"""Spoken words while the robot drives: near misses let it drive on, a stop word stops it, by ground truth."""

import tempfile
from pathlib import Path

import pytest
from ament_index_python.packages import get_package_share_directory
from vla_interfaces.msg import ExecutionState, Outcome, SystemStatus

from vla_common.ros.qos import LATCHED
from vla_testing.corpus.played_microphone import PlayedMicrophone, own_sound_config
from vla_testing.corpus.spoken_corpus import Kind, make_clip
from vla_testing.system.system_case import LONG_S, SystemCase

FOLDER = tempfile.TemporaryDirectory()
SPOKEN_S = 60.0

pytestmark = pytest.mark.system


class TestVoiceStop(SystemCase):
    @classmethod
    def launch_arguments(cls):
        world = Path(get_package_share_directory("vla_sim")) / "worlds" / "two_cups.yaml"
        config = own_sound_config(Path(FOLDER.name))
        return {"world": str(world), "speech": "true", "config_file": config}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.microphone = PlayedMicrophone(cls.client.node)
        cls.states = []
        cls.client.node.create_subscription(
            ExecutionState, "execution_state", lambda m: cls.states.append(m.state), LATCHED
        )

    @classmethod
    def tearDownClass(cls):
        cls.microphone.close()
        super().tearDownClass()

    def say(self, text: str, kind: Kind):
        return self.microphone.say(make_clip(1, 0, text, kind, "en-us", 160))

    def test_a_stop_word_stops_the_driving_robot(self):
        run = self.client.start(
            self.goal("go to the bin, then go to the side table, then go to the bin")
        )
        self.until_driving()
        self.say("go to the bus stop", Kind.NEAR_STOP).wait(SPOKEN_S)
        self.assertNotIn(ExecutionState.STOPPED, self.states)
        self.until_driving()
        self.say("stop", Kind.STOP)
        wrapped = run.wait(LONG_S)
        self.assertEqual(wrapped.result.outcome.code, Outcome.STOPPED)
        self.until_still()
        self.assertIn(ExecutionState.STOPPED, self.states)
        self.wait_for(SystemStatus.STOPPED)
        self.assertTrue(self.client.reset().ok)
        self.wait_for(SystemStatus.IDLE)
        self.until_still()
