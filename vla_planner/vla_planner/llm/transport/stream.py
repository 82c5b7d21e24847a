# SPDX-License-Identifier: Apache-2.0
"""The server's answer as it arrives: server-sent events, put together to one reply, with bounds on everything.

Decides when an answer is complete, when it is too much and when it was cut. Pure: bytes in, a `Reply` out.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from vla_common.contracts.outcomes import Code, VlaError
from vla_planner.llm.reply import MAX_ANSWER, MAX_ARGUMENTS, Call
from vla_planner.llm.strict_json import shown

MAX_LINE = 400_000
MAX_NAME = 128
MAX_TOKEN_COUNT = 10**9
MAX_THOUGHTS = 1_000_000
"""Characters of thoughts that are no part of the answer."""
THOUGHTS = ("reasoning_content", "reasoning", "thinking", "thoughts")
"""Fields in which servers put what a model thinks: vLLM, llama.cpp and DeepSeek; OpenRouter and Ollama; others."""


class CutStreamError(Exception):
    """The answer ended or broke in the middle; asking again may help. text: the server's own words, if any."""

    def __init__(self, text: str = "") -> None:
        super().__init__(text)
        self.text = text


@dataclass(frozen=True)
class Usage:
    """Tokens of one request. estimated: not counted by the server."""

    prompt_tokens: int
    completion_tokens: int
    estimated: bool = False


@dataclass(frozen=True)
class Reply:
    """A complete answer. text: outside of calls; finish: why it ended; usage: None where the server does not say."""

    text: str
    calls: tuple[Call, ...]
    finish: str
    refusal: str
    usage: Usage | None
    thoughts: int = 0
    """Characters of thoughts apart from the text; they cost tokens as well."""

    @property
    def characters(self) -> int:
        """Of everything that the model wrote."""
        parts = [self.text, self.refusal]
        parts += [call.name + call.arguments for call in self.calls]
        return sum(map(len, parts)) + self.thoughts


