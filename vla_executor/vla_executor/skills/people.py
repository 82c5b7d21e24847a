# SPDX-License-Identifier: Apache-2.0
"""Skills that need to see or hear people. They are listed, so that a planner can say why not."""

from __future__ import annotations

from vla_executor.skills import catalog
from vla_executor.skills.skill import Skill


class HandOver(Skill):
    spec = catalog.HAND_OVER


class Follow(Skill):
    spec = catalog.FOLLOW


class Guide(Skill):
    spec = catalog.GUIDE


class Greet(Skill):
    spec = catalog.GREET


class Ask(Skill):
    spec = catalog.ASK
