# SPDX-License-Identifier: Apache-2.0
"""A skill plug-in as somebody else would write it: a distribution of its own that no package of the workspace knows.

It is found because this folder is on the PYTHONPATH of the executor, with the entry point in `nodding-1.0.dist-info`.
"""

from __future__ import annotations

from vla_common.contracts.skills import ParameterType, SkillParameter, SkillSpec
from vla_executor.search.observing import place_named
from vla_executor.skills.context import SkillContext
from vla_executor.skills.skill import Skill

DEFAULT_DEPTH_M = 0.3
REACH_M, MIDDLE_M = 1.2, 0.8
"""Where the head looks: ahead on the floor, and how high."""


class Nod(Skill):
    """Moves the head down and up again; says how far it went."""

    spec = SkillSpec(
        "nod",
        "Move the head down and up.",
        (
            SkillParameter(
                "depth",
                ParameterType.FLOAT,
                "how far down the robot looks, from the middle",
                unit="m",
                required=False,
                minimum=0.05,
                maximum=0.6,
            ),
            SkillParameter(
                "place", ParameterType.PLACE, "what to nod at; left out: ahead", required=False
            ),
            SkillParameter(
                "manner",
                ParameterType.STRING,
                "how it is meant",
                required=False,
                choices=("politely", "sternly"),
            ),
        ),
        frozenset({"head", "speaker"}),
        phrases=("nod", "nod your head", "give a nod"),
    )

    def check(self, context: SkillContext) -> None:
        if "place" in context.arguments:
            place_named(context, context.text("place"))

    def run(self, context: SkillContext) -> None:
        depth = float(context.number("depth")) if "depth" in context.arguments else DEFAULT_DEPTH_M
        x, y = context.base().to_outer(REACH_M, 0.0)
        if "place" in context.arguments:
            x, y, _ = place_named(context, context.text("place")).position
        for height in (MIDDLE_M - depth, MIDDLE_M):
            context.point_head((x, y, height))
        manner = f" {context.text('manner')}" if "manner" in context.arguments else ""
        context.tell(f"I nodded{manner} by {depth:g} m.")
