# SPDX-License-Identifier: Apache-2.0
"""A new plan for the rest of a command after a step failed.

Decides whether trying again makes sense and what has to come before the failed step. The steps are the old ones:
nothing is done that the person did not ask for. How often is decided by the caller.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from vla_common.contracts.outcomes import Code, VlaError
from vla_common.contracts.scene import Scene
from vla_common.contracts.skills import Condition, ObjectRef, Step
from vla_planner.core.backend import FailedPlan
from vla_planner.core.validator import GIVES, TAKES, is_known, needs_finding

# Failures that another try can mend, by the skill that failed. Everything else is reported as it is.
_ANY_DRIVE = frozenset({Code.NAVIGATION_FAILED, Code.NAVIGATION_BLOCKED, Code.STEP_TIMEOUT})
_LOST = frozenset({Code.OBJECT_NOT_FOUND, Code.STALE_SCENE})
_PICK = _ANY_DRIVE | _LOST | {
    Code.GRASP_FAILED, Code.POSTCONDITION_FAILED, Code.UNREACHABLE, Code.PRECONDITION_FAILED, Code.EXECUTION_FAILED,
}  # fmt: skip
_PLACE = _PICK | {Code.PLACE_FAILED}
RETRIES: dict[str, frozenset[Code]] = {
    "go_to": _ANY_DRIVE | _LOST | {Code.UNREACHABLE},
    "find": _LOST | _ANY_DRIVE | {Code.NO_IMAGE, Code.NO_DEPTH, Code.NO_TRANSFORM},
    "look_at": _LOST,
    "pick": _PICK,
    "place": _PLACE,
    "hand_over": _PICK,
}


def remaining(failure: FailedPlan, holding: bool, scene: Scene) -> tuple[Step, ...]:
    """The steps of a new attempt. What the old plan had looked for before the failure is looked for again.

    Errors: the failure's own code and sentence where another try makes no sense; INVALID_REQUEST for a step
    that the plan does not have and for a failure that is none.
    """
    steps, index = failure.plan.steps, failure.step
    if not 0 <= index < len(steps):
        raise VlaError(
            Code.INVALID_REQUEST,
            f"The failed plan has {len(steps)} steps, so step {index} can't have failed.",
        )
    if failure.result.ok:
        raise VlaError(
            Code.INVALID_REQUEST, "A new plan is wanted after a failure, but the failure is OK."
        )
    failed = replace(steps[index], only_if=Condition.ALWAYS)
    if failure.result.code not in RETRIES.get(failed.skill, frozenset()):
        raise VlaError(failure.result.code, failure.result.message)
    if in_group(steps, index):
        # How many are done is not known here, and one too many must not be taken.
        raise VlaError(failure.result.code, failure.result.message)
    rest = _on_the_branch(steps, index, failure)
    before: list[Step] = []
    ref = failed.arguments.get("object")
    if failed.skill in TAKES and holding:
        rest = rest[1:]  # it is in the gripper after all
    elif failed.skill in ("find", "look_at", *TAKES) and isinstance(ref, ObjectRef):
        before = _look_again(ref, failed.skill)
    elif failed.skill in GIVES:
        before = _go_there(failed)
    if not holding and _first_gripper_skill(rest) in GIVES:
        before = _take_again(steps[:index], failure) + _last_drive(steps[:index], failed)
    if not rest:
        raise VlaError(failure.result.code, failure.result.message)
    return tuple(_with_finds([*before, *rest], steps[:index], scene))


def in_group(steps: Sequence[Step], index: int) -> bool:
    """Whether a step belongs to what is carried out for several things; no step does that is not there."""
    if not 0 <= index < len(steps):
        return False
    for step in reversed(steps[: index + 1]):
        ref = step.arguments.get("object")
        if step.skill in TAKES:
            return isinstance(ref, ObjectRef) and ref.quantity not in ("", "one", "1")
        if step.skill in GIVES and step is not steps[index]:
            return False
    return False


def _on_the_branch(steps: Sequence[Step], index: int, failure: FailedPlan) -> list[Step]:
    """The steps from the failed one on, without the conditions that were decided before it.

    Errors: the failure's own code where it can't be told which branch was taken.
    """
    taken = steps[index].only_if
    decided = any(step.skill == "find" and not step.only_if for step in steps[:index])
    rest: list[Step] = []
    for number, step in enumerate(steps[index:]):
        if step.skill == "find" and not step.only_if and (number or not taken):
            return [*rest, *steps[index + number :]]  # from here on the question is put anew
        if not step.only_if:
            rest.append(step)
        elif decided and not taken:
            raise VlaError(failure.result.code, failure.result.message)
        elif step.only_if is taken:
            rest.append(replace(step, only_if=Condition.ALWAYS))
    return rest


def _with_finds(steps: Sequence[Step], done: Sequence[Step], scene: Scene) -> Iterator[Step]:
    found: list[ObjectRef] = []
    for step in steps:
        for name, ref in step.arguments.items():
            if not isinstance(ref, ObjectRef):
                continue
            if step.skill == "find":
                found.append(ref)
            elif needs_finding(step.skill, name) and not is_known(ref, found, scene):
                if any(old.skill == "find" and old.arguments.get("object") == ref for old in done):
                    yield Step("find", {"object": ref}, only_if=step.only_if)
                    found.append(ref)
        yield step


def _look_again(ref: ObjectRef, skill: str) -> list[Step]:
    again = [Step("go_to", {"place": ref.place})] if ref.place else []
    return again if skill == "find" else [*again, Step("find", {"object": ref})]


def _go_there(failed: Step) -> list[Step]:
    place = failed.arguments.get("target_place")
    if isinstance(place, str):
        return [Step("go_to", {"place": place})]
    target = failed.arguments.get("target_object")
    return [Step("find", {"object": target})] if isinstance(target, ObjectRef) else []


def _take_again(done: Sequence[Step], failure: FailedPlan) -> list[Step]:
    """The object was lost on the way: look for it and take it, wherever it is now.

    Errors: the failure's own code where words alone don't tell which one it was, or whether it was taken at all.
    """
    for step in reversed(done):
        ref = step.arguments.get("object")
        if step.skill in TAKES and isinstance(ref, ObjectRef):
            on_the_way = failure.plan.steps[failure.step].only_if
            if step.only_if is not on_the_way or (ref.relation and not ref.id):
                raise VlaError(failure.result.code, failure.result.message)
            anywhere = replace(ref, place="", relation="", reference=())
            return [Step("find", {"object": anywhere}), Step("pick", {"object": anywhere})]
    return []


def _last_drive(done: Sequence[Step], failed: Step) -> list[Step]:
    """Back to where the failed step was to be done; the failed step itself when it was the drive."""
    if failed.skill == "go_to":
        return []
    there = _go_there(failed)
    if there:
        return there
    return [step for step in done[-1:] if step.skill == "go_to"]


def _first_gripper_skill(steps: Sequence[Step]) -> str:
    return next((step.skill for step in steps if step.skill in TAKES | GIVES), "")
