# SPDX-License-Identifier: Apache-2.0
"""Looking for a thing until it is seen, and which of the things seen is meant.

Which object fits the words is decided by perception. Here: only what was seen in a look taken now counts. What the
words meant before they mean again, as long as it is there: known again by its id, or by its kind and where it was.
Words that single out one thing by its relation to others ("nearest", "left of the bowl") mean the thing that they
meant where they were first used, however they would read from where the robot stands by now. Otherwise rather what the
gripper takes, then the nearest. What a part of a plan that moves several things has moved already is left out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from vla_common.contracts.outcomes import Code, VlaError
from vla_common.contracts.scene import Place, SceneObject
from vla_common.contracts.skills import ObjectRef
from vla_executor.plan.plan_segments import count_of, one_of
from vla_executor.robot import driving
from vla_executor.robot.robot import View
from vla_executor.search import observing
from vla_executor.skills import wording
from vla_executor.skills.context import SkillContext
from vla_executor.spatial.geometry import Point3, Pose2

SUPERLATIVES = frozenset({"nearest", "closest", "farthest", "largest", "biggest"})
SUPERLATIVES |= {"smallest", "tallest", "leftmost", "rightmost"}
KNOWN_TRIED = 3
SAME_SPOT_M = 0.08
"""A thing of the same kind and colour this near to where one was is that one."""
TWICE_M = 0.03
"""Things whose middles are nearer than this are one thing with two ids."""


class NotThereError(VlaError):
    """It was looked for and is not there. Raised only after looks; nothing went wrong.

    answer: what a person is told who has asked.
    """

    def __init__(self, message: str, answer: str) -> None:
        super().__init__(Code.OBJECT_NOT_FOUND, message)
        self.answer = answer


def search(
    context: SkillContext,
    ref: ObjectRef,
    *,
    moving: bool,
    first: Sequence[Point3] = (),
    next_one: bool = False,
) -> SceneObject:
    """Look until something that fits is seen, and remember it. Errors: NotThereError.

    moving: the base may turn, and go to the place that is named. first: where to look first. next_one: of several
    things that are meant, one that has gone is passed over. The quantity is not looked at.
    """
    return _Search(context, one_of(ref), moving, first).run(None, next_one)[0]


def search_several(context: SkillContext, ref: ObjectRef) -> list[SceneObject]:
    """Look until as many are seen as the quantity says, for "all" one; all that were seen. Errors: NotThereError."""
    return _Search(context, one_of(ref), True, ()).run(count_of(ref.quantity) or 1)


def too_wide(item: SceneObject, context: SkillContext) -> bool:
    """Whether the gripper can't take it, either way round."""
    return min(item.size[:2]) > context.config.gripper_max_width_m


def same(items: Iterable[SceneObject], item: SceneObject) -> SceneObject | None:
    """Which of these is that thing, by its id, or by its kind and where it was."""
    items = list(items)
    by_id = next((other for other in items if other.id == item.id), None)
    alike = [
        other
        for other in items
        if (other.label, other.color) == (item.label, item.color)
        and math.dist(other.position, item.position) <= SAME_SPOT_M
    ]
    return by_id or min(
        alike, key=lambda other: math.dist(other.position, item.position), default=None
    )


def still_seen(context: SkillContext, ref: ObjectRef) -> bool:
    """Whether a look taken now, without turning anything, shows what these words mean."""
    meant = context.memory.meant(ref)
    items = observing.look(context, _without_relation(ref)).objects
    return any(same(items, item) is not None for item in meant[:1])


def _without_relation(ref: ObjectRef) -> ObjectRef:
    """Words that still fit when robot and things have moved."""
    return replace(one_of(ref), relation="", reference=())


def _is_superlative(ref: ObjectRef) -> bool:
    return not ref.id and ref.relation.strip().lower() in SUPERLATIVES


