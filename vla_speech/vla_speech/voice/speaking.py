# SPDX-License-Identifier: Apache-2.0
"""Which sentence is said next, which are not said any more, and which is cut off.

Problems and questions go first; a problem cuts off what is neither. What has waited too long behind newer sentences is
left out, and nothing is said twice in a row. How a sentence becomes sound is left to `voice`, when to `talker`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from vla_common.language.foreign_text import line


class Kind(IntEnum):
    """As in vla_interfaces/Feedback."""

    INFO = 0
    SUCCESS = 1
    PROBLEM = 2
    QUESTION = 3


_URGENT = (Kind.PROBLEM, Kind.QUESTION)


@dataclass(frozen=True)
class Sentence:
    """at_s: when it came; never when it is said."""

    text: str
    kind: Kind = Kind.INFO
    at_s: float = 0.0
    trace_id: str = ""


@dataclass(frozen=True)
class QueueRules:
    """size: sentences that wait at most; stale_s: an INFO that has waited for longer gives way to anything newer."""

    size: int = 6
    stale_s: float = 8.0
    longest_text: int = 400


class SentenceQueue:
    """Not thread-safe. `current` is what is being said; who says it calls `done`."""

    def __init__(self, rules: QueueRules = QueueRules()) -> None:
        self._rules = rules
        self._waiting: list[Sentence] = []
        self.current: Sentence | None = None
        self.left_out = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, sentence: Sentence) -> bool:
        """Whether the current sentence is to be cut off for it."""
        text = line(sentence.text, 4 * self._rules.longest_text)
        if len(text) > self._rules.longest_text:
            text = text[: self._rules.longest_text].rsplit(" ", 1)[0] + " ..."
        if not any(character.isalnum() for character in text):
            return False
        newest = self._waiting[-1] if self._waiting else self.current
        if newest is not None and (newest.text, newest.kind) == (text, sentence.kind):
            return False
        self._waiting.append(Sentence(text, sentence.kind, sentence.at_s, sentence.trace_id))
        if len(self._waiting) > self._rules.size:
            self._waiting.remove(min(self._waiting, key=_worth))
            self.left_out += 1
        current = self.current
        return sentence.kind is Kind.PROBLEM and current is not None and current.kind not in _URGENT

    def take(self, now_s: float) -> Sentence | None:
        """The next one, which is the current one from now on; None: nothing to say."""
        waiting = self._waiting
        for sentence in [s for s in waiting[:-1] if s.kind is Kind.INFO]:
            if now_s - sentence.at_s > self._rules.stale_s:
                waiting.remove(sentence)
                self.left_out += 1
        self.current = next(
            (s for s in waiting if s.kind in _URGENT), waiting[0] if waiting else None
        )
        if self.current is not None:
            waiting.remove(self.current)
        return self.current

    def done(self) -> None:
        """The current sentence was said, or cut off."""
        self.current = None

    def silence(self, since_s: float) -> bool:
        """Leaves out all but problems that came at `since_s` or later; whether to cut off the current sentence."""
        kept = [s for s in self._waiting if _stays(s, since_s)]
        self.left_out += len(self._waiting) - len(kept)
        self._waiting = kept
        return self.current is not None and not _stays(self.current, since_s)


def _stays(sentence: Sentence, since_s: float) -> bool:
    return sentence.kind is Kind.PROBLEM and sentence.at_s >= since_s


def _worth(sentence: Sentence) -> tuple[int, float]:
    """Of a queue that is full, the least goes: what is not urgent, and of that the oldest."""
    rank = {Kind.INFO: 0, Kind.SUCCESS: 1, Kind.QUESTION: 2, Kind.PROBLEM: 3}
    return rank[sentence.kind], sentence.at_s
