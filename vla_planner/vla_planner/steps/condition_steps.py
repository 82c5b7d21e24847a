# SPDX-License-Identifier: Apache-2.0
"""Branches: the steps of a condition, and what is known in and after each of its cases."""

from __future__ import annotations

from dataclasses import replace

from vla_common.contracts.outcomes import Code, VlaError
from vla_common.contracts.skills import Condition as OnlyIf
from vla_common.contracts.skills import ObjectRef, Step
from vla_planner.config import PlannerConfig
from vla_planner.core.backend import PlanRequest
from vla_planner.grammar.meaning import Condition
from vla_planner.grammar.overlay import Overlay
from vla_planner.meaning.answers import Asker
from vla_planner.meaning.coreference import Referents
from vla_planner.steps.speech_steps import Teller


class Brancher(Teller):
    """Begins and ends the cases of conditions."""

    def __init__(
        self, request: PlanRequest, config: PlannerConfig, overlay: Overlay, asker: Asker
    ) -> None:
        super().__init__(request, config, overlay, asker)
        self._before: tuple[Referents, str] | None = None
        """What was known before the last condition, for its "otherwise"."""
        self._open = 0
        """How many steps there were when the present branch began."""
        self._asked: bool | None = None
        """Whether the present case is the one in which it was found, while "otherwise" may still come."""
        self._asked_of = self._subject = ObjectRef()
        """What was asked about, and what it is in the other case."""

    def _begin_branch(self, condition: Condition) -> None:
        if self._only_if:
            raise VlaError(
                Code.NOT_POSSIBLE,
                "I can't plan a condition that depends on another one; give me one after the other.",
            )
        self.close()
        condition = replace(
            condition,
            thing=self._meant(condition.thing),
            tails=tuple(self._tail_meant(tail) for tail in condition.tails),
        )
        if condition.subject is not None:
            what, where = condition.subject
            subject = (self._meant(what), tuple(self._tail_meant(tail) for tail in where))
            condition = replace(condition, subject=subject)
        thing = condition.thing
        if thing.quantity in ("all", "some"):
            thing = replace(thing, quantity="")
        if thing.plural:
            thing = replace(thing, definite=False)
        tails = tuple(
            tail for tail in condition.tails if tail.thing.kind != "there" or self._refer.place
        )
        ref = self._refer.object(thing, tails)
        last = self.steps[-1] if self.steps else None
        if last != Step("find", {"object": ref}):  # "find a cup, and if you find it, ..."
            self._find(ref)
        self._refer.found.discard(ref)
        self._refer.mention(ref, plural=condition.thing.plural)
        if condition.empty and condition.subject is not None:
            if ref.relation:
                self._refer.mention(self._refer.object(*condition.subject))
            else:
                self._refer.mention_place(ref.place, visited=True)
        self._asked, self._open = condition.wanted, len(self.steps)
        self._before = (self._refer.copy(), self._at)
        self._subject = ref
        if condition.subject is not None and not condition.empty:
            self._subject = self._refer.object(*condition.subject)
        self._enter(condition.wanted, ref)

    def _branch_on_last(self, found: bool) -> None:
        """ "Look for a cup, and if you don't find it, ...": the question was put already."""
        last = self.steps[-1] if self.steps else None
        if self._only_if or last is None or last.skill != "find":
            raise VlaError(
                Code.NOT_UNDERSTOOD,
                f"I don't know what {'that case' if found else 'otherwise'!r} is about; say the condition.",
            )
        ref = last.arguments["object"]
        assert isinstance(ref, ObjectRef)
        self._refer.found.discard(ref)
        self._asked, self._open = found, len(self.steps)
        self._before = (self._refer.copy(), self._at)
        self._subject = ref
        self._enter(found, ref)

    def _enter(self, found: bool, ref: ObjectRef) -> None:
        self._only_if = OnlyIf.FOUND if found else OnlyIf.NOT_FOUND
        self._asked_of = ref
        if found:
            self._refer.found.add(ref)
        elif self._subject != ref:
            self._refer.mention(self._subject)  # the cup that is not red

    def _other_branch(self) -> None:
        if self._asked is None or self._before is None:
            self._branch_on_last(found=False)
            return
        self._end_of_case()
        memory, self._at = self._before
        self._refer = memory.copy()
        self._open = len(self.steps)
        self._enter(not self._asked, self._asked_of)
        self._asked = None

    def _end_of_case(self) -> None:
        """Errors: AMBIGUOUS for what was taken and has nowhere to go, NOT_UNDERSTOOD for a case without steps."""
        self.close()
        if self._only_if and len(self.steps) == self._open:
            raise VlaError(
                Code.NOT_UNDERSTOOD,
                "I don't know what to do in that case; say it after the condition.",
            )

    def _end_branch(self) -> None:
        if not self._only_if:
            return
        self._end_of_case()
        assert self._before is not None
        last, held = self._refer.last, self._refer.held
        self._refer = self._before[0].copy()
        self._refer.last, self._refer.held = last, held
        self._only_if = OnlyIf.ALWAYS
        self._at = ""
