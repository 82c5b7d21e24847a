"""Skills that need to see or hear people. They are listed, so that a planner can say why not."""

from __future__ import annotations

from vla_executor import catalogue
from vla_executor.skills import Skill


class HandOver(Skill):
    spec = catalogue.HAND_OVER


class Follow(Skill):
    spec = catalogue.FOLLOW


class Guide(Skill):
    spec = catalogue.GUIDE


class Greet(Skill):
    spec = catalogue.GREET


class Ask(Skill):
    spec = catalogue.ASK
