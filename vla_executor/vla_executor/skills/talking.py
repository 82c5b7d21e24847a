# SPDX-License-Identifier: Apache-2.0
"""Skills without movement: say, wait."""

from __future__ import annotations

from vla_executor.skills import catalog
from vla_executor.skills.context import SkillContext
from vla_executor.skills.skill import Skill


class Say(Skill):
    """Published as feedback; whether it was heard is not known, so it is never verified."""

    spec = catalog.SAY

    def sentence(self, context: SkillContext) -> str:
        return ""

    def run(self, context: SkillContext) -> None:
        context.tell(context.text("text"))


class Wait(Skill):
    """Lets time of the robot's clock pass."""

    spec = catalog.WAIT

    def sentence(self, context: SkillContext) -> str:
        return f"Waiting for {context.number('duration'):g} s."

    def timeout_s(self, context: SkillContext) -> float:
        return context.number("duration") * 2 + context.config.step_timeout_s

    def run(self, context: SkillContext) -> None:
        context.robot.wait(context.number("duration"), context.token)

    def verify(self, context: SkillContext) -> bool:
        return True
