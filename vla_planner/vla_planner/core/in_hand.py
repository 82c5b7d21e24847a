# SPDX-License-Identifier: Apache-2.0
"""What is in the gripper: the question, its answer, and the words for it in refusals."""

from __future__ import annotations

import re

from vla_common.contracts.scene import Scene

_HAND = r"(?:in|inside|between) (?:your|the) (?:hand|hands|gripper|claw|fingers|grip)"
_NOW = r"(?: (?:right now|now|at the moment|currently|there))?"
_POLITE = r"(?:(?:please|hey|ok|okay|robot|so|and|tell me|can you tell me|could you tell me) )*"
_QUESTION = re.compile(
    rf"{_POLITE}(?:"
    rf"what(?:'s| is| are) you(?: currently| now)? (?:holding|carrying)(?: {_HAND})?"
    rf"|what you(?:'re| are)(?: currently| now)? (?:holding|carrying)(?: {_HAND})?"
    rf"|what (?:do|did) you (?:hold|carry|have {_HAND})"
    rf"|what have you got(?: {_HAND})"
    rf"|what(?:'s| is)(?: there)? {_HAND}"
    rf"|are you(?: currently| now)? (?:holding|carrying) (?:something|anything)(?: {_HAND})?"
    rf"|do you (?:hold|carry|have) (?:something|anything)(?: {_HAND})?"
    rf"|is (?:there )?(?:something|anything) {_HAND}"
    rf"|is (?:your|the) (?:hand|gripper) (?:empty|free)"
    rf"){_NOW}(?: please)?"
)


def is_question(command: str) -> bool:
    """Whether the whole command asks what the gripper holds, and nothing else."""
    words = re.sub(
        r"[^\w' ]+", " ", command.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").lower()
    )
    return _QUESTION.fullmatch(" ".join(words.split())) is not None


def name(scene: Scene) -> str:
    """What it was seen to close on, such as "the red cup"; empty when that is not known."""
    item = next((item for item in scene.objects if item.held), None)
    return f"the {item.describe()}" if item is not None else ""


def answer(scene: Scene, holding: bool) -> str:
    if not holding:
        return "My gripper is empty."
    return f"I am holding {name(scene) or 'something, but I do not know what it is'}."
