# SPDX-License-Identifier: Apache-2.0
"""Carries out validated plans: skills, guard, plan runner, stop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vla_common.public_names import public

if TYPE_CHECKING:
    from vla_executor.robot.fake_robot import FakeRobot as FakeRobot
    from vla_executor.robot.robot import Robot as Robot
    from vla_executor.skills.context import SkillContext as SkillContext
    from vla_executor.skills.skill import Skill as Skill
    from vla_executor.skills.skill import SkillRegistry as SkillRegistry

__all__ = [
    "FakeRobot",
    "Robot",
    "Skill",
    "SkillContext",
    "SkillRegistry",
]

__getattr__ = public(
    __name__,
    {
        "FakeRobot": "vla_executor.robot.fake_robot",
        "Robot": "vla_executor.robot.robot",
        "Skill": "vla_executor.skills.skill",
        "SkillContext": "vla_executor.skills.context",
        "SkillRegistry": "vla_executor.skills.skill",
    },
)
