# SPDX-License-Identifier: Apache-2.0
"""All stages in one process: what `composed:=true` starts. The simulator stays on its own.

Arguments before `--ros-args`: names of further stages, out of `FURTHER`.
"""

from __future__ import annotations

import importlib
import sys

from vla_common.ros.spin import main as spin_main

FURTHER = {
    "audio_source": ("vla_speech.ros.audio_source_node", "AudioSourceNode"),
    "speech": ("vla_speech.ros.speech_node", "SpeechNode"),
    "speaker": ("vla_speech.ros.speaker_node", "SpeakerNode"),
}


def further(arguments: list[str]) -> list[type]:
    """The classes of the stages that the arguments name; nothing else is imported."""
    plain = arguments[: arguments.index("--ros-args")] if "--ros-args" in arguments else arguments
    return [getattr(importlib.import_module(FURTHER[name][0]), FURTHER[name][1]) for name in plain]


def main() -> None:
    from vla_bringup.ros.state_manager_node import StateManagerNode
    from vla_executor.ros.executor_node import ExecutorNode
    from vla_perception.ros.perception_node import PerceptionNode
    from vla_planner.ros.planner_node import PlannerNode

    more = further(sys.argv[1:])
    spin_main(PerceptionNode, PlannerNode, ExecutorNode, *more, StateManagerNode, threads=20)
