# SPDX-License-Identifier: Apache-2.0
"""Which sentence is said next, and what silences: the queue alone, then with the talker and a fake voice."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from vla_common.contracts.outcomes import Code, Result, VlaError
from vla_speech.voice.speaking import Kind, QueueRules, Sentence, SentenceQueue
from vla_speech.voice.talker import Talker
from vla_speech.voice.voice import FakeVoice

LONG_S = 30.0
INFO, SUCCESS, PROBLEM, QUESTION = Kind.INFO, Kind.SUCCESS, Kind.PROBLEM, Kind.QUESTION


def said(queue: SentenceQueue, now_s: float = 0.0) -> list[str]:
    out = []
    while (sentence := queue.take(now_s)) is not None:
        out.append(sentence.text)
        queue.done()
    return out


@pytest.mark.parametrize(
    ("added", "now_s", "wanted"),
    [
        ([(INFO, "a"), (SUCCESS, "b"), (INFO, "c")], 1.0, ["a", "b", "c"]),
        ([(INFO, "a"), (PROBLEM, "b")], 1.0, ["b", "a"]),
        ([(SUCCESS, "a"), (QUESTION, "b"), (PROBLEM, "c")], 1.0, ["b", "c", "a"]),
        ([(INFO, "old"), (INFO, "new")], 9.0, ["new"]),
        ([(INFO, "old"), (SUCCESS, "new")], 9.0, ["new"]),
        ([(INFO, "old, but nothing is newer")], 99.0, ["old, but nothing is newer"]),
        ([(SUCCESS, "old"), (INFO, "new")], 99.0, ["old", "new"]),
        ([(INFO, "twice"), (INFO, "twice")], 1.0, ["twice"]),
        ([(INFO, "a"), (INFO, "b"), (INFO, "a")], 1.0, ["a", "b", "a"]),
        ([(INFO, ""), (INFO, "  ... "), (INFO, "  much \n space ")], 1.0, ["much space"]),
    ],
)
def test_the_order_of_sentences(added, now_s, wanted):
    queue = SentenceQueue(QueueRules(size=6, stale_s=8.0))
    for kind, text in added:
        queue.add(Sentence(text, kind))
    assert said(queue, now_s) == wanted


def test_a_full_queue_keeps_what_is_urgent():
    queue = SentenceQueue(QueueRules(size=3))
    for number, kind in enumerate((PROBLEM, INFO, QUESTION, INFO, SUCCESS, PROBLEM)):
        queue.add(Sentence(f"{number}", kind, float(number)))
        assert len(queue) <= 3
    assert said(queue) == ["0", "2", "5"]
    assert queue.left_out == 3


def test_a_long_text_is_cut_between_words():
    queue = SentenceQueue(QueueRules(longest_text=20))
    queue.add(Sentence("word " * 100))
    (text,) = said(queue)
    assert text == "word word word word ..."


@pytest.mark.parametrize(
    ("current", "new", "cut"),
    [
        (INFO, PROBLEM, True),
        (SUCCESS, PROBLEM, True),
        (PROBLEM, PROBLEM, False),
        (QUESTION, PROBLEM, False),
        (INFO, QUESTION, False),
        (INFO, INFO, False),
    ],
)
def test_a_problem_cuts_off_what_is_not_urgent(current, new, cut):
    queue = SentenceQueue()
    queue.add(Sentence("current", current))
    queue.take(0.0)
    assert queue.add(Sentence("new", new)) is cut


@pytest.mark.parametrize(
    ("current", "at_s", "cut"),
    [(INFO, 9.0, True), (QUESTION, 9.0, True), (PROBLEM, 4.9, True), (PROBLEM, 5.0, False)],
)
def test_silence_leaves_only_problems_that_came_since(current, at_s, cut):
    queue = SentenceQueue()
    queue.add(Sentence("current", current, at_s))
    queue.take(at_s)
    for kind in Kind:
        queue.add(Sentence(f"early {kind}", kind, 4.0))
        queue.add(Sentence(f"late {kind}", kind, 6.0))
    assert queue.silence(5.0) is cut
    queue.done()
    assert said(queue) == [f"late {PROBLEM}"]


class Rig:
    """A talker with a voice that holds each sentence until it is released."""

    def __init__(self, held: bool = True) -> None:
        self.voice = FakeVoice(held=held)
        self.speaking: list[bool] = []
        self.results: list[tuple[str, Result, bool]] = []
        self.changed = threading.Condition()
        self.talker = Talker(
            self.voice, SentenceQueue(), lambda: 0.0, self._on_speaking, self._on_result
        )
        self.talker.start()

    def _on_speaking(self, on: bool) -> None:
        with self.changed:
            self.speaking.append(on)
            self.changed.notify_all()

    def _on_result(self, sentence: Sentence, result: Result, whole: bool) -> None:
        with self.changed:
            self.results.append((sentence.text, result, whole))
            self.changed.notify_all()

    def until_speaking(self, wanted: list[bool]) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: self.speaking == wanted, LONG_S), self.speaking

    def until_results(self, count: int) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.results) >= count, LONG_S), self.results


@pytest.fixture
def rig() -> Iterator[Rig]:
    one = Rig()
    yield one
    assert one.talker.close()


def test_speaking_is_told_before_the_sound_and_after_the_last_sentence(rig):
    rig.talker.add(Sentence("one"))
    rig.until_speaking([True])
    assert rig.voice.said == []
    rig.talker.add(Sentence("two"))
    for count in (1, 2):
        rig.voice.release()
        rig.until_results(count)
    rig.until_speaking([True, False])  # one stretch of sound
    assert rig.voice.said == ["one", "two"]


def test_silence_ends_the_sound_at_once(rig):
    rig.talker.add(Sentence("a long story"))
    rig.until_speaking([True])
    rig.talker.add(Sentence("another one"))
    rig.talker.silence(0.0)
    rig.until_speaking([True, False])
    assert (rig.voice.cut, rig.voice.said) == (["a long story"], [])
    rig.talker.add(Sentence("afterwards"))
    rig.until_speaking([True, False, True])
    rig.voice.release()
    rig.until_results(2)
    assert rig.results[-1] == ("afterwards", Result(), True)


def test_a_problem_is_said_in_place_of_what_it_cuts_off(rig):
    rig.talker.add(Sentence("I will go to the table."))
    rig.until_speaking([True])
    rig.talker.add(Sentence("I can't.", PROBLEM))
    rig.until_results(1)
    rig.voice.release()
    rig.until_results(2)
    assert (rig.voice.cut, rig.voice.said) == (["I will go to the table."], ["I can't."])


@pytest.mark.parametrize("error", [VlaError(Code.SPEECH_NO_DEVICE, "Gone."), OSError("broken")])
def test_a_voice_that_fails_is_told_of_and_tried_again(rig, error):
    rig.voice.error = error
    rig.talker.add(Sentence("not heard"))
    rig.until_results(1)
    rig.until_speaking([True, False])
    _, result, whole = rig.results[0]
    assert not result.ok and result.message and not whole
    rig.voice.error, rig.voice.held = None, False
    rig.talker.add(Sentence("heard"))
    rig.until_results(2)
    assert rig.voice.said == ["heard"]


def test_closing_cuts_off_and_says_that_nothing_sounds():
    one = Rig()
    one.talker.add(Sentence("a long story"))
    one.until_speaking([True])
    assert one.talker.close()
    assert one.speaking == [True, False]
    one.talker.add(Sentence("too late"))
    assert one.voice.said == []
