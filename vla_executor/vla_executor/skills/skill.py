# SPDX-License-Identifier: Apache-2.0
"""What a skill is, and how skills are found.

A skill is a class with a `SkillSpec` and three methods; the runner calls them in this order:

`check(context)`   may the step start? Raises PRECONDITION_FAILED (or another code) if not.
                   Nothing moves.
`run(context)`     does it, through `context.robot` only.
`verify(context)`  was the effect seen? True: seen. False: there is nothing to see. Raises
                   POSTCONDITION_FAILED, GRASP_FAILED, ... when it should be there and is not.

An instance lives for one step, so it may keep in attributes what `verify` needs from `run`. Skills
are found through Python entry points of the group `vla_executor.skills`, the built-in ones like any
other. A plug-in that can't be loaded is listed as not available, with the reason; it never takes
the executor down.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, Protocol

from vla_common.contracts.outcomes import Code, VlaError
from vla_common.contracts.skills import RiskTier, SkillSpec
from vla_executor.config import ExecutorConfig
from vla_executor.skills import catalog

if TYPE_CHECKING:
    from vla_executor.skills.context import SkillContext

ENTRY_POINT_GROUP = "vla_executor.skills"


class Skill:
    """Base class; a skill overrides `run` and whatever else it needs."""

    spec: SkillSpec

    def check(self, context: SkillContext) -> None:
        """Preconditions. Errors: VlaError with the reason; nothing may move here."""

    def run(self, context: SkillContext) -> None:
        """Do it. Every wait goes through the robot or the token, so that cancel gets through."""
        raise VlaError(Code.SKILL_UNAVAILABLE, f"The skill '{self.spec.name}' does nothing.")

    def sentence(self, context: SkillContext) -> str:
        """What the person is told when the step begins."""
        return f"Now: {self.spec.name.replace('_', ' ')}."

    def timeout_s(self, context: SkillContext) -> float:
        """After how many seconds the step counts as stuck."""
        return context.config.step_timeout_s

    def verify(self, context: SkillContext) -> bool:
        """Whether the effect was checked. Errors: VlaError when it was checked and is not there."""
        return False


class _EntryPoint(Protocol):
    name: str
    value: str

    def load(self) -> Any: ...


@dataclass(frozen=True)
class SkillRegistry:
    """The skills of this executor. specs: every known skill; classes: those that can be run.

    Where a class and `specs` differ in the risk tier, `specs` counts: see `override_tiers`.
    """

    specs: Mapping[str, SkillSpec]
    classes: Mapping[str, type[Skill]]
    problems: tuple[str, ...] = field(default=())

    def spec(self, name: str) -> SkillSpec:
        """Errors: UNKNOWN_SKILL."""
        found = self.specs.get(name)
        if found is None:
            raise VlaError(Code.UNKNOWN_SKILL, f"There is no skill '{name[:60]}'.")
        return found

    def create(self, name: str) -> Skill:
        """A new instance for one step. Errors: UNKNOWN_SKILL, SKILL_UNAVAILABLE."""
        spec = self.spec(name)
        if not spec.available or name not in self.classes:
            raise VlaError(
                Code.SKILL_UNAVAILABLE,
                f"The skill '{name}' is not available: {spec.unavailable_reason}",
            )
        return self.classes[name]()


def load_skills(points: Iterable[_EntryPoint] | None = None) -> SkillRegistry:
    """All skills of the installed packages; broken ones are listed as unavailable, see `problems`."""
    found: Iterable[Any] = entry_points(group=ENTRY_POINT_GROUP) if points is None else points
    base = {spec.name: spec for spec in catalog.BASE_SKILLS}
    specs: dict[str, SkillSpec] = {}
    classes: dict[str, type[Skill]] = {}
    problems: list[str] = []
    for point in found:
        try:
            loaded = point.load()
            spec = _spec_of(point, loaded)
            if spec.name in classes:
                raise TypeError(f"another package already offers a skill '{spec.name}'")
        except Exception as error:  # whatever a plug-in raises while it is imported
            reason = f"{type(error).__name__}: {error}"
            problems.append(f"The skill plug-in '{point.name}' ({point.value}) is broken: {reason}")
            if point.name not in classes:
                known = base.get(
                    point.name, SkillSpec(point.name, "A skill that could not be loaded.")
                )
                specs[point.name] = replace(
                    known,
                    available=False,
                    unavailable_reason=f"Its plug-in could not be loaded ({reason[:200]}).",
                )
            continue
        specs[spec.name] = spec
        classes[spec.name] = loaded
    return SkillRegistry(specs, classes, tuple(problems))


def override_tiers(registry: SkillRegistry, config: ExecutorConfig) -> SkillRegistry:
    """The registry with the risk tiers of the parameters. Errors: INVALID_CONFIG that names the parameter."""
    specs = dict(registry.specs)
    given: dict[str, str] = {}
    for tier in RiskTier:
        key = f"executor.{tier.name.lower()}_skills"
        for name in getattr(config, f"{tier.name.lower()}_skills"):
            if name not in specs:
                raise _unknown_skill(key, name, specs)
            if name in given:
                where = "twice" if given[name] == key else f"also in '{given[name]}'"
                raise VlaError(
                    Code.INVALID_CONFIG, f"Parameter '{key}' has '{name}', which is {where}."
                )
            given[name] = key
            specs[name] = replace(specs[name], risk_tier=tier)
    return replace(registry, specs=specs)


def _unknown_skill(key: str, name: object, known: Iterable[str]) -> VlaError:
    near = get_close_matches(str(name), list(known), n=1, cutoff=0.5)
    hint = f" Did you mean '{near[0]}'?" if near else ""
    return VlaError(
        Code.INVALID_CONFIG,
        f"Parameter '{key}' names '{str(name)[:60]}', and there is no such skill.{hint}",
    )


def _spec_of(point: _EntryPoint, loaded: Any) -> SkillSpec:
    """Errors: TypeError that says what is wrong with the plug-in."""
    if not (isinstance(loaded, type) and issubclass(loaded, Skill)):
        raise TypeError("it is not a subclass of vla_executor.skills.Skill")
    spec = getattr(loaded, "spec", None)
    if not isinstance(spec, SkillSpec):
        raise TypeError("it has no 'spec' of type SkillSpec")
    if spec.name != point.name:
        raise TypeError(f"its entry point is called '{point.name}', its spec '{spec.name}'")
    unknown = sorted(spec.resources - set(catalog.RESOURCES))
    if unknown:
        raise TypeError(f"it needs resources that no robot has: {', '.join(unknown)}")
    return spec


def base_catalog() -> list[SkillSpec]:
    """The skills that come with this package, whether or not an executor runs."""
    return list(catalog.BASE_SKILLS)