class _Search:
    """One search. `ref` is without quantity."""

    def __init__(
        self, context: SkillContext, ref: ObjectRef, moving: bool, first: Sequence[Point3]
    ) -> None:
        self._context, self._ref, self._moving, self._first = context, ref, moving, first
        self._looks = 0
        self._refused: list[Point3] = []
        self._found: dict[str, SceneObject] = {}
        self._left_out: Callable[[SceneObject], bool] = lambda item: False
        self._left_out = self._leaving_out()
        meant = [item for item in context.memory.meant(ref) if not self._left_out(item)]
        self._meant = meant[0] if meant else None
        self._later = meant[1:]

    def run(self, count: int | None, next_one: bool = False) -> list[SceneObject]:
        """At least so many things, or the one that is meant. Errors: NotThereError."""
        memory, ref = self._context.memory, self._ref
        try:
            items = self._meant_ones(next_one) if ref.relation else []
            if not items and _is_superlative(ref):
                items = self._foremost(count or 1)
            elif not items:
                items = self._any(count)
        except NotThereError:
            memory.mean(ref)
            raise
        memory.mean(ref, *items)
        return items

    # --- three ways to choose -----------------------------------------------------------------

    def _meant_ones(self, next_one: bool) -> list[SceneObject]:
        """What was singled out before, the first seen again just now; nothing when that was nothing.

        next_one: nothing also when all of it has gone, unless that many and no others were singled out.
        """
        moved = self._context.memory.moved
        counted = moved is not None and moved.rounds.wanted is not None
        while self._meant is not None:
            try:
                return [self._again(self._meant), *self._later]
            except NotThereError as error:
                last = not self._later
                if not next_one or (last and counted and _is_superlative(self._ref)):
                    raise
                self._context.report(error.answer, 0.0)
            # That look was for things of that kind, wherever they are.
            self._found.clear()
            self._meant = None if last else self._later[0]
            self._later = self._later[1:]
        return []

    def _any(self, count: int | None) -> list[SceneObject]:
        """The first that are seen and fit."""

        def points() -> Iterator[Point3]:
            yield from self._first
            yield from self._at_known()
            for stand in self._around():
                yield from stand

        for view in self._looks_at(self._ref, points()):
            if count is None and view.objects:
                again = None if self._meant is None else same(view.objects, self._meant)
                # Perception's own order counts for relations.
                best = view.objects[0] if self._ref.relation else self._ordered(view.objects)[0]
                return [again or best]
            if count is not None and len(self._found) >= count:
                return self._ordered(self._found.values())
        raise self._not_there(count or 1)

    def _foremost(self, count: int) -> list[SceneObject]:
        """The foremost by a property of which all have more or less.

        All that are seen from one spot are compared, with those that are known to be elsewhere.
        """
        chosen: list[SceneObject] = []
        visited: set[str] = set()

        def points() -> Iterator[Point3]:
            yield from self._first
            base = self._context.base()
            for item in self._known(self._ref):
                if observing.in_view(base, item.position):
                    yield item.position
            for stand in self._around():
                yield from stand
                chosen[:] = self._ranked(visited)[:count]
                if len(chosen) == count:
                    return

        for _ in self._looks_at(self._ref, points()):
            pass
        if len(chosen) < count:
            raise self._not_there(count)
        return chosen

    def _ranked(self, visited: set[str]) -> list[SceneObject]:
        """Best first, as it is from here; what is only remembered is looked at before it counts."""
        chosen: list[SceneObject] = []
        for item in self._known(self._ref):
            now = self._found.get(item.id)
            new = item.id not in visited and len(visited) < KNOWN_TRIED
            if now is None and self._moving and new:
                visited.add(item.id)
                observing.go_and_face(self._context, item)
                for view in self._looks_at(self._ref, [item.position]):
                    now = same(view.objects, item)
            if now is not None:
                chosen.append(now)
        return chosen

    def _again(self, item: SceneObject) -> SceneObject:
        """That very thing."""
        context = self._context

        def points() -> Iterator[Point3]:
            yield from self._first
            if not observing.in_view(context.base(), item.position) and self._moving:
                observing.go_and_face(context, item)
            yield item.position
            for stand in self._around():
                yield from stand

        for view in self._looks_at(_without_relation(self._ref), points()):
            now = same(view.objects, item)
            if now is not None:
                return now
        if self._refused:
            saw = f"I did not see the {item.describe()} that was meant again"
            raise observing.not_everywhere(saw, self._refused)
        words = f"The {item.describe()} that was meant is not there any more"
        raise NotThereError(f"{words}; I looked {self._times()}.", f"{words}.")

    # --- what is seen and known ---------------------------------------------------------------

    def _looks_at(self, ref: ObjectRef, points: Iterable[Point3]) -> Iterator[View]:
        """Looks, each counted and its things kept; objects: without what is left out."""
        for view in observing.looks_at(self._context, ref, points, self._refused):
            self._looks += 1
            items = tuple(item for item in view.objects if not self._left_out(item))
            self._found.update((item.id, item) for item in items if not self._is_twice(item))
            yield replace(view, objects=items)

    def _is_twice(self, item: SceneObject) -> bool:
        return any(
            math.dist(item.position, other.position) < TWICE_M
            for name, other in self._found.items()
            if name != item.id
        )

    def _known(self, ref: ObjectRef) -> list[SceneObject]:
        """What perception remembers that fits, in its own order."""
        context = self._context
        timeout_s = context.config.query_timeout_s
        items = context.robot.query_scene(ref, False, context.token, timeout_s).objects
        return [item for item in items if not item.held and not self._left_out(item)]

    def _ordered(self, items: Iterable[SceneObject]) -> list[SceneObject]:
        """The one that was meant before first, then what fits into the gripper, then the nearest."""
        context, base = self._context, self._context.base()
        meant = self._ref.id or (self._meant.id if self._meant else "")
        return sorted(
            items,
            key=lambda item: (
                item.id != meant,
                too_wide(item, context),
                math.dist(item.position[:2], base.xy),
                item.id,
            ),
        )

    def _leaving_out(self) -> Callable[[SceneObject], bool]:
        """Which things don't count although they fit."""
        context, moved = self._context, self._context.memory.moved
        if moved is None or not moved.is_about(self._ref):
            return lambda item: False
        place = target = None
        if moved.target_place is not None:
            place = observing.place_named(context, moved.target_place)
        elif moved.target_object is not None:
            # Which one it is has to be settled before the first thing is taken, or it might be taken itself.
            if not context.memory.meant(moved.target_object):
                there = self._known(one_of(moved.target_object))
                context.memory.mean(moved.target_object, *there[:1])
            target = next(iter(context.memory.meant(moved.target_object)), None)
        return lambda item: moved.leaves_out(item, place, target)

    # --- where to look ------------------------------------------------------------------------

    def _at_known(self) -> Iterator[Point3]:
        """Where something that fits was seen before; goes and turns there where that is permitted."""
        context = self._context
        known = self._known(self._ref)
        if not self._ref.relation:
            known = self._ordered(known)
        for item in known[:KNOWN_TRIED]:
            if observing.in_view(context.base(), item.position):
                yield item.position
            elif self._moving:
                # Meant from here, so still meant when another is nearer from there.
                self._meant = self._meant or item
                observing.go_and_face(context, item)
                yield item.position

    def _around(self) -> Iterator[Iterable[Point3]]:
        """From here and then, where that is permitted, from other spots: for each where to look."""
        yield from self._stands()
        if self._moving and self._refused:
            yield observing.once_more(self._context, self._refused)

    def _stands(self) -> Iterator[Iterable[Point3]]:
        context, ref = self._context, self._ref
        base = context.base()
        if ref.place:
            place = observing.place_named(context, ref.place)
            if observing.in_view(base, place) or not self._moving:
                yield observing.gaze_points(place)
            if self._moving:
                yield self._there(place)
            return
        yield self._nearby(base)
        if not self._moving:
            return
        moved = context.memory.moved
        if moved is not None and moved.is_about(ref) and moved.sources:
            # Where the others were is the likeliest place for one that was hidden behind them.
            for name in moved.sources:
                yield self._there(observing.place_named(context, name))
            return
        turns = context.config.search_turns
        for _ in range(turns):
            driving.turn(context, 2 * math.pi / turns)
            yield observing.sweep_points(context.base())[:1]

    def _there(self, place: Place) -> list[Point3]:
        observing.go_to_view(self._context, place)
        return observing.gaze_points(place)

    def _nearby(self, base: Pose2) -> Iterator[Point3]:
        places = self._context.robot.places()
        near = [place for place in places if observing.in_view(base, place)]
        for place in sorted(near, key=lambda place: math.dist(place.position[:2], base.xy)):
            yield from observing.gaze_points(place)
        yield from observing.sweep_points(base)

    # --- sentences ----------------------------------------------------------------------------

    def _times(self) -> str:
        return "once" if self._looks == 1 else f"{self._looks} times"

    def _not_there(self, count: int) -> VlaError:
        if not self._looks:
            return VlaError(Code.EXECUTION_FAILED, "There was nowhere to look.")
        ref, moved = self._ref, self._context.memory.moved
        kind, where = wording.kind(ref), wording.where(ref)
        if self._refused:
            # What was not looked at may be where it is.
            some = f"only {wording.plural(kind, len(self._found))}" if self._found else f"no {kind}"
            return observing.not_everywhere(f"I saw {some}{where}", self._refused)
        if self._found:
            verb = "is" if len(self._found) == 1 else "are"
            words = f"There {verb} only {wording.plural(kind, len(self._found))}{where}"
            return NotThereError(
                f"{words} to be seen, not {count}; I looked {self._times()}.", f"{words}."
            )
        other = "other " if moved is not None and moved.is_about(ref) and moved.done else ""
        words = f"There is no {other}{kind}{where}"
        return NotThereError(f"{words} to be seen; I looked {self._times()}.", f"{words}.")
