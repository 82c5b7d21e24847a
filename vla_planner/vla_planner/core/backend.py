# SPDX-License-Identifier: Apache-2.0
"""What a planner backend is given and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from vla_common.contracts.outcomes import Code, Result, VlaError
from vla_common.contracts.scene import Scene
from vla_common.contracts.skills import Plan, SkillSpec, Step
from vla_common.language.foreign_text import line


@dataclass(frozen=True)
class FailedPlan:
    """A plan of which one step failed. step: its index; result: why."""

    plan: Plan
    step: int
    result: Result


Session = dict[str, Any]
"""Lives as long as one planning: a request for a repair carries the session of the request it repairs."""


def _never() -> bool:
    return False


@dataclass(frozen=True)
class PlanRequest:
    """One command with all that may be known for it.

    canceled: asked by backends that take long; refusals: the validator's reasons so far, for a repair;
    answers: what was asked about this command and what the person answered, oldest first;
    previous: what the same person wanted before, for "no, the blue one" and "again";
    session: what backends keep from a proposal to its repairs, each under its own name.
    """

    command: str
    scene: Scene
    skills: Sequence[SkillSpec]
    holding: bool = False
    held_label: str = ""
    failure: FailedPlan | None = None
    refusals: tuple[str, ...] = ()
    answers: tuple[tuple[str, str], ...] = ()
    previous: Plan | None = None
    canceled: Callable[[], bool] = field(default=_never, compare=False)
    session: Session = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True)
class Proposal:
    """Steps that nobody has checked yet, and what they cost."""

    steps: tuple[Step, ...]
    prompt_tokens: int = 0
    completion_tokens: int = 0


class PlannerBackend(Protocol):
    """Proposes steps.

    repairs: whether it can do better when told why its proposal was refused, and plans anew after a failed step.
    partial: what it does not understand another backend may.
    """

    name: str
    repairs: bool
    partial: bool

    @property
    def configured(self) -> bool:
        """Whether there is anything to ask; one that is not is passed over without a word."""
        ...

    def propose(self, request: PlanRequest) -> Proposal:
        """Errors: VlaError; PLANNER_UNAVAILABLE, PLANNING_TIMEOUT and BUDGET_EXCEEDED let the next backend try."""
        ...

    def facts(self) -> Mapping[str, str]:
        """What the diagnostics show of it, by name."""
        ...

    def close(self) -> None:
        """Let go of threads and connections; nothing is proposed afterwards."""
        ...


class AmbiguousError(VlaError):
    """More than one thing fits; the person is asked."""

    def __init__(self, question: str, choices: Sequence[str]) -> None:
        question, choices = line(question), [line(choice) for choice in choices]
        listed = ", ".join(choices)
        super().__init__(Code.AMBIGUOUS, f"{question} ({listed})" if listed else question)
        self.question = question
        self.choices = tuple(choices)
