# SPDX-License-Identifier: Apache-2.0
"""Effects: what a plan does, in a form in which two plans that do the same look the same.

Steps that follow one another in the same direction are one effect ("1 m and 1 m" is "2 m"). Which effects a plan has to
have, and which are only its way to them, is told here; whether two effects are the same, in `gate_compare`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from vla_common.contracts.skills import Condition, ObjectRef, Step

MOVES = frozenset({"move", "turn", "go_to"})
"""Skills that are a drive and nothing else."""
HANDLES = frozenset({"pick", "place", "hand_over"})
LOOKS = frozenset({"find", "look_at", "count", "describe"})
"""Skills that only look; some of them may drive to where they look."""
TALKS = frozenset({"say", "ask", "wait", "greet"})
_OPPOSITE = {"forward": "backward", "backward": "forward", "left": "right", "right": "left"}


@dataclass(frozen=True)
class Effect:
    """One thing that a plan does.

    amount: metres for `move` (positive), radians for `turn` (left positive), seconds for `wait`; side: the direction of
    a `move`. about: the thing; at: the place that it goes to, looks at or puts something on. asked: what the condition
    is about, where there is one. steps: how many steps it stands for.
    """

    skill: str
    step: Step
    amount: float = 0.0
    side: str = ""
    about: ObjectRef | None = None
    at: str = ""
    only_if: Condition = Condition.ALWAYS
    asked: ObjectRef | None = None
    steps: int = 1

    @property
    def drives(self) -> bool:
        return self.skill in MOVES

    @property
    def physical(self) -> bool:
        """Whether the robot moves for it. A skill that nobody here knows does."""
        return self.skill not in LOOKS | TALKS

    @property
    def quantity(self) -> str:
        found = self.about.quantity if self.about is not None else ""
        return "" if found in ("one", "1") else found


def effects(steps: Sequence[Step]) -> list[Effect]:
    """In their order; what follows one another in one direction is added up."""
    found: list[Effect] = []
    asked: ObjectRef | None = None
    for step in steps:
        effect = _effect(step, asked if step.only_if else None)
        if found and _goes_on(found[-1], effect):
            last = found[-1]
            found[-1] = replace(last, amount=last.amount + effect.amount, steps=last.steps + 1)
        elif effect.skill not in ("move", "turn") or effect.amount:
            found.append(effect)
        if step.skill == "find" and not step.only_if:
            asked = effect.about
    return found


def _effect(step: Step, asked: ObjectRef | None) -> Effect:
    a = step.arguments
    about = next((value for value in a.values() if isinstance(value, ObjectRef)), None)
    place = a.get("place", a.get("target_place", ""))
    plain = Effect(step.skill, step, about=about, at=str(place), only_if=step.only_if, asked=asked)
    if step.skill == "move":
        meters, side = _number(a.get("distance")), str(a.get("direction", "forward"))
        if meters < 0:
            meters, side = -meters, _OPPOSITE.get(side, side)
        return replace(plain, amount=meters, side=side)
    if step.skill == "turn":
        return replace(plain, amount=_number(a.get("angle")))
    if step.skill == "wait":
        return replace(plain, amount=_number(a.get("duration")))
    return plain


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) else 0.0


def _goes_on(last: Effect, effect: Effect) -> bool:
    if (last.skill, last.only_if) != (effect.skill, effect.only_if) or last.asked != effect.asked:
        return False
    if effect.skill == "turn":
        return last.amount * effect.amount > 0
    return effect.skill == "wait" or (effect.skill == "move" and last.side == effect.side)


def is_way(plan: Sequence[Effect], index: int) -> bool:
    """Whether an effect of a plan is only its way to what follows: driving to, or looking for, what is then handled or
    looked at.
    """
    effect = plan[index]
    if effect.skill == "go_to":
        return any(_is_there(effect, later) for later in _until_drive(plan, index))
    if effect.skill in ("find", "look_at") and not _is_a_question(plan, index):
        return any(
            later.about is not None
            and effect.about is not None
            and later.skill != effect.skill
            and akin(effect.about, later.about)
            for later in plan[index + 1 :]
        )
    return False


def _is_a_question(plan: Sequence[Effect], index: int) -> bool:
    """Whether a later step depends on this find."""
    if plan[index].skill != "find" or plan[index].only_if:
        return False
    for later in plan[index + 1 :]:
        if later.only_if:
            return True
        if later.skill == "find":
            return False
    return False


def _until_drive(plan: Sequence[Effect], index: int) -> Iterator[Effect]:
    """What is done after a drive, before the next one."""
    for later in plan[index + 1 :]:
        if later.drives:
            return
        yield later


def _is_there(drive: Effect, later: Effect) -> bool:
    if later.skill not in HANDLES | LOOKS:
        return False
    if drive.about is not None:
        return later.about is not None and akin(drive.about, later.about)
    if not drive.at:
        return False
    return drive.at == later.at or (later.about is not None and later.about.place == drive.at)


def akin(one: ObjectRef, other: ObjectRef) -> bool:
    """Whether two references may mean one thing: nothing that both say differs."""
    if one.id and other.id:
        return one.id == other.id
    if one.label and other.label and one.label != other.label:
        return False
    if one.place and other.place and one.place != other.place:
        return False
    mine, others = set(one.attributes), set(other.attributes)
    return mine <= others or others <= mine
