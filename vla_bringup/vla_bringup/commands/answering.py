# SPDX-License-Identifier: Apache-2.0
"""What the person asked to know, out of the records of the steps.

Skills that look or talk (`count`, `describe`, `say`, those of plug-ins) say aloud what they find out. A `find` only
shows it: what it saw is an answer where nothing else is done with it ("where is the cup?"), and a means where a later
step uses it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from vla_common.contracts.skills import ObjectRef, Plan, StepRecord

FIND = "find"
MAX_ANSWER = 2000
"""Characters; steps may say more than anybody reads."""


def answer_of(plan: Plan, records: Iterable[StepRecord]) -> str:
    """All that was found out or said, each sentence once, in the order of the steps."""
    told = [record.answer for record in records if record.answer and not _is_means(plan, record)]
    text = " ".join(dict.fromkeys(told))
    return text if len(text) <= MAX_ANSWER else text[: MAX_ANSWER - 1] + "\u2026"


def unsaid(plan: Plan, records: Iterable[StepRecord]) -> str:
    """What of it nobody has said aloud yet."""
    return answer_of(plan, [record for record in records if record.skill == FIND])


def _is_means(plan: Plan, record: StepRecord) -> bool:
    """Whether a find was only for the steps after it."""
    if record.skill != FIND or not 0 <= record.index < len(plan.steps):
        return False
    found = {_plain(ref) for ref in _objects(plan, record.index, record.index + 1)}
    later = plan.steps[record.index + 1 :]
    return any(step.only_if for step in later) or any(
        _plain(ref) in found for ref in _objects(plan, record.index + 1, len(plan.steps))
    )


def _objects(plan: Plan, begin: int, end: int) -> Iterator[ObjectRef]:
    for step in plan.steps[begin:end]:
        for value in step.arguments.values():
            if isinstance(value, ObjectRef):
                yield value


def _plain(ref: ObjectRef) -> ObjectRef:
    """How many and where are looked up anew by each step."""
    return replace(ref, quantity="", place="")
