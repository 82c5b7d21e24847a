# SPDX-License-Identifier: Apache-2.0
"""Clauses to steps: what has to be done, and in which order, for what was said.

One method per verb of the grammar, those for looking and talking in `telling`. What words refer to is decided in
`referring`, what it takes to have a thing in `carrying` and `several`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from vla_common.contracts.outcomes import Code, VlaError
from vla_common.contracts.skills import Step
from vla_planner.config import PlannerConfig
from vla_planner.core.backend import PlanRequest
from vla_planner.core.words import quoted
from vla_planner.grammar.meaning import Clause, Condition, Mark, Resolved, Tail, Thing, target_of
from vla_planner.grammar.overlay import Overlay
from vla_planner.meaning import amounts
from vla_planner.meaning.answers import Asker, SeveralMeantError
from vla_planner.meaning.coreference import PEOPLE, no_position
from vla_planner.steps.condition_steps import Brancher

_KEEPS_GROUP = frozenset({"go_to", "put", "carry", "hand_over", "discard"})
"""Clauses that may come between taking several things and putting them down."""


class Composer(Brancher):
    """The steps of one command, clause by clause."""

    def __init__(
        self, request: PlanRequest, config: PlannerConfig, overlay: Overlay, asker: Asker
    ) -> None:
        super().__init__(request, config, overlay, asker)
        self._verbs: dict[str, Callable[[Clause], None]] = {
            name.removeprefix("_do_"): getattr(self, name)
            for name in dir(self)
            if name.startswith("_do_")
        }

    def compose(self, elements: Sequence[Resolved]) -> tuple[Step, ...]:
        """Errors: as the clauses have them; AMBIGUOUS where something is open at the end."""
        for element in elements:
            if isinstance(element, Clause):
                if not self._only_if:
                    self._asked = None
                self._add(element)
            elif isinstance(element, Condition):
                self._begin_branch(element)
            elif element is Mark.OTHERWISE:
                self._other_branch()
            elif element is Mark.IF_SO:
                self._branch_on_last(found=True)
            elif element is Mark.END:
                self._end_branch()
        self._end_of_case()
        return tuple(self.steps)

    # --- clauses ------------------------------------------------------------------------------------

    def _add(self, clause: Clause) -> None:
        if clause.verb not in _KEEPS_GROUP:
            self.close()
        clause = replace(
            clause,
            things=tuple(self._meant(thing) for thing in clause.things),
            tails=tuple(self._tail_meant(tail) for tail in clause.tails),
        )
        start = len(self.steps)
        for _ in range(len(clause.things) + 1):
            memory = (self._refer.copy(), self._at, self._group)
            try:
                self._verbs[clause.verb](clause)
                break
            except SeveralMeantError as answer:
                del self.steps[start:]
                self._refer, self._at, self._group = memory
                clause = _with_several(clause, answer)
        if clause.together:
            self._together(start)
        if clause.times > 1:
            self.close()
            self.steps.extend(self.steps[start:] * (clause.times - 1))

    def _together(self, start: int) -> None:
        if start == 0 or start == len(self.steps):
            raise VlaError(
                Code.NOT_UNDERSTOOD, "I don't know what that should happen at the same time as."
            )
        self.steps[start] = replace(self.steps[start], with_previous=True)

    # --- driving ------------------------------------------------------------------------------------

    def _do_move(self, clause: Clause) -> None:
        direction = clause.direction
        said_back = "BACK" in clause.classes and clause.how == "go"
        if said_back and not clause.measures and not clause.little:
            names = [place.name for place in self._scene.places]
            index = self._asker.choose(
                "Shall I drive backward, or back to a place?",
                ["move backward", *(f"go to the {name}" for name in names)],
            )
            if index:
                self._go_to_place(names[index - 1])
                return
        if not direction:
            ways = ["forward", "backward", "left", "right"]
            direction = ways[self._asker.choose("Which way shall I move?", ways)]
        distance = amounts.distance_m(clause.measures, clause.little, self._config, self._asker)
        self._step("move", distance=distance, direction=direction)
        self._at = self._refer.search = ""

    def _do_turn(self, clause: Clause) -> None:
        if clause.how == "make" and {item.kind for item in clause.measures} & {"step", "length"}:
            self._do_move(clause)  # "make two steps to the left"
            return
        angle, either_way = amounts.angle_rad(clause, self._config, self._asker)
        direction = clause.direction
        if direction not in ("left", "right") and not either_way:
            ways = ["left", "right"]
            direction = ways[self._asker.choose("Shall I turn left or right?", ways)]
        self._step("turn", angle=-angle if direction == "right" else angle)

    def _do_go_to(self, clause: Clause) -> None:
        if clause.pose is not None:
            self._step("go_to", pose=amounts.pose(clause.pose, self._asker))
            self._at = self._refer.search = ""
            return
        first = clause.tails[0] if clause.tails else None
        thing = clause.things[0] if clause.things else first.thing if first else None
        if thing is None:
            raise VlaError(Code.NOT_UNDERSTOOD, "I don't know where to go.")
        rest = clause.tails if clause.things else clause.tails[1:]
        if first is not None and not clause.things:
            self._check_side(first)
        if thing.kind in PEOPLE:
            raise no_position(thing)
        place = self._refer.place_meant(thing)
        if place:
            if rest:
                raise VlaError(
                    Code.NOT_UNDERSTOOD,
                    f"I know only one {place}; go to it without saying where it is.",
                )
            self._go_to_place(place)
            return
        ref = self._single(self._refer.object(thing, rest), "go to")
        ref = self._know(ref, thing)
        self._step("go_to", object=ref)
        self._at = self._refer.search = ""

    def _check_side(self, tail: Tail) -> None:
        if tail.thing.kind == "unknown" and tail.relation != "to":
            raise VlaError(Code.NOT_UNDERSTOOD, f"I don't know where {quoted(tail.thing.word)} is.")
        if tail.relation not in ("to", "next_to", "in", "at"):
            raise VlaError(
                Code.NOT_POSSIBLE,
                f"I can go to {tail.thing.said}, but not choose the side ({tail.relation.replace('_', ' ')}).",
            )

    def _go_to_place(self, place: str) -> None:
        self._go(place)
        self._refer.search = place
        self._refer.mention_place(place, visited=True)

    # --- things -------------------------------------------------------------------------------------

    def _do_find(self, clause: Clause) -> None:
        self._find_all(clause.things, clause.tails)

    def _do_search(self, clause: Clause) -> None:
        """ "Search the table for a cup"."""
        where = clause.tails[0].thing
        tails = (Tail("at", where), *clause.tails[1:])
        self._find_all(clause.things, tails)

    def _do_pick(self, clause: Clause) -> None:
        if self._inward(clause) is not None:  # "get the ball into the box"
            self._do_carry(clause)
        else:
            self._pick_all(clause.things, clause.tails)

    def _do_pick_for(self, clause: Clause) -> None:
        """ "Get the cup for me" is bringing it, "pick up the cup for me" is not."""
        people = tuple(thing for thing in clause.things if thing.kind in ("me", "person"))
        things = tuple(thing for thing in clause.things if thing not in people)
        if clause.how == "fetch" or people[0].kind != "me":
            self._give(things, clause.tails, people[0])
        else:
            self._pick_all(things, clause.tails)

    def _do_put(self, clause: Clause) -> None:
        self._refuse_floor(clause.tails)
        target = target_of(clause)
        sources = clause.tails[:-1] if target is not None else clause.tails
        held = self._refer.held
        if held is not None and target is not None and target.thing.kind == "here":
            target = None  # where the robot is
        elif held is not None and target is None and "BACK" in clause.classes:
            # Where it came from, when that is known; the nearest surface would be a guess.
            where = held.place or self._ask_where(held)
            target = Tail("on", Thing("place", where, place=where))
        self._put_all(clause.things, sources, target)

    def _do_release(self, clause: Clause) -> None:
        """ "Let go", "open the gripper": what is in the hand is put down, not dropped."""
        if self._refer.held is None:
            raise VlaError(Code.NOT_POSSIBLE, "My hand is empty; there is nothing to let go of.")
        self._put_all((Thing("pronoun", "it", index=clause.index),), (), None)

    def _do_grip(self, clause: Clause) -> None:
        raise VlaError(
            Code.NOT_POSSIBLE,
            "I close my hand only around a thing that I take; say what I should pick up.",
        )

    def _refuse_floor(self, tails: Sequence[Tail]) -> None:
        overlay = self._refer.overlay
        for tail in tails:
            word = tail.thing.word
            if word in overlay.lexicon.bare_floor and not tail.thing.place:
                raise VlaError(
                    Code.NOT_POSSIBLE, f"I put things on furniture only, not on the {word}."
                )

    def _do_carry(self, clause: Clause) -> None:
        self._refuse_floor(clause.tails)
        things = tuple(thing for thing in clause.things if thing.kind not in ("me", "person"))
        receiver = next((thing for thing in clause.things if thing.kind in ("me", "person")), None)
        target = clause.tail("to")
        if target is None:
            target = next((tail for tail in clause.tails if tail.thing.kind == "there"), None)
        if target is None and "GO" in clause.classes and clause.tails:
            target = clause.tails[-1]
        if target is None:
            target = self._inward(clause)
        sources = tuple(tail for tail in clause.tails if tail is not target)
        if target is not None and target.thing.kind in PEOPLE:
            receiver, target = target.thing, None
        to_nobody = receiver is None and clause.how in ("carry", "drive")
        if target is None and not (to_nobody and "HERE" not in clause.classes):
            self._give(things, sources, receiver)
        else:
            self._put_all(things, sources, target)

    def _inward(self, clause: Clause) -> Tail | None:
        """Where something is to go: "in the box" may say which ball, "into the box" never does."""
        last = clause.tails[-1] if clause.tails else None
        inward = self._refer.overlay.lexicon.inward
        return last if last is not None and last.said in inward else None

    def _do_hand_over(self, clause: Clause) -> None:
        self._do_carry(clause)

    def _do_discard(self, clause: Clause) -> None:
        away = clause.how == "discard" or "AWAY" in clause.classes
        target = clause.tail("in") if away else clause.tail("in", "on", "to", "at")
        sources = tuple(tail for tail in clause.tails if tail is not target)
        if target is None:
            if not away:
                raise VlaError(Code.NOT_POSSIBLE, "I can't throw things; say where to put it.")
            target = Tail("in", self._refer.disposal())
        self._put_all(clause.things, sources, target)


def _with_several(clause: Clause, answer: SeveralMeantError) -> Clause:
    """The clause for all the things that were asked about. Errors: NOT_POSSIBLE where it takes but one."""
    if answer.thing is None or answer.thing not in clause.things:
        raise VlaError(Code.NOT_POSSIBLE, "That has to be one thing; say which one.")
    many = replace(answer.thing, quantity=answer.quantity, definite=False, plural=True)
    things = tuple(many if thing == answer.thing else thing for thing in clause.things)
    return replace(clause, things=things)
