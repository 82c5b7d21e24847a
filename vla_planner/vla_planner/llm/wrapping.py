# SPDX-License-Identifier: Apache-2.0
"""What models write around a plan in JSON: thoughts, code fences, sentences. Decides which part of a text is the plan.

Thoughts are never a plan: they hold drafts. A text with two different plans has none. What is inside the plan is read
as strictly as ever, in `llm_json`.
"""

from __future__ import annotations

import re

from vla_common.contracts.outcomes import Code, VlaError

_TAGS = (
    "think|thinking|thought|thoughts|reason|reasoning|reflection|analysis|scratchpad|seed:think|begin_of_thought|"
    "inner_monologue"
)
_OPENING = re.compile(
    rf"<\s*(?:{_TAGS})\s*>|<\|begin_of_thought\|>|\[THINK\]|◁think▷|<\|channel\|>\s*analysis\s*<\|message\|>",
    re.IGNORECASE,
)
_CLOSING = re.compile(
    rf"<\s*/\s*(?:{_TAGS})\s*>|<\|end_of_thought\|>|\[/THINK\]|◁/think▷|"
    r"<\|channel\|>\s*final\s*<\|message\|>",
    re.IGNORECASE,
)
"""As models of DeepSeek, Qwen, Mistral, Moonshot, ByteDance and OpenAI write them, where a server leaves them in."""
_OBJECT = re.compile(r'\{\s*"')
_FENCE = re.compile(r"```(?:json)?\s*\n(.*)\n\s*```", re.DOTALL | re.IGNORECASE)
MAX_TRIES = 20
"""Places in a text at which a plan may begin; each costs one pass over the text."""


def without_thoughts(text: str) -> str:
    """The answer itself. What comes before the last end of thoughts is thought, also where no beginning is shown: some
    servers put that into the prompt. Thoughts without an end go on to the end of the text.
    """
    ends = list(_CLOSING.finditer(text))
    if ends:
        text = text[ends[-1].end() :]
    begun = _OPENING.search(text)
    return (text[: begun.start()] if begun else text).strip()


def plan_in(text: str) -> str:
    """The part of an answer that is the plan, or the whole answer where nothing in it looks like one.

    Thoughts that have no end are given up for what stands at the very end of the text, if that is the only plan in it.
    Errors: INVALID_PLAN for several plans.
    """
    answer = without_thoughts(text)
    if not answer:
        found = _plans(text)
        return (
            found[0]
            if len(found) == 1 and text.rstrip().rstrip("`").rstrip().endswith(found[0])
            else ""
        )
    fenced = _FENCE.fullmatch(answer)
    if fenced:
        answer = fenced.group(1).strip()
    if answer.startswith("[") or (answer.startswith("{") and _end(answer, 0) == len(answer)):
        return answer
    found = _plans(answer)
    if len(found) > 1:
        raise VlaError(
            Code.INVALID_PLAN, "The language model's answer has several plans; it has to be one."
        )
    return found[0] if found else answer


def _plans(text: str) -> list[str]:
    """Objects with an outcome at the top, each different one once."""
    found: list[str] = []
    at = tries = 0
    while (begin := _OBJECT.search(text, at)) is not None and tries < MAX_TRIES:
        tries += 1
        end = _end(text, begin.start())
        if end < 0:
            at = begin.start() + 1
            continue
        part = text[begin.start() : end]
        if '"outcome"' in part and part not in found:
            found.append(part)
        at = end
    return found


def _end(text: str, begin: int) -> int:
    """Where the object that begins there ends; -1: nowhere."""
    depth = 0
    quoted = escaped = False
    for place in range(begin, len(text)):
        character = text[place]
        if quoted:
            if escaped:
                escaped = False
            elif character == "\\":
                escaped = True
            elif character == '"':
                quoted = False
        elif character == '"':
            quoted = True
        elif character == "{":
            depth += 1
        elif character == "}":
            depth -= 1
            if depth == 0:
                return place + 1
    return -1