class Assembler:
    """Takes the bytes of one answer. max_calls, max_events: more than that are too many."""

    def __init__(self, max_calls: int, max_events: int = 10_000) -> None:
        self._max_calls = max_calls
        self._events_left = max_events
        self._buffer = bytearray()
        self._data: list[bytes] = []
        self._text: list[str] = []
        self._refusal: list[str] = []
        self._calls: list[list[str]] = []
        """In the order in which they began: id, name, arguments."""
        self._at: dict[int | None, list[str]] = {}
        """The call that each index stands for now; servers give several the same, or none."""
        self._repeats = False
        """The server writes the name with every piece of a call."""
        self._finish = ""
        self._usage: Usage | None = None
        self.characters = 0
        """Of text, refusal, names and arguments until now."""
        self.thoughts = 0
        """Characters of thoughts until now."""
        self.done = False
        """The server said that nothing follows."""

    def feed(self, data: bytes) -> None:
        """Errors: CutStreamError, VlaError (INVALID_PLAN, TOO_MANY_STEPS, PLANNER_UNAVAILABLE)."""
        self._buffer += data
        while not self.done:
            ends = [i for i in (self._buffer.find(b"\n"), self._buffer.find(b"\r")) if i >= 0]
            if not ends:
                break
            line = bytes(self._buffer[: min(ends)])
            del self._buffer[: min(ends) + 1]
            self._line(line)
        if len(self._buffer) > MAX_LINE:
            raise VlaError(Code.INVALID_PLAN, "The language model's answer is too long to be read.")

    def _line(self, line: bytes) -> None:
        # The "\n" of "\r\n" arrives as an empty line: it ends an event early, and every event here is one line.
        if line.startswith(b"data:"):
            self._data.append(line[5:].strip())
        if not line and self._data:
            data, self._data = b"\n".join(self._data), []
            self._event(data)

    def _event(self, data: bytes) -> None:
        if data.startswith(b"[DONE]"):
            self.done = True
        elif data:
            self.chunk(data)

    def chunk(self, data: bytes) -> None:
        """One JSON chunk, or the whole answer of a server that does not stream."""
        self._events_left -= 1
        if self._events_left < 0:
            raise VlaError(Code.INVALID_PLAN, "The language model's answer does not end.")
        try:
            value = json.loads(data)
        except (ValueError, RecursionError):
            raise _unreadable() from None
        if not isinstance(value, dict):
            raise _unreadable()
        if value.get("error"):
            raise CutStreamError(shown(str(value["error"])[:1000], 200))
        self._count(value.get("usage"))
        choices = value.get("choices") or []
        if not isinstance(choices, list):
            raise _unreadable()
        for choice in choices[:1]:
            if not isinstance(choice, dict):
                raise _unreadable()
            delta = choice.get("delta") or choice.get("message") or {}
            whole = "message" in choice and not choice.get("delta")
            if not isinstance(delta, dict):
                raise _unreadable()
            self._delta(delta, whole)
            finish = choice.get("finish_reason")
            if isinstance(finish, str) and finish:
                self._finish = finish[:40]

    @property
    def begun(self) -> bool:
        """Whether the model has begun to write, or to think."""
        return bool(self.characters or self.thoughts)

    def _delta(self, delta: dict[str, Any], whole: bool) -> None:
        for key in THOUGHTS:
            self._think(delta.get(key))
        for key, kept in (("content", self._text), ("refusal", self._refusal)):
            part = delta.get(key)
            if part is None:
                continue
            if isinstance(part, list):
                part = self._joined(part)
            if not isinstance(part, str):
                raise _unreadable()
            self._add(part)
            kept.append(part)
        if self.characters > MAX_ANSWER:
            raise VlaError(
                Code.INVALID_PLAN,
                f"The language model's answer is longer than {MAX_ANSWER} characters.",
            )
        calls = delta.get("tool_calls") or []
        if not isinstance(calls, list):
            raise _unreadable()
        taken: list[list[str]] = []
        for call in calls:
            self._call(call, taken, whole)
        old = delta.get("function_call")  # as before there were tools
        if old:
            self._call({"function": old}, taken, whole)

    def _think(self, part: Any) -> None:
        if isinstance(part, list):
            part = "".join(_text_of(item) for item in part)
        if isinstance(part, str):
            self.thoughts += len(part)
        if self.thoughts > MAX_THOUGHTS:
            raise VlaError(Code.INVALID_PLAN, "The language model's thoughts do not end.")

    def _joined(self, parts: list[Any]) -> str:
        """The text of content that comes in parts; parts that are thoughts are counted."""
        texts = []
        for part in parts:
            kind = part.get("type") if isinstance(part, dict) else "text"
            if kind in ("text", "output_text"):
                texts.append(_text_of(part))
            elif kind in ("thinking", "reasoning", "thought", "reasoning_text"):
                thought = part.get("thinking", part.get("text", part.get("reasoning")))
                self._think(thought)
            else:
                raise _unreadable()
        return "".join(texts)

    def _call(self, call: Any, taken: list[list[str]], whole: bool) -> None:
        """One piece of a call. taken: the calls that this chunk had pieces of before; whole: no pieces follow."""
        if not isinstance(call, dict):
            raise _unreadable()
        function = call.get("function") or {}
        index = _index_of(call.get("index"))
        if not isinstance(function, dict):
            raise _unreadable()
        ident, name, arguments = call.get("id"), function.get("name"), function.get("arguments")
        as_object = isinstance(arguments, dict)
        if as_object:
            arguments = json.dumps(arguments)  # some servers send the object itself
        if not all(part is None or isinstance(part, str) for part in (ident, name, arguments)):
            raise _unreadable()
        entry = self._known(index, ident or "")
        if (
            entry is None
            or whole
            or any(entry is other for other in taken)
            or (
                _is_another(entry, ident or "", name or "", as_object)
                and not (self._repeats and name == entry[1] and not arguments)
            )
        ):
            if len(self._calls) >= self._max_calls:
                raise VlaError(
                    Code.TOO_MANY_STEPS,
                    f"The language model's answer has more than {self._max_calls} function calls.",
                )
            entry = ["", "", ""]
            self._calls.append(entry)
        elif name and name == entry[1] and entry[2]:
            self._repeats = True
        self._at[index] = entry
        taken.append(entry)
        entry[0] = entry[0] or (ident or "")[:MAX_NAME]
        if name and entry[1] != name:  # some servers repeat the name in every fragment
            entry[1] += name
        entry[2] += arguments or ""
        self._add((name or "") + (arguments or ""))
        if len(entry[1]) > MAX_NAME:
            raise VlaError(Code.UNKNOWN_SKILL, f"There is no function '{shown(entry[1])}'.")
        if len(entry[2]) > MAX_ARGUMENTS:
            raise VlaError(
                Code.INVALID_PLAN,
                f"The language model's answer has a call with more than {MAX_ARGUMENTS} characters.",
            )

    def _known(self, index: int | None, ident: str) -> list[str] | None:
        """The call that a piece belongs to, as far as its id and index tell."""
        last = self._calls[-1] if self._calls else None
        at = last if index is None else self._at.get(index)
        if at is not None and ident and at[0] and at[0] != ident:
            return next((entry for entry in reversed(self._calls) if entry[0] == ident), at)
        return at

    def _add(self, part: str) -> None:
        self.characters += len(part)

    def _count(self, usage: Any) -> None:
        if not isinstance(usage, dict):
            return
        counts = [usage.get(key) for key in ("prompt_tokens", "completion_tokens")]
        if all(type(n) is int and 0 <= n <= MAX_TOKEN_COUNT for n in counts):
            self._usage = Usage(*counts)  # type: ignore[arg-type]

    def finish(self) -> Reply:
        """The answer, after the last byte. Errors: CutStreamError where it ended in the middle."""
        if self._buffer or self._data:
            rest = bytes(self._buffer)
            self._buffer.clear()
            if rest:
                self._line(rest)
            self._line(b"")
        if not self.done and not self._finish:
            raise CutStreamError
        return Reply(
            "".join(self._text),
            tuple(Call(*entry) for entry in self._ordered()),
            self._finish,
            "".join(self._refusal),
            self._usage,
            self.thoughts,
        )

    def _ordered(self) -> list[list[str]]:
        """By their indices where each has one of its own; else as they began."""
        numbered = [entry for index, entry in sorted(self._at.items(), key=_by_index)]
        own = len(numbered) == len(self._calls) and None not in self._at
        return numbered if own else self._calls


def _by_index(item: tuple[int | None, list[str]]) -> int:
    return -1 if item[0] is None else item[0]


def _index_of(value: Any) -> int | None:
    """None: it has none. Errors: PLANNER_UNAVAILABLE for what is no number."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise _unreadable()
    return value


def _is_another(entry: list[str], ident: str, name: str, as_object: bool) -> bool:
    """Whether a piece begins another call than the one whose index it has: servers give all the same, or none."""
    if ident and entry[0] and ident != entry[0]:
        return True
    if not entry[2]:
        return False
    if as_object:
        return True  # the arguments before were whole
    if not name:
        return False
    return name != entry[1] or _is_whole(entry[2])


def _is_whole(arguments: str) -> bool:
    try:
        return isinstance(json.loads(arguments), dict)
    except (ValueError, RecursionError):
        return False


def _text_of(part: Any) -> str:
    """Of one part of a content. Errors: PLANNER_UNAVAILABLE."""
    text = part.get("text", "") if isinstance(part, dict) else part
    if isinstance(text, str):
        return text
    raise _unreadable()


def _unreadable() -> VlaError:
    return VlaError(
        Code.PLANNER_UNAVAILABLE, "The language model's server sent something that can't be read."
    )
