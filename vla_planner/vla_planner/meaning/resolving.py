# SPDX-License-Identifier: Apache-2.0
"""Resolving: a command's elements as clauses that each stand for themselves.

Applies corrections, choices, repetitions and what is left out, from left to right. What a correction replaces is
decided in `corrections`, what a clause without a verb takes over in `leaving_out`, what words refer to in `referring`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

from vla_common.contracts.outcomes import Code, VlaError
from vla_planner.core.words import quoted
from vla_planner.grammar.meaning import (
    FRAGMENT,
    PUTTING,
    Clause,
    Condition,
    Element,
    Mark,
    Repeat,
    Resolved,
)
from vla_planner.meaning.answers import Asker, Choice
from vla_planner.meaning.corrections import corrected
from vla_planner.meaning.ellipsis import continued, ends_bare, one_by_one, verbless

MAX_TIMES = 10


class Resolver:
    """One command's elements, left to right. before: the last clause of the command before, asked for when needed."""

    def __init__(self, asker: Asker, before: Callable[[], Clause | None]) -> None:
        self._asker = asker
        self._before = before
        self.out: list[Resolved] = []

    def resolve(self, elements: Sequence[Element]) -> list[Resolved]:
        """Clauses with verbs, conditions and marks. Errors: NOT_UNDERSTOOD, AMBIGUOUS, NOT_POSSIBLE, NOT_CONFIRMED."""
        link: Mark | None = None
        together = False
        for index, element in enumerate(elements):
            if isinstance(element, Clause):
                clause = replace(element, together=element.together or together)
                self._add(clause, link)
                link, together = None, False
            elif isinstance(element, Condition):
                self.out.append(element)
                link = None
            elif isinstance(element, Repeat):
                self._repeat(element)
            elif element is Mark.TOGETHER:
                if index and isinstance(elements[index - 1], Mark):
                    together = True
                else:
                    self._replace_last(replace(self._last(), together=True))
            elif element in (Mark.NEXT, Mark.THEN, Mark.END, Mark.OTHERWISE, Mark.IF_SO):
                if link not in (Mark.FIX, Mark.OR):
                    link = element
                if element is not Mark.NEXT or link is Mark.NEXT:
                    self.out.append(element)
            else:
                link = element
        return _taking_first(self.out)

    def _add(self, clause: Clause, link: Mark | None) -> None:
        fixing = link in (Mark.FIX, Mark.HOLD)
        if link is Mark.HOLD and clause.tails and not clause.things:
            raise _no_verb(clause)  # "wait at the shelf" waits, and corrects nothing
        last = self._last_or_none()
        if fixing and last is None:
            last = self._before()
            if last is None:
                raise VlaError(
                    Code.NOT_UNDERSTOOD,
                    "There is nothing before it that 'no' or 'I mean' could correct; say the whole command.",
                )
            self.out.append(last)
        if clause.verb == "again":
            self._add_again(clause)
        elif last is not None and link is Mark.OR:
            self._replace_last(self._chosen(last, clause))
        elif last is not None and fixing:
            self._replace_last(corrected(last, clause, self._asker))
        elif clause.verb != FRAGMENT:
            self.out.append(clause)
        elif (
            last is not None
            and _only_waits(last)
            and link is Mark.NEXT
            and (clause.things or clause.direction)
        ):
            self.out.remove(last)  # "..., wait, the blue one"
            self._add(clause, Mark.FIX)
        else:
            parts = one_by_one(clause) if last is not None and last.verb == "go_to" else [clause]
            self.out.extend(self._without_verb(part, last) for part in parts)

    def _without_verb(self, clause: Clause, last: Clause | None) -> Clause:
        if last is not None:
            completed = continued(last, clause)
            if completed is not None:
                return completed
            if ends_bare(last) and not clause.direction:
                raise _no_verb(clause)  # "1,5 meters"
        moving = verbless(clause, self._asker)
        if moving is None:
            raise _no_verb(clause)
        return moving

    def _add_again(self, clause: Clause) -> None:
        clauses = [item for item in self.out if isinstance(item, Clause)]
        if not clauses:
            raise VlaError(
                Code.NOT_UNDERSTOOD,
                f"There is nothing before it that I could do {quoted(clause.said)}.",
            )
        index = 0
        if len(clauses) > 1:
            index = self._asker.choose(
                "What shall I do again?", [clauses[-1].said, "everything from the start"]
            )
        everything, times = list(self.out), checked_times(clause.times)
        if "DO_THAT" in clause.classes:
            times -= 1  # "turn left, do that twice" is two turns
        for _ in range(times):
            self.out.extend(everything if index else [clauses[-1]])

    def _chosen(self, last: Clause, clause: Clause) -> Clause:
        other = corrected(last, clause, self._asker) if clause.verb == FRAGMENT else clause
        labels = tuple(thing.label for thing in other.things if thing.label)
        index = self._asker.choose(
            "I can do only one of these. Which one?", [last.said, Choice(clause.said, labels)]
        )
        return other if index else last

    def _repeat(self, element: Repeat) -> None:
        self._replace_last(replace(self._last(), times=checked_times(element.times)))

    # --- what has come until now ----------------------------------------------------------------------

    def _last_or_none(self) -> Clause | None:
        return next((item for item in reversed(self.out) if isinstance(item, Clause)), None)

    def _last(self) -> Clause:
        last = self._last_or_none()
        assert last is not None, "the grammar puts a clause before it"
        return last

    def _replace_last(self, clause: Clause) -> None:
        for index in range(len(self.out) - 1, -1, -1):
            if isinstance(self.out[index], Clause):
                self.out[index:] = [clause]
                return


def checked_times(times: float) -> int:
    """Errors: NOT_POSSIBLE."""
    if times != int(times) or not 1 <= times <= MAX_TIMES:
        raise VlaError(
            Code.NOT_POSSIBLE,
            f"I can repeat something up to {MAX_TIMES} times, not {times:g} times.",
        )
    return int(times)


def _taking_first(resolved: list[Resolved]) -> list[Resolved]:
    """ "Fetch the cup and put it on the shelf": the first clause only takes it."""
    indices = [index for index, item in enumerate(resolved) if isinstance(item, Clause)]
    for index, after in pairwise(indices):
        clause, following = resolved[index], resolved[after]
        assert isinstance(clause, Clause) and isinstance(following, Clause)
        goes_on = following.verb in PUTTING and any(
            thing.kind == "pronoun" for thing in following.things
        )
        to_nobody = all(thing.kind not in ("me", "person") for thing in clause.things)
        if clause.verb == "carry" and goes_on and to_nobody and clause.tail("to") is None:
            if "HERE" not in clause.classes and not clause.classes & {"GO"}:
                resolved[index] = replace(clause, verb="pick")
    return resolved


def last_clause(resolved: Sequence[Resolved]) -> Clause | None:
    """What a correction of the whole command is about."""
    return next((item for item in reversed(resolved) if isinstance(item, Clause)), None)


def _no_verb(clause: Clause) -> VlaError:
    word = clause.said.split(" ")[0] if clause.said else ""
    return VlaError(
        Code.NOT_UNDERSTOOD,
        f"I don't know what to do with {quoted(clause.said)}: there is no verb to {quoted(word)}.",
    )


def _only_waits(clause: Clause) -> bool:
    return clause.verb == "wait" and not clause.measures and clause.said == "wait"
