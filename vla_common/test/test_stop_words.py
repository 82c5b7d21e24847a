# SPDX-License-Identifier: Apache-2.0
"""Who plainly wants the robot to stop gets a stop, and what only mentions stopping does not; see stop_phrases.yaml."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from vla_common.language import halt_phrases as stop_words
from vla_common.language.halt_phrases import Wanted, Wish, interrupts, is_halt_command, wanted

CORPUS = yaml.safe_load((Path(__file__).parent / "stop_phrases.yaml").read_text("utf-8"))
HALVES = tuple(CORPUS)


def phrases(kind: str) -> list[str]:
    return [phrase for half in HALVES for phrase in CORPUS[half].get(kind, [])]


@pytest.mark.parametrize("phrase", phrases("rest"))
def test_who_wants_it_to_stop_gets_a_stop(phrase):
    assert wanted(phrase) == Wanted(Wish.REST)


@pytest.mark.parametrize("phrase", phrases("end"))
def test_what_takes_a_command_back_ends_it_and_latches_nothing(phrase):
    assert wanted(phrase) == Wanted(Wish.END)


@pytest.mark.parametrize("phrase", phrases("neither"))
def test_what_only_mentions_stopping_is_none(phrase):
    assert not is_halt_command(phrase)


@pytest.mark.parametrize(("phrase", "left_out"), [tuple(row) for row in phrases("mixed")])
def test_a_stop_beside_something_else_comes_at_once_and_names_the_rest(phrase, left_out):
    found = wanted(phrase)
    assert found.wish is not Wish.NONE and found.left_out == left_out


@pytest.mark.parametrize("phrase", phrases("rest") + phrases("end"))
@pytest.mark.parametrize(
    "around",
    ["please {}", "{} please", "Robot, {}!", "hey {} now", "{} {}", "{}, {}, {}!", "OK robot {} right now please"],
)  # fmt: skip
def test_politeness_and_repetition_change_nothing(phrase, around):
    bare = phrase.strip()
    assert is_halt_command(around.format(bare, bare, bare))


@pytest.mark.parametrize("phrase", phrases("rest"))
def test_capitals_and_marks_change_nothing(phrase):
    assert all(
        is_halt_command(said)
        for said in (phrase.upper(), f"{phrase}!!!", f"  {phrase}  ...", phrase.title())
    )


@pytest.mark.parametrize(
    "text",
    [
        "stop " * 200_000,
        "please " * 200_000 + "stop",
        "stop. " * 200_000,
        "stop and " * 200_000 + "stop",
        "cancel and stop " * 200_000,
        "could you stop " * 100_000,
        "s t o p " * 100_000,
        "stop" * 300_000,
        "so" + "o" * 1_000_000 + " stop",
        "st" + "o" * 1_000_000 + "p",
    ],
    ids=lambda text: text[:20],
)
def test_no_length_loses_a_stop(text):
    assert is_halt_command(text)


@pytest.mark.parametrize(
    "text",
    [
        "go to the table " * 100_000,
        "don't " * 300_000 + "stop",
        "a" * 2_000_000,
        "'" * 1_000_000,
        "stop sign " * 9000,
        "!" * 10**6,
    ],
    ids=lambda text: text[:20],
)
def test_long_texts_that_want_nothing(text):
    assert not is_halt_command(text)


def test_the_work_does_not_grow_with_the_text(monkeypatch):
    seen = []
    monkeypatch.setattr(stop_words, "_clauses", lambda text: seen.append(len(text)) or [])
    for size in (10**4, 10**6):
        wanted("a " * size)
    assert max(seen) < 2 * stop_words.LONGEST


@pytest.mark.parametrize(
    "phrase",
    ["no", "No, no, no!", "wait!", "wait please", "pause", "hold!", "don't!", "no robot wait"],
)
def test_what_can_only_mean_a_stop_while_it_moves(phrase):
    assert interrupts(phrase) and not is_halt_command(phrase)


@pytest.mark.parametrize(
    "phrase",
    [
        "",
        "yes",
        "please",
        "wait 5 seconds",
        "hold the cup",
        "no, the blue one",
        "don't pick it up",
        "'wait'",
    ],
)
def test_what_means_something_else_interrupts_nothing(phrase):
    assert not interrupts(phrase)
