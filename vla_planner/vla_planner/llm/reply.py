# SPDX-License-Identifier: Apache-2.0
"""From what the model answered to steps that nobody has checked yet, a question or a refusal.

Decides whether an answer can be read at all; a reply is hostile until proven otherwise. Names are looked up in the
functions that were offered, and nothing else is done with them. Skills, ranges, places and the order of steps are
decided by the validator. Every error has a code and a sentence that the model gets back.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from vla_common.contracts.outcomes import Code, VlaError
from vla_common.contracts.skills import Condition, ParameterType, Step
from vla_planner.core.backend import AmbiguousError
from vla_planner.llm.strict_json import parse, shown
from vla_planner.llm.tools import (
    ASK,
    CONDITIONS,
    FINISH,
    ONLY_IF,
    OUTCOMES,
    REASONS,
    REFUSE,
    RELATIONS,
    WITH_PREVIOUS,
    Function,
    Toolset,
)
from vla_planner.llm.wrapping import plan_in

MAX_ARGUMENTS = 8_000
"""Characters in the arguments of one call."""
MAX_ANSWER = 200_000
"""Characters in an answer that is one text."""
MAX_WORD = 64
MAX_WORDS = 8
MAX_CHOICES = 8
_PLAN_KEYS = frozenset({"outcome", "steps", "question", "choices", "kind", "reason"})
_STEP_KEYS = frozenset({"skill", "arguments", ONLY_IF, WITH_PREVIOUS})
_OBJECT_WORDS = frozenset({"label", "place", "relation", "quantity", "id"})
_OBJECT_LISTS = frozenset({"attributes", "reference"})
_QUANTITY = re.compile(r"(all|one|[0-9]{1,3})?")


@dataclass(frozen=True)
class Call:
    """A function call as it arrived."""

    id: str
    name: str
    arguments: str


def steps_of_calls(calls: Sequence[Call], tools: Toolset, before: int) -> tuple[list[Step], bool]:
    """The steps, and whether the plan is complete. before: how many steps earlier replies had.

    Errors: AmbiguousError, NOT_UNDERSTOOD, NOT_POSSIBLE as the model decided; INVALID_PLAN, INVALID_ARGUMENT and
    UNKNOWN_SKILL for what can't be read.
    """
    steps: list[Step] = []
    for index, call in enumerate(calls):
        if call.name == FINISH:
            if index != len(calls) - 1:
                _invalid(f"calls functions after {FINISH}")
            if not before + len(steps):
                _invalid(f"calls {FINISH} without any step")
            _no_arguments(call.arguments)
            return steps, True
        if call.name in (ASK, REFUSE):
            if len(calls) > 1 or before:
                _invalid(f"calls {call.name} together with other functions")
            _decide(call.name, _mapping(parse(call.arguments, MAX_ARGUMENTS), "arguments"))
        steps.append(_step(call.name, parse(call.arguments or "{}", MAX_ARGUMENTS), tools))
    return steps, False


def steps_of_text(text: str, tools: Toolset, max_steps: int) -> list[Step]:
    """The steps of a whole plan in JSON. Errors: as `steps_of_calls`, and TOO_MANY_STEPS."""
    if len(text) > MAX_ANSWER:
        _invalid(f"is longer than {MAX_ANSWER} characters")
    written = plan_in(text)
    if not written:
        _invalid("is nothing but thoughts")
    answer = _mapping(parse(written, MAX_ANSWER), "plan")
    _only(answer, _PLAN_KEYS, "plan")
    outcome = answer.get("outcome")
    if outcome not in OUTCOMES:
        _invalid(f"has to have an 'outcome' of {', '.join(OUTCOMES)}")
    steps = answer.get("steps")
    if outcome != "plan":
        if steps not in (None, []):
            _invalid(f"has steps, but the outcome '{outcome}'")
        wanted = ("question", "choices") if outcome == "ask" else ("kind", "reason")
        _decide(
            ASK if outcome == "ask" else REFUSE,
            {key: answer[key] for key in wanted if answer.get(key) is not None},
        )
    if not isinstance(steps, list) or not steps:
        _invalid("has no steps")
    if len(steps) > max_steps:
        raise VlaError(
            Code.TOO_MANY_STEPS,
            f"The plan has {len(steps)} steps, more than the {max_steps} allowed.",
        )
    return [_json_step(step, tools) for step in steps]


def _json_step(value: Any, tools: Toolset) -> Step:
    step = _mapping(value, "step")
    _only(step, _STEP_KEYS, "step")
    name = step.get("skill")
    if not isinstance(name, str):
        _invalid("has a step whose 'skill' is no text")
    arguments = dict(_mapping(step.get("arguments") or {}, "arguments"))
    for key in (ONLY_IF, WITH_PREVIOUS):
        if key in arguments:
            _argument(name, f"has no argument '{key}'; it belongs to the step")
        if key in step:
            arguments[key] = step[key]
    return _step(name, arguments, tools)


def _step(name: str, value: Any, tools: Toolset) -> Step:
    function = tools.functions.get(name)
    if function is None:
        raise VlaError(Code.UNKNOWN_SKILL, f"There is no function '{shown(name)}'.")
    arguments = dict(_mapping(value, "arguments"))
    condition = arguments.pop(ONLY_IF, None)
    together = arguments.pop(WITH_PREVIOUS, None)
    if condition is not None and condition not in CONDITIONS:
        _argument(name, f"can have '{ONLY_IF}' of {', '.join(CONDITIONS)}")
    if together is not None and not isinstance(together, bool):
        _argument(name, f"needs true or false for '{WITH_PREVIOUS}'")
    return Step(
        function.skill.name,
        {
            function.parameters[key].name: _value(name, key, item, function)
            for key, item in arguments.items()
            if item is not None and _known(name, key, function)
        },
        bool(together),
        Condition(CONDITIONS.index(condition)) if condition is not None else Condition.ALWAYS,
    )


def _known(name: str, key: str, function: Function) -> bool:
    if key not in function.parameters:
        _argument(name, f"has no argument '{shown(key)}'")
    return True


def _value(name: str, key: str, value: Any, function: Function) -> Any:
    """Numbers and texts as they are, for the validator; an object without its empty parts."""
    if function.parameters[key].type is not ParameterType.OBJECT:
        if isinstance(value, dict) or (isinstance(value, list) and len(value) > MAX_WORDS):
            _argument(name, f"can't take what was given for '{key}'")
        return value
    if not isinstance(value, dict):
        _argument(name, f"needs an object with a label and attributes for '{key}'")
    out: dict[str, Any] = {}
    for part, item in value.items():
        if item in (None, "", []):
            continue
        if part in _OBJECT_WORDS:
            if not isinstance(item, str) or len(item) > MAX_WORD:
                _argument(name, f"needs a short text for '{part}' of '{key}'")
        elif part in _OBJECT_LISTS:
            if not isinstance(item, list) or len(item) > MAX_WORDS:
                _argument(name, f"needs a short list of words for '{part}' of '{key}'")
            if not all(isinstance(word, str) and 0 < len(word) <= MAX_WORD for word in item):
                _argument(name, f"needs a short list of words for '{part}' of '{key}'")
        else:
            _argument(name, f"can't have '{shown(part)}' in '{key}'")
        out[part] = item
    if out.get("relation", "on") not in RELATIONS:
        _argument(name, f"can have a 'relation' in '{key}' of {', '.join(RELATIONS)}")
    if not _QUANTITY.fullmatch(out.get("quantity", "")):
        _argument(name, f"needs 'all' or digits for 'quantity' of '{key}'")
    return out


def _decide(name: str, arguments: Mapping[str, Any]) -> NoReturn:
    """The model asks or refuses. Errors: that, always."""
    if name == ASK:
        _only(arguments, frozenset({"question", "choices"}), "question")
        question, choices = arguments.get("question"), arguments.get("choices", [])
        if not isinstance(question, str) or not question.strip():
            _invalid("asks without a question")
        if not isinstance(choices, list) or not all(isinstance(item, str) for item in choices):
            _invalid("asks with choices that are no texts")
        kept = list(dict.fromkeys(text for item in choices if (text := shown(item, 60))))
        if len(kept) > MAX_CHOICES:
            _invalid(f"asks with more than {MAX_CHOICES} choices")
        raise AmbiguousError(shown(question, 200), kept)
    _only(arguments, frozenset({"kind", "reason"}), "refusal")
    kind, reason = arguments.get("kind"), arguments.get("reason", "")
    if kind not in REASONS or not isinstance(reason, str):
        _invalid(f"refuses without a kind of {', '.join(REASONS)} and a reason")
    code = Code.NOT_UNDERSTOOD if kind == REASONS[0] else Code.NOT_POSSIBLE
    raise VlaError(code, shown(reason, 200) or "The language model found no plan for this command.")


def _no_arguments(text: str) -> None:
    if text.strip() and parse(text, MAX_ARGUMENTS) not in ({}, None):
        _invalid(f"calls {FINISH} with arguments")


def _mapping(value: Any, what: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        _invalid(f"has to be an object with keys where the {what} should be")
    return value


def _only(value: Mapping[str, Any], keys: frozenset[str], what: str) -> None:
    for key in value:
        if key not in keys:
            _invalid(f"has the key '{shown(key)}', which no {what} has")


def _invalid(what: str) -> NoReturn:
    raise VlaError(Code.INVALID_PLAN, f"The language model's answer {what}.")


def _argument(name: str, what: str) -> NoReturn:
    raise VlaError(Code.INVALID_ARGUMENT, f"The function '{shown(name)}' {what}.")
