# SPDX-License-Identifier: Apache-2.0
"""Skills that need to see or hear people. They are listed, so that a planner can say why not."""

from __future__ import annotations

from vla_executor.skills import catalog
from vla_executor.skills.skill import Skill


class HandOver(Skill):
    """Would give what is held to a person."""

    spec = catalog.HAND_OVER


class Follow(Skill):
    """Would follow a person."""

    spec = catalog.FOLLOW


class Guide(Skill):
    """Would lead a person to a place."""

    spec = catalog.GUIDE


class Greet(Skill):
    """Would greet a person."""

    spec = catalog.GREET


class Ask(Skill):
    """Would ask a person something and take the answer."""

    spec = catalog.ASK
