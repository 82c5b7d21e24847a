# SPDX-License-Identifier: Apache-2.0
"""Looking, talking and people: the clauses that move nothing, and skills that only the catalogue knows."""

from __future__ import annotations

from dataclasses import replace

from vla_common.contracts.outcomes import Code, VlaError
from vla_common.contracts.skills import Argument
from vla_planner.config import PlannerConfig
from vla_planner.core.backend import PlanRequest
from vla_planner.core.words import quoted
from vla_planner.grammar.meaning import Clause, Tail, Thing
from vla_planner.grammar.overlay import Overlay
from vla_planner.meaning import amounts
from vla_planner.meaning.answers import Asker
from vla_planner.meaning.coreference import PEOPLE, no_position, person
from vla_planner.steps.generic_skills import Arguments
from vla_planner.steps.group_steps import GroupCarrier

USE_STOP = (
    "Stopping is not part of a plan: use the stop service or button, which works at any time."
)
USE_CANCEL = "That takes a command back; there is nothing in it to plan. Where one runs, it ends the command."
_GAZE = {"left": "left", "right": "right", "up": "up", "down": "down", "forward": "ahead"}


class Teller(GroupCarrier):
    """Adds the steps of these clauses."""

    def __init__(
        self, request: PlanRequest, config: PlannerConfig, overlay: Overlay, asker: Asker
    ) -> None:
        super().__init__(request, overlay, asker)
        self._config = config

    def _do_look_at(self, clause: Clause) -> None:
        if clause.direction:
            if clause.direction not in _GAZE:
                raise VlaError(Code.NOT_POSSIBLE, "I can't look backward; tell me to turn around.")
            self._step("look_at", direction=_GAZE[clause.direction])
            return
        for thing, tails in _targets(clause):
            if thing.kind in PEOPLE:
                raise no_position(thing)
            place = "" if tails else self._refer.place_meant(thing)
            if place:
                self._step("look_at", place=place)
                self._refer.mention_place(place, visited=True)
            else:
                ref = self._single(self._refer.object(thing, tails), "look at")
                self._step("look_at", object=self._know(ref, thing))

    def _do_describe(self, clause: Clause) -> None:
        first = clause.things[0] if clause.things else None
        if first is not None and first.kind == "generic" and (first.quantity or first.plural):
            if first.attributes or first.rank:
                raise VlaError(
                    Code.NOT_POSSIBLE, "I can describe one thing, or all that is in a place."
                )
            clause = replace(clause, things=())  # "everything on the table"
        for thing in clause.things:
            place = "" if clause.tails else self._refer.place_meant(thing)
            if not place and not clause.tails:
                self._refuse_own_part(clause, thing)
            if place:
                self._step("describe", place=place)
            else:
                ref = self._single(self._refer.object(thing, clause.tails), "describe")
                self._step("describe", object=self._know(ref, thing))
        if clause.things:
            return
        if clause.tails:
            self._step("describe", place=self._refer.source(clause.tails))
        else:
            self._step("describe")

    def _refuse_own_part(self, clause: Clause, thing: Thing) -> None:
        """ "Check the battery" where none was seen may well mean the robot's own. Errors: AMBIGUOUS, NOT_POSSIBLE."""
        if thing.label not in self._refer.overlay.lexicon.own_parts:
            return
        own = f"your {thing.word}" in clause.said.lower()
        if not own:
            if any(item.label == thing.label for item in self._scene.objects):
                return
            choices = [f"a {thing.word} in the room", f"my own {thing.word}"]
            own = self._asker.choose(f"Which {thing.word} do you mean?", choices) == 1
        if own:
            raise VlaError(
                Code.NOT_POSSIBLE,
                f"I can't look at my own {thing.word}; what I know of myself is in the status.",
            )

    def _do_count(self, clause: Clause) -> None:
        for thing in clause.things:
            if thing.quantity not in ("", "all") or (thing.kind == "pronoun" and not thing.plural):
                raise VlaError(
                    Code.NOT_UNDERSTOOD, f"I don't know what to count in {quoted(thing.said)}."
                )
            counted = replace(thing, quantity="", definite=False)
            ref = self._refer.object(counted, clause.tails)
            arguments: dict[str, Argument] = {"object": replace(ref, place="", quantity="")}
            if ref.place:
                arguments["place"] = ref.place
            self._step("count", **arguments)
            self._refer.mention(ref, plural=True)

    def _do_say(self, clause: Clause) -> None:
        self._step("say", text=clause.text)

    def _do_ask(self, clause: Clause) -> None:
        self._step("ask", question=clause.text)

    def _do_wait(self, clause: Clause) -> None:
        duration = amounts.duration_s(clause.measures, self._config, self._asker)
        self._step("wait", duration=duration)

    def _do_wait_for(self, clause: Clause) -> None:
        raise VlaError(
            Code.NOT_POSSIBLE,
            f"I can't wait for {quoted(clause.things[0].said)}; say for how long I should wait.",
        )

    def _do_follow(self, clause: Clause) -> None:
        self._step("follow", person=person(clause.things[0] if clause.things else None))

    def _do_greet(self, clause: Clause) -> None:
        self._step("greet", person=person(clause.things[0] if clause.things else None))

    def _do_guide(self, clause: Clause) -> None:
        self._need("guide")
        target = clause.tails[-1].thing
        place = self._refer.place_of(target)
        if not place:
            raise self._refer.unknown_place(target)
        self._step("guide", person=person(clause.things[0] if clause.things else None), place=place)

    def _do_stop(self, clause: Clause) -> None:
        """ "... and then stop": where the steps end, it stands still. Errors: NOT_POSSIBLE for any other stop."""
        if self._only_if:
            raise VlaError(
                Code.NOT_POSSIBLE,
                "I can't make it depend on something whether I stop; say 'stop' when you want it.",
            )
        if not self.steps:
            raise VlaError(Code.NOT_POSSIBLE, USE_STOP)

    def _do_generic(self, clause: Clause) -> None:
        spec = self._skills[clause.how]
        self._need(spec.name)

        def object_of(thing: Thing, tails: tuple[Tail, ...]) -> Argument:
            ref = self._single(self._refer.object(thing, tails), spec.name.replace("_", " "))
            return self._know(ref, thing)

        arguments = Arguments(
            spec,
            self._asker,
            self._refer.place_meant,
            object_of,
            [place.name for place in self._scene.places],
        )
        self._step(spec.name, **arguments.fill(clause))


def _targets(clause: Clause) -> list[tuple[Thing, tuple[Tail, ...]]]:
    """ "Look at the cup and the bowl", or the one thing of "turn to the cup"."""
    if clause.things:
        return [(thing, clause.tails) for thing in clause.things]
    return [(clause.tails[0].thing, clause.tails[1:])]
