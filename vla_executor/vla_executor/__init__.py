# SPDX-License-Identifier: Apache-2.0
"""Carries out validated plans: skills, guard, plan runner, stop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vla_common.public_names import public

if TYPE_CHECKING:
    from vla_common.contracts.skills import ParameterType as ParameterType
    from vla_common.contracts.skills import RiskTier as RiskTier
    from vla_common.contracts.skills import SkillParameter as SkillParameter
    from vla_common.contracts.skills import SkillSpec as SkillSpec
    from vla_executor.robot.fake_robot import FakeRobot as FakeRobot
    from vla_executor.robot.robot import Robot as Robot
    from vla_executor.skills.context import SkillContext as SkillContext
    from vla_executor.skills.skill import Skill as Skill
    from vla_executor.skills.skill import SkillRegistry as SkillRegistry

__all__ = [
    "FakeRobot",
    "ParameterType",
    "RiskTier",
    "Robot",
    "Skill",
    "SkillContext",
    "SkillParameter",
    "SkillRegistry",
    "SkillSpec",
]

__getattr__ = public(
    __name__,
    {
        "ParameterType": "vla_common.contracts.skills",
        "RiskTier": "vla_common.contracts.skills",
        "SkillParameter": "vla_common.contracts.skills",
        "SkillSpec": "vla_common.contracts.skills",
        "FakeRobot": "vla_executor.robot.fake_robot",
        "Robot": "vla_executor.robot.robot",
        "Skill": "vla_executor.skills.skill",
        "SkillContext": "vla_executor.skills.context",
        "SkillRegistry": "vla_executor.skills.skill",
    },
)
