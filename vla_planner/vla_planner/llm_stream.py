"""The server's answer as it arrives: server-sent events, put together to one reply, with bounds on everything.

Decides when an answer is complete, when it is too much and when it was cut. Pure: bytes in, a `Reply` out.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from vla_common.outcomes import Code, VlaError
from vla_planner.llm_json import shown
from vla_planner.llm_reply import MAX_ANSWER, MAX_ARGUMENTS, Call

MAX_LINE = 400_000
MAX_NAME = 128
MAX_TOKEN_COUNT = 10**9


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

    @property
    def characters(self) -> int:
        """Of everything that the model wrote."""
        parts = [self.text, self.refusal]
        parts += [call.name + call.arguments for call in self.calls]
        return sum(map(len, parts))


class Assembler:
    """Takes the bytes of one answer. max_calls, max_events: more than that are too many."""

    def __init__(self, max_calls: int, max_events: int = 10_000) -> None:
        self._max_calls = max_calls
        self._events_left = max_events
        self._buffer = bytearray()
        self._data: list[bytes] = []
        self._text: list[str] = []
        self._refusal: list[str] = []
        self._calls: dict[int, list[str]] = {}
        """By index: id, name, arguments."""
        self._finish = ""
        self._usage: Usage | None = None
        self.characters = 0
        """Of text, refusal, names and arguments until now."""
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
            if not isinstance(delta, dict):
                raise _unreadable()
            self._delta(delta)
            finish = choice.get("finish_reason")
            if isinstance(finish, str) and finish:
                self._finish = finish[:40]

    def _delta(self, delta: dict[str, Any]) -> None:
        for key, kept in (("content", self._text), ("refusal", self._refusal)):
            part = delta.get(key)
            if part is None:
                continue
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
        for position, call in enumerate(calls):
            self._call(call, position)

    def _call(self, call: Any, position: int) -> None:
        if not isinstance(call, dict):
            raise _unreadable()
        function = call.get("function") or {}
        index = call.get("index", position)
        if not isinstance(function, dict) or isinstance(index, bool) or not isinstance(index, int):
            raise _unreadable()
        ident, name, arguments = call.get("id"), function.get("name"), function.get("arguments")
        if isinstance(arguments, dict):
            arguments = json.dumps(arguments)  # some servers send the object itself
        if not all(part is None or isinstance(part, str) for part in (ident, name, arguments)):
            raise _unreadable()
        known = self._calls.get(index)
        if known is not None and ident and known[0] and ident != known[0]:
            # Some servers give every call the same index; a new id is a new call.
            index = next((i for i, c in self._calls.items() if c[0] == ident), len(self._calls))
        if index not in self._calls and len(self._calls) >= self._max_calls:
            raise VlaError(
                Code.TOO_MANY_STEPS,
                f"The language model's answer has more than {self._max_calls} function calls.",
            )
        entry = self._calls.setdefault(index, ["", "", ""])
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
        calls = tuple(Call(*self._calls[index]) for index in sorted(self._calls))
        return Reply("".join(self._text), calls, self._finish, "".join(self._refusal), self._usage)


def _unreadable() -> VlaError:
    return VlaError(
        Code.PLANNER_UNAVAILABLE, "The language model's server sent something that can't be read."
    )
