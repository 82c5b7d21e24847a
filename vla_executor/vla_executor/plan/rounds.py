# SPDX-License-Identifier: Apache-2.0
"""What has been moved so far where a plan moves several things, and what is therefore left out of the next look.

Decides by where a thing is rather than by its id alone: perception may give a thing that was let go another id, and
its old id to another thing. Looking and moving are for the skills, the order of the rounds for the runner.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from vla_common.contracts.outcomes import OK, Code, Result, VlaError
from vla_common.contracts.scene import Place, SceneObject
from vla_common.contracts.skills import ObjectRef
from vla_executor.plan.plan_segments import Rounds, one_of
from vla_executor.skills.wording import kind, plural, several
from vla_executor.spatial.geometry import Point3

RELEASED_M = 0.06
"""What is seen this near (seen from above) to where something was let go is that thing."""
STRAYED_M = 0.3
"""A thing with the id of one that was moved, farther than this from where it was let go, is another one."""


@dataclass(frozen=True)
class Round:
    """number: from 1; of: how many there will be, None when nobody knows yet."""

    number: int
    of: int | None

    def words(self) -> str:
        return f"Round {self.number} of {self.of}" if self.of else f"Round {self.number}"

    def share(self, part: float) -> float:
        """Part of all rounds that is done when this part of this one is; it never goes back."""
        done = self.number - 1 + part
        return done / self.of if self.of else done / (done + 1)


@dataclass
class RepeatState:
    """limit: most things moved. target_place, target_object: where they go; both None for a person."""

    rounds: Rounds
    limit: int
    target_place: str | None = None
    target_object: ObjectRef | None = None
    relation: str = ""
    verb: str = "moved"
    done: int = 0
    ids: set[str] = field(default_factory=set)
    released: list[Point3] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    """Names of places from which something was taken, the last one first."""

    @property
    def round(self) -> Round:
        return Round(self.done + 1, self.rounds.wanted)

    def is_about(self, ref: ObjectRef) -> bool:
        return one_of(ref) == self.rounds.ref

    def may_end_with(self, step: int) -> bool:
        """Whether the rounds are over when this step finds nothing any more."""
        return self.rounds.wanted is None and self.done > 0 and step == self.rounds.first

    def took(self, item: SceneObject | None) -> None:
        """It is in the hand now; None: nobody saw what it is."""
        if item is None:
            return
        self.ids.add(item.id)
        if item.place:
            self.sources = [item.place, *(name for name in self.sources if name != item.place)]

    def let_go(self, points: Iterable[Point3]) -> None:
        """Something was put down: where that was meant to be, and where it was seen afterwards."""
        self.released.extend(points)

    def leaves_out(
        self, item: SceneObject, place: Place | None = None, target: SceneObject | None = None
    ) -> bool:
        """Whether this thing was moved already, or is where the others go. place, target: what they go to."""
        if self._was_moved(item):
            return True
        if target is not None and (item.id == target.id or self._is_at(item, target)):
            return True
        # "From the table to the table": all of them are there, and only those that were moved are done.
        if place is None or place.is_called(self.rounds.ref.place):
            return False
        if item.place:
            return place.is_called(item.place)
        return place.covers(item.position[0], item.position[1])

    def _was_moved(self, item: SceneObject) -> bool:
        spots = [point[:2] for point in self.released]
        near = min((math.dist(item.position[:2], spot) for spot in spots), default=math.inf)
        if near <= RELEASED_M:
            return True
        return item.id in self.ids and (not item.visible or not self.released or near <= STRAYED_M)

    def _is_at(self, item: SceneObject, target: SceneObject) -> bool:
        if self.relation not in ("on", "in"):
            return False
        bottom = target.position[2] - target.size[2] / 2
        across = math.dist(item.position[:2], target.position[:2])
        return across < min(target.size[:2]) / 2 and item.position[2] >= bottom

    # --- sentences ----------------------------------------------------------------------------

    def count(self) -> str:
        """ "I moved 1 of 2 blocks", "I moved 3 blocks"."""
        words = kind(self.rounds.ref)
        if self.rounds.wanted is not None:
            return f"I {self.verb} {self.done} of {self.rounds.wanted} {several(words)}"
        return f"I {self.verb} {plural(words, self.done)}"

    def failed(self, result: Result) -> Result:
        """The failure of one round with what had been done before it."""
        if self.rounds.wanted is None and not self.done:
            return result
        return replace(result, message=f"{self.count()}: {result.message}")

    def finished(self) -> Result:
        """Of a search that found no more."""
        return replace(OK, message=f"{self.count()}; there are no more.")

    def check_limit(self) -> None:
        """Another one was found. Errors: EXECUTION_FAILED when that is one too many."""
        if self.done >= self.limit:
            raise VlaError(
                Code.EXECUTION_FAILED,
                f"There are more, and one plan moves at most {self.limit} things "
                "(executor.max_group_rounds).",
            )
