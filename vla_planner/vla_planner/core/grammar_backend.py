# SPDX-License-Identifier: Apache-2.0
"""The offline planner: a grammar, a lexicon and what is known of the scene; no model, no network.

Decides which words are a command; `composing` decides which steps they mean. It never guesses a motion: a word
that it can't read, a direction that was not said or a thing that could be several is a refusal or a question.
Whether the steps may be carried out is decided by `validator`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from vla_common.contracts.outcomes import Code, VlaError
from vla_common.contracts.skills import Plan, Step
from vla_planner.config import PlannerConfig
from vla_planner.core import in_hand
from vla_planner.core.backend import PlanRequest, Proposal
from vla_planner.core.words import quoted
from vla_planner.grammar import lexicon, overlay, reading
from vla_planner.grammar.ast_builder import elements, item_type
from vla_planner.grammar.meaning import Clause, Element, Mark, Repeat
from vla_planner.grammar.overlay import Overlay
from vla_planner.grammar.splitting import Word, clean, split
from vla_planner.meaning.answers import Asker
from vla_planner.meaning.conditions import in_order
from vla_planner.meaning.previous_command import clause_of
from vla_planner.meaning.resolving import Resolver, checked_times, last_clause
from vla_planner.steps.composing import Composer


class RulesBackend:
    """Plans by grammar. Deterministic and without state between commands."""

    name = "rules"
    repairs = False
    partial = True
    configured = True

    def __init__(self, config: PlannerConfig) -> None:
        self._config = config
        self._lexicon = lexicon.load()
        reading.prepare()

    def propose(self, request: PlanRequest) -> Proposal:
        """Steps for the command.

        Errors: EMPTY_COMMAND, NOT_UNDERSTOOD, NOT_POSSIBLE, AMBIGUOUS, NOT_CONFIRMED, UNKNOWN_PLACE, SKILL_UNAVAILABLE,
        INVALID_ARGUMENT.
        """
        if in_hand.is_question(request.command):
            return Proposal(
                (Step("say", {"text": in_hand.answer(request.scene, request.holding)}),)
            )
        known = overlay.of(self._lexicon, request.scene, request.skills)
        asker = Asker(request.answers, known)
        said = self._read(request.command, known)
        if _is_again(said):
            return self._again(request, said)
        resolver = Resolver(asker, lambda: self._last_clause(request.previous, known, asker))
        clauses = in_order(resolver.resolve(said))
        proposal = Proposal(Composer(request, self._config, known, asker).compose(clauses))
        asker.check_used()
        return proposal

    def _read(self, command: str, known: Overlay) -> list[Element]:
        text = clean(command)
        words = split(text)
        if all(word.is_separator for word in words):
            raise VlaError(Code.EMPTY_COMMAND, "There are no words in the command.")
        tree = reading.Reader(text, words, known).read()
        if isinstance(tree, reading.Stumble):
            raise self._not_read(words, tree.index, known)
        last = tree.children[-1]
        if item_type(last) == "SEP" and any(char.isalpha() for char in str(last)):
            raise self._not_read(words, len(words), known)  # "go to the table and"
        return elements(tree)

    def close(self) -> None:
        """There is nothing to let go of."""

    def facts(self) -> Mapping[str, str]:
        return {}

    # --- the command before -------------------------------------------------------------------------

    def _again(self, request: PlanRequest, said: Sequence[Element]) -> Proposal:
        """The command before, anew. One that itself only means something after another is repeated step by step."""
        previous = request.previous
        times = next(item.times for item in said if isinstance(item, Clause))
        times = checked_times(times * _times_said(said))
        if previous is None or not previous.steps:
            word = next(item.said for item in said if isinstance(item, Clause))
            raise VlaError(
                Code.NOT_UNDERSTOOD, f"There is nothing before it that I could do {quoted(word)}."
            )
        try:
            once = self.propose(replace(request, command=previous.command, previous=None))
            return replace(once, steps=once.steps * times)
        except VlaError as error:
            if error.code in (Code.NOT_UNDERSTOOD, Code.EMPTY_COMMAND):
                return Proposal(previous.steps * times)
            raise

    def _last_clause(self, previous: Plan | None, known: Overlay, asker: Asker) -> Clause | None:
        """What "no, the blue one" corrects: from the words of the command before, else from its steps."""
        if previous is None:
            return None
        try:
            resolver = Resolver(asker, lambda: None)
            last = last_clause(resolver.resolve(self._read(previous.command, known)))
        except VlaError:
            last = None
        if last is None or last.verb == "again":
            return clause_of(previous.steps)
        return replace(last, times=1, together=False)

    # --- refusals -----------------------------------------------------------------------------------

    def _not_read(self, words: list[Word], index: int, known: Overlay) -> VlaError:
        """What to say of the word at which reading ended."""
        before = words[index - 1].text if index else ""
        if index >= len(words):
            return VlaError(
                Code.NOT_UNDERSTOOD, f"The command seems to be unfinished after {quoted(before)}."
            )
        word = words[index].text
        for start, end in ((index - 1, index + 1), (index, index + 2), (index, index + 1)):
            phrase = " ".join(item.text for item in words[max(start, 0) : end])
            hint = self._lexicon.hints.get(phrase)
            if hint is not None:
                return VlaError(hint.code, f"{hint.sentence} (at {quoted(phrase)}).")
        quote = ""
        if any(_says(words, at, known) for at in range(index)):
            quote = " Put into quotes what I should say, where this belongs to it."
        is_known = known.candidates(words, index)[0].type != "UNKNOWN"
        after = f" after {quoted(before)}" if before else ""
        if is_known:
            return VlaError(
                Code.NOT_UNDERSTOOD, f"I don't understand {quoted(word)}{after}.{quote}"
            )
        return VlaError(Code.NOT_UNDERSTOOD, f"I don't know the word {quoted(word)}{after}.{quote}")


def _says(words: Sequence[Word], index: int, known: Overlay) -> bool:
    """Whether something that is to be said may begin behind this word."""
    return any(item.type in reading.FREE_TEXT for item in known.candidates(words, index))


def _times_said(said: Sequence[Element]) -> float:
    return next((item.times for item in said if isinstance(item, Repeat)), 1.0)


def _is_again(said: Sequence[Element]) -> bool:
    rest = [item for item in said if not isinstance(item, (Mark, Repeat))]
    return len(rest) == 1 and isinstance(rest[0], Clause) and rest[0].verb == "again"
