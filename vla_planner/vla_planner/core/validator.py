# SPDX-License-Identifier: Apache-2.0
"""The validator: what no backend gets past.

Checks proposed steps against the catalogue, the scene and the state of the gripper, and returns them with typed
arguments. Pure, without a language model; every refusal has a code and a sentence. Whether a motion is safe here
and now is decided again by the executor's guard.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from vla_common.contracts.outcomes import Code, VlaError
from vla_common.contracts.scene import ANY_LABELS, PlaceKind, Scene, matches
from vla_common.contracts.skills import (
    Argument,
    Condition,
    ObjectRef,
    ParameterType,
    RiskTier,
    SkillSpec,
    Step,
)
from vla_planner.core import in_hand
from vla_planner.core.words import listed, quoted

# Skills whose object need not be known beforehand: they are how it gets known, or say what is seen.
LOOKING = frozenset({"find", "count", "describe"})
# What the gripper holds before and after, for the skills that change it. Others leave it as it is.
TAKES = frozenset({"pick"})
GIVES = frozenset({"place", "hand_over"})
# Skills that may be asked for several things. Pick opens a group, which is carried out for each of them.
SEVERAL = frozenset({"find", "pick", "count"})
MAX_QUANTITY = 20


def validate(
    steps: Sequence[Step],
    skills: Iterable[SkillSpec],
    scene: Scene,
    *,
    holding: bool = False,
    max_steps: int = 30,
) -> tuple[Step, ...]:
    """The steps with typed arguments.

    Errors: INVALID_PLAN, TOO_MANY_STEPS, UNKNOWN_SKILL, SKILL_UNAVAILABLE, FORBIDDEN, INVALID_ARGUMENT,
    UNKNOWN_PLACE, NOT_POSSIBLE. The sentence names the step when there are several.
    """
    if not steps:
        raise VlaError(Code.INVALID_PLAN, "The plan has no steps.")
    if len(steps) > max_steps:
        raise VlaError(
            Code.TOO_MANY_STEPS,
            f"The plan has {len(steps)} steps, more than the {max_steps} allowed.",
        )
    walk = _Walk({skill.name: skill for skill in skills}, scene, holding)
    checked = []
    for index, step in enumerate(steps):
        try:
            checked.append(walk.check(step))
        except VlaError as error:
            where = f"Step {index + 1} ({step.skill[:40]}): " if len(steps) > 1 else ""
            raise VlaError(error.code, where + error.message) from None
    walk.end()
    return tuple(checked)


@dataclass
class _World:
    """What is so after the steps until now. holding: what may be the case; held: what, where it is known."""

    holding: frozenset[bool]
    held: ObjectRef | None = None
    found: list[ObjectRef] = field(default_factory=list)

    def copy(self) -> _World:
        return _World(self.holding, self.held, list(self.found))

    def joined(self, other: _World) -> _World:
        """What is so when either of two may be the case."""
        return _World(
            self.holding | other.holding,
            self.held if self.held == other.held else None,
            list(dict.fromkeys([*self.found, *other.found])),
        )


class _Walk:
    """Goes along the steps and keeps what is known and held after each.

    Two worlds: the one in which the last unconditional find saw something, and the other. A step without a condition
    happens in both, and is refused when it can't be in either.
    """

    def __init__(self, skills: dict[str, SkillSpec], scene: Scene, holding: bool) -> None:
        self._skills = skills
        self._scene = scene
        world = _World(frozenset({holding}))
        self._worlds = {Condition.FOUND: world, Condition.NOT_FOUND: world.copy()}
        self._asked = False
        """There was an unconditional find, so that a step may depend on it."""
        self._only_if = Condition.ALWAYS
        self._group: ObjectRef | None = None
        """What is carried out for several things at present."""
        self._begun = False
        self._together: dict[str, str] = {}
        """Which skill of the present group of simultaneous steps uses which part of the robot."""
        self._rules: dict[str, Callable[[dict[str, Argument], _World], None]] = {
            "go_to": self._check_pose,
            "place": self._check_target,
        }

    def check(self, step: Step) -> Step:
        spec = self._skill(step.skill)
        arguments = spec.parse_arguments(step.arguments)
        self._check_condition(step)
        self._check_together(spec, step.with_previous)
        self._check_quantity(spec.name, arguments, step.with_previous)
        for parameter in spec.parameters:
            value = arguments.get(parameter.name)
            if parameter.type is ParameterType.PLACE and isinstance(value, str):
                self._check_place(value)
        self._check_in_worlds(spec, arguments, step.only_if)
        self._after(spec.name, arguments, step.only_if)
        return Step(spec.name, arguments, step.with_previous, step.only_if)

    def end(self) -> None:
        """After the last step. Errors: INVALID_PLAN."""
        if self._group is not None:
            raise VlaError(
                Code.INVALID_PLAN,
                f"The plan picks up {self._group.describe()}, but no step puts each of them down.",
            )

    # --- order --------------------------------------------------------------------------------------

    def _check_condition(self, step: Step) -> None:
        if step.only_if != self._only_if:
            if self._group is not None:
                raise VlaError(
                    Code.INVALID_PLAN,
                    "A condition can't begin or end while several things are moved.",
                )
            if step.with_previous:
                raise VlaError(
                    Code.INVALID_PLAN,
                    "It can't run together with a step that has another condition.",
                )
        if step.only_if is not Condition.ALWAYS and not self._asked:
            raise VlaError(
                Code.INVALID_PLAN,
                "It depends on what was found, but no 'find' without a condition comes before it.",
            )
        self._only_if = step.only_if

    def _check_together(self, spec: SkillSpec, with_previous: bool) -> None:
        if not with_previous:
            self._together = dict.fromkeys(spec.resources, spec.name)
            self._begun = True
            return
        if not self._begun:
            raise VlaError(Code.INVALID_PLAN, "There is no step before it to run together with.")
        for name in sorted(spec.resources):
            if name in self._together:
                raise VlaError(
                    Code.INVALID_PLAN,
                    f"It can't run together with '{self._together[name]}': both need the {name}.",
                )
            self._together[name] = spec.name

    def _check_quantity(
        self, skill: str, arguments: dict[str, Argument], with_previous: bool
    ) -> None:
        for value in arguments.values():
            if not isinstance(value, ObjectRef) or value.quantity in ("", "one", "1"):
                continue
            number = value.quantity
            if number != "all" and not (number.isdecimal() and 1 <= int(number) <= MAX_QUANTITY):
                raise VlaError(
                    Code.INVALID_ARGUMENT,
                    f"How many is {quoted(number)}? It has to be 'all' or a number up to {MAX_QUANTITY}.",
                )
            if skill in TAKES and with_previous:
                raise VlaError(
                    Code.INVALID_PLAN, "Moving several things can't run together with another step."
                )
            if skill not in SEVERAL:
                raise VlaError(
                    Code.INVALID_PLAN, f"It is for one thing, not for {value.describe()}."
                )

    # --- what can be --------------------------------------------------------------------------------

    def _check_in_worlds(
        self, spec: SkillSpec, arguments: dict[str, Argument], only_if: Condition
    ) -> None:
        """Errors: of the first world, when the step can't be in any."""
        refusals: list[VlaError] = []
        worlds = self._meant(only_if)
        for world in worlds:
            try:
                self._check_gripper(spec.name, world)
                for parameter in spec.parameters:
                    value = arguments.get(parameter.name)
                    if parameter.type is ParameterType.OBJECT and isinstance(value, ObjectRef):
                        self._check_object(spec.name, parameter.name, value, world)
                rule = self._rules.get(spec.name)
                if rule is not None:
                    rule(arguments, world)
            except VlaError as error:
                refusals.append(error)
        if len(refusals) == len(worlds):
            raise refusals[0]

    def _meant(self, only_if: Condition) -> list[_World]:
        return list(self._worlds.values()) if not only_if else [self._worlds[only_if]]

    def _skill(self, name: str) -> SkillSpec:
        spec = self._skills.get(name)
        if spec is None:
            raise VlaError(Code.UNKNOWN_SKILL, f"There is no skill {quoted(name)}.")
        if not spec.available:
            reason = spec.unavailable_reason or "this robot can't do it."
            raise VlaError(Code.SKILL_UNAVAILABLE, f"I can't {name.replace('_', ' ')}: {reason}")
        if spec.risk_tier is RiskTier.FORBID:
            raise VlaError(Code.FORBIDDEN, f"The skill '{name}' is forbidden here.")
        return spec

    def _check_gripper(self, skill: str, world: _World) -> None:
        if skill in TAKES and self._group is not None:
            raise VlaError(
                Code.INVALID_PLAN,
                f"{self._group.describe().capitalize()}: each has to be put down before something else is taken.",
            )
        if skill in TAKES and world.holding == {True}:
            known = f"the {world.held.describe()}" if world.held else in_hand.name(self._scene)
            what = f" {known or 'something'}"
            raise VlaError(
                Code.INVALID_PLAN, f"The gripper already holds{what}; put it down first."
            )
        if skill in GIVES and world.holding == {False}:
            raise VlaError(Code.INVALID_PLAN, "The gripper is empty; there is nothing to put down.")

    def _check_place(self, name: str) -> None:
        if self._scene.place(name) is None:
            names = [place.name for place in self._scene.places]
            known = f"I know: {listed(names)}." if names else "I know no places yet."
            raise VlaError(
                Code.UNKNOWN_PLACE, f"There is no place {quoted(name)} on the map. {known}"
            )

    def _check_object(self, skill: str, argument: str, ref: ObjectRef, world: _World) -> None:
        if ref.place:
            self._check_place(ref.place)
        if ref.id:
            item = next((item for item in self._scene.objects if item.id == ref.id), None)
            if item is None:
                raise VlaError(
                    Code.INVALID_PLAN, f"No object with the id {quoted(ref.id)} is known."
                )
            if not matches(item, replace(ref, id="", place="")):
                raise VlaError(
                    Code.INVALID_PLAN,
                    f"The object with the id {quoted(ref.id)} is a {item.describe()}, no {ref.describe()}.",
                )
        if not needs_finding(skill, argument) or is_known(ref, world.found, self._scene):
            return
        raise VlaError(
            Code.INVALID_PLAN,
            f"Nothing is known of the {ref.describe()}; a step has to find it first.",
        )

    def _check_pose(self, arguments: dict[str, Argument], world: _World) -> None:
        del world
        pose = arguments.get("pose")
        if isinstance(pose, tuple):
            for place in self._scene.places:
                if place.keep_out and place.covers(pose[0], pose[1]):
                    raise VlaError(
                        Code.NOT_POSSIBLE,
                        f"That spot is inside the {place.name}, where I must not drive.",
                    )

    def _check_target(self, arguments: dict[str, Argument], world: _World) -> None:
        relation, name = arguments.get("relation"), arguments.get("target_place")
        if isinstance(name, str):
            place = self._scene.place(name)
            kind = place.kind if place is not None else None
            if relation == "on" and kind is not PlaceKind.SURFACE:
                raise VlaError(Code.NOT_POSSIBLE, f"Nothing can be put on the {name}.")
            if relation == "in" and kind is not PlaceKind.CONTAINER:
                raise VlaError(Code.NOT_POSSIBLE, f"Nothing can be put in the {name}.")
        target = arguments.get("target_object")
        if isinstance(target, ObjectRef) and world.held == replace(
            target, quantity=world.held.quantity if world.held else ""
        ):
            raise VlaError(Code.INVALID_PLAN, "The object can't be put down in relation to itself.")

    # --- afterwards ---------------------------------------------------------------------------------

    def _after(self, skill: str, arguments: dict[str, Argument], only_if: Condition) -> None:
        ref = arguments.get("object")
        ref = ref if isinstance(ref, ObjectRef) else None
        if skill == "find" and ref is not None:
            if self._group is not None:
                for world in self._worlds.values():
                    world.found.append(ref)
                self._asked = False  # it has a different answer in each round
            elif not only_if:
                self._ask(ref)
            else:
                self._worlds[only_if].found.append(ref)
        elif skill in TAKES:
            if ref is not None and ref.quantity not in ("", "one", "1"):
                self._group = ref
            for world in self._meant(only_if):
                world.holding, world.held = frozenset({True}), ref
        elif skill in GIVES:
            self._group = None
            for world in self._meant(only_if):
                if world.held is not None and world.held in world.found:
                    world.found.remove(world.held)  # it is somewhere else now
                world.holding, world.held = frozenset({False}), None

    def _ask(self, ref: ObjectRef) -> None:
        """From here on the worlds are those of this find."""
        first, second = self._worlds.values()
        before = first.joined(second)
        after = before.copy()
        after.found.append(ref)
        self._worlds = {Condition.FOUND: after, Condition.NOT_FOUND: before}
        self._asked = True


def needs_finding(skill: str, argument: str) -> bool:
    """Whether a skill's object argument has to be known before: not where it is looked for or already held."""
    return skill not in LOOKING and not (skill in GIVES and argument == "object")


def is_known(ref: ObjectRef, found: Iterable[ObjectRef], scene: Scene) -> bool:
    """Whether an earlier step looked for it or the scene has something that fits."""
    if any(_compatible(other, ref) for other in found):
        return True
    return any(matches(item, ref) for item in scene.objects)


def _compatible(found: ObjectRef, ref: ObjectRef) -> bool:
    """Whether what was looked for may be what is meant: nothing that both say differs."""
    if found.id and ref.id:
        return found.id == ref.id
    if not {found.label, ref.label} & ANY_LABELS and found.label != ref.label:
        return False
    if found.place and ref.place and found.place != ref.place:
        return False
    shorter, longer = sorted((set(found.attributes), set(ref.attributes)), key=len)
    return shorter <= longer
