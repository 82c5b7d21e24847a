# SPDX-License-Identifier: Apache-2.0
"""Which steps of a plan run together, and how a group of them ends.

A group is a step and the steps after it that are marked `with_previous`. Decides whether the marks make sense
and which failure of a group counts; running the steps is for the runner.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from vla_common.contracts.cancellation import CancelToken
from vla_common.contracts.outcomes import Code, Result, VlaError
from vla_common.contracts.skills import Condition, ObjectRef

MAX_TOGETHER = 8
"""Each step of a group has a thread of its own."""


class StepError(Exception):
    """A plan is refused because of one of its steps."""

    def __init__(self, index: int, result: Result) -> None:
        super().__init__(result.message)
        self.index = index
        self.result = result


@dataclass(frozen=True)
class Member:
    """What has to be known of a step to put it into a group."""

    skill: str
    resources: frozenset[str] = frozenset()
    with_previous: bool = False
    only_if: Condition = Condition.ALWAYS
    object: ObjectRef | None = None
    """Its argument of that name, if it is one."""


def groups_of(steps: Sequence[Member]) -> list[list[int]]:
    """Indices of the steps that run together, in order. Errors: StepError with INVALID_PLAN."""
    groups: list[list[int]] = []
    for index, step in enumerate(steps):
        if not step.with_previous:
            groups.append([index])
            continue
        if not groups:
            raise _refused(index, "The first step has none before it to run with.")
        group = groups[-1]
        if len(group) == MAX_TOGETHER:
            raise _refused(index, f"More than {MAX_TOGETHER} steps can't run together.")
        for other in group:
            shared = sorted(step.resources & steps[other].resources)
            if shared:
                raise _refused(
                    index,
                    f"{label(other, steps[other].skill).capitalize()} and "
                    f"{label(index, step.skill)} can't run together: both need the "
                    f"{' and the '.join(shared)}.",
                )
        group.append(index)
    return groups


def label(index: int, skill: str) -> str:
    """How a step is called in sentences and as an owner."""
    return f"step {index + 1} ({skill})"


def _refused(index: int, sentence: str) -> StepError:
    return StepError(index, VlaError(Code.INVALID_PLAN, sentence).result)


class Group:
    """The fate that steps share while they run. Thread-safe.

    token: ends with the plan's, and when one of the steps has failed.
    """

    def __init__(self, plan: CancelToken) -> None:
        self.token = CancelToken()
        self._plan = plan
        self._lock = threading.Lock()
        self._first: tuple[int, str] | None = None
        plan.add_callback(self._pass_on)

    def _pass_on(self) -> None:
        self.token.cancel(self._plan.reason)

    def close(self) -> None:
        """The steps are over."""
        self._plan.remove_callback(self._pass_on)

    def failed(self, index: int, skill: str) -> None:
        """A step has failed by itself; the others end."""
        with self._lock:
            if self._first is None:
                self._first = (index, skill)
        self.token.cancel(Code.CANCELED)

    @property
    def first_failed(self) -> int | None:
        """Index of the first step that failed by itself."""
        with self._lock:
            return None if self._first is None else self._first[0]

    def sentence(self) -> str:
        """Why a step was ended that had not failed; empty when it was the plan that ended."""
        with self._lock:
            first = self._first
        if first is None or self._plan.canceled:
            return ""
        return f"Ended because {label(*first)} failed."
