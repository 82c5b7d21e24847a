# SPDX-License-Identifier: Apache-2.0
"""What the steps of a plan have to do with one another: conditions, and parts that are carried out several times.

A block is a part of a plan that is carried out or left out as a whole: steps that run together (`grouping`), or
everything from a `pick` of several things to the `place` or `hand_over` after it. Decides from the steps alone whether
they make sense; nothing has moved when a plan is refused here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from vla_common.contracts.outcomes import Code, VlaError
from vla_common.contracts.skills import Condition, ObjectRef
from vla_executor.plan.grouping import Member, StepError, groups_of, label

QUESTION, TAKE, GIVE = "find", "pick", frozenset({"place", "hand_over"})
SINGLE = ("", "one", "1")
ALL = "all"


@dataclass(frozen=True)
class Rounds:
    """Steps first to last are carried out once for each thing. wanted: how many; None: all there are.

    ref: which things, without the quantity.
    """

    first: int
    last: int
    ref: ObjectRef
    wanted: int | None


@dataclass(frozen=True)
class PlanSegment:
    """groups: indices of the steps that run together, in order. asks: the `find` on whose answer only_if depends."""

    groups: tuple[tuple[int, ...], ...]
    only_if: Condition = Condition.ALWAYS
    asks: int | None = None
    rounds: Rounds | None = None

    @property
    def steps(self) -> tuple[int, ...]:
        return tuple(index for group in self.groups for index in group)


def count_of(quantity: str) -> int | None:
    """How many things a quantity means; None for all. Errors: INVALID_ARGUMENT."""
    if quantity in SINGLE:
        return 1
    if quantity == ALL:
        return None
    number = int(quantity) if quantity.isascii() and quantity.isdigit() else 0
    if number < 1:
        raise VlaError(
            Code.INVALID_ARGUMENT,
            f"A quantity is 'all' or a number from 1 on in digits, not {quantity[:40]!r}.",
        )
    return number


def one_of(ref: ObjectRef) -> ObjectRef:
    """The same words about a single thing."""
    return replace(ref, quantity="")


def segments_of(steps: Sequence[Member], max_rounds: int) -> list[PlanSegment]:
    """The blocks of a plan, in order. Errors: StepError with INVALID_PLAN; those of `count_of`."""
    groups = groups_of(steps)
    asks = _questions(steps, groups)
    blocks: list[PlanSegment] = []
    waiting = groups
    while waiting:
        group = waiting[0]
        rounds = _rounds(steps, group, max_rounds)
        taken = 1
        if rounds is not None:
            taken += next(n for n, other in enumerate(waiting) if rounds.last in other)
            _check_rounds(steps, rounds, waiting[:taken], asks)
        blocks.append(
            PlanSegment(
                tuple(tuple(indices) for indices in waiting[:taken]),
                steps[group[0]].only_if,
                asks[group[0]],
                rounds,
            )
        )
        waiting = waiting[taken:]
    return blocks


def _questions(steps: Sequence[Member], groups: Sequence[Sequence[int]]) -> list[int | None]:
    """For each step the `find` that its condition asks about; None for a step without condition."""
    asks: list[int | None] = []
    last: int | None = None
    for index, step in enumerate(steps):
        if step.only_if is Condition.ALWAYS:
            asks.append(None)
            if step.skill == QUESTION:
                last = index
            continue
        if last is None:
            raise _refused(
                index,
                f"{label(index, step.skill).capitalize()} has a condition, but no 'find' without a condition "
                "of its own comes before it.",
            )
        asks.append(last)
    for group in groups:
        for index in group[1:]:
            if steps[index].only_if is not steps[group[0]].only_if:
                raise _refused(
                    index,
                    f"{label(group[0], steps[group[0]].skill).capitalize()} and "
                    f"{label(index, steps[index].skill)} run together, so they need the same condition.",
                )
    return asks


def _rounds(steps: Sequence[Member], group: Sequence[int], limit: int) -> Rounds | None:
    """The rounds that a step of this group opens, if any."""
    for index in group:
        step = steps[index]
        if step.skill != TAKE or step.object is None:
            continue
        wanted = count_of(step.object.quantity)
        if wanted == 1:
            continue
        if wanted is not None and wanted > limit:
            raise _refused(
                index,
                f"{wanted} things are more than one plan moves: at most {limit} (executor.max_group_rounds).",
            )
        if index != group[0]:
            raise _refused(
                index,
                f"{label(index, TAKE).capitalize()} is carried out several times, so it can't run together "
                f"with {label(group[0], steps[group[0]].skill)}.",
            )
        last = next((n for n in range(index + 1, len(steps)) if steps[n].skill in GIVE), None)
        if last is None:
            raise _refused(
                index,
                f"{label(index, TAKE).capitalize()} takes several things, one at a time, but no 'place' or "
                "'hand_over' comes after it.",
            )
        return Rounds(index, last, one_of(step.object), wanted)
    return None


def _check_rounds(
    steps: Sequence[Member],
    rounds: Rounds,
    groups: Sequence[Sequence[int]],
    asks: Sequence[int | None],
) -> None:
    opening = f"{label(rounds.first, TAKE)} and {label(rounds.last, steps[rounds.last].skill)}"
    inside = [index for group in groups for index in group]
    for index in inside[1:]:
        name = label(index, steps[index].skill).capitalize()
        if steps[index].skill == TAKE:
            raise _refused(index, f"{name} takes something else between {opening}.")
        if (steps[index].only_if, asks[index]) != (steps[inside[0]].only_if, asks[inside[0]]):
            raise _refused(
                index, f"{name} has another condition than the steps that it belongs to."
            )
    for index, asked in enumerate(asks):
        if asked in inside:
            name = label(index, steps[index].skill).capitalize()
            raise _refused(
                index,
                f"The condition of {name.lower()} depends on {label(asked, QUESTION)}, which is carried out "
                "several times.",
            )


def _refused(index: int, sentence: str) -> StepError:
    return StepError(index, VlaError(Code.INVALID_PLAN, sentence).result)
