# SPDX-License-Identifier: Apache-2.0
"""Whether what was asked for is really the case, by the simulator's ground truth before and after.

Knows nothing of what the system believes: only the plan's steps say what was asked for.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from vla_common.contracts.scene import SceneObject, matches
from vla_common.contracts.skills import Condition, ObjectRef, Step

MOVE_TOLERANCE_M = 0.10
TURN_TOLERANCE_RAD = 0.12
AT_PLACE_M = 1.2
STANDSTILL_MPS = 0.02


@dataclass(frozen=True)
class Truth:
    """One look at the simulator. pose: x, y (m), yaw (rad) of the base; speed: m/s and rad/s together, joints too."""

    objects: tuple[SceneObject, ...]
    pose: tuple[float, float, float]
    speed: float
    held: str
    places: tuple[
        tuple[str, float, float, float, float], ...
    ] = ()  # name, x, y, half diagonal (m), height (m)


@dataclass(frozen=True)
class Check:
    """One thing that had to become true."""

    what: str
    ok: bool
    found: str


def judge(steps: Sequence[Step], before: Truth, after: Truth) -> list[Check]:
    """One check for each effect that the plan leaves behind, and that the robot stands still at the end.

    Which branch of a condition had to be taken is decided by ground truth as well.
    """
    steps = _meant(steps, before)
    checks = [
        Check(
            "the robot stands still",
            after.speed < STANDSTILL_MPS,
            f"speed {after.speed:.3f}",
        )
    ]
    held: ObjectRef | None = None
    picked: list[tuple[ObjectRef, Step]] = []
    for step in steps:
        if step.skill == "pick":
            held = _reference(step)
        elif step.skill in ("place", "hand_over") and held is not None:
            picked.append((held, step))
            held = None
    if held is not None:
        checks.append(_check_held(held, before, after))
    elif any(step.skill == "pick" for step in steps):
        checks.append(
            Check("the hand is empty", not after.held, f"it holds {after.held or 'nothing'}")
        )
    checks += [_check_placed(ref, step, before, after) for ref, step in picked]
    checks += _check_motion(steps, before, after)
    return checks


def _meant(steps: Sequence[Step], before: Truth) -> list[Step]:
    """The steps that had to be carried out in the world as it was before."""
    answer = Condition.ALWAYS
    kept = []
    for step in steps:
        if step.skill == "find" and not step.only_if:
            seen = bool(_candidates(_reference(step), before))
            answer = Condition.FOUND if seen else Condition.NOT_FOUND
        if step.only_if in (Condition.ALWAYS, answer):
            kept.append(step)
    return kept


def _reference(step: Step) -> ObjectRef:
    value = step.arguments.get("object")
    return value if isinstance(value, ObjectRef) else ObjectRef()


def _candidates(ref: ObjectRef, truth: Truth) -> set[str]:
    """Bodies that fit the words in the world as it was before."""
    return {item.id for item in truth.objects if matches(item, ref)}


def _check_held(ref: ObjectRef, before: Truth, after: Truth) -> Check:
    what = f"the hand holds: {ref.describe()}"
    found = f"it holds {after.held or 'nothing'}"
    return Check(what, bool(after.held) and after.held in _candidates(ref, before), found)


def _check_placed(ref: ObjectRef, step: Step, before: Truth, after: Truth) -> Check:
    place = step.arguments.get("target_place")
    wanted = _candidates(ref, before)
    if isinstance(place, str):
        there = {item.id for item in after.objects if item.place == place and not item.held}
        was = {item.id for item in before.objects if item.place == place}
        moved = (wanted & there) - was
        what = f"{ref.describe()} is at the {place}"
        found = f"newly there: {', '.join(sorted(there - was)) or 'nothing'}"
        return Check(what, _enough(ref, moved, wanted - was), found)
    target = step.arguments.get("target_object")
    anchor = _candidates(target, before) if isinstance(target, ObjectRef) else set()
    positions = {item.id: item.position for item in after.objects if not item.held}
    start = {item.id: item.position for item in before.objects}
    near = [
        (a, b)
        for a in sorted(wanted & positions.keys())
        for b in sorted(anchor & positions.keys())
        if a != b
        and math.dist(positions[a], positions[b]) < 0.35
        and math.dist(positions[a], start[a]) > 0.03
    ]
    moved = {a for a, _ in near}
    found = ", ".join(f"{a} beside {b}" for a, b in near) or "nothing moved there"
    what = f"{ref.describe()} is {step.arguments.get('relation')} the target"
    return Check(what, _enough(ref, moved, wanted - anchor), found)


def _enough(ref: ObjectRef, moved: set[str], wanted: set[str]) -> bool:
    """As many as were asked for: one, a number, or all of those that were not there before."""
    if ref.quantity == "all":
        return bool(moved) and moved == wanted
    if ref.quantity.isdecimal():
        return len(moved) == int(ref.quantity)
    return bool(moved)


def _check_motion(steps: Sequence[Step], before: Truth, after: Truth) -> list[Check]:
    """Only for plans that do nothing but drive: other steps move the base as they need."""
    if not steps or any(step.skill not in ("move", "turn", "wait", "say") for step in steps):
        last = steps[-1] if steps else None
        if (
            last is not None
            and last.skill == "go_to"
            and isinstance(last.arguments.get("place"), str)
        ):
            return [_check_at(str(last.arguments["place"]), after)]
        return []
    x, y, yaw = before.pose
    for step in steps:
        if step.skill == "turn":
            yaw += float(step.arguments["angle"])  # type: ignore[arg-type]
        elif step.skill == "move":
            distance = float(step.arguments["distance"])  # type: ignore[arg-type]
            side = {"backward": math.pi, "left": math.pi / 2, "right": -math.pi / 2}
            heading = yaw + side.get(str(step.arguments.get("direction", "forward")), 0.0)
            x += distance * math.cos(heading)
            y += distance * math.sin(heading)
    off = math.hypot(after.pose[0] - x, after.pose[1] - y)
    turn = abs(math.remainder(after.pose[2] - yaw, math.tau))
    return [
        Check("the robot is where it was sent", off < MOVE_TOLERANCE_M, f"{off * 100:.1f} cm off"),
        Check(
            "the robot faces where it was turned",
            turn < TURN_TOLERANCE_RAD,
            f"{math.degrees(turn):.1f} deg off",
        ),
    ]


def _check_at(name: str, after: Truth) -> Check:
    for place, x, y, reach, _ in after.places:
        if place == name:
            distance = math.hypot(after.pose[0] - x, after.pose[1] - y)
            return Check(
                f"the robot is at the {name}",
                distance < reach + AT_PLACE_M,
                f"{distance:.2f} m away",
            )
    return Check(f"the robot is at the {name}", False, "there is no such place")
