# SPDX-License-Identifier: Apache-2.0
"""What the rest of the package knows of a recogniser, and a fake one for tests.

A recogniser turns the sound of one utterance into words and says how sure it is. Whether the words are carried out is
decided in `judging`; where an utterance begins and ends, in `segmenter`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from vla_common.contracts.outcomes import OK, Result

F32 = NDArray[np.float32]
SAMPLE_RATE_HZ = 16000
"""All recognisers and the voice activity model take this rate."""


@dataclass(frozen=True)
class Vocabulary:
    """The words of this world, beside those that every command may have.

    places, objects: names as people say them ("side table", "red cup"); skills: phrases that begin a command.
    """

    places: tuple[str, ...] = ()
    objects: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()

    def words(self) -> tuple[str, ...]:
        """All of them, each once, in order."""
        return tuple(dict.fromkeys((*self.places, *self.objects, *self.skills)))


@dataclass(frozen=True)
class Recognition:
    """What one utterance was taken for.

    confidence: 0..1; language: ISO 639-1, empty when not known. result: OK, or why the recogniser itself does not
    believe in the text (SPEECH_NOTHING_HEARD, SPEECH_NOT_FOR_ROBOT).
    """

    text: str
    confidence: float = 1.0
    language: str = ""
    result: Result = OK


class Recognizer(Protocol):
    """One utterance at a time, from one thread; only `cancel` may come from another."""

    name: str
    """Backend and model, for status and diagnostics: "pocketsphinx (command grammar)"."""
    languages: tuple[str, ...]
    """ISO 639-1; empty: many."""
    offers_partials: bool
    """Whether it is fast enough to be asked again and again while somebody speaks."""

    def transcribe(self, samples: F32, partial: bool = False) -> Recognition:
        """samples: (n,) float32 in -1..1 at SAMPLE_RATE_HZ. partial: the utterance goes on.

        Bounded in time by the length of what it is given. Errors: VlaError.
        """
        ...

    def set_vocabulary(self, vocabulary: Vocabulary) -> None:
        """From the next utterance on."""
        ...

    def cancel(self) -> None:
        """End what `transcribe` does as soon as possible; its answer is not needed any more."""
        ...


@dataclass
class FakeRecognizer:
    """Says what it is told to; for tests of everything around a recogniser.

    answers: one for each call that is not partial, the last one again and again.
    """

    answers: Sequence[Recognition] = (Recognition("move forward"),)
    partials: Sequence[str] = ()
    name: str = "fake"
    languages: tuple[str, ...] = ("en",)
    offers_partials: bool = True
    heard: list[F32] = field(default_factory=list)
    vocabularies: list[Vocabulary] = field(default_factory=list)
    on_call: Callable[[F32, bool], None] = lambda samples, partial: None
    canceled: int = 0

    def transcribe(self, samples: F32, partial: bool = False) -> Recognition:
        self.on_call(samples, partial)
        if partial:
            text = self.partials[-1] if self.partials else ""
            return Recognition(text, 0.0, self.languages[0])
        self.heard.append(samples)
        return self.answers[min(len(self.heard), len(self.answers)) - 1]

    def set_vocabulary(self, vocabulary: Vocabulary) -> None:
        self.vocabularies.append(vocabulary)

    def cancel(self) -> None:
        self.canceled += 1
