# SPDX-License-Identifier: Apache-2.0
"""Whether words are meant for the robot: after its wake word, or while somebody holds push to talk."""

from __future__ import annotations

import re

from vla_common.contracts.outcomes import OK, Code, Result


class Addressing:
    """wake_word: empty for none. Times are seconds of a steady clock."""

    def __init__(self, wake_word: str, timeout_s: float, push_to_talk: bool) -> None:
        self._wake = tuple(_words(wake_word))
        self._timeout_s = timeout_s
        self._needs_push = push_to_talk
        self._down_s, self._up_s = float("inf"), float("inf")
        self._awake_until_s = float("-inf")

    @property
    def wake_word(self) -> str:
        return " ".join(self._wake)

    def push(self, down: bool, now_s: float) -> None:
        """Push to talk; what is said meanwhile needs no wake word."""
        if down:
            self._down_s, self._up_s = now_s, float("inf")
        else:
            self._up_s = now_s

    def address(self, text: str, start_s: float, end_s: float) -> tuple[str, Result]:
        """The words without the wake word, and OK when they are for the robot. start_s, end_s: when they were said."""
        if start_s <= self._up_s and end_s >= self._down_s:
            return self._without_wake_word(text) or text, OK
        if self._needs_push:
            return text, Result(
                Code.SPEECH_NOT_FOR_ROBOT, "Nobody holds push to talk, so that was not for me."
            )
        if not self._wake:
            return text, OK
        rest = self._without_wake_word(text)
        if rest is None:
            if start_s <= self._awake_until_s:
                self._awake_until_s = end_s + self._timeout_s  # the talk goes on
                return text, OK
            return text, Result(
                Code.SPEECH_NOT_FOR_ROBOT, f"That was not for me: nobody said '{self.wake_word}'."
            )
        self._awake_until_s = end_s + self._timeout_s
        if not rest:
            return text, Result(Code.SPEECH_NOTHING_HEARD, "Yes? I am listening.")
        return rest, OK

    def _without_wake_word(self, text: str) -> str | None:
        """What follows the wake word; None when the text does not begin with it."""
        words = _words(text)
        size = len(self._wake)
        if not size or tuple(words[:size]) != self._wake:
            return None
        # The text itself, not the folded words: a recogniser may write numbers and names with care.
        pieces = re.split(r"\s+", text.strip())
        return " ".join(pieces[size:]) if len(pieces) == len(words) else " ".join(words[size:])


def _words(text: str) -> list[str]:
    return re.findall(r"[\w']+", text.lower().replace("’", "'"))
