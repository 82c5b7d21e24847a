# SPDX-License-Identifier: Apache-2.0
"""Skills: the base class that plug-ins extend, and the built-in ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vla_common.public_names import public

if TYPE_CHECKING:
    from vla_executor.skills.context import SkillContext as SkillContext
    from vla_executor.skills.skill import Skill as Skill
    from vla_executor.skills.skill import SkillRegistry as SkillRegistry
    from vla_executor.skills.skill import base_catalog as base_catalog
    from vla_executor.skills.skill import load_skills as load_skills

__all__ = [
    "Skill",
    "SkillContext",
    "SkillRegistry",
    "base_catalog",
    "load_skills",
]

__getattr__ = public(
    __name__,
    {
        "Skill": "vla_executor.skills.skill",
        "SkillContext": "vla_executor.skills.context",
        "SkillRegistry": "vla_executor.skills.skill",
        "base_catalog": "vla_executor.skills.skill",
        "load_skills": "vla_executor.skills.skill",
    },
)
