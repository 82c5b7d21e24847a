# SPDX-License-Identifier: Apache-2.0
"""Holds Whisper to the words of this world: which tokens it may use, what it is shown first, how usual a wording is.

Made anew when the vocabulary changes, in about half a second.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from vla_speech.recognition.command_grammar import load_lexicon, make_grammar
from vla_speech.recognition.command_model import SENTENCES, WordModel, sample_grammar
from vla_speech.recognition.command_shape import CommandShape
from vla_speech.recognition.guided_decoding import plain_words
from vla_speech.recognition.recognizer import Vocabulary

PROMPT = "drive to the door. how many boxes are on the floor? take a yellow box and put it next to the bowl."
"""What Whisper takes for the sentences before: lower case, numbers as words, commands. It must not be near to what is
often said, or that is heard in its place."""
TALK = ("don't", "not", "do", "never", "can't", "will", "should", "could", "bus")
"""Words without which "don't stop" could only be heard as "stop"."""
NUMBERS = range(121)
"""Whisper writes them as figures as soon as it can."""
STOP_SHARE = 0.05
"""Of the sentences that the model is made of, those that are stop words."""


@dataclass(frozen=True)
class Guide:
    """suppressed: tokens that are not used; no_stop: those that are not used where only stop words are looked for.

    model: how usual a wording is; shape: whether it is worded as a command.
    """

    suppressed: tuple[int, ...]
    no_stop: tuple[int, ...]
    model: WordModel
    shape: CommandShape


def make_guide(
    vocabulary: Vocabulary,
    wake_word: str,
    stop_phrases: Collection[str],
    encode: Callable[[str], list[int]],
    tokens: Iterable[int],
    end: int,
) -> Guide:
    """encode: text to tokens; tokens: all that there are; end: that of the end. Errors: SPEECH_NO_MODEL."""
    grammar = make_grammar(vocabulary, wake_word, pronounced=False)
    sentences = [
        words for words in sample_grammar(grammar.jsgf) if not grammar.others.intersection(words)
    ]
    stops = [list(plain_words(phrase)) for phrase in sorted(stop_phrases)]
    if stops:
        sentences += stops * max(1, round(STOP_SHARE * SENTENCES / len(stops)))
    words = {word for sentence in sentences for word in sentence}
    words |= set(grammar.words) - grammar.others | set(TALK) | set(map(str, NUMBERS))
    allowed = {end, *encode(",")}
    for word in words:
        allowed.update(encode(" " + word))
    stopping = {end}
    for sign in ".!,":
        stopping.update(encode(sign))
    for word in {word for phrase in stop_phrases for word in plain_words(phrase)}:
        stopping.update((*encode(" " + word), *encode(" " + word.capitalize())))
    tokens = list(tokens)
    return Guide(
        tuple(t for t in tokens if t not in allowed),
        tuple(t for t in tokens if t not in stopping),
        WordModel(sentences),
        CommandShape(load_lexicon(), vocabulary, wake_word),
    )
