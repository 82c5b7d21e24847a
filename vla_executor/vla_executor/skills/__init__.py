# SPDX-License-Identifier: Apache-2.0
"""Skills: the base class that plug-ins extend, and the built-in ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vla_common.public_names import public

if TYPE_CHECKING:
    from vla_common.contracts.skills import ParameterType as ParameterType
    from vla_common.contracts.skills import RiskTier as RiskTier
    from vla_common.contracts.skills import SkillParameter as SkillParameter
    from vla_common.contracts.skills import SkillSpec as SkillSpec
    from vla_executor.skills.context import SkillContext as SkillContext
    from vla_executor.skills.skill import Skill as Skill
    from vla_executor.skills.skill import SkillRegistry as SkillRegistry
    from vla_executor.skills.skill import base_catalog as base_catalog
    from vla_executor.skills.skill import load_skills as load_skills

__all__ = [
    "ParameterType",
    "RiskTier",
    "Skill",
    "SkillContext",
    "SkillParameter",
    "SkillRegistry",
    "SkillSpec",
    "base_catalog",
    "load_skills",
]

__getattr__ = public(
    __name__,
    {
        "ParameterType": "vla_common.contracts.skills",
        "RiskTier": "vla_common.contracts.skills",
        "SkillParameter": "vla_common.contracts.skills",
        "SkillSpec": "vla_common.contracts.skills",
        "Skill": "vla_executor.skills.skill",
        "SkillContext": "vla_executor.skills.context",
        "SkillRegistry": "vla_executor.skills.skill",
        "base_catalog": "vla_executor.skills.skill",
        "load_skills": "vla_executor.skills.skill",
    },
)
